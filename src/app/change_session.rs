//! What an operator does to a session: cancel it, ask its question again, end its halt (http-api.md 4.1). No
//! cancel sends an SMS; no resend uses an attempt.

use chrono::Duration;
use serde_json::json;

use super::apply_turn::sms_for;
use super::engine::Engine;
use super::event_kind::EventKind;
use super::expire_sessions::{expire, survey_of};
use super::moment::{Moment, Queued, message_mut, priority, session_mut};
use super::send_survey::is_expired;
use crate::clock::Timestamp;
use crate::session::{MessageClass, MessageState, Status};
use crate::store::messages::MessageRow;
use crate::store::{AnyConnection, Fault, Keys, SessionRow, Space, StoreError, Work};
use crate::survey::{Position, turn};

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Ends the session.
    Cancel {
        /// Why, in the operator's words.
        reason: Option<String>,
    },
    /// Queues the current question once more.
    Resend,
    /// Ends a halt.
    Release,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Changed {
    /// The session as it is now.
    Session(Box<SessionRow>),
    /// The message that asks again.
    Queued(Box<MessageRow>),
    /// There is no such session.
    NotFound,
    /// The state does not allow it.
    Illegal {
        /// The state, or `halted`, `muted`, `not_halted`.
        state: &'static str,
    },
}

/// One change.
#[derive(Debug)]
pub struct ChangeSession {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The session.
    pub session_id: String,
    /// What is done to it.
    pub change: Change,
    /// The API key that asked for it.
    pub actor: String,
}

impl Work for ChangeSession {
    type Output = Changed;

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.sessions.insert(self.session_id.clone());
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Changed, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let id = &self.session_id;
        let Some(session) = moment.space.sessions.get(id).cloned() else {
            return Ok(Changed::NotFound);
        };
        if session.status.is_open() && is_expired(&session, moment.at()) {
            expire(&mut moment, id)?;
            return Ok(Changed::Illegal { state: Status::Expired.as_str() });
        }
        if !session.status.is_open() {
            return Ok(Changed::Illegal { state: session.status.as_str() });
        }
        match &self.change {
            Change::Cancel { reason } => {
                let reason = reason.as_deref().unwrap_or("operator");
                moment.close_session(id, Status::Cancelled, Some(reason))?;
            }
            Change::Resend => return resend(&mut moment, &session),
            Change::Release => {
                if session.halted_at.is_none() {
                    return Ok(Changed::Illegal { state: "not_halted" });
                }
                self.release(&mut moment)?;
            }
        }
        Ok(Changed::Session(Box::new(session_mut(moment.space, id)?.clone())))
    }
}

impl ChangeSession {
    /// The faults are forgotten, what was held back goes on, and the timer looks at once what it has missed.
    fn release(&self, moment: &mut Moment<'_>) -> Result<(), Fault> {
        let at = moment.at();
        let session = session_mut(moment.space, &self.session_id)?;
        session.halted_at = None;
        session.faults = 0;
        session.wake_at = Some(at);
        session.updated_at = at;
        let held: Vec<String> = moment
            .space
            .messages_of(&self.session_id)
            .filter(|message| message.state == MessageState::Held)
            .filter(|message| message.state_reason.as_deref() == Some("halted"))
            .map(|message| message.id.clone())
            .collect();
        for id in held {
            moment.move_message(&id, MessageState::Due, None)?;
        }
        let data = json!({"actor": self.actor});
        moment.record_event(EventKind::SessionReleased, Some(&self.session_id), &data).map(drop)
    }
}

/// The current question as it is asked, without an error text before it.
fn resend(moment: &mut Moment<'_>, session: &SessionRow) -> Result<Changed, Fault> {
    if session.halted_at.is_some() {
        return Ok(Changed::Illegal { state: "halted" });
    }
    let Some(progress) = session.progress().map_err(Fault::Store)? else {
        return Ok(Changed::Illegal { state: session.status.as_str() });
    };
    if progress.muted {
        return Ok(Changed::Illegal { state: "muted" });
    }
    let survey = survey_of(moment, &session.id)?;
    let variables = session.variables().map_err(Fault::Store)?;
    let (Position::Question(element), Some(text)) =
        (&progress.position, turn::prompt_again(&survey, progress, variables))
    else {
        return Ok(Changed::Illegal { state: session.status.as_str() });
    };
    let at = moment.at();
    let queued = Queued {
        session_id: Some(session.id.clone()),
        channel_id: session.channel_id.clone(),
        phone: session.phone.clone(),
        class: MessageClass::Question,
        kind: "reask".to_owned(),
        priority: priority::START,
        element_id: Some(element.clone()),
        visit: i32::try_from(progress.visit).ok(),
        body: sms_for(moment, &session.channel_id, &text),
        due_at: at,
        ttl_at: session.expires_at.unwrap_or(at + Duration::hours(24)),
        inbound_id: None,
    };
    let id = moment.queue(queued, survey.settings.element_gap)?;
    session_mut(moment.space, &session.id)?.updated_at = at;
    Ok(Changed::Queued(Box::new(message_mut(moment.space, &id)?.clone())))
}
