//! A batch asks one question per table and prepares nothing twice, however many turns it holds and whomever they
//! are about (HOUSE 4).

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, PoisonError, mpsc};
use std::task::Poll;

use antiphon::app::claim_messages::ClaimMessages;
use antiphon::app::engine::Engine;
use antiphon::app::receive_message::{InboundMessage, ReceiveMessage, Received};
use antiphon::app::send_survey::{SendSurvey, SendSurveyTurn, prepare};
use antiphon::app::settle_message::SettleMessage;
use antiphon::clock::{ManualClock, Timestamp};
use antiphon::config::{Config, Inputs};
use antiphon::gateway::SendResult;
use antiphon::ids::Ids;
use antiphon::phone::{Phone, PhoneRules};
use antiphon::server::{Role, Server};
use antiphon::session::Outcome;
use antiphon::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use futures_util::future::join_all;

use crate::support::{Backend, Database};

/// The writer's own limit.
const BATCH: usize = 512;
const SURVEY: &str = "format: antiphon/1\nid: ask\ntitle: Ask\nlanguages: [en]\ndefault_language: en\n\
    settings: { expiry: 24h }\nelements:\n  - { id: score, type: scale, min: 1, max: 5, text: { en: \"How was it? \
    Reply 1-5. STOP to opt out.\" } }\n  - { id: why, type: free_text, append_window: 60s, text: { en: \"Why?\" } \
    }\n  - { id: again, type: scale, min: 1, max: 5, text: { en: \"And the price? Reply 1-5.\" } }\n\
    completion: { text: { en: Thank you! } }\n";

/// What the writers of the databases under watch have done.
static SEEN: Mutex<BTreeMap<String, Seen>> = Mutex::new(BTreeMap::new());

#[derive(Debug, Default)]
struct Seen {
    /// Statements in order, since somebody last looked.
    statements: Vec<String>,
    /// Every statement ever.
    known: BTreeSet<String>,
    /// Statements that are kept prepared.
    prepared: BTreeSet<String>,
}

/// Notes what one connection does, if its database is under watch and a writer has the connection.
#[derive(Default)]
struct Watch {
    url: String,
}

impl Instrumentation for Watch {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartEstablishConnection { url, .. } = event {
            url.trim_end_matches("&connect_timeout=5").clone_into(&mut self.url);
            return;
        }
        // A writer, or a test that asks for itself.
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        if !thread.starts_with("antiphon-writer") && !thread.contains("plans::") {
            return;
        }
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seen) = seen.get_mut(&self.url) else {
            return;
        };
        if let InstrumentationEvent::StartQuery { query, .. } = &event {
            let shown = query.to_string();
            let statement = shown.split(" -- binds").next().unwrap().trim();
            seen.statements.push(statement.to_owned());
            seen.known.insert(statement.to_owned());
        } else if let InstrumentationEvent::CacheQuery { sql, .. } = &event {
            seen.prepared.insert((*sql).trim().to_owned());
        }
    }
}

/// Holds the writer until everything that shall share a batch is waiting.
struct Gate {
    reached: mpsc::Sender<()>,
    opened: mpsc::Receiver<()>,
}

impl Work for Gate {
    type Output = ();

    fn keys(&mut self, _: &mut AnyConnection, _: &mut Keys) -> Result<(), StoreError> {
        Ok(())
    }

    fn run(&mut self, _: &mut Space, _: Timestamp) -> Result<(), Fault> {
        self.reached.send(()).unwrap();
        self.opened.recv().unwrap();
        Ok(())
    }
}

/// A server without a dispatcher, and what its writer does.
pub(super) struct Watched {
    pub(super) server: Server,
    pub(super) database: Database,
    _folder: tempfile::TempDir,
}

