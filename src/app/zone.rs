//! Local time of a recipient: which day it is there, and when a send window opens next (F22, A68, A69).

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::phone::Phone;
use crate::survey::SendWindow;

/// Days that are looked ahead for an opening; a window names at least one day of the week.
const DAYS_AHEAD: u64 = 8;
/// Openings that are tried before windows that exclude each other are given up.
const ROUNDS_MAX: usize = 16;

/// The zone of a phone: that of its country where the country has one, else the configured default.
#[must_use]
pub fn of_phone(phone: &Phone, default: Tz) -> Tz {
    match phone.country_code() {
        "47" => chrono_tz::Europe::Oslo,
        "46" => chrono_tz::Europe::Stockholm,
        "45" => chrono_tz::Europe::Copenhagen,
        "358" => chrono_tz::Europe::Helsinki,
        "354" => chrono_tz::Atlantic::Reykjavik,
        "44" => chrono_tz::Europe::London,
        "353" => chrono_tz::Europe::Dublin,
        "49" => chrono_tz::Europe::Berlin,
        "33" => chrono_tz::Europe::Paris,
        "31" => chrono_tz::Europe::Amsterdam,
        _ => default,
    }
}

/// The day in a zone (F22).
#[must_use]
pub fn today(zone: Tz, now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&zone).date_naive()
}

/// The first instant, not before `now`, at which all windows are open: `now` itself if they are. Windows that are
/// never open together are given up after a week, and the last instant tried is the answer (A69).
#[must_use]
pub fn next_opening(
    windows: &[&SendWindow],
    phone: &Phone,
    default: Tz,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let mut instant = now;
    for _ in 0..ROUNDS_MAX {
        let opened = windows.iter().fold(instant, |instant, window| opening(window, phone, default, instant));
        if opened == instant {
            break;
        }
        instant = opened;
    }
    instant
}

/// The first instant, not before `now`, at which one window is open.
fn opening(window: &SendWindow, phone: &Phone, default: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
    let zone = match window.timezone.as_deref().map(str::parse::<Tz>) {
        Some(Ok(named)) => named,
        Some(Err(_)) | None => of_phone(phone, default),
    };
    let local = now.with_timezone(&zone);
    for ahead in 0..=DAYS_AHEAD {
        let Some(day) = local.date_naive().checked_add_days(Days::new(ahead)) else {
            break;
        };
        if !window.days.is_empty() && !window.days.contains(&day.weekday()) {
            continue;
        }
        let opens = instant(zone, day.and_time(window.from));
        let closes = instant(zone, day.and_time(window.to));
        if now < closes {
            return now.max(opens);
        }
    }
    now
}

/// A local time as an instant: in a gap the first valid time after it, in a fold the first (RF31).
#[must_use]
pub fn instant(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        chrono::LocalResult::Single(found) | chrono::LocalResult::Ambiguous(found, _) => found.to_utc(),
        chrono::LocalResult::None => {
            // Gaps are at most a few hours: the offset before the gap carries the time past it.
            let before = local - chrono::Duration::hours(3);
            zone.from_local_datetime(&before)
                .earliest()
                .map_or_else(|| local.and_utc(), |found| found.to_utc() + chrono::Duration::hours(3))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{NaiveTime, Weekday};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_start_at_night_waits_for_the_morning_and_one_on_friday_evening_for_monday() {
        let window = SendWindow {
            from: NaiveTime::from_hms_opt(9, 0, 0).unwrap(),
            to: NaiveTime::from_hms_opt(20, 0, 0).unwrap(),
            days: vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri],
            timezone: None,
        };
        let phone = Phone::from_stored("+4799999999").unwrap();
        let opening = |now: &str| next_opening(&[&window], &phone, chrono_tz::UTC, at(now));
        assert_eq!(opening("2026-11-20T12:00:00Z"), at("2026-11-20T12:00:00Z"));
        assert_eq!(opening("2026-11-20T03:00:00Z"), at("2026-11-20T08:00:00Z"));
        assert_eq!(opening("2026-11-20T19:00:00Z"), at("2026-11-23T08:00:00Z"));
    }

    #[test]
    fn a_time_in_the_gap_of_spring_is_the_first_valid_one() {
        let gap: NaiveDateTime = "2026-03-29T02:30:00".parse().unwrap();
        assert_eq!(instant(chrono_tz::Europe::Oslo, gap), at("2026-03-29T01:30:00Z"));
        let fold: NaiveDateTime = "2026-10-25T02:30:00".parse().unwrap();
        assert_eq!(instant(chrono_tz::Europe::Oslo, fold), at("2026-10-25T00:30:00Z"));
    }
}
