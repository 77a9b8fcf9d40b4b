//! [`Heartbeat`]: when the background work of this process last showed signs of life (O1). It starts nothing and
//! stops nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Duration};

use crate::clock::Timestamp;

/// The last beat. Cloning is cheap; all clones share it.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// Microseconds since 1970; the least number there is while nothing has beaten yet.
    last: Arc<AtomicI64>,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self { last: Arc::new(AtomicI64::new(i64::MIN)) }
    }
}

impl Heartbeat {
    /// Shows a sign of life.
    pub fn beat(&self, now: Timestamp) {
        self.last.fetch_max(now.timestamp_micros(), Ordering::Relaxed);
    }

    /// How long ago the last sign was; `None` when no background work ever ran in this process.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        DateTime::from_timestamp_micros(self.last.load(Ordering::Relaxed)).map(|last| now - last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_counts_from_the_latest_beat() {
        let heartbeat = Heartbeat::default();
        let now: Timestamp = "2026-11-21T06:00:00Z".parse().unwrap();
        assert_eq!(heartbeat.age(now), None);
        heartbeat.beat(now);
        heartbeat.beat(now - Duration::seconds(9));
        assert_eq!(heartbeat.age(now + Duration::seconds(31)), Some(Duration::seconds(31)));
    }
}
