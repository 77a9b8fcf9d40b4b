//! What a whole turn costs on SQLite: a valid reply stored durably with its inbound row, answer, session, event
//! and next message, through the batching writer, against the same rows written by raw prepared statements in
//! batches of the same size, in the same run. The ratio is printed; machines differ, ratios less so.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use antiphon::app::claim_messages::{ClaimMessages, Claimed};
use antiphon::app::engine::Engine;
use antiphon::app::receive_message::{InboundMessage, ReceiveMessage};
use antiphon::app::send_survey::{SendSurvey, SendSurveyTurn, Sent, prepare};
use antiphon::app::settle_message::SettleMessage;
use antiphon::clock::Clock;
use antiphon::config::{Config, Inputs};
use antiphon::gateway::SendResult;
use antiphon::ids::Ids;
use antiphon::phone::{Phone, PhoneRules};
use antiphon::server::{Role, Server};
use antiphon::session::Outcome;
use criterion::{Criterion, Throughput};
use futures_util::future::join_all;
use rusqlite::{Connection, params};

/// Replies in one batch: the writer's own limit, so that both sides commit equally often.
const BATCH: usize = 512;
/// Sessions stored before anything is measured.
const SESSIONS: usize = 10_000;
const SURVEY: &str = include_str!("bench.yaml");
const CHANNEL: &str = "[channels.bench]\ngateway = \"simulator\"\nsender = \"2099\"\nsender_type = \"short_number\"\n\
    subnumbering = false\nthrottle_per_second = 10000.0\n";

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let server = runtime.block_on(start(folder.path()))?;
    let mut people = People::default();
    for _ in 0..SESSIONS.div_ceil(BATCH) {
        runtime.block_on(people.ask(&server.engine))?;
    }
    let mut criterion = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(5));
    let mut group = criterion.benchmark_group("turn");
    group.throughput(Throughput::Elements(BATCH as u64));
    let mut ours = Tally::default();
    group.bench_function("antiphon, 512 callers", |bencher| {
        bencher.iter_custom(|rounds| {
            let mut total = Duration::ZERO;
            for _ in 0..rounds {
                total += runtime.block_on(answer_batch(&server.engine, &mut people));
            }
            ours.add(rounds, total);
            total
        });
    });
    let mut reference = Reference::open(&folder.path().join("reference.db"))?;
    let mut raw = Tally::default();
    group.bench_function("raw prepared statements, batches of 512", |bencher| {
        bencher.iter_custom(|rounds| {
            let total = (0..rounds).map(|_| reference.answer_batch().unwrap_or_else(|e| panic!("{e}"))).sum();
            raw.add(rounds, total);
            total
        });
    });
    group.finish();
    println!(
        "turn on SQLite, synchronous FULL, {SESSIONS} sessions: {:.0} turns/s; the same rows by raw prepared \
         statements {:.0}/s; ratio {:.2}",
        ours.per_second(),
        raw.per_second(),
        ours.per_second() / raw.per_second()
    );
    runtime.block_on(server.stop());
    Ok(())
}

/// Batches and the time they took, warm-up included: both sides are treated alike.
#[derive(Default)]
struct Tally {
    batches: u64,
    time: Duration,
}

