//! [`Datum`]: the value of an operand for one session, and how two of them compare (F29, F31, F32). Total:
//! whatever the values are, a comparison is true or false.

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::NaiveDate;

use crate::survey::Number;

use super::{Literal, Operator};

/// The value of an operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Datum<'a> {
    /// An element without an answer: every comparison with it is false (F31).
    Unanswered,
    Number(Number),
    /// A code, a word, a language or a text.
    Text(Cow<'a, str>),
    Date(NaiveDate),
    /// The text of a session variable: a number or a date when both sides are (F32).
    Loose(Cow<'a, str>),
}

impl<'a> Datum<'a> {
    /// The value of a literal.
    pub(super) fn of_literal(literal: &'a Literal) -> Self {
        match literal {
            Literal::Number(number) => Self::Number(*number),
            Literal::Text(text) => Self::Text(Cow::Borrowed(text)),
            Literal::Date(date) => Self::Date(*date),
        }
    }

    /// Whether the comparison holds.
    pub(super) fn compares(&self, operator: Operator, other: &Self) -> bool {
        if *self == Datum::Unanswered || *other == Datum::Unanswered {
            return false;
        }
        if let Some(ordering) = ordered(self, other) {
            return operator.holds(ordering);
        }
        // Without numbers or dates on both sides only equality is defined.
        match operator {
            Operator::Equal => self.as_text() == other.as_text(),
            Operator::Unequal => self.as_text() != other.as_text(),
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => false,
        }
    }

    fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Unanswered => Cow::Borrowed(""),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Text(text) | Self::Loose(text) => Cow::Borrowed(text),
            Self::Date(date) => Cow::Owned(date.to_string()),
        }
    }

    fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Self::Number(number) => Decimal::parse(&number.to_string()),
            Self::Loose(text) => Decimal::parse(text),
            Self::Unanswered | Self::Text(_) | Self::Date(_) => None,
        }
    }

    fn as_date(&self) -> Option<NaiveDate> {
        match self {
            Self::Date(date) => Some(*date),
            Self::Loose(text) => NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok(),
            Self::Unanswered | Self::Text(_) | Self::Number(_) => None,
        }
    }
}

/// The order of two values that are both numbers or both dates.
fn ordered(left: &Datum<'_>, right: &Datum<'_>) -> Option<Ordering> {
    match (left.as_decimal(), right.as_decimal()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => Some(left.as_date()?.cmp(&right.as_date()?)),
    }
}

/// A decimal of any length, so that a variable such as `12.345` compares exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Decimal {
    /// Reads `-12.50`: digits with a point; `None` for anything else.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !is_zero, whole, fraction })
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let size = |a: &Self, b: &Self| {
            a.whole
                .len()
                .cmp(&b.whole.len())
                .then_with(|| a.whole.cmp(&b.whole))
                .then_with(|| a.fraction.cmp(&b.fraction))
        };
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(self, other),
            (true, true) => size(other, self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loose(text: &str) -> Datum<'_> {
        Datum::Loose(Cow::Borrowed(text))
    }

    #[test]
    fn variables_compare_as_numbers_only_when_both_sides_are() {
        assert!(loose("9").compares(Operator::Less, &loose("18")));
        assert!(loose("12.345").compares(Operator::Greater, &loose("12.34")));
        assert!(loose("-2").compares(Operator::Less, &loose("-1.5")));
        assert!(loose("007").compares(Operator::Equal, &loose("7.0")));
        assert!(!loose("abc").compares(Operator::Less, &loose("b")));
        assert!(loose("abc").compares(Operator::Unequal, &loose("7")));
        // A text in quotes is a text: leading zeros count.
        assert!(!loose("007").compares(Operator::Equal, &Datum::Text("7".into())));
        assert!(loose("").compares(Operator::Equal, &Datum::Text("".into())));
    }

    #[test]
    fn an_unanswered_element_makes_every_comparison_false() {
        for operator in [
            Operator::Equal,
            Operator::Unequal,
            Operator::Less,
            Operator::LessOrEqual,
            Operator::Greater,
            Operator::GreaterOrEqual,
        ] {
            assert!(!Datum::Unanswered.compares(operator, &Datum::Number(Number::small(3))));
            assert!(!Datum::Unanswered.compares(operator, &Datum::Unanswered));
            assert!(!loose("x").compares(operator, &Datum::Unanswered));
        }
    }
}
