//! Settles a send: what the gateway answered becomes the message's state, in one transaction. Whoever lost his
//! lease changes nothing but his own attempt row (RE17–RE19).

use chrono::Duration;
use serde_json::json;

use super::claim_messages::{Claimed, ThreadWish};
use super::consent::{self, Change, GLOBAL, STOP};
use super::engine::Engine;
use super::event_kind::EventKind;
use super::moment::{Moment, message_mut, session, session_mut};
use super::receive_status::apply_report;
use crate::clock::Timestamp;
use crate::gateway::SendResult;
use crate::session::{MessageClass, MessageState, Status};
use crate::store::channels::BucketRow;
use crate::store::messages::{AttemptRow, MessageRow};
use crate::store::{AnyConnection, Fault, HandleRow, Keys, Space, StoreError, Work};

/// The end of one try.
#[derive(Debug)]
pub struct SettleMessage {
    /// Shared parts of the server.
    pub engine: Engine,
    /// What was claimed.
    pub claimed: Claimed,
    /// What the gateway answered.
    pub result: SendResult,
    /// 0 to 999, for the back-off.
    pub jitter: u64,
}

impl Work for SettleMessage {
    type Output = MessageState;

    fn lane_key(&self) -> Option<&str> {
        Some(&self.claimed.message.phone)
    }

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.phones.insert(self.claimed.message.phone.clone());
        keys.messages.insert(self.claimed.message.id.clone());
        if matches!(self.result, SendResult::Throttled { .. }) {
            keys.buckets.insert(self.claimed.channel.row.id.clone());
        }
        if let SendResult::Accepted { external_id, session } = &self.result {
            keys.external_ids.extend(external_id.clone());
            keys.part_reports |= self.claimed.channel.reports_parts && self.claimed.message.segments > 1;
            keys.handles.extend(session.clone().map(|handle| (self.gateway().to_owned(), handle)));
        }
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<MessageState, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        self.write_attempt(&mut moment);
        let message = message_mut(moment.space, &self.claimed.message.id)?.clone();
        let holds_lease =
            message.state == MessageState::Sending && message.lease_token == self.claimed.message.lease_token;
        if holds_lease {
            self.settle(&mut moment, &message)?;
        } else {
            self.settle_late(&mut moment, &message)?;
        }
        let settled = message_mut(moment.space, &message.id)?.clone();
        engine.metrics.outbound(self.gateway(), settled.class.as_str(), settled.state.as_str());
        Ok(settled.state)
    }
}

impl SettleMessage {
    fn gateway(&self) -> &str {
        &self.claimed.channel.row.gateway
    }

    /// The gateway's own code for what happened.
    fn code(&self) -> Option<&str> {
        self.result.detail().and_then(|detail| detail.code.as_deref())
    }

    fn write_attempt(&self, moment: &mut Moment<'_>) {
        let message = &self.claimed.message;
        let external_id = match &self.result {
            SendResult::Accepted { external_id, .. } => external_id.clone(),
            SendResult::Throttled { .. }
            | SendResult::Retry(_)
            | SendResult::Permanent(_)
            | SendResult::OptedOut(_)
            | SendResult::Auth(_)
            | SendResult::Held(_)
            | SendResult::Duplicate(_)
            | SendResult::Ambiguous(_) => None,
        };
        let row = AttemptRow {
            message_id: message.id.clone(),
            attempt: message.attempts,
            node: moment.engine.node.to_string(),
            started_at: message.updated_at,
            finished_at: Some(moment.at()),
            result: Some(self.result.class().as_str().to_owned()),
            code: self.code().map(str::to_owned),
            external_id,
        };
        moment.space.attempts.overwrite((row.message_id.clone(), row.attempt), row);
    }

