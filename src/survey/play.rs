//! A conversation on a virtual clock, for `survey simulate`, `survey test` and the simulate route (F39, F41).
//!
//! The real interpreter and reply parser run; nothing is stored, sent or waited for. Keywords are told from
//! replies by the caller; the player takes them as [`Inbound`]. The gaps between SMS are not waited for: every
//! SMS counts as arrived when the next event comes, so a reply is never early.

mod hours;
mod row;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, FixedOffset, Utc};

use super::messages::SessionText;
use super::reply::Lexicons;
use super::turn::{
    self, Begin, Branch, CloseReason, Effect, Misfit, Record, Reply, Send, SendKind, Turn, next_reminder,
};
use super::{Element, Language, Position, Progress, Survey, Variables, prompt};

pub use hours::QuietHours;
pub use row::{Cell, cell, cell_text, method_word};

/// `unavailable` and `expired` texts a session may cause (F37).
const CLOSED_TEXTS_MAX: u32 = 3;
/// Timers that may fire in one wait; more than any survey's reminders and its expiry.
const TIMERS_MAX: usize = 64;

/// How a conversation begins.
#[derive(Clone, Debug)]
pub struct Start<'a> {
    /// Language of the session; one of the survey's.
    pub language: Language,
    /// The caller's variables.
    pub variables: Variables,
    /// Put in front of the first SMS (P31).
    pub content: Option<String>,
    /// The instant of the start, with the zone offset of the recipient.
    pub now: DateTime<FixedOffset>,
    /// Hours in which reminders may leave, besides the survey's `send_window` (F9, A68).
    pub quiet_hours: QuietHours,
    /// The word lists replies are read by (N6).
    pub lexicons: &'a Lexicons,
}

/// One inbound SMS, keywords and noise already told apart (N12–N14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// A reply to the survey.
    Reply,
    /// An opt-out word: the session ends `opted_out` (A57).
    Stop,
    /// A help word: the help text is sent, the question stays (A56).
    Help,
    /// A reaction or an auto-reply: recorded, nothing else (N13).
    Noise,
}

/// Where the session of a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayStatus {
    /// Open.
    Active,
    /// The completion was reached.
    Completed,
    /// The expiry came first.
    Expired,
    /// Too many invalid replies (N95).
    Exhausted,
    /// An opt-out word came.
    OptedOut,
}

impl PlayStatus {
    /// The session status of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Expired => "expired",
            Self::Exhausted => "exhausted",
            Self::OptedOut => "opted_out",
        }
    }
}

/// One SMS that the conversation would have sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When it is due.
    pub at: DateTime<FixedOffset>,
    /// What it is.
    pub kind: SendKind,
    /// The element it renders or asks again; `None` for session texts.
    pub element: Option<String>,
    /// The text.
    pub text: String,
}

impl Sent {
    /// Its name in a test file: an element id, `completion`, `reminder` or `message:<key>` (F41).
    #[must_use]
    pub fn name(&self) -> String {
        match &self.kind {
            SendKind::Text | SendKind::Question | SendKind::Reask | SendKind::Completion => {
                self.element.clone().unwrap_or_default()
            }
            SendKind::Reminder => "reminder".to_owned(),
            SendKind::Message(key) => format!("message:{key}"),
        }
    }
}

/// What one event brought about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    /// SMS, in order.
    pub sent: Vec<Sent>,
    /// All effects, in order, SMS included.
    pub effects: Vec<Effect>,
}

/// A registered answer and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was registered.
    pub record: Record,
    /// When.
    pub at: DateTime<FixedOffset>,
}

/// A running conversation.
#[derive(Clone, Debug)]
pub struct Player<'a> {
    survey: &'a Survey,
    variables: Variables,
    progress: Progress,
    now: DateTime<FixedOffset>,
    quiet_hours: QuietHours,
    lexicons: &'a Lexicons,
    expires_at: DateTime<Utc>,
    status: PlayStatus,
    opted_out: bool,
    closed_texts: u32,
    answers: Vec<Answer>,
    path: Vec<Branch>,
    count: Count,
}

/// Figures of the wide export.
#[derive(Clone, Debug, Default)]
struct Count {
    asked: BTreeSet<String>,
    sent: u32,
    received: u32,
    reminders: u32,
    started_at: Option<DateTime<FixedOffset>>,
    completed_at: Option<DateTime<FixedOffset>>,
}

