//! [`Value`]: what a registered answer holds. Choices are 0-based positions here, always (P51, P52).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Number;

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
    /// Answer of `yes_no`.
    YesNo(bool),
    /// Answer of `free_text`.
    Text(String),
    /// Answer of date.
    Date(NaiveDate),
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
