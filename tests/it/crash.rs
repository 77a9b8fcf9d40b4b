//! The crash test (RF1, G1): the real program, killed at random instants and started again, while many people
//! answer a survey. Nothing acknowledged is lost, nothing counts twice, no turn is half done, order is kept, and
//! no SMS goes out twice unless it says so.
//!
//! `CRASH_ROUNDS` sets the number of kills (default 50), `CRASH_CONVERSATIONS` that of people (default 200).

mod nodes;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use antiphon::clock::Clock;
use antiphon::ids::Ids;
use antiphon::session::Status;
use antiphon::store::schema;
use diesel::prelude::*;
use serde_json::{Value as Json, json};
use tokio::sync::watch;

use crate::support::{Backend, Database, Door, FakeGateway, GATEWAY_SECRET, Message, Sent};

const SURVEY: &str = "\
format: antiphon/1
id: crash
title: Crash
languages: [en]
default_language: en
settings: {expiry: 24h, element_gap: 1s}
elements:
  - {id: intro, type: text, text: {en: Reply STOP to opt out.}}
  - {id: score, type: scale, min: 1, max: 10, text: {en: Score 1-10?}}
  - id: topic
    type: single_choice
    text: {en: Which?}
    options:
      - {code: price, label: {en: Price}}
      - {code: staff, label: {en: Staff}}
      - {code: range, label: {en: Range}}
  - {id: visits, type: number, min: 0, max: 1000, text: {en: How many visits?}}
completion: {text: {en: Thank you!}}
";

/// What is sent in a whole conversation, in order.
const TEXTS: [&str; 5] = [
    "Reply STOP to opt out.",
    "Score 1-10?",
    "Which?\n1: Price\n2: Staff\n3: Range",
    "How many visits?",
    "Thank you!",
];

/// Longest wait for all conversations to end after the last kill.
const PATIENCE: Duration = Duration::from_mins(2);

/// Who gets no answer for so long tries again, as callers do.
const ANSWER_MAX: Duration = Duration::from_secs(3);

#[expect(clippy::disallowed_methods, reason = "how many rounds is a wish of whoever runs the test")]
fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

