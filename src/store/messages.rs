//! Rows of `messages`, `send_attempts` and `delivery_reports`: the outbox (RE6).

use chrono::{Duration, NaiveDateTime};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::among::among;
use super::columns::stored;
use super::moment::{At, AtOrNull};
use super::schema::{delivery_reports, messages, send_attempts};
use super::{AnyConnection, StoreError};
use crate::session::{MessageClass, MessageState, Receipt};

/// Priorities in the order they leave: replies, starts, campaigns (RE16). One indexed range each.
pub(super) const PRIORITIES: [i32; 3] = [0, 1, PROACTIVE];
/// The priority of what we send of our own accord.
pub(super) const PROACTIVE: i32 = 2;

/// One outbound SMS.
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 4.2")]
pub struct MessageRow {
    pub id: String,
    pub session_id: Option<String>,
    pub channel_id: String,
    pub phone: String,
    pub seq: i32,
    pub class: MessageClass,
    pub kind: String,
    pub priority: i32,
    pub element_id: Option<String>,
    pub visit: Option<i32>,
    pub body: String,
    pub encoding: String,
    pub segments: i32,
    #[diesel(deserialize_as = At)]
    pub due_at: NaiveDateTime,
    #[diesel(deserialize_as = At)]
    pub ttl_at: NaiveDateTime,
    pub state: MessageState,
    pub state_reason: Option<String>,
    pub is_open: bool,
    pub lease_token: i64,
    #[diesel(deserialize_as = AtOrNull)]
    pub lease_until: Option<NaiveDateTime>,
    pub attempts: i32,
    pub client_ref: String,
    pub send_seq: Option<i64>,
    pub possible_duplicate: bool,
    pub external_id: Option<String>,
    pub gateway_code: Option<String>,
    pub receipt: Option<Receipt>,
    pub inbound_id: Option<String>,
    #[diesel(deserialize_as = AtOrNull)]
    pub started_at: Option<NaiveDateTime>,
    #[diesel(deserialize_as = AtOrNull)]
    pub accepted_at: Option<NaiveDateTime>,
    #[diesel(deserialize_as = AtOrNull)]
    pub settled_at: Option<NaiveDateTime>,
    #[diesel(deserialize_as = At)]
    pub created_at: NaiveDateTime,
    #[diesel(deserialize_as = At)]
    pub updated_at: NaiveDateTime,
}

stored!(
    MessageRow,
    messages,
    key [id],
    fixed [
        session_id, channel_id, phone, seq, class, kind, priority, element_id, visit, body, encoding, segments,
        ttl_at, client_ref, inbound_id, created_at,
    ],
    changing [
        due_at, state, state_reason, is_open, lease_token, lease_until, attempts, send_seq, possible_duplicate,
        external_id, gateway_code, receipt, started_at, accepted_at, settled_at, updated_at,
    ],
);

/// One try to hand a message over; written before the gateway is called (RE18).
#[derive(Clone, Debug, Queryable)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RE6"
)]
pub struct AttemptRow {
    pub message_id: String,
    pub attempt: i32,
    pub node: String,
    pub started_at: NaiveDateTime,
    pub finished_at: Option<NaiveDateTime>,
    pub result: Option<String>,
    pub code: Option<String>,
    pub external_id: Option<String>,
}

stored!(
    AttemptRow,
    send_attempts,
    key [message_id, attempt],
    fixed [node, started_at],
    changing [finished_at, result, code, external_id],
);

/// A delivery report; `message_id` is empty while no message is known for it (RF16).
#[derive(Clone, Debug, Queryable)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RE6"
)]
pub struct ReportRow {
    pub id: String,
    pub gateway: String,
    pub client_ref: Option<String>,
    pub external_id: Option<String>,
    pub state: String,
    pub code: Option<String>,
    pub reason: Option<String>,
    pub received_at: NaiveDateTime,
    pub message_id: Option<String>,
    pub part: Option<i32>,
}

stored!(
    ReportRow,
    delivery_reports,
    key [id],
    fixed [gateway, client_ref, external_id, state, code, reason, received_at, part],
    changing [message_id],
);

/// What a sweep of the outbox has to look at (RE19, RE31, A76).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overdue {
    /// `sending` with a lost lease.
    pub lost_leases: Vec<String>,
    /// `unknown` without proof for too long.
    pub unproved: Vec<String>,
    /// `accepted` without a delivery report for too long.
    pub unreported: Vec<String>,
    /// `held` though their time to live is over.
    pub outlived: Vec<String>,
}

/// A message that may be claimed.
#[derive(Clone, Debug, Queryable)]
pub struct Claimable {
    /// Its id.
    pub id: String,
    /// The channel that sends it.
    pub channel_id: String,
    /// Who gets it, E.164.
    pub phone: String,
}

