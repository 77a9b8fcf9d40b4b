//! The date grammar (N70 to N73): one date expression, fillers at both ends, in any survey language.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::date_tokens::Tokens;
use super::lexicon::{Lexicon, List};
use super::scene::Scene;
use super::{Method, Reading, Reason};
use crate::survey::Value;
use crate::survey::element::{DateOrder, Direction};

/// The years a date may have (N72).
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2099;
/// A 29 February comes back within this many years.
const LEAP_GAP_YEARS: i32 = 8;

/// Reads a reply to a date question.
pub(super) fn read(
    scene: &Scene<'_>,
    direction: Direction,
    order: DateOrder,
    min: Option<NaiveDate>,
    max: Option<NaiveDate>,
) -> Reading {
    let dates = Dates { scene, tokens: Tokens::read(scene.clean), direction, order };
    let (date, method) = match dates.one().or_else(|| dates.several()).unwrap_or(Err(Reason::NotADate)) {
        Ok(found) => found,
        Err(reason) => return Reading::Reask(reason),
    };
    let wrong_side = match direction {
        Direction::Past => date > scene.today,
        Direction::Future => date < scene.today,
        Direction::Any => false,
    };
    if wrong_side || min.is_some_and(|min| date < min) || max.is_some_and(|max| date > max) {
        return Reading::Reask(Reason::OutOfRange);
    }
    Reading::ok(Value::Date(date), method)
}

/// What a date expression says.
type Found = Result<(NaiveDate, Method), Reason>;

/// A date expression and the token after it.
type Expression = (Found, usize);

/// A reply with what dates in it are read against.
struct Dates<'a> {
    scene: &'a Scene<'a>,
    tokens: Tokens,
    direction: Direction,
    order: DateOrder,
}

