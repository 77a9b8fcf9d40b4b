//! Which operands compare with each other (F29, F32), and what to say when two do not. Names are resolved
//! before; nothing here looks at the survey.

use std::ops::Range;

use chrono::NaiveDate;

use crate::survey::Number;

use super::typing::{ExprFaultKind, Type, Typing};

/// An operand after its names are resolved.
#[derive(Clone, Debug)]
pub(super) enum Resolved<'s> {
    Element(String, &'s Type),
    Variable(String),
    Language,
    Channel,
    Number(Number),
    Text(String),
    Date(NaiveDate),
    YesNo(&'static str),
    /// A word that is no element: an option code, if the other side is a choice.
    Code(String),
}

impl<'s> Typing<'s> {
    /// Operators compare within one type (F29); a session variable fits anything (F32).
    pub(super) fn fits(
        &mut self,
        left: &Resolved<'s>,
        right: &Resolved<'s>,
        range: &Range<usize>,
    ) -> Option<()> {
        let (Some(left_family), Some(right_family)) = (Family::of(left), Family::of(right)) else {
            return Some(());
        };
        let quoted_name = matches!(
            (left, right),
            (Resolved::Language | Resolved::Channel, Resolved::Text(_))
                | (Resolved::Text(_), Resolved::Language | Resolved::Channel)
        );
        if left_family == right_family || quoted_name {
            return Some(());
        }
        let message = format!(
            "{} cannot be compared with {}",
            describe(left, left_family),
            describe(right, right_family)
        );
        let hint = fitting_hint(left_family, left, right)
            .or_else(|| fitting_hint(right_family, right, left))
            .unwrap_or_else(|| "compare values of one type".to_owned());
        self.fault(ExprFaultKind::Type, range, message, hint);
        None
    }

    pub(super) fn has_order(&mut self, side: &Resolved<'s>, range: &Range<usize>) -> Option<()> {
        match Family::of(side) {
            None | Some(Family::Number | Family::Date) => Some(()),
            Some(
                family @ (Family::Code | Family::YesNo | Family::Text | Family::Language | Family::Channel),
            ) => {
                self.fault(
                    ExprFaultKind::Type,
                    range,
                    format!("{} has no order", describe(side, family)),
                    "`<`, `<=`, `>` and `>=` need numbers or dates; use `==`, `!=` or `in`".to_owned(),
                );
                None
            }
        }
    }
}

/// Types that compare with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Number,
    Date,
    Code,
    YesNo,
    Text,
    Language,
    Channel,
}

impl Family {
    /// `None` fits everything: variables and broken elements.
    fn of(side: &Resolved<'_>) -> Option<Self> {
        Some(match side {
            Resolved::Variable(_) => return None,
            Resolved::Element(_, found) => match found {
                Type::Unknown | Type::Nothing | Type::Choices { .. } => return None,
                Type::Choice(_) => Self::Code,
                Type::Number { .. } => Self::Number,
                Type::YesNo => Self::YesNo,
                Type::Text => Self::Text,
                Type::Date { .. } => Self::Date,
            },
            Resolved::Language => Self::Language,
            Resolved::Channel => Self::Channel,
            Resolved::Number(_) => Self::Number,
            Resolved::Text(_) => Self::Text,
            Resolved::Date(_) => Self::Date,
            Resolved::YesNo(_) => Self::YesNo,
            Resolved::Code(_) => Self::Code,
        })
    }
}

fn describe(side: &Resolved<'_>, family: Family) -> String {
    let family = match family {
        Family::Number => "a number",
        Family::Date => "a date",
        Family::Code => "an option code",
        Family::YesNo => "yes or no",
        Family::Text => "a text",
        Family::Language => "a language",
        Family::Channel => "a channel",
    };
    match side {
        Resolved::Element(id, found) => format!("`{id}` ({})", found.name()),
        Resolved::Variable(name) => format!("`${name}`"),
        Resolved::Language => "`language`".to_owned(),
        Resolved::Channel => "`channel`".to_owned(),
        Resolved::Number(number) => format!("{family} ({number})"),
        Resolved::Text(text) => format!("{family} (\"{text}\")"),
        Resolved::Date(date) => format!("{family} ({date})"),
        Resolved::YesNo(word) => format!("`{word}`"),
        Resolved::Code(word) => format!("the code `{word}`"),
    }
}

fn fitting_hint(family: Family, side: &Resolved<'_>, other: &Resolved<'_>) -> Option<String> {
    match (family, side, other) {
        (Family::Code, Resolved::Element(..), Resolved::Text(text)) => {
            Some(format!("compare with an option code, without quotes: {text}"))
        }
        (Family::Code, Resolved::Element(_, Type::Choice(codes)), _) => {
            Some(format!("compare with one of its codes: {}", codes.join(", ")))
        }
        (Family::YesNo, Resolved::Element(..), _) => Some("compare with `yes` or `no`".to_owned()),
        (Family::Number, Resolved::Element(..), _) => {
            Some("compare with a number, without quotes".to_owned())
        }
        (Family::Date, Resolved::Element(..), _) => {
            Some("compare with a date such as 2026-11-24, without quotes".to_owned())
        }
        (Family::Text, Resolved::Element(..), _) => Some("compare with a text in double quotes".to_owned()),
        (Family::Language, ..) => Some("compare with a language code in quotes, such as \"no\"".to_owned()),
        (Family::Channel, ..) => Some("compare with \"sms\"".to_owned()),
        _ => None,
    }
}
