//! [`TestApp`]: the real server in this process, with its database, its gateway and a clock moved by hand.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use antiphon::app::api_key::Scope;
use antiphon::app::audit::Actor;
use antiphon::app::circuit::CircuitState;
use antiphon::app::engine::Engine;
use antiphon::app::manage_keys::{NewKey, create_key};
use antiphon::clock::{ManualClock, Timestamp};
use antiphon::config::{Config, Inputs};
use antiphon::ids::Ids;
use antiphon::server::{Role, Server};
use antiphon::store::schema;
use antiphon::store::{deliveries, messages, parts, sessions};
use chrono::{NaiveDateTime, TimeDelta};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::door::{Answer, Door, GATEWAY_SECRET, Message};
use super::{Backend, Database, FakeGateway};

/// Longest wait, in real time, for the server to have nothing left to do at the present instant.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks at the database.
const GLANCE: Duration = Duration::from_millis(2);

/// What a server under test is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    backend: Backend,
    surveys: Vec<String>,
    settings: Vec<(String, String)>,
    role: Role,
    start: Timestamp,
}

impl Setup {
    /// These surveys, on the database of this pass, with a fast gateway that hands out no threads.
    pub fn with(surveys: &[&str]) -> Self {
        Self {
            backend: Backend::chosen(),
            surveys: surveys.iter().map(|&source| source.to_owned()).collect(),
            settings: Vec::new(),
            role: Role::Whole,
            start: "2026-11-21T08:00:00Z".parse().unwrap(),
        }
    }

    /// Another database.
    pub fn on(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// A setting, by its dotted key.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The server sends nothing and fires no timer: another one must.
    pub fn without_worker(mut self) -> Self {
        self.role = Role::WithoutWorker;
        self
    }

    /// The gateway opens SMS sessions for Norwegian numbers (P45).
    pub fn with_subnumbers(self) -> Self {
        self.set("gateways.fake.params.subnumber_mode", "gateway_session")
            .set("channels.fake.subnumbering", "true")
    }

    /// Starts everything.
    pub async fn start(self) -> TestApp {
        let clock = ManualClock::new(self.start);
        let gateway = FakeGateway::start(clock.clock()).await;
        let database = self.backend.open();
        let folder = tempfile::tempdir().unwrap();
        for (number, source) in self.surveys.iter().enumerate() {
            let id = source.lines().find_map(|line| line.strip_prefix("id: ")).unwrap_or("survey");
            let id = id.split_whitespace().next().unwrap_or("survey");
            std::fs::write(folder.path().join(format!("{id}.yaml")), source)
                .unwrap_or_else(|error| panic!("survey {number}: {error}"));
        }
        let mut app = TestApp {
            server: None,
            door: None,
            clock,
            gateway,
            database,
            folder,
            settings: self.settings,
            role: self.role,
            inbound: AtomicU64::new(0),
            unsettled: AtomicBool::new(false),
            calls_held: AtomicU64::new(0),
        };
        app.open().await;
        let loaded = app.engine().library.all().len();
        assert_eq!(loaded, self.surveys.len(), "a survey under test has faults: {:?}", app.faults());
        app
    }
}

/// A running server and everything around it. Dropping it fails the test if messages are left unsettled.
#[derive(Debug)]
pub struct TestApp {
    server: Option<Server>,
    door: Option<Door>,
    /// The hand of the clock.
    pub clock: ManualClock,
    /// The gateway.
    pub gateway: FakeGateway,
    /// The database.
    pub database: Database,
    folder: TempDir,
    settings: Vec<(String, String)>,
    role: Role,
    inbound: AtomicU64,
    unsettled: AtomicBool,
    /// Calls to webhooks that a receiver holds on purpose.
    pub calls_held: AtomicU64,
}

impl TestApp {
    /// Starts the server on the database as it is.
    pub async fn open(&mut self) {
        assert!(self.server.is_none(), "the server is running");
        let (server, door) = self.start_node(7, self.role).await;
        self.door = Some(door);
        self.server = Some(server);
    }

    /// From the next start on it works itself.
    pub fn works_itself(&mut self) {
        self.role = Role::Whole;
    }

    /// Another server on the same database, as a further node, and the way in to it.
    pub async fn another(&self, role: Role) -> (Server, Door) {
        static SEED: AtomicU64 = AtomicU64::new(1000);
        self.start_node(SEED.fetch_add(1, Ordering::Relaxed), role).await
    }