impl Dates<'_> {
    /// The one date expression that is left when fillers are taken off both ends.
    fn one(&self) -> Option<Found> {
        let mut start = 0;
        loop {
            if let Some((found, end)) = self.expression(start)
                && self.is_filler_from(end)
            {
                return Some(found);
            }
            if !self.is_filler(start) {
                return None;
            }
            start += 1;
        }
    }

    /// Two different dates are ambiguous (N73); the same date twice is that date.
    fn several(&self) -> Option<Found> {
        let mut found: Vec<Found> = Vec::new();
        let (mut at, mut only_fillers) = (0, true);
        while at < self.tokens.all.len() {
            if let Some((date, end)) = self.expression(at) {
                found.push(date);
                at = end.max(at + 1);
            } else {
                only_fillers &= self.is_filler(at);
                at += 1;
            }
        }
        let first = *found.first()?;
        let day = |found: &Found| found.map(|(date, _)| date);
        if found.iter().any(|other| day(other) != day(&first)) {
            Some(Err(Reason::Ambiguous))
        } else {
            (only_fillers && found.len() > 1).then_some(first)
        }
    }

    /// Whether a token is a filler or a sign outside the expression; of the common fillers both languages count.
    fn is_filler(&self, at: usize) -> bool {
        if self.tokens.sign(at).is_some() {
            return true;
        }
        let lexicons = self.scene.lexicons;
        self.tokens.word(at).is_some_and(|word| {
            lexicons.shared().has(List::DateFiller, word)
                || lexicons.every_language().any(|lexicon| lexicon.has(List::Common, word))
        })
    }

    fn is_filler_from(&self, at: usize) -> bool {
        (at..self.tokens.all.len()).all(|at| self.is_filler(at))
    }

    /// The longest date expression that starts at a token (N70).
    fn expression(&self, at: usize) -> Option<Expression> {
        if let Some((weekday, mark, next)) = self.weekday(at) {
            if mark.is_none() {
                let date_at = (next..self.tokens.all.len()).find(|&at| !self.is_filler(at)).unwrap_or(next);
                let dates = [next, date_at].into_iter().find_map(|at| self.date(at));
                if let Some((found, end)) = dates {
                    let agreed = found.and_then(|(date, method)| {
                        if date.weekday() == weekday { Ok((date, method)) } else { Err(Reason::Conflict) }
                    });
                    return Some((agreed, end));
                }
            }
            return Some((self.weekday_date(weekday, mark), next));
        }
        self.date(at)
    }

    /// A date expression other than a weekday.
    fn date(&self, at: usize) -> Option<Expression> {
        self.relative(at)
            .or_else(|| self.iso(at))
            .or_else(|| self.named(at))
            .or_else(|| self.numeric(at))
            .or_else(|| self.compact(at))
    }

    /// The value of the word at a place in a list of any survey language.
    fn value(&self, list: List, at: usize) -> Option<i32> {
        let word = self.tokens.word(at)?;
        self.scene.every_lexicon().find_map(|lexicon| lexicon.value(list, word))
    }

    /// A weekday with the mark before it, and the token after it.
    fn weekday(&self, at: usize) -> Option<(Weekday, Option<i32>, usize)> {
        let mark = self.value(List::WeekdayMark, at);
        let day_at = at + usize::from(mark.is_some());
        let day = u8::try_from(self.value(List::Weekday, day_at)?).ok()?;
        Some((Weekday::try_from(day).ok()?, mark, day_at + 1))
    }

    /// *today*, *i går*: today with an offset.
    fn relative(&self, at: usize) -> Option<Expression> {
        let words: Vec<&str> = [at, at + 1].into_iter().map_while(|at| self.tokens.word(at)).collect();
        let start = |lexicon: &Lexicon| lexicon.longest_start(List::Day, &words);
        let (length, offset) = self.scene.every_lexicon().find_map(start)?;
        let date = add_days(self.scene.today, i64::from(offset)).ok_or(Reason::NotADate);
        Some((date.map(|date| (date, Method::Relative)), at + length))
    }

    /// The day a weekday alone, or with its mark, means (N71).
    fn weekday_date(&self, weekday: Weekday, mark: Option<i32>) -> Found {
        let today = self.scene.today;
        let ahead = i64::from((weekday.days_since(today.weekday()) + 6) % 7 + 1);
        let back = i64::from((today.weekday().days_since(weekday) + 6) % 7 + 1);
        let offset = match (mark, self.direction) {
            (Some(mark), _) if mark < 0 => -back,
            (Some(_), _) | (None, Direction::Future) => ahead,
            (None, Direction::Past) => -back,
            (None, Direction::Any) => return Err(Reason::Ambiguous),
        };
        let date = add_days(today, offset).ok_or(Reason::NotADate)?;
        let neighbour_week = match mark {
            Some(-2) => add_days(today, -7),
            Some(2) => add_days(today, 7),
            Some(_) | None => Some(date),
        };
        if neighbour_week.map(|day| day.iso_week()) == Some(date.iso_week()) {
            Ok((date, Method::Relative))
        } else {
            Err(Reason::Ambiguous)
        }
    }

    /// `yyyy-mm-dd`.
    fn iso(&self, at: usize) -> Option<Expression> {
        let part = |at: usize, length: usize| {
            let digits = self.tokens.digits(at).filter(|digits| digits.len() == length)?;
            digits.parse::<u32>().ok()
        };
        let (year, month, day) = (part(at, 4)?, part(at + 2, 2)?, part(at + 4, 2)?);
        let dashes = [at + 1, at + 3].iter().all(|&at| self.tokens.sign(at) == Some('-'));
        let joined = (at + 1..=at + 4).all(|at| self.tokens.touches(at));
        (dashes && joined && !self.goes_on(at + 5)).then(|| {
            let found =
                written_year(year, 4).and_then(|year| ymd(year, month, day).ok_or(Reason::NoSuchDate));
            (found.map(|date| (date, Method::Exact)), at + 5)
        })
    }

    /// `d.m`, `d/m`, `d-m`, with an optional year of two or four digits.
    fn numeric(&self, at: usize) -> Option<Expression> {
        let (first, second) = (self.tokens.number(at, 2)?, self.tokens.number(at + 2, 2)?);
        if !self.separates(at + 1) {
            return None;
        }
        let with_year = self
            .tokens
            .digits(at + 4)
            .filter(|year| self.separates(at + 3) && matches!(year.len(), 2 | 4))
            .filter(|_| !self.goes_on(at + 5));
        let (year, end) = match with_year {
            Some(year) => (Some(year), at + 5),
            None if self.goes_on(at + 3) && !self.is_range_dash(at) => return None,
            None => (None, at + 3),
        };
        let found = self.in_order(first, second, year);
        Some((found.map(|date| (date, Method::Numeric)), end))
    }

    /// Whether a sign between two numbers separates day and month; a space may follow a point.
    fn separates(&self, at: usize) -> bool {
        let spaced_point = self.tokens.sign(at) == Some('.');
        matches!(self.tokens.sign(at), Some('.' | '/' | '-'))
            && self.tokens.touches(at)
            && (self.tokens.touches(at + 1) || spaced_point)
            && self.tokens.digits(at + 1).is_some()
    }

    /// Whether digits go on after a date: then it is none.
    fn goes_on(&self, at: usize) -> bool {
        self.separates(at) && self.tokens.touches(at + 1)
    }

    /// `3.5-10.5` is two dates: a dash after a date written with other signs.
    fn is_range_dash(&self, at: usize) -> bool {
        self.tokens.sign(at + 3) == Some('-') && self.tokens.sign(at + 1) != Some('-')
    }

    /// Day and month in the element's order; where only the other order is a date, that one (N70).
    fn in_order(&self, first: u32, second: u32, year: Option<&str>) -> Result<NaiveDate, Reason> {
        let orders = match self.order {
            DateOrder::Dmy => [(first, second), (second, first)],
            DateOrder::Mdy => [(second, first), (first, second)],
        };
        let year = year.map(parse_year).transpose()?;
        orders.into_iter().find_map(|(day, month)| self.resolve(day, month, year)).ok_or(Reason::NoSuchDate)
    }

    /// A day and month with a year, or without one (N72); `None` if there is no such date.
    fn resolve(&self, day: u32, month: u32, year: Option<i32>) -> Option<NaiveDate> {
        let today = self.scene.today;
        if let Some(year) = year {
            return ymd(year, month, day);
        }
        let steps = 0..=LEAP_GAP_YEARS;
        match self.direction {
            Direction::Past => {
                steps.filter_map(|back| ymd(today.year() - back, month, day)).find(|&date| date <= today)
            }
            Direction::Future => {
                steps.filter_map(|ahead| ymd(today.year() + ahead, month, day)).find(|&date| date >= today)
            }
            Direction::Any => ymd(today.year(), month, day),
        }
    }

    /// A day and the name of a month, in either order, with an optional year.
    fn named(&self, at: usize) -> Option<Expression> {
        let month_at = |at: usize| u32::try_from(self.value(List::Month, at)?).ok();
        let (day, month, next) = if let Some(month) = month_at(at) {
            let day_at = self.after_joiner(self.after_point(at + 1));
            let day = self.tokens.number(day_at, 2)?;
            (day, month, self.after_suffix(day_at + 1))
        } else {
            let day = self.tokens.number(at, 2)?;
            let month_place = self.after_joiner(self.after_suffix(at + 1));
            (day, month_at(month_place)?, self.after_point(month_place + 1))
        };
        let year_at = next + usize::from(self.tokens.sign(next) == Some(','));
        let year = self
            .tokens
            .digits(year_at)
            .filter(|year| matches!(year.len(), 2 | 4) && !self.goes_on(year_at + 1));
        let end = if year.is_some() { year_at + 1 } else { next };
        let found = year
            .map(parse_year)
            .transpose()
            .and_then(|year| self.resolve(day, month, year).ok_or(Reason::NoSuchDate));
        Some((found.map(|date| (date, Method::Named)), end))
    }

    fn after_point(&self, at: usize) -> usize {
        at + usize::from(self.tokens.sign(at) == Some('.'))
    }

    /// After *st nd rd th* and a point behind a day number.
    fn after_suffix(&self, at: usize) -> usize {
        let shared = self.scene.lexicons.shared();
        let suffix = self.tokens.word(at).is_some_and(|word| shared.has(List::DaySuffix, word));
        let comma_free = at + usize::from(suffix);
        self.after_point(comma_free)
    }

    fn after_joiner(&self, at: usize) -> usize {
        let shared = self.scene.lexicons.shared();
        let joiner = self.tokens.word(at).is_some_and(|word| shared.has(List::DayJoiner, word));
        at + usize::from(joiner)
    }

    /// `ddmmyy`, `ddmmyyyy` (month first with `order: mdy`), or `yyyymmdd` where only that is a date.
    fn compact(&self, at: usize) -> Option<Expression> {
        let digits = self.tokens.digits(at)?;
        let part = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u32>().ok());
        if !matches!(digits.len(), 6 | 8) || self.goes_on(at + 1) {
            return None;
        }
        let (first, second) = (part(0, 2)?, part(2, 4)?);
        let (day, month) = match self.order {
            DateOrder::Dmy => (first, second),
            DateOrder::Mdy => (second, first),
        };
        let year = parse_year(digits.get(4..)?);
        let backwards = || {
            let year = written_year(part(0, 4)?, 4).ok()?;
            (digits.len() == 8).then(|| ymd(year, part(4, 6)?, part(6, 8)?)).flatten()
        };
        let forwards = year.ok().and_then(|year| ymd(year, month, day));
        let found = forwards.or_else(backwards).ok_or_else(|| year.err().unwrap_or(Reason::NoSuchDate));
        Some((found.map(|date| (date, Method::Compact)), at + 1))
    }
}

/// A year as written: two digits are 20xx, four must be 1900 to 2099 (N72).
fn parse_year(digits: &str) -> Result<i32, Reason> {
    digits.parse().map_err(|_| Reason::NotADate).and_then(|year| written_year(year, digits.len()))
}

fn written_year(year: u32, digits: usize) -> Result<i32, Reason> {
    let year = i32::try_from(year).map_err(|_| Reason::NotADate)?;
    let year = if digits == 2 { 2000 + year } else { year };
    YEARS.contains(&year).then_some(year).ok_or(Reason::NotADate)
}

fn ymd(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, day)
}

fn add_days(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    let count = Days::new(days.unsigned_abs());
    if days < 0 { date.checked_sub_days(count) } else { date.checked_add_days(count) }
}