/// Messages that may be claimed, most urgent first: due, and no earlier message of their session is
/// unfinished (RE16). Channels in `closed` are passed over.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn claimable(
    connection: &mut AnyConnection,
    now: NaiveDateTime,
    closed: &[String],
    limit: i64,
) -> Result<Vec<Claimable>, StoreError> {
    let earlier = diesel::alias!(messages as earlier);
    let mut found = Vec::new();
    for priority in PRIORITIES {
        let left = limit - i64::try_from(found.len()).unwrap_or(limit);
        if left <= 0 {
            break;
        }
        let blocked = earlier
            .filter(earlier.field(messages::phone).eq(messages::phone))
            .filter(earlier.field(messages::is_open))
            .filter(earlier.field(messages::session_id).eq(messages::session_id))
            .filter(earlier.field(messages::seq).lt(messages::seq));
        let of_priority: Vec<Claimable> = messages::table
            .filter(sql::<Bool>("messages.state = 'due'"))
            .filter(messages::priority.eq(priority))
            .filter(messages::due_at.le(now))
            .filter(messages::channel_id.ne_all(closed))
            .filter(diesel::dsl::not(diesel::dsl::exists(blocked)))
            .order((messages::due_at, messages::seq))
            .select((messages::id, messages::channel_id, messages::phone))
            .limit(left)
            .load(connection)?;
        found.extend(of_priority);
    }
    Ok(found)
}

/// Messages of the same sessions as these that the gateway took after `since` and nobody has reported yet.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn unreported_before(
    connection: &mut AnyConnection,
    ids: &[String],
    since: NaiveDateTime,
) -> Result<Vec<String>, StoreError> {
    let sessions: Vec<Option<String>> = messages::table
        .filter(among(messages::id, ids))
        .filter(messages::session_id.is_not_null())
        .select(messages::session_id)
        .distinct()
        .load(connection)?;
    Ok(messages::table
        .filter(among(messages::session_id, sessions.iter().flatten()))
        .filter(messages::state.eq(MessageState::Accepted.as_str()))
        .filter(messages::receipt.is_null())
        .filter(messages::accepted_at.gt(since))
        .select(messages::id)
        .load(connection)?)
}

/// When the next message that waits for its time is due, after `now`.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn next_due(
    connection: &mut AnyConnection,
    now: NaiveDateTime,
) -> Result<Option<NaiveDateTime>, StoreError> {
    let mut next = None;
    for priority in PRIORITIES {
        let first: Option<NaiveDateTime> = messages::table
            .filter(sql::<Bool>("messages.state = 'due'"))
            .filter(messages::priority.eq(priority))
            .filter(messages::due_at.gt(now))
            .order(messages::due_at)
            .select(messages::due_at)
            .first(connection)
            .optional()?;
        next = [next, first].into_iter().flatten().min();
    }
    Ok(next)
}

/// Messages a sweep has to look at: leases lost before `now`, `unknown` since before `unproved_since`,
/// `accepted` since before `unreported_since`, `held` past their time; at most `limit` of each.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn overdue(
    connection: &mut AnyConnection,
    now: NaiveDateTime,
    unproved_since: NaiveDateTime,
    unreported_since: NaiveDateTime,
    limit: i64,
) -> Result<Overdue, StoreError> {
    Ok(Overdue {
        lost_leases: messages::table
            .filter(sql::<Bool>("messages.state = 'sending'"))
            .filter(messages::lease_until.le(now))
            .order(messages::lease_until)
            .select(messages::id)
            .limit(limit)
            .load(connection)?,
        unproved: messages::table
            .filter(sql::<Bool>("messages.state = 'unknown'"))
            .filter(messages::is_open)
            .filter(messages::updated_at.le(unproved_since))
            .order(messages::updated_at)
            .select(messages::id)
            .limit(limit)
            .load(connection)?,
        unreported: messages::table
            .filter(sql::<Bool>("messages.state = 'accepted' AND messages.receipt IS NULL"))
            .filter(messages::accepted_at.le(unreported_since))
            .order(messages::accepted_at)
            .select(messages::id)
            .limit(limit)
            .load(connection)?,
        outlived: messages::table
            .filter(sql::<Bool>("messages.state = 'held'"))
            .filter(messages::ttl_at.le(now))
            .order(messages::ttl_at)
            .select(messages::id)
            .limit(limit)
            .load(connection)?,
    })
}

