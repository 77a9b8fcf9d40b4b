//! A gateway that speaks the generic profile, keeps a ledger of what it took, and fails on demand.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use antiphon::clock::{Clock, Timestamp};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the gateway does with one send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Takes it.
    Take,
    /// Answers this status and takes nothing.
    Refuse(u16),
    /// Answers 429 with `Retry-After` in seconds.
    Throttle(u64),
    /// Takes it and answers 500: the sender cannot know.
    TakeThenFail,
    /// Takes it and hangs up without an answer.
    TakeThenHangUp,
    /// Hangs up without an answer and takes nothing.
    HangUp,
    /// Waits until [`FakeGateway::release`], then takes it.
    Hold,
}

/// What the gateway answers to whoever asks what became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// This word.
    Says(&'static str),
    /// This word, of another message.
    SaysOfAnother(&'static str),
    /// It does not know the message: 404.
    NotFound,
    /// Answers this status.
    Refuse(u16),
    /// Hangs up without an answer.
    HangUp,
}

/// The generic profile with a lookup, under the name `asked`.
pub fn asked_profile() -> String {
    let generic = antiphon::gateway::profile::BUILT_IN.iter().find(|(name, _)| *name == "generic").unwrap().1;
    let lookup = "\
lookup:
  request:
    method: GET
    url: \"{base_url}/messages\"
    query: {ref: $ref}
    auth: {header: {name: X-API-Key, value: $secret.outbound}}
  answer:
    our_ref: /ref
    external_id: /messageId
    reason: /reason
    state: {path: /status, map: {taken: accepted, delivered: delivered, failed: undelivered, queued: ignore}}
";
    format!("{}{lookup}", generic.replace("profile: generic", "profile: asked"))
}

/// One SMS the gateway took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When, by the test's clock.
    pub at: Timestamp,
    /// The sender's reference; a repeat has the same.
    pub reference: String,
    /// Recipient.
    pub to: String,
    /// Sender number.
    pub from: String,
    /// Text.
    pub text: String,
    /// The gateway's id of it.
    pub message_id: String,
    /// The thread it went out in: the person's phone answers into it.
    pub thread: Option<String>,
}

/// The running gateway.
#[derive(Clone, Debug)]
pub struct FakeGateway {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    gate: watch::Sender<u64>,
    listening: Arc<Mutex<Option<JoinHandle<()>>>>,
}

#[derive(Debug)]
struct State {
    clock: Clock,
    scripts: VecDeque<Script>,
    otherwise: Script,
    refuses_threads: bool,
    ledger: Vec<Sent>,
    arrivals: Vec<(Timestamp, String)>,
    lookup: Lookup,
    lookups: Vec<(Timestamp, String)>,
    holding: usize,
    threads: u64,
}