    /// The lease was lost: a late success is proof, everything else is only noted (RE17, RE19 a).
    fn settle_late(&self, moment: &mut Moment<'_>, message: &MessageRow) -> Result<(), Fault> {
        let SendResult::Accepted { external_id, session } = &self.result else {
            return Ok(());
        };
        if message.state == MessageState::Unknown {
            self.accept(moment, message, external_id.as_deref(), session.as_deref())?;
        } else if matches!(message.state, MessageState::Accepted | MessageState::Delivered) {
            self.keep_reference(moment, message, external_id.as_deref(), session.as_deref())?;
        }
        Ok(())
    }

    fn settle(&self, moment: &mut Moment<'_>, message: &MessageRow) -> Result<(), Fault> {
        let id = &message.id;
        message_mut(moment.space, id)?.gateway_code = self.code().map(str::to_owned);
        match &self.result {
            SendResult::Accepted { external_id, session } => {
                self.accept(moment, message, external_id.as_deref(), session.as_deref())
            }
            SendResult::Duplicate(_) => self.accept(moment, message, None, None),
            SendResult::Throttled { retry_after, .. } => {
                let wish = retry_after.and_then(|after| Duration::from_std(after.wait(moment.now)).ok());
                let backoff = moment.engine.settings.backoff;
                let wait = backoff.honoured(wish, backoff.wait(message.attempts, self.jitter));
                self.slow_channel(moment, wait);
                try_again(moment, message, wait, "throttled")
            }
            SendResult::Retry(_) if self.has_used_up_attempts(moment, message) => {
                fail(moment, message, self.code(), "attempts_used_up")
            }
            SendResult::Retry(_) | SendResult::Auth(_) => {
                let wait = moment.engine.settings.backoff.wait(message.attempts, self.jitter);
                // The circuit's next probe paces what waits for the gateway.
                let wait = self.reopens_in(moment).map_or(wait, |reopens| wait.min(reopens));
                try_again(moment, message, wait, self.result.class().as_str())
            }
            SendResult::Permanent(_) if self.claimed.thread == ThreadWish::New => {
                self.go_without_thread(moment, message)
            }
            SendResult::Permanent(_) => fail(moment, message, self.code(), "refused"),
            SendResult::OptedOut(_) => {
                fail(moment, message, self.code(), "opted_out_at_gateway")?;
                record_opt_out(moment, &message.phone, self.gateway(), self.code())
            }
            SendResult::Held(_) => moment.move_message(id, MessageState::Held, Some("held_by_gateway")),
            SendResult::Ambiguous(_) => doubt(moment, id, "ambiguous"),
        }
    }

    /// A gateway that answers, but does not take this message, is asked so often and not again (RF11). One that nobody
    /// can reach says nothing about a message, which waits as long as it lives.
    fn has_used_up_attempts(&self, moment: &Moment<'_>, message: &MessageRow) -> bool {
        let is_there = self.code().is_some() && self.reopens_in(moment).is_none();
        is_there && message.attempts >= moment.engine.settings.attempts_max
    }

    fn reopens_in(&self, moment: &Moment<'_>) -> Option<Duration> {
        moment.engine.health.of(self.gateway()).circuit.reopens_in(moment.now)
    }

    fn accept(
        &self,
        moment: &mut Moment<'_>,
        message: &MessageRow,
        external_id: Option<&str>,
        session: Option<&str>,
    ) -> Result<(), Fault> {
        moment.move_message(&message.id, MessageState::Accepted, None)?;
        self.keep_reference(moment, message, external_id, session)?;
        hand_over(moment, message)?;
        let lag = (moment.at() - message.due_at).to_std().unwrap_or_default();
        moment.engine.metrics.send_lag(self.gateway(), message.class.as_str(), lag);
        if message.inbound_id.is_some() {
            let lag = (moment.at() - message.created_at).to_std().unwrap_or_default();
            moment.engine.metrics.reply_lag(self.gateway(), lag);
        }
        record_accepted(moment, message)?;
        // Reports that overtook this answer (RF16).
        let early: Vec<String> = external_id
            .into_iter()
            .flat_map(|external_id| moment.space.reports_naming(external_id))
            .filter(|report| report.message_id.is_none() && report.gateway == self.gateway())
            .map(|report| report.id.clone())
            .collect();
        for report_id in early {
            apply_report(moment, &report_id, &message.id)?;
        }
        Ok(())
    }

