//! [`Simulator`]: a fake handset network inside the product, for first steps, demos and tests. It keeps what each
//! phone was sent, opens SMS sessions with subnumbers as Puzzel does, and reports deliveries. Its callbacks are
//! the generic JSON. It never leaves the process, and forgets everything when the process ends.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};

use super::item::{Inbound, Report, ReportState};
use super::settings::SimulatorSettings;
use super::types::{Detail, GatewaySession, RetryAfter, SendRequest, SendResult};
use crate::ids::Ids;
use crate::phone::mask;

/// Most SMS kept for one phone.
const KEPT_PER_PHONE: usize = 200;

/// Most phones kept; the one whose first SMS is oldest goes first.
const PHONES_MAX: usize = 10_000;

/// Most sends kept in the ledger.
const LEDGER_MAX: usize = 50_000;

/// Most reports that wait to be drained.
const REPORTS_MAX: usize = 10_000;

/// Most sessions remembered.
const SESSIONS_MAX: usize = 50_000;

/// SMS a slow subscriber may fall behind before it misses some.
const SUBSCRIBER_LAG_MAX: usize = 1_024;

/// Digits of a short number with its subnumber (P45).
const SUBNUMBER_DIGITS: usize = 14;

/// The fake handset network. Cloning is cheap; all clones are the same network.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

struct Shared {
    settings: SimulatorSettings,
    ids: Ids,
    network: Mutex<Network>,
    delivered: broadcast::Sender<Arc<Delivered>>,
    reported: Notify,
}

#[derive(Default)]
struct Network {
    count: u64,
    phones: HashMap<String, VecDeque<Arc<Delivered>>>,
    /// Phones by their first SMS, oldest first.
    order: VecDeque<String>,
    ledger: VecDeque<Arc<Delivered>>,
    sessions: HashMap<String, Thread>,
    session_order: VecDeque<String>,
    reports: VecDeque<Report>,
    scripts: VecDeque<Script>,
}

/// A session the network opened.
#[derive(Clone)]
struct Thread {
    phone: String,
    shown_from: String,
}

/// An SMS on a phone of the network.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Number of the SMS in this network, from 1.
    pub number: u64,
    /// The phone.
    pub to: String,
    /// The sender we asked for; a reply goes to it.
    pub from: String,
    /// The sender the phone shows: with the session's subnumber, if there is one.
    pub shown_from: String,
    /// The text.
    pub text: String,
    /// The handle of the session; a reply in this thread carries it.
    pub session: Option<String>,
    /// The network's message id.
    pub external_id: String,
    /// Our reference.
    pub client_ref: String,
}

impl fmt::Debug for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivered")
            .field("number", &self.number)
            .field("to", &mask(&self.to))
            .field("external_id", &self.external_id)
            .field("client_ref", &self.client_ref)
            .finish_non_exhaustive()
    }
}

impl Delivered {
    /// The reply a person writes in the thread of this SMS, as the network would post it.
    #[must_use]
    pub fn reply(&self, message_id: &str, text: &str) -> Inbound {
        Inbound {
            id: Some(message_id.to_owned()),
            from: self.to.clone(),
            to: self.from.clone(),
            text: text.to_owned(),
            session: self.session.clone(),
            reply_to: Some(self.external_id.clone()),
            intent: None,
            provider_at: None,
            flags: Vec::new(),
            concat: None,
        }
    }
}

/// What the network does with one of the next sends instead of delivering it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Delivers, but answers only after this time.
    Slow(Duration),
    /// Delivers as usual; keeps a place in a longer script.
    Deliver,
    /// 429, with `Retry-After` in seconds if given; not delivered.
    Throttle(Option<u64>),
    /// Refuses the connection; not delivered.
    Refuse,
    /// Refuses the message for good.
    Permanent,
    /// Refuses because the person said stop to the gateway.
    OptOut,
    /// Refuses our credentials.
    Auth,
    /// Keeps the message back.
    Hold,
    /// Says it has the message already; not delivered again.
    Duplicate,
    /// Refuses a *new* session for good, delivers everything else (GW31).
    RefuseSession,
    /// 500; delivered or not.
    Fault {
        /// Whether the phone got the SMS all the same.
        delivered: bool,
    },
    /// No answer within the request timeout; delivered or not.
    Hang {
        /// Whether the phone got the SMS all the same.
        delivered: bool,
    },
}

