//! A real Kannel (bearerbox, smsbox) between the server and an SMPP message centre with people's phones behind it
//! (gateways.md 7.1). Each value is a rig of its own: free ports on loopback, a folder, processes that end with it.
//! Without Kannel the tests fail; `./test` sees to it that the machine has it.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

const CONFIG: &str = include_str!("../../kannel/kannel.conf.in");
const MESSAGE_CENTRE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kannel/smsc.py");
/// Where Debian puts the boxes, which is not on everybody's path.
const BOXES: &str = "/usr/sbin";

/// Longest wait for something to come about.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const GLANCE: Duration = Duration::from_millis(10);

/// The sendsms user and his password.
pub const USER: (&str, &str) = ("tester", "foobar");

/// Status of an SMPP message centre that knows no such number (`ESME_RINVDSTADR`).
pub const NO_SUCH_NUMBER: u32 = 11;
/// Status of one that wants less (`ESME_RTHROTTLED`).
pub const THROTTLED: u32 = 88;

/// An SMS as a phone shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Shown {
    /// Whom it says it is from: what a reply goes to.
    pub from: String,
    /// The phone, digits alone.
    pub to: String,
    /// What it says, put together of all parts.
    pub text: String,
    /// `data_coding`: 0 is GSM-7, 8 is UCS-2.
    pub coding: u8,
    /// Septets or UTF-16 units of each part.
    pub parts: Vec<usize>,
}

/// A running Kannel with its message centre.
#[derive(Debug)]
pub struct Kannel {
    ports: Ports,
    folder: TempDir,
    message_centre: Child,
    commands: ChildStdin,
    events: Arc<Mutex<Vec<Json>>>,
    boxes: Vec<Child>,
}

#[derive(Debug)]
struct Ports {
    admin: u16,
    smsbox: u16,
    sendsms: u16,
    smpp: u16,
}

