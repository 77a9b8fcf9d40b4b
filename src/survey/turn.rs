//! The interpreter: [`begin`], [`reply`], [`remind`] and [`expire`] turn one event into a [`Turn`]: the new
//! progress and the effects, as values. Whatever a person can text yields a turn (HOUSE 3).

use chrono::{DateTime, Duration, NaiveDate, Utc};

use super::{AnswerState, Language, Method, Progress, Reason, Survey, Value, Variables};

/// The outcome of one event: where the session stands now, and what is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Progress after the event.
    pub progress: Progress,
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
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
    /// Replace the text of an answered free_text by the longer one (N98).
    Append {
        /// The free_text element.
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
    /// The text, ready to send.
    pub text: String,
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

/// An answer row to store (P56).
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

/// Starts a session: the texts before the first question, the question, or at once the completion.
#[must_use]
pub fn begin(survey: &Survey, begin: &Begin<'_>, now: DateTime<Utc>) -> Turn {
    let _ = (survey, begin, now);
    unimplemented!()
}

/// Applies one reply to an open session.
///
/// # Errors
/// [`Misfit`] when the progress belongs to another survey or revision.
pub fn reply(
    survey: &Survey,
    progress: Progress,
    reply: &Reply<'_>,
    now: DateTime<Utc>,
) -> Result<Turn, Misfit> {
    let _ = (survey, progress, reply, now);
    unimplemented!()
}
