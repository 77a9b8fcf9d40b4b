//! Finds the session that a text belongs to (gateways.md 3.3, A22–A32).

use super::ReceiveMessage;
use crate::app::moment::{Moment, session_mut};
use crate::app::send_survey::is_expired;
use crate::phone::Phone;
use crate::session::correlate::{Candidate, Match, Thread, correlate};
use crate::session::subnumber::bare;
use crate::session::{MessageState, Status};
use crate::store::{Fault, HandleRow, SessionRow};

impl ReceiveMessage {
    /// gateways.md 3.3 with the rows of this phone.
    pub(super) fn find(&self, moment: &Moment<'_>) -> Match {
        let (Some(phone), Some((channel, _))) = (&self.phone, &self.receiving) else {
            return Match::Nothing;
        };
        let thread = self.thread(moment, phone, &channel.row.id);
        let cross_channel = moment.engine.settings.cross_channel_lookup || matches!(thread, Thread::Known(_));
        let oldest_end = moment.at() - moment.engine.settings.ended_memory;
        let candidates: Vec<Candidate<'_>> = moment
            .space
            .sessions_of(phone.as_e164())
            .filter(|session| cross_channel || session.channel_id == channel.row.id)
            .filter(|session| session.closed_at.is_none_or(|closed| closed > oldest_end))
            .map(|session| candidate(moment, session))
            .collect();
        correlate(&thread, &candidates)
    }

    /// gateways.md 3.3, steps 1 to 5: the handle that the gateway names, the subnumber that was texted, the SMS of ours
    /// that the gateway says is answered.
    fn thread(&self, moment: &Moment<'_>, phone: &Phone, channel_id: &str) -> Thread {
        let (named, subnumber) = (self.named_handle(), self.subnumber());
        let holder = |handle: &str| {
            let key = (self.message.gateway.clone(), handle.to_owned());
            moment.space.handles.get(&key)
        };
        let (by_handle, by_number) = (named.and_then(holder), subnumber.and_then(holder));
        let of_phone = |row: &HandleRow| (row.phone == phone.as_e164()).then(|| row.session_id.clone());
        let session = by_handle
            .and_then(of_phone)
            .or_else(|| session_at(moment, phone, channel_id, subnumber?))
            .or_else(|| by_number.and_then(of_phone))
            .or_else(|| self.session_answered(moment, phone));
        match session {
            Some(id) => Thread::Known(id),
            None if by_handle.or(by_number).is_some() => Thread::OfAnotherPhone,
            None if named.is_some() => Thread::Unknown,
            None if subnumber.is_some() => Thread::OfNobody,
            None => Thread::Plain,
        }
    }

    /// The session of the SMS to this phone that the text answers, as the gateway says (3.3 step 3).
    fn session_answered(&self, moment: &Moment<'_>, phone: &Phone) -> Option<String> {
        let reply_to = self.message.reply_to.as_deref()?;
        let is_of_gateway = |channel_id: &str| {
            let channel = moment.engine.channels.get(channel_id);
            channel.is_some_and(|channel| channel.row.gateway == self.message.gateway)
        };
        let mut answered = moment.space.messages_named(None, Some(reply_to));
        let found = answered
            .find(|message| message.phone == phone.as_e164() && is_of_gateway(&message.channel_id))?;
        found.session_id.clone()
    }

    /// The unknown thread belongs to this session from now on (A26).
    pub(super) fn adopt_thread(&self, moment: &mut Moment<'_>, session_id: &str) -> Result<(), Fault> {
        let (Some(handle), Some(phone)) = (self.named_handle(), &self.phone) else {
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
}

/// The session of this phone that is sent from a number of ours: an open one, else the newest (3.3 step 2).
fn session_at(moment: &Moment<'_>, phone: &Phone, channel_id: &str, number: &str) -> Option<String> {
    let has_number =
        |session: &&SessionRow| session.subnumber.as_deref().is_some_and(|own| bare(own) == number);
    let of_phone = moment.space.sessions_of(phone.as_e164());
    let with_number = of_phone.filter(|session| session.channel_id == channel_id).filter(has_number);
    let latest = with_number.max_by_key(|session| (session.status.is_open(), session.created_at));
    latest.map(|session| session.id.clone())
}

/// The session of a match, open or ended.
pub(super) fn session_of(found: &Match) -> Option<&str> {
    match found {
        Match::Open { id, .. } | Match::Ended { id } => Some(id),
        Match::AnotherPhone | Match::StaleThread | Match::Nothing => None,
    }
}

fn candidate<'a>(moment: &Moment<'_>, session: &'a SessionRow) -> Candidate<'a> {
    let prompt = session.prompt_id.as_ref().and_then(|id| moment.space.messages.get(id));
    let uncertain = |state: MessageState| matches!(state, MessageState::Sending | MessageState::Unknown);
    let is_open = session.status == Status::Active && !is_expired(session, moment.at());
    Candidate {
        id: &session.id,
        is_open,
        is_waiting: session.status == Status::Pending,
        has_subnumber: session.subnumber.is_some(),
        has_uncertain_send: is_open
            && moment.space.messages_of(&session.id).any(|message| uncertain(message.state)),
        asked_at: prompt.map_or(session.created_at, |prompt| prompt.started_at.unwrap_or(prompt.due_at)),
        ended_at: session.closed_at.or(session.expires_at).unwrap_or(session.updated_at),
    }
}
