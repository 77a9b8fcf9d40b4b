//! Rows of many sessions for exports and reports, read by key in chunks: each query is short, so that neither a
//! snapshot nor a checkpoint waits for a long export (X14).

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::dsl::count_star;
use diesel::prelude::*;

use super::among::among;
use super::events::EventRow;
use super::inbound::InboundRow;
use super::messages::MessageRow;
use super::moment::{At, AtOrNull};
use super::schema::{answers, events, inbound, messages, session_updates, sessions};
use super::sessions::SessionRow;
use super::{AnyConnection, Json, StoreError};
use crate::session::{MessageState, Outcome, Receipt, Status};
use crate::survey::Variables;

/// The backend behind the enum of connections.
type Backend = <AnyConnection as diesel::connection::Connection>::Backend;

/// Which sessions of one survey, as far as columns can tell.
#[derive(Clone, Debug, Default)]
pub struct SessionWish {
    /// The survey, by slug.
    pub survey_id: String,
    /// In one of these states; empty = any.
    pub statuses: Vec<Status>,
    /// In this language.
    pub language: Option<String>,
    /// On these channels; `None` = any.
    pub channel_ids: Option<Vec<String>>,
    /// Test sessions too.
    pub includes_test: bool,
    /// Closed at this time or later, and before that one; in a state of `statuses`.
    pub closed: (Option<NaiveDateTime>, Option<NaiveDateTime>),
    /// Changed at this time or later, and before that one.
    pub updated: (Option<NaiveDateTime>, Option<NaiveDateTime>),
    /// Queued before this time.
    pub started_before: Option<NaiveDateTime>,
    /// Not made after this one.
    pub id_until: Option<String>,
}

/// Where a chunk of sessions lies.
#[derive(Clone, Debug)]
pub enum Stretch {
    /// In the order they were made, after this id: what changes meanwhile keeps its place.
    ById {
        /// The last id before it.
        after: Option<String>,
    },
    /// In the order of their last change, after one place and up to another.
    ByChange {
        /// The last place before it.
        after: Option<(NaiveDateTime, String)>,
        /// The last place of it.
        until: Option<(NaiveDateTime, String)>,
    },
}

/// One outbound SMS, as far as figures go.
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 4.2")]
pub struct SentRow {
    pub session_id: Option<String>,
    pub seq: i32,
    pub kind: String,
    pub element_id: Option<String>,
    pub visit: Option<i32>,
    pub state: MessageState,
    pub state_reason: Option<String>,
    pub receipt: Option<Receipt>,
    pub segments: i32,
    #[diesel(deserialize_as = AtOrNull)]
    pub started_at: Option<NaiveDateTime>,
    #[diesel(deserialize_as = AtOrNull)]
    pub accepted_at: Option<NaiveDateTime>,
}

/// One inbound SMS, as far as figures go.
#[derive(Clone, Debug, Queryable)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RE1"
)]
pub struct ReceivedRow {
    pub session_id: Option<String>,
    #[diesel(deserialize_as = At)]
    pub received_at: NaiveDateTime,
    pub outcome: Outcome,
}

/// The variables of one session.
#[derive(Clone, Debug, Queryable)]
pub struct VariablesRow {
    /// The session.
    pub id: String,
    /// The caller's variables.
    pub variables: Json<Variables>,
    /// When it was made.
    #[diesel(deserialize_as = At)]
    pub created_at: NaiveDateTime,
}

/// Sessions with their places in the lists of their surveys.
macro_rules! in_order {
    () => {
        session_updates::table.inner_join(sessions::table.on(sessions::id.eq(session_updates::session_id)))
    };
}

