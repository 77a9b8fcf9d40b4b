//! How long a message that surely was not sent waits before the next try (RF11, RF12). Pure.

use chrono::Duration;

/// How waits grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// First wait; default 5 s.
    pub base: Duration,
    /// Longest wait, also for `Retry-After` (RF12); default 1 h.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: Duration::seconds(5), longest: Duration::hours(1) }
    }
}

impl Backoff {
    /// The wait before the try after `attempt` (from 1): the base, doubling, ±20 % by `jitter` (0 to 999).
    #[must_use]
    pub fn wait(self, attempt: i32, jitter: u64) -> Duration {
        let doublings = u32::try_from(attempt.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
        let base_millis = self.base.num_milliseconds().saturating_mul(1_i64 << doublings);
        let jitter = i64::try_from(jitter.min(999)).unwrap_or(0);
        let millis = base_millis.saturating_mul(800 + jitter * 400 / 999) / 1000;
        Duration::try_milliseconds(millis).map_or(self.longest, |wait| wait.min(self.longest))
    }

    /// A gateway's `Retry-After`, kept between our own wait and the longest.
    #[must_use]
    pub fn honoured(self, retry_after: Option<Duration>, own: Duration) -> Duration {
        retry_after.map_or(own, |wish| wish.max(own).min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_five_seconds_with_a_fifth_of_jitter_and_end_at_an_hour() {
        assert_eq!(Backoff::default().wait(1, 0), Duration::seconds(4));
        assert_eq!(Backoff::default().wait(1, 999), Duration::seconds(6));
        assert_eq!(Backoff::default().wait(3, 0), Duration::seconds(16));
        assert_eq!(Backoff::default().wait(30, 999), Duration::hours(1));
    }

    #[test]
    fn retry_after_is_honoured_within_bounds() {
        let own = Duration::seconds(5);
        assert_eq!(Backoff::default().honoured(Some(Duration::seconds(60)), own), Duration::seconds(60));
        assert_eq!(Backoff::default().honoured(Some(Duration::seconds(1)), own), own);
        assert_eq!(Backoff::default().honoured(Some(Duration::days(2)), own), Duration::hours(1));
        assert_eq!(Backoff::default().honoured(None, own), own);
    }
}
