//! [`Tally`]: what is counted of the sessions of one group (M1 to M6), from the facts that exports show (M9).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;

use crate::app::export::lines::prompted_at;
use crate::app::export::read_value;
use crate::app::session_facts::{Disposition, SessionFacts, invalid_attempts, is_valid};
use crate::figures::Promoters;
use crate::session::{MessageState, Status};
use crate::store::answers::AnswerRow;
use crate::survey::{AnswerState, Kind, Value};

/// Counts of one group of sessions.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Sessions.
    pub sessions: u64,
    /// First SMS accepted by the gateway.
    pub sent: u64,
    /// First SMS reported delivered.
    pub delivered: u64,
    /// At least one valid answer.
    pub started: u64,
    /// Completion reached.
    pub completed: u64,
    /// Closed unfinished, with as many valid answers as make a partial.
    pub partial: u64,
    /// Opted out.
    pub opted_out: u64,
    /// First SMS failed or undelivered, no reply.
    pub unreachable: u64,
    /// Delivered or of unknown fate, no reply.
    pub unresponsive: u64,
    /// Ended by their expiry.
    pub expired: u64,
    /// Ended by too many invalid replies.
    pub exhausted: u64,
    /// Parts of SMS that the gateway accepted.
    pub segments: u64,
    /// Milliseconds from the first SMS to the first reply.
    pub first_reply: Vec<u32>,
    /// Reminders that the gateway accepted.
    pub reminders: u64,
    /// Sessions whose first valid answer came after a reminder.
    pub answered_after_reminder: u64,
    /// SMS that failed, by gateway and reason.
    pub failures: BTreeMap<(String, String), u64>,
    /// By question.
    pub questions: BTreeMap<String, QuestionTally>,
}

/// Counts of one question.
#[derive(Clone, Debug, Default)]
pub struct QuestionTally {
    /// Sessions in which a prompt of it was sent.
    pub asked: u64,
    /// Sessions with a valid answer.
    pub answered: u64,
    /// Sessions in which it was skipped.
    pub skipped: u64,
    /// Replies that were not understood.
    pub invalid: u64,
    /// Sum of numeric answers, in hundredths.
    pub sum: i64,
    /// Numeric answers.
    pub numbers: u64,
    /// Numeric answers of 4 and more.
    pub top_two: u64,
    /// Answers to a net promoter question.
    pub promoters: Promoters,
    /// Answers by value: codes, numbers, yes or no.
    pub distribution: BTreeMap<String, u64>,
    /// Answers by how they were understood.
    pub methods: BTreeMap<String, u64>,
    /// Milliseconds from prompt to answer.
    pub latency: Vec<u32>,
}

impl Tally {
    /// Counts a session.
    pub fn add(&mut self, facts: &SessionFacts, gateway: &str) {
        self.sessions += 1;
        let valid = facts.answers.iter().any(is_valid);
        self.sent += u64::from(facts.started_at().is_some());
        self.delivered += u64::from(facts.is_delivered());
        self.started += u64::from(valid);
        match facts.disposition() {
            Disposition::Completed => self.completed += 1,
            Disposition::Partial => self.partial += 1,
            Disposition::Refused => self.opted_out += 1,
            Disposition::Failed => self.unreachable += 1,
            Disposition::Unresponsive => self.unresponsive += 1,
            Disposition::Registered
            | Disposition::Queued
            | Disposition::Contacted
            | Disposition::Started
            | Disposition::InterimPartial
            | Disposition::Breakoff
            | Disposition::Ineligible => {}
        }
        self.expired += u64::from(facts.session.status == Status::Expired);
        self.exhausted += u64::from(facts.session.status == Status::Exhausted);
        self.segments += u64::try_from(facts.segments_sent()).unwrap_or(0);
        self.first_reply.extend(millis(facts.started_at(), facts.first_reply_at()));
        self.count_reminders(facts);
        for sent in facts.sent.iter().filter(|sent| sent.state == MessageState::Failed) {
            let reason = sent.state_reason.clone().unwrap_or_else(|| "unknown".to_owned());
            *self.failures.entry((gateway.to_owned(), reason)).or_default() += 1;
        }
        self.count_questions(facts);
    }