    async fn start_node(&self, seed: u64, role: Role) -> (Server, Door) {
        let server = Server::start(self.config(), self.clock.clock(), Ids::seeded(seed), role).await.unwrap();
        let key = self.make_key(&server);
        let door = Door::new(server.address, &key);
        (server, door)
    }

    /// What its servers are started with.
    pub fn config(&self) -> Config {
        Config::load(&Inputs { flags: self.flags(), ..Inputs::default() }).unwrap()
    }

    /// A key that may do everything.
    fn make_key(&self, server: &Server) -> String {
        let now = server.engine.clock.now();
        let new = NewKey {
            name: format!("test {}", server.address),
            scopes: Scope::ALL.to_vec(),
            surveys: Vec::new(),
            channels: Vec::new(),
            expires_at: Some(now + TimeDelta::days(3000)),
            env: "test".to_owned(),
        };
        let random: [u8; 40] =
            std::array::from_fn(|at| u8::try_from(at).unwrap() ^ server.address.port().to_be_bytes()[at % 2]);
        let make = |connection: &mut antiphon::store::AnyConnection| {
            create_key(connection, &new, &random, &Actor::command(), now)
        };
        self.database.connect().write(make).unwrap().unwrap().key.reveal().to_owned()
    }

    /// The way in.
    pub fn door(&self) -> &Door {
        self.door.as_ref().unwrap()
    }

    /// Stops the server as an operator would.
    pub async fn stop(&mut self) {
        self.door = None;
        self.server.take().unwrap().stop().await;
    }

    fn flags(&self) -> Vec<(String, String)> {
        let own = [
            ("server.bind", "127.0.0.1:0".to_owned()),
            ("server.shutdown_timeout", "1s".to_owned()),
            ("database.url", self.database.url.clone()),
            ("limits.requests_per_second", "100000".to_owned()),
            ("limits.requests_burst", "100000".to_owned()),
            ("limits.webhooks_per_second", "100000".to_owned()),
            ("surveys.folder", self.folder.path().display().to_string()),
            // People in tests answer at once; delivery/guards.rs is about those that do.
            ("limits.quick_replies_max", "0".to_owned()),
            ("limits.disk_low_mb", "0".to_owned()),
            ("limits.disk_low_percent", "0".to_owned()),
            ("gateways.fake.profile", "generic".to_owned()),
            ("gateways.fake.base_url", self.gateway.url()),
            ("gateways.fake.secrets.inbound", GATEWAY_SECRET.to_owned()),
            ("gateways.fake.connect_timeout", "1s".to_owned()),
            ("gateways.fake.request_timeout", "20s".to_owned()),
            ("gateways.simulator.profile", "simulator".to_owned()),
            ("gateways.simulator.params.proof", "none".to_owned()),
            ("channels.fake.gateway", "fake".to_owned()),
            ("channels.fake.sender", "2012".to_owned()),
            ("channels.fake.sender_type", "short_number".to_owned()),
            ("channels.fake.allowed_countries", "46,47,1".to_owned()),
            ("channels.fake.throttle_per_second", "1000".to_owned()),
            ("channels.other.gateway", "fake".to_owned()),
            ("channels.other.sender", "3013".to_owned()),
            ("channels.other.sender_type", "short_number".to_owned()),
            ("channels.other.subnumbering", "false".to_owned()),
            ("channels.other.allowed_countries", "46,47".to_owned()),
            ("channels.simulator.gateway", "simulator".to_owned()),
            ("channels.simulator.sender", "2099".to_owned()),
            ("channels.simulator.sender_type", "short_number".to_owned()),
        ];
        let own = own.into_iter().map(|(key, value)| (key.to_owned(), value));
        own.chain(self.settings.iter().cloned()).collect()
    }

    fn faults(&self) -> Vec<String> {
        use antiphon::survey::check::{Context, FileName, check};
        use antiphon::survey::finding::Severity;
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let source = std::fs::read_to_string(&path).unwrap();
            let findings =
                check(&source, &FileName::new(path.display().to_string()), &Context::default()).findings;
            let errors = findings.into_iter().filter(|finding| finding.severity == Severity::Error);
            found.extend(errors.map(|finding| format!("line {}: {}", finding.line, finding.message)));
        }
        found
    }

