//! Rows of `inbound_parts`: the parts of long SMS of gateways that do not join them (GW4, GW44). Each is stored under
//! its own key before its 200; the joined text stands in `inbound` alone.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::columns::stored;
use super::schema::inbound_parts;
use super::{AnyConnection, StoreError};

/// One part of a long SMS.
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations")]
pub struct PartRow {
    pub id: String,
    pub group_id: String,
    pub gateway: String,
    pub provider_id: Option<String>,
    pub sender: String,
    pub destination: String,
    pub reference: String,
    pub total: i32,
    pub part: i32,
    pub body: String,
    pub handle: Option<String>,
    pub provider_at: Option<NaiveDateTime>,
    pub flags: String,
    pub recv_seq: i64,
    pub received_at: NaiveDateTime,
    pub join_at: Option<NaiveDateTime>,
    pub session_id: Option<String>,
}

stored!(
    PartRow,
    inbound_parts,
    key [id],
    fixed [
        group_id, gateway, provider_id, sender, destination, reference, total, part, handle, provider_at, flags,
        recv_seq, received_at,
    ],
    changing [body, join_at, session_id],
);

/// First parts of the texts whose wait is over, those that wait longest first.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn due_groups(
    connection: &mut AnyConnection,
    now: NaiveDateTime,
    limit: i64,
) -> Result<Vec<PartRow>, StoreError> {
    Ok(inbound_parts::table
        .filter(inbound_parts::join_at.is_not_null())
        .filter(inbound_parts::join_at.le(now))
        .filter(inbound_parts::id.eq(inbound_parts::group_id))
        .order(inbound_parts::join_at)
        .limit(limit)
        .load(connection)?)
}

/// When the next wait is over.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn next_due(connection: &mut AnyConnection) -> Result<Option<NaiveDateTime>, StoreError> {
    Ok(inbound_parts::table
        .filter(inbound_parts::join_at.is_not_null())
        .order(inbound_parts::join_at)
        .select(inbound_parts::join_at)
        .first::<Option<NaiveDateTime>>(connection)
        .optional()?
        .flatten())
}

/// How many parts wait for others, and by when the oldest of them should have been joined.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn waiting_load(connection: &mut AnyConnection) -> Result<(i64, Option<NaiveDateTime>), StoreError> {
    Ok(inbound_parts::table
        .filter(inbound_parts::join_at.is_not_null())
        .select((diesel::dsl::count_star(), diesel::dsl::min(inbound_parts::join_at)))
        .first(connection)?)
}

impl PartRow {
    /// Under which a [`Space`](super::Space) holds it.
    pub(super) fn key(&self) -> (String, String, String) {
        (self.sender.clone(), self.reference.clone(), self.id.clone())
    }

    /// The words of `flags`; none when they cannot be read.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        serde_json::from_str(&self.flags).unwrap_or_default()
    }
}
