//! When a reminder may leave on the virtual clock (F9, A68). It knows one fixed offset, no zone rules.

use chrono::{DateTime, Datelike, Duration, FixedOffset, NaiveTime, Timelike};

use super::super::survey::SendWindow;

/// Minutes looked ahead for an opening: two weeks.
const MINUTES_MAX: i64 = 14 * 24 * 60;

/// Hours of the day in which reminders may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// First minute.
    pub from: NaiveTime,
    /// First minute after it.
    pub to: NaiveTime,
}

impl Default for QuietHours {
    /// 08:00 to 21:00 (A68).
    fn default() -> Self {
        let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        Self { from: hour(8), to: hour(21) }
    }
}

/// The first minute from `at` on that lies in both; `None` when two weeks hold none.
pub(super) fn opening(
    at: DateTime<FixedOffset>,
    hours: QuietHours,
    window: Option<&SendWindow>,
) -> Option<DateTime<FixedOffset>> {
    let open = |at: &DateTime<FixedOffset>| {
        within(at.time(), hours.from, hours.to)
            && window.is_none_or(|window| {
                let day = window.days.is_empty() || window.days.contains(&at.weekday());
                day && within(at.time(), window.from, window.to)
            })
    };
    if open(&at) {
        return Some(at);
    }
    let minute = at.with_second(0)?.with_nanosecond(0)?;
    (1..=MINUTES_MAX).filter_map(|ahead| minute.checked_add_signed(Duration::minutes(ahead))).find(open)
}

/// Start included, end not; a window may cross midnight.
fn within(time: NaiveTime, from: NaiveTime, to: NaiveTime) -> bool {
    if from <= to { time >= from && time < to } else { time >= from || time < to }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, FixedOffset, NaiveTime, Weekday};

    use super::{QuietHours, opening};
    use crate::survey::survey::SendWindow;

    fn at(text: &str) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(text).unwrap()
    }

    #[test]
    fn f9_a_reminder_moves_to_the_next_opening_of_quiet_hours_and_send_window() {
        let hours = QuietHours::default();
        let evening = at("2026-11-20T23:10:30+01:00");
        assert_eq!(opening(evening, hours, None), Some(at("2026-11-21T08:00:00+01:00")));
        let noon = at("2026-11-20T12:00:07+01:00");
        assert_eq!(opening(noon, hours, None), Some(noon));
        let weekdays = SendWindow {
            from: NaiveTime::from_hms_opt(9, 30, 0).unwrap(),
            to: NaiveTime::from_hms_opt(20, 0, 0).unwrap(),
            days: vec![Weekday::Mon, Weekday::Tue],
            timezone: None,
        };
        assert_eq!(opening(evening, hours, Some(&weekdays)), Some(at("2026-11-23T09:30:00+01:00")));
    }

    #[test]
    fn a_window_that_never_opens_gives_nothing() {
        let hours = QuietHours { from: NaiveTime::MIN, to: NaiveTime::MIN };
        assert_eq!(opening(at("2026-11-20T23:10:30+01:00"), hours, None), None);
    }
}
