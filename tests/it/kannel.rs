//! Whole conversations through a real gateway: antiphon, Kannel, SMPP, a message centre, a phone, and back (gateways.md
//! 7.1). What is held against what: the texts as the phone shows them, and what antiphon stored.

use std::time::{Duration, Instant};

use antiphon::clock::Clock;
use antiphon::config::{Config, Inputs};
use antiphon::ids::Ids;
use antiphon::server::{Role, Server};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::support::kannel::{NO_SUCH_NUMBER, Shown, THROTTLED, USER, free_port};
use crate::support::{Backend, Database, Door, KARI, Kannel};

const SENDER: &str = "2012";
const SECRET: &str = "a-secret-in-the-path";

/// Phones of people who are not Kari.
const OLA: &str = "+4790000001";
const NOBODY: &str = "+4790000002";

/// Two parts of GSM-7, with a character of the extension table.
const STORY: &str = "Fortell oss gjerne hvordan reisen var, fra du gikk om bord til du gikk i land. Hva var bra, hva var \
                     mindre bra, og hva skulle du ønske at vi gjorde annerledes neste gang? Det koster 0 € å svare.";

const SURVEY: &str = "\
format: antiphon/1
id: trip
title: Reisen
languages: [no]
default_language: no
settings: {expiry: 24h, element_gap: 1s}
elements:
  - {id: intro, type: text, text: {no: Takk for at du reiste over fjorden med Ærøy. Svar STOPP for å slippe flere.}}
  - {id: score, type: scale, min: 1, max: 10, text: {no: 'På en skala fra 1 til 10: hvor fornøyd er du?'}}
  - id: reason
    type: single_choice
    text: {no: Hva likte du best 👍?}
    options:
      - {code: price, label: {no: Prisen}}
      - {code: crew, label: {no: Mannskapet}}
      - {code: cake, label: {no: Blåbærkaken}}
  - {id: story, type: free_text, max_length: 1000, text: {no: STORY}}
completion: {text: {no: Takk! Vi leser alt du skriver.}}
";

/// Longest wait for something to come about.
const PATIENCE: Duration = Duration::from_secs(30);

/// antiphon and its Kannel.
struct Line {
    server: Server,
    door: Door,
    kannel: Kannel,
    _surveys: TempDir,
    _database: Database,
}

impl Line {
    async fn start(backend: Backend) -> Self {
        let database = backend.open();
        let surveys = tempfile::tempdir().unwrap();
        std::fs::write(surveys.path().join("trip.yaml"), SURVEY.replace("STORY", &format!("'{STORY}'")))
            .unwrap();
        let address = format!("127.0.0.1:{}", free_port());
        let kannel = Kannel::start(&format!("http://{address}/v1/gateways/kannel/inbound/{SECRET}")).await;
        let flags = [
            ("server.bind", address.clone()),
            ("server.public_url", format!("http://{address}")),
            ("server.shutdown_timeout", "1s".to_owned()),
            ("database.url", database.url.clone()),
            ("surveys.folder", surveys.path().display().to_string()),
            ("limits.requests_per_second", "100000".to_owned()),
            ("limits.requests_burst", "100000".to_owned()),
            // The phones here answer at once.
            ("limits.quick_replies_max", "0".to_owned()),
            ("outbox.retry_base", "1s".to_owned()),
            ("gateways.kannel.profile", "kannel".to_owned()),
            ("gateways.kannel.base_url", kannel.url()),
            ("gateways.kannel.params.username", USER.0.to_owned()),
            ("gateways.kannel.secrets.password", USER.1.to_owned()),
            ("gateways.kannel.secrets.inbound", SECRET.to_owned()),
            ("channels.kannel.gateway", "kannel".to_owned()),
            ("channels.kannel.sender", SENDER.to_owned()),
            ("channels.kannel.sender_type", "short_number".to_owned()),
            ("channels.kannel.allowed_countries", "47".to_owned()),
        ];
        let flags = flags.map(|(key, value)| (key.to_owned(), value)).to_vec();
        let config = Config::load(&Inputs { flags, ..Inputs::default() }).unwrap();
        let server = Server::start(config, Clock::system(), Ids::seeded(11), Role::Whole).await.unwrap();
        let door = Door::new(server.address, &database.make_key());
        Self { server, door, kannel, _surveys: surveys, _database: database }
    }

    /// SendSurvey; the session's id.
    async fn send(&self, phone: &str) -> String {
        let answer =
            self.door.post("/v1/surveys/trip/send", &json!({"identifier": phone, "language": "no"})).await;
        answer.session_id()
    }

    /// A person replies to what the phone shows last; inbound SMS have come back to that very number.
    fn reply(&mut self, phone: &str, text: &str) {
        let from = self.kannel.shown(phone).last().unwrap().from.clone();
        self.kannel.text(phone, &from, text);
    }

