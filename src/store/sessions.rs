//! Rows of `sessions` and `session_handles`, and the queries that read them.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::columns::stored;
use super::moment::{At, AtOrNull};
use super::schema::{session_handles, session_updates, sessions};
use super::{AnyConnection, Json, StoreError};
use crate::session::Status;
use crate::survey::{Progress, Variables};

/// One person's run through one survey revision.
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in the API: http-api.md 2.5 and 4.1")]
pub struct SessionRow {
    pub id: String,
    pub survey_id: String,
    pub revision: i32,
    pub status: Status,
    pub status_reason: Option<String>,
    pub origin: String,
    pub phone: String,
    pub channel_id: String,
    pub language: String,
    pub client_reference: Option<String>,
    pub variables: Json<Variables>,
    /// What a pending session needs to begin later, as JSON.
    pub opening: Option<String>,
    /// Absent while pending.
    pub progress: Option<Json<Progress>>,
    /// Until when a free text takes fragments (N98): its answer is loaded with the session.
    #[diesel(deserialize_as = AtOrNull)]
    pub appending_until: Option<NaiveDateTime>,
    pub current_element_id: Option<String>,
    /// The first message that asked the current question on this visit (RE11).
    pub prompt_id: Option<String>,
    /// The newest gateway session handle (P45).
    pub sms_session: Option<String>,
    /// The number it is sent from, when we picked one for it (GW53, GW54).
    pub subnumber: Option<String>,
    /// NULL = not open or waiting; '' = exclusive; own id = parallel (RE4).
    pub open_slot: Option<String>,
    /// Sequence of the next message, from 1.
    pub next_sequence: i32,
    /// Answers registered so far; the newest one has this `seq`.
    pub answers_count: i32,
    /// Facts written so far; the newest one has this `sequence`.
    pub events_count: i32,
    pub is_test: bool,
    #[diesel(deserialize_as = AtOrNull)]
    pub halted_at: Option<NaiveDateTime>,
    /// Faulting turns so far; 3 halt the session (RE9).
    pub faults: i32,
    pub inbound_count: i32,
    /// Unavailable and expired texts sent after the end (A32).
    pub unavailable_count: i32,
    /// Last hand-over to the gateway; the next is at least one gap later (RE16).
    #[diesel(deserialize_as = AtOrNull)]
    pub handed_over_at: Option<NaiveDateTime>,
    /// When a timer next looks at this session: start, reminder or expiry.
    #[diesel(deserialize_as = AtOrNull)]
    pub wake_at: Option<NaiveDateTime>,
    #[diesel(deserialize_as = AtOrNull)]
    pub send_at: Option<NaiveDateTime>,
    #[diesel(deserialize_as = At)]
    pub created_at: NaiveDateTime,
    #[diesel(deserialize_as = AtOrNull)]
    pub started_at: Option<NaiveDateTime>,
    #[diesel(deserialize_as = AtOrNull)]
    pub expires_at: Option<NaiveDateTime>,
    #[diesel(deserialize_as = AtOrNull)]
    pub closed_at: Option<NaiveDateTime>,
    #[diesel(deserialize_as = At)]
    pub updated_at: NaiveDateTime,
    /// Counts turns that changed the session.
    pub version: i32,
}

stored!(
    SessionRow,
    sessions,
    key [id],
    fixed [
        survey_id, revision, origin, phone, channel_id, language, client_reference, variables, subnumber, is_test,
        send_at, created_at,
    ],
    changing [
        status_reason, opening, progress, appending_until, current_element_id, prompt_id, sms_session,
        next_sequence, answers_count, events_count, halted_at, faults, inbound_count, unavailable_count,
        handed_over_at, started_at, expires_at, updated_at, version,
    ],
    rare [status, open_slot, wake_at, closed_at],
);

impl SessionRow {
    /// Progress through the survey; `None` while pending.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the stored text is not a progress.
    pub fn progress(&self) -> Result<Option<&Progress>, StoreError> {
        let read = self.progress.as_ref().map(Json::get).transpose();
        read.map_err(|error| StoreError::Corrupt(format!("sessions.progress: {error}")))
    }

