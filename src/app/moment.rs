//! [`Moment`]: what one turn in the writer works with: the rows, the engine and the instant. The changes every
//! use case shares live beside it: queueing a message, closing a session, recording a fact.

use chrono::{Duration, NaiveDateTime, Timelike};
use serde_json::{Value as Json, json};

use super::engine::Engine;
use super::event_kind::EventKind;
use crate::clock::Timestamp;
use crate::ids::client_ref;
use crate::session::{MessageClass, MessageState, Status};
use crate::store::deliveries::DeliveryRow;
use crate::store::events::EventRow;
use crate::store::messages::MessageRow;
use crate::store::{Fault, SessionRow, Space};
use crate::text;

/// Order in which due messages leave: replies before starts before campaigns (RE16).
pub mod priority {
    /// An answer to something the person just sent.
    pub const REPLY: i32 = 0;
    /// The start of a session, and reminders.
    pub const START: i32 = 1;
    /// What we send of our own accord: triggers and campaigns.
    pub const PROACTIVE: i32 = 2;
}

/// One turn at work.
#[derive(Debug)]
pub struct Moment<'a> {
    /// Shared parts of the server.
    pub engine: &'a Engine,
    /// The rows of the batch.
    pub space: &'a mut Space,
    /// The instant of the turn.
    pub now: Timestamp,
}

/// A message to queue.
#[derive(Debug)]
pub struct Queued {
    /// Its session, if it has one.
    pub session_id: Option<String>,
    /// The channel it leaves by.
    pub channel_id: String,
    /// The recipient, E.164.
    pub phone: String,
    /// Whether it may be repeated after an ambiguous send.
    pub class: MessageClass,
    /// What it is: `text`, `question`, `reask`, `reminder`, `completion`, or a message key.
    pub kind: String,
    /// See [`priority`].
    pub priority: i32,
    /// The element it renders.
    pub element_id: Option<String>,
    /// The visit of that element.
    pub visit: Option<i32>,
    /// The text.
    pub body: String,
    /// Earliest hand-over, before the session's own order and gap are applied.
    pub due_at: NaiveDateTime,
    /// It is not started after this (RF33).
    pub ttl_at: NaiveDateTime,
    /// The inbound that caused it.
    pub inbound_id: Option<String>,
}

