//! Settings of the server and of its database have the effect they promise.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use antiphon::app::claim_messages::ClaimMessages;
use antiphon::clock::Timestamp;
use antiphon::store::{AnyConnection, Fault, Keys, Space, Store, StoreError, Work};
use diesel::prelude::*;
use diesel::sql_types::Integer;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::task::JoinHandle;

use super::{KARI, Live, OLA, SECRET};

/// Longest wait, in real time, for something to happen.
const PATIENCE: Duration = Duration::from_secs(20);

async fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A turn that notes what is done with it, and waits in its run until it is let go.
struct Turn {
    name: &'static str,
    notes: Arc<Mutex<Vec<String>>>,
    gate: Option<Receiver<()>>,
}

impl Work for Turn {
    type Output = ();

    fn keys(&mut self, _: &mut AnyConnection, _: &mut Keys) -> Result<(), StoreError> {
        self.notes.lock().unwrap().push(format!("load {}", self.name));
        Ok(())
    }

    fn run(&mut self, _: &mut Space, _: Timestamp) -> Result<(), Fault> {
        if let Some(gate) = &self.gate {
            gate.recv_timeout(PATIENCE).unwrap();
        }
        self.notes.lock().unwrap().push(format!("run {}", self.name));
        Ok(())
    }
}

/// The writer is at work on a turn until the gate opens.
struct Busy {
    store: Store,
    notes: Arc<Mutex<Vec<String>>>,
    gate: Sender<()>,
    turns: Vec<JoinHandle<()>>,
}

impl Busy {
    async fn keep(live: &Live) -> Self {
        let (gate, opened) = channel();
        let mut busy =
            Self { store: live.server.engine.store.clone(), notes: Arc::default(), gate, turns: Vec::new() };
        busy.add("a", Some(opened));
        let notes = Arc::clone(&busy.notes);
        until("the writer is at work", || !notes.lock().unwrap().is_empty()).await;
        busy
    }

    fn add(&mut self, name: &'static str, gate: Option<Receiver<()>>) {
        let turn = Turn { name, notes: Arc::clone(&self.notes), gate };
        let store = self.store.clone();
        self.turns.push(tokio::spawn(async move { store.write(turn).await.unwrap() }));
    }

    /// So many wait, or more: the dispatcher may want to claim at any time.
    async fn waiting(&self, count: usize) {
        until("turns wait for the writer", || self.store.waiting() >= count).await;
    }

    async fn end(self) -> Vec<String> {
        self.gate.send(()).unwrap();
        for turn in self.turns {
            turn.await.unwrap();
        }
        self.notes.lock().unwrap().clone()
    }
}

fn send(live: &Live, phone: &str) -> RequestBuilder {
    let body = json!({"identifier": phone, "language": "en"});
    live.request(Method::POST, "/v1/surveys/visit/send").bearer_auth(&live.all).json(&body)
}

#[actix_web::test]
async fn changes_are_refused_while_too_many_wait_but_reads_and_callbacks_are_not() {
    let live = Live::start_with(&[("limits.queue_max", "1"), ("database.writers", "1")]).await;
    live.get("/v1/sessions").await;
    let busy = Busy::keep(&live).await;
    let first = tokio::spawn(send(&live, KARI).send());
    busy.waiting(1).await;
    let second = tokio::spawn(send(&live, OLA).send());
    busy.waiting(2).await;
    let refused = live.run(send(&live, "+4791234568")).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "unavailable"), "RE36");
    assert_eq!(refused.header("retry-after"), Some("2"));
    assert_eq!(live.get("/v1/sessions").await.status, 200, "readers never wait for the writer");
    let text = json!({"messageId": "mo-1", "from": KARI, "to": "2012", "text": "5"});
    let inbound = live.request(Method::POST, "/v1/gateways/fake/inbound").header("X-API-Key", SECRET);
    let inbound = tokio::spawn(inbound.json(&text).send());
    busy.waiting(3).await;
    busy.end().await;
    assert_eq!(first.await.unwrap().unwrap().status(), 201);
    assert_eq!(second.await.unwrap().unwrap().status(), 201);
    assert_eq!(inbound.await.unwrap().unwrap().status(), 200, "what a person texted is never turned away");
    assert_eq!(live.run(send(&live, "+4791234568")).await.status, 201);
}

#[actix_web::test]
async fn as_many_turns_share_a_transaction_as_the_setting_says() {
    for (batch, expected) in [
        ("1", ["load a", "run a", "load b", "run b", "load c", "run c"]),
        ("512", ["load a", "run a", "load b", "load c", "run b", "run c"]),
    ] {
        let live = Live::start_with(&[("database.writer_batch", batch), ("database.writers", "1")]).await;
        let mut busy = Busy::keep(&live).await;
        busy.add("b", None);
        busy.waiting(1).await;
        busy.add("c", None);
        busy.waiting(2).await;
        assert_eq!(busy.end().await, expected, "{batch}");
    }
}

