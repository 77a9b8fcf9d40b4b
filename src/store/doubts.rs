//! Messages whose send nobody knows of: the part of the outbox that a gateway is asked about (RE19 b).

use chrono::NaiveDateTime;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::among::among;
use super::schema::messages;
use super::{AnyConnection, StoreError};

/// A message in state `unknown` that still waits for proof.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Doubt {
    /// Its id.
    pub message_id: String,
    /// Our reference.
    pub client_ref: String,
    /// How many times it was handed over so far; a repeat is another doubt.
    pub attempts: i32,
    /// Since when nobody knows.
    pub since: NaiveDateTime,
}

/// Messages of these channels that are `unknown` since later than `after`, the longest first, at most `limit`.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn of_channels(
    connection: &mut AnyConnection,
    channels: &[String],
    after: NaiveDateTime,
    limit: i64,
) -> Result<Vec<Doubt>, StoreError> {
    Ok(messages::table
        .filter(sql::<Bool>("messages.state = 'unknown'"))
        .filter(messages::is_open)
        .filter(messages::updated_at.gt(after))
        .filter(among(messages::channel_id, channels))
        .order(messages::updated_at)
        .select((messages::id, messages::client_ref, messages::attempts, messages::updated_at))
        .limit(limit)
        .load(connection)?)
}