/// When the next sweep has something to do: the earliest lease end, start of an `unknown`, acceptance without a
/// report, and end of the time of a held message.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn next_overdue(
    connection: &mut AnyConnection,
    proof_wait: Duration,
    receipt_wait: Duration,
) -> Result<Option<NaiveDateTime>, StoreError> {
    let lease: Option<NaiveDateTime> = messages::table
        .filter(sql::<Bool>("messages.state = 'sending'"))
        .order(messages::lease_until)
        .select(messages::lease_until)
        .first::<Option<NaiveDateTime>>(connection)
        .optional()?
        .flatten();
    let unknown: Option<NaiveDateTime> = messages::table
        .filter(sql::<Bool>("messages.state = 'unknown'"))
        .filter(messages::is_open)
        .order(messages::updated_at)
        .select(messages::updated_at)
        .first(connection)
        .optional()?;
    let accepted: Option<NaiveDateTime> = messages::table
        .filter(sql::<Bool>("messages.state = 'accepted' AND messages.receipt IS NULL"))
        .order(messages::accepted_at)
        .select(messages::accepted_at)
        .first::<Option<NaiveDateTime>>(connection)
        .optional()?
        .flatten();
    let held: Option<NaiveDateTime> = messages::table
        .filter(sql::<Bool>("messages.state = 'held'"))
        .order(messages::ttl_at)
        .select(messages::ttl_at)
        .first(connection)
        .optional()?;
    let due = [lease, unknown.map(|at| at + proof_wait), accepted.map(|at| at + receipt_wait), held];
    Ok(due.into_iter().flatten().min())
}

/// Every `sending` message, whatever its lease: after a crash of the only node none of them has a sender.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn all_sending(connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    Ok(messages::table
        .filter(sql::<Bool>("messages.state = 'sending'"))
        .select(messages::id)
        .load(connection)?)
}

/// How many messages of a channel are due by now, and since when the oldest is.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct DueLoad {
    /// The channel.
    pub channel_id: String,
    /// How many.
    pub count: i64,
    /// Since when the oldest is due.
    pub oldest: Option<NaiveDateTime>,
}

/// What is due by now, by channel, in several parts for each (RE36). Messages that wait for the future are not looked
/// at, however many there are.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn due_load(connection: &mut AnyConnection, now: NaiveDateTime) -> Result<Vec<DueLoad>, StoreError> {
    let mut load = Vec::new();
    for priority in PRIORITIES {
        let found: Vec<DueLoad> = messages::table
            .filter(sql::<Bool>("messages.state = 'due'"))
            .filter(messages::priority.eq(priority))
            .filter(messages::due_at.le(now))
            .group_by(messages::channel_id)
            .select((messages::channel_id, diesel::dsl::count_star(), diesel::dsl::min(messages::due_at)))
            .load(connection)?;
        load.extend(found);
    }
    Ok(load)
}

/// Unfinished messages of one state: how many, and since when the oldest is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenLoad {
    /// How many.
    pub count: i64,
    /// Since when the oldest is due.
    pub oldest: Option<NaiveDateTime>,
}

/// Unfinished messages by state; each is counted in the index of its state, never in the table.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn open_load(connection: &mut AnyConnection) -> Result<Vec<(MessageState, OpenLoad)>, StoreError> {
    let conditions = [
        (MessageState::Due, "messages.state = 'due'"),
        (MessageState::Sending, "messages.state = 'sending'"),
        (MessageState::Held, "messages.state = 'held'"),
        (MessageState::Unknown, "messages.state = 'unknown' AND messages.is_open"),
    ];
    let mut found = Vec::with_capacity(conditions.len());
    for (state, condition) in conditions {
        let (count, oldest) = messages::table
            .filter(sql::<Bool>(condition))
            .select((diesel::dsl::count_star(), diesel::dsl::min(messages::due_at)))
            .first(connection)?;
        found.push((state, OpenLoad { count, oldest }));
    }
    Ok(found)
}

/// How many messages of each channel are `unknown` without proof yet.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn unknown_by_channel(connection: &mut AnyConnection) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(messages::table
        .filter(sql::<Bool>("messages.state = 'unknown' AND messages.is_open"))
        .group_by(messages::channel_id)
        .select((messages::channel_id, diesel::dsl::count_star()))
        .load(connection)?)
}

/// All messages of a session in sequence order.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn of_session(connection: &mut AnyConnection, session_id: &str) -> Result<Vec<MessageRow>, StoreError> {
    Ok(messages::table.filter(messages::session_id.eq(session_id)).order(messages::seq).load(connection)?)
}

/// One message.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn find(connection: &mut AnyConnection, id: &str) -> Result<Option<MessageRow>, StoreError> {
    Ok(messages::table.find(id).first(connection).optional()?)
}
