//! One inbound SMS, one turn (A83): dedupe, keywords, correlation, the interpreter, the next messages, and the
//! inbound itself with its outcome, all in one transaction. Precedence as A59.

mod answer;
mod decide;
mod find;
mod flags;
mod fragment;
mod keyword;
mod repeat;
mod robot;
mod stray;
mod verdict;
mod wording;

use std::sync::Arc;

pub use flags::{flags_json, read_flags};

use super::channels::Channel;
use super::engine::Engine;
use super::moment::{Moment, session_mut};
use crate::clock::Timestamp;
use crate::gateway::{Flag, Intent};
use crate::phone::Phone;
use crate::session::Outcome;
use crate::session::correlate::Match;
use crate::store::inbound::InboundRow;
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};
use repeat::weak_key;
use verdict::Verdict;

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
    /// The gateway's id of the SMS of ours that it answers (3.3 step 3).
    pub reply_to: Option<String>,
    /// What the gateway takes it for (GW64).
    pub intent: Option<Intent>,
    /// The gateway's time; kept, never used to decide (GW6).
    pub provider_at: Option<Timestamp>,
    /// What was odd about it, as the gateway's reader saw it (RF35, GW5).
    pub flags: Vec<Flag>,
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
    receiving: Option<(Arc<Channel>, Option<String>)>,
    weak_key: Option<String>,
    origin: Origin,
}

/// Where the turn of a text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// It was just received.
    Callback,
    /// Its parts were stored before (GW44).
    Parts,
    /// It is run again for an inbound that is stored already (RE33).
    Replay,
}

impl ReceiveMessage {
    /// Takes an inbound in: its place in the one sequence and its time are fixed before it waits for a writer
    /// (RE8).
    #[must_use]
    pub fn new(engine: &Engine, message: InboundMessage, place: i64) -> Self {
        let received_at = engine.clock.now();
        let phone = Phone::correlation(&message.from);
        let receiving = engine.channels.receiving(&message.gateway, &message.to);
        let weak_key = message.provider_id.is_none().then(|| weak_key(&message));
        Self {
            id: engine.ids.next(received_at),
            recv_seq: place,
            engine: engine.clone(),
            received_at,
            phone,
            receiving,
            weak_key,
            message,
            origin: Origin::Callback,
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
            origin: Origin::Replay,
        }
    }

    /// Takes in a text whose parts are stored, at the place in the one sequence at which the first of them came.
    #[must_use]
    pub fn joined(engine: &Engine, message: InboundMessage, recv_seq: i64, received_at: Timestamp) -> Self {
        let turn = Self::new(engine, message, recv_seq);
        Self { received_at, weak_key: None, origin: Origin::Parts, ..turn }
    }

    /// Stores a part that came after its text was joined; nothing else happens (GW44).
    ///
    /// # Errors
    /// [`Fault`] when a row is missing.
    pub fn keep_extra(
        &self,
        moment: &mut Moment<'_>,
        reason: &'static str,
        session_id: Option<String>,
    ) -> Result<Received, Fault> {
        self.store(moment, &Verdict { session_id, ..Verdict::new(Outcome::Extra, Some(reason)) })
    }

    /// The sender as it is stored: the normal form of a number, else the text as given.
    fn sender(&self) -> &str {
        self.phone.as_ref().map_or(self.message.from.as_str(), Phone::as_e164)
    }

    /// The handle of the gateway's session.
    fn named_handle(&self) -> Option<&str> {
        let named = self.message.handle.as_deref().filter(|handle| !handle.is_empty());
        // An inbound that is read from its row has the subnumber in the same column.
        named.filter(|handle| Some(*handle) != self.subnumber())
    }

    /// The number that was texted, if it is one that we pick for sessions (GW8), without spaces and `+`.
    fn subnumber(&self) -> Option<&str> {
        self.receiving.as_ref().and_then(|(_, subnumber)| subnumber.as_deref())
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
            handle: self.named_handle().or_else(|| self.subnumber()).map(str::to_owned),
            body: self.message.text.chars().filter(|c| *c != '\0').take(RAW_MAX).collect(),
            raw: None,
            flags: self.flags(verdict),
            outcome: verdict.outcome,
            outcome_reason: verdict.reason.map(str::to_owned),
            session_id: verdict.session_id.clone(),
            session_version,
            error: verdict.error.clone(),
            resolved_at: None,
            resolution: None,
        }
    }
}

impl Work for ReceiveMessage {
    type Output = Received;

    fn lane_key(&self) -> Option<&str> {
        Some(self.sender())
    }

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        if let Some(provider_id) = &self.message.provider_id {
            keys.provider_ids.insert((self.message.gateway.clone(), provider_id.clone()));
        }
        if let Some(phone) = &self.phone {
            keys.phones.insert(phone.as_e164().to_owned());
        }
        keys.weak_keys.extend(self.weak_key.clone());
        keys.external_ids.extend(self.message.reply_to.clone());
        for handle in self.named_handle().into_iter().chain(self.subnumber()) {
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
        let turn = &*self;
        let mut moment = Moment { engine: &turn.engine, space, now };
        let verdict = turn.decide(&mut moment)?;
        turn.store(&mut moment, &verdict)
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
    /// The inbound with its outcome, and what its session counts.
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
        if self.origin == Origin::Replay {
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
}
