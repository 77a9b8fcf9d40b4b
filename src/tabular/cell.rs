//! [`Cell`]: one value of a row, typed, so that each format can write it as its readers want it (U48).

use chrono::{NaiveDate, NaiveDateTime, SecondsFormat, TimeZone as _};
use chrono_tz::Tz;

/// One column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The heading in CSV and XLSX (X2).
    pub name: String,
    /// Where the value stands in a JSON object, outermost name first; `None` = JSON says it elsewhere.
    pub path: Option<Vec<String>>,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// A word, a code, a key.
    Text(String),
    /// What a person wrote: quoted in CSV whatever it holds (X21).
    Prose(String),
    /// A phone, masked or not: text that needs no guard against formulas (X24).
    Phone(String),
    /// A whole number.
    Integer(i64),
    /// A number in thousandths.
    Decimal(i64),
    /// Yes or no.
    Flag(bool),
    /// An instant, in UTC.
    Time(NaiveDateTime),
    /// A day.
    Date(NaiveDate),
    /// Several words: joined by `;` where a cell holds one text (X5).
    List(Vec<String>),
}

impl Cell {
    /// A text, or nothing.
    #[must_use]
    pub fn text(text: Option<&str>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.to_owned()))
    }

    /// What a person wrote, or nothing.
    #[must_use]
    pub fn prose(text: Option<&str>) -> Self {
        text.map_or(Self::Empty, |text| Self::Prose(text.to_owned()))
    }

    /// An instant, or nothing.
    #[must_use]
    pub fn time(at: Option<NaiveDateTime>) -> Self {
        at.map_or(Self::Empty, Self::Time)
    }

    /// How many.
    #[must_use]
    pub fn count(count: usize) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Seconds from one instant to another, or nothing.
    #[must_use]
    pub fn seconds(from: Option<NaiveDateTime>, to: Option<NaiveDateTime>) -> Self {
        from.zip(to).map_or(Self::Empty, |(from, to)| Self::Decimal((to - from).num_milliseconds()))
    }
}

/// An instant in a zone: RFC 3339 with its offset, `Z` for UTC (X12).
#[must_use]
pub fn shown_time(at: NaiveDateTime, zone: Tz) -> String {
    zone.from_utc_datetime(&at).to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A number in thousandths with as many decimals as it has.
#[must_use]
pub fn shown_decimal(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let (whole, rest) = (thousandths.unsigned_abs() / 1_000, thousandths.unsigned_abs() % 1_000);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{}", format!("{rest:03}").trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_decimals_they_need_and_times_their_offset() {
        let shown: Vec<String> = [0, 4_000, 4_500, -250, 1_005].into_iter().map(shown_decimal).collect();
        assert_eq!(shown, ["0", "4", "4.5", "-0.25", "1.005"]);
        let at: NaiveDateTime = "2026-11-21T08:00:00.25".parse().unwrap();
        assert_eq!(shown_time(at, Tz::UTC), "2026-11-21T08:00:00.250Z");
        assert_eq!(shown_time(at, Tz::Europe__Oslo), "2026-11-21T09:00:00.250+01:00");
    }
}
