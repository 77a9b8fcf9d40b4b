//! [`Progress`]: where a session stands in its survey, small enough to store with every turn.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::expr::Facts;
use super::{AnswerState, Language, Survey, Value, Variables};

/// Where a session stands. It names the revision it belongs to and is only valid with that survey (A45).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// [`super::SurveyParts::hash`] of the survey it belongs to.
    pub revision: String,
    /// Language of the session (P32).
    pub language: Language,
    /// The question last sent, or the completion (P62).
    pub position: Position,
    /// Which visit of that question this is, from 1.
    pub visit: u32,
    /// Invalid replies on this visit.
    pub invalid: u32,
    /// Invalid replies in the whole session (N96).
    pub invalid_total: u32,
    /// Visits so far, by element id; at most 20 each (F27).
    pub visits: BTreeMap<String, u32>,
    /// The latest answer to each element, by element id.
    pub given: BTreeMap<String, Given>,
    /// Recent replies that were not accepted, for the loop guard (N96): fingerprint of the folded text, and
    /// time; at most 7, none older than 10 minutes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<(String, DateTime<Utc>)>,
    /// The question left last (answered, skipped or exhausted): what a correction would be about (N98 b).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// A free text that still takes fragments (N98, N99).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appending: Option<Appending>,
    /// Positions of the reminders already sent or dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reminded: Vec<usize>,
    /// The session is muted: no further SMS (N96).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub muted: bool,
    /// When the session began.
    pub began_at: DateTime<Utc>,
    /// When the last valid answer or skip was registered; reminders for `started` count from it (F8).
    pub answered_at: Option<DateTime<Utc>>,
}

impl Progress {
    /// What expressions and texts of this session can see.
    #[must_use]
    pub fn facts<'a>(&'a self, survey: &'a Survey, variables: &'a Variables) -> Facts<'a> {
        Facts { survey, given: &self.given, variables, language: &self.language }
    }
}

/// What is current in a session (P47, P62).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// The id of the question last sent.
    Question(String),
    /// The survey is completed.
    Completion,
}

impl Position {
    /// The current element's id; `completion` at the end.
    #[must_use]
    pub fn element_id(&self) -> &str {
        match self {
            Self::Question(id) => id,
            Self::Completion => "completion",
        }
    }
}

/// The latest answer to an element, as expressions and placeholders see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// What became of the question.
    pub state: AnswerState,
    /// The value, when answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// A free text that still takes fragments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appending {
    /// The `free_text` element.
    pub element: String,
    /// Its visit.
    pub visit: u32,
    /// Fragments received before this instant are appended.
    pub until: DateTime<Utc>,
}
