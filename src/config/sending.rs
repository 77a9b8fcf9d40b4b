//! `[limits]`, `[outbox]` and `[retention]`: how many, how fast and how long. Defaults stand in
//! `config.default.toml` alone.

use std::time::Duration;

use super::fault::FaultCode;
use super::reader::{DAY, Reader};

/// `[limits]`: counts, all whole numbers.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Per API key (RS6).
    pub requests_per_second: u32,
    /// At once, before the rate binds.
    pub requests_burst: u32,
    /// Per gateway, soft.
    pub webhooks_per_second: u32,
    /// P49.
    pub not_found_per_phone_per_day: u32,
    /// P49.
    pub not_found_per_channel_per_hour: u32,
    /// A32.
    pub unavailable_per_session: u32,
    /// RF38.
    pub outbound_per_phone_per_hour: u32,
    /// GW85; 0 = never.
    pub quick_replies_max: u32,
    /// GW88; 0 = no limit.
    pub surveys_per_key_per_day: u32,
    /// GW88; 0 = no limit.
    pub surveys_per_channel_per_day: u32,
    /// RF38.
    pub inbound_per_session: u32,
    /// RE36.
    pub due_max: u64,
    /// RE36.
    pub due_age_max: Duration,
    /// RE36.
    pub queue_max: usize,
    /// Free space in MB below which the disk is low; 0 = not looked at (RF4).
    pub disk_low_mb: u32,
    /// The same in per cent.
    pub disk_low_percent: u32,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut count =
            |key: &str, least: u32| reader.integer(&format!("limits.{key}"), None, &(least..=1_000_000));
        Self {
            requests_per_second: count("requests_per_second", 1),
            requests_burst: count("requests_burst", 1),
            webhooks_per_second: count("webhooks_per_second", 1),
            not_found_per_phone_per_day: count("not_found_per_phone_per_day", 0),
            not_found_per_channel_per_hour: count("not_found_per_channel_per_hour", 0),
            unavailable_per_session: count("unavailable_per_session", 0),
            outbound_per_phone_per_hour: count("outbound_per_phone_per_hour", 1),
            quick_replies_max: count("quick_replies_max", 0),
            surveys_per_key_per_day: count("surveys_per_key_per_day", 0),
            surveys_per_channel_per_day: count("surveys_per_channel_per_day", 0),
            inbound_per_session: count("inbound_per_session", 1),
            due_max: u64::from(count("due_max", 1)),
            due_age_max: reader.duration("limits.due_age_max", None, &(1..=30 * DAY)),
            queue_max: reader.integer("limits.queue_max", None, &(1..=1_000_000)),
            disk_low_mb: reader.integer("limits.disk_low_mb", None, &(0..=1_000_000_000)),
            disk_low_percent: reader.integer("limits.disk_low_percent", None, &(0..=100)),
        }
    }
}

/// `[outbox]`
#[derive(Clone, Copy, Debug)]
pub struct Outbox {
    /// A send that has not settled by then is unknown (RE16).
    pub lease: Duration,
    /// SMS claimed at once.
    pub claim_batch: usize,
    /// Sends in flight per channel (RF10).
    pub concurrency_per_channel: usize,
    /// First wait after a safe failure; doubles (RF11).
    pub retry_base: Duration,
    /// Longest wait (RF12).
    pub retry_max: Duration,
    /// Attempts before `failed` (RF11).
    pub attempts_max: u32,
    /// Wait for proof of an unknown send (RE19).
    pub unknown_proof: Duration,
    /// Wait for a delivery report (A76).
    pub receipt_timeout: Duration,
    /// Slowest look when nothing wakes the dispatcher.
    pub poll: Duration,
    /// In place of every survey's `element_gap`; for demos and tests.
    pub element_gap_override: Option<Duration>,
}

impl Outbox {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let retry_base = reader.duration("outbox.retry_base", None, &(1..=3_600));
        let retry_max = reader.duration("outbox.retry_max", None, &(1..=DAY));
        if retry_max < retry_base {
            reader.fault(FaultCode::InvalidValue, "outbox.retry_max", "is shorter than outbox.retry_base");
        }
        Self {
            lease: reader.duration("outbox.lease", None, &(5..=3_600)),
            claim_batch: reader.integer("outbox.claim_batch", None, &(1..=4_096)),
            concurrency_per_channel: reader.integer("outbox.concurrency_per_channel", None, &(1..=256)),
            retry_base,
            retry_max,
            attempts_max: reader.integer("outbox.attempts_max", None, &(1..=100)),
            unknown_proof: reader.duration("outbox.unknown_proof", None, &(1..=DAY)),
            receipt_timeout: reader.duration("outbox.receipt_timeout", None, &(60..=30 * DAY)),
            poll: reader.duration("outbox.poll", None, &(1..=300)),
            element_gap_override: reader.optional_duration("outbox.element_gap_override", &(0..=3600)),
        }
    }
}

/// `[retention]`: how long rows are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Idempotency keys (RE25).
    pub idempotency: Duration,
    /// What webhooks were told, and the calls made (V7).
    pub webhook_attempts: Duration,
}

impl Retention {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            idempotency: reader.duration("retention.idempotency", None, &(DAY..=3_650 * DAY)),
            webhook_attempts: reader.duration("retention.webhook_attempts", None, &(DAY..=3_650 * DAY)),
        }
    }
}
