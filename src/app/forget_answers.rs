//! Forgets answers to `Idempotency-Key`s that were kept long enough (RE25). The natural keys of SendSurvey and of
//! inbound texts are never forgotten here.

use super::engine::Engine;
use crate::store::{StoreError, requests};

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
