//! Rows of `events` and `counters`.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::columns::stored;
use super::schema::{counters, events};
use super::{AnyConnection, StoreError};

/// A fact, written in the turn that made it so. It names answers and messages; what people wrote and answered stands
/// in their own rows alone, where it is corrected and erased.
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 11")]
pub struct EventRow {
    pub id: String,
    pub kind: String,
    pub session_id: Option<String>,
    pub sequence: i32,
    pub data: String,
    pub created_at: NaiveDateTime,
}

stored!(
    EventRow,
    events,
    key [id],
    fixed [kind, session_id, sequence, data, created_at],
    changing [],
);

/// A durable counter of one window (GW80).
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations and in gateways.md 4.3")]
pub struct CounterRow {
    pub name: String,
    pub window_at: NaiveDateTime,
    pub count: i32,
}

stored!(
    CounterRow,
    counters,
    key [name],
    fixed [],
    changing [window_at, count],
);

/// Counters of one window whose names begin with this.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn counters_like(
    connection: &mut AnyConnection,
    prefix: &str,
    window_at: NaiveDateTime,
) -> Result<Vec<CounterRow>, StoreError> {
    Ok(counters::table
        .filter(counters::name.like(format!("{prefix}%")))
        .filter(counters::window_at.eq(window_at))
        .load(connection)?)
}
