//! One delivery report, one turn: the message's state only ever rises (RE22, A88). Reports never touch a
//! session's place in the survey (GW34).

use std::collections::BTreeMap;

use serde_json::json;

use super::consent;
use super::engine::Engine;
use super::event_kind::EventKind;
use super::moment::{Moment, message_mut, session_mut};
use super::settle_message::record_opt_out;
use super::wait_for_delivery;
use crate::clock::Timestamp;
use crate::gateway::{Report, ReportState};
use crate::session::{MessageState, Receipt};
use crate::store::messages::{MessageRow, ReportRow};
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};

/// The receipt that a report's state leaves behind; `None` for interim ones.
fn receipt(state: ReportState) -> Option<Receipt> {
    match state {
        ReportState::Accepted | ReportState::Ignored | ReportState::Unmapped => None,
        ReportState::Delivered => Some(Receipt::Delivered),
        ReportState::Undelivered => Some(Receipt::Undelivered),
        ReportState::Expired => Some(Receipt::Expired),
        ReportState::Rejected => Some(Receipt::Rejected),
    }
}

/// A delivery report as the edge understood it.
#[derive(Clone, Debug)]
pub struct StatusReport {
    /// The gateway's configured name.
    pub gateway: String,
    /// Our reference, if the report has it; tried first (GW35).
    pub client_ref: Option<String>,
    /// The gateway's id of the message.
    pub external_id: Option<String>,
    /// What it says.
    pub state: ReportState,
    /// The gateway's own code.
    pub code: Option<String>,
    /// The gateway's own words.
    pub reason: Option<String>,
    /// Which SMS part it is about, if the gateway reports each (GW34).
    pub part: Option<u8>,
}

impl StatusReport {
    /// A report as its gateway's reader gave it.
    #[must_use]
    pub fn of(gateway: &str, report: Report) -> Self {
        Self {
            gateway: gateway.to_owned(),
            client_ref: report.our_ref,
            external_id: report.external_id,
            state: report.state,
            code: report.code.or_else(|| (!report.raw_state.is_empty()).then_some(report.raw_state)),
            reason: report.reason,
            part: report.part,
        }
    }
}

/// The turn of one delivery report.
#[derive(Debug)]
pub struct ReceiveStatus {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The report.
    pub report: StatusReport,
}

impl Work for ReceiveStatus {
    /// The message it was matched to.
    type Output = Option<String>;

    /// Reports of one message keep their order; whose phone it is the load finds out.
    fn lane_key(&self) -> Option<&str> {
        self.report.client_ref.as_deref().or(self.report.external_id.as_deref())
    }

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.client_refs.extend(self.report.client_ref.clone());
        keys.external_ids.extend(self.report.external_id.clone());
        keys.part_reports |= self.report.part.is_some();
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Option<String>, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let report = &self.report;
        let found = moment
            .space
            .messages_named(report.client_ref.as_deref(), report.external_id.as_deref())
            .find(|message| is_of_gateway(&moment, message, &report.gateway))
            .map(|message| message.id.clone());
        let row = ReportRow {
            id: moment.id(),
            gateway: report.gateway.clone(),
            client_ref: report.client_ref.clone(),
            external_id: report.external_id.clone(),
            state: report.state.as_str().to_owned(),
            code: report.code.clone(),
            reason: report.reason.clone(),
            received_at: moment.at(),
            message_id: None,
            part: report.part.map(i32::from),
        };
        let report_id = row.id.clone();
        moment.space.add_report(row);
        if report.state == ReportState::Unmapped {
            note_unmapped(&moment, report, found.as_deref());
        }
        if let Some(message_id) = &found {
            apply_report(&mut moment, &report_id, message_id)?;
            note_opt_out(&mut moment, report, message_id)?;
        }
        Ok(found)
    }
}

/// A report may say that the person said stop to the gateway (GW64); that is recorded once.
fn note_opt_out(moment: &mut Moment<'_>, report: &StatusReport, message_id: &str) -> Result<(), Fault> {
    let gateway = moment.engine.gateways.get(&report.gateway);
    let Some(code) = report.code.as_deref().filter(|code| gateway.is_some_and(|one| one.says_stop(code)))
    else {
        return Ok(());
    };
    let phone = message_mut(moment.space, message_id)?.phone.clone();
    if consent::is_stopped(moment.space, &phone, None) {
        return Ok(());
    }
    record_opt_out(moment, &phone, &report.gateway, Some(code))
}

