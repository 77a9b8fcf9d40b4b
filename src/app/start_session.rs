//! Begins a session: runs the interpreter's `begin` and queues its first messages. Used by SendSurvey at once,
//! and by the timer for sessions that waited (A90, A91).

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::apply_turn::{Applied, Cause, apply_turn};
use super::expire_sessions::survey_of;
use super::moment::{Moment, priority, session_mut};
use super::permitted_hours::{self, Errand, Permitted, permitted};
use crate::phone::Phone;
use crate::session::Status;
use crate::store::Fault;
use crate::survey::{Language, turn};

/// What a waiting session needs to begin later; kept in `sessions.opening`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// Goes in front of the first SMS (P31).
    pub content: Option<String>,
    /// Seconds from the start to the expiry; `None` = the call named an instant, which keeps running (A90).
    pub expiry_seconds: Option<i64>,
    /// Its open slot once it is active: '' for exclusive, own id for parallel (RE4).
    pub slot: String,
}

/// Makes a pending session active: its first messages are queued, its expiry starts if it is a default one. They
/// leave now or at the survey's next opening, and are held if there is none (A68, A69).
///
/// # Errors
/// [`Fault`] when a row is missing or the survey revision is unknown.
pub fn begin(moment: &mut Moment<'_>, session_id: &str) -> Result<Applied, Fault> {
    let at = moment.at();
    let session = session_mut(moment.space, session_id)?;
    let opening: Opening = session
        .opening
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| Fault::Invariant(format!("session {session_id} has no opening")))?;
    let survey = survey_of(moment, session_id)?;
    let session = session_mut(moment.space, session_id)?;
    let language = Language::parse(&session.language).map_err(|error| Fault::Invariant(error.to_string()))?;
    let variables = session.variables().map_err(Fault::Store)?.clone();
    session.status = Status::Active;
    session.status_reason = None;
    session.started_at = Some(at);
    session.open_slot = Some(opening.slot);
    session.opening = None;
    if let Some(seconds) = opening.expiry_seconds {
        session.expires_at = Some(at + Duration::seconds(seconds));
    }
    let phone = Phone::from_stored(&session_mut(moment.space, session_id)?.phone);
    let when = phone
        .map_or(Permitted::Now, |phone| permitted(moment.engine, &survey, &phone, Errand::Start, moment.now));
    let not_before = match when {
        Permitted::From(opening) => Some(opening),
        Permitted::Now | Permitted::Never => None,
    };
    let begin = turn::Begin { language, variables: &variables, content: opening.content.as_deref() };
    let turn = turn::begin(&survey, &begin, moment.now);
    let cause = Cause { inbound_id: None, priority: priority::START, not_before };
    let applied = apply_turn(moment, session_id, &survey, turn, &cause)?;
    if when == Permitted::Never {
        permitted_hours::hold(moment, session_id, &applied.message_ids)?;
    }
    Ok(applied)
}
