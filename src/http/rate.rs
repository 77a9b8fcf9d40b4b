//! Rate limits in memory: a token bucket for each key or address (http-api.md 1.3, RS6). It bounds load on this
//! node; what costs money is counted in the database, never here.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use chrono::TimeDelta;

use super::problem::{Problem, ProblemCode};
use crate::clock::Timestamp;

/// Buckets kept before full ones are swept out.
const BUCKETS_MAX: usize = 10_000;

/// The bucket of all who come when there is no room for one of their own.
const CROWD: &str = "crowd";

/// Parts of one token, so that a refill is exact in whole microseconds.
const TOKEN: i64 = 1_000_000;

/// How fast a bucket fills and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests per second in the long run; default 10.
    pub per_second: u32,
    /// Requests at once; default 50.
    pub burst: u32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { per_second: 10, burst: 50 }
    }
}

/// What is left of a bucket after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Whether the request may go on.
    pub granted: bool,
    /// Requests a full bucket allows.
    pub limit: u32,
    /// Requests left now.
    pub remaining: u32,
    /// Seconds until the bucket is full again.
    pub reset_seconds: u64,
    /// Seconds until the next request is granted; 0 when one is left.
    pub retry_after_seconds: u64,
}

impl Allowance {
    /// Writes `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`.
    pub fn show(&self, headers: &mut HeaderMap) {
        for (name, value) in [
            ("ratelimit-limit", u64::from(self.limit)),
            ("ratelimit-remaining", u64::from(self.remaining)),
            ("ratelimit-reset", self.reset_seconds),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

/// One bucket per name: the id of a key, or [`address_name`].
#[derive(Debug)]
pub struct Buckets {
    limit: RateLimit,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    levels: HashMap<String, Level>,
    swept_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    /// Parts of tokens at `at`.
    parts: i64,
    at: Timestamp,
}

impl Book {
    /// A sweep looks at every bucket, so a flood may not cause one for each request.
    fn is_sweeping_due(&self, now: Timestamp) -> bool {
        self.swept_at.is_none_or(|swept_at| now - swept_at >= TimeDelta::seconds(1))
    }
}

impl Buckets {
    /// Empty book-keeping: every bucket starts full.
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        Self { limit, book: Mutex::default() }
    }

    /// Takes one token from the bucket of `name`, if there is one.
    #[must_use]
    pub fn take(&self, name: &str, now: Timestamp) -> Allowance {
        // A panic elsewhere leaves every level whole: each is written in one step.
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let is_newcomer = !book.levels.contains_key(name);
        if is_newcomer && book.levels.len() >= BUCKETS_MAX && book.is_sweeping_due(now) {
            book.levels.retain(|_, level| self.parts_at(*level, now) < self.capacity());
            book.swept_at = Some(now);
        }
        // Past the limit newcomers share one bucket, so that a flood of addresses cannot fill the memory.
        let is_crowded = is_newcomer && book.levels.len() >= BUCKETS_MAX;
        let name = if is_crowded { CROWD } else { name };
        let parts = book.levels.get(name).map_or(self.capacity(), |level| self.parts_at(*level, now));
        let granted = parts >= TOKEN;
        let parts = if granted { parts - TOKEN } else { parts };
        book.levels.insert(name.to_owned(), Level { parts, at: now });
        Allowance {
            granted,
            limit: self.limit.burst,
            remaining: u32::try_from(parts / TOKEN).unwrap_or(0),
            reset_seconds: self.seconds_to_gain(self.capacity() - parts),
            retry_after_seconds: self.seconds_to_gain(TOKEN - parts),
        }
    }

    /// Takes one token for a request, leaves the figures for the edge to show, and refuses with 429 when the
    /// bucket is empty.
    ///
    /// # Errors
    /// `rate_limited` with `Retry-After`.
    pub fn charge(&self, request: &HttpRequest, name: &str, now: Timestamp) -> Result<(), Problem> {
        let allowance = self.take(name, now);
        request.extensions_mut().insert(allowance);
        if allowance.granted {
            return Ok(());
        }
        let seconds = allowance.retry_after_seconds;
        let detail = format!(
            "{} requests a second are allowed, {} at once; try again in {seconds} s",
            self.limit.per_second, self.limit.burst
        );
        Err(Problem::new(ProblemCode::RateLimited, detail).retry_after(seconds))
    }

    fn capacity(&self) -> i64 {
        i64::from(self.limit.burst) * TOKEN
    }

    fn parts_at(&self, level: Level, now: Timestamp) -> i64 {
        let waited = (now - level.at).max(TimeDelta::zero());
        let micros = waited.num_microseconds().unwrap_or(i64::MAX);
        let gained = micros.saturating_mul(i64::from(self.limit.per_second));
        level.parts.saturating_add(gained).min(self.capacity())
    }

    fn seconds_to_gain(&self, parts: i64) -> u64 {
        let per_second = u64::from(self.limit.per_second.max(1)) * TOKEN.unsigned_abs();
        u64::try_from(parts).unwrap_or(0).div_ceil(per_second)
    }
}

/// The bucket of callers without a key: an IPv4 address, or a whole IPv6 /48 (RS6).
#[must_use]
pub fn address_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("ip {address}"),
        IpAddr::V6(address) => {
            let [first, second, third, ..] = address.segments();
            format!("ip {first:x}:{second:x}:{third:x}::/48")
        }
    }
}
