//! A transcript on the interpreter alone. Progress is written as JSON and read back between turns. What the
//! server adds around it (gaps, the answer gate, the texts after the end) is done here in the plainest way.

use antiphon::http::send_survey::{Call, Rules, read};
use antiphon::phone::PhoneRules;
use antiphon::survey::check::{Context, FileName, check};
use antiphon::survey::messages::SessionText;
use antiphon::survey::reply::Lexicons;
use antiphon::survey::turn::{self, Begin, CloseReason, Effect, Record, Reply, Send, SendKind, Turn};
use antiphon::survey::{AnswerState, Language, Position, Progress, Survey, Value, Variables, prompt};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value as Json, json};

use super::read::{Inbound, SendSurvey, Transcript};
use super::{Sms, Stage, folder};

/// Texts after the end (A32).
const CLOSED_TEXTS_MAX: usize = 3;

pub struct Core {
    survey: Survey,
    transcript: Transcript,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    variables: Variables,
    /// Progress as it would be stored.
    stored: String,
    status: &'static str,
    answers: Vec<Json>,
    waiting: Vec<(DateTime<Utc>, Send)>,
    handed_over_at: Option<DateTime<Utc>>,
    arrived: Vec<Sms>,
    closed_texts: usize,
    latest: (String, Option<String>),
}

impl Core {
    pub fn new(transcript: &Transcript) -> Self {
        let path = folder().join("surveys").join(format!("{}.yaml", transcript.survey));
        let source = std::fs::read_to_string(&path).unwrap();
        let checked = check(&source, &FileName::new(path.display().to_string()), &Context::default());
        let now = "2026-11-21T08:00:00Z".parse().unwrap();
        Self {
            survey: checked.survey.unwrap(),
            transcript: transcript.clone(),
            now,
            expires_at: now,
            variables: Variables::default(),
            stored: String::new(),
            status: "none",
            answers: Vec::new(),
            waiting: Vec::new(),
            handed_over_at: None,
            arrived: Vec::new(),
            closed_texts: 0,
            latest: (String::new(), None),
        }
    }

    fn progress(&self) -> Progress {
        serde_json::from_str(&self.stored).unwrap()
    }

    /// Takes a turn into the account.
    fn take(&mut self, turn: Turn) {
        if !self.stored.is_empty() {
            self.drop_pointless(&turn.progress);
        }
        self.stored = serde_json::to_string(&turn.progress).unwrap();
        for effect in turn.effects {
            match effect {
                Effect::Send(send) => self.queue(send),
                Effect::Record(record) => {
                    if record.state != AnswerState::NotAsked && self.latest.0 != "applied" {
                        self.latest = ("applied".to_owned(), None);
                    }
                    let shown = self.shown(&record);
                    self.answers.push(shown);
                }
                Effect::Append { element, visit, raw, value } => {
                    self.latest = ("applied".to_owned(), None);
                    let answer = self
                        .answers
                        .iter_mut()
                        .find(|answer| answer["elementId"] == *element && answer["visit"] == visit)
                        .unwrap();
                    answer["raw"] = json!(format!("{}\n{raw}", answer["raw"].as_str().unwrap()));
                    answer["value"] = plain(&value, &[], &Language::en()).0;
                }
                Effect::Reject { reason, .. } => {
                    self.latest = ("applied".to_owned(), Some(reason.as_str().to_owned()));
                }
                Effect::Extra { correction_of } => {
                    self.latest = ("extra".to_owned(), correction_of.map(|_| "correction".to_owned()));
                }
                Effect::Muted => self.latest = ("ignored".to_owned(), Some("muted".to_owned())),
                Effect::Complete => self.status = "completed",
                Effect::Close(CloseReason::Exhausted) => self.status = "exhausted",
                Effect::Close(CloseReason::Expired) => {
                    self.status = "expired";
                    self.waiting.clear();
                }
                Effect::Tag { .. } | Effect::Mute | Effect::VisitLimit { .. } => {}
            }
        }
        self.hand_over();
    }

    /// What asks a question that is no longer asked is not sent (RE11).
    fn drop_pointless(&mut self, next: &Progress) {
        let before = self.progress();
        let moved = before.position != next.position || before.visit != next.visit;
        let tried_again = before.invalid != next.invalid;
        self.waiting.retain(|(_, send)| match send.kind {
            SendKind::Question => !moved,
            SendKind::Reask | SendKind::Reminder => !moved && !tried_again,
            SendKind::Text | SendKind::Completion | SendKind::Message(_) => true,
        });
    }

    fn queue(&mut self, send: Send) {
        let gap = self.survey.settings.element_gap;
        let last = self.waiting.iter().map(|(due, _)| *due).chain(self.handed_over_at).max();
        let earliest = last.map_or(self.now, |last| last + gap);
        let due = (self.now + send.after).max(earliest);
        self.waiting.push((due, send));
    }

    fn hand_over(&mut self) {
        let now = self.now;
        let (due, waiting): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(|(due, _)| *due <= now);
        self.waiting = waiting;
        self.handed_over_at = due.iter().map(|(due, _)| *due).max().or(self.handed_over_at);
        let to = &self.transcript.phone;
        self.arrived.extend(
            due.into_iter().map(|(_, send)| Sms { to: to.clone(), text: send.text.sms().to_owned() }),
        );
    }

    fn shown(&self, record: &Record) -> Json {
        let element = self.survey.element(&record.element).unwrap();
        let language = self.progress().language;
        let (value, index, label) = record
            .value
            .as_ref()
            .map(|value| plain(value, element.kind.options(), &language))
            .unwrap_or_default();
        json!({
            "elementId": record.element, "visit": record.visit, "state": record.state.as_str(),
            "value": value, "index": index, "label": label, "raw": record.raw,
            "comment": record.comment, "method": record.method.map(antiphon::survey::Method::as_str),
            "attempts": record.attempts,
        })
    }

