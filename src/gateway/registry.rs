//! [`Gateways`]: the configured gateways by name, and [`Gateway`], one of them. Built once at start; hosts, names
//! and secrets do not change while the process runs (GW41).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use reqwest::Url;
use secrecy::ExposeSecret;

use super::generic::{self, Generic};
use super::item::CallbackItem;
use super::network::Networks;
use super::settings::{GatewaySettings, OptOutHandling, ProfileSettings};
use super::simulator::Simulator;
use super::types::{SendRequest, SendResult};
use super::verify::{Callback, Forged, Place, Proof, Verifier};
use crate::ids::Ids;

/// A configured gateway. Cloning is cheap.
#[derive(Clone)]
pub struct Gateway {
    opened: Arc<Opened>,
}

struct Opened {
    name: String,
    kind: Kind,
    verifier: Verifier,
    networks: Networks,
    opt_out: OptOutHandling,
}

enum Kind {
    Simulator(Simulator),
    Generic(Generic),
}

/// Why a gateway cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Name or value cannot stand in an HTTP header.
    #[error("the outbound credentials hold a character that cannot stand in an HTTP header")]
    Header,
    /// TLS cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

impl Gateway {
    /// Opens a gateway; no connection is made yet.
    ///
    /// # Errors
    /// [`OpenError`] when its HTTP client cannot be built.
    pub fn open(settings: &GatewaySettings, ids: &Ids) -> Result<Self, OpenError> {
        let kind = match &settings.profile {
            ProfileSettings::Simulator(simulator) => Kind::Simulator(Simulator::new(*simulator, ids.clone())),
            ProfileSettings::Generic(generic) => Kind::Generic(Generic::open(generic)?),
        };
        let opened = Opened {
            name: settings.name.clone(),
            kind,
            verifier: settings.verifier.clone(),
            networks: settings.networks.clone(),
            opt_out: settings.opt_out,
        };
        Ok(Self { opened: Arc::new(opened) })
    }

    /// Its name in the configuration and in the webhook path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.opened.name
    }

    /// The name of its profile.
    #[must_use]
    pub fn profile(&self) -> &'static str {
        match &self.opened.kind {
            Kind::Simulator(_) => "simulator",
            Kind::Generic(_) => "generic",
        }
    }

    /// The fake handset network, if that is what it is.
    #[must_use]
    pub fn simulator(&self) -> Option<&Simulator> {
        match &self.opened.kind {
            Kind::Simulator(simulator) => Some(simulator),
            Kind::Generic(_) => None,
        }
    }

    /// Whether it opens SMS sessions and gives handles (GW51).
    #[must_use]
    pub fn supports_sessions(&self) -> bool {
        match &self.opened.kind {
            Kind::Simulator(simulator) => simulator.settings().sms_sessions,
            Kind::Generic(generic) => generic.sms_sessions(),
        }
    }

    /// What it does by itself when a person texts STOP.
    #[must_use]
    pub fn opt_out_handling(&self) -> OptOutHandling {
        self.opened.opt_out
    }

    /// Hands one SMS over, once, and says what became of it. Ends within the gateway's request timeout.
    pub async fn send(&self, request: &SendRequest) -> SendResult {
        match &self.opened.kind {
            Kind::Simulator(simulator) => simulator.send(request).await,
            Kind::Generic(generic) => generic.send(request).await,
        }
    }

    /// Checks that a callback comes from this gateway; call it before anything else is done with the body.
    ///
    /// # Errors
    /// [`Forged`]: answer 401 with an empty body, store nothing, count it (GW1).
    pub fn verify(&self, callback: &Callback<'_>, now: DateTime<Utc>) -> Result<Proof, Forged> {
        if !self.opened.networks.allow(callback.address) {
            return Err(Forged::Outside);
        }
        self.opened.verifier.verify(callback, now)
    }

    /// Whether callbacks of that content type are read at all; else 415 (GW1).
    #[must_use]
    pub fn reads(&self, content_type: Option<&str>) -> bool {
        match &self.opened.kind {
            Kind::Simulator(_) | Kind::Generic(_) => generic::reads(content_type),
        }
    }

    /// Reads a verified callback. Never fails: what cannot be read is a [`CallbackItem::Dead`] (GW3).
    #[must_use]
    pub fn parse(&self, callback: &Callback<'_>) -> Vec<CallbackItem> {
        match &self.opened.kind {
            Kind::Simulator(_) | Kind::Generic(_) => generic::parse(callback.body),
        }
    }

    /// Where this gateway shall report about `client_ref`: our public status route, with the secret of a
    /// verifier that stands in the URL (gateways.md 2.2).
    #[must_use]
    pub fn status_url(&self, public_url: &Url, client_ref: &str) -> String {
        let mut url = public_url.clone();
        let secret = self.opened.verifier.url_secret();
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
