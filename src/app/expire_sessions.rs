//! Timers of sessions: expiry, reminders, and starts that waited (A30, F8, A90, A91). The sweeper only does what
//! every turn would do anyway when it meets the session; correctness never depends on its punctuality.

use serde_json::json;

use super::apply_turn::{Cause, apply_turn};
use super::engine::Engine;
use super::event_kind::EventKind;
use super::load_surveys::revision_for_turn;
use super::moment::{Moment, priority, session, session_mut};
use super::permitted_hours::{self, Errand, Permitted, permitted};
use super::send_survey::is_expired;
use super::start_session;
use crate::clock::Timestamp;
use crate::phone::Phone;
use crate::session::Status;
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work, sessions};
use crate::survey::turn;

/// Most timers of one batch.
const TIMERS_MAX: i64 = 512;

/// Ends an open session whose time is over. No SMS; what was queued is cancelled (A30).
///
/// # Errors
/// [`Fault`] when a row is missing.
pub fn expire(moment: &mut Moment<'_>, session_id: &str) -> Result<(), Fault> {
    let Some(progress) = session(moment.space, session_id)?.progress().map_err(Fault::Store)?.cloned() else {
        return moment.close_session(session_id, Status::Expired, None);
    };
    let survey = survey_of(moment, session_id)?;
    let turn = turn::expire(&survey, progress).map_err(|error| Fault::Invariant(error.to_string()))?;
    apply_turn(moment, session_id, &survey, turn, &Cause::default())?;
    Ok(())
}

/// The survey revision a loaded session is pinned to.
///
/// # Errors
/// [`Fault::Invariant`] when the revision is not in memory.
pub fn survey_of(
    moment: &Moment<'_>,
    session_id: &str,
) -> Result<std::sync::Arc<crate::survey::Survey>, Fault> {
    let session = session(moment.space, session_id)?;
    revision_for_turn(moment.engine, &session.survey_id, session.revision).ok_or_else(|| {
        Fault::Invariant(format!("survey {} revision {} is not loaded", session.survey_id, session.revision))
    })
}

/// One session whose timer is due.
#[derive(Debug)]
pub struct WakeSession {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The session.
    pub session_id: String,
    /// Its phone.
    pub phone: String,
}

impl Work for WakeSession {
    type Output = ();

    fn lane_key(&self) -> Option<&str> {
        Some(&self.phone)
    }

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.sessions.insert(self.session_id.clone());
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<(), Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        wake(&mut moment, &self.session_id)
    }

    /// A session whose timer faults is halted, so that it does not come back every second (RF26, RE9).
    fn bury(&mut self, space: &mut Space, now: Timestamp, fault: &Fault) -> Result<(), Fault> {
        tracing::error!(session_id = %self.session_id, error = %fault, "a timer faulted; the session is halted");
        let session = session_mut(space, &self.session_id)?;
        session.halted_at = Some(now.naive_utc());
        session.wake_at = session.expires_at.filter(|expiry| *expiry > now.naive_utc());
        session.updated_at = now.naive_utc();
        Ok(())
    }
}

fn wake(moment: &mut Moment<'_>, session_id: &str) -> Result<(), Fault> {
    let at = moment.at();
    let Some(session) = moment.space.sessions.get(session_id).cloned() else {
        return Ok(());
    };
    if !session.status.is_open() || session.wake_at.is_none_or(|wake_at| wake_at > at) {
        return Ok(());
    }
    if is_expired(&session, at) {
        return expire(moment, session_id);
    }
    if session.halted_at.is_some() {
        session_mut(moment.space, session_id)?.wake_at = session.expires_at;
        return Ok(());
    }
    if session.status == Status::Pending {
        return begin_if_free(moment, session_id);
    }
    remind(moment, session_id)
}