impl<'a> Player<'a> {
    /// Starts the conversation; the session expires after the survey's `expiry`.
    #[must_use]
    pub fn start(survey: &'a Survey, start: Start<'a>) -> (Self, Happened) {
        let now = start.now.with_timezone(&Utc);
        let begin = Begin {
            language: start.language,
            variables: &start.variables,
            content: start.content.as_deref(),
        };
        let turn = turn::begin(survey, &begin, now);
        let mut player = Self {
            survey,
            progress: turn.progress.clone(),
            variables: start.variables,
            now: start.now,
            quiet_hours: start.quiet_hours,
            lexicons: start.lexicons,
            expires_at: now.checked_add_signed(survey.settings.expiry).unwrap_or(now),
            status: PlayStatus::Active,
            opted_out: false,
            closed_texts: 0,
            answers: Vec::new(),
            path: Vec::new(),
            count: Count::default(),
        };
        let happened = player.take(turn);
        (player, happened)
    }

    /// One inbound SMS at the present time.
    ///
    /// # Errors
    /// [`Misfit`] never happens for the player's own survey; it is passed on rather than hidden.
    pub fn receive(&mut self, raw: &str, inbound: Inbound) -> Result<Happened, Misfit> {
        self.count.received += 1;
        match inbound {
            Inbound::Noise => Ok(Happened::default()),
            Inbound::Stop => Ok(self.stop()),
            Inbound::Help => Ok(self.session_text(SessionText::Help)),
            Inbound::Reply if self.opted_out => Ok(Happened::default()),
            Inbound::Reply => match self.status {
                PlayStatus::Active => self.reply(raw),
                PlayStatus::OptedOut => Ok(Happened::default()),
                PlayStatus::Expired => Ok(self.closed(SessionText::Expired)),
                PlayStatus::Completed => self.after_completion(raw),
                PlayStatus::Exhausted => Ok(self.closed(SessionText::Unavailable)),
            },
        }
    }

    /// Moves the clock; reminders and the expiry fire on the way, in order of time (F41).
    ///
    /// # Errors
    /// As [`Self::receive`].
    pub fn wait(&mut self, time: Duration) -> Result<Happened, Misfit> {
        let until = self.now.checked_add_signed(time).unwrap_or(self.now);
        let mut happened = Happened::default();
        for _ in 0..TIMERS_MAX {
            if self.status != PlayStatus::Active {
                break;
            }
            let reminder = self.reminder_at().filter(|at| *at <= until);
            let expiry = self.expires_at.with_timezone(self.now.offset());
            let turn = if let Some(at) = reminder.filter(|at| *at < expiry) {
                self.now = at.max(self.now);
                let now = self.now.with_timezone(&Utc);
                turn::remind(self.survey, self.progress.clone(), &self.variables, now)?
            } else if expiry <= until {
                self.now = expiry.max(self.now);
                Some(turn::expire(self.survey, self.progress.clone())?)
            } else {
                None
            };
            let Some(turn) = turn else { break };
            let next = self.take(turn);
            happened.sent.extend(next.sent);
            happened.effects.extend(next.effects);
        }
        self.now = until;
        Ok(happened)
    }