/// Narrows a boxed query to a wish; `$survey` and `$updated` are the columns by which the rows are found.
macro_rules! wished {
    ($query:ident, $wish:expr, $survey:expr, $updated:expr) => {{
        let wish: &SessionWish = $wish;
        $query = $query.filter($survey.eq(wish.survey_id.clone()));
        if !wish.statuses.is_empty() {
            let words: Vec<&'static str> = wish.statuses.iter().map(|status| status.as_str()).collect();
            $query = $query.filter(sessions::status.eq_any(words));
        }
        if let Some(language) = wish.language.clone() {
            $query = $query.filter(sessions::language.eq(language));
        }
        if let Some(ids) = wish.channel_ids.clone() {
            $query = $query.filter(sessions::channel_id.eq_any(ids));
        }
        if !wish.includes_test {
            $query = $query.filter(sessions::is_test.eq(false));
        }
        if let Some(from) = wish.closed.0 {
            $query = $query.filter(sessions::closed_at.ge(from));
        }
        if let Some(to) = wish.closed.1 {
            $query = $query.filter(sessions::closed_at.lt(to));
        }
        if let Some(from) = wish.updated.0 {
            $query = $query.filter($updated.ge(from));
        }
        if let Some(to) = wish.updated.1 {
            $query = $query.filter($updated.lt(to));
        }
        if let Some(before) = wish.started_before {
            $query = $query.filter(sessions::started_at.lt(before));
        }
        if let Some(until) = wish.id_until.clone() {
            $query = $query.filter(sessions::id.le(until));
        }
    }};
}

/// The next sessions of a stretch, at most `limit`.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn sessions_of(
    connection: &mut AnyConnection,
    wish: &SessionWish,
    stretch: &Stretch,
    limit: i64,
) -> Result<Vec<SessionRow>, StoreError> {
    match stretch {
        Stretch::ById { after } => {
            let mut query = sessions::table.into_boxed::<Backend>();
            wished!(query, wish, sessions::survey_id, sessions::updated_at);
            if let Some(after) = after.clone() {
                query = query.filter(sessions::id.gt(after));
            }
            Ok(query.order(sessions::id).limit(limit).load(connection)?)
        }
        Stretch::ByChange { after, until } => {
            let mut query = in_order!().select(sessions::all_columns).into_boxed::<Backend>();
            wished!(query, wish, session_updates::survey_id, session_updates::updated_at);
            if let Some((at, id)) = after.clone() {
                let is_later = session_updates::updated_at.gt(at).or(session_updates::session_id.gt(id));
                query = query.filter(session_updates::updated_at.ge(at).and(is_later));
            }
            if let Some((at, id)) = until.clone() {
                let is_earlier = session_updates::updated_at.lt(at).or(session_updates::session_id.le(id));
                query = query.filter(session_updates::updated_at.le(at).and(is_earlier));
            }
            let order = (session_updates::updated_at, session_updates::session_id);
            Ok(query.order(order).limit(limit).load(connection)?)
        }
    }
}

/// How many sessions fit a wish.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn count_sessions(connection: &mut AnyConnection, wish: &SessionWish) -> Result<i64, StoreError> {
    let mut query = in_order!().select(count_star()).into_boxed::<Backend>();
    wished!(query, wish, session_updates::survey_id, session_updates::updated_at);
    Ok(query.first(connection)?)
}

/// Variables of the sessions of a survey made after one of them, in that order.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn variables_after(
    connection: &mut AnyConnection,
    survey_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<VariablesRow>, StoreError> {
    Ok(sessions::table
        .filter(sessions::survey_id.eq(survey_id))
        .filter(sessions::id.gt(after))
        .order(sessions::id)
        .select((sessions::id, sessions::variables, sessions::created_at))
        .limit(limit)
        .load(connection)?)
}

/// Outbound SMS of sessions, in order within each.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn sent(connection: &mut AnyConnection, session_ids: &[String]) -> Result<Vec<SentRow>, StoreError> {
    Ok(messages::table
        .filter(among(messages::session_id, session_ids))
        .order((messages::session_id, messages::seq))
        .select((
            messages::session_id,
            messages::seq,
            messages::kind,
            messages::element_id,
            messages::visit,
            messages::state,
            messages::state_reason,
            messages::receipt,
            messages::segments,
            messages::started_at,
            messages::accepted_at,
        ))
        .load(connection)?)
}

/// Outbound SMS of sessions with all that is known of them.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn messages_of(
    connection: &mut AnyConnection,
    session_ids: &[String],
) -> Result<Vec<MessageRow>, StoreError> {
    Ok(messages::table
        .filter(among(messages::session_id, session_ids))
        .order((messages::session_id, messages::seq))
        .load(connection)?)
}

