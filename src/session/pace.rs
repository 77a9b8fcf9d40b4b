//! The token bucket that paces a channel (A73, RF12) and a gateway (gateways.md 2.1). Pure arithmetic in millionths of a token; rates are in
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

    /// Takes `count` tokens, if so many are there, or as many as the bucket holds: a message of more parts than that
    /// leaves it below zero, and the next one waits the longer.
    #[must_use]
    pub fn taken(self, rate_micro: i64, count: i64) -> Option<Self> {
        (self.tokens_micro >= needed(rate_micro, count))
            .then_some(Self { tokens_micro: self.tokens_micro - MICRO.saturating_mul(count), ..self })
    }

    /// When `count` tokens will have run in, after those that take `ahead`.
    #[must_use]
    pub fn available_at(self, rate_micro: i64, ahead: i64, count: i64) -> NaiveDateTime {
        let wanted = MICRO.saturating_mul(ahead).saturating_add(needed(rate_micro, count));
        let missing = (wanted - self.tokens_micro).max(0);
        let rate_micro = rate_micro.max(1);
        // Round up: a token must be whole when it is taken.
        let micros = (missing.saturating_mul(MICRO) + rate_micro - 1) / rate_micro;
        self.refilled_at + Duration::microseconds(micros)
    }
}

fn needed(rate_micro: i64, count: i64) -> i64 {
    MICRO.saturating_mul(count).min(capacity(rate_micro))
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
            bucket = bucket.taken(8 * MICRO, 1).unwrap();
        }
        assert_eq!(bucket.taken(8 * MICRO, 1), None);
        assert_eq!(bucket.available_at(8 * MICRO, 0, 1), start + Duration::milliseconds(125));
        assert_eq!(bucket.available_at(8 * MICRO, 7, 1), start + Duration::seconds(1));
        let later = bucket.refilled(8 * MICRO, start + Duration::milliseconds(125));
        assert!(later.taken(8 * MICRO, 1).is_some());
        assert_eq!(bucket.refilled(8 * MICRO, start + Duration::hours(1)).tokens_micro, 8 * MICRO);
    }
    #[test]
    fn a_long_sms_is_paid_for_afterwards_where_the_bucket_is_smaller() {
        let start = chrono::NaiveDate::from_ymd_opt(2026, 11, 21).unwrap().and_hms_opt(6, 0, 0).unwrap();
        let bucket = Bucket::full(MICRO, start).taken(MICRO, 3).unwrap();
        assert_eq!(bucket.tokens_micro, -2 * MICRO);
        assert_eq!(bucket.taken(MICRO, 1), None);
        assert_eq!(
            bucket.available_at(MICRO, 0, 3),
            start + Duration::seconds(3),
            "three parts, three seconds"
        );
        assert_eq!(bucket.available_at(MICRO, 3, 1), start + Duration::seconds(6));
        assert!(bucket.refilled(MICRO, start + Duration::seconds(3)).taken(MICRO, 3).is_some());
    }
}
