//! The reply parser (replies.md): one grammar per element type, deterministic, never a guess.
//! It is the only place that subtracts 1 from what a person sees (P51).

use serde::{Deserialize, Serialize};

use chrono::NaiveDate;

use super::{Element, Kind, Language, Number, Value};

/// What one inbound text means for the current question (N17), keywords and noise already taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A valid answer.
    Ok {
        /// The value; choices from 0.
        value: Value,
        /// How it was understood.
        method: Method,
        /// What else the person wrote (N27).
        comment: Option<String>,
    },
    /// A skip word on an optional question (N85).
    Skip,
    /// Not understood, or not allowed: the question is asked again with an error text.
    Reask(Reason),
}

/// How a reply was understood (N90).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the words are defined by N90 and each is used by one grammar"
)]
pub enum Method {
    Exact,
    Label,
    Alias,
    Word,
    Fraction,
    Leading,
    Embedded,
    Ordinal,
    Prefix,
    Contains,
    Stars,
    List,
    Range,
    RunTogether,
    All,
    None,
    Lexicon,
    Relative,
    Numeric,
    Named,
    Compact,
    Number,
    Fuzzy,
    Text,
}

/// Why a reply was refused (replies.md §8); also the key of its error text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are defined by replies.md §8")]
pub enum Reason {
    Unrecognised,
    OutOfRange,
    Ambiguous,
    ChooseOne,
    TooMany,
    TooFew,
    TooShort,
    TooLong,
    WholeNumber,
    NotANumber,
    NotADate,
    NoSuchDate,
    Conflict,
    Unit,
    Percent,
    Negated,
    Contradiction,
    Unsure,
    Empty,
}

/// Seam.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Seam.
    pub languages: &'a [Language],
    /// Seam.
    pub language: &'a Language,
    /// Seam.
    pub raw: &'a str,
    /// Seam.
    pub today: NaiveDate,
    /// Seam.
    pub accept_weak_yes: bool,
}

/// Seam.
#[must_use]
pub fn read(element: &Element, context: &Context<'_>) -> Reading {
    let raw = context.raw.trim();
    let ok = |value| Reading::Ok {
        value,
        method: Method::Exact,
        comment: None,
    };
    if raw.is_empty() {
        return Reading::Reask(Reason::Empty);
    }
    if element.optional && raw == "skip" {
        return Reading::Skip;
    }
    let number = Number::parse(raw);
    let within = |min: i64, max: i64| match number.and_then(Number::as_whole) {
        None => Err(Reason::NotANumber),
        Some(n) if n < min || n > max => Err(Reason::OutOfRange),
        Some(n) => Ok(n),
    };
    let result = match &element.kind {
        Kind::Text => Err(Reason::Unrecognised),
        Kind::SingleChoice { options } => {
            within(1, options.len() as i64).map(|n| Value::Choice(n as usize - 1))
        }
        Kind::MultipleChoice { options, .. } => raw
            .split(',')
            .map(|part| {
                part.trim()
                    .parse::<usize>()
                    .ok()
                    .filter(|n| (1..=options.len()).contains(n))
                    .map(|n| n - 1)
            })
            .collect::<Option<Vec<_>>>()
            .map(Value::Choices)
            .ok_or(Reason::OutOfRange),
        Kind::Scale { min, max, .. } => within(min.as_whole().unwrap_or(0), max.as_whole().unwrap_or(0))
            .map(|n| Value::Number(Number::whole(n).unwrap_or(*min))),
        Kind::Nps { .. } => within(0, 10).map(|n| Value::Number(Number::small(n as i32))),
        Kind::Number { .. } => number.map(Value::Number).ok_or(Reason::NotANumber),
        Kind::YesNo => match raw.to_lowercase().as_str() {
            "yes" | "ja" => Ok(Value::YesNo(true)),
            "no" | "nei" => Ok(Value::YesNo(false)),
            _ => Err(Reason::Unrecognised),
        },
        Kind::FreeText { max_length, .. } if raw.chars().count() > *max_length => Err(Reason::TooLong),
        Kind::FreeText { .. } => Ok(Value::Text(raw.to_owned())),
        Kind::Date { .. } => raw.parse().map(Value::Date).map_err(|_| Reason::NotADate),
    };
    result.map_or_else(Reading::Reask, ok)
}

/// Seam.
#[must_use]
pub fn correction(raw: &str) -> Option<String> {
    raw.strip_prefix('*').map(|rest| rest.trim().to_owned())
}
