//! [`Survey`]: a checked survey, valid by construction. Only the checker makes one.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveTime, Weekday};
use serde::{Deserialize, Serialize};

use super::element::{Element, Kind, Variant};
use super::{Language, Text};

/// A checked survey. Holding one means: every jump has a target, every text exists in the default language,
/// no cycle lacks a question, there is a question and a completion (F38).
#[derive(Clone, Debug)]
pub struct Survey {
    parts: SurveyParts,
}

/// The fields of a [`Survey`], before they are sealed by the checker.
#[derive(Clone, Debug)]
pub struct SurveyParts {
    /// Slug, equal to the file stem.
    pub id: String,
    /// What IVR scripts hold as `surveyId` (P09), lower case; `None` = assigned at first load (F7).
    pub uuid: Option<String>,
    /// Shown to people who run surveys, never sent.
    pub title: String,
    /// Languages of the survey, in file order.
    pub languages: Vec<Language>,
    /// One of `languages`.
    pub default_language: Language,
    /// Settings with defaults filled in.
    pub settings: Settings,
    /// Declared session variables.
    pub variables: Vec<Variable>,
    /// Reminders in file order.
    pub reminders: Vec<Reminder>,
    /// Elements in file order, at least one question among them.
    pub elements: Vec<Element>,
    /// The closing element (A17).
    pub completion: Completion,
    /// Texts that override the built-in ones, by message key (§5).
    pub messages: BTreeMap<String, Text>,
    /// Hash of the file's content; names the immutable revision (F6, A45).
    pub hash: String,
    /// The file as written; stored with the revision.
    pub source: String,
}

impl Survey {
    /// Seals checked parts. Called by the checker alone.
    pub(in crate::survey) fn seal(parts: SurveyParts) -> Self {
        Self { parts }
    }

    /// Slug.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.parts.id
    }

    /// Position of an element by its id.
    #[must_use]
    pub fn position(&self, element_id: &str) -> Option<usize> {
        self.parts.elements.iter().position(|element| element.id == element_id)
    }

    /// An element by its id.
    #[must_use]
    pub fn element(&self, element_id: &str) -> Option<&Element> {
        self.parts.elements.iter().find(|element| element.id == element_id)
    }

    /// Whether a reply may have to be read as a date, so that it matters which day it is (F22).
    #[must_use]
    pub fn asks_for_dates(&self) -> bool {
        self.parts.elements.iter().any(|element| matches!(element.kind, Kind::Date { .. }))
    }

    /// The declared variable of that name, without regard to case.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.parts.variables.iter().find(|variable| variable.name.to_lowercase() == name.to_lowercase())
    }

    /// The survey's language for a wish: the wish itself if the survey has it, else the default (A20).
    #[must_use]
    pub fn language_for(&self, wish: Option<&Language>) -> Language {
        wish.filter(|language| self.parts.languages.contains(language))
            .unwrap_or(&self.parts.default_language)
            .clone()
    }
}

impl std::ops::Deref for Survey {
    type Target = SurveyParts;
    fn deref(&self) -> &SurveyParts {
        &self.parts
    }
}

/// `settings` of a survey file (survey-file.md 1.1), defaults filled in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// From SendSurvey to closing, when the call gives no `expiryTime`; default 72 h (P10).
    pub expiry: Duration,
    /// Invalid replies to one question before `on_exhausted`; default 3 (A42).
    pub max_attempts: u32,
    /// What happens then.
    pub on_exhausted: OnExhausted,
    /// Least time between two SMS of one session; default 2 s (P40).
    pub element_gap: Duration,
    /// Text elements and the following question in one SMS when the result is one segment.
    pub join_texts: bool,
    /// Days between two surveys of this id to one phone; default 0 (A71).
    pub quarantine: Duration,
    /// What an open session of the same phone and sender means (A23).
    pub if_open_session: IfOpenSession,
    /// When starts and reminders may leave (A68).
    pub send_window: Option<SendWindow>,
    /// How an option line is written.
    pub option_style: OptionStyle,
    /// `ok`, `sure`, `greit` count as yes.
    pub accept_weak_yes: bool,
    /// Methods listed on the review page, by name (N90).
    pub review_methods: Vec<String>,
    /// Valid answers that make an unfinished session `partial`; default 1 (M8).
    pub partial_after: u32,
    /// The name W04 looks for in the first message.
    pub sender_name: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            expiry: Duration::hours(72),
            max_attempts: 3,
            on_exhausted: OnExhausted::Close,
            element_gap: Duration::seconds(2),
            join_texts: false,
            quarantine: Duration::zero(),
            if_open_session: IfOpenSession::Supersede,
            send_window: None,
            option_style: OptionStyle::Colon,
            accept_weak_yes: false,
            review_methods: ["embedded", "contains", "prefix", "run_together", "fuzzy"]
                .map(str::to_owned)
                .to_vec(),
            partial_after: 1,
            sender_name: None,
        }
    }
}

/// What happens after `max_attempts` invalid replies (N95).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExhausted {
    /// A polite text; the session ends `exhausted`.
    Close,
    /// The question is recorded `exhausted` and the survey goes on.
    Skip,
}

/// What SendSurvey does when a session of the same phone and sender is open, without subnumbers (A23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfOpenSession {
    /// The older one ends `superseded`, its answers stay.
    Supersede,
    /// The new one waits until the older ends (A90).
    Queue,
    /// The call is refused with 409 `open_session_exists`.
    Reject,
    /// Both live; a reply goes to the one asked last.
    Parallel,
}

/// How an option line is written; the code always stands before the label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionStyle {
    /// `1: label`
    Colon,
    /// `1. label`
    Point,
    /// `1) label`
    Bracket,
    /// `1 = label`
    Equals,
}

/// Hours in which starts and reminders may leave (`settings.send_window`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendWindow {
    /// First minute of the day.
    pub from: NaiveTime,
    /// First minute after it.
    pub to: NaiveTime,
    /// Days of the week; all when the file names none.
    pub days: Vec<Weekday>,
    /// `None` = the recipient's zone; else an IANA name.
    pub timezone: Option<String>,
}

/// A declared session variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Name as declared; matched without regard to case.
    pub name: String,
    /// Used when the caller gave none.
    pub default: Option<Text>,
    /// Greatest number of characters put into a text; default 30 (F35).
    pub max_length: usize,
}

/// One reminder (F8).
#[derive(Clone, Debug)]
pub struct Reminder {
    /// `no_reply`: after the start. `started`: after the last valid answer.
    pub after: Duration,
    /// Which sessions it is for.
    pub when: ReminderWhen,
    /// Put before the current question.
    pub text: Text,
}

/// Which sessions a reminder is for (F8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReminderWhen {
    /// Nothing answered yet.
    NoReply,
    /// Something answered.
    Started,
}

/// The one element that closes a session (A17).
#[derive(Clone, Debug)]
pub struct Completion {
    /// The wording when no variant matches.
    pub text: Text,
    /// Other wordings; the first whose condition holds wins.
    pub variants: Vec<Variant>,
}
