//! The core routes through a real server: SendSurvey, webhooks, sessions, messages, the inbound log, health, and
//! who may call what.

mod messages;
mod operate;
mod scopes;
mod send;
mod sessions;
mod settings;
mod signatures;
mod webhooks;

use std::sync::atomic::{AtomicU8, Ordering};

use antiphon::app::api_key::{ApiKey, Scope};
use antiphon::clock::ManualClock;
use antiphon::config::{Config, Inputs};
use antiphon::ids::Ids;
use antiphon::server::{Role, Server};
use antiphon::store::keys::{self, KeyRow};
use antiphon::store::{AnyConnection, DatabaseUrl, schema};
use chrono::TimeDelta;
use diesel::prelude::*;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

pub const KARI: &str = "+4799999999";
pub const OLA: &str = "+4791234567";
pub const SECRET: &str = "a-secret-of-the-gateway";

/// Two questions; the second holds personal data.
pub const SURVEY: &str = "\
format: antiphon/1
id: visit
uuid: 7b0f9d55-4b0c-4f5d-9a63-2f0d5ff0a002
title: A visit
languages: [en, no]
default_language: en
settings: {expiry: 24h}
elements:
  - id: score
    type: scale
    min: 1
    max: 5
    text: {en: How was it? Reply 1-5. Reply STOP to opt out., no: Hvordan var det? Svar 1-5. Svar STOPP for å slippe.}
  - id: reason
    type: single_choice
    text: {en: What mattered most?, no: Hva betydde mest?}
    options:
      - {code: price, label: {en: Price, no: Pris}}
      - {code: staff, label: {en: Staff, no: Betjening}}
  - id: name
    type: free_text
    pii: true
    text: {en: What is your name?, no: Hva heter du?}
completion:
  text: {en: Thank you!, no: Takk!}
";

