//! The interpreter: [`begin`], [`reply`], [`remind`] and [`expire`] turn one event into a [`Turn`]: the new
//! progress and the effects, as values. Whatever a person can text yields a turn (HOUSE 3).
//!
//! It never sends, stores or logs; it never answers for an ended session: the caller does that with
//! [`super::prompt::session_text`] and counts (P50, F37).

mod begin;
mod expire;
mod guard;
mod remind;
mod reply;
mod walk;

#[cfg(test)]
mod tests;

use chrono::{Duration, NaiveDate};

use super::reply::Lexicons;
use super::{AnswerState, Element, Language, Method, Position, Progress, Reason, Survey, Value, Variables};
use crate::text::Composed;

pub use begin::begin;
pub use expire::expire;
pub use remind::{next_reminder, prompt_again, remind};
pub use reply::{fragment, reply};

/// The outcome of one event: where the session stands now, and what is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Progress after the event.
    pub progress: Progress,
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
    /// Which ways through the survey the turn took, in order: for the log, "why was this asked", and the
    /// coverage of survey tests.
    pub path: Vec<Branch>,
}

/// One way an element can go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Branch {
    /// A rule of the element matched (F24).
    Rule {
        /// The element answered.
        element: String,
        /// The rule's place in the file, from 0.
        rule: usize,
    },
    /// No rule jumped: its `next`, else the following element (P59).
    Onward {
        /// The element left.
        element: String,
    },
    /// Its `when` was false (F20).
    Passed {
        /// The element passed over.
        element: String,
    },
    /// A wording was chosen (F19).
    Worded {
        /// The element, or `completion`.
        element: String,
        /// The variant's place in the file, from 0; `None` = its `text`.
        variant: Option<usize>,
    },
}

/// The start of a session.
#[derive(Clone, Debug)]
pub struct Begin<'a> {
    /// Language of the session; one of the survey's.
    pub language: Language,
    /// The caller's variables.
    pub variables: &'a Variables,
    /// Put in front of the first SMS, literally (P31).
    pub content: Option<&'a str>,
}

/// One inbound text that found its session, after keywords and noise were taken out.
#[derive(Clone, Debug)]
pub struct Reply<'a> {
    /// The text as received.
    pub raw: &'a str,
    /// Received before the first send of this visit's question started (N97): an extra.
    pub early: bool,
    /// The day in the recipient's zone (F22).
    pub today: NaiveDate,
    /// The word lists it is read by (N6).
    pub lexicons: &'a Lexicons,
    /// The caller's variables.
    pub variables: &'a Variables,
}

/// Something the turn wants done. One enum; whoever wants to "just send it" adds a case here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Queue one SMS.
    Send(Send),
    /// Store an answer row for this element and visit.
    Record(Record),
    /// Replace the text of an answered `free_text` by the longer one (N98).
    Append {
        /// The `free_text` element.
        element: String,
        /// Its visit.
        visit: u32,
        /// The fragment as received; stored behind a newline after the earlier raw text.
        raw: String,
        /// The whole text after appending.
        value: Value,
    },
    /// The reply was not understood; one attempt is used.
    Reject {
        /// The current question.
        element: String,
        /// Its visit.
        visit: u32,
        /// Why.
        reason: Reason,
        /// Which invalid reply of this visit it was, from 1.
        attempt: u32,
    },
    /// The reply was received before its question was sent: kept, not applied (N97).
    Extra {
        /// It reads as a correction of this earlier question (N98 b).
        correction_of: Option<String>,
    },
    /// A rule set a tag (F24).
    Tag {
        /// The element answered.
        element: String,
        /// The tag.
        tag: String,
    },
    /// The loop guard stopped the session's SMS (N96).
    Mute,
    /// The session is muted: the text is kept as `ignored` (RE1) and nothing else happens, valid or not.
    Muted,
    /// A walk stopped because an element would have been visited more than 20 times (F27).
    VisitLimit {
        /// That element.
        element: String,
    },
    /// Completion was reached.
    Complete,
    /// The session ends otherwise.
    Close(CloseReason),
}

/// Why the interpreter closes a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// `max_attempts` invalid replies with `on_exhausted: close`.
    Exhausted,
    /// The expiry was reached.
    Expired,
}

/// One SMS to queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// What it is.
    pub kind: SendKind,
    /// The element it renders or asks again; `completion` for the closing text; `None` for session texts.
    pub element: Option<String>,
    /// The visit of that element, from 1; 0 when there is no element.
    pub visit: u32,
    /// The text; what is sent of it depends on what its gateway takes (GW94).
    pub text: Composed,
    /// How long after the turn it is due at the earliest: 0, gap, 2 × gap … (P40).
    pub after: Duration,
}

/// What an SMS is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendKind {
    /// A text element.
    Text,
    /// A question asked for the first time on this visit.
    Question,
    /// Error text and the question again (P55).
    Reask,
    /// Reminder text and the question again (F8).
    Reminder,
    /// The closing text (P60).
    Completion,
    /// A session text, by message key, such as `exhausted` (§5).
    Message(&'static str),
}

/// An answer row to store (P56). There is never one with state `pending`: a question that waits is known
/// from the progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The question.
    pub element: String,
    /// Its visit, from 1.
    pub visit: u32,
    /// What became of it.
    pub state: AnswerState,
    /// The value when answered; choices from 0.
    pub value: Option<Value>,
    /// How the reply was understood.
    pub method: Option<Method>,
    /// What else the person wrote (N27).
    pub comment: Option<String>,
    /// The reply as received; empty when there was none.
    pub raw: String,
    /// Replies to this visit, valid and not.
    pub attempts: u32,
}

/// This progress does not belong to this survey: another revision, or an element that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("progress at `{element}` of revision {found} does not fit survey revision {expected}")]
pub struct Misfit {
    /// Where the progress stands.
    pub element: String,
    /// The revision the progress names.
    pub found: String,
    /// The revision of the survey.
    pub expected: String,
}

/// The question a progress stands at, after checking that it belongs to the survey; `None` at the end.
fn current<'a>(survey: &'a Survey, progress: &Progress) -> Result<Option<&'a Element>, Misfit> {
    let misfit = || Misfit {
        element: progress.position.element_id().to_owned(),
        found: progress.revision.clone(),
        expected: survey.hash.clone(),
    };
    if progress.revision != survey.hash {
        return Err(misfit());
    }
    match &progress.position {
        Position::Completion => Ok(None),
        Position::Question(id) => {
            survey.element(id).filter(|element| element.kind.is_question()).map(Some).ok_or_else(misfit)
        }
    }
}
