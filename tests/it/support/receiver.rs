//! A receiver of events: keeps what it was told, and refuses, holds or is down on demand.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use antiphon::clock::{Clock, Timestamp};
use serde_json::Value as Json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::gateway::read_request;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When, by the test's clock.
    pub at: Timestamp,
    /// The head as it came.
    pub head: String,
    /// The body as it came.
    pub body: String,
    /// What was answered; 0 = nothing.
    pub status: u16,
}

impl Told {
    /// A header.
    pub fn header(&self, name: &str) -> &str {
        let of_line = |line| {
            let (given, value) = str::split_once(line, ": ")?;
            given.eq_ignore_ascii_case(name).then_some(value)
        };
        self.head.lines().find_map(of_line).unwrap_or_default()
    }

    /// The body read.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Kind of the event.
    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }
}

/// The running receiver.
#[derive(Clone, Debug)]
pub struct Receiver {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    gate: watch::Sender<u64>,
    listening: Arc<Mutex<Option<JoinHandle<()>>>>,
}

#[derive(Debug)]
struct State {
    clock: Clock,
    /// Statuses and further headers of the next answers; status 1 = hold, then 200.
    scripts: VecDeque<(u16, String)>,
    otherwise: u16,
    told: Vec<Told>,
    holding: usize,
}

/// A call that waits for [`Receiver::release`].
pub const HOLD: u16 = 1;

impl Receiver {
    /// Listens on a free port of this machine.
    pub async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = State { clock, scripts: VecDeque::new(), otherwise: 204, told: Vec::new(), holding: 0 };
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::new(Mutex::new(state)),
            gate: watch::Sender::new(0),
            listening: Arc::default(),
        };
        receiver.listen(listener);
        receiver
    }

    fn listen(&self, listener: TcpListener) {
        let task = tokio::spawn(self.clone().serve(listener));
        *self.listening.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// Nobody listens at its address any more.
    pub async fn go_down(&self) {
        let task = self.listening.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
            // It ends by being aborted.
            let _ = task.await;
        }
    }

    /// It listens at its address again.
    pub async fn come_back(&self) {
        self.listen(TcpListener::bind(self.address).await.unwrap());
    }

    /// Where it is called.
    pub fn url(&self) -> String {
        format!("http://{}/events", self.address)
    }

    /// Answers the next call so, with a further header line or none.
    pub fn next(&self, status: u16, header: &str) {
        let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
        self.locked().scripts.push_back((status, header));
    }

    /// What it answers when nothing else is said.
    pub fn otherwise(&self, status: u16) {
        self.locked().otherwise = status;
    }

    /// Lets go of every call that is held.
    pub fn release(&self) {
        self.gate.send_modify(|round| *round += 1);
    }

    /// How many calls are held at present.
    pub fn holding(&self) -> usize {
        self.locked().holding
    }

    /// Every call, whatever was answered.
    pub fn told(&self) -> Vec<Told> {
        self.locked().told.clone()
    }

    /// Kinds of the events it took, in order of arrival.
    pub fn kinds(&self) -> Vec<String> {
        self.taken().iter().map(Told::kind).collect()
    }

    /// The calls it answered with success.
    pub fn taken(&self) -> Vec<Told> {
        self.told().into_iter().filter(|told| (200..300).contains(&told.status)).collect()
    }

    /// The latest event of a kind that it took.
    pub fn latest(&self, kind: &str) -> Json {
        let taken = self.taken();
        let latest = taken.iter().rev().find(|told| told.kind() == kind);
        latest.unwrap_or_else(|| panic!("it was not told of {kind}: {:?}", self.kinds())).json()
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(self.clone().answer(stream));
        }
    }

    async fn answer(self, mut stream: TcpStream) {
        let Some((head, body)) = read_request(&mut stream).await else {
            return;
        };
        let (mut status, headers) = {
            let mut state = self.locked();
            let otherwise = (state.otherwise, String::new());
            state.scripts.pop_front().unwrap_or(otherwise)
        };
        if status == HOLD {
            self.hold().await;
            status = 200;
        }
        {
            let mut state = self.locked();
            let at = state.clock.now();
            state.told.push(Told { at, head, body: String::from_utf8(body).unwrap(), status });
        }
        let said = "what the receiver said";
        let length =
            if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", said.len()) };
        let said = if status == 204 { "" } else { said };
        let answer = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{headers}{length}\r\n{said}");
        // Whoever has hung up meanwhile gets no answer.
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }

    async fn hold(&self) {
        let mut gate = self.gate.subscribe();
        self.locked().holding += 1;
        // A test that never releases ends with its runtime; nothing waits longer than this.
        let _ = tokio::time::timeout(Duration::from_mins(1), gate.changed()).await;
        self.locked().holding -= 1;
    }
}
