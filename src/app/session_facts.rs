//! [`SessionFacts`]: one session with its answers and SMS, and what counts say of it. Exports and reports are computed
//! from this and nothing else, so that a word means the same in each (M9).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDateTime;

use super::library::Library;
use crate::closed_list::closed_list;
use crate::session::{MessageState, Outcome, Receipt, Status};
use crate::store::answers::{self, AnswerRow};
use crate::store::export_rows::{self, ReceivedRow, SentRow};
use crate::store::{AnyConnection, SessionRow, StoreError};
use crate::survey::{AnswerState, Position, Survey};

closed_list! {
    /// What became of a session, as survey research counts it (M8).
    pub enum Disposition {
        Registered = "registered": "created, nothing queued yet",
        Queued = "queued": "the first SMS is due or being sent",
        Contacted = "contacted": "the first SMS was accepted or delivered; no valid answer yet",
        Started = "started": "open, with fewer valid answers than make a partial",
        InterimPartial = "interim_partial": "open, with at least as many valid answers as make a partial",
        Completed = "completed": "completion reached",
        Partial = "partial": "closed unfinished, with at least as many valid answers as make a partial",
        Breakoff = "breakoff": "closed after replies, with fewer valid answers than make a partial",
        Refused = "refused": "opted out",
        Ineligible = "ineligible": "closed before anything was sent",
        Unresponsive = "unresponsive": "delivered, or of unknown fate, and no reply",
        Failed = "failed": "the first SMS failed or was not delivered, and no reply",
    }
}

/// One session with what belongs to it.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// The session.
    pub session: SessionRow,
    /// Its revision; `None` when it no longer passes the check.
    pub survey: Option<Arc<Survey>>,
    /// Its answers in the order they were registered.
    pub answers: Vec<AnswerRow>,
    /// Its outbound SMS in order.
    pub sent: Vec<SentRow>,
    /// Its inbound SMS in order.
    pub received: Vec<ReceivedRow>,
}

/// Reads what belongs to sessions, in the order of the sessions.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn load(
    connection: &mut AnyConnection,
    library: &Library,
    sessions: Vec<SessionRow>,
) -> Result<Vec<SessionFacts>, StoreError> {
    let (ids, phones) = keys_of(&sessions);
    let mut of_session: BTreeMap<String, usize> = BTreeMap::new();
    let mut facts: Vec<SessionFacts> = Vec::with_capacity(sessions.len());
    for session in sessions {
        of_session.insert(session.id.clone(), facts.len());
        let survey = library.revision(&session.survey_id, session.revision);
        facts.push(SessionFacts {
            session,
            survey,
            answers: Vec::new(),
            sent: Vec::new(),
            received: Vec::new(),
        });
    }
    for answer in answers::of_sessions(connection, &ids)? {
        if let Some(facts) = of_session.get(&answer.session_id).and_then(|place| facts.get_mut(*place)) {
            facts.answers.push(answer);
        }
    }
    let place_of = |id: &Option<String>| id.as_ref().and_then(|id| of_session.get(id)).copied();
    for row in export_rows::sent(connection, &ids)? {
        if let Some(facts) = place_of(&row.session_id).and_then(|place| facts.get_mut(place)) {
            facts.sent.push(row);
        }
    }
    for row in export_rows::received(connection, &phones, &ids)? {
        if let Some(facts) = place_of(&row.session_id).and_then(|place| facts.get_mut(place)) {
            facts.received.push(row);
        }
    }
    for facts in &mut facts {
        facts.answers.sort_by(|one, other| {
            (one.seq, &one.element_id, one.visit).cmp(&(other.seq, &other.element_id, other.visit))
        });
    }
    Ok(facts)
}

/// Ids of sessions, and their phones, each once.
#[must_use]
pub fn keys_of(sessions: &[SessionRow]) -> (Vec<String>, Vec<String>) {
    let phones: BTreeSet<&str> = sessions.iter().map(|session| session.phone.as_str()).collect();
    let ids = sessions.iter().map(|session| session.id.clone()).collect();
    (ids, phones.into_iter().map(str::to_owned).collect())
}

impl SessionFacts {
    /// When the gateway accepted the first SMS.
    #[must_use]
    pub fn started_at(&self) -> Option<NaiveDateTime> {
        self.sent.iter().filter_map(|sent| sent.accepted_at).min()
    }

    /// When the first inbound that was applied came.
    #[must_use]
    pub fn first_reply_at(&self) -> Option<NaiveDateTime> {
        self.applied().map(|received| received.received_at).min()
    }

    /// When the last inbound that was applied came.
    #[must_use]
    pub fn last_activity_at(&self) -> Option<NaiveDateTime> {
        self.applied().map(|received| received.received_at).max()
    }

    fn applied(&self) -> impl Iterator<Item = &ReceivedRow> {
        self.received.iter().filter(|received| received.outcome == Outcome::Applied)
    }

    /// When completion was reached.
    #[must_use]
    pub fn completed_at(&self) -> Option<NaiveDateTime> {
        self.session.closed_at.filter(|_| self.session.status == Status::Completed)
    }