impl Kannel {
    /// Starts everything; inbound SMS go to `inbound_url`.
    pub async fn start(inbound_url: &str) -> Self {
        let ports =
            Ports { admin: free_port(), smsbox: free_port(), sendsms: free_port(), smpp: free_port() };
        let folder = tempfile::Builder::new().prefix("antiphon-kannel-").tempdir().unwrap();
        let config = CONFIG
            .replace("@ADMIN_PORT@", &ports.admin.to_string())
            .replace("@BOX_PORT@", &ports.smsbox.to_string())
            .replace("@SENDSMS_PORT@", &ports.sendsms.to_string())
            .replace("@SMPP_PORT@", &ports.smpp.to_string())
            .replace("@INBOUND_URL@", inbound_url);
        std::fs::write(folder.path().join("kannel.conf"), config).unwrap();
        let mut message_centre = Command::new("python3")
            .args([MESSAGE_CENTRE, &ports.smpp.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("python3: {error}; run the tests by ./test"));
        let commands = message_centre.stdin.take().unwrap();
        let events = Arc::default();
        listen(message_centre.stdout.take().unwrap(), Arc::clone(&events));
        let mut kannel = Self { ports, folder, message_centre, commands, events, boxes: Vec::new() };
        kannel.until("the message centre listens", |event| event.get("listening").is_some(), 1).await;
        kannel.open().await;
        kannel
    }

    /// Starts Kannel's boxes, on what an earlier run of them left in the folder.
    pub async fn open(&mut self) {
        let bound = |event: &Json| event.get("bound").is_some();
        let before = self.count(bound);
        let bearerbox = start_box("bearerbox", self.folder.path());
        self.boxes.push(bearerbox);
        self.until("bearerbox binds to the message centre", bound, before + 1).await;
        let smsbox = start_box("smsbox", self.folder.path());
        self.boxes.push(smsbox);
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.ports.sendsms)).is_err() {
            self.wait("smsbox listens", start).await;
        }
    }

    /// Stops the boxes as an operator would; what they hold is kept in the folder.
    pub async fn close(&mut self) {
        let closed = |event: &Json| event.get("closed").is_some();
        let before = self.count(closed);
        for child in &self.boxes {
            let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
            assert!(told.success(), "{child:?}");
        }
        let start = Instant::now();
        while !self.boxes.iter_mut().all(|child| child.try_wait().unwrap().is_some()) {
            self.wait("the boxes end", start).await;
        }
        self.boxes.clear();
        self.until("the message centre has seen it", closed, before + 1).await;
    }

    /// Where SMS are handed over: a gateway's `base_url`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.sendsms)
    }

    /// A person texts; the parts of a long text arrive last first. While Kannel is away the message centre keeps it.
    pub fn text(&mut self, from: &str, to: &str, text: &str) {
        let from = from.trim_start_matches('+');
        self.order(&json!({"text": {"from": from, "to": to, "text": text, "reverse": true}}));
    }

    /// The message centre answers the next SMS, or part of one, with a status other than accepted.
    pub fn refuse_next(&mut self, status: u32) {
        self.order(&json!({"next_status": status}));
    }

    /// How often the message centre said a status other than accepted.
    pub fn refusals(&self, status: u32) -> usize {
        self.count(|event| event["refused"]["status"] == status)
    }

    /// What a phone shows, in order; with its number in any spelling.
    pub fn shown(&self, phone: &str) -> Vec<Shown> {
        let phone = phone.trim_start_matches('+');
        let events = self.locked();
        let all = events.iter().filter_map(|event| event.get("sms"));
        all.filter(|sms| sms["to"] == phone).map(|sms| Shown::deserialize(sms).unwrap()).collect()
    }

    /// Waits until a phone shows as many SMS.
    pub async fn until_shown(&self, phone: &str, count: usize) -> Vec<Shown> {
        let start = Instant::now();
        loop {
            let shown = self.shown(phone);
            assert!(shown.len() <= count, "more than {count}: {shown:?}");
            if shown.len() == count {
                return shown;
            }
            self.wait(&format!("{phone} shows {count} SMS, not {shown:?}"), start).await;
        }
    }

    fn order(&mut self, order: &Json) {
        writeln!(self.commands, "{order}").unwrap();
        self.commands.flush().unwrap();
    }

    fn count(&self, holds: impl Fn(&Json) -> bool) -> usize {
        self.locked().iter().filter(|event| holds(event)).count()
    }

    async fn until(&self, what: &str, holds: impl Fn(&Json) -> bool, count: usize) {
        let start = Instant::now();
        while self.count(&holds) < count {
            self.wait(what, start).await;
        }
    }

    async fn wait(&self, what: &str, start: Instant) {
        let faults = self.count(|event| event.get("error").is_some());
        assert!(
            faults == 0 && start.elapsed() < PATIENCE,
            "in vain: {what}; {faults} faults; {}",
            self.last_words()
        );
        tokio::time::sleep(GLANCE).await;
    }

    /// What the boxes and the message centre said last.
    fn last_words(&self) -> String {
        let mut words = format!("{:#?}\n", self.locked().iter().rev().take(5).collect::<Vec<_>>());
        for log in ["bearerbox.log", "smsbox.log"] {
            let text = std::fs::read(self.folder.path().join(log)).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            let lines: Vec<&str> = text.lines().collect();
            words += &format!("{log}:\n{}\n", lines[lines.len().saturating_sub(15)..].join("\n"));
        }
        words
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Json>> {
        self.events.lock().unwrap()
    }
}

impl Drop for Kannel {
    fn drop(&mut self) {
        for child in self.boxes.iter_mut().chain([&mut self.message_centre]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn start_box(name: &str, folder: &Path) -> Child {
    let debian = Path::new(BOXES).join(name);
    let program = if debian.exists() { debian } else { name.into() };
    Command::new(program)
        .args(["-v", "4", "kannel.conf"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{name} of Kannel: {error}; run the tests by ./test"))
}

/// Notes what the message centre says, as long as it lives.
fn listen(said: std::process::ChildStdout, events: Arc<Mutex<Vec<Json>>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(said).lines().map_while(Result::ok) {
            events.lock().unwrap().push(serde_json::from_str(&line).unwrap());
        }
    });
}

/// A port of loopback that is free now and that the system gives to nobody who asks for just any port: those lie
/// higher. Test programs that run side by side look from different places.
pub fn free_port() -> u16 {
    static NUMBER: AtomicU16 = AtomicU16::new(0);
    loop {
        let program = std::process::id() * 40 % 12_000;
        let port =
            20_000 + (u16::try_from(program).unwrap() + NUMBER.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