    /// Where the server listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.server.as_ref().unwrap().address
    }

    /// The server's engine.
    pub fn engine(&self) -> &Engine {
        &self.server.as_ref().unwrap().engine
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.engine().clock.now()
    }

    /// This test leaves messages unsettled on purpose.
    pub fn may_leave_unsettled(&self) {
        self.unsettled.store(true, Ordering::Relaxed);
    }

    /// SendSurvey for a phone with nothing else said.
    pub async fn send(&self, survey: &str, phone: &str) -> String {
        let answer = self.send_survey(survey, &json!({"identifier": phone, "language": "en"})).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.session_id()
    }

    /// SendSurvey as the caller's JSON says, up to the first SMS.
    pub async fn send_survey(&self, survey: &str, body: &Json) -> Answer {
        let answer = self.door().post(&format!("/v1/surveys/{survey}/send"), body).await;
        self.settle().await;
        answer
    }

    /// A person texts our number; the server has done all it can at this instant when this returns.
    pub async fn reply(&self, phone: &str, text: &str) {
        let message = self.message(phone, text);
        self.receive(&message).await;
    }

    /// An inbound with a new id, to our number, in the SMS session of our latest SMS to that phone.
    pub fn message(&self, phone: &str, text: &str) -> Message {
        let number = self.inbound.fetch_add(1, Ordering::Relaxed) + 1;
        Message {
            id: Some(format!("mo-{number}")),
            from: phone.to_owned(),
            to: "2012".to_owned(),
            text: text.to_owned(),
            thread: self.gateway.thread_of(phone),
        }
    }

    /// Posts an inbound and waits until nothing is left to do.
    pub async fn receive(&self, message: &Message) {
        assert_eq!(self.door().inbound(std::slice::from_ref(message)).await, 200);
        self.settle().await;
    }

    /// A delivery report of the fake gateway.
    pub async fn report(&self, message_id: &str, state: &str) {
        assert_eq!(self.door().report(message_id, state).await, 200);
        self.settle().await;
    }

    /// A session with its answers and messages.
    pub async fn session(&self, id: &str) -> Json {
        let answer = self.door().get(&format!("/v1/sessions/{id}?expand=answers,messages")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// The answers of a session, questions that still wait left out.
    pub async fn answers(&self, id: &str) -> Vec<Json> {
        let session = self.session(id).await;
        let answers = session["answers"].as_array().unwrap().iter();
        answers.filter(|answer| answer["state"] != "pending").cloned().collect()
    }

    /// Status of a session.
    pub async fn status(&self, id: &str) -> String {
        self.session(id).await["status"].as_str().unwrap().to_owned()
    }

    /// What we sent or meant to send within a session, in order.
    pub async fn sent_in(&self, id: &str) -> Vec<Json> {
        let answer = self.door().get(&format!("/v1/messages?sessionId={id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let mut messages = answer.body["data"].as_array().unwrap().clone();
        messages.sort_by_key(|message| message["sequence"].as_i64());
        messages
    }

    /// States of the messages of a session, in order.
    pub async fn states(&self, id: &str) -> Vec<String> {
        let messages = self.sent_in(id).await;
        messages.iter().map(|message| message["state"].as_str().unwrap().to_owned()).collect()
    }

    /// The inbound log, latest first.
    pub async fn inbound_log(&self) -> Vec<Json> {
        let answer = self.door().get("/v1/inbound?order=desc&limit=1000").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["data"].as_array().unwrap().clone()
    }

    /// The latest inbound: outcome and reason.
    pub async fn last_inbound(&self) -> (String, Option<String>) {
        let log = self.inbound_log().await;
        let latest = log.first().unwrap();
        let reason = latest["outcomeReason"].as_str().map(str::to_owned);
        (latest["outcome"].as_str().unwrap().to_owned(), reason)
    }

    /// Moves the clock, stopping at every instant at which something is due, and waits each time until it is done.
    pub async fn advance(&self, by: TimeDelta) {
        let target = self.now() + by;
        loop {
            let next = self.settle().await.map(|at| at.and_utc());
            match next {
                Some(at) if at <= target => self.clock.set(at),
                Some(_) | None => break,
            }
        }
        self.clock.set(target);
        self.settle().await;
    }

    /// Waits until the server has nothing left to do at the present instant; gives the next instant at which it will.
    pub async fn settle(&self) -> Option<NaiveDateTime> {
        let start = Instant::now();
        loop {
            let pulse = self.pulse().await;
            if pulse.is_quiet(self.gateway.holding()) {
                return pulse.next;
            }
            assert!(start.elapsed() < PATIENCE, "the server does not come to rest: {pulse:?}");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Waits, in real time, until something holds.
    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let start = Instant::now();
        while !holds().await {
            assert!(start.elapsed() < PATIENCE, "in vain: {what}");
            tokio::time::sleep(GLANCE).await;
        }
    }

    async fn pulse(&self) -> Pulse {
        let engine = self.engine();
        let now = engine.clock.now();
        let mut closed = Vec::new();
        let mut reopens = None;
        for channel in engine.channels.all() {
            let health = engine.health.of(&channel.row.gateway);
            if health.is_paused || health.circuit.state(now) == CircuitState::Open {
                closed.push(channel.row.id.clone());
                reopens = [reopens, health.circuit.open_until()].into_iter().flatten().min();
            }
        }
        let (proof, receipt) = (engine.settings.proof_wait, engine.settings.receipt_wait);
        let at = now.naive_utc();
        let webhooks = engine.webhooks.enabled();
        let replaying = webhooks.iter().any(|webhook| webhook.row.replay_after.is_some());
        let webhooks: Vec<String> = webhooks.iter().map(|webhook| webhook.row.id.clone()).collect();
        let read = move |connection: &mut antiphon::store::AnyConnection| {
            // One instant of the database: between two statements the server goes on.
            let snapshot = match connection {
                antiphon::store::AnyConnection::Sqlite(_) => "BEGIN",
                antiphon::store::AnyConnection::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ",
            };
            connection.batch_execute(snapshot)?;
            let untold = deliveries::next_due(connection, &webhooks)?;
            let next = [
                untold,
                messages::next_due(connection, at)?,
                sessions::next_timer(connection)?,
                parts::next_due(connection)?,
                messages::next_overdue(connection, proof, receipt)?,
                reopens.map(|at| at.naive_utc()),
            ];
            let overdue = messages::overdue(connection, at, at - proof, at - receipt, 1)?;
            let pulse = Pulse {
                claimable: messages::claimable(connection, at, &closed, 1)?.len(),
                sending: messages::all_sending(connection)?.len(),
                timers: sessions::due_timers(connection, at, 1)?.len()
                    + parts::due_groups(connection, at, 1)?.len(),
                overdue: overdue.lost_leases.len()
                    + overdue.unproved.len()
                    + overdue.unreported.len()
                    + overdue.outlived.len(),
                untold: untold.is_some_and(|due| due <= at) || replaying,
                telling: if webhooks.is_empty() { 0 } else { deliveries::sending(connection)? },
                next: next.into_iter().flatten().filter(|next| *next > at).min(),
            };
            connection.batch_execute("COMMIT")?;
            Ok(pulse)
        };
        let mut pulse: Pulse = engine.store.read(read).await.unwrap();
        pulse.telling -= i64::try_from(self.calls_held.load(Ordering::Relaxed)).unwrap();
        if self.gateway.holding() >= 8 {
            // As many sends are held as may be in flight together.
            pulse.claimable = 0;
        }
        pulse
    }
}

/// What the server has left to do.
#[derive(Clone, Debug)]
struct Pulse {
    claimable: usize,
    sending: usize,
    timers: usize,
    overdue: usize,
    untold: bool,
    telling: i64,
    next: Option<NaiveDateTime>,
}

impl Pulse {
    fn is_quiet(&self, holding: usize) -> bool {
        self.claimable == 0
            && self.timers == 0
            && self.overdue == 0
            && self.sending <= holding
            && !self.untold
            && self.telling <= 0
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() || self.unsettled.load(Ordering::Relaxed) {
            return;
        }
        let mut connection = self.database.connect();
        let open: Vec<(String, String)> = schema::messages::table
            .filter(schema::messages::is_open)
            .select((schema::messages::kind, schema::messages::body))
            .load(&mut connection)
            .unwrap();
        assert!(open.is_empty(), "messages are left unsettled: {open:?}");
        let listed: Vec<(String, NaiveDateTime, String)> = schema::session_updates::table
            .order((schema::session_updates::survey_id, schema::session_updates::session_id))
            .load(&mut connection)
            .unwrap();
        let stored: Vec<(String, NaiveDateTime, String)> = schema::sessions::table
            .order((schema::sessions::survey_id, schema::sessions::id))
            .select((schema::sessions::survey_id, schema::sessions::updated_at, schema::sessions::id))
            .load(&mut connection)
            .unwrap();
        assert_eq!(listed, stored, "lists give sessions by another time than their own");
    }
}
