//! The times of a call: `expiryTime` in all its forms (P11, P14) and `sendAt` (A91).

use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};

use crate::app::send_survey::DAYS_AHEAD_MAX;
use crate::clock::{Timestamp, truncated};

/// Why a time cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeFault {
    /// Not one of the forms.
    Unreadable,
    /// Now or earlier.
    Past(Timestamp),
    /// More than 30 days ahead.
    TooFar,
}

/// When a session is to end: after `now`, at most 30 days ahead.
pub(super) fn expiry(text: &str, now: Timestamp, zone: Tz) -> Result<Timestamp, TimeFault> {
    let instant = match with_offset(text).or_else(|| in_zone(text, zone)) {
        Some(instant) => instant,
        None => now + relative(text)?,
    };
    if instant <= now { Err(TimeFault::Past(instant)) } else { not_too_far(instant, now) }
}

/// When a session is to start: with offset, at most 30 days ahead. The past is allowed and means now.
pub(super) fn send_at(text: &str, now: Timestamp) -> Result<Timestamp, TimeFault> {
    not_too_far(with_offset(text).ok_or(TimeFault::Unreadable)?, now)
}

/// The instant as answers show it.
pub(super) fn shown(instant: Timestamp) -> String {
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn not_too_far(instant: Timestamp, now: Timestamp) -> Result<Timestamp, TimeFault> {
    if instant > now + TimeDelta::days(DAYS_AHEAD_MAX) { Err(TimeFault::TooFar) } else { Ok(instant) }
}

fn with_offset(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(|instant| truncated(instant.with_timezone(&Utc)))
}

/// Local forms; a letter of the shape stands for itself, `0` for a digit.
const LOCAL_FORMS: [(&str, &str); 5] = [
    ("0000-00-00T00:00:00", "%Y-%m-%dT%H:%M:%S"),
    ("0000-00-00T00:00", "%Y-%m-%dT%H:%M"),
    ("0000-00-00 00:00:00", "%Y-%m-%d %H:%M:%S"),
    ("0000-00-00 00:00", "%Y-%m-%d %H:%M"),
    ("00000000 00:00:00", "%Y%m%d %H:%M:%S"),
];

/// A local time that comes twice is the first of the two; one that never comes is the first valid instant after
/// the gap (RF31).
fn in_zone(text: &str, zone: Tz) -> Option<Timestamp> {
    let (_, format) = LOCAL_FORMS.iter().find(|(shape, _)| has_shape(text, shape))?;
    let local = NaiveDateTime::parse_from_str(text, format).ok()?;
    let instant = zone.from_local_datetime(&local).earliest().or_else(|| GapInfo::new(&local, &zone)?.end)?;
    Some(instant.with_timezone(&Utc))
}

/// The time library takes signs and missing zeros; the specification does not.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            letter => byte == letter,
        })
}

/// `90s`, `30m`, `24h`, `3d`.
fn relative(text: &str) -> Result<TimeDelta, TimeFault> {
    let unit = text.chars().next_back().ok_or(TimeFault::Unreadable)?;
    let digits = text.strip_suffix(unit).unwrap_or_default();
    let seconds_each: i64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(TimeFault::Unreadable),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(TimeFault::Unreadable);
    }
    digits
        .parse::<i64>()
        .ok()
        .and_then(|count| count.checked_mul(seconds_each))
        .filter(|seconds| *seconds <= (DAYS_AHEAD_MAX + 1) * 86_400)
        .map(TimeDelta::seconds)
        .ok_or(TimeFault::TooFar)
}