/// How many outbound SMS sessions have.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn count_messages(connection: &mut AnyConnection, session_ids: &[String]) -> Result<i64, StoreError> {
    Ok(messages::table
        .filter(among(messages::session_id, session_ids))
        .select(count_star())
        .first(connection)?)
}

/// Inbound SMS of sessions; they stand among what the phones of the sessions sent.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn received(
    connection: &mut AnyConnection,
    phones: &[String],
    session_ids: &[String],
) -> Result<Vec<ReceivedRow>, StoreError> {
    Ok(inbound::table
        .filter(among(inbound::sender, phones))
        .filter(among(inbound::session_id, session_ids))
        .order(inbound::recv_seq)
        .select((inbound::session_id, inbound::received_at, inbound::outcome))
        .load(connection)?)
}

/// Inbound SMS of sessions with all that is known of them.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn inbound_of(
    connection: &mut AnyConnection,
    phones: &[String],
    session_ids: &[String],
) -> Result<Vec<InboundRow>, StoreError> {
    Ok(inbound::table
        .filter(among(inbound::sender, phones))
        .filter(among(inbound::session_id, session_ids))
        .order(inbound::recv_seq)
        .load(connection)?)
}

/// How many inbound SMS sessions have.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn count_inbound(
    connection: &mut AnyConnection,
    phones: &[String],
    session_ids: &[String],
) -> Result<i64, StoreError> {
    Ok(inbound::table
        .filter(among(inbound::sender, phones))
        .filter(among(inbound::session_id, session_ids))
        .select(count_star())
        .first(connection)?)
}

/// When the gateway accepted the first SMS of sessions, of those of which it did.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn first_accepted(
    connection: &mut AnyConnection,
    session_ids: &[String],
) -> Result<BTreeMap<String, NaiveDateTime>, StoreError> {
    let found: Vec<(Option<String>, Option<NaiveDateTime>)> = messages::table
        .filter(among(messages::session_id, session_ids))
        .group_by(messages::session_id)
        .select((messages::session_id, diesel::dsl::min(messages::accepted_at)))
        .load(connection)?;
    Ok(found.into_iter().filter_map(|(id, at)| id.zip(at)).collect())
}

/// The newest session there is, and the newest event.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn newest(connection: &mut AnyConnection) -> Result<(Option<String>, Option<String>), StoreError> {
    let session = sessions::table.order(sessions::id.desc()).select(sessions::id).first(connection);
    let event = events::table.order(events::id.desc()).select(events::id).first(connection);
    Ok((session.optional()?, event.optional()?))
}

/// Place of the session of a survey that changed last.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn newest_change(
    connection: &mut AnyConnection,
    survey_id: &str,
) -> Result<Option<(NaiveDateTime, String)>, StoreError> {
    Ok(session_updates::table
        .filter(session_updates::survey_id.eq(survey_id))
        .order((session_updates::updated_at.desc(), session_updates::session_id.desc()))
        .select((session_updates::updated_at, session_updates::session_id))
        .first(connection)
        .optional()?)
}

/// How many answers sessions have to each question, and how many of them are valid.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn count_answers(
    connection: &mut AnyConnection,
    session_ids: &[String],
) -> Result<Vec<(String, String, i64)>, StoreError> {
    Ok(answers::table
        .filter(among(answers::session_id, session_ids))
        .group_by((answers::element_id, answers::state))
        .select((answers::element_id, answers::state, count_star()))
        .load(connection)?)
}

/// Events after one of them up to another, in the order they were made; events have no other key.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn events_after(
    connection: &mut AnyConnection,
    after: &str,
    until: &str,
    limit: i64,
) -> Result<Vec<EventRow>, StoreError> {
    Ok(events::table
        .filter(events::id.gt(after))
        .filter(events::id.le(until))
        .order(events::id)
        .limit(limit)
        .load(connection)?)
}

/// Sessions by their ids.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn sessions_named(
    connection: &mut AnyConnection,
    wish: &SessionWish,
    ids: &[String],
) -> Result<Vec<SessionRow>, StoreError> {
    let mut query = sessions::table.into_boxed::<Backend>();
    wished!(query, wish, sessions::survey_id, sessions::updated_at);
    Ok(query.filter(among(sessions::id, ids)).load(connection)?)
}
