//! A transcript on the whole server: SendSurvey and inbound at the front door, SMS at the fake gateway.

use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use super::read::{Inbound, SendSurvey, Transcript};
use super::{Sms, Stage, folder};
use crate::support::{Backend, Message, Setup, TestApp};

pub struct Server {
    app: TestApp,
    transcript: Transcript,
    sessions: Vec<String>,
    seen: usize,
    latest: Option<Message>,
}

impl Server {
    pub async fn start(backend: Backend, transcript: &Transcript) -> Self {
        let mut surveys = Vec::new();
        for entry in std::fs::read_dir(folder().join("surveys")).unwrap() {
            surveys.push(std::fs::read_to_string(entry.unwrap().path()).unwrap());
        }
        let surveys: Vec<&str> = surveys.iter().map(String::as_str).collect();
        let mut setup = Setup::with(&surveys).on(backend);
        if transcript.subnumbers {
            setup = setup.with_subnumbers();
        }
        Self {
            app: setup.start().await,
            transcript: transcript.clone(),
            sessions: Vec::new(),
            seen: 0,
            latest: None,
        }
    }

    /// What still waits is let out, so that the app can say whether something is stuck.
    pub async fn end(self) {
        self.app.advance(TimeDelta::days(8)).await;
    }

    pub fn give_up(self) {
        self.app.may_leave_unsettled();
    }
}

impl Stage for Server {
    async fn send_survey(&mut self, call: &SendSurvey) -> (u16, String) {
        let mut body = json!({"identifier": self.transcript.phone});
        let properties = body.as_object_mut().unwrap();
        properties.extend(self.transcript.properties.clone());
        properties.extend(call.properties.clone());
        let survey = call.survey.as_ref().unwrap_or(&self.transcript.survey);
        let answer = self.app.send_survey(survey, &body).await;
        if answer.status == 201 {
            self.sessions.push(answer.session_id());
        }
        (answer.status, answer.code().to_owned())
    }

    async fn text(&mut self, inbound: &Inbound) {
        let phone = inbound.from.as_ref().unwrap_or(&self.transcript.phone);
        let mut message = self.app.message(phone, &inbound.text);
        if let Some(number) = &inbound.to {
            message.to.clone_from(number);
        }
        if let Some(thread) = &inbound.thread {
            message.thread = Some(thread.clone()).filter(|thread| !thread.is_empty());
        }
        if inbound.again {
            message.id = self.latest.as_ref().unwrap().id.clone();
        }
        self.latest = Some(message.clone());
        self.app.receive(&message).await;
    }

    async fn wait(&mut self, time: TimeDelta) {
        self.app.advance(time).await;
    }

    fn arrived(&mut self) -> Vec<Sms> {
        let ledger = self.app.gateway.ledger();
        let new = ledger[self.seen..].iter();
        let new = new.map(|sent| Sms { to: sent.to.clone(), text: sent.text.clone() }).collect();
        self.seen = ledger.len();
        new
    }

    async fn session(&mut self, number: usize) -> Json {
        let id = self.sessions.get(number).or(self.sessions.last()).unwrap();
        self.app.session(id).await
    }

    async fn last_inbound(&mut self) -> (String, Option<String>) {
        self.app.last_inbound().await
    }
}
