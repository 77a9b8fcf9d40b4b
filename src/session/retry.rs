//! How long a message that surely was not sent waits before the next try (RF11, RF12). Pure.

use chrono::Duration;

/// First wait.
const BASE_SECONDS: i64 = 5;
/// Longest wait, also for `Retry-After` (RF12).
const LONGEST: Duration = Duration::hours(1);

/// The wait before the try after `attempt` (from 1): 5 s doubling, ±20 % by `jitter` (0 to 999).
#[must_use]
pub fn backoff(attempt: i32, jitter: u64) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
    let base_millis = BASE_SECONDS * 1000 * (1_i64 << doublings);
    let jitter = i64::try_from(jitter.min(999)).unwrap_or(0);
    let millis = base_millis * (800 + jitter * 400 / 999) / 1000;
    Duration::milliseconds(millis).min(LONGEST)
}

/// A gateway's `Retry-After`, kept between our own back-off and one hour.
#[must_use]
pub fn honoured(retry_after: Option<Duration>, backoff: Duration) -> Duration {
    retry_after.map_or(backoff, |wish| wish.clamp(backoff, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_five_seconds_with_a_fifth_of_jitter_and_end_at_an_hour() {
        assert_eq!(backoff(1, 0), Duration::seconds(4));
        assert_eq!(backoff(1, 999), Duration::seconds(6));
        assert_eq!(backoff(3, 0), Duration::seconds(16));
        assert_eq!(backoff(30, 999), Duration::hours(1));
    }

    #[test]
    fn retry_after_is_honoured_within_bounds() {
        let own = Duration::seconds(5);
        assert_eq!(honoured(Some(Duration::seconds(60)), own), Duration::seconds(60));
        assert_eq!(honoured(Some(Duration::seconds(1)), own), own);
        assert_eq!(honoured(Some(Duration::days(2)), own), Duration::hours(1));
        assert_eq!(honoured(None, own), own);
    }
}
