//! [`Value`]: what a registered answer holds. Choices are 0-based positions here, always (P51, P52).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Number;
use super::element::ChoiceOption;

/// The value of a registered answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Answer of scale, nps and number.
    Number(Number),
    /// Answer of a single choice: the 0-based position of the option.
    Choice(usize),
    /// Answer of a multiple choice: 0-based positions in option order, without repeats (N62).
    Choices(Vec<usize>),
    /// Answer of `yes_no`, stored as the words `yes` and `no` (F16).
    #[serde(with = "yes_no")]
    YesNo(bool),
    /// Answer of `free_text`.
    Text(String),
    /// Answer of date.
    Date(NaiveDate),
}

impl Value {
    /// The value as callers see it: numbers as numbers, choices by their codes, `yes` or `no`, dates as
    /// `YYYY-MM-DD` (http-api.md 4.1).
    #[must_use]
    pub fn plain(&self, options: &[ChoiceOption]) -> serde_json::Value {
        let code = |index: &usize| options.get(*index).map(|option| option.code.as_str());
        match self {
            Self::Number(number) => json!(number),
            Self::Choice(index) => json!(code(index)),
            Self::Choices(indexes) => json!(indexes.iter().filter_map(code).collect::<Vec<_>>()),
            Self::YesNo(yes) => json!(yes_no::word(*yes)),
            Self::Text(text) => json!(text),
            Self::Date(date) => json!(date),
        }
    }
}

/// How a yes or no is written down.
mod yes_no {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn word(yes: bool) -> &'static str {
        if yes { "yes" } else { "no" }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(super) fn serialize<S: Serializer>(yes: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(word(*yes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "yes" => Ok(true),
            "no" => Ok(false),
            other => Err(serde::de::Error::custom(format!("`{other}` is neither yes nor no"))),
        }
    }
}

/// What became of a question in a session (http-api.md 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerState {
    /// A valid reply was registered.
    Answered,
    /// The person skipped an optional question (A43).
    Skipped,
    /// Its `when` was false, so it was passed over (F20).
    NotAsked,
    /// Asked, no valid reply yet.
    Pending,
    /// `max_attempts` invalid replies, whether the survey went on or closed (N95).
    Exhausted,
    /// Asked, and the session expired before a valid reply.
    Expired,
}

impl AnswerState {
    /// The word used in JSON, SQL and exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Skipped => "skipped",
            Self::NotAsked => "not_asked",
            Self::Pending => "pending",
            Self::Exhausted => "exhausted",
            Self::Expired => "expired",
        }
    }
}