impl Moment<'_> {
    /// The instant as the store keeps it.
    #[must_use]
    pub fn at(&self) -> NaiveDateTime {
        self.now.naive_utc()
    }

    /// A new id.
    #[must_use]
    pub fn id(&self) -> String {
        self.engine.ids.next(self.now)
    }

    /// Puts a message into the outbox and gives its id. In a session it gets the next sequence number and is
    /// due no earlier than one gap after the message before it (A12).
    ///
    /// # Errors
    /// [`Fault::Invariant`] when the session of the message is not loaded.
    pub fn queue(&mut self, queued: Queued, gap: Duration) -> Result<String, Fault> {
        let id = self.id();
        let mut due_at = queued.due_at;
        let mut seq = 0;
        if let Some(session_id) = &queued.session_id {
            let last_due = self.space.messages_of(session_id).filter(|m| m.is_open).map(|m| m.due_at).max();
            let session = session_mut(self.space, session_id)?;
            seq = session.next_sequence;
            session.next_sequence += 1;
            let earliest = last_due.into_iter().chain(session.handed_over_at).max().map(|last| last + gap);
            due_at = earliest.map_or(due_at, |earliest| due_at.max(earliest));
        }
        let length = text::length(&queued.body);
        let row = MessageRow {
            client_ref: client_ref(self.engine.store.install_id(), &id),
            id: id.clone(),
            session_id: queued.session_id,
            channel_id: queued.channel_id,
            phone: queued.phone,
            seq,
            class: queued.class,
            kind: queued.kind,
            priority: queued.priority,
            element_id: queued.element_id,
            visit: queued.visit,
            encoding: length.encoding.as_str().to_owned(),
            segments: i32::try_from(length.segments).unwrap_or(i32::MAX),
            body: queued.body,
            due_at,
            ttl_at: queued.ttl_at,
            state: MessageState::Due,
            state_reason: None,
            is_open: true,
            lease_token: 0,
            lease_until: None,
            attempts: 0,
            send_seq: None,
            possible_duplicate: false,
            external_id: None,
            gateway_code: None,
            receipt: None,
            inbound_id: queued.inbound_id,
            started_at: None,
            accepted_at: None,
            settled_at: None,
            created_at: self.at(),
            updated_at: self.at(),
        };
        self.space.add_message(row);
        Ok(id)
    }

    /// Moves a message to another state, if the transition is legal.
    ///
    /// # Errors
    /// [`Fault::Invariant`] for a transition that http-api.md 13.3 does not list.
    pub fn move_message(&mut self, id: &str, next: MessageState, reason: Option<&str>) -> Result<(), Fault> {
        let at = self.at();
        let message = message_mut(self.space, id)?;
        if !message.state.may_become(next) {
            return Err(Fault::Invariant(format!(
                "message {id} cannot go from {} to {}",
                message.state.as_str(),
                next.as_str()
            )));
        }
        message.state = next;
        message.state_reason = reason.map(str::to_owned);
        message.updated_at = at;
        if next != MessageState::Sending {
            message.lease_until = None;
        }
        message.is_open = matches!(
            next,
            MessageState::Due | MessageState::Sending | MessageState::Held | MessageState::Unknown
        );
        let is_final = matches!(
            next,
            MessageState::Delivered | MessageState::Failed | MessageState::Expired | MessageState::Cancelled
        );
        message.settled_at = is_final.then_some(at);
        if matches!(next, MessageState::Accepted | MessageState::Delivered) && message.accepted_at.is_none() {
            message.accepted_at = Some(at);
        }
        Ok(())
    }

    /// Ends the wait for proof of an `unknown` message: it stays unknown, but blocks nothing any more (RE19).
    ///
    /// # Errors
    /// [`Fault::Invariant`] when the message is not loaded.
    pub fn settle_unknown(&mut self, id: &str) -> Result<(), Fault> {
        let at = self.at();
        let message = message_mut(self.space, id)?;
        message.settled_at = Some(at);
        message.is_open = false;
        message.updated_at = at;
        Ok(())
    }

    /// Closes a session: state, time, slot and timer; its queued messages are cancelled unless they are closing
    /// texts; the next session in the queue of this phone and sender begins (A90).
    ///
    /// # Errors
    /// [`Fault::Invariant`] for a transition that http-api.md 13.2 does not list.
    pub fn close_session(&mut self, id: &str, status: Status, reason: Option<&str>) -> Result<(), Fault> {
        let at = self.at();
        let session = session_mut(self.space, id)?;
        if !session.status.may_become(status) {
            return Err(Fault::Invariant(format!(
                "session {id} cannot go from {} to {}",
                session.status.as_str(),
                status.as_str()
            )));
        }
        session.status = status;
        session.status_reason = reason.map(str::to_owned);
        session.closed_at = Some(at);
        session.open_slot = None;
        session.wake_at = None;
        session.updated_at = at;
        if !status.keeps_closing_texts() {
            self.cancel_waiting(id, "session_ended")?;
        }
        self.wake_next_in_queue(id)?;
        let survey_id = session_mut(self.space, id)?.survey_id.clone();
        self.engine.metrics.session_closed(&survey_id, status.as_str());
        let kind = match status {
            Status::Completed => EventKind::SessionCompleted,
            Status::Expired => EventKind::SessionExpired,
            Status::Pending
            | Status::Active
            | Status::Exhausted
            | Status::Failed
            | Status::Superseded
            | Status::OptedOut
            | Status::Cancelled => EventKind::SessionClosed,
        };
        self.record_event(kind, Some(id), &json!({"status": status.as_str(), "reason": reason})).map(drop)
    }

    /// The oldest session queued behind this one is woken; its own turn begins it (A90).
    fn wake_next_in_queue(&mut self, closed_id: &str) -> Result<(), Fault> {
        let at = self.at();
        let closed = session_mut(self.space, closed_id)?;
        let (phone, channel_id) = (closed.phone.clone(), closed.channel_id.clone());
        let next = self
            .space
            .sessions_of(&phone)
            .filter(|session| session.channel_id == channel_id && session.status == Status::Pending)
            .find(|session| session.status_reason.as_deref() == Some("open_session"))
            .map(|session| session.id.clone());
        if let Some(next) = next {
            session_mut(self.space, &next)?.wake_at = Some(at);
        }
        Ok(())
    }

    /// Cancels what a session still wants to send; a send in flight is left to its settle.
    ///
    /// # Errors
    /// [`Fault::Invariant`] when a message is not loaded.
    pub fn cancel_waiting(&mut self, session_id: &str, reason: &str) -> Result<(), Fault> {
        let waiting: Vec<String> = self
            .space
            .messages_of(session_id)
            .filter(|message| message.is_open)
            .map(|message| message.id.clone())
            .collect();
        for id in waiting {
            self.cancel_message(&id, reason)?;
        }
        Ok(())
    }

    /// Cancels a message that waits; one of uncertain fate is not repeated any more; one in flight, or already
    /// final, is left alone.
    ///
    /// # Errors
    /// [`Fault::Invariant`] when the message is not loaded.
    pub fn cancel_message(&mut self, id: &str, reason: &str) -> Result<(), Fault> {
        match message_mut(self.space, id)?.state {
            MessageState::Due | MessageState::Held => {
                self.move_message(id, MessageState::Cancelled, Some(reason))
            }
            MessageState::Unknown => self.settle_unknown(id),
            MessageState::Sending
            | MessageState::Accepted
            | MessageState::Delivered
            | MessageState::Failed
            | MessageState::Expired
            | MessageState::Cancelled => Ok(()),
        }
    }

    /// Writes a fact for reports and dispositions (RE7), numbered from 1 within its session, and whom of the webhooks
    /// it is to be told to (V3); gives its id.
    ///
    /// # Errors
    /// [`Fault::Invariant`] when the session is not loaded.
    pub fn record_event(
        &mut self,
        kind: EventKind,
        session_id: Option<&str>,
        data: &Json,
    ) -> Result<String, Fault> {
        let webhooks = self.engine.webhooks.enabled();
        let id = self.id();
        let (mut sequence, mut survey_id) = (0, None);
        if let Some(session_id) = session_id {
            let session = session_mut(self.space, session_id)?;
            session.events_count += 1;
            sequence = session.events_count;
            survey_id = Some(session.survey_id.as_str()).filter(|_| !webhooks.is_empty()).map(str::to_owned);
        }
        let wanting = webhooks.iter().filter(|webhook| webhook.wants(kind, survey_id.as_deref()));
        let at = self.at();
        for webhook in wanting {
            self.space.add_delivery(DeliveryRow::new(&webhook.row.id, &id, at));
        }
        let row = EventRow {
            id: id.clone(),
            kind: kind.as_str().to_owned(),
            session_id: session_id.map(str::to_owned),
            sequence,
            data: data.to_string(),
            created_at: at,
        };
        self.space.add_event(row);
        Ok(id)
    }
}