    /// The list behind a path, oldest first.
    async fn list(&self, path: &str) -> Vec<Json> {
        let answer = self.door.get(path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["data"].as_array().unwrap().clone()
    }

    /// The messages of a session, in order, once that is so.
    async fn messages_when(&self, session: &str, holds: impl Fn(&[Json]) -> bool) -> Vec<Json> {
        let start = Instant::now();
        loop {
            let mut messages = self.list(&format!("/v1/messages?sessionId={session}")).await;
            messages.sort_by_key(|message| message["sequence"].as_i64());
            if holds(&messages) {
                return messages;
            }
            assert!(start.elapsed() < PATIENCE, "in vain: {messages:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The messages of a session once each has been reported as delivered.
    async fn delivered(&self, session: &str, count: usize) -> Vec<Json> {
        let is_delivered = |message: &Json| message["state"] == "delivered";
        self.messages_when(session, |all| all.len() == count && all.iter().all(is_delivered)).await
    }
}

#[tokio::test]
async fn a_whole_survey_runs_through_a_real_kannel_on_sqlite() {
    a_whole_survey_runs_through_a_real_kannel(Backend::Sqlite).await;
}

#[tokio::test]
async fn a_whole_survey_runs_through_a_real_kannel_on_postgres() {
    a_whole_survey_runs_through_a_real_kannel(Backend::Postgres).await;
}

async fn a_whole_survey_runs_through_a_real_kannel(backend: Backend) {
    let mut line = Line::start(backend).await;
    let kari = line.send(KARI).await;
    line.kannel.until_shown(KARI, 2).await;
    line.reply(KARI, "9 👍");
    line.kannel.until_shown(KARI, 3).await;
    // Kannel keeps in memory which reports it owes us.
    line.delivered(&kari, 3).await;

    line.kannel.close().await;
    line.reply(KARI, "Blåbærkaken");
    let ola = line.send(OLA).await;
    line.messages_when(&ola, |all| all[0]["attempts"].as_i64() > Some(0) && all[0]["state"] == "due").await;
    line.kannel.open().await;
    line.kannel.until_shown(KARI, 4).await;
    line.kannel.until_shown(OLA, 2).await;
    line.delivered(&ola, 2).await;

    let story = "Vi så både havørn og nise. ".repeat(14) + "Kjempefint, 10 € verdt!";
    line.reply(KARI, &story);
    let shown = line.kannel.until_shown(KARI, 5).await;
    let messages = line.delivered(&kari, 5).await;
    agree(&shown, &messages);
    let texts: Vec<&str> = shown.iter().map(|sms| sms.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "Takk for at du reiste over fjorden med Ærøy. Svar STOPP for å slippe flere.",
            "På en skala fra 1 til 10: hvor fornøyd er du?",
            "Hva likte du best 👍?\n1: Prisen\n2: Mannskapet\n3: Blåbærkaken",
            STORY,
            "Takk! Vi leser alt du skriver.",
        ],
        "each once, in order"
    );
    let wire: Vec<(u8, usize)> = shown.iter().map(|sms| (sms.coding, sms.parts.len())).collect();
    assert_eq!(wire, [(0, 1), (0, 1), (8, 1), (0, 2), (0, 1)]);
    heard(&line, &kari, &shown, &story).await;
    line.server.stop().await;
}

/// What the phone shows is what we say we sent.
fn agree(shown: &[Shown], messages: &[Json]) {
    for (sms, message) in shown.iter().zip(messages) {
        assert_eq!(sms.text, message["text"].as_str().unwrap());
        assert_eq!(sms.parts.len(), usize::try_from(message["segments"].as_u64().unwrap()).unwrap());
        assert_eq!(sms.coding, if message["encoding"] == "gsm7" { 0 } else { 8 }, "{message}");
        assert!(sms.from.starts_with(SENDER) && sms.from == shown[0].from, "{sms:?}");
        assert_eq!(sms.from.len(), 14, "GW53: the short number and the digits of the session: {sms:?}");
        assert_eq!(
            (&message["receipt"], &message["possibleDuplicate"]),
            (&json!("delivered"), &json!(false))
        );
    }
}

/// What the person said is what is stored, each once, with the number that it was sent to.
async fn heard(line: &Line, session: &str, shown: &[Shown], story: &str) {
    let answer = line.door.get(&format!("/v1/sessions/{session}?expand=answers")).await;
    assert_eq!(answer.body["status"], "completed", "{answer:?}");
    let answers = answer.body["answers"].as_array().unwrap();
    let said: Vec<(&Json, &Json)> = answers.iter().map(|answer| (&answer["value"], &answer["raw"])).collect();
    let expected =
        [(json!(9), json!("9 👍")), (json!("cake"), json!("Blåbærkaken")), (json!(story), json!(story))];
    let expected: Vec<(&Json, &Json)> = expected.iter().map(|(value, raw)| (value, raw)).collect();
    assert_eq!(said, expected);
    let inbound = line.list("/v1/inbound?limit=100").await;
    assert_eq!(inbound.len(), 3, "three parts are one SMS, and a restart repeats none: {inbound:#?}");
    for text in inbound {
        assert_eq!((&text["from"], &text["to"]), (&json!(KARI), &json!(shown[0].from)));
        assert_eq!(text["outcome"], "applied", "{text}");
    }
}

#[tokio::test]
async fn what_the_message_centre_refuses_is_reported_and_what_it_throttles_arrives_once() {
    let mut line = Line::start(Backend::chosen()).await;
    line.kannel.refuse_next(NO_SUCH_NUMBER);
    let session = line.send(NOBODY).await;
    let messages = line.messages_when(&session, |all| all[0]["state"] == "failed").await;
    assert_eq!(messages[0]["receipt"], "rejected", "{messages:#?}");
    assert_eq!(line.kannel.refusals(NO_SUCH_NUMBER), 1, "what is refused is not repeated");

    line.kannel.refuse_next(THROTTLED);
    let session = line.send(KARI).await;
    line.delivered(&session, 2).await;
    assert_eq!(line.kannel.shown(KARI).len(), 2);
    assert_eq!(line.kannel.refusals(THROTTLED), 1);
    line.server.stop().await;
}
