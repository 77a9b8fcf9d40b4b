//! Rows of `inbound`: every SMS received, with its outcome (RE1).

use chrono::NaiveDateTime;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::columns::stored;
use super::schema::{inbound, sessions};
use super::{AnyConnection, StoreError};
use crate::session::Outcome;

/// One inbound SMS.
#[derive(Clone, Debug, Queryable)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RE1"
)]
pub struct InboundRow {
    pub id: String,
    pub gateway: String,
    pub channel_id: Option<String>,
    pub provider_id: Option<String>,
    pub weak_key: Option<String>,
    pub recv_seq: i64,
    pub received_at: NaiveDateTime,
    pub provider_at: Option<NaiveDateTime>,
    pub sender: String,
    pub destination: String,
    pub handle: Option<String>,
    pub body: String,
    pub raw: Option<String>,
    pub flags: String,
    pub outcome: Outcome,
    pub outcome_reason: Option<String>,
    pub session_id: Option<String>,
    pub session_version: Option<i32>,
    pub error: Option<String>,
    pub resolved_at: Option<NaiveDateTime>,
    pub resolution: Option<String>,
}

stored!(
    InboundRow,
    inbound,
    key [id],
    fixed [],
    changing [
        gateway, channel_id, provider_id, weak_key, recv_seq, received_at, provider_at, sender, destination,
        handle, body, raw, flags, outcome, outcome_reason, session_id, session_version, error, resolved_at,
        resolution,
    ],
);

impl InboundRow {
    /// The words of `flags`; none when they cannot be read.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        serde_json::from_str(&self.flags).unwrap_or_default()
    }
}

/// One inbound.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn find(connection: &mut AnyConnection, id: &str) -> Result<Option<InboundRow>, StoreError> {
    Ok(inbound::table.find(id).first(connection).optional()?)
}

/// One inbound that will be changed: on PostgreSQL nobody else changes it until the commit.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn find_to_change(connection: &mut AnyConnection, id: &str) -> Result<Option<InboundRow>, StoreError> {
    Ok(match connection {
        AnyConnection::Postgres(postgres) => {
            inbound::table.find(id).for_update().first(postgres).optional()?
        }
        connection @ AnyConnection::Sqlite(_) => inbound::table.find(id).first(connection).optional()?,
    })
}

/// Everything a session received, in the order of the one sequence; it stands among what its phone sent.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn of_session(connection: &mut AnyConnection, session_id: &str) -> Result<Vec<InboundRow>, StoreError> {
    let phone = sessions::table.filter(sessions::id.eq(session_id)).select(sessions::phone);
    Ok(inbound::table
        .filter(inbound::sender.eq_any(phone))
        .filter(inbound::session_id.eq(session_id))
        .order(inbound::recv_seq)
        .load(connection)?)
}

/// How many dead letters wait for somebody, and since when the oldest does.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn dead_load(connection: &mut AnyConnection) -> Result<(i64, Option<NaiveDateTime>), StoreError> {
    Ok(inbound::table
        .filter(sql::<Bool>("inbound.outcome = 'dead' AND inbound.resolved_at IS NULL"))
        .select((diesel::dsl::count_star(), diesel::dsl::min(inbound::received_at)))
        .first(connection)?)
}