#[actix_web::test]
async fn a_read_waits_for_a_free_reader_as_long_as_the_setting_says() {
    for (readers, status) in [("1", 503), ("2", 200)] {
        let live = Live::start_with(&[("database.readers", readers), ("database.pool_wait", "1s")]).await;
        assert_eq!(live.get("/v1/sessions").await.status, 200);
        let store = live.server.engine.store.clone();
        let (gate, opened) = channel::<()>();
        let (tell, held) = tokio::sync::oneshot::channel();
        let holding = tokio::spawn(async move {
            let hold = move |_: &mut AnyConnection| {
                tell.send(()).unwrap();
                opened.recv_timeout(PATIENCE).unwrap();
                Ok(())
            };
            store.read(hold).await
        });
        held.await.unwrap();
        let start = Instant::now();
        let answer = live.get("/v1/sessions").await;
        assert_eq!(answer.status, status, "RF6, with {readers} readers: {}", answer.text);
        assert!(status == 200 || (1_000..2_000).contains(&start.elapsed().as_millis()), "{start:?}");
        gate.send(()).unwrap();
        holding.await.unwrap().unwrap();
        assert_eq!(live.get("/v1/sessions").await.status, 200);
    }
}

#[derive(QueryableByName)]
struct Pragma {
    #[diesel(sql_type = Integer)]
    synchronous: i32,
    #[diesel(sql_type = Integer)]
    timeout: i32,
}

fn pragmas(connection: &mut AnyConnection) -> Result<(i32, i32), StoreError> {
    let AnyConnection::Sqlite(connection) = connection else { panic!("this is SQLite") };
    let query = diesel::sql_query("SELECT * FROM pragma_synchronous, pragma_busy_timeout");
    let found: Pragma = query.get_result(connection)?;
    Ok((found.synchronous, found.timeout))
}

#[actix_web::test]
async fn durability_and_lock_timeout_hold_on_every_connection_and_readyz_tells_the_relaxed_one() {
    const NORMAL: i32 = 1;
    const FULL: i32 = 2;
    for (durability, synchronous, degraded) in
        [("full", FULL, json!([])), ("relaxed", NORMAL, json!(["durability"]))]
    {
        let live =
            Live::start_with(&[("database.durability", durability), ("database.lock_timeout", "3s")]).await;
        let store = &live.server.engine.store;
        // The writer leaves it to a thread of its own to wait for the disk (store/acknowledge.rs).
        let of_writer = store.change(|connection, _| pragmas(connection), |_| {}).await.unwrap();
        assert_eq!(of_writer, (NORMAL, 3_000));
        assert_eq!(store.read(pragmas).await.unwrap(), (synchronous, 3_000));
        let ready = live.run(live.request(Method::GET, "/readyz")).await;
        assert_eq!((ready.status, &ready.json()["degraded"]), (200, &degraded), "RF3, O1");
    }
}

#[actix_web::test]
async fn metrics_on_an_address_of_their_own_are_nowhere_else() {
    let live = Live::start_with(&[("server.metrics_bind", "127.0.0.1:0")]).await;
    let own = format!("http://{}", live.server.metrics_address.unwrap());
    let get = async |url: String| reqwest::get(url).await.unwrap().status().as_u16();
    assert_eq!(get(format!("{own}/metrics")).await, 200, "O2");
    for path in ["/readyz", "/v1/sessions", "/openapi.json"] {
        assert_eq!(get(format!("{own}{path}")).await, 404, "{path}");
    }
    let main = |path: &str| live.request(Method::GET, path);
    assert_eq!(live.run(main("/metrics")).await.code(), "route_not_found");
    assert_eq!(live.run(main("/readyz")).await.status, 200);
    let Live { server, .. } = live;
    server.stop().await;
    assert!(reqwest::get(format!("{own}/metrics")).await.is_err(), "both addresses are given up");
}

#[actix_web::test]
async fn a_body_that_takes_longer_than_the_setting_is_given_up() {
    let live = Live::start_with(&[("server.body_timeout", "1s")]).await;
    let head = format!(
        "POST /v1/surveys/visit/send HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        live.all
    );
    let address = live.server.address;
    let answered = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let (start, mut answer) = (Instant::now(), [0; 4_096]);
        let length = stream.read(&mut answer).unwrap();
        (start.elapsed().as_millis(), String::from_utf8_lossy(&answer[..length]).into_owned())
    });
    let (millis, answer) = answered.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("the body came too slowly"), "{answer}");
    // Well before the two seconds in which no pace is asked for.
    assert!((900..1_900).contains(&millis), "RP2, RF50: {millis} ms");
}

#[actix_web::test]
async fn no_more_messages_are_claimed_at_once_than_the_setting_says() {
    let live = Live::start_with(&[("outbox.claim_batch", "2")]).await;
    for phone in [KARI, OLA, "+4791234568"] {
        live.start_session(phone).await;
    }
    let engine = &live.server.engine;
    for expected in [2, 1, 0] {
        let claimed = engine.store.write(ClaimMessages::new(engine, BTreeMap::new())).await.unwrap();
        assert_eq!(claimed.len(), expected);
    }
}
