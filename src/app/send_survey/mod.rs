//! SendSurvey: one call starts everything (P04). Whether the survey, the channel and the person allow it is
//! decided here, in one transaction with the session and its first messages (http-api.md 2.3).

mod budget;
mod command;
mod prepare;
mod thread;

use chrono::{Duration, NaiveDateTime};
use serde_json::json;

pub use budget::{BUDGETS, budget_counter, start_of_day};
pub use command::{DAYS_AHEAD_MAX, Draft, SendSurvey};
pub use prepare::{Fault422, Prepared, Unprepared, faults, languages, prepare};

use thread::Thread;

use super::consent;
use super::engine::Engine;
use super::event_kind::EventKind;
use super::idempotency::{Idempotent, Replay};
use super::moment::{Moment, session_mut};
use super::start_session::{Opening, begin};
use super::warning::{Warning, WarningCode};
use crate::clock::Timestamp;
use crate::session::Status;
use crate::store::requests::SendRequestRow;
use crate::store::{AnyConnection, Fault, Json, Keys, SessionRow, Space, StoreError, Work};
pub use crate::survey::{IfOpenSession, Language, Variables};

/// What became of the call.
#[derive(Clone, Debug)]
pub enum Sent {
    /// A new session.
    Created(Box<Created>),
    /// The same call came before: its session as it is now (A03).
    Duplicate {
        /// The first session.
        session_id: String,
        /// The body differs from the first one's.
        differs: bool,
    },
    /// The same `Idempotency-Key` came before: its answer.
    Replayed(Replay),
    /// The state forbids it (409).
    Refused(Refusal),
}

/// A new session with what goes into the answer.
#[derive(Clone, Debug)]
pub struct Created {
    /// The session as stored.
    pub session: SessionRow,
    /// Its messages in order.
    pub messages: Vec<crate::store::messages::MessageRow>,
    /// Older sessions that it ended.
    pub superseded: Vec<String>,
    /// Advice that only the state could give.
    pub warnings: Vec<Warning>,
}

/// Why the state forbids the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Draft or archived (P03).
    SurveyNotActive,
    /// No enabled channel (P02).
    ChannelNotConfigured,
    /// The person said stop (A09).
    RecipientOptedOut,
    /// `require_consent` is set and there is no consent (A09).
    ConsentMissing,
    /// The survey went to this phone lately (A71).
    Quarantined {
        /// When it may go again.
        retry_after: Timestamp,
    },
    /// An open session is in the way (A23).
    OpenSessionExists {
        /// The sessions in the way.
        session_ids: Vec<String>,
    },
    /// The key or the channel has started all surveys it may in a day (GW88).
    BudgetUsedUp {
        /// When the next day begins.
        retry_after: Timestamp,
    },
}

/// The turn of one SendSurvey call.
#[derive(Debug)]
pub struct SendSurveyTurn {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The call with its survey, channel and language resolved.
    pub prepared: Prepared,
    /// The caller's `Idempotency-Key`, if any.
    pub idempotent: Option<Idempotent<Created>>,
}

impl Work for SendSurveyTurn {
    type Output = Sent;

    fn lane_key(&self) -> Option<&str> {
        Some(self.prepared.command.identifier.as_e164())
    }

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        let command = &self.prepared.command;
        let phone = command.identifier.as_e164();
        keys.phones.insert(phone.to_owned());
        if let Some(reference) = &command.client_reference {
            keys.send_requests.insert((
                self.prepared.survey_row.id.clone(),
                phone.to_owned(),
                reference.clone(),
            ));
        }
        if let Some(idempotent) = &self.idempotent {
            keys.idempotency.insert(idempotent.storage_key());
        }
        keys.budgets.extend(self.budget_counters());
        keys.handles.extend(self.prepared.drawn.iter().filter_map(|number| self.suffix_key(number)));
        let now = self.engine.clock.now().naive_utc();
        let memory = self.engine.settings.ended_memory.max(self.prepared.quarantine());
        keys.want_ended_after(now - memory);
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Sent, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        if let Some(idempotent) = &self.idempotent
            && let Some(replay) = idempotent.find(moment.space)
        {
            return Ok(Sent::Replayed(replay));
        }
        if let Some(duplicate) = self.find_duplicate(&moment) {
            return Ok(duplicate);
        }
        let thread = self.pick_thread(&moment);
        if let Some(refusal) = self.find_refusal(&moment, &thread) {
            return Ok(Sent::Refused(refusal));
        }
        let created = self.create(&mut moment, &thread)?;
        if let Some(idempotent) = &self.idempotent {
            idempotent.keep(moment.space, &created, now);
        }
        Ok(Sent::Created(Box::new(created)))
    }
}

