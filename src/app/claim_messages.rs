//! Claims due messages for sending: one short transaction that checks everything a send depends on at the last
//! moment (RE16). It sends nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{Duration, NaiveDateTime};

use super::channels::Channel;
use super::consent;
use super::draw_tokens::{Tokens, gateway_buckets};
use super::engine::Engine;
use super::expire_sessions::survey_of;
use super::moment::{Moment, message_mut, priority, start_of_hour};
use super::permitted_hours::{Errand, Permitted, permitted, permitted_proactive};
use super::wait_for_delivery;
use crate::clock::Timestamp;
use crate::phone::Phone;
use crate::session::{MessageState, Status};
use crate::store::messages::{AttemptRow, MessageRow};
use crate::store::{AnyConnection, ClaimWish, Fault, Keys, SessionRow, Space, StoreError, Work};
use crate::survey::Survey;

/// The kind of the one text that may still go to somebody who said stop (A57).
const STOP_CONFIRMATION: &str = "opted_out";

/// A message whose send may start now.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The message as claimed; its `lease_token` and `attempts` name this try.
    pub message: MessageRow,
    /// The channel it leaves by.
    pub channel: Arc<Channel>,
    /// The number it is sent from: the session's subnumber, else the channel's sender (GW53, GW54).
    pub sender: String,
    /// The gateway session it belongs to.
    pub thread: ThreadWish,
}

/// How a send uses the gateway's sessions (GW51).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThreadWish {
    /// Without one.
    Plain,
    /// A new one is wanted.
    New,
    /// It belongs to this one.
    Known(String),
}

/// The claim of whatever is due.
#[derive(Debug)]
pub struct ClaimMessages {
    /// Shared parts of the server.
    pub engine: Engine,
    /// Sends that may start now, by channel; none for one that is paused, whose circuit is open, or that has as
    /// many sends in flight as it may (RF10). A channel that is not named may send as it likes.
    pub room: BTreeMap<String, usize>,
    /// Gateways that get one message and no more, by whichever of their channels: it shows whether they are back.
    pub probed: BTreeSet<String>,
}

impl ClaimMessages {
    /// A claim within the room that each channel has.
    #[must_use]
    pub fn new(engine: &Engine, room: BTreeMap<String, usize>) -> Self {
        Self { engine: engine.clone(), room, probed: BTreeSet::new() }
    }
}

impl Work for ClaimMessages {
    type Output = Vec<Claimed>;

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        let closed = self.room.iter().filter(|(_, room)| **room == 0).map(|(channel, _)| channel.clone());
        keys.want_claim(ClaimWish {
            closed: closed.collect(),
            claim_max: i64::try_from(self.engine.settings.claim_batch).unwrap_or(i64::MAX),
            unreported_since: wait_for_delivery::unreported_since(&self.engine),
            gateway_buckets: (self.engine.channels.all().iter())
                .filter(|channel| channel.rate.is_some())
                .map(|channel| (channel.row.id.clone(), gateway_buckets(channel)))
                .collect(),
        });
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Vec<Claimed>, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let mut claim = Claim { room: self.room.clone(), tokens: Tokens::default(), probed: &self.probed };
        let mut claimed = Vec::new();
        for id in moment.space.candidates().to_vec() {
            if let Some(one) = claim.one(&mut moment, &id)? {
                claimed.push(one);
            }
        }
        Ok(claimed)
    }
}

/// The state of one claim.
struct Claim<'a> {
    /// Sends that may still start, by channel.
    room: BTreeMap<String, usize>,
    /// What it has drawn from the buckets of channels and gateways.
    tokens: Tokens,
    /// Gateways that get one message.
    probed: &'a BTreeSet<String>,
}