/// Counts a status word nobody knows, for operators to see (GW33).
fn note_unmapped(moment: &Moment<'_>, report: &StatusReport, message_id: Option<&str>) {
    let message = message_id.and_then(|id| moment.space.messages.get(id));
    let class = message.map_or("none", |message| message.class.as_str());
    moment.engine.metrics.delivery(&report.gateway, report.state.as_str(), class);
    moment.engine.health.note_unmapped(&report.gateway, report.code.as_deref().unwrap_or("none"));
}

/// What a report makes of a message. Some are stored as they came and change nothing (GW33).
fn state_of(reported: ReportState) -> Option<MessageState> {
    match reported {
        ReportState::Accepted => Some(MessageState::Accepted),
        ReportState::Delivered => Some(MessageState::Delivered),
        ReportState::Undelivered | ReportState::Expired | ReportState::Rejected => Some(MessageState::Failed),
        ReportState::Ignored | ReportState::Unmapped => None,
    }
}

/// What the reports about its parts say of a message: failed when one part is, delivered when all are (GW34). Of each
/// part the highest report counts, whatever the order they came in.
fn of_all_parts(moment: &Moment<'_>, message_id: &str, parts: usize) -> ReportState {
    let rank = |state: ReportState| match state_of(state) {
        Some(MessageState::Delivered) => 3,
        Some(MessageState::Failed) => 2,
        Some(_) => 1,
        None => 0,
    };
    let mut best: BTreeMap<Option<i32>, ReportState> = BTreeMap::new();
    for report in moment.space.part_reports_of(message_id) {
        let state = ReportState::parse(&report.state);
        let known = best.entry(report.part).or_insert(state);
        if rank(state) > rank(*known) {
            *known = state;
        }
    }
    if best.values().filter(|state| **state == ReportState::Delivered).count() >= parts {
        return ReportState::Delivered;
    }
    let failed = best.values().find(|state| rank(**state) == 2);
    let is_reported = best.values().any(|state| rank(*state) > 0);
    failed.copied().unwrap_or(if is_reported { ReportState::Accepted } else { ReportState::Ignored })
}

/// A reference of one gateway says nothing about another's messages.
fn is_of_gateway(moment: &Moment<'_>, message: &MessageRow, gateway: &str) -> bool {
    let channel = moment.engine.channels.get(&message.channel_id);
    channel.is_some_and(|channel| channel.row.gateway == gateway)
}

/// Applies a stored report to its message: accepted < failed < delivered, never back (RE22).
///
/// # Errors
/// [`Fault`] when a row is missing.
pub fn apply_report(moment: &mut Moment<'_>, report_id: &str, message_id: &str) -> Result<(), Fault> {
    let Some(report) = moment.space.match_report(report_id, message_id) else {
        return Ok(());
    };
    let parts = message_mut(moment.space, message_id)?.segments;
    let reported = match report.part {
        Some(_) if parts > 1 => of_all_parts(moment, message_id, usize::try_from(parts).unwrap_or(1)),
        Some(_) | None => ReportState::parse(&report.state),
    };
    let Some(next) = state_of(reported) else {
        return Ok(());
    };
    let message = message_mut(moment.space, message_id)?;
    if !message.state.may_become(next) {
        return Ok(());
    }
    let was_uncertain = matches!(message.state, MessageState::Sending | MessageState::Unknown);
    let session_id = message.session_id.clone();
    let class = message.class.as_str();
    message.gateway_code.clone_from(&report.code);
    message.receipt = receipt(reported).or(message.receipt);
    if message.external_id.is_none()
        && let Some(external_id) = report.external_id
    {
        moment.space.set_external_id(message_id, external_id);
    }
    moment.move_message(message_id, next, report.reason.as_deref())?;
    if next != MessageState::Accepted {
        wait_for_delivery::end_wait(moment, message_id);
    }
    let at = moment.at();
    if let Some(session_id) = &session_id {
        let session = session_mut(moment.space, session_id)?;
        session.updated_at = at;
        if was_uncertain {
            session.handed_over_at = session.handed_over_at.or(Some(at));
        }
    }
    moment.engine.metrics.delivery(&report.gateway, reported.as_str(), class);
    let kind = match next {
        MessageState::Accepted if was_uncertain => EventKind::MessageAccepted,
        MessageState::Delivered => EventKind::MessageDelivered,
        MessageState::Failed => EventKind::MessageFailed,
        MessageState::Due
        | MessageState::Sending
        | MessageState::Accepted
        | MessageState::Unknown
        | MessageState::Held
        | MessageState::Expired
        | MessageState::Cancelled => return Ok(()),
    };
    let data = json!({"messageId": message_id, "code": report.code, "reason": report.reason});
    moment.record_event(kind, session_id.as_deref(), &data).map(drop)
}