    /// Questions whose send started, each once.
    #[must_use]
    pub fn questions_asked(&self) -> usize {
        let asked = self.sent.iter().filter(|sent| sent.kind == "question" && sent.started_at.is_some());
        asked.filter_map(|sent| sent.element_id.as_deref()).collect::<BTreeSet<_>>().len()
    }

    /// Questions with a valid answer, each once.
    #[must_use]
    pub fn questions_answered(&self) -> usize {
        let answered = self.answers.iter().filter(|answer| is_valid(answer));
        answered.map(|answer| answer.element_id.as_str()).collect::<BTreeSet<_>>().len()
    }

    /// Replies that were not understood. The interpreter counts them; of an erased person the answers tell.
    #[must_use]
    pub fn invalid_replies(&self) -> i64 {
        if let Ok(Some(progress)) = self.session.progress() {
            return i64::from(progress.invalid_total);
        }
        self.answers.iter().map(invalid_attempts).sum()
    }

    /// Reminders that the gateway accepted.
    #[must_use]
    pub fn reminders_sent(&self) -> usize {
        self.accepted().filter(|sent| sent.kind == "reminder").count()
    }

    /// SMS that the gateway accepted.
    pub fn accepted(&self) -> impl Iterator<Item = &SentRow> {
        self.sent.iter().filter(|sent| sent.accepted_at.is_some())
    }

    /// Parts of those SMS.
    #[must_use]
    pub fn segments_sent(&self) -> i64 {
        self.accepted().map(|sent| i64::from(sent.segments)).sum()
    }

    /// State of the SMS that asked the first question.
    #[must_use]
    pub fn delivery_status(&self) -> Option<MessageState> {
        self.sent.iter().find(|sent| sent.kind == "question").map(|sent| sent.state)
    }

    /// The answer to a question: that of its latest visit (X5).
    #[must_use]
    pub fn latest_answer(&self, element_id: &str) -> Option<&AnswerRow> {
        let answers = self.answers.iter().filter(|answer| answer.element_id == element_id);
        answers.max_by_key(|answer| answer.visit)
    }

    /// The question that waits for its reply, with its visit.
    #[must_use]
    pub fn pending(&self) -> Option<(&str, i32)> {
        if self.session.status != Status::Active {
            return None;
        }
        let progress = self.session.progress().ok().flatten()?;
        match &progress.position {
            Position::Question(id) => Some((id, i32::try_from(progress.visit).unwrap_or(i32::MAX))),
            Position::Completion => None,
        }
    }

    /// What became of it (M8): told from the rows that were written together with its events.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        let valid = self.answers.iter().filter(|answer| is_valid(answer)).count();
        let partial_after = self.survey.as_ref().map_or(1, |survey| survey.settings.partial_after);
        let is_partial = valid > 0 && valid >= usize::try_from(partial_after).unwrap_or(usize::MAX);
        match self.session.status {
            Status::Completed => Disposition::Completed,
            Status::OptedOut => Disposition::Refused,
            Status::Pending => Disposition::Registered,
            Status::Active if is_partial => Disposition::InterimPartial,
            Status::Active if valid > 0 => Disposition::Started,
            Status::Active if self.started_at().is_some() => Disposition::Contacted,
            Status::Active => Disposition::Queued,
            Status::Exhausted | Status::Failed | Status::Expired | Status::Superseded | Status::Cancelled => {
                if is_partial {
                    Disposition::Partial
                } else if valid > 0 || self.applied().next().is_some() {
                    Disposition::Breakoff
                } else {
                    self.silence()
                }
            }
        }
    }

    /// Why a closed session has no reply.
    fn silence(&self) -> Disposition {
        let Some(first) = self.sent.first() else {
            return Disposition::Ineligible;
        };
        let is_undelivered =
            matches!(first.receipt, Some(Receipt::Undelivered | Receipt::Expired | Receipt::Rejected));
        match first.state {
            MessageState::Failed => Disposition::Failed,
            MessageState::Due | MessageState::Held | MessageState::Expired | MessageState::Cancelled => {
                Disposition::Ineligible
            }
            MessageState::Sending
            | MessageState::Accepted
            | MessageState::Delivered
            | MessageState::Unknown => {
                if is_undelivered {
                    Disposition::Failed
                } else {
                    Disposition::Unresponsive
                }
            }
        }
    }

    /// Whether the first SMS was reported delivered.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        self.sent.first().is_some_and(|first| first.state == MessageState::Delivered)
    }
}

/// Whether a question has a valid answer.
#[must_use]
pub fn is_valid(answer: &AnswerRow) -> bool {
    answer.state == AnswerState::Answered.as_str()
}

/// Replies to one visit of a question that were not understood.
#[must_use]
pub fn invalid_attempts(answer: &AnswerRow) -> i64 {
    let by_reply = is_valid(answer) || answer.state == AnswerState::Skipped.as_str();
    let attempts = i64::from(answer.attempts);
    if by_reply { (attempts - 1).max(0) } else { attempts }
}
