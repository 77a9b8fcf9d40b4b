//! One inbound SMS, one turn (A83): dedupe, keywords, correlation, the interpreter, the next messages, and the
//! inbound itself with its outcome, all in one transaction. Precedence as A59.

mod keyword;
mod stray;

use chrono::{Duration, NaiveDateTime};
use sha2::{Digest, Sha256};

pub use keyword::apply_stop;

use super::apply_turn::{Applied, Cause, apply_turn, prove_sends};
use super::channels::Channel;
use super::engine::Engine;
use super::expire_sessions::{expire, survey_of};
use super::moment::{Moment, priority, session_mut};
use super::send_survey::is_expired;
use super::{consent, zone};
use crate::clock::Timestamp;
use crate::phone::Phone;
use crate::session::correlate::{Candidate, Match, Thread, correlate};
use crate::session::{Inbound, MessageState, Outcome, Status};
use crate::store::inbound::InboundRow;
use crate::store::{AnyConnection, Fault, HandleRow, Keys, SessionRow, Space, StoreError, Work};
use crate::survey::expr::Facts;
use crate::survey::messages::SessionText;
use crate::survey::{Kind, Language, Survey, prompt, turn};

/// Raw text kept of an inbound, in characters (A41).
const RAW_MAX: usize = 10_000;

/// An inbound SMS as the edge understood it.
#[derive(Clone, Debug)]
pub struct InboundMessage {
    /// The gateway's configured name.
    pub gateway: String,
    /// The gateway's id of it; repeated ids have no second effect (RF17).
    pub provider_id: Option<String>,
    /// The sender as given.
    pub from: String,
    /// The receiving number as given: opaque (GW55).
    pub to: String,
    /// The text as given.
    pub text: String,
    /// The gateway's session handle.
    pub handle: Option<String>,
    /// The gateway's time; kept, never used to decide (GW6).
    pub provider_at: Option<Timestamp>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The stored inbound; the first one for a repeat.
    pub inbound_id: String,
    /// `None` for a repeat.
    pub outcome: Option<Outcome>,
    /// The session it belonged to.
    pub session_id: Option<String>,
}

/// The turn of one inbound.
#[derive(Debug)]
pub struct ReceiveMessage {
    engine: Engine,
    message: InboundMessage,
    id: String,
    recv_seq: i64,
    received_at: Timestamp,
    phone: Option<Phone>,
    receiving: Option<(std::sync::Arc<Channel>, Option<String>)>,
    weak_key: Option<String>,
    /// The turn is run again for an inbound that is stored already (RE33).
    is_replay: bool,
}

/// What the turn decided about the inbound.
struct Verdict {
    outcome: Outcome,
    reason: Option<&'static str>,
    session_id: Option<String>,
    error: Option<String>,
}

impl Verdict {
    fn new(outcome: Outcome, reason: Option<&'static str>) -> Self {
        Self { outcome, reason, session_id: None, error: None }
    }

    fn of(outcome: Outcome, reason: Option<&'static str>, session_id: &str) -> Self {
        Self { session_id: Some(session_id.to_owned()), ..Self::new(outcome, reason) }
    }
}

impl ReceiveMessage {
    /// Takes an inbound in: its place in the one sequence and its time are fixed here, before it waits for the
    /// writer (RE8).
    #[must_use]
    pub fn new(engine: &Engine, message: InboundMessage) -> Self {
        let received_at = engine.clock.now();
        let phone = Phone::correlation(&message.from);
        let receiving = engine.channels.receiving(&message.gateway, &message.to);
        let weak_key = message.provider_id.is_none().then(|| weak_key(&message));
        Self {
            id: engine.ids.next(received_at),
            recv_seq: engine.store.next_seq(),
            engine: engine.clone(),
            received_at,
            phone,
            receiving,
            weak_key,
            message,
            is_replay: false,
        }
    }

    /// Takes a dead letter in again, at its first place in the one sequence (RE33).
    #[must_use]
    pub fn again(engine: &Engine, message: InboundMessage, row: &InboundRow) -> Self {
        Self {
            engine: engine.clone(),
            id: row.id.clone(),
            recv_seq: row.recv_seq,
            received_at: row.received_at.and_utc(),
            phone: Phone::correlation(&message.from),
            receiving: engine.channels.receiving(&message.gateway, &message.to),
            weak_key: row.weak_key.clone(),
            message,
            is_replay: true,
        }
    }