    fn reply(&mut self, text: &str) {
        let progress = self.progress();
        let fragment = self.status == "completed";
        let early = self.waiting.iter().any(|(_, send)| send.kind == SendKind::Question);
        let variables = self.variables.clone();
        let today = self.now.with_timezone(&chrono_tz::Europe::Oslo).date_naive();
        let reply = Reply { raw: text, early, today, lexicons: Lexicons::built_in(), variables: &variables };
        let turn = if fragment {
            turn::fragment(&self.survey, progress, &reply, self.now).unwrap()
        } else {
            Some(turn::reply(&self.survey, progress, &reply, self.now).unwrap())
        };
        self.latest = ("ignored".to_owned(), None);
        match turn {
            Some(turn) => self.take(turn),
            None => self.late(SessionText::Unavailable),
        }
    }

    fn late(&mut self, key: SessionText) {
        self.latest = ("late".to_owned(), Some("silence".to_owned()));
        if self.closed_texts == CLOSED_TEXTS_MAX {
            return;
        }
        self.closed_texts += 1;
        let key = prompt::session_key(&self.survey, key);
        self.latest.1 = Some(key.as_str().to_owned());
        let text = prompt::session_text(&self.progress().facts(&self.survey, &self.variables), key);
        let kind = SendKind::Message(key.as_str());
        self.queue(Send { kind, element: None, visit: 0, text, after: TimeDelta::zero() });
        self.hand_over();
    }
}

/// Value, positions and labels as the API shows them.
fn plain(
    value: &Value,
    options: &[antiphon::survey::element::ChoiceOption],
    language: &Language,
) -> (Json, Json, Json) {
    let label = |index: &usize| options[*index].label.in_language(language);
    match value {
        Value::Choice(index) => (json!(options[*index].code), json!(index), json!(label(index))),
        Value::Choices(indexes) => (
            json!(indexes.iter().map(|index| &options[*index].code).collect::<Vec<_>>()),
            json!(indexes),
            json!(indexes.iter().map(label).collect::<Vec<_>>()),
        ),
        Value::Number(number) => (serde_json::from_str(&number.to_string()).unwrap(), Json::Null, Json::Null),
        Value::YesNo(yes) => (json!(if *yes { "yes" } else { "no" }), Json::Null, Json::Null),
        Value::Text(text) => (json!(text), Json::Null, Json::Null),
        Value::Date(day) => (json!(day.to_string()), Json::Null, Json::Null),
    }
}

impl Stage for Core {
    async fn send_survey(&mut self, call: &SendSurvey) -> (u16, String) {
        assert!(self.stored.is_empty() && call.survey.is_none(), "{}: is server only", self.transcript.name);
        let mut body = json!({"identifier": self.transcript.phone});
        body.as_object_mut().unwrap().extend(self.transcript.properties.clone());
        body.as_object_mut().unwrap().extend(call.properties.clone());
        let body = body.to_string();
        let rules = Rules {
            now: self.now,
            default_timezone: chrono_tz::Europe::Oslo,
            languages: &[Language::en(), Language::no()],
            phones: &PhoneRules::default(),
        };
        let call = Call { path_survey: Some(&self.transcript.survey), query: "", body: body.as_bytes() };
        let command = read(call, rules).unwrap().finish().unwrap().command;
        self.expires_at = command.expiry.unwrap_or(self.now + self.survey.settings.expiry);
        self.variables = command.variables;
        self.status = "active";
        let begin = Begin {
            language: self.survey.language_for(command.language.as_ref()),
            variables: &self.variables,
            content: command.content.as_deref(),
        };
        let turn = turn::begin(&self.survey, &begin, self.now);
        self.take(turn);
        (201, String::new())
    }

    async fn text(&mut self, inbound: &Inbound) {
        let plain =
            inbound.from.is_none() && inbound.to.is_none() && inbound.thread.is_none() && !inbound.again;
        assert!(plain, "{}: is server only", self.transcript.name);
        match self.status {
            "active" | "completed" => self.reply(&inbound.text),
            "expired" => self.late(SessionText::Expired),
            _ => self.late(SessionText::Unavailable),
        }
    }

    async fn wait(&mut self, time: TimeDelta) {
        let target = self.now + time;
        loop {
            let active = self.status == "active";
            let reminder =
                active.then(|| turn::next_reminder(&self.survey, &self.progress(), self.expires_at));
            let next = [
                self.waiting.iter().map(|(due, _)| *due).min(),
                reminder.flatten(),
                active.then_some(self.expires_at),
            ];
            let Some(next) = next.into_iter().flatten().min().filter(|next| *next <= target) else {
                break;
            };
            self.now = next.max(self.now);
            self.hand_over();
            if active && self.now >= self.expires_at {
                let turn = turn::expire(&self.survey, self.progress()).unwrap();
                self.take(turn);
            } else if active {
                let reminded =
                    turn::remind(&self.survey, self.progress(), &self.variables, self.now).unwrap();
                if let Some(turn) = reminded {
                    self.take(turn);
                }
            }
        }
        self.now = target;
    }

    fn arrived(&mut self) -> Vec<Sms> {
        std::mem::take(&mut self.arrived)
    }

    async fn session(&mut self, _: usize) -> Json {
        let progress = self.progress();
        let current = match &progress.position {
            Position::Question(id) => id.clone(),
            Position::Completion => "completion".to_owned(),
        };
        json!({"status": self.status, "currentElementId": current, "answers": self.answers})
    }

    async fn last_inbound(&mut self) -> (String, Option<String>) {
        self.latest.clone()
    }
}
