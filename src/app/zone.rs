//! Local time of a recipient: which day it is there, and when windows are open in every zone he may be in (F22, A68,
//! A69, GW67).

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::phone::Phone;
use crate::survey::SendWindow;

/// Days that are looked ahead for an opening; a window names at least one day of the week.
const DAYS_AHEAD: u64 = 8;
/// How far ahead windows may be open together: what is open together at all is so within a week.
const TOGETHER_WITHIN: TimeDelta = TimeDelta::days(8);

/// The zones a phone may be in; the configured default for a number of no country.
fn candidates(phone: &Phone, default: Tz) -> Vec<Tz> {
    let mut zones: Vec<Tz> = phone.time_zones().filter_map(|name| name.parse().ok()).collect();
    if zones.is_empty() {
        zones.push(default);
    }
    zones
}

/// The day of a person (F22): that of the zones his number may be in; where they differ, that of the default zone.
#[must_use]
pub fn today(phone: &Phone, default: Tz, now: DateTime<Utc>) -> NaiveDate {
    let day_in = |zone: &Tz| now.with_timezone(zone).date_naive();
    let mut days: Vec<NaiveDate> = candidates(phone, default).iter().map(day_in).collect();
    days.dedup();
    match days.as_slice() {
        [only] => *only,
        _ => day_in(&default),
    }
}

/// The first instant, not before `now`, at which all windows are open in all zones the phone may be in: `now` itself
/// if they are. `None` when they are never open together (A69).
#[must_use]
pub fn next_opening(
    windows: &[&SendWindow],
    phone: &Phone,
    default: Tz,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let zones = candidates(phone, default);
    let placed: Vec<(&SendWindow, Tz)> = windows.iter().flat_map(|window| place(window, &zones)).collect();
    let mut instant = now;
    loop {
        // Each step goes to the earliest time at which one more window is open: none is passed over.
        let opened = placed.iter().fold(instant, |instant, (window, zone)| opening(window, *zone, instant));
        if opened == instant {
            return Some(instant);
        }
        if opened - now > TOGETHER_WITHIN {
            return None;
        }
        instant = opened;
    }
}

/// A window in each zone in which it counts: its own, else those of the recipient.
fn place<'a>(window: &'a SendWindow, zones: &[Tz]) -> Vec<(&'a SendWindow, Tz)> {
    match window.timezone.as_deref().map(str::parse::<Tz>) {
        Some(Ok(named)) => vec![(window, named)],
        Some(Err(_)) | None => zones.iter().map(|zone| (window, *zone)).collect(),
    }
}

/// The first instant, not before `now`, at which one window is open in a zone.
fn opening(window: &SendWindow, zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
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
            let before = local - TimeDelta::hours(3);
            zone.from_local_datetime(&before)
                .earliest()
                .map_or_else(|| local.and_utc(), |found| found.to_utc() + TimeDelta::hours(3))
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

    fn window(from: u32, to: u32, days: Vec<Weekday>) -> SendWindow {
        SendWindow {
            from: NaiveTime::from_hms_opt(from, 0, 0).unwrap(),
            to: NaiveTime::from_hms_opt(to, 0, 0).unwrap(),
            days,
            timezone: None,
        }
    }

    fn opening_for(number: &str, windows: &[&SendWindow], now: &str) -> Option<DateTime<Utc>> {
        next_opening(windows, &Phone::from_stored(number).unwrap(), chrono_tz::UTC, at(now))
    }

    #[test]
    fn a_start_at_night_waits_for_the_morning_and_one_on_friday_evening_for_monday() {
        let week = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        let window = window(9, 20, week);
        let opening = |now: &str| opening_for("+4799999999", &[&window], now);
        assert_eq!(opening("2026-11-20T12:00:00Z"), Some(at("2026-11-20T12:00:00Z")));
        assert_eq!(opening("2026-11-20T03:00:00Z"), Some(at("2026-11-20T08:00:00Z")));
        assert_eq!(opening("2026-11-20T19:00:00Z"), Some(at("2026-11-23T08:00:00Z")));
    }

    #[test]
    fn a69_of_several_zones_only_the_hours_that_are_open_in_all_count() {
        let day = window(8, 21, Vec::new());
        // An Australian mobile: from Lord Howe (+11) to the Cocos Islands (+6:30), 01:30 to 10:00 UTC together.
        let australian = |now: &str| opening_for("+61412345678", &[&day], now);
        assert_eq!(australian("2026-11-20T00:00:00Z"), Some(at("2026-11-20T01:30:00Z")));
        assert_eq!(australian("2026-11-20T09:59:00Z"), Some(at("2026-11-20T09:59:00Z")));
        assert_eq!(australian("2026-11-20T10:00:00Z"), Some(at("2026-11-21T01:30:00Z")));
        // A freephone number may be anywhere from Guam, where it is morning, to Newfoundland, where it is evening.
        let anywhere = |window| opening_for("+18005550123", &[window], "2026-11-20T12:00:00Z");
        assert_eq!(anywhere(&day), Some(at("2026-11-20T22:00:00Z")));
        assert_eq!(anywhere(&window(9, 17, Vec::new())), None);
        let new_york = opening_for("+12015550123", &[&day], "2026-11-20T12:00:00Z");
        assert_eq!(new_york, Some(at("2026-11-20T13:00:00Z")));
        let (morning, evening) = (window(8, 10, Vec::new()), window(18, 20, Vec::new()));
        assert_eq!(opening_for("+4799999999", &[&morning, &evening], "2026-11-20T12:00:00Z"), None);
    }

    #[test]
    fn a_day_on_which_the_zones_of_a_number_agree_is_the_day_of_the_person() {
        let day = |number: &str, now: &str| {
            today(&Phone::from_stored(number).unwrap(), chrono_tz::Europe::Oslo, at(now)).to_string()
        };
        assert_eq!(day("+4799999999", "2026-11-20T23:30:00Z"), "2026-11-21");
        assert_eq!(day("+12015550123", "2026-11-21T03:00:00Z"), "2026-11-20");
        assert_eq!(
            day("+61412345678", "2026-11-20T15:00:00Z"),
            "2026-11-20",
            "they differ: that of the default"
        );
    }

    #[test]
    fn a_time_in_the_gap_of_spring_is_the_first_valid_one() {
        let gap: NaiveDateTime = "2026-03-29T02:30:00".parse().unwrap();
        assert_eq!(instant(chrono_tz::Europe::Oslo, gap), at("2026-03-29T01:30:00Z"));
        let fold: NaiveDateTime = "2026-10-25T02:30:00".parse().unwrap();
        assert_eq!(instant(chrono_tz::Europe::Oslo, fold), at("2026-10-25T00:30:00Z"));
    }
}