impl Claim<'_> {
    fn one(&mut self, moment: &mut Moment<'_>, id: &str) -> Result<Option<Claimed>, Fault> {
        let Some(message) = moment.space.messages.get(id).cloned() else {
            return Ok(None);
        };
        let at = moment.at();
        let full = self.room.get(&message.channel_id).is_some_and(|room| *room == 0);
        if full || message.state != MessageState::Due || message.due_at > at {
            return Ok(None);
        }
        let session = message.session_id.as_ref().and_then(|id| moment.space.sessions.get(id)).cloned();
        if is_blocked(moment, &message) {
            return Ok(None);
        }
        if message.ttl_at <= at {
            moment.move_message(id, MessageState::Expired, Some("time_to_live"))?;
            return Ok(None);
        }
        if let Some(session) = &session
            && !may_send_for(moment, &message, session)?
        {
            return Ok(None);
        }
        if let Permitted::From(opening) = when_proactive_permitted(moment, &message) {
            put_off(moment, id, opening)?;
            return Ok(None);
        }
        let survey_id = session.as_ref().map(|session| session.survey_id.as_str());
        if message.kind != STOP_CONFIRMATION && consent::is_stopped(moment.space, &message.phone, survey_id) {
            moment.move_message(id, MessageState::Cancelled, Some("opted_out"))?;
            return Ok(None);
        }
        let Some(channel) = moment.engine.channels.get(&message.channel_id).filter(|c| c.row.enabled) else {
            moment.move_message(id, MessageState::Held, Some("channel_disabled"))?;
            return Ok(None);
        };
        if let Some(until) = wait_for_delivery::waits_until(moment, &message, &channel) {
            // A report ends this wait early, and those behind it go on from there.
            put_off_alone(moment, id, until)?;
            return Ok(None);
        }
        if let Some(until) = closed_until(moment, &message) {
            put_off(moment, id, until)?;
            return Ok(None);
        }
        let subnumber = session.as_ref().and_then(|session| session.subnumber.clone());
        let sender = subnumber.unwrap_or_else(|| channel.row.sender.clone());
        if let Some(until) = self.tokens.draw(moment, &message, &channel, &sender) {
            put_off(moment, id, until)?;
            return Ok(None);
        }
        self.fill(moment, &channel);
        start(moment, &message, session.as_ref(), channel, sender).map(Some)
    }

    /// The message takes its place among the sends in flight; if it is the probe, there is no other place.
    fn fill(&mut self, moment: &Moment<'_>, channel: &Channel) {
        if let Some(room) = self.room.get_mut(&channel.row.id) {
            *room = room.saturating_sub(1);
        }
        if self.probed.contains(&channel.row.gateway) {
            let channels = moment.engine.channels.all();
            for other in channels.iter().filter(|other| other.row.gateway == channel.row.gateway) {
                self.room.insert(other.row.id.clone(), 0);
            }
        }
    }
}

/// An earlier message of the session is unfinished: order beats timing (A12).
fn is_blocked(moment: &Moment<'_>, message: &MessageRow) -> bool {
    message.session_id.as_ref().is_some_and(|session_id| {
        moment.space.messages_of(session_id).any(|earlier| earlier.is_open && earlier.seq < message.seq)
    })
}

/// What the session has to say: halted, closed, or the gap since its last hand-over not over yet.
fn may_send_for(moment: &mut Moment<'_>, message: &MessageRow, session: &SessionRow) -> Result<bool, Fault> {
    if session.halted_at.is_some() && session.status == Status::Active {
        moment.move_message(&message.id, MessageState::Held, Some("halted"))?;
        return Ok(false);
    }
    let asks = matches!(message.kind.as_str(), "question" | "reask" | "reminder" | "text");
    if asks && session.status != Status::Active && session.status != Status::Completed {
        moment.move_message(&message.id, MessageState::Cancelled, Some("session_ended"))?;
        return Ok(false);
    }
    let survey = survey_of(moment, &session.id)?;
    let gap = moment.engine.settings.element_gap(&survey);
    if let Some(earliest) = session.handed_over_at.map(|last| last + gap)
        && earliest > moment.at()
    {
        put_off(moment, &message.id, earliest)?;
        return Ok(false);
    }
    if let Permitted::From(opening) = when_permitted(moment, message, &survey) {
        put_off(moment, &message.id, opening)?;
        return Ok(false);
    }
    Ok(true)
}

/// The hours in which a start or a reminder may leave, looked at again: it may have waited past them (RF31). What
/// never may was held when it was queued; if it is due, an operator let it go.
fn when_permitted(moment: &Moment<'_>, message: &MessageRow, survey: &Survey) -> Permitted {
    let errand = match message.kind.as_str() {
        "reminder" => Errand::Reminder,
        _ if message.priority == priority::START => Errand::Start,
        _ => return Permitted::Now,
    };
    Phone::from_stored(&message.phone)
        .map_or(Permitted::Now, |phone| permitted(moment.engine, survey, &phone, errand, moment.now))
}

/// The hours in which we may text somebody of our own accord, looked at again (A68).
fn when_proactive_permitted(moment: &Moment<'_>, message: &MessageRow) -> Permitted {
    if message.priority != priority::PROACTIVE || message.session_id.is_some() {
        return Permitted::Now;
    }
    let timezones = moment.space.people.timezones_of(&message.phone);
    Phone::from_stored(&message.phone).map_or(Permitted::Now, |phone| {
        permitted_proactive(&moment.engine.settings, &phone, &timezones, moment.now)
    })
}

