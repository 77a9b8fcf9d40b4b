//! Rows of `webhooks`: who is told which events. They are set-up, kept in memory by every node; `failing_since` alone
//! is written by turns.

use std::fmt;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::columns::stored;
use super::schema::webhooks;
use super::{AnyConnection, StoreError, meta};

/// A receiver of events. Lists are JSON.
#[derive(Clone, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = webhooks, treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 11")]
pub struct WebhookRow {
    pub id: String,
    pub url: String,
    pub events: String,
    pub survey_ids: String,
    pub include_pii: bool,
    pub enabled: bool,
    pub disabled_reason: Option<String>,
    pub secret: String,
    pub previous_secret: Option<String>,
    pub previous_secret_until: Option<NaiveDateTime>,
    pub failing_since: Option<NaiveDateTime>,
    pub replay_after: Option<String>,
    pub replay_until: Option<String>,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

impl fmt::Debug for WebhookRow {
    /// Without its secrets, and without the address, which may hold one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookRow").field("id", &self.id).finish_non_exhaustive()
    }
}

stored!(
    WebhookRow,
    webhooks,
    key [id],
    fixed [
        url, events, survey_ids, include_pii, enabled, disabled_reason, secret, previous_secret,
        previous_secret_until, replay_after, replay_until, created_at, updated_at,
    ],
    changing [failing_since],
);

/// All webhooks, oldest first.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn all(connection: &mut AnyConnection) -> Result<Vec<WebhookRow>, StoreError> {
    Ok(webhooks::table.order(webhooks::id).load(connection)?)
}

/// One webhook.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn find(connection: &mut AnyConnection, id: &str) -> Result<Option<WebhookRow>, StoreError> {
    Ok(webhooks::table.find(id).first(connection).optional()?)
}

/// Stores a new webhook.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn insert(connection: &mut AnyConnection, row: &WebhookRow) -> Result<(), StoreError> {
    diesel::insert_into(webhooks::table).values(row).execute(connection)?;
    meta::note_setup_change(connection)
}

/// Writes a webhook back.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn update(connection: &mut AnyConnection, row: &WebhookRow) -> Result<(), StoreError> {
    diesel::update(webhooks::table.find(&row.id)).set(row).execute(connection)?;
    meta::note_setup_change(connection)
}

/// Deletes a webhook; what was to be told to it goes with [`super::deliveries::delete_of`].
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn delete(connection: &mut AnyConnection, id: &str) -> Result<(), StoreError> {
    diesel::delete(webhooks::table.find(id)).execute(connection)?;
    meta::note_setup_change(connection)
}

/// How far a replay has come; `None` when it is at its end.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn keep_replay(
    connection: &mut AnyConnection,
    id: &str,
    place: Option<(&str, &str)>,
) -> Result<(), StoreError> {
    let (after, until) = place.unzip();
    diesel::update(webhooks::table.find(id))
        .set((webhooks::replay_after.eq(after), webhooks::replay_until.eq(until)))
        .execute(connection)?;
    // In between the other nodes need not know: whoever goes on reads the place first.
    if place.is_none() { meta::note_setup_change(connection) } else { Ok(()) }
}