    /// The survey played.
    #[must_use]
    pub fn survey(&self) -> &'a Survey {
        self.survey
    }

    /// Where the session stands.
    #[must_use]
    pub fn status(&self) -> PlayStatus {
        self.status
    }

    /// Whether an opt-out word came, before or after the end.
    #[must_use]
    pub fn opted_out(&self) -> bool {
        self.opted_out
    }

    /// The state the interpreter works on.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The question that waits for a reply.
    #[must_use]
    pub fn question(&self) -> Option<&'a Element> {
        match (&self.progress.position, self.status) {
            (Position::Question(id), PlayStatus::Active) => self.survey.element(id),
            (Position::Question(_) | Position::Completion, _) => None,
        }
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> DateTime<FixedOffset> {
        self.now
    }

    /// Every registered answer, in order; fragments appended.
    #[must_use]
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// The ways taken through the survey so far.
    #[must_use]
    pub fn path(&self) -> &[Branch] {
        &self.path
    }

    fn reply(&mut self, raw: &str) -> Result<Happened, Misfit> {
        let now = self.now.with_timezone(&Utc);
        let turn = turn::reply(self.survey, self.progress.clone(), &self.texted(raw), now)?;
        Ok(self.take(turn))
    }

    /// A fragment of the last answer (N98 a), else too late.
    fn after_completion(&mut self, raw: &str) -> Result<Happened, Misfit> {
        let now = self.now.with_timezone(&Utc);
        let turn = turn::fragment(self.survey, self.progress.clone(), &self.texted(raw), now)?;
        Ok(match turn {
            Some(turn) => self.take(turn),
            None => self.closed(SessionText::Unavailable),
        })
    }

    fn texted<'r>(&'r self, raw: &'r str) -> Reply<'r> {
        Reply {
            raw,
            early: false,
            today: self.now.date_naive(),
            lexicons: self.lexicons,
            variables: &self.variables,
        }
    }

    fn stop(&mut self) -> Happened {
        if self.opted_out {
            return Happened::default();
        }
        self.opted_out = true;
        if self.status == PlayStatus::Active {
            self.status = PlayStatus::OptedOut;
        }
        self.session_text(SessionText::OptedOut)
    }

    fn closed(&mut self, key: SessionText) -> Happened {
        if self.closed_texts >= CLOSED_TEXTS_MAX {
            return Happened::default();
        }
        self.closed_texts += 1;
        self.session_text(key)
    }

    fn session_text(&mut self, key: SessionText) -> Happened {
        let key = prompt::session_key(self.survey, key);
        let text = prompt::session_text(&self.progress.facts(self.survey, &self.variables), key);
        let send = Send {
            kind: SendKind::Message(key.as_str()),
            element: None,
            visit: 0,
            text,
            after: Duration::zero(),
        };
        Happened { sent: vec![self.account(&send)], effects: vec![Effect::Send(send)] }
    }

    /// When the next reminder may leave: when it is due, moved out of the quiet hours (F9).
    fn reminder_at(&self) -> Option<DateTime<FixedOffset>> {
        let due = next_reminder(self.survey, &self.progress, self.expires_at)?;
        let due = due.with_timezone(self.now.offset());
        hours::opening(due, self.quiet_hours, self.survey.settings.send_window.as_ref())
    }

    /// Takes a turn into the account of the conversation.
    fn take(&mut self, turn: Turn) -> Happened {
        self.progress = turn.progress;
        self.path.extend(turn.path);
        let mut messages = Vec::new();
        for effect in &turn.effects {
            match effect {
                Effect::Send(send) => messages.push(self.account(send)),
                Effect::Record(record) => self.answers.push(Answer { record: record.clone(), at: self.now }),
                Effect::Append { element, visit, raw, value } => {
                    let appended = self
                        .answers
                        .iter_mut()
                        .find(|answer| answer.record.element == *element && answer.record.visit == *visit);
                    if let Some(answer) = appended {
                        answer.record.raw = format!("{}\n{raw}", answer.record.raw);
                        answer.record.value = Some(value.clone());
                    }
                }
                Effect::Complete => {
                    self.status = PlayStatus::Completed;
                    self.count.completed_at = Some(self.now);
                }
                Effect::Close(CloseReason::Exhausted) => self.status = PlayStatus::Exhausted,
                Effect::Close(CloseReason::Expired) => self.status = PlayStatus::Expired,
                Effect::Reject { .. }
                | Effect::Extra { .. }
                | Effect::Tag { .. }
                | Effect::Mute
                | Effect::Muted
                | Effect::VisitLimit { .. } => {}
            }
        }
        Happened { sent: messages, effects: turn.effects }
    }

    /// Counts an SMS and gives it its time.
    fn account(&mut self, send: &Send) -> Sent {
        self.count.sent += 1;
        self.count.started_at.get_or_insert(self.now);
        match (&send.kind, &send.element) {
            (SendKind::Question, Some(element)) => {
                self.count.asked.insert(element.clone());
            }
            (SendKind::Reminder, _) => self.count.reminders += 1,
            (SendKind::Question, None)
            | (SendKind::Text | SendKind::Reask | SendKind::Completion | SendKind::Message(_), _) => {}
        }
        Sent {
            at: self.now.checked_add_signed(send.after).unwrap_or(self.now),
            kind: send.kind.clone(),
            element: send.element.clone(),
            text: send.text.sms().to_owned(),
        }
    }
}