    /// The sender as it is stored: the normal form of a number, else the text as given.
    fn sender(&self) -> &str {
        self.phone.as_ref().map_or(self.message.from.as_str(), Phone::as_e164)
    }

    /// The handle the gateway names, else the suffix behind our short number (GW50).
    fn handle(&self) -> Option<&str> {
        let named = self.message.handle.as_deref().filter(|handle| !handle.is_empty());
        named.or_else(|| self.receiving.as_ref().and_then(|(_, suffix)| suffix.as_deref()))
    }

    fn row(&self, verdict: &Verdict, session_version: Option<i32>) -> InboundRow {
        InboundRow {
            id: self.id.clone(),
            gateway: self.message.gateway.clone(),
            channel_id: self.receiving.as_ref().map(|(channel, _)| channel.row.id.clone()),
            provider_id: self.message.provider_id.clone(),
            weak_key: self.weak_key.clone(),
            recv_seq: self.recv_seq,
            received_at: self.received_at.naive_utc(),
            provider_at: self.message.provider_at.map(|at| at.naive_utc()),
            sender: self.sender().to_owned(),
            destination: self.message.to.clone(),
            handle: self.handle().map(str::to_owned),
            body: self.message.text.chars().filter(|c| *c != '\0').take(RAW_MAX).collect(),
            raw: None,
            outcome: verdict.outcome,
            outcome_reason: verdict.reason.map(str::to_owned),
            session_id: verdict.session_id.clone(),
            session_version,
            error: verdict.error.clone(),
            resolved_at: None,
            resolution: None,
        }
    }

    fn repeat(&self, space: &Space) -> Option<Received> {
        if self.is_replay {
            return None;
        }
        let inbound_id = match (&self.message.provider_id, &self.weak_key) {
            (Some(provider_id), _) => space.seen_inbound(&self.message.gateway, provider_id)?.to_owned(),
            (None, Some(weak_key)) => self.weak_repeat(space, weak_key)?,
            (None, None) => return None,
        };
        Some(Received { inbound_id, outcome: None, session_id: None })
    }

    /// RF18: equal text without an id within 5 minutes, and nothing was sent to the session in between.
    fn weak_repeat(&self, space: &Space, weak_key: &str) -> Option<String> {
        let earlier = space
            .weak_matches(weak_key)
            .iter()
            .rev()
            .find(|found| found.received_at > self.received_at.naive_utc() - Duration::minutes(5))?;
        let sent_since = earlier.session_id.as_deref().is_some_and(|session_id| {
            space.sessions.get(session_id).is_none_or(|session| {
                session.handed_over_at.is_some_and(|at| at >= earlier.received_at)
                    || space
                        .messages_of(session_id)
                        .any(|message| message.send_seq.is_some_and(|seq| seq > earlier.recv_seq))
            })
        });
        (!sent_since).then(|| earlier.id.clone())
    }
}

impl Work for ReceiveMessage {
    type Output = Received;

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        if let Some(provider_id) = &self.message.provider_id {
            keys.provider_ids.insert((self.message.gateway.clone(), provider_id.clone()));
        }
        if let Some(phone) = &self.phone {
            keys.phones.insert(phone.as_e164().to_owned());
        }
        keys.weak_keys.extend(self.weak_key.clone());
        if let Some(handle) = self.handle() {
            keys.handles.insert((self.message.gateway.clone(), handle.to_owned()));
        }
        if let Some((channel, _)) = &self.receiving {
            keys.counters.insert(stray::not_found_counter(&channel.row.id));
        }
        keys.want_ended_after(self.received_at.naive_utc() - self.engine.settings.ended_memory);
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Received, Fault> {
        if let Some(repeat) = self.repeat(space) {
            return Ok(repeat);
        }
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let verdict = self.decide(&mut moment)?;
        self.store(&mut moment, &verdict)
    }