/// The same value with every id of ours named `[id]`.
pub fn without_ids(value: &Value) -> Value {
    match value {
        Value::String(text) if uuid::Uuid::try_parse(text).is_ok_and(|uuid| uuid.get_version_num() == 7) => {
            json!("[id]")
        }
        Value::Array(items) => items.iter().map(without_ids).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), without_ids(value)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn code(&self) -> String {
        let body = self.json();
        assert_eq!(body["status"], self.status, "{body}");
        body["code"].as_str().unwrap().to_owned()
    }

    pub fn faults(&self) -> Vec<(String, String)> {
        let body = self.json();
        let fault = |fault: &Value| {
            let text = |name: &str| fault[name].as_str().unwrap().to_owned();
            (text("pointer"), text("code"))
        };
        body["errors"].as_array().unwrap().iter().map(fault).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A running server with a clock that stands still. Nothing is sent: it has no worker.
pub struct Live {
    pub server: Server,
    pub clock: ManualClock,
    pub all: String,
    client: reqwest::Client,
    url: String,
    folder: TempDir,
    made: AtomicU8,
}

impl Live {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_changed(settings, |_| ()).await
    }

    /// With a configuration that was changed after it was read.
    pub async fn start_changed(settings: &[(&str, &str)], change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("surveys")).unwrap();
        std::fs::write(folder.path().join("surveys/visit.yaml"), SURVEY).unwrap();
        let shipped = std::fs::read_to_string("surveys/csat-after-call.yaml").unwrap();
        std::fs::write(folder.path().join("surveys/csat-after-call.yaml"), shipped).unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let own = [
            ("server.bind", "127.0.0.1:0".to_owned()),
            ("server.shutdown_timeout", "1s".to_owned()),
            ("database.url", url.clone()),
            ("surveys.folder", folder.path().join("surveys").display().to_string()),
            ("limits.disk_low_mb", "0".to_owned()),
            ("limits.disk_low_percent", "0".to_owned()),
            ("gateways.fake.profile", "generic".to_owned()),
            ("gateways.fake.base_url", "http://127.0.0.1:9".to_owned()),
            ("gateways.fake.secrets.inbound", SECRET.to_owned()),
            ("channels.fake.gateway", "fake".to_owned()),
            ("channels.fake.sender", "2012".to_owned()),
            ("channels.fake.sender_type", "short_number".to_owned()),
            ("channels.fake.allowed_countries", "46,47".to_owned()),
        ];
        let own = own.into_iter().map(|(key, value)| (key.to_owned(), value));
        let flags = own.chain(settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let inputs = Inputs { flags: flags.collect(), ..Inputs::default() };
        let mut config = Config::load(&inputs).unwrap_or_else(|faults| panic!("{faults}"));
        change(&mut config);
        let clock = ManualClock::new("2026-11-21T06:00:00Z".parse().unwrap());
        let server = Server::start(config, clock.clock(), Ids::seeded(7), Role::WithoutWorker).await.unwrap();
        let mut live = Self {
            server,
            clock,
            all: String::new(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            url,
            folder,
            made: AtomicU8::new(0),
        };
        live.all = live.key(Scope::ALL, &[]);
        live
    }

    pub fn connection(&self) -> AnyConnection {
        assert!(self.folder.path().exists());
        DatabaseUrl::parse(&self.url).unwrap().connect().unwrap()
    }

    /// A key with these scopes, limited to these surveys.
    pub fn key(&self, scopes: &[Scope], surveys: &[&str]) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let key = ApiKey::generate("test", &[number + 1; 40]).unwrap();
        let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let now = self.server.engine.clock.now();
        let row = KeyRow {
            id: key.id().to_owned(),
            name: format!("key {number}"),
            hash: key.hash().to_hex(),
            scopes: json!(words).to_string(),
            surveys: json!(surveys).to_string(),
            channels: "[]".to_owned(),
            created_at: now.naive_utc(),
            expires_at: (now + TimeDelta::days(1)).naive_utc(),
            revoked_at: None,
            last_used_at: None,
        };
        self.connection().write(|connection| keys::insert(connection, &row)).unwrap();
        key.reveal().to_owned()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.server.address))
    }

    pub async fn run(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_as(&self.all, path).await
    }

    pub async fn get_as(&self, key: &str, path: &str) -> Answer {
        self.run(self.request(Method::GET, path).bearer_auth(key)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, &body.to_string()).await
    }

    pub async fn post_text(&self, path: &str, body: &str) -> Answer {
        let request = self.request(Method::POST, path).bearer_auth(&self.all);
        self.run(request.header("Content-Type", "application/json").body(body.to_owned())).await
    }

    pub async fn post_keyed(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).bearer_auth(&self.all).header("Idempotency-Key", key);
        self.run(request.header("Content-Type", "application/json").body(body.to_string())).await
    }

    /// Starts the small survey; gives the session's id.
    pub async fn start_session(&self, phone: &str) -> String {
        let answer =
            self.post("/v1/surveys/visit/send", &json!({"identifier": phone, "language": "en"})).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// The gateway posts a callback with its proof.
    pub async fn callback(&self, body: &Value) -> Answer {
        let request = self.request(Method::POST, "/v1/gateways/fake/inbound").header("X-API-Key", SECRET);
        self.run(request.header("Content-Type", "application/json").body(body.to_string())).await
    }

    /// A person texts our number.
    pub async fn reply(&self, id: &str, phone: &str, text: &str) {
        self.hand_over(phone).await;
        let answer =
            self.callback(&json!({"messageId": id, "from": phone, "to": "2012", "text": text})).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    }

    /// What the dispatcher would have done: every message to a phone is on the phone.
    pub async fn hand_over(&self, phone: &str) {
        use schema::messages::dsl;
        let at = self.server.engine.clock.now().naive_utc();
        let seq = self.server.engine.store.draw_places(1).await.unwrap()[0];
        let write = |connection: &mut AnyConnection| {
            diesel::update(dsl::messages.filter(dsl::phone.eq(phone)).filter(dsl::state.eq("due")))
                .set((
                    dsl::state.eq("accepted"),
                    dsl::is_open.eq(false),
                    dsl::send_seq.eq(seq),
                    dsl::started_at.eq(at),
                    dsl::accepted_at.eq(at),
                ))
                .execute(connection)?;
            Ok(())
        };
        self.connection().write(write).unwrap();
    }

    /// Rows of the tables that a refused request must leave alone.
    pub fn rows(&self) -> Vec<i64> {
        let mut connection = self.connection();
        vec![
            schema::sessions::table.count().get_result(&mut connection).unwrap(),
            schema::messages::table.count().get_result(&mut connection).unwrap(),
            schema::send_requests::table.count().get_result(&mut connection).unwrap(),
            schema::idempotency::table.count().get_result(&mut connection).unwrap(),
            schema::events::table.count().get_result(&mut connection).unwrap(),
            schema::inbound::table.count().get_result(&mut connection).unwrap(),
        ]
    }
}
