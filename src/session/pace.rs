//! The token bucket that paces a channel (A73, RF12). Pure arithmetic in millionths of a token; rates are in
//! millionths of a message per second, so that a channel of one message in ten seconds can be told.

use chrono::{Duration, NaiveDateTime};

const MICRO: i64 = 1_000_000;

/// State of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Tokens in millionths; at most one second's worth, and at least one whole token when full.
    pub tokens_micro: i64,
    /// When it was last refilled.
    pub refilled_at: NaiveDateTime,
}

impl Bucket {
    /// A full bucket: one second's worth.
    #[must_use]
    pub fn full(rate_micro: i64, now: NaiveDateTime) -> Self {
        Self { tokens_micro: capacity(rate_micro), refilled_at: now }
    }

    /// Adds what has run in since the last refill, up to one second's worth.
    #[must_use]
    pub fn refilled(self, rate_micro: i64, now: NaiveDateTime) -> Self {
        let elapsed = (now - self.refilled_at).max(Duration::zero());
        let micros = elapsed.num_microseconds().unwrap_or(i64::MAX);
        let gained = micros.saturating_mul(rate_micro) / MICRO;
        Self {
            tokens_micro: self.tokens_micro.saturating_add(gained).min(capacity(rate_micro)),
            refilled_at: self.refilled_at.max(now),
        }
    }

    /// Takes one token, if there is one.
    #[must_use]
    pub fn taken(self) -> Option<Self> {
        (self.tokens_micro >= MICRO).then_some(Self { tokens_micro: self.tokens_micro - MICRO, ..self })
    }

    /// When the `nth` token from now (0 = the next) will have run in.
    #[must_use]
    pub fn available_at(self, rate_micro: i64, nth: i64) -> NaiveDateTime {
        let missing = (MICRO.saturating_mul(nth + 1) - self.tokens_micro).max(0);
        let rate_micro = rate_micro.max(1);
        // Round up: a token must be whole when it is taken.
        let micros = (missing.saturating_mul(MICRO) + rate_micro - 1) / rate_micro;
        self.refilled_at + Duration::microseconds(micros)
    }
}

fn capacity(rate_micro: i64) -> i64 {
    rate_micro.max(MICRO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_leave_at_once_and_then_one_every_eighth_of_a_second() {
        let start = chrono::NaiveDate::from_ymd_opt(2026, 11, 21).unwrap().and_hms_opt(6, 0, 0).unwrap();
        let mut bucket = Bucket::full(8 * MICRO, start);
        for _ in 0..8 {
            bucket = bucket.taken().unwrap();
        }
        assert_eq!(bucket.taken(), None);
        assert_eq!(bucket.available_at(8 * MICRO, 0), start + Duration::milliseconds(125));
        assert_eq!(bucket.available_at(8 * MICRO, 7), start + Duration::seconds(1));
        let later = bucket.refilled(8 * MICRO, start + Duration::milliseconds(125));
        assert!(later.taken().is_some());
        assert_eq!(bucket.refilled(8 * MICRO, start + Duration::hours(1)).tokens_micro, 8 * MICRO);
    }
}
