//! When a call is made again (V2, RE35). Pure arithmetic.

use std::time::Duration;

use chrono::TimeDelta;

/// Seconds before each try: 0 s, 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h.
const WAITS: [i64; 10] = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// Tries to tell a receiver of an event before it is given up; a replay begins anew.
pub const TRIES_MAX: i32 = 10;

/// A webhook of which every call has failed for so long is disabled (RE35).
pub const DISABLED_AFTER: TimeDelta = TimeDelta::hours(120);

/// Longest wait that a receiver may ask for.
const RETRY_AFTER_MAX: TimeDelta = TimeDelta::hours(24);

/// The wait after so many tries, within 20 % of the schedule by `jitter` (0 to 999), and at least what the receiver
/// asked for; `None` when they are used up.
#[must_use]
pub fn wait_after(tries: i32, retry_after: Option<Duration>, jitter: u64) -> Option<TimeDelta> {
    let seconds = *WAITS.get(usize::try_from(tries).ok()?)?;
    let permille = 800 + i64::try_from(jitter.min(999)).unwrap_or(0) * 400 / 999;
    let wait = TimeDelta::milliseconds(seconds * permille);
    let asked = retry_after.map(|asked| TimeDelta::from_std(asked).unwrap_or(RETRY_AFTER_MAX));
    Some(asked.map_or(wait, |asked| wait.max(asked.min(RETRY_AFTER_MAX))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_are_those_of_re35_within_a_fifth() {
        assert_eq!(wait_after(1, None, 0), Some(TimeDelta::seconds(4)));
        assert_eq!(wait_after(1, None, 999), Some(TimeDelta::seconds(6)));
        assert_eq!(wait_after(9, None, 999), Some(TimeDelta::seconds(103_680)));
        assert_eq!(wait_after(TRIES_MAX, None, 500), None);
        assert_eq!(usize::try_from(TRIES_MAX), Ok(WAITS.len()));
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_wait_up_to_a_day() {
        let asked = |seconds| wait_after(1, Some(Duration::from_secs(seconds)), 0);
        assert_eq!(asked(1), Some(TimeDelta::seconds(4)));
        assert_eq!(asked(60), Some(TimeDelta::seconds(60)));
        assert_eq!(asked(u64::MAX), Some(TimeDelta::hours(24)));
    }
}
