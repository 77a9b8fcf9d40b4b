//! Lowers the fields of each element type (the table of survey-file.md §2), with their defaults and limits
//! (E16).

use std::collections::BTreeMap;

use chrono::{Duration, NaiveDate};

use crate::survey::definition::Spanned;
use crate::survey::definition::field::TypeName;
use crate::survey::definition::file::ElementFile;
use crate::survey::element::{DateOrder, Direction};
use crate::survey::expr::{PATTERN_BYTES_MAX, compile_pattern};
use crate::survey::finding::Code;
use crate::survey::{Kind, Number, Text};
use crate::yaml::Scalar;

use super::Checker;

/// Characters of a free text when the file sets no `max_length`.
const FREE_TEXT_CHARS_DEFAULT: usize = 1600;

/// Longest `append_window`: a late part of an SMS comes within minutes (N98).
const APPEND_WINDOW_MAX: Duration = Duration::hours(24);

const DIRECTIONS: [(&str, Direction); 3] =
    [("past", Direction::Past), ("future", Direction::Future), ("any", Direction::Any)];

const ORDERS: [(&str, DateOrder); 2] = [("dmy", DateOrder::Dmy), ("mdy", DateOrder::Mdy)];

impl Checker<'_> {
    /// The type with its fields; `None` when one of them is broken.
    pub(super) fn kind(&mut self, file: &ElementFile, type_name: TypeName, name: &str) -> Option<Kind> {
        match type_name {
            TypeName::Text => Some(Kind::Text),
            TypeName::SingleChoice => {
                let options = self.options(file, name)?;
                Some(Kind::SingleChoice { options })
            }
            TypeName::MultipleChoice => self.multiple_choice(file, name),
            TypeName::Scale => self.scale(file, name),
            TypeName::Nps => {
                let (min, max) = (Number::small(0), Number::small(10));
                let labels = self.point_labels(file, Some(min), Some(max), 0)?;
                Some(Kind::Nps { labels })
            }
            TypeName::Number => self.number_kind(file),
            TypeName::YesNo => Some(Kind::YesNo),
            TypeName::FreeText => self.free_text(file),
            TypeName::Date => self.date(file),
        }
    }

    fn multiple_choice(&mut self, file: &ElementFile, name: &str) -> Option<Kind> {
        let options = self.options(file, name);
        let min_select = file.min_select.as_ref().map_or(1, |number| number.value);
        let max_select = file.max_select.as_ref().map_or(1, |number| number.value);
        let place = file.max_select.as_ref().or(file.min_select.as_ref()).map(|number| number.place);
        let place = place.unwrap_or(file.place);
        if let Some(zero) =
            [&file.min_select, &file.max_select].into_iter().flatten().find(|number| number.value == 0)
        {
            let hint = "write at least 1; `optional: true` lets people skip the question";
            self.fault(Code::E16, zero.place, "the number of options to choose cannot be 0", hint);
        }
        if min_select > max_select {
            self.fault(
                Code::E16,
                place,
                format!("`min_select` ({min_select}) is greater than `max_select` ({max_select})"),
                "raise `max_select`; it is 1 unless written",
            );
        }
        if file.options.len() >= 2 && max_select > file.options.len() {
            let count = file.options.len();
            let message = format!("`max_select` is {max_select}, but there are only {count} options");
            self.fault(Code::E16, place, message, format!("write at most {count}"));
        }
        if min_select > 1 {
            for option in &file.options {
                let Some(exclusive) = option.exclusive.as_ref().filter(|set| set.value) else {
                    continue;
                };
                self.fault(
                    Code::E12,
                    exclusive.place,
                    format!("`{name}` asks for {min_select} options or more, but this one stands alone"),
                    "remove `exclusive`, or set `min_select: 1`",
                );
            }
        }
        Some(Kind::MultipleChoice { options: options?, min_select, max_select })
    }

    fn scale(&mut self, file: &ElementFile, name: &str) -> Option<Kind> {
        for key in ["min", "max"] {
            if file.keys.find(key).is_none() {
                let place = file.id.as_ref().map_or(file.place, |id| id.place);
                let message = format!("the scale `{name}` has no `{key}`");
                self.fault(Code::E16, place, message, "write for example `min: 1` and `max: 5`");
            }
        }
        let decimals = self.decimals(file, 0);
        let min = self.bound(file.min.as_ref(), "min", decimals);
        let max = self.bound(file.max.as_ref(), "max", decimals);
        self.ordered_bounds(file, min, max);
        let labels = self.point_labels(file, min, max, decimals);
        Some(Kind::Scale { min: min?, max: max?, decimals, labels: labels? })
    }

    fn number_kind(&mut self, file: &ElementFile) -> Option<Kind> {
        let decimals = self.decimals(file, 2);
        let min = self.bound(file.min.as_ref(), "min", decimals);
        let max = self.bound(file.max.as_ref(), "max", decimals);
        self.ordered_bounds(file, min, max);
        if let Some(unit) = file.unit.as_ref() {
            let fits = !unit.value.trim().is_empty() && unit.value.chars().count() <= 20;
            if !fits {
                let hint = "write a short word such as kr or kg";
                self.fault(Code::E16, unit.place, "`unit` must have 1 to 20 characters", hint);
            }
        }
        let is_whole = |written: bool, bound: Option<Number>| !written || bound.is_some();
        (is_whole(file.min.is_some(), min) && is_whole(file.max.is_some(), max)).then(|| Kind::Number {
            min,
            max,
            decimals,
            unit: file.unit.as_ref().map(|unit| unit.value.trim().to_owned()),
        })
    }

    fn decimals(&mut self, file: &ElementFile, default: u8) -> u8 {
        let Some(written) = &file.decimals else {
            return default;
        };
        match u8::try_from(written.value) {
            Ok(decimals @ 0..=2) => decimals,
            Ok(_) | Err(_) => {
                let message = format!("`decimals` must be 0, 1 or 2, not {}", written.value);
                self.fault(Code::E16, written.place, message, "write 0, 1 or 2");
                2
            }
        }
    }

    fn bound(&mut self, written: Option<&Spanned<Scalar>>, key: &str, decimals: u8) -> Option<Number> {
        let written = written?;
        let number = Number::parse(&written.value.text).filter(|_| written.value.plain);
        let Some(number) = number else {
            let message = format!("`{key}` must be a number, not `{}`", written.value.text);
            self.fault(
                Code::E16,
                written.place,
                message,
                "write digits, without quotes, at most two decimals",
            );
            return None;
        };
        if number.decimals() > decimals {
            let message = format!("`{key}: {number}` has more decimals than the question takes ({decimals})");
            self.fault(Code::E16, written.place, message, "set `decimals`, or write a rounder number");
        }
        Some(number)
    }

    fn ordered_bounds<T: PartialOrd>(&mut self, file: &ElementFile, min: Option<T>, max: Option<T>) {
        if let (Some(min), Some(max), Some(written)) = (min, max, &file.max)
            && min >= max
        {
            let hint = "`min` comes before `max`; exchange them";
            self.fault(Code::E16, written.place, "`min` is not less than `max`", hint);
        }
    }

    /// Names of points (F13): each point must be one that can be answered.
    fn point_labels(
        &mut self,
        file: &ElementFile,
        min: Option<Number>,
        max: Option<Number>,
        decimals: u8,
    ) -> Option<BTreeMap<Number, Text>> {
        let mut labels = BTreeMap::new();
        let mut whole = true;
        for (point, text) in &file.labels {
            let text = self.text(text, &format!("the label of point {}", point.value));
            let number =
                Number::parse(&point.value).filter(|number| number.decimals() <= decimals).filter(|number| {
                    min.is_none_or(|min| min <= *number) && max.is_none_or(|max| *number <= max)
                });
            let Some(number) = number else {
                let message = format!("`{}` is not a point of this question", point.value);
                self.fault(Code::E16, point.place, message, "name points from `min` to `max`");
                whole = false;
                continue;
            };
            match text {
                Some(text) => {
                    labels.insert(number, text);
                }
                None => whole = false,
            }
        }
        whole.then_some(labels)
    }

    fn free_text(&mut self, file: &ElementFile) -> Option<Kind> {
        let min_length = file.min_length.as_ref().map_or(0, |number| number.value);
        let max_length = file.max_length.as_ref().map_or(FREE_TEXT_CHARS_DEFAULT, |number| number.value);
        if let Some(written) = file.max_length.as_ref().filter(|number| !(1..=10_000).contains(&number.value))
        {
            let message = format!("`max_length` must be from 1 to 10000, not {}", written.value);
            self.fault(Code::E16, written.place, message, "write the greatest number of characters");
        }
        if min_length > max_length {
            let place = file.min_length.as_ref().map_or(file.place, |number| number.place);
            let message = format!("`min_length` ({min_length}) is greater than `max_length` ({max_length})");
            self.fault(Code::E16, place, message, "exchange them");
        }
        let append_window = file.append_window.as_ref();
        let append_window = match append_window {
            Some(written) => self.duration(written, "append_window", Duration::zero())?,
            None => Duration::zero(),
        };
        if append_window > APPEND_WINDOW_MAX {
            let place = file.append_window.as_ref().map_or(file.place, |written| written.place);
            self.fault(Code::E16, place, "`append_window` is longer than a day", "write for example 90s");
        }
        let pattern = match &file.pattern {
            Some(written) => Some(self.pattern(written)?),
            None => None,
        };
        Some(Kind::FreeText { min_length, max_length, pattern, append_window })
    }

    fn pattern(&mut self, written: &Spanned<String>) -> Option<regex::Regex> {
        match compile_pattern(&written.value) {
            Ok(pattern) => Some(pattern),
            Err(reason) => {
                self.fault(
                    Code::E16,
                    written.place,
                    format!("the pattern does not work: {reason}"),
                    format!(
                        "use at most {PATTERN_BYTES_MAX} bytes, no look-around, no back-references, small counts"
                    ),
                );
                None
            }
        }
    }

    fn date(&mut self, file: &ElementFile) -> Option<Kind> {
        let direction = match &file.direction {
            Some(written) => self.choice(written, "direction", &DIRECTIONS),
            None => Some(Direction::Any),
        };
        let order = match &file.order {
            Some(written) => self.choice(written, "order", &ORDERS),
            None => Some(DateOrder::Dmy),
        };
        let min = file.min.as_ref().and_then(|written| self.day(written, "min"));
        let max = file.max.as_ref().and_then(|written| self.day(written, "max"));
        self.ordered_bounds(file, min, max);
        let is_whole = min.is_some() == file.min.is_some() && max.is_some() == file.max.is_some();
        let kind = Kind::Date { direction: direction?, order: order?, min, max };
        is_whole.then_some(kind)
    }

    fn day(&mut self, written: &Spanned<Scalar>, key: &str) -> Option<NaiveDate> {
        let text = &written.value.text;
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let day = day.filter(|_| text.len() == 10);
        if day.is_none() {
            let message = format!("`{key}` must be a day, not `{text}`");
            self.fault(Code::E16, written.place, message, "write it as YYYY-MM-DD");
        }
        day
    }
}
