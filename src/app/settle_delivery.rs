//! What a call to a webhook came to: delivered, to be made again later, or given up; and since when the webhook takes
//! nothing any more (V2, RE35). Every attempt is kept (V7).

use chrono::TimeDelta;

use super::engine::Engine;
use super::event_kind::EventKind;
use crate::clock::Timestamp;
use crate::store::deliveries::{DELIVERED, DUE, DeliveryRow, FAILED, SENDING, WebhookAttemptRow};
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};
use crate::webhook::{CallResult, DISABLED_AFTER, Reply, wait_after};

/// Why a webhook is to be disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisabledReason {
    /// An operator did it.
    Operator,
    /// It answered 410.
    Gone,
    /// Every call has failed for 120 h.
    Failing,
}

impl DisabledReason {
    /// The word stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

/// The turn.
#[derive(Debug)]
pub struct SettleDelivery {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The delivery as it was claimed.
    pub claimed: DeliveryRow,
    /// Kind of its event.
    pub kind: String,
    /// When the call began.
    pub started_at: Timestamp,
    /// How long it took.
    pub took: std::time::Duration,
    /// What came of it.
    pub reply: Reply,
    /// A random number below 1000.
    pub jitter: u64,
}

impl Work for SettleDelivery {
    /// Why the webhook must be disabled now, if it must.
    type Output = Option<DisabledReason>;

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.webhooks.insert(self.claimed.webhook_id.clone());
        keys.deliveries.insert((self.claimed.webhook_id.clone(), self.claimed.event_id.clone()));
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Self::Output, Fault> {
        if space.webhooks.get(&self.claimed.webhook_id).is_none() {
            // Deleted in the meantime.
            return Ok(None);
        }
        self.keep_attempt(space);
        self.settle(space, now);
        Ok(self.note_health(space, now))
    }
}

impl SettleDelivery {
    fn keep_attempt(&self, space: &mut Space) {
        space.add_webhook_attempt(WebhookAttemptRow {
            id: self.engine.ids.next(self.started_at),
            webhook_id: self.claimed.webhook_id.clone(),
            event_id: self.claimed.event_id.clone(),
            kind: self.kind.clone(),
            attempt: self.claimed.attempts,
            started_at: self.started_at.naive_utc(),
            duration_ms: i32::try_from(self.took.as_millis()).unwrap_or(i32::MAX),
            result: self.reply.result.as_str().to_owned(),
            status: self.reply.status.map(i32::from),
            response: self.reply.response.clone(),
        });
    }

    /// Changes nothing if the lease was lost and somebody else has claimed it since.
    fn settle(&self, space: &mut Space, now: Timestamp) {
        let key = (self.claimed.webhook_id.clone(), self.claimed.event_id.clone());
        let is_ours = |row: &DeliveryRow| row.state == SENDING && row.attempts == self.claimed.attempts;
        if !space.deliveries.get(&key).is_some_and(is_ours) {
            return;
        }
        let Some(row) = space.deliveries.get_mut(&key) else {
            return;
        };
        let retry_after = self.reply.retry_after.map(|asked| asked.wait(now));
        let again = match self.reply.result {
            CallResult::Delivered => None,
            // It waits in case an operator enables the webhook again.
            CallResult::Gone => Some(TimeDelta::zero()),
            CallResult::Refused
            | CallResult::Timeout
            | CallResult::Unreachable
            | CallResult::ForbiddenAddress => wait_after(row.tries, retry_after, self.jitter),
        };
        row.due_at = again.map(|wait| (now + wait).naive_utc());
        row.settled_at = again.is_none().then(|| now.naive_utc());
        let state = match again {
            Some(_) => DUE,
            None if self.reply.result == CallResult::Delivered => DELIVERED,
            None => FAILED,
        };
        state.clone_into(&mut row.state);
    }

    fn note_health(&self, space: &mut Space, now: Timestamp) -> Option<DisabledReason> {
        let id = &self.claimed.webhook_id;
        let failing_since = space.webhooks.get(id)?.failing_since;
        if self.reply.result == CallResult::Delivered {
            if failing_since.is_some() {
                space.webhooks.get_mut(id)?.failing_since = None;
            }
            return None;
        }
        let since = failing_since.unwrap_or(self.started_at.naive_utc());
        if failing_since.is_none() {
            space.webhooks.get_mut(id)?.failing_since = Some(since);
        }
        if self.kind == EventKind::WebhookTest.as_str() {
            return None;
        }
        if self.reply.result == CallResult::Gone {
            return Some(DisabledReason::Gone);
        }
        (now.naive_utc() - since >= DISABLED_AFTER).then_some(DisabledReason::Failing)
    }
}
