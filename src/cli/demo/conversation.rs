//! [`Conversation`]: shows each SMS as it leaves and posts each typed line to the real webhook. It asks the API
//! where the session stands, and decides nothing about the survey.

use std::io::BufRead as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::Receiver;
use tokio::sync::mpsc;

use super::screen::Screen;
use crate::cli::client::{Client, list, text};
use crate::clock::Clock;
use crate::gateway::{Delivered, inbound_json};
use crate::ids::Ids;

/// How often the API is asked while SMS are on their way, and while the person thinks.
const WHILE_SENDING: Duration = Duration::from_millis(25);
const WHILE_WAITING: Duration = Duration::from_secs(1);

/// Lines read ahead of the conversation.
const LINES_AHEAD: usize = 1;

/// A conversation to hold.
pub(super) struct Conversation<'a> {
    pub client: &'a Client,
    /// The webhook.
    pub inbound: Url,
    pub session_id: &'a str,
    pub screen: &'a Screen,
    pub ids: &'a Ids,
}

/// Where the session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// SMS are on their way.
    Sending,
    /// It is the person's turn.
    Waiting,
    /// It is over, and its last SMS has left.
    Ended,
}

impl Conversation<'_> {
    /// Holds the conversation until the session or the input ends. Tells whether input was left over.
    pub(super) async fn hold(&self, mut leaving: Receiver<Arc<Delivered>>) -> anyhow::Result<bool> {
        let clock = Clock::system();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut lines = typed_lines();
        let mut latest: Option<Arc<Delivered>> = None;
        let mut standing = Standing::Sending;
        let mut asked_at = tokio::time::Instant::now();
        loop {
            let may_type =
                latest.is_some() && (self.screen.is_interactive() || standing == Standing::Waiting);
            let pause = if standing == Standing::Sending { WHILE_SENDING } else { WHILE_WAITING };
            tokio::select! {
                biased;
                sms = leaving.recv() => {
                    let Ok(sms) = sms else { continue };
                    self.screen.show(&sms, clock.now());
                    latest = Some(sms);
                    standing = Standing::Sending;
                }
                () = tokio::time::sleep_until(asked_at + pause) => {
                    let before = standing;
                    standing = self.standing().await?;
                    asked_at = tokio::time::Instant::now();
                    // What left in the meantime is shown before the next thing happens.
                    if !leaving.is_empty() {
                        standing = Standing::Sending;
                    } else if standing == Standing::Ended {
                        return Ok(lines.try_recv().is_ok());
                    } else if standing == Standing::Waiting && before == Standing::Sending {
                        self.screen.prompt();
                    }
                }
                line = lines.recv(), if may_type => {
                    let Some(line) = line else { return Ok(false) };
                    if line.trim().is_empty() {
                        self.screen.prompt();
                        continue;
                    }
                    self.screen.echo(&line);
                    if let Some(latest) = &latest {
                        self.reply(latest, &line).await?;
                    }
                    standing = Standing::Sending;
                    asked_at = tokio::time::Instant::now();
                }
                _ = interrupt.recv() => return Ok(false),
            }
        }
    }

    /// Posts a reply in the thread of the latest SMS, as the network would.
    async fn reply(&self, latest: &Delivered, line: &str) -> anyhow::Result<()> {
        let reply = latest.reply(&format!("demo-{}", self.ids.secret(12)), line);
        let body = inbound_json(&reply);
        self.client.post_as_gateway(self.inbound.clone(), body.to_string()).await?;
        Ok(())
    }

    async fn standing(&self) -> anyhow::Result<Standing> {
        let path = ["v1", "sessions", self.session_id];
        let session = self.client.get(&path, &[("expand", "messages")]).await?;
        let is_leaving = |message: &Value| matches!(text(message, "state"), "due" | "sending");
        Ok(if list(&session, "messages").any(is_leaving) {
            Standing::Sending
        } else if matches!(text(&session, "status"), "active" | "pending") {
            Standing::Waiting
        } else {
            Standing::Ended
        })
    }
}

/// Lines of standard input, read on a thread of their own: a read that waits for a person must not keep the
/// process alive. Bytes that are no UTF-8 become U+FFFD.
fn typed_lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(LINES_AHEAD);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut bytes = Vec::new();
        while input.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned();
            bytes.clear();
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
