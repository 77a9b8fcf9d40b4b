//! Looks after messages that got stuck: lost leases become `unknown`, `unknown` without proof is repeated once
//! or settled, `accepted` without a report says so, and `held` ends with its time (RE19, RE31, A76). Every non-terminal state has a driver.

use super::engine::Engine;
use super::moment::{Moment, message_mut};
use super::settle_message::{doubt, is_wanted};
use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::session::{MessageClass, MessageState, Receipt};
use crate::store::messages::{self, MessageRow, Overdue};
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work, WriteError};

/// Most messages of each kind in one sweep.
const SWEEP_MAX: i64 = 256;

/// One sweep.
#[derive(Debug)]
pub struct SweepOutbox {
    engine: Engine,
    /// No sender of this database is alive: every `sending` message has lost its lease.
    all_sending_lost: bool,
    overdue: Overdue,
}

impl SweepOutbox {
    /// The regular sweep.
    #[must_use]
    pub fn new(engine: &Engine) -> Self {
        Self { engine: engine.clone(), all_sending_lost: false, overdue: Overdue::default() }
    }

    /// The sweep at the start of the only node (RE31).
    #[must_use]
    pub fn at_start(engine: &Engine) -> Self {
        Self { all_sending_lost: true, ..Self::new(engine) }
    }
}

impl Work for SweepOutbox {
    /// How many messages it moved.
    type Output = usize;

    fn keys(&mut self, connection: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        let now = self.engine.clock.now().naive_utc();
        let settings = &self.engine.settings;
        let unproved_since = now - settings.proof_wait;
        let unreported_since = now - settings.receipt_wait;
        self.overdue = messages::overdue(connection, now, unproved_since, unreported_since, SWEEP_MAX)?;
        if self.all_sending_lost {
            self.overdue.lost_leases = messages::all_sending(connection)?;
        }
        let Overdue { lost_leases, unproved, unreported, outlived } = &self.overdue;
        let found = lost_leases.iter().chain(unproved).chain(unreported).chain(outlived);
        keys.messages.extend(found.cloned());
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<usize, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let mut moved = 0;
        for id in &self.overdue.lost_leases {
            // Another node may have been quicker, and the message sent again under a new lease.
            let is_lost = self.all_sending_lost || lease_is_over(&moment, id);
            if is_lost && state_of(&moment, id) == Some(MessageState::Sending) {
                doubt(&mut moment, id, "lease_lost")?;
                moved += 1;
            }
        }
        for id in &self.overdue.unproved {
            if is_unproved(&moment, id) {
                give_up_waiting(&mut moment, id)?;
                moved += 1;
            }
        }
        for id in &self.overdue.unreported {
            let is_unreported =
                moment.space.messages.get(id).is_some_and(|message| message.receipt.is_none());
            if is_unreported && state_of(&moment, id) == Some(MessageState::Accepted) {
                message_mut(moment.space, id)?.receipt = Some(Receipt::NoReceipt);
                moved += 1;
            }
        }
        for id in &self.overdue.outlived {
            if state_of(&moment, id) == Some(MessageState::Held) {
                moment.move_message(id, MessageState::Expired, Some("time_to_live"))?;
                moved += 1;
            }
        }
        Ok(moved)
    }
}

/// Still without proof, and for too long.
fn is_unproved(moment: &Moment<'_>, id: &str) -> bool {
    let since = moment.at() - moment.engine.settings.proof_wait;
    moment.space.messages.get(id).is_some_and(|message| {
        message.state == MessageState::Unknown && message.is_open && message.updated_at <= since
    })
}

fn lease_is_over(moment: &Moment<'_>, id: &str) -> bool {
    let lease_until = moment.space.messages.get(id).and_then(|message| message.lease_until);
    lease_until.is_some_and(|until| until <= moment.at())
}

fn state_of(moment: &Moment<'_>, id: &str) -> Option<MessageState> {
    moment.space.messages.get(id).map(|message| message.state)
}

/// 120 s without proof: a question that still matters goes out once more, flagged; everything else stays
/// unknown and blocks nothing (A82, RE20). Never more than two copies.
fn give_up_waiting(moment: &mut Moment<'_>, id: &str) -> Result<(), Fault> {
    let message = message_mut(moment.space, id)?.clone();
    let policy =
        moment.engine.channels.get(&message.channel_id).map(|channel| channel.row.on_ambiguous.clone());
    let may_repeat = match policy.as_deref() {
        Some("at_most_once") => false,
        Some("at_least_once") => true,
        Some(_) | None => message.class == MessageClass::Question,
    };
    let at = moment.at();
    if policy.as_deref() != Some("at_most_once") && repeat_is_recognised(moment, &message) {
        moment.move_message(id, MessageState::Due, Some("no_proof"))?;
        message_mut(moment.space, id)?.due_at = at;
        return Ok(());
    }
    if !may_repeat || message.possible_duplicate || !is_wanted(moment, &message) || message.ttl_at <= at {
        return moment.settle_unknown(id);
    }
    moment.move_message(id, MessageState::Due, Some("no_proof"))?;
    let row = message_mut(moment.space, id)?;
    row.possible_duplicate = true;
    row.due_at = at;
    let gateway = moment.engine.channels.get(&message.channel_id).map(|channel| channel.row.gateway.clone());
    moment.engine.metrics.possible_duplicate(gateway.as_deref().unwrap_or("none"));
    Ok(())
}

/// A gateway that surely recognises our reference takes no second copy: it is asked again, within its window and as
/// often as any other message (RE19 c).
fn repeat_is_recognised(moment: &Moment<'_>, message: &MessageRow) -> bool {
    let channel = moment.engine.channels.get(&message.channel_id);
    let gateway = channel.and_then(|channel| moment.engine.gateways.get(&channel.row.gateway));
    // No attempt is older than the message.
    let in_time = gateway
        .and_then(Gateway::repeat_window)
        .is_some_and(|window| moment.at() < message.created_at + window && moment.at() < message.ttl_at);
    in_time && message.attempts < moment.engine.settings.attempts_max && is_wanted(moment, message)
}

/// Sweeps until nothing is overdue; gives when the next sweep has something to do.
///
/// # Errors
/// [`WriteError`] when a sweep could not be stored.
pub async fn sweep(engine: &Engine) -> Result<Option<Timestamp>, WriteError> {
    while engine.store.write(SweepOutbox::new(engine)).await? > 0 {}
    let (proof_wait, receipt_wait) = (engine.settings.proof_wait, engine.settings.receipt_wait);
    let next = engine
        .store
        .read(move |connection| messages::next_overdue(connection, proof_wait, receipt_wait))
        .await?;
    Ok(next.map(|at| at.and_utc()))
}