impl SendSurveyTurn {
    fn find_duplicate(&self, moment: &Moment<'_>) -> Option<Sent> {
        let command = &self.prepared.command;
        let reference = command.client_reference.clone()?;
        let key = (self.prepared.survey_row.id.clone(), command.identifier.as_e164().to_owned(), reference);
        let row = moment.space.send_requests.get(&key)?;
        let fresh = row.created_at > moment.at() - moment.engine.settings.duplicate_window;
        fresh.then(|| Sent::Duplicate {
            session_id: row.session_id.clone(),
            differs: row.fingerprint != command.body_fingerprint,
        })
    }

    /// In the order of http-api.md 2.3: survey, channel, consent, quarantine, open session; then the day's budgets.
    fn find_refusal(&self, moment: &Moment<'_>, thread: &Thread) -> Option<Refusal> {
        let prepared = &self.prepared;
        if prepared.survey_row.status != "active" {
            return Some(Refusal::SurveyNotActive);
        }
        let Some(channel) = &prepared.channel else {
            return Some(Refusal::ChannelNotConfigured);
        };
        let phone = prepared.command.identifier.as_e164();
        let survey_id = &prepared.survey_row.id;
        if consent::is_stopped(moment.space, phone, Some(survey_id)) {
            return Some(Refusal::RecipientOptedOut);
        }
        if moment.engine.settings.require_consent && !consent::is_given(moment.space, phone, survey_id) {
            return Some(Refusal::ConsentMissing);
        }
        if let Some(retry_after) = self.quarantined_until(moment) {
            return Some(Refusal::Quarantined { retry_after: retry_after.and_utc() });
        }
        let open = self.open_sessions(moment, &channel.row.id, thread);
        let in_the_way = match self.if_open_session() {
            IfOpenSession::Reject => !open.is_empty(),
            IfOpenSession::Queue => {
                let waiting = open.iter().filter(|session| session.status == Status::Pending).count();
                waiting >= moment.engine.settings.queue_max
            }
            IfOpenSession::Supersede | IfOpenSession::Parallel => false,
        };
        let session_ids = open.iter().map(|session| session.id.clone()).collect();
        if in_the_way {
            return Some(Refusal::OpenSessionExists { session_ids });
        }
        let used_up_until = self.budget_used_up_until(moment)?;
        Some(Refusal::BudgetUsedUp { retry_after: used_up_until.and_utc() })
    }

    /// The end of the quarantine of this survey for this phone, if it has one that is still running (A71). Test
    /// sessions neither suffer nor start one.
    fn quarantined_until(&self, moment: &Moment<'_>) -> Option<NaiveDateTime> {
        let quarantine = self.prepared.quarantine();
        if quarantine <= Duration::zero() || self.prepared.command.is_test {
            return None;
        }
        let phone = self.prepared.command.identifier.as_e164();
        moment
            .space
            .sessions_of(phone)
            .filter(|session| session.survey_id == self.prepared.survey_row.id && !session.is_test)
            .filter(|session| !matches!(session.status, Status::Failed | Status::Cancelled))
            .map(|session| session.created_at + quarantine)
            .filter(|until| *until > moment.at())
            .max()
    }

    fn if_open_session(&self) -> IfOpenSession {
        let wish = self.prepared.command.if_open_session;
        wish.unwrap_or(self.prepared.survey.settings.if_open_session)
    }

