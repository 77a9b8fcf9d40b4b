//! Claims due messages for sending: one short transaction that checks everything a send depends on at the last
//! moment (RE16). It sends nothing itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Duration, NaiveDateTime};

use super::channels::Channel;
use super::consent;
use super::engine::Engine;
use super::expire_sessions::survey_of;
use super::moment::{Moment, message_mut, priority, start_of_hour};
use super::permitted_hours::{Errand, Permitted, permitted};
use super::wait_for_delivery;
use crate::clock::Timestamp;
use crate::phone::Phone;
use crate::session::pace::Bucket;
use crate::session::{MessageState, Status};
use crate::store::channels::BucketRow;
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
}

impl ClaimMessages {
    /// A claim within the room that each channel has.
    #[must_use]
    pub fn new(engine: &Engine, room: BTreeMap<String, usize>) -> Self {
        Self { engine: engine.clone(), room }
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
        });
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Vec<Claimed>, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let mut claim = Claim { room: self.room.clone(), throttled: BTreeMap::new() };
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
struct Claim {
    /// Sends that may still start, by channel.
    room: BTreeMap<String, usize>,
    /// How many messages of a channel were already put off for want of tokens.
    throttled: BTreeMap<String, i64>,
}

impl Claim {
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
            put_off(moment, id, until)?;
            return Ok(None);
        }
        if let Some(until) = closed_until(moment, &message) {
            put_off(moment, id, until)?;
            return Ok(None);
        }
        if !self.take_token(moment, &message, &channel)? {
            return Ok(None);
        }
        if let Some(room) = self.room.get_mut(&message.channel_id) {
            *room = room.saturating_sub(1);
        }
        start(moment, &message, session.as_ref(), channel).map(Some)
    }

    /// One token of the channel's bucket; without one the message is put off to when its token will be there
    /// (A73). The bucket is a row, so the rate holds across nodes.
    fn take_token(
        &mut self,
        moment: &mut Moment<'_>,
        message: &MessageRow,
        channel: &Channel,
    ) -> Result<bool, Fault> {
        let at = moment.at();
        let rate = channel.row.throttle_micro;
        let stored = moment.space.buckets.get(&channel.row.id).cloned();
        let paused_until = stored.as_ref().and_then(|row| row.paused_until).filter(|until| *until > at);
        let bucket = stored.map_or_else(
            || Bucket::full(rate, at),
            |row| Bucket { tokens_micro: row.tokens_micro, refilled_at: row.refilled_at },
        );
        let bucket = bucket.refilled(rate, at);
        let taken = if paused_until.is_some() { None } else { bucket.taken() };
        let kept = taken.unwrap_or(bucket);
        let row = BucketRow {
            channel_id: channel.row.id.clone(),
            tokens_micro: kept.tokens_micro,
            refilled_at: kept.refilled_at,
            paused_until,
        };
        moment.space.buckets.put(channel.row.id.clone(), row);
        if taken.is_some() {
            return Ok(true);
        }
        let nth = self.throttled.entry(channel.row.id.clone()).or_default();
        let due_at = kept.available_at(rate, *nth).max(paused_until.unwrap_or(at));
        *nth += 1;
        put_off(moment, &message.id, due_at)?;
        Ok(false)
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

fn put_off(moment: &mut Moment<'_>, id: &str, due_at: NaiveDateTime) -> Result<(), Fault> {
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
    let subnumber = session.and_then(|session| session.subnumber.clone());
    let sender = subnumber.unwrap_or_else(|| channel.row.sender.clone());
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
