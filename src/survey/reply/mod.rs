//! The reply parser (replies.md): one grammar per element type, deterministic, never a guess.
//! It is the only place that subtracts 1 from what a person sees (P51).

use serde::{Deserialize, Serialize};

use super::Value;

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
