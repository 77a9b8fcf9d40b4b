//! [`Gateways`]: the configured gateways by name, and [`Gateway`], one of them. Built once at start; hosts, names
//! and secrets do not change while the process runs (GW41).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Url;
use secrecy::ExposeSecret;

use super::inquirer::Inquirer;
use super::item::{CallbackItem, Report};
use super::profile::{Bound, Call, Rate, Reply};
use super::sender::Sender;
use super::settings::{GatewayKind, GatewaySettings, OptOutHandling};
use super::simulator::Simulator;
use super::subnumber::Subnumber;
use super::types::{SendRequest, SendResult};
use super::verify::{Callback, Forged, Place, Proof};
use crate::ids::Ids;

/// A configured gateway. Cloning is cheap.
#[derive(Clone)]
pub struct Gateway {
    opened: Arc<Opened>,
}

struct Opened {
    name: String,
    kind: Kind,
    bound: Bound,
}

enum Kind {
    Simulator(Simulator),
    Http(Box<Sender>, Option<Box<Inquirer>>),
}

/// Why a gateway cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The profile does not say how messages are sent.
    #[error("its profile has no `send`")]
    NoSend,
    /// TLS cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

impl Gateway {
    /// Opens a gateway; no connection is made yet.
    ///
    /// # Errors
    /// [`OpenError`] when it cannot be sent to.
    pub fn open(settings: &GatewaySettings, ids: &Ids) -> Result<Self, OpenError> {
        let kind = match &settings.kind {
            GatewayKind::Simulator(simulator) => Kind::Simulator(Simulator::new(*simulator, ids.clone())),
            GatewayKind::Http(http) => {
                let sender = Sender::open(&settings.bound, http)?.ok_or(OpenError::NoSend)?;
                let inquirer = Inquirer::open(&settings.bound, http)?;
                Kind::Http(Box::new(sender), inquirer.map(Box::new))
            }
        };
        let opened = Opened { name: settings.name.clone(), kind, bound: settings.bound.clone() };
        Ok(Self { opened: Arc::new(opened) })
    }