/// A waiting session begins when its time has come and no other session holds its phone and sender.
fn begin_if_free(moment: &mut Moment<'_>, session_id: &str) -> Result<(), Fault> {
    let at = moment.at();
    let session = session_mut(moment.space, session_id)?.clone();
    if session.send_at.is_some_and(|send_at| send_at > at) {
        session_mut(moment.space, session_id)?.wake_at =
            [session.send_at, session.expires_at].into_iter().flatten().min();
        return Ok(());
    }
    if super::consent::is_stopped(moment.space, &session.phone, Some(&session.survey_id)) {
        return moment.close_session(session_id, Status::OptedOut, Some("opted_out"));
    }
    let opening: Option<start_session::Opening> =
        session.opening.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let exclusive = opening.is_some_and(|opening| opening.slot.is_empty());
    let taken = moment.space.sessions_of(&session.phone).any(|other| {
        other.id != session.id
            && other.channel_id == session.channel_id
            && other.status == Status::Active
            && other.open_slot.as_deref() == Some("")
    });
    if exclusive && taken {
        let waiting = session_mut(moment.space, session_id)?;
        waiting.status_reason = Some("open_session".to_owned());
        waiting.wake_at = waiting.expires_at;
        return Ok(());
    }
    start_session::begin(moment, session_id)?;
    Ok(())
}

/// Sends the reminder that is due, inside the survey's window and outside quiet hours; else the reminder moves to
/// the next opening (F9, A68), and is held where there is none (A69).
fn remind(moment: &mut Moment<'_>, session_id: &str) -> Result<(), Fault> {
    let survey = survey_of(moment, session_id)?;
    let session = session(moment.space, session_id)?;
    let Some(progress) = session.progress().map_err(Fault::Store)? else {
        return Err(Fault::Invariant(format!("active session {session_id} has no progress")));
    };
    let Some(phone) = Phone::from_stored(&session.phone) else {
        return Err(Fault::Invariant(format!("session {session_id} has no phone")));
    };
    let when = permitted(moment.engine, &survey, &phone, Errand::Reminder, moment.now);
    if let Permitted::From(moved) = when {
        let expiry = session.expires_at;
        session_mut(moment.space, session_id)?.wake_at = Some(moved).into_iter().chain(expiry).min();
        return Ok(());
    }
    let variables = session.variables().map_err(Fault::Store)?;
    let turn = turn::remind(&survey, progress.clone(), variables, moment.now)
        .map_err(|error| Fault::Invariant(error.to_string()))?;
    match turn {
        Some(turn) => {
            let cause = Cause { priority: priority::START, ..Cause::default() };
            let applied = apply_turn(moment, session_id, &survey, turn, &cause)?;
            if when == Permitted::Never {
                permitted_hours::hold(moment, session_id, &applied.message_ids)?;
            }
            moment.record_event(EventKind::SessionReminded, Some(session_id), &json!({})).map(drop)
        }
        None => {
            let session = session_mut(moment.space, session_id)?;
            session.wake_at = session.expires_at;
            Ok(())
        }
    }
}

/// Looks for due timers and fires each as a turn of its own; gives when the next one is due.
///
/// # Errors
/// [`StoreError`] when the timers cannot be read; a timer that faults does not stop the others.
pub async fn run_due_timers(engine: &Engine) -> Result<Option<Timestamp>, StoreError> {
    loop {
        let now = engine.clock.now().naive_utc();
        let due =
            engine.store.read(move |connection| sessions::due_timers(connection, now, TIMERS_MAX)).await?;
        let full = i64::try_from(due.len()).is_ok_and(|found| found == TIMERS_MAX);
        let turns = due
            .into_iter()
            .map(|(session_id, phone)| WakeSession { engine: engine.clone(), session_id, phone })
            .map(|turn| engine.store.write(turn));
        for result in futures_util::future::join_all(turns).await {
            if let Err(error) = result {
                tracing::error!(%error, "a timer could not be fired");
            }
        }
        if !full {
            break;
        }
    }
    let next = engine.store.read(sessions::next_timer).await?;
    Ok(next.map(|at| at.and_utc()))
}