    /// The gateway's id of the message and, for the session, its handle (GW51, GW52).
    fn keep_reference(
        &self,
        moment: &mut Moment<'_>,
        message: &MessageRow,
        external_id: Option<&str>,
        handle: Option<&str>,
    ) -> Result<(), Fault> {
        if let Some(external_id) = external_id {
            moment.space.set_external_id(&message.id, external_id.to_owned());
        }
        let (Some(handle), Some(session_id)) = (handle.filter(|h| !h.is_empty()), &message.session_id) else {
            return Ok(());
        };
        let at = moment.at();
        let key = (self.gateway().to_owned(), handle.to_owned());
        match moment.space.handles.get(&key) {
            Some(known) if known.session_id != *session_id => {
                tracing::warn!(message_id = %message.id, "the gateway gave a handle that belongs to another session");
                return Ok(());
            }
            Some(_) => {}
            None => moment.space.add_handle(HandleRow {
                gateway: key.0,
                handle: key.1,
                session_id: session_id.clone(),
                phone: message.phone.clone(),
                created_at: at,
            }),
        }
        let session = session_mut(moment.space, session_id)?;
        session.sms_session = Some(handle.to_owned());
        session.updated_at = at;
        Ok(())
    }

    /// A11, GW31: the gateway refuses a session for this number; once more without, by phone.
    fn go_without_thread(&self, moment: &mut Moment<'_>, message: &MessageRow) -> Result<(), Fault> {
        let code = self.code().unwrap_or("none").to_owned();
        tracing::warn!(message_id = %message.id, code, "the gateway refused a subnumber; sending without");
        if let Some(session_id) = &message.session_id {
            session_mut(moment.space, session_id)?.sms_session = Some(String::new());
        }
        try_again(moment, message, Duration::zero(), "without_subnumber")
    }

    fn slow_channel(&self, moment: &mut Moment<'_>, wait: Duration) {
        let at = moment.at();
        let channel_id = self.claimed.channel.row.id.clone();
        let known = moment.space.buckets.get(&channel_id).cloned();
        let row = BucketRow {
            tokens_micro: known.as_ref().map_or(0, |row| row.tokens_micro),
            refilled_at: known.map_or(at, |row| row.refilled_at),
            paused_until: Some(at + wait),
            channel_id: channel_id.clone(),
        };
        moment.space.buckets.put(channel_id, row);
    }
}

/// GW64: the gateway knows of an opt-out that we do not; it says so in its answer or in a report.
///
/// # Errors
/// [`Fault`] when a row is missing.
pub fn record_opt_out(
    moment: &mut Moment<'_>,
    phone: &str,
    gateway: &str,
    code: Option<&str>,
) -> Result<(), Fault> {
    let at = moment.at();
    let change = Change {
        phone,
        scope: GLOBAL,
        consent_type: STOP,
        source: "gateway",
        obtained_at: at,
        keyword: None,
        raw: None,
        inbound_id: None,
        actor: Some(gateway),
        note: code,
    };
    consent::record(moment, &change)?;
    consent::apply_stop(moment, phone, None)
}

/// The fact that a gateway has a message.
///
/// # Errors
/// [`Fault`] when a row is missing.
pub fn record_accepted(moment: &mut Moment<'_>, message: &MessageRow) -> Result<(), Fault> {
    let data = json!({"messageId": message.id, "elementId": message.element_id});
    moment.record_event(EventKind::MessageAccepted, message.session_id.as_deref(), &data).map(drop)
}