    /// The caller's variables.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the stored text is no list of pairs.
    pub fn variables(&self) -> Result<&Variables, StoreError> {
        self.variables.get().map_err(|error| StoreError::Corrupt(format!("sessions.variables: {error}")))
    }
}

/// The place of a session in the lists of its survey.
#[derive(Clone, Debug)]
pub(super) struct SessionUpdateRow {
    survey_id: String,
    updated_at: NaiveDateTime,
    session_id: String,
}

stored!(
    SessionUpdateRow,
    session_updates,
    key [survey_id, updated_at, session_id],
    fixed [],
    changing [],
);

impl From<&SessionRow> for SessionUpdateRow {
    fn from(row: &SessionRow) -> Self {
        Self { survey_id: row.survey_id.clone(), updated_at: row.updated_at, session_id: row.id.clone() }
    }
}

/// A gateway's session handle, or a short number with a suffix of ours, and the session it belongs to (GW52, GW53).
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are named after gateways.md 3.2")]
pub struct HandleRow {
    pub gateway: String,
    pub handle: String,
    pub session_id: String,
    pub phone: String,
    #[diesel(deserialize_as = At)]
    pub created_at: NaiveDateTime,
}

stored!(
    HandleRow,
    session_handles,
    key [gateway, handle],
    fixed [],
    changing [session_id, phone, created_at],
);

/// One session.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn find(connection: &mut AnyConnection, id: &str) -> Result<Option<SessionRow>, StoreError> {
    Ok(sessions::table.find(id).first(connection).optional()?)
}

/// Sessions whose timer is due, oldest first: keyset by time, so that stuck rows never hide later ones (RE30).
///
/// # Errors
/// [`StoreError`] of the query.
pub fn due_timers(
    connection: &mut AnyConnection,
    now: NaiveDateTime,
    limit: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    Ok(sessions::table
        .filter(sessions::wake_at.is_not_null())
        .filter(sessions::wake_at.le(now))
        .order(sessions::wake_at)
        .select((sessions::id, sessions::phone))
        .limit(limit)
        .load(connection)?)
}

/// When the next timer is due.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn next_timer(connection: &mut AnyConnection) -> Result<Option<NaiveDateTime>, StoreError> {
    Ok(sessions::table
        .filter(sessions::wake_at.is_not_null())
        .order(sessions::wake_at)
        .select(sessions::wake_at)
        .first::<Option<NaiveDateTime>>(connection)
        .optional()?
        .flatten())
}

/// Open sessions of one survey in one status.
#[derive(Clone, Debug, Queryable)]
pub struct OpenSessions {
    /// Their survey.
    pub survey_id: String,
    /// `pending` or `active`.
    pub status: Status,
    /// How many.
    pub count: i64,
    /// When the oldest was made.
    pub oldest: Option<NaiveDateTime>,
}

/// Open sessions by survey and status: how many, and when the oldest was made (RE44).
///
/// # Errors
/// [`StoreError`] of the query.
pub fn open_load(connection: &mut AnyConnection) -> Result<Vec<OpenSessions>, StoreError> {
    Ok(sessions::table
        .filter(sessions::closed_at.is_null())
        .group_by((sessions::survey_id, sessions::status))
        .select((
            sessions::survey_id,
            sessions::status,
            diesel::dsl::count_star(),
            diesel::dsl::min(sessions::created_at),
        ))
        .load(connection)?)
}

/// Since when the oldest timer is overdue, by the status of its session (RE44).
///
/// # Errors
/// [`StoreError`] of the query.
pub fn oldest_timers(
    connection: &mut AnyConnection,
    now: NaiveDateTime,
) -> Result<Vec<(Status, Option<NaiveDateTime>)>, StoreError> {
    Ok(sessions::table
        .filter(sessions::wake_at.is_not_null())
        .filter(sessions::wake_at.le(now))
        .group_by(sessions::status)
        .select((sessions::status, diesel::dsl::min(sessions::wake_at)))
        .load(connection)?)
}