    fn count_reminders(&mut self, facts: &SessionFacts) {
        let reminders = facts.accepted().filter(|sent| sent.kind == "reminder");
        let first_reminder = reminders.filter_map(|sent| sent.accepted_at).min();
        self.reminders += u64::try_from(facts.reminders_sent()).unwrap_or(0);
        let first_answer = facts.answers.iter().filter(|row| is_valid(row)).map(|row| row.answered_at).min();
        let was_after = first_reminder.zip(first_answer).is_some_and(|(reminder, answer)| answer > reminder);
        self.answered_after_reminder += u64::from(was_after);
    }

    fn count_questions(&mut self, facts: &SessionFacts) {
        let asked = facts.sent.iter().filter(|sent| sent.kind == "question" && sent.started_at.is_some());
        let asked: BTreeSet<&str> = asked.filter_map(|sent| sent.element_id.as_deref()).collect();
        for element_id in asked {
            self.question(element_id).asked += 1;
        }
        if let Some((element_id, _)) = facts.pending() {
            let invalid = facts.session.progress().ok().flatten().map_or(0, |progress| progress.invalid);
            self.question(element_id).invalid += u64::from(invalid);
        }
        let mut latest: BTreeMap<&str, &AnswerRow> = BTreeMap::new();
        for row in &facts.answers {
            let invalid = u64::try_from(invalid_attempts(row)).unwrap_or(0);
            self.question(&row.element_id).invalid += invalid;
            let known = latest.entry(&row.element_id).or_insert(row);
            if known.visit <= row.visit {
                *known = row;
            }
        }
        for (element_id, row) in latest {
            let question = self.question(element_id);
            if row.state == AnswerState::Skipped.as_str() {
                question.skipped += 1;
            }
            if is_valid(row) {
                question.add(facts, row);
            }
        }
    }

    fn question(&mut self, element_id: &str) -> &mut QuestionTally {
        self.questions.entry(element_id.to_owned()).or_default()
    }
}

impl QuestionTally {
    fn add(&mut self, facts: &SessionFacts, row: &AnswerRow) {
        self.answered += 1;
        *self.methods.entry(row.method.clone().unwrap_or_else(|| "none".to_owned())).or_default() += 1;
        let prompted = prompted_at(facts, &row.element_id, row.visit);
        self.latency.extend(millis(prompted, Some(row.answered_at)));
        let element = facts.survey.as_deref().and_then(|survey| survey.element(&row.element_id));
        if element.is_none_or(|element| element.pii) {
            return;
        }
        match read_value(row) {
            Some(Value::Number(number)) => {
                self.numbers += 1;
                self.sum += number.hundredths();
                self.top_two += u64::from(number.hundredths() >= 400);
                self.count(number.to_string());
                if matches!(element.map(|element| &element.kind), Some(Kind::Nps { .. })) {
                    self.promoters.count(f64::from(i32::try_from(number.hundredths()).unwrap_or(0)) / 100.0);
                }
            }
            Some(Value::Choice(_)) => self.count(row.code.clone().unwrap_or_default()),
            Some(Value::Choices(_)) => {
                let codes = row.code.as_deref().and_then(|codes| serde_json::from_str(codes).ok());
                let codes: Vec<String> = codes.unwrap_or_default();
                codes.into_iter().for_each(|code| self.count(code));
            }
            Some(Value::YesNo(yes)) => self.count(if yes { "yes" } else { "no" }.to_owned()),
            Some(Value::Text(_) | Value::Date(_)) | None => {}
        }
    }

    fn count(&mut self, value: String) {
        *self.distribution.entry(value).or_default() += 1;
    }
}

fn millis(from: Option<NaiveDateTime>, to: Option<NaiveDateTime>) -> Option<u32> {
    from.zip(to).and_then(|(from, to)| u32::try_from((to - from).num_milliseconds()).ok())
}
