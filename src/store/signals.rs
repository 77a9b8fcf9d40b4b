//! [`Signals`]: who is woken after a commit, on this node and on the others, so that nobody has to poll.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::Notify;

use super::Space;
use super::bell::Bell;
use crate::clock::Timestamp;

/// Woken after each commit that may have made a message or a timer due.
#[derive(Clone, Debug)]
pub struct Signals {
    /// Messages were queued or moved.
    pub outbox: Arc<Notify>,
    /// A timer is due before the one that was waited for.
    pub timers: Arc<Notify>,
    /// Something is to be told to a webhook.
    pub webhooks: Arc<Notify>,
    /// Surveys, channels, keys, webhooks or gateways were changed, perhaps by another node.
    pub setup: Arc<Notify>,
    /// The timer that is waited for, in microseconds since 1970.
    expected_timer: Arc<AtomicI64>,
    /// The other nodes; none on SQLite.
    bell: Option<Bell>,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            outbox: Arc::default(),
            timers: Arc::default(),
            webhooks: Arc::default(),
            setup: Arc::default(),
            bell: None,
            expected_timer: Arc::new(AtomicI64::new(i64::MAX)),
        }
    }
}

impl Signals {
    /// Signals that other nodes hear too.
    pub(super) fn with_bell(bell: Bell) -> Self {
        Self { bell: Some(bell), ..Self::default() }
    }

    /// Says that this process claims messages and fires timers itself: the other nodes need not hear of each.
    pub fn work_here(&self) {
        if let Some(bell) = &self.bell {
            bell.work_here();
        }
    }

    /// Wakes whoever works on this node, since anything may have been freed or hastened.
    pub(super) fn wake_all(&self) {
        self.outbox.notify_one();
        self.timers.notify_one();
        self.webhooks.notify_one();
    }

    /// Says until when the timer task sleeps; commits that need it earlier wake it.
    pub fn expect_timer_at(&self, instant: Timestamp) {
        self.expected_timer.store(instant.timestamp_micros(), Ordering::SeqCst);
    }

    /// Says that the timer task is looking: until it says again how long it sleeps, every commit that sets a
    /// timer wakes it, since it may have read the timers before that commit.
    pub fn expect_any_timer(&self) {
        self.expected_timer.store(i64::MAX, Ordering::SeqCst);
    }

    /// Wakes whom the rows of a batch concern, after its commit.
    pub(super) fn tell(&self, space: &Space, now: Timestamp) {
        if space.concerns_dispatcher(now.naive_utc()) {
            self.outbox.notify_one();
            if let Some(bell) = &self.bell {
                bell.ring_outbox();
            }
        }
        if space.concerns_webhooks() {
            self.webhooks.notify_one();
            if let Some(bell) = &self.bell {
                bell.ring_webhooks();
            }
        }
        let expected = self.expected_timer.load(Ordering::SeqCst);
        if space.earliest_timer().is_some_and(|at| at.and_utc().timestamp_micros() < expected) {
            self.timers.notify_one();
            if let Some(bell) = &self.bell {
                bell.ring_timers();
            }
        }
    }
}