impl FakeGateway {
    /// Listens on a free port of this machine.
    pub async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            clock,
            scripts: VecDeque::new(),
            otherwise: Script::Take,
            refuses_threads: false,
            ledger: Vec::new(),
            arrivals: Vec::new(),
            lookup: Lookup::NotFound,
            lookups: Vec::new(),
            holding: 0,
            threads: 0,
        };
        let gateway = Self {
            address,
            state: Arc::new(Mutex::new(state)),
            gate: watch::Sender::new(0),
            listening: Arc::default(),
        };
        gateway.listen(listener);
        gateway
    }

    fn listen(&self, listener: TcpListener) {
        let task = tokio::spawn(self.clone().serve(listener));
        *self.listening.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// Nobody listens at its address any more: connections are refused.
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

    /// For `base_url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it does with the next sends, one script each.
    pub fn next(&self, scripts: &[Script]) {
        self.locked().scripts.extend(scripts);
    }

    /// What it does when nothing else is said.
    pub fn otherwise(&self, script: Script) {
        self.locked().otherwise = script;
    }

    /// What it answers to whoever asks what became of a message.
    pub fn when_asked(&self, lookup: Lookup) {
        self.locked().lookup = lookup;
    }

    /// Every question what became of a message: when, and its first line and headers.
    pub fn lookups(&self) -> Vec<(Timestamp, String)> {
        self.locked().lookups.clone()
    }

    /// Answers 400 to whoever asks for a thread (A11).
    pub fn refuse_threads(&self) {
        self.locked().refuses_threads = true;
    }

    /// Lets go of every send that is held.
    pub fn release(&self) {
        self.gate.send_modify(|round| *round += 1);
    }

    /// How many sends are held at present.
    pub fn holding(&self) -> usize {
        self.locked().holding
    }

    /// Everything taken, in order of arrival.
    pub fn ledger(&self) -> Vec<Sent> {
        self.locked().ledger.clone()
    }

    /// Every send that arrived, taken or not: when, and its text.
    pub fn arrivals(&self) -> Vec<(Timestamp, String)> {
        self.locked().arrivals.clone()
    }

    /// The texts taken for one phone, in order.
    pub fn texts_to(&self, phone: &str) -> Vec<String> {
        self.ledger().into_iter().filter(|sent| sent.to == phone).map(|sent| sent.text).collect()
    }

    /// The thread of the latest SMS to a phone.
    pub fn thread_of(&self, phone: &str) -> Option<String> {
        self.ledger().iter().rev().find(|sent| sent.to == phone)?.thread.clone()
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
        if head.starts_with("GET /messages?") {
            if let Some((status, answer)) = self.looked_up(head) {
                write_answer(&mut stream, status, "", &answer).await;
            }
            return;
        }
        let request: Json = serde_json::from_slice(&body).unwrap();
        let script = self.script_for(&request);
        let (status, headers, answer) = match script {
            Script::Take => (200, String::new(), self.take(&request)),
            Script::Refuse(status) => (status, String::new(), json!({"error": "refused"})),
            Script::Throttle(seconds) => (429, format!("Retry-After: {seconds}\r\n"), json!({})),
            Script::TakeThenFail => {
                self.take(&request);
                (500, String::new(), json!({}))
            }
            Script::TakeThenHangUp => {
                self.take(&request);
                return;
            }
            Script::HangUp => return,
            Script::Hold => {
                self.hold().await;
                (200, String::new(), self.take(&request))
            }
        };
        write_answer(&mut stream, status, &headers, &answer).await;
    }

    fn looked_up(&self, head: String) -> Option<(u16, Json)> {
        let mut state = self.locked();
        let asked = head.split([' ', '=']).nth(2).unwrap().to_owned();
        let at = state.clock.now();
        state.lookups.push((at, head));
        let sent = state.ledger.iter().rev().find(|sent| sent.reference == asked);
        let message_id = sent.map(|sent| sent.message_id.clone());
        match state.lookup {
            Lookup::Says(word) => Some((200, json!({"ref": asked, "messageId": message_id, "status": word}))),
            Lookup::SaysOfAnother(word) => Some((200, json!({"ref": "another", "status": word}))),
            Lookup::NotFound => Some((404, json!({}))),
            Lookup::Refuse(status) => Some((status, json!({"ref": asked, "status": "failed"}))),
            Lookup::HangUp => None,
        }
    }

    async fn hold(&self) {
        let mut gate = self.gate.subscribe();
        self.locked().holding += 1;
        // A test that never releases ends with its runtime; nothing waits longer than this.
        let _ = tokio::time::timeout(Duration::from_mins(1), gate.changed()).await;
        self.locked().holding -= 1;
    }

    fn script_for(&self, request: &Json) -> Script {
        let mut state = self.locked();
        let arrival = (state.clock.now(), text(request, "text"));
        state.arrivals.push(arrival);
        if state.refuses_threads && request.get("newSession").is_some() {
            return Script::Refuse(400);
        }
        state.scripts.pop_front().unwrap_or(state.otherwise)
    }

    fn take(&self, request: &Json) -> Json {
        let mut state = self.locked();
        let message_id = format!("gw-{}", state.ledger.len() + 1);
        let mut thread = request.get("sessionId").and_then(Json::as_str).map(str::to_owned);
        if request.get("newSession").is_some() {
            state.threads += 1;
            thread = Some(format!("thread-{}", state.threads));
        }
        let sent = Sent {
            at: state.clock.now(),
            reference: text(request, "ref"),
            to: text(request, "to"),
            from: text(request, "from"),
            text: text(request, "text"),
            message_id: message_id.clone(),
            thread: thread.clone(),
        };
        state.ledger.push(sent);
        match thread {
            Some(thread) => json!({"messageId": message_id, "sessionId": thread}),
            None => json!({"messageId": message_id}),
        }
    }
}

async fn write_answer(stream: &mut TcpStream, status: u16, headers: &str, answer: &Json) {
    let answer = answer.to_string();
    let text = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{answer}",
        answer.len()
    );
    // Whoever has hung up meanwhile gets no answer.
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn text(request: &Json, name: &str) -> String {
    request[name].as_str().unwrap_or_default().to_owned()
}

/// Head and body of one HTTP request; `None` when the caller hung up.
pub(super) async fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8192];
    loop {
        let count = stream.read(&mut chunk).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length: usize = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned))
            .map_or(0, |length| length.trim().parse().unwrap());
        if bytes.len() >= end + 4 + length {
            return Some((head, bytes[end + 4..end + 4 + length].to_vec()));
        }
    }
}