impl Simulator {
    /// A network without phones.
    #[must_use]
    pub fn new(settings: SimulatorSettings, ids: Ids) -> Self {
        let (delivered, _) = broadcast::channel(SUBSCRIBER_LAG_MAX);
        let shared = Shared { settings, ids, network: Mutex::default(), delivered, reported: Notify::new() };
        Self { shared: Arc::new(shared) }
    }

    /// What it was opened with.
    #[must_use]
    pub fn settings(&self) -> SimulatorSettings {
        self.shared.settings
    }

    /// Appends to the script: the next sends are treated like this, one entry a send, in order.
    pub fn script(&self, scripts: impl IntoIterator<Item = Script>) {
        self.network().scripts.extend(scripts);
    }

    /// SMS from now on. A subscriber more than 1,024 behind misses the oldest.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Delivered>> {
        self.shared.delivered.subscribe()
    }

    /// The latest SMS of one phone, oldest first, at most 200.
    #[must_use]
    pub fn inbox(&self, phone: &str) -> Vec<Arc<Delivered>> {
        self.network().phones.get(phone).map(|inbox| inbox.iter().cloned().collect()).unwrap_or_default()
    }

    /// Phones that got an SMS, sorted.
    #[must_use]
    pub fn phones(&self) -> Vec<String> {
        let mut phones: Vec<String> = self.network().phones.keys().cloned().collect();
        phones.sort_unstable();
        phones
    }

    /// Every SMS that reached a phone, oldest first, at most 50,000: a copy sent twice stands here twice.
    #[must_use]
    pub fn ledger(&self) -> Vec<Arc<Delivered>> {
        self.network().ledger.iter().cloned().collect()
    }

    /// Waits for the next delivery report. Each report is given once; keep no more than one drain.
    pub async fn next_report(&self) -> Report {
        loop {
            let waiting = self.shared.reported.notified();
            if let Some(report) = self.network().reports.pop_front() {
                return report;
            }
            waiting.await;
        }
    }

    /// Makes the network report something else about an SMS, for example that it expired.
    pub fn report(&self, sms: &Delivered, state: ReportState) {
        self.push_report(&mut self.network(), sms, state);
    }

    /// Hands one SMS over, as scripted.
    pub async fn send(&self, request: &SendRequest) -> SendResult {
        let script = self.network().scripts.pop_front().unwrap_or(Script::Deliver);
        match script {
            Script::Slow(wait) => {
                tokio::time::sleep(wait).await;
                self.deliver(request)
            }
            Script::Throttle(seconds) => SendResult::Throttled {
                retry_after: seconds.map(RetryAfter::Seconds),
                detail: Detail::coded(429, "the gateway asks us to slow down"),
            },
            Script::Refuse => SendResult::Retry(Detail::plain("no connection to the gateway")),
            Script::Permanent => SendResult::Permanent(Detail::coded(422, "the gateway refuses the message")),
            Script::OptOut => {
                SendResult::OptedOut(Detail::coded(21610, "the person said stop to the gateway"))
            }
            Script::Auth => SendResult::Auth(Detail::coded(401, "the gateway refuses our credentials")),
            Script::Hold => SendResult::Held(Detail::coded(24, "the gateway keeps the message")),
            Script::Duplicate => SendResult::Duplicate(Detail::coded(25, "the gateway has it already")),
            Script::RefuseSession if request.session == GatewaySession::New => {
                SendResult::Permanent(Detail::coded("no_session", "the gateway refuses a session"))
            }
            Script::Deliver | Script::RefuseSession => self.deliver(request),
            Script::Fault { delivered } => {
                self.deliver_if(delivered, request);
                SendResult::Ambiguous(Detail::coded(500, "the gateway failed"))
            }
            Script::Hang { delivered } => {
                self.deliver_if(delivered, request);
                tokio::time::sleep(self.shared.settings.request_timeout).await;
                SendResult::Ambiguous(Detail::plain("no answer in time"))
            }
        }
    }

    fn deliver_if(&self, delivered: bool, request: &SendRequest) {
        if delivered {
            let _ = self.deliver(request);
        }
    }

    fn deliver(&self, request: &SendRequest) -> SendResult {
        let mut network = self.network();
        let session = match &request.session {
            GatewaySession::New if self.shared.settings.sms_sessions => {
                Some(self.open_session(&mut network, request))
            }
            GatewaySession::None | GatewaySession::New => None,
            GatewaySession::Existing(handle) => Some(handle.clone()),
        };
        let thread = session.as_ref().and_then(|handle| network.sessions.get(handle));
        if thread.is_some_and(|thread| thread.phone != request.to) {
            return SendResult::Permanent(Detail::coded("foreign_session", "the session is another phone's"));
        }
        let shown_from = thread.map_or_else(|| request.from.clone(), |thread| thread.shown_from.clone());
        network.count += 1;
        let sms = Arc::new(Delivered {
            number: network.count,
            to: request.to.clone(),
            from: request.from.clone(),
            shown_from,
            text: request.text.clone(),
            session: session.clone(),
            external_id: format!("sim-{}", self.shared.ids.secret(12)),
            client_ref: request.client_ref.clone(),
        });
        network.keep(&sms);
        if self.shared.settings.delivery_reports {
            self.push_report(&mut network, &sms, ReportState::Delivered);
        }
        drop(network);
        // Nobody may be listening.
        let _ = self.shared.delivered.send(Arc::clone(&sms));
        SendResult::Accepted { external_id: Some(sms.external_id.clone()), session }
    }

    /// Opens a session under a handle that no other run of the network gave out.
    fn open_session(&self, network: &mut Network, request: &SendRequest) -> String {
        let handle = format!("ses-{}", self.shared.ids.secret(12));
        let digits = SUBNUMBER_DIGITS.saturating_sub(request.from.len());
        let suffix: String = (0..digits)
            .filter_map(|_| u32::try_from(self.shared.ids.below(10)).ok())
            .filter_map(|digit| char::from_digit(digit, 10))
            .collect();
        let thread = Thread { phone: request.to.clone(), shown_from: format!("{}{suffix}", request.from) };
        network.sessions.insert(handle.clone(), thread);
        network.session_order.push_back(handle.clone());
        if network.session_order.len() > SESSIONS_MAX {
            let oldest = network.session_order.pop_front();
            oldest.and_then(|oldest| network.sessions.remove(&oldest));
        }
        handle
    }

    fn push_report(&self, network: &mut Network, sms: &Delivered, state: ReportState) {
        network.reports.push_back(Report {
            our_ref: Some(sms.client_ref.clone()),
            external_id: Some(sms.external_id.clone()),
            state,
            raw_state: state.as_str().to_owned(),
            code: None,
            reason: None,
            part: None,
        });
        if network.reports.len() > REPORTS_MAX {
            network.reports.pop_front();
        }
        self.shared.reported.notify_one();
    }

    fn network(&self) -> MutexGuard<'_, Network> {
        // A panic elsewhere leaves at worst one SMS of a fake network half kept.
        self.shared.network.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

impl Network {
    fn keep(&mut self, sms: &Arc<Delivered>) {
        let inbox = self.phones.entry(sms.to.clone()).or_default();
        if inbox.is_empty() {
            self.order.push_back(sms.to.clone());
        }
        inbox.push_back(Arc::clone(sms));
        if inbox.len() > KEPT_PER_PHONE {
            inbox.pop_front();
        }
        if self.phones.len() > PHONES_MAX {
            let oldest = self.order.pop_front();
            oldest.and_then(|oldest| self.phones.remove(&oldest));
        }
        self.ledger.push_back(Arc::clone(sms));
        if self.ledger.len() > LEDGER_MAX {
            self.ledger.pop_front();
        }
    }
}