/// What the `number`th person replies to each question, and what must be stored: the reference interpretation.
fn replies(number: usize) -> [(&'static str, String, Json); 3] {
    let (score, topic, visits) = (number % 10 + 1, number % 3, number % 1000);
    [
        (TEXTS[1], score.to_string(), json!({"number": score.to_string()})),
        (TEXTS[2], (topic + 1).to_string(), json!({"choice": topic})),
        (TEXTS[3], visits.to_string(), json!({"number": visits.to_string()})),
    ]
}

fn phone(number: usize) -> String {
    format!("+4670123{number:04}")
}

struct Program {
    child: Child,
    door: Door,
}

impl Program {
    /// Starts it and waits until it says where it listens.
    fn start(config: &Path, key: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_antiphon"))
            .args(["--json", "serve", "--config"])
            .arg(config)
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Json = serde_json::from_str(&line).unwrap_or_else(|_| panic!("it did not start: {line}"));
        let address: SocketAddr =
            said["url"].as_str().unwrap().trim_start_matches("http://").parse().unwrap();
        Self { child, door: Door::new(address, key) }
    }

    /// SIGKILL: no goodbye.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn write_config(
    folder: &Path,
    database: &Database,
    gateway: &FakeGateway,
    outbox: &str,
) -> std::path::PathBuf {
    let surveys = folder.join("surveys");
    std::fs::create_dir(&surveys).unwrap();
    std::fs::write(surveys.join("crash.yaml"), SURVEY).unwrap();
    let config = format!(
        "[server]\nbind = \"127.0.0.1:0\"\n[database]\nurl = \"{}\"\n[surveys]\nfolder = \"{}\"\n\
         [limits]\nrequests_per_second = 100000\nrequests_burst = 100000\nwebhooks_per_second = 100000\n\
         [outbox]\nunknown_proof = \"1s\"\n{outbox}[log]\nlevel = \"warn\"\n\
         [gateways.fake]\nprofile = \"generic\"\nbase_url = \"{}\"\nsecrets.inbound = \"{GATEWAY_SECRET}\"\n\
         connect_timeout = \"1s\"\nrequest_timeout = \"2s\"\n\
         [channels.fake]\ngateway = \"fake\"\nsender = \"2012\"\nsender_type = \"short_number\"\n\
         allowed_countries = [\"46\"]\nthrottle_per_second = 1000\n",
        database.url,
        surveys.display(),
        gateway.url(),
    );
    let path = folder.join("antiphon.toml");
    std::fs::write(&path, config).unwrap();
    path
}

/// Repeats a call until a server says yes, going from one to the next of those that are running.
async fn until_acknowledged<F>(doors: &watch::Receiver<Vec<Door>>, call: impl Fn(Door) -> F)
where
    F: Future<Output = bool>,
{
    for attempt in 0_usize.. {
        let door = {
            let doors = doors.borrow();
            doors.get(attempt % doors.len().max(1)).cloned()
        };
        if let Some(door) = door
            && tokio::time::timeout(ANSWER_MAX, call(door)).await.unwrap_or(false)
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// One person: waits for the survey, answers each question when it arrives, and sends again until it is taken.
async fn converse(person: usize, gateway: FakeGateway, doors: watch::Receiver<Vec<Door>>) {
    let phone = phone(person);
    let body = json!({"identifier": phone, "language": "en", "clientReference": format!("ivr-{person}")});
    until_acknowledged(&doors, |door| {
        let body = body.clone();
        async move {
            let answer = door.try_post("/v1/surveys/crash/send", &body).await;
            answer.is_ok_and(|answer| matches!(answer.status, 200 | 201))
        }
    })
    .await;
    for (question, reply, _) in replies(person) {
        while !gateway.texts_to(&phone).iter().any(|text| text == question) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let message = Message {
            id: Some(format!("{phone}-{question}")),
            from: phone.clone(),
            to: "2012".to_owned(),
            text: reply,
            thread: None,
        };
        until_acknowledged(&doors, |door| {
            let message = message.clone();
            async move { door.try_inbound(&[message]).await.is_ok_and(|status| status == 200) }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_counts_twice_on_sqlite() {
    nothing_is_lost_and_nothing_counts_twice(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_counts_twice_on_postgres() {
    nothing_is_lost_and_nothing_counts_twice(Backend::Postgres).await;
}

async fn nothing_is_lost_and_nothing_counts_twice(backend: Backend) {
    let (rounds, people) = (number("CRASH_ROUNDS", 50), number("CRASH_CONVERSATIONS", 200));
    let folder = tempfile::tempdir().unwrap();
    let database = backend.open();
    let gateway = FakeGateway::start(Clock::system()).await;
    let config = write_config(folder.path(), &database, &gateway, "");
    let key = database.make_key();
    let (doors, seen) = watch::channel(Vec::new());
    let people_at_work: Vec<_> =
        (0..people).map(|person| tokio::spawn(converse(person, gateway.clone(), seen.clone()))).collect();

    let random = Ids::seeded(42);
    let mut program = Program::start(&config, &key);
    for _ in 0..rounds {
        doors.send_replace(vec![program.door.clone()]);
        let life = Duration::from_millis(random.below(400));
        tokio::time::sleep(life).await;
        program.kill();
        doors.send_replace(Vec::new());
        program = Program::start(&config, &key);
    }
    doors.send_replace(vec![program.door.clone()]);
    let ended = tokio::time::timeout(PATIENCE, futures_util::future::join_all(people_at_work)).await;
    assert!(ended.is_ok(), "some conversations never end");
    wait_for_the_end(&database).await;
    program.kill();
    check(people, &database, &gateway.ledger());
}

/// Until every message has found its end.
async fn wait_for_the_end(database: &Database) {
    let start = Instant::now();
    let mut connection = database.connect();
    loop {
        let open: i64 = schema::messages::table
            .filter(schema::messages::is_open)
            .count()
            .get_result(&mut connection)
            .unwrap();
        if open == 0 {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{open} messages never find their end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn check(people: usize, database: &Database, ledger: &[Sent]) {
    let mut connection = database.connect();
    let sessions: Vec<(String, String, Status)> = schema::sessions::table
        .select((schema::sessions::phone, schema::sessions::id, schema::sessions::status))
        .load(&mut connection)
        .unwrap();
    assert_eq!(sessions.len(), people, "one session each, however often the IVR called");
    let by_phone: BTreeMap<String, (String, Status)> =
        sessions.into_iter().map(|(phone, id, status)| (phone, (id, status))).collect();
    let heard: Vec<Option<String>> =
        schema::inbound::table.select(schema::inbound::provider_id).load(&mut connection).unwrap();
    let once: BTreeSet<_> = heard.iter().flatten().collect();
    assert_eq!((heard.len(), once.len()), (people * 3, people * 3), "each reply is stored exactly once");
    for person in 0..people {
        let (id, status) = &by_phone[&phone(person)];
        assert_eq!(*status, Status::Completed, "person {person}");
        let stored: Vec<Option<String>> = schema::answers::table
            .filter(schema::answers::session_id.eq(id))
            .order(schema::answers::seq)
            .select(schema::answers::value)
            .load(&mut connection)
            .unwrap();
        let stored: Vec<Json> =
            stored.iter().flatten().map(|text| serde_json::from_str::<Json>(text).unwrap()).collect();
        let expected = replies(person).map(|(_, _, value)| value);
        assert_eq!(
            stored.iter().map(loose).collect::<Vec<_>>(),
            expected.iter().map(loose).collect::<Vec<_>>()
        );
    }
    check_ledger(people, database, ledger);
}

/// Numbers compare as texts: how they are written in JSON is not this test's business.
fn loose(value: &Json) -> String {
    value.to_string().replace('"', "")
}

fn check_ledger(people: usize, database: &Database, ledger: &[Sent]) {
    let mut connection = database.connect();
    let flagged: BTreeMap<String, bool> = schema::messages::table
        .select((schema::messages::client_ref, schema::messages::possible_duplicate))
        .load::<(String, bool)>(&mut connection)
        .unwrap()
        .into_iter()
        .collect();
    let mut copies: BTreeMap<&str, usize> = BTreeMap::new();
    for sent in ledger {
        *copies.entry(&sent.reference).or_default() += 1;
    }
    for (reference, count) in copies {
        let may_repeat = flagged[reference];
        assert!(
            count == 1 || (count == 2 && may_repeat),
            "I6: {count} copies of {reference}, flagged: {may_repeat}"
        );
    }
    for person in 0..people {
        let phone = phone(person);
        let mut seen = BTreeSet::new();
        let texts = ledger.iter().filter(|sent| sent.to == phone && seen.insert(&sent.reference));
        let places: Vec<usize> =
            texts.map(|sent| TEXTS.iter().position(|text| *text == sent.text).unwrap()).collect();
        assert!(places.is_sorted_by(|a, b| a < b), "I5: person {person} got {places:?}");
        for question in 1..=3 {
            assert!(places.contains(&question), "person {person} was never asked question {question}");
        }
    }
}