    /// Its name in the configuration and in the webhook path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.opened.name
    }

    /// The name of its profile.
    #[must_use]
    pub fn profile(&self) -> &str {
        &self.opened.bound.profile.name
    }

    /// The fake handset network, if that is what it is.
    #[must_use]
    pub fn simulator(&self) -> Option<&Simulator> {
        match &self.opened.kind {
            Kind::Simulator(simulator) => Some(simulator),
            Kind::Http(..) => None,
        }
    }

    /// How two sessions of a phone are told apart on it (GW50).
    #[must_use]
    pub fn subnumber(&self) -> &Subnumber {
        &self.opened.bound.subnumber
    }

    /// What it does by itself when a person texts STOP.
    #[must_use]
    pub fn opt_out_handling(&self) -> OptOutHandling {
        self.opened.bound.opt_out
    }

    /// Words besides START with which an opted-out person opts in again there (GW60).
    #[must_use]
    pub fn opt_in_words(&self) -> &[String] {
        &self.opened.bound.opt_in_words
    }

    /// Whether one of its error codes says that the person said stop to it (GW64).
    #[must_use]
    pub fn says_stop(&self, code: &str) -> bool {
        let codes = &self.opened.bound.profile.stop.error_codes;
        codes.iter().any(|known| known.eq_ignore_ascii_case(code.trim()))
    }

    /// How long it surely recognises a repeat with our reference (RE19 c); `None` = it may not.
    #[must_use]
    pub fn repeat_window(&self) -> Option<TimeDelta> {
        self.opened.bound.repeat_window
    }

    /// How fast it may be sent to by all its channels together, or by each number; `None` = as the channels say.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        self.opened.bound.rate
    }

    /// Whether our own texts may be made to fit GSM-7 for it (GW94).
    #[must_use]
    pub fn takes_smart_texts(&self) -> bool {
        self.opened.bound.profile.encoding.smart
    }

    /// Whether its reports may be about single SMS parts (GW34).
    #[must_use]
    pub fn reports_parts(&self) -> bool {
        let variants = &self.opened.bound.profile.callbacks;
        variants.iter().any(|variant| variant.report.as_ref().is_some_and(|report| report.part.is_some()))
    }

    /// Hands one SMS over, once, and says what became of it. Ends within the gateway's request timeout.
    pub async fn send(&self, request: &SendRequest) -> SendResult {
        match &self.opened.kind {
            Kind::Simulator(simulator) => simulator.send(request).await,
            Kind::Http(sender, _) => sender.send(request).await,
        }
    }

    /// Whether it can be asked what became of a message (RE19 b).
    #[must_use]
    pub fn has_lookup(&self) -> bool {
        matches!(self.opened.kind, Kind::Http(_, Some(_)))
    }

    /// Asks what became of the message with this reference; `None` = it says nothing about it. Ends within the
    /// gateway's request timeout.
    ///
    /// # Errors
    /// In words why it does not answer the question.
    pub async fn look_up(&self, client_ref: &str) -> Result<Option<Report>, &'static str> {
        match &self.opened.kind {
            Kind::Simulator(_) | Kind::Http(_, None) => Ok(None),
            Kind::Http(_, Some(inquirer)) => inquirer.ask(client_ref).await,
        }
    }

    /// Asks for the base URL, to see whether anybody answers there; no SMS is sent. Gives the status, and for the
    /// simulator none.
    ///
    /// # Errors
    /// In words why nobody answers.
    pub async fn ping(&self) -> Result<Option<u16>, &'static str> {
        match &self.opened.kind {
            Kind::Simulator(_) => Ok(None),
            Kind::Http(sender, _) => sender.ping().await.map(Some),
        }
    }

    /// Checks that a callback comes from this gateway; call it before anything else is done with the body.
    ///
    /// # Errors
    /// [`Forged`]: answer 401 with an empty body, store nothing, count it (GW1).
    pub fn verify(&self, callback: &Callback<'_>, now: DateTime<Utc>) -> Result<Proof, Forged> {
        let door = self.opened.bound.door(callback.method, content_type(callback)).ok_or(Forged::Missing)?;
        if !door.networks.allow(callback.address) {
            return Err(Forged::Outside);
        }
        door.verifier.verify(callback, now)
    }

    /// Whether callbacks of that method and content type are read at all; else 415 (GW1).
    #[must_use]
    pub fn reads(&self, method: &str, content_type: Option<&str>) -> bool {
        self.opened.bound.profile.variant(method, content_type).is_some()
    }

    /// Reads a verified callback. Never fails: what cannot be read is a [`CallbackItem::Dead`] (GW3).
    #[must_use]
    pub fn parse(&self, callback: &Callback<'_>) -> Vec<CallbackItem> {
        let content_type = content_type(callback);
        let secret = self.opened.bound.door(callback.method, content_type);
        let secret_parameter = match secret.and_then(|door| door.verifier.url_secret()) {
            Some((Place::Query(name), _)) => Some(name.as_str()),
            Some((Place::Header(_) | Place::Path | Place::Basic(_) | Place::Bearer, _)) | None => None,
        };
        self.opened.bound.profile.parse(&Call {
            method: callback.method,
            content_type,
            query: callback.query(),
            body: callback.body,
            secret_parameter,
        })
    }

    /// The item of a dead letter, read once more: the profile may have changed since.
    #[must_use]
    pub fn parse_again(&self, raw: &str) -> Option<CallbackItem> {
        self.opened.bound.profile.parse_again(raw)
    }

    /// What an authentic callback is answered with besides 200 (GW2).
    #[must_use]
    pub fn reply(&self, callback: &Callback<'_>) -> Option<&Reply> {
        let profile = &self.opened.bound.profile;
        profile.variant(callback.method, content_type(callback)).map(|(_, variant)| &variant.reply)
    }

    /// Where this gateway shall report about `client_ref`: our public status route, with the secret of a
    /// verifier that stands in the URL (gateways.md 2.2).
    #[must_use]
    pub fn status_url(&self, public_url: &Url, client_ref: &str) -> String {
        let mut url = public_url.clone();
        let bound = &self.opened.bound;
        let reports = bound.profile.callbacks.iter().position(|variant| variant.report.is_some());
        let door = reports.and_then(|at| bound.doors.get(at));
        let secret = door.and_then(|door| door.verifier.url_secret());
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["v1", "gateways", self.name(), "status"]);
            if let Some((Place::Path, secret)) = secret {
                path.push(secret.expose_secret());
            }
        }
        url.query_pairs_mut().append_pair("ref", client_ref);
        if let Some((Place::Query(name), secret)) = secret {
            url.query_pairs_mut().append_pair(name, secret.expose_secret());
        }
        url.into()
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gateway({} {})", self.profile(), self.name())
    }
}

/// The one content type that a callback states; none, if it states several.
fn content_type<'c>(callback: &Callback<'c>) -> Option<&'c str> {
    let mut stated = callback.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let (_, value) = stated.next().filter(|_| stated.next().is_none())?;
    std::str::from_utf8(value).ok()
}

/// The configured gateways by name. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Gateways {
    by_name: Arc<BTreeMap<String, Gateway>>,
}

impl Gateways {
    /// Opens all of them.
    ///
    /// # Errors
    /// The first that cannot be opened, by name.
    pub fn open<'a>(
        settings: impl IntoIterator<Item = &'a GatewaySettings>,
        ids: &Ids,
    ) -> Result<Self, (String, OpenError)> {
        let open = |one: &GatewaySettings| {
            let gateway = Gateway::open(one, ids).map_err(|error| (one.name.clone(), error))?;
            Ok((one.name.clone(), gateway))
        };
        let by_name = settings.into_iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { by_name: Arc::new(by_name) })
    }

    /// One by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Gateway> {
        self.by_name.get(name)
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Gateway> {
        self.by_name.values()
    }
}
