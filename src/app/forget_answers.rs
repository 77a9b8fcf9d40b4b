//! Forgets answers to `Idempotency-Key`s (RE25) and what webhooks were told (V7) when they were kept long enough. The natural keys of SendSurvey and of
//! inbound texts are never forgotten here.

use super::engine::Engine;
use crate::ids::first_id_of;
use crate::store::{StoreError, deliveries, requests};

/// Deletes what is older than the setting says; gives how many answers went.
///
/// # Errors
/// [`StoreError`] of the statement.
pub async fn forget_answers(engine: &Engine) -> Result<usize, StoreError> {
    let before = (engine.clock.now() - engine.settings.idempotency_window).naive_utc();
    let store = engine.store.clone();
    let forgotten = tokio::task::spawn_blocking(move || {
        let mut connection = store.command_connection()?;
        connection.write(|connection| requests::delete_answers_before(connection, before))
    });
    forgotten.await.map_err(|error| StoreError::Corrupt(format!("forgetting answers panicked: {error}")))?
}

/// Deletes what webhooks were told, and the calls made, when it was kept long enough (V7).
///
/// # Errors
/// [`StoreError`] of a statement.
pub async fn forget_deliveries(engine: &Engine) -> Result<(), StoreError> {
    let before = engine.clock.now() - engine.settings.webhook_memory;
    let store = engine.store.clone();
    let forgotten = tokio::task::spawn_blocking(move || {
        let mut connection = store.command_connection()?;
        let (instant, first_id) = (before.naive_utc(), first_id_of(before));
        connection.write(|connection| deliveries::delete_before(connection, instant, &first_id))
    });
    forgotten
        .await
        .map_err(|error| StoreError::Corrupt(format!("forgetting deliveries panicked: {error}")))?
}
