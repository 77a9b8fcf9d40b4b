//! [`Signals`]: who is woken after a commit, so that nobody has to poll.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::Notify;

use super::Space;
use crate::clock::Timestamp;

/// Woken after each commit that may have made a message or a timer due.
#[derive(Clone, Debug)]
pub struct Signals {
    /// Messages were queued or moved.
    pub outbox: Arc<Notify>,
    /// A timer is due before the one that was waited for.
    pub timers: Arc<Notify>,
    /// The timer that is waited for, in microseconds since 1970.
    expected_timer: Arc<AtomicI64>,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            outbox: Arc::default(),
            timers: Arc::default(),
            expected_timer: Arc::new(AtomicI64::new(i64::MAX)),
        }
    }
}

impl Signals {
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
        }
        let expected = self.expected_timer.load(Ordering::SeqCst);
        if space.earliest_timer().is_some_and(|at| at.and_utc().timestamp_micros() < expected) {
            self.timers.notify_one();
        }
    }
}