    /// The turn is undone, the inbound stays as a dead letter with its error, and the session counts the fault:
    /// three halt it (RE9).
    fn bury(&mut self, space: &mut Space, now: Timestamp, fault: &Fault) -> Result<Received, Fault> {
        if let Some(repeat) = self.repeat(space) {
            return Ok(repeat);
        }
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let session_id = match self.find(&moment) {
            Match::Open { id, .. } => Some(id),
            Match::Ended { .. } | Match::AnotherPhone | Match::StaleThread | Match::Nothing => None,
        };
        if let Some(id) = &session_id {
            let at = moment.at();
            let faults_max = engine.settings.faults_max;
            let session = session_mut(moment.space, id)?;
            session.faults += 1;
            session.updated_at = at;
            if session.faults >= faults_max && session.halted_at.is_none() {
                session.halted_at = Some(at);
                tracing::error!(session_id = %id, "the session is halted after {faults_max} faulting turns");
            }
        }
        tracing::error!(inbound_id = %self.id, error = %fault, "a turn faulted; its inbound is a dead letter");
        let verdict = Verdict {
            session_id,
            error: Some(fault.to_string()),
            ..Verdict::new(Outcome::Dead, Some("fault"))
        };
        self.store(&mut moment, &verdict)
    }
}

impl ReceiveMessage {
    fn store(&self, moment: &mut Moment<'_>, verdict: &Verdict) -> Result<Received, Fault> {
        let mut version = None;
        if let Some(id) = &verdict.session_id
            && moment.space.sessions.get(id).is_some()
        {
            let session = session_mut(moment.space, id)?;
            session.inbound_count += 1;
            version = Some(session.version);
        }
        let row = self.row(verdict, version);
        if self.is_replay {
            moment.space.inbound.overwrite(row.id.clone(), row);
        } else {
            moment.space.add_inbound(row);
        }
        moment.engine.metrics.inbound(&self.message.gateway, verdict.outcome.as_str());
        Ok(Received {
            inbound_id: self.id.clone(),
            outcome: Some(verdict.outcome),
            session_id: verdict.session_id.clone(),
        })
    }

    /// A59: keyword, then session by thread, open session by phone, ended session, not found.
    fn decide(&self, moment: &mut Moment<'_>) -> Result<Verdict, Fault> {
        let Some((channel, _)) = self.receiving.clone() else {
            return Ok(Verdict {
                error: Some(format!("no channel has the number {}", self.message.to)),
                ..Verdict::new(Outcome::Dead, Some("unknown_destination"))
            });
        };
        let Some(phone) = self.phone.clone() else {
            return Ok(Verdict::new(Outcome::Unmatched, Some("sender_cannot_be_answered")));
        };
        consent::touch_contact(moment, phone.as_e164(), None);
        let found = self.find(moment);
        let stopped = !consent::stopped_scopes(moment.space, phone.as_e164()).is_empty();
        let free_text = asks_free_text(moment, &found)?;
        match channel.keywords.triage(&self.message.text, stopped, free_text) {
            Some(Inbound::Command(command)) => {
                return self.obey(moment, &channel, &phone, &found, &command);
            }
            Some(Inbound::Noise(noise)) => return Ok(ignored(&found, noise.as_str())),
            None => {}
        }
        if is_silenced(moment, &phone, &found) {
            return Ok(ignored(&found, "opted_out"));
        }
        match found {
            Match::Open { id, is_ambiguous, adopts_thread } => {
                if adopts_thread {
                    self.adopt_thread(moment, &id)?;
                }
                self.answer(moment, &id, &phone, is_ambiguous)
            }
            Match::Ended { id } => self.late(moment, &channel, &phone, &id),
            Match::AnotherPhone => {
                tracing::warn!(inbound_id = %self.id, "correlation_mismatch: the thread belongs to another phone");
                self.not_found(moment, &channel, &phone, "correlation_mismatch")
            }
            Match::StaleThread => self.not_found(moment, &channel, &phone, "stale_thread"),
            Match::Nothing => self.not_found(moment, &channel, &phone, "no_session"),
        }
    }