impl Tally {
    fn add(&mut self, batches: u64, time: Duration) {
        self.batches += batches;
        self.time += time;
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
    fn per_second(&self) -> f64 {
        (self.batches * BATCH as u64) as f64 / self.time.as_secs_f64()
    }
}

/// A server without a dispatcher: sends are claimed and settled by hand, outside the measured time.
async fn start(folder: &Path) -> Result<Server, Failure> {
    std::fs::write(folder.join("bench.yaml"), SURVEY)?;
    let file = folder.join("antiphon.toml");
    std::fs::write(&file, CHANNEL)?;
    let flags = vec![
        ("server.bind".to_owned(), "127.0.0.1:0".to_owned()),
        ("database.url".to_owned(), format!("sqlite:{}", folder.join("bench.db").display())),
        ("surveys.folder".to_owned(), folder.display().to_string()),
    ];
    let config = Config::load(&Inputs { file: Some(file), variables: Vec::new(), flags })?;
    Ok(Server::start(config, Clock::system(), Ids::system()?, Role::WithoutWorker).await?)
}

/// A batch of people who have a question on their phones; each number is used once.
#[derive(Default)]
struct People {
    next: usize,
}

impl People {
    /// Starts a session with each of the next 512 and hands the question over.
    async fn ask(&mut self, engine: &Engine) -> Result<Vec<String>, Failure> {
        let phones: Vec<String> = (0..BATCH).map(|n| format!("+47{}", 40_000_000 + self.next + n)).collect();
        self.next += BATCH;
        let calls = phones.iter().map(|phone| {
            let prepared = prepare(engine, command(phone), engine.clock.now())
                .unwrap_or_else(|fault| panic!("the bench survey is refused: {fault:?}"));
            engine.store.write(SendSurveyTurn { engine: engine.clone(), prepared, idempotent: None })
        });
        for sent in join_all(calls).await {
            assert!(matches!(sent?, Sent::Created(_)), "a session was not made");
        }
        let mut handed_over = 0;
        // The channel's token bucket may ask us to wait a moment: none of this is measured.
        while handed_over < BATCH {
            let claimed = engine.store.write(ClaimMessages::new(engine, BTreeMap::new())).await?;
            // The second questions of earlier batches fall due too; these people have been asked the first one.
            let asked = |one: &&Claimed| one.message.element_id.as_deref() == Some("score");
            handed_over += claimed.iter().filter(asked).count();
            let settles = claimed.into_iter().map(|claimed| {
                let result = SendResult::Accepted { external_id: None, session: None };
                engine.store.write(SettleMessage { engine: engine.clone(), claimed, result, jitter: 0 })
            });
            for settled in join_all(settles).await {
                settled?;
            }
        }
        Ok(phones)
    }
}

fn command(phone: &str) -> SendSurvey {
    SendSurvey::of(
        "bench",
        Phone::identifier(phone, &PhoneRules::default())
            .unwrap_or_else(|fault| panic!("a bench phone is refused: {fault:?}")),
    )
}

/// 512 people answer at once; the time from the first reply handed in to the last one committed.
async fn answer_batch(engine: &Engine, people: &mut People) -> Duration {
    let phones = people.ask(engine).await.unwrap_or_else(|error| panic!("no question went out: {error}"));
    let messages: Vec<InboundMessage> = phones
        .into_iter()
        .map(|phone| InboundMessage {
            gateway: "simulator".to_owned(),
            provider_id: Some(engine.ids.next(engine.clock.now())),
            from: phone,
            to: "2099".to_owned(),
            text: "4".to_owned(),
            handle: None,
            reply_to: None,
            intent: None,
            provider_at: None,
            flags: Vec::new(),
        })
        .collect();
    let began = Instant::now();
    let places = engine.store.draw_places(BATCH).await.unwrap_or_else(|error| panic!("no place: {error}"));
    let turns = messages
        .into_iter()
        .zip(places)
        .map(|(message, place)| engine.store.write(ReceiveMessage::new(engine, message, place)));
    let received = join_all(turns).await;
    let took = began.elapsed();
    for one in received {
        let outcome = one.unwrap_or_else(|error| panic!("a turn failed: {error}")).outcome;
        assert_eq!(outcome, Some(Outcome::Applied), "a reply was not applied");
    }
    took
}

/// The same rows through prepared statements: inbound, answer, session, event, message; one commit a batch.
struct Reference {
    connection: Connection,
    stored: usize,
}

const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; \
    PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 4000;";
const PARENTS: &str = "INSERT INTO surveys VALUES ('bench', 'u', 'Bench', 'active', 1, 1, '2026-11-21 06:00:00', \
    '2026-11-21 06:00:00'); INSERT INTO survey_revisions VALUES ('bench', 1, 'h', 's', '2026-11-21 06:00:00'); \
    INSERT INTO channels VALUES ('c', 'bench', 'sms', 1, 'simulator', '2099', 'short_number', 0, 'null', \
    100000000000, 'by_class', 'accepted', NULL, NULL, 'global', '{}', '{}', '2026-11-21 06:00:00', '2026-11-21 06:00:00');";
const PROGRESS: &str = r#"{"revision":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","language":"en","position":{"question":"again"},"visit":1,"invalid":0,"invalid_total":0,"visits":{"again":1,"score":1},"given":{"score":{"state":"answered","value":{"number":4}}},"began_at":"2026-11-21T06:00:00Z","answered_at":"2026-11-21T06:01:00Z"}"#;

impl Reference {
    fn open(path: &Path) -> Result<Self, rusqlite::Error> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SETTINGS)?;
        connection.execute_batch(include_str!("../migrations/sqlite/0001_core/up.sql"))?;
        connection.execute_batch(PARENTS)?;
        let mut reference = Self { connection, stored: 0 };
        for _ in 0..SESSIONS.div_ceil(BATCH) {
            reference.ask()?;
        }
        Ok(reference)
    }

    /// 512 sessions with a question each; not measured.
    fn ask(&mut self) -> Result<(), rusqlite::Error> {
        let transaction = self.connection.transaction()?;
        for n in self.stored..self.stored + BATCH {
            transaction
                .prepare_cached(
                    "INSERT INTO sessions (id, survey_id, revision, status, origin, phone, channel_id, language, \
                     variables, progress, current_element_id, prompt_id, open_slot, next_sequence, answers_count, \
                     events_count, is_test, faults, inbound_count, unavailable_count, wake_at, created_at, \
                     started_at, expires_at, updated_at, version) VALUES (?1, 'bench', 1, 'active', 'api', ?2, 'c', 'en', '[]', ?3, 'score', ?1, '', 2, \
                     0, 1, 0, 0, 0, 0, '2026-11-22 06:00:00', '2026-11-21 06:00:00', '2026-11-21 06:00:00', \
                     '2026-11-22 06:00:00', '2026-11-21 06:00:00', 1)",
                )?
                .execute(params![id("02", n), format!("+47{}", 40_000_000 + n), PROGRESS])?;
            transaction
                .prepare_cached("INSERT INTO session_updates VALUES ('bench', '2026-11-21 06:00:00', ?1)")?
                .execute(params![id("02", n)])?;
        }
        transaction.commit()?;
        self.stored += BATCH;
        Ok(())
    }

    /// The rows of 512 valid replies to the newest sessions; the time of their transaction.
    fn answer_batch(&mut self) -> Result<Duration, rusqlite::Error> {
        self.ask()?;
        let began = Instant::now();
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for n in self.stored - BATCH..self.stored {
            let (session, phone) = (id("02", n), format!("+47{}", 40_000_000 + n));
            transaction
                .prepare_cached(
                    "INSERT INTO inbound (id, gateway, channel_id, provider_id, recv_seq, received_at, sender, \
                     destination, body, outcome, session_id, session_version) VALUES (?1, 'simulator', 'c', ?1, ?2, \
                     '2026-11-21 06:01:00.123456', ?3, '2099', '4', 'applied', ?4, 2)",
                )?
                .execute(params![id("03", n), i64::try_from(n).unwrap_or(0), phone, session])?;
            transaction
                .prepare_cached(
                    "UPDATE sessions SET progress = ?2, current_element_id = 'again', prompt_id = ?3, \
                     next_sequence = 3, answers_count = 1, events_count = 2, inbound_count = 1, handed_over_at = '2026-11-21 06:00:01', \
                     updated_at = '2026-11-21 06:01:00.123456', version = 2 WHERE id = ?1",
                )?
                .execute(params![session, PROGRESS, id("04", n)])?;
            transaction
                .prepare_cached(
                    "UPDATE session_updates SET updated_at = '2026-11-21 06:01:00.123456' WHERE survey_id = 'bench' \
                     AND updated_at = '2026-11-21 06:00:00' AND session_id = ?1",
                )?
                .execute(params![session])?;
            transaction
                .prepare_cached(
                    "INSERT INTO answers (session_id, element_id, visit, seq, element_type, state, value, raw, method, \
                     attempts, language, asked_at, answered_at, inbound_id) VALUES (?1, 'score', 1, 1, 'scale', \
                     'answered', '{\"number\":4}', '4', 'exact', 1, 'en', '2026-11-21 06:00:00', \
                     '2026-11-21 06:01:00.123456', ?2)",
                )?
                .execute(params![session, id("03", n)])?;
            transaction
                .prepare_cached(
                    "INSERT INTO events (id, kind, session_id, sequence, data, created_at) VALUES (?1, \
                     'answer.recorded', ?2, 2, '{\"elementId\":\"score\",\"visit\":1,\"value\":\"{}\",\
                     \"method\":\"exact\"}', '2026-11-21 06:01:00.123456')",
                )?
                .execute(params![id("05", n), session])?;
            transaction
                .prepare_cached(
                    "INSERT INTO messages (id, session_id, channel_id, phone, seq, class, kind, priority, element_id, \
                     visit, body, encoding, segments, due_at, ttl_at, state, is_open, lease_token, attempts, \
                     client_ref, possible_duplicate, inbound_id, created_at, updated_at) VALUES (?1, ?2, 'c', ?3, 2, \
                     'question', 'question', 0, 'again', 1, 'And with the price? Reply 1-5.', 'gsm7', 1, \
                     '2026-11-21 06:01:00.123456', '2026-11-22 06:00:00', 'due', 1, 0, 0, ?1, 0, ?4, \
                     '2026-11-21 06:01:00.123456', '2026-11-21 06:01:00.123456')",
                )?
                .execute(params![id("04", n), session, phone, id("03", n)])?;
        }
        transaction.commit()?;
        Ok(began.elapsed())
    }
}

fn id(kind: &str, n: usize) -> String {
    format!("01a1fcb0-af{kind}-744d-a7f2-{n:012}")
}