/// The start of the hour in which a counted window lies (GW80, GW84).
#[must_use]
pub fn start_of_hour(at: NaiveDateTime) -> NaiveDateTime {
    at.date().and_hms_opt(at.hour(), 0, 0).unwrap_or(at)
}

/// A loaded session.
///
/// # Errors
/// [`Fault::Invariant`] when it is not loaded.
pub fn session<'a>(space: &'a Space, id: &str) -> Result<&'a SessionRow, Fault> {
    space.sessions.get(id).ok_or_else(|| Fault::Invariant(format!("session {id} is not loaded")))
}

/// A loaded session, to be changed.
///
/// # Errors
/// [`Fault::Invariant`] when it is not loaded.
pub fn session_mut<'a>(space: &'a mut Space, id: &str) -> Result<&'a mut SessionRow, Fault> {
    space.sessions.get_mut(id).ok_or_else(|| Fault::Invariant(format!("session {id} is not loaded")))
}

/// A loaded message, to be changed.
///
/// # Errors
/// [`Fault::Invariant`] when it is not loaded.
pub fn message_mut<'a>(space: &'a mut Space, id: &str) -> Result<&'a mut MessageRow, Fault> {
    space.messages.get_mut(id).ok_or_else(|| Fault::Invariant(format!("message {id} is not loaded")))
}