/// Until when the phone is sent nothing: at most 30 texts in an hour (GW84), none to a machine (GW85). The
/// confirmation of a STOP leaves all the same.
fn closed_until(moment: &Moment<'_>, message: &MessageRow) -> Option<NaiveDateTime> {
    let at = moment.at();
    let contact = moment.space.contacts.get(&message.phone).filter(|_| message.kind != STOP_CONFIRMATION)?;
    let hour = start_of_hour(at);
    let is_full = contact.outbound_window_at == Some(hour)
        && contact.outbound_count >= moment.engine.settings.outbound_per_phone_hour;
    let muted_until = contact.muted_until.filter(|until| *until > at);
    muted_until.max(is_full.then(|| hour + Duration::hours(1)))
}

/// Counts an SMS that leaves, exactly (GW84, I13), and notes when (GW85).
fn count(moment: &mut Moment<'_>, phone: &str) {
    let at = moment.at();
    let hour = start_of_hour(at);
    consent::touch_contact(moment, phone, None);
    let Some(contact) = moment.space.contacts.get_mut(phone) else {
        return;
    };
    if contact.outbound_window_at != Some(hour) {
        contact.outbound_window_at = Some(hour);
        contact.outbound_count = 0;
    }
    contact.outbound_count += 1;
    contact.sent_at = Some(at);
    contact.updated_at = at;
}

/// The message waits until then, and those behind it in its session a gap more each: a claim looks at what is due, and
/// should not have to look at what may not leave anyway.
fn put_off(moment: &mut Moment<'_>, id: &str, due_at: NaiveDateTime) -> Result<(), Fault> {
    put_off_alone(moment, id, due_at)?;
    let at = moment.at();
    let message = message_mut(moment.space, id)?;
    let (session_id, seq) = (message.session_id.clone(), message.seq);
    let Some(session_id) = session_id else {
        return Ok(());
    };
    let behind: Vec<String> = moment
        .space
        .messages_of(&session_id)
        .filter(|later| later.state == MessageState::Due && later.seq > seq)
        .map(|later| later.id.clone())
        .collect();
    if behind.is_empty() {
        return Ok(());
    }
    let survey = survey_of(moment, &session_id)?;
    let gap = moment.engine.settings.element_gap(&survey);
    let mut earliest = due_at;
    for later_id in behind {
        earliest += gap;
        let later = message_mut(moment.space, &later_id)?;
        if later.due_at < earliest {
            later.due_at = earliest;
            later.updated_at = at;
        }
        earliest = later.due_at;
    }
    Ok(())
}

fn put_off_alone(moment: &mut Moment<'_>, id: &str, due_at: NaiveDateTime) -> Result<(), Fault> {
    let at = moment.at();
    let message = message_mut(moment.space, id)?;
    message.due_at = due_at;
    message.updated_at = at;
    Ok(())
}

/// Marks the start: lease, token, attempt row, and the place in the one sequence if it is the first (RE11).
fn start(
    moment: &mut Moment<'_>,
    message: &MessageRow,
    session: Option<&SessionRow>,
    channel: Arc<Channel>,
    sender: String,
) -> Result<Claimed, Fault> {
    let at = moment.at();
    let no_place = || Fault::Invariant("a claim has a place in the sequence for each candidate".to_owned());
    let send_seq = moment.space.next_place().ok_or_else(no_place)?;
    let lease_until = at + moment.engine.settings.lease;
    moment.move_message(&message.id, MessageState::Sending, None)?;
    count(moment, &message.phone);
    let row = message_mut(moment.space, &message.id)?;
    row.lease_token += 1;
    row.lease_until = Some(lease_until);
    row.attempts += 1;
    row.send_seq = row.send_seq.or(Some(send_seq));
    row.started_at = row.started_at.or(Some(at));
    let row = row.clone();
    let attempt = AttemptRow {
        message_id: row.id.clone(),
        attempt: row.attempts,
        node: moment.engine.node.to_string(),
        started_at: at,
        finished_at: None,
        result: None,
        code: None,
        external_id: None,
    };
    moment.space.attempts.insert((attempt.message_id.clone(), attempt.attempt), attempt);
    let thread = thread_for(&row, session, &channel, at);
    Ok(Claimed { message: row, channel, sender, thread })
}

fn thread_for(
    message: &MessageRow,
    session: Option<&SessionRow>,
    channel: &Channel,
    at: NaiveDateTime,
) -> ThreadWish {
    let Some(session) = session else {
        return ThreadWish::Plain;
    };
    let life = Phone::from_stored(&message.phone).and_then(|phone| channel.thread_life(&phone));
    let is_over = |life: Duration| session.handed_over_at.is_some_and(|last| last + life <= at);
    match session.sms_session.as_deref() {
        // Refused once: this session goes without (A11).
        Some("") => ThreadWish::Plain,
        // Each message prolongs its life; after that the gateway would refuse it (GW52).
        Some(_) if life.is_some_and(is_over) => ThreadWish::New,
        Some(handle) => ThreadWish::Known(handle.to_owned()),
        None if life.is_some() => ThreadWish::New,
        None => ThreadWish::Plain,
    }
}