    /// gateways.md 3.3 with the rows of this phone.
    fn find(&self, moment: &Moment<'_>) -> Match {
        let (Some(phone), Some((channel, _))) = (&self.phone, &self.receiving) else {
            return Match::Nothing;
        };
        let thread = match self.handle() {
            None => Thread::Plain,
            Some(handle) => {
                let key = (self.message.gateway.clone(), handle.to_owned());
                match moment.space.handles.get(&key) {
                    Some(row) if row.phone == phone.as_e164() => Thread::Known(row.session_id.clone()),
                    Some(_) => Thread::OfAnotherPhone,
                    None => Thread::Unknown,
                }
            }
        };
        let cross_channel = moment.engine.settings.cross_channel_lookup || matches!(thread, Thread::Known(_));
        let oldest_end = moment.at() - moment.engine.settings.ended_memory;
        let candidates: Vec<Candidate> = moment
            .space
            .sessions_of(phone.as_e164())
            .filter(|session| cross_channel || session.channel_id == channel.row.id)
            .filter(|session| session.closed_at.is_none_or(|closed| closed > oldest_end))
            .map(|session| candidate(moment, session))
            .collect();
        correlate(&thread, &candidates)
    }

    fn adopt_thread(&self, moment: &mut Moment<'_>, session_id: &str) -> Result<(), Fault> {
        let (Some(handle), Some(phone)) = (self.handle(), &self.phone) else {
            return Ok(());
        };
        let row = HandleRow {
            gateway: self.message.gateway.clone(),
            handle: handle.to_owned(),
            session_id: session_id.to_owned(),
            phone: phone.as_e164().to_owned(),
            created_at: moment.at(),
        };
        moment.space.add_handle(row);
        session_mut(moment.space, session_id)?.sms_session = Some(handle.to_owned());
        Ok(())
    }

    /// A reply to an open session (P51–P63).
    fn answer(
        &self,
        moment: &mut Moment<'_>,
        session_id: &str,
        phone: &Phone,
        is_ambiguous: bool,
    ) -> Result<Verdict, Fault> {
        let session = session_mut(moment.space, session_id)?.clone();
        if session.halted_at.is_some() {
            return Ok(Verdict {
                error: Some("the session is halted until an operator releases it".to_owned()),
                ..Verdict::of(Outcome::Dead, Some("halted"), session_id)
            });
        }
        if session.inbound_count >= moment.engine.settings.inbound_per_session {
            return Ok(Verdict::of(Outcome::Ignored, Some("inbound_cap"), session_id));
        }
        let survey = survey_of(moment, session_id)?;
        let progress = session
            .progress()
            .map_err(Fault::Store)?
            .ok_or_else(|| Fault::Invariant(format!("active session {session_id} has no progress")))?;
        if progress.muted {
            return Ok(Verdict::of(Outcome::Ignored, Some("muted"), session_id));
        }
        let early = !self.is_after_prompt(moment, &session);
        prove_sends(moment, session_id, self.recv_seq)?;
        let variables = session.variables().map_err(Fault::Store)?;
        let zone = zone::of_phone(phone, moment.engine.settings.default_timezone);
        let reply = turn::Reply {
            raw: &self.message.text,
            early,
            today: zone::today(zone, moment.now),
            variables: &variables,
        };
        let turn = turn::reply(&survey, progress, &reply, moment.now)
            .map_err(|error| Fault::Invariant(error.to_string()))?;
        let cause = Cause { inbound_id: Some(self.id.clone()), priority: priority::REPLY, not_before: None };
        let applied = apply_turn(moment, session_id, &survey, turn, &cause)?;
        Ok(Verdict::of(outcome_of(&applied), reason_of(&applied, is_ambiguous), session_id))
    }

    /// RE11: only what was received after the first send of this visit's question started is an answer to it.
    fn is_after_prompt(&self, moment: &Moment<'_>, session: &SessionRow) -> bool {
        let prompt = session.prompt_id.as_ref().and_then(|id| moment.space.messages.get(id));
        prompt.and_then(|prompt| prompt.send_seq).is_some_and(|send_seq| self.recv_seq > send_seq)
    }
}

fn outcome_of(applied: &Applied) -> Outcome {
    match (applied.had_effect, applied.was_extra) {
        (true, _) => Outcome::Applied,
        (false, true) => Outcome::Extra,
        (false, false) => Outcome::Ignored,
    }
}