/// Refused for good, by the gateway or by an operator. A question that could never be handed over ends its
/// session (P05, RF13).
///
/// # Errors
/// [`Fault`] when a row is missing or the message cannot fail any more.
pub fn fail(
    moment: &mut Moment<'_>,
    message: &MessageRow,
    code: Option<&str>,
    reason: &str,
) -> Result<(), Fault> {
    moment.move_message(&message.id, MessageState::Failed, Some(reason))?;
    let data = json!({"messageId": message.id, "code": code, "reason": reason});
    moment.record_event(EventKind::MessageFailed, message.session_id.as_deref(), &data)?;
    let Some(session_id) = &message.session_id else {
        return Ok(());
    };
    let session = session(moment.space, session_id)?;
    let is_prompt = session.prompt_id.as_deref() == Some(message.id.as_str());
    if session.status == Status::Active && is_prompt {
        moment.close_session(session_id, Status::Failed, Some("unsendable"))?;
    }
    Ok(())
}

/// Surely not sent: back to the queue, later; the start does not count (RE11).
fn try_again(
    moment: &mut Moment<'_>,
    message: &MessageRow,
    wait: Duration,
    reason: &str,
) -> Result<(), Fault> {
    moment.move_message(&message.id, MessageState::Due, Some(reason))?;
    let due_at = moment.at() + wait;
    let row = message_mut(moment.space, &message.id)?;
    row.due_at = due_at;
    if !row.possible_duplicate {
        row.send_seq = None;
        row.started_at = None;
    }
    follow_session(moment, message)
}

/// What became of the session while the send was in flight binds the message that comes back.
fn follow_session(moment: &mut Moment<'_>, message: &MessageRow) -> Result<(), Fault> {
    if !is_wanted(moment, message) {
        moment.cancel_message(&message.id, "session_ended")?;
    }
    Ok(())
}

/// The session counts its gap from here (A12).
fn hand_over(moment: &mut Moment<'_>, message: &MessageRow) -> Result<(), Fault> {
    let at = moment.at();
    if let Some(session_id) = &message.session_id {
        let session = session_mut(moment.space, session_id)?;
        session.handed_over_at = Some(at);
        session.updated_at = at;
    }
    Ok(())
}

/// The gateway may or may not have it: `unknown`, never back to `due` by itself (RE18, RE19). If nobody waits
/// for the message any more, the doubt is settled at once.
///
/// # Errors
/// [`Fault`] when a row is missing.
pub fn doubt(moment: &mut Moment<'_>, message_id: &str, reason: &str) -> Result<(), Fault> {
    moment.move_message(message_id, MessageState::Unknown, Some(reason))?;
    let message = message_mut(moment.space, message_id)?.clone();
    hand_over(moment, &message)?;
    moment.record_event(
        EventKind::MessageUnknown,
        message.session_id.as_deref(),
        &json!({"messageId": message_id}),
    )?;
    if !is_wanted(moment, &message) {
        moment.settle_unknown(message_id)?;
    }
    Ok(())
}

/// Whether a message still has a purpose: its session goes on, and what it asks is still the question. Texts of
/// no session, and closing texts, always have.
#[must_use]
pub fn is_wanted(moment: &Moment<'_>, message: &MessageRow) -> bool {
    let session = message.session_id.as_ref().and_then(|id| moment.space.sessions.get(id));
    let Some(session) = session else {
        let stopped = consent::is_stopped(moment.space, &message.phone, None);
        return !stopped || message.kind == "opted_out";
    };
    if consent::is_stopped(moment.space, &message.phone, Some(&session.survey_id)) {
        return false;
    }
    let asks = message.class == MessageClass::Question || message.kind == "reminder";
    if asks {
        return session.status == Status::Active
            && session.current_element_id == message.element_id
            && is_current_visit(session, message);
    }
    session.status.is_open() || session.status.keeps_closing_texts() || message.kind != "text"
}

fn is_current_visit(session: &crate::store::SessionRow, message: &MessageRow) -> bool {
    let visit = session.progress().ok().flatten().map(|progress| progress.visit);
    visit.is_none_or(|visit| message.visit.is_none_or(|asked| i64::from(asked) == i64::from(visit)))
}