impl Watched {
    pub(super) async fn start(backend: Backend) -> Self {
        set_default_instrumentation(|| Some(Box::<Watch>::default())).unwrap();
        let database = backend.open();
        SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(key(&database), Seen::default());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ask.yaml"), SURVEY).unwrap();
        let flags = [
            ("server.bind", "127.0.0.1:0"),
            ("database.url", &database.url),
            ("database.writers", "1"),
            ("surveys.folder", folder.path().to_str().unwrap()),
            ("gateways.simulator.profile", "simulator"),
            ("gateways.simulator.params.proof", "none"),
            ("channels.simulator.gateway", "simulator"),
            ("channels.simulator.sender", "2099"),
            ("channels.simulator.sender_type", "short_number"),
            ("channels.simulator.throttle_per_second", "10000"),
        ];
        let flags = flags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let config = Config::load(&Inputs { flags, ..Inputs::default() }).unwrap();
        let clock = ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap()).clock();
        let server = Server::start(config, clock, Ids::seeded(3), Role::WithoutWorker).await.unwrap();
        Self { server, database, _folder: folder }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.server.engine
    }

    /// Carries out turns that share one batch; gives their outputs and the statements of the batch.
    async fn in_one_batch<W: Work>(&self, turns: Vec<W>) -> (Vec<W::Output>, Vec<String>) {
        self.take_statements();
        let store = &self.engine().store;
        let (reached, at_gate) = mpsc::channel();
        let (open, opened) = mpsc::channel();
        let gate = tokio::spawn({
            let store = store.clone();
            async move { store.write(Gate { reached, opened }).await.unwrap() }
        });
        tokio::task::spawn_blocking(move || at_gate.recv().unwrap()).await.unwrap();
        let wanted = turns.len();
        let mut all = pin!(join_all(turns.into_iter().map(|turn| store.write(turn))));
        poll_fn(|context| {
            assert!(all.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        assert_eq!(store.waiting(), wanted);
        open.send(()).unwrap();
        let outputs = all.await.into_iter().map(|output| output.unwrap_or_else(|error| panic!("{error}")));
        let outputs = outputs.collect();
        gate.await.unwrap();
        let statements = self.take_statements();
        let begins = statements.iter().filter(|sql| sql.starts_with("BEGIN")).count();
        assert_eq!(begins, 2, "the gate's own transaction, and one for the batch");
        (outputs, statements)
    }

    fn take_statements(&self) -> Vec<String> {
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut seen.get_mut(&key(&self.database)).unwrap().statements)
    }

    /// Every statement of the writer, and of the test itself.
    pub(super) fn known(&self) -> BTreeSet<String> {
        SEEN.lock().unwrap_or_else(PoisonError::into_inner)[&key(&self.database)].known.clone()
    }

    fn prepared(&self) -> BTreeSet<String> {
        SEEN.lock().unwrap_or_else(PoisonError::into_inner)[&key(&self.database)].prepared.clone()
    }

    /// Starts a session with each phone, in one batch, and hands the questions over.
    pub(super) async fn ask(&self, phones: &[String]) -> Vec<String> {
        let engine = self.engine();
        let turns = phones.iter().map(|phone| {
            let prepared = prepare(engine, command(phone), engine.clock.now()).unwrap();
            SendSurveyTurn { engine: engine.clone(), prepared, idempotent: None }
        });
        let (_, statements) = self.in_one_batch(turns.collect()).await;
        let mut left = phones.len();
        while left > 0 {
            let claimed = engine.store.write(ClaimMessages::new(engine, BTreeMap::new())).await.unwrap();
            assert!(!claimed.is_empty(), "a question is not due");
            left -= claimed.len();
            let result = SendResult::Accepted { external_id: None, session: None };
            let settles = claimed.into_iter().map(|claimed| {
                let (engine, result) = (engine.clone(), result.clone());
                async move {
                    engine.store.clone().write(SettleMessage { engine, claimed, result, jitter: 0 }).await
                }
            });
            for settled in join_all(settles).await {
                settled.unwrap();
            }
        }
        self.take_statements();
        statements
    }

    pub(super) async fn reply(&self, phones: &[String], text: &str) -> (Vec<Received>, Vec<String>) {
        let places = self.engine().store.draw_places(phones.len()).await.unwrap();
        let turns = phones.iter().zip(places).map(|(phone, place)| {
            let engine = self.engine();
            let message = InboundMessage {
                gateway: "simulator".to_owned(),
                provider_id: Some(engine.ids.next(engine.clock.now())),
                from: phone.clone(),
                to: "2099".to_owned(),
                text: text.to_owned(),
                handle: None,
                reply_to: None,
                intent: None,
                provider_at: None,
                flags: Vec::new(),
            };
            ReceiveMessage::new(engine, message, place)
        });
        self.in_one_batch(turns.collect()).await
    }
}

/// What diesel is told when it connects.
fn key(database: &Database) -> String {
    database.url.trim_start_matches("sqlite:").to_owned()
}

pub(super) fn phones(from: usize, count: usize) -> Vec<String> {
    (from..from + count).map(|n| format!("+47{}", 40_000_000 + n)).collect()
}

fn command(phone: &str) -> SendSurvey {
    SendSurvey::of("ask", Phone::identifier(phone, &PhoneRules::default()).unwrap())
}

fn selects(statements: &[String]) -> usize {
    statements.iter().filter(|sql| sql.starts_with("SELECT")).count()
}

/// Statements of a batch, without those that begin and end its transaction.
fn asked(statements: &[String]) -> impl Iterator<Item = &str> {
    let is_bracket = |sql: &&str| ["BEGIN", "COMMIT"].contains(sql) || sql.starts_with("BEGIN ");
    statements.iter().map(String::as_str).filter(move |sql| !is_bracket(sql))
}

fn writes(statements: &[String]) -> BTreeSet<&str> {
    let is_write = |sql: &&String| sql.starts_with("INSERT") || sql.starts_with("UPDATE");
    statements.iter().filter(is_write).map(String::as_str).collect()
}

#[tokio::test]
async fn a_batch_asks_one_question_per_table_however_many_turns_and_sessions_it_holds() {
    for backend in Backend::ALL {
        let watched = Watched::start(backend).await;
        let (lone, crowd, busy) = (phones(0, 1), phones(1, BATCH), phones(9_000, 1));

        let began_alone = watched.ask(&lone).await;
        let began_together = watched.ask(&crowd).await;
        watched.ask(&busy).await;
        assert!(selects(&began_together) <= selects(&began_alone), "{began_alone:#?}");

        let (_, alone) = watched.reply(&lone, "4").await;
        let (received, together) = watched.reply(&crowd, "4").await;
        assert!(received.iter().all(|one| one.outcome == Some(Outcome::Applied)), "{received:?}");
        assert_eq!(selects(&together), selects(&alone), "{alone:#?}");
        assert!(selects(&alone) <= 12, "{alone:#?}");

        let (received, at_once) = watched.reply(&vec![busy[0].clone(); BATCH], "4").await;
        let sessions: BTreeSet<_> = received.iter().map(|one| &one.session_id).collect();
        assert_eq!(sessions.len(), 1, "every text reached the one session");
        assert!(selects(&at_once) <= selects(&alone), "{at_once:#?}");

        let prepared = watched.prepared();
        for statements in [&began_alone, &began_together, &alone, &together, &at_once] {
            let written = writes(statements);
            assert!((3..=8).contains(&written.len()), "{written:#?}");
            let anew: BTreeSet<_> = asked(statements).filter(|sql| !prepared.contains(*sql)).collect();
            assert!(anew.is_empty(), "prepared again and again: {anew:#?}");
        }
        if backend == Backend::Postgres {
            // SQLite has no round trips to save: there a statement writes one row.
            assert_eq!(together.len(), alone.len(), "{together:#?}");
            assert!(began_together.len() <= began_alone.len(), "{began_together:#?}");
        }
        watched.server.stop().await;
    }
}