fn reason_of(applied: &Applied, is_ambiguous: bool) -> Option<&'static str> {
    match (applied.refused, &applied.correction_of, is_ambiguous) {
        (Some(reason), _, _) => Some(reason),
        (None, Some(_), _) => Some("correction"),
        (None, None, true) => Some("ambiguous_session"),
        (None, None, false) => None,
    }
}

/// Whether a stop covers what this text would reach: everything for a global stop, else its survey (A58).
fn is_silenced(moment: &Moment<'_>, phone: &Phone, found: &Match) -> bool {
    let survey = session_of(found).and_then(|id| moment.space.sessions.get(id));
    consent::is_stopped(moment.space, phone.as_e164(), survey.map(|session| session.survey_id.as_str()))
}

fn ignored(found: &Match, reason: &'static str) -> Verdict {
    match session_of(found) {
        Some(id) => Verdict::of(Outcome::Ignored, Some(reason), id),
        None => Verdict::new(Outcome::Ignored, Some(reason)),
    }
}

/// Whether the open question is a free text: there a start such as "I'm driving" may be an answer (N13).
fn asks_free_text(moment: &Moment<'_>, found: &Match) -> Result<bool, Fault> {
    let Match::Open { id, .. } = found else {
        return Ok(false);
    };
    let survey = survey_of(moment, id)?;
    let current = moment.space.sessions.get(id).and_then(|session| session.current_element_id.as_deref());
    let element = current.and_then(|element| survey.element(element));
    Ok(element.is_some_and(|element| matches!(element.kind, Kind::FreeText { .. })))
}

fn session_of(found: &Match) -> Option<&str> {
    match found {
        Match::Open { id, .. } | Match::Ended { id } => Some(id),
        Match::AnotherPhone | Match::StaleThread | Match::Nothing => None,
    }
}

fn candidate(moment: &Moment<'_>, session: &SessionRow) -> Candidate {
    let at: NaiveDateTime = moment.at();
    let prompt = session.prompt_id.as_ref().and_then(|id| moment.space.messages.get(id));
    let uncertain = |state: MessageState| matches!(state, MessageState::Sending | MessageState::Unknown);
    Candidate {
        id: session.id.clone(),
        channel_id: session.channel_id.clone(),
        is_open: session.status == Status::Active && !is_expired(session, at),
        is_waiting: session.status == Status::Pending,
        has_thread: session.sms_session.is_some(),
        has_uncertain_send: moment.space.messages_of(&session.id).any(|message| uncertain(message.state)),
        asked_at: prompt.map_or(session.created_at, |prompt| prompt.started_at.unwrap_or(prompt.due_at)),
        ended_at: session.closed_at.or(session.expires_at).unwrap_or(session.updated_at),
    }
}

/// Hash of gateway, sender, destination and text: finds an exact repeat without an id (RE5).
fn weak_key(message: &InboundMessage) -> String {
    let parts = [&message.gateway, &message.from, &message.to, &message.text];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(16).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// A text about the session as a whole, with its placeholders filled.
fn session_text(
    moment: &Moment<'_>,
    session_id: &str,
    survey: &Survey,
    key: SessionText,
) -> Result<String, Fault> {
    let session = moment
        .space
        .sessions
        .get(session_id)
        .ok_or_else(|| Fault::Invariant(format!("session {session_id} is not loaded")))?;
    let given = session.progress().map_err(Fault::Store)?.map(|progress| progress.given).unwrap_or_default();
    let variables = session.variables().map_err(Fault::Store)?;
    let language = Language::parse(&session.language).map_err(|error| Fault::Invariant(error.to_string()))?;
    let facts = Facts { survey, given: &given, variables: &variables, language: &language };
    Ok(prompt::session_text(&facts, key))
}

/// Ends a session that was found past its expiry, before its texts are chosen.
fn relabel_expired(moment: &mut Moment<'_>, session_id: &str) -> Result<(), Fault> {
    let session = session_mut(moment.space, session_id)?;
    if session.status.is_open() && is_expired(session, moment.now.naive_utc()) {
        expire(moment, session_id)?;
    }
    Ok(())
}