    /// Open sessions that share this phone and sender; with subnumbers sessions always live in parallel (A22,
    /// A23), and those that have a number of their own are in nobody's way (GW54).
    fn open_sessions<'a>(
        &self,
        moment: &'a Moment<'_>,
        channel_id: &str,
        thread: &Thread,
    ) -> Vec<&'a SessionRow> {
        if thread.is_apart() {
            return Vec::new();
        }
        moment
            .space
            .sessions_of(self.prepared.command.identifier.as_e164())
            .filter(|session| session.status.is_open() && session.channel_id == channel_id)
            .filter(|session| session.subnumber.is_none())
            .filter(|session| session.status == Status::Pending || !is_expired(session, moment.at()))
            .collect()
    }

    fn create(&self, moment: &mut Moment<'_>, thread: &Thread) -> Result<Created, Fault> {
        let at = moment.at();
        let id = moment.id();
        let channel_id =
            self.prepared.channel.as_ref().map(|channel| channel.row.id.clone()).unwrap_or_default();
        self.expire_overdue(moment, &channel_id)?;
        let mut warnings = Vec::new();
        let others: Vec<String> = self
            .open_sessions(moment, &channel_id, thread)
            .iter()
            .map(|session| session.id.clone())
            .collect();
        let mut superseded = Vec::new();
        let mut slot = if thread.is_apart() { id.clone() } else { String::new() };
        let mut queued = false;
        if !others.is_empty() {
            let listed = others.join(", ");
            match self.if_open_session() {
                IfOpenSession::Supersede | IfOpenSession::Reject => {
                    for other in &others {
                        moment.close_session(other, Status::Superseded, Some("newer_session"))?;
                    }
                    warnings.push(Warning::new(
                        WarningCode::SessionSuperseded,
                        "",
                        format!("ended the open session {listed}"),
                    ));
                    superseded = others;
                }
                IfOpenSession::Queue => {
                    queued = true;
                    warnings.push(Warning::new(
                        WarningCode::SessionQueued,
                        "",
                        format!("waits for the open session {listed}"),
                    ));
                }
                IfOpenSession::Parallel => {
                    slot.clone_from(&id);
                    warnings.push(Warning::new(
                        WarningCode::OpenSessionExists,
                        "",
                        format!("also open: {listed}; a reply goes to the one asked last"),
                    ));
                }
            }
        } else if self.if_open_session() == IfOpenSession::Parallel {
            slot.clone_from(&id);
        }
        let mut row = self.session_row(moment, &id, &channel_id, slot, queued)?;
        row.subnumber = thread.subnumber().map(str::to_owned);
        moment.space.add_session(row);
        self.keep_suffix(moment, &id, thread);
        self.charge(moment);
        consent::touch_contact(
            moment,
            self.prepared.command.identifier.as_e164(),
            Some(self.prepared.language.code()),
        );
        self.keep_request(moment, &id, at);
        moment.record_event(
            EventKind::SessionCreated,
            Some(&id),
            &json!({"surveyId": self.prepared.survey_row.id}),
        )?;
        if !queued && self.prepared.command.send_at.is_none() {
            begin(moment, &id)?;
        }
        let session = session_mut(moment.space, &id)?.clone();
        let messages = moment.space.messages_of(&id).cloned().collect();
        Ok(Created { session, messages, superseded, warnings })
    }

    /// The sweeper may be late; an expired session must not hold the open slot (A30).
    fn expire_overdue(&self, moment: &mut Moment<'_>, channel_id: &str) -> Result<(), Fault> {
        let at = moment.at();
        let overdue: Vec<String> = moment
            .space
            .sessions_of(self.prepared.command.identifier.as_e164())
            .filter(|session| session.channel_id == channel_id && session.status == Status::Active)
            .filter(|session| is_expired(session, at))
            .map(|session| session.id.clone())
            .collect();
        for id in overdue {
            super::expire_sessions::expire(moment, &id)?;
        }
        Ok(())
    }

    fn session_row(
        &self,
        moment: &Moment<'_>,
        id: &str,
        channel_id: &str,
        slot: String,
        queued: bool,
    ) -> Result<SessionRow, Fault> {
        let prepared = &self.prepared;
        let command = &prepared.command;
        let at = moment.at();
        let expiry = prepared.survey.settings.expiry;
        let opening = Opening {
            content: command.content.clone(),
            expiry_seconds: command.expiry.is_none().then(|| expiry.num_seconds()),
            slot,
        };
        let opening = serde_json::to_string(&opening).map_err(|error| Fault::Invariant(error.to_string()))?;
        let send_at = command.send_at.map(|instant| instant.naive_utc());
        let expires_at = command.expiry.map(|instant| instant.naive_utc());
        Ok(SessionRow {
            id: id.to_owned(),
            survey_id: prepared.survey_row.id.clone(),
            revision: prepared.revision,
            status: Status::Pending,
            status_reason: Some(if queued { "open_session" } else { "send_at" }.to_owned()),
            origin: prepared.origin.to_owned(),
            phone: command.identifier.as_e164().to_owned(),
            channel_id: channel_id.to_owned(),
            language: prepared.language.code().to_owned(),
            client_reference: command.client_reference.clone(),
            variables: Json::of(command.variables.clone()),
            opening: Some(opening),
            progress: None,
            appending_until: None,
            current_element_id: None,
            prompt_id: None,
            sms_session: None,
            subnumber: None,
            open_slot: None,
            next_sequence: 1,
            answers_count: 0,
            events_count: 0,
            is_test: command.is_test,
            halted_at: None,
            faults: 0,
            inbound_count: 0,
            unavailable_count: 0,
            handed_over_at: None,
            wake_at: send_at.into_iter().chain(expires_at).min(),
            send_at,
            created_at: at,
            started_at: None,
            expires_at,
            closed_at: None,
            updated_at: at,
            version: 0,
        })
    }

    fn keep_request(&self, moment: &mut Moment<'_>, session_id: &str, at: NaiveDateTime) {
        let command = &self.prepared.command;
        let Some(reference) = &command.client_reference else {
            return;
        };
        let row = SendRequestRow {
            survey_id: self.prepared.survey_row.id.clone(),
            phone: command.identifier.as_e164().to_owned(),
            client_reference: reference.clone(),
            session_id: session_id.to_owned(),
            fingerprint: command.body_fingerprint.clone(),
            created_at: at,
        };
        let key = (row.survey_id.clone(), row.phone.clone(), row.client_reference.clone());
        moment.space.send_requests.put(key, row);
    }
}

/// Whether a session's time is over, whatever the sweeper has done (A30).
#[must_use]
pub fn is_expired(session: &SessionRow, at: NaiveDateTime) -> bool {
    session.expires_at.is_some_and(|expiry| expiry <= at)
}
