//! The configuration: embedded, documented defaults < file < environment < flags (T10). Every fault is found at
//! once and names its key; a misspelt key is a fault (T11). Only this room reads the environment. It never prints
//! a secret and never opens a connection.

mod channels;
mod client;
mod database;
mod fault;
mod gateways;
mod layers;
mod lexicons;
mod profiles;
mod reader;
mod sending;
mod server;
mod surveys;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

pub use channels::{Channel, Countries, Keywords, OnAmbiguous, WaitFor};
pub use client::Client;
pub use database::{Database, Durability};
pub use fault::{Fault, FaultCode, Faults, Source};
pub use layers::{DEFAULTS, Inputs};
pub use reader::Shown;
pub use sending::{Limits, Outbox, Retention};
pub use server::{Log, LogFormat, Server};
pub use surveys::{Consent, StopScope, Surveys, Texts};
pub use webhooks::Webhooks;

use crate::gateway::GatewaySettings;
use crate::gateway::profile::{Profiles, Surroundings};
use crate::survey::reply::Lexicons;
use layers::Layers;
use reader::Reader;

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Listening.
    pub server: Server,
    /// Storing.
    pub database: Database,
    /// Surveys and their sessions.
    pub surveys: Surveys,
    /// Languages of system texts.
    pub texts: Texts,
    /// The word lists replies are read by (N6).
    pub lexicons: Arc<Lexicons>,
    /// STOP and quiet hours.
    pub consent: Consent,
    /// Counts.
    pub limits: Limits,
    /// Sending.
    pub outbox: Outbox,
    /// Keeping and forgetting.
    pub retention: Retention,
    /// Receivers of events.
    pub webhooks: Webhooks,
    /// Logging.
    pub log: Log,
    /// What client commands talk to.
    pub client: Client,
    /// Kinds of gateways, built-in ones and the operator's (GW10).
    pub profiles: Profiles,
    /// Gateways by name.
    pub gateways: BTreeMap<String, GatewaySettings>,
    /// Channels by name; each names one of the gateways.
    pub channels: BTreeMap<String, Channel>,
    /// What is in force and where it comes from.
    pub effective: Effective,
}

impl Config {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// [`Faults`]: every fault there is.
    pub fn load(inputs: &Inputs) -> Result<Self, Faults> {
        let mut reader = Reader::new(Layers::lay(inputs));
        let server = Server::read(&mut reader);
        let named = reader.names("gateways");
        let profiles = profiles::read(&mut reader);
        let gateways = read_gateways(&mut reader, &named, &profiles, &server);
        let channels = read_channels(&mut reader, &named, &gateways);
        let mut config = Self {
            database: Database::read(&mut reader),
            surveys: Surveys::read(&mut reader),
            texts: Texts::read(&mut reader),
            lexicons: lexicons::read(&mut reader),
            consent: Consent::read(&mut reader),
            limits: Limits::read(&mut reader),
            outbox: Outbox::read(&mut reader),
            retention: Retention::read(&mut reader),
            webhooks: Webhooks::read(&mut reader, server.bind.ip()),
            log: Log::read(&mut reader),
            client: Client::read(&mut reader),
            effective: Effective::default(),
            server,
            profiles,
            gateways,
            channels,
        };
        config.check_lease(&mut reader);
        let (shown, faults) = reader.finish();
        config.effective = Effective(shown);
        if faults.is_empty() { Ok(config) } else { Err(Faults(faults)) }
    }

    /// A send must be able to end within its lease (RE16).
    fn check_lease(&self, reader: &mut Reader) {
        for gateway in self.gateways.values() {
            let least = gateway.request_timeout().as_secs() * 2 + 30;
            if self.outbox.lease.as_secs() < least {
                let problem = format!(
                    "is shorter than twice the request_timeout of gateway {} and 30 s; write at least {least}s",
                    gateway.name
                );
                reader.fault(FaultCode::Conflict, "outbox.lease", problem);
            }
        }
    }

    /// Whether the built-in example surveys run: nobody named a survey folder, and the default one is not there
    /// (T12).
    #[must_use]
    pub fn uses_examples(&self) -> bool {
        let is_default = |shown: &Shown| shown.source == Source::Default;
        self.effective.0.get("surveys.folder").is_some_and(is_default) && !self.surveys.folder.exists()
    }

    /// Things that work, but perhaps not as meant; shown at start and by `config check`.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let refusing = self.channels.values().filter(|channel| match &channel.allowed_countries {
            Countries::All => false,
            Countries::Only(codes) => codes.is_empty(),
        });
        let mut warnings: Vec<String> = refusing
            .map(|channel| {
                format!("channels.{}.allowed_countries is empty: every number is refused (A86)", channel.name)
            })
            .collect();
        if self.channels.is_empty() {
            warnings.push("there is no channel: no survey can be sent".to_owned());
        }
        if self.database.durability == Durability::Relaxed {
            warnings.push("database.durability is relaxed: the last commits may be lost (RF3)".to_owned());
        }
        if self.database.is_readable_on_the_way() {
            warnings.push(
                "database.url names another machine without insisting on TLS: phone numbers and replies may be read \
                 on the way; add sslmode=verify-full and sslrootcert to it"
                    .to_owned(),
            );
        }
        if self.server.behind_proxy {
            let open = self.gateways.values().filter(|gateway| gateway.is_unverified());
            warnings.extend(open.map(|gateway| {
                format!("gateways.{} takes callbacks without proof; do not publish it", gateway.name)
            }));
        }
        let by_address = self.gateways.values().filter(|gateway| gateway.is_proved_by_address());
        warnings.extend(by_address.map(|gateway| {
            format!(
                "gateways.{} proves its callbacks by address alone; give a secret too (GW27)",
                gateway.name
            )
        }));
        warnings
    }
}

fn read_gateways(
    reader: &mut Reader,
    named: &BTreeSet<String>,
    profiles: &Profiles,
    server: &Server,
) -> BTreeMap<String, GatewaySettings> {
    let surroundings = Surroundings { bind: server.bind.ip(), public_url: server.public_url.as_ref() };
    let read = |name: &String| {
        let gateway = gateways::read(reader, name, profiles, &surroundings)?;
        Some((name.clone(), gateway))
    };
    named.iter().filter_map(read).collect()
}

fn read_channels(
    reader: &mut Reader,
    named: &BTreeSet<String>,
    gateways: &BTreeMap<String, GatewaySettings>,
) -> BTreeMap<String, Channel> {
    let mut channels: BTreeMap<String, Channel> = BTreeMap::new();
    let mut senders = BTreeSet::new();
    for name in reader.names("channels") {
        let channel = channels::read(reader, &name, gateways);
        if !channel.gateway.is_empty() && !named.contains(&channel.gateway) {
            let known: Vec<&str> = named.iter().map(String::as_str).collect();
            let problem = format!("there is no gateway {}; there is {}", channel.gateway, known.join(", "));
            reader.fault(FaultCode::InvalidValue, &format!("channels.{name}.gateway"), problem);
        }
        // A reply is matched to its channel by the number it came to (GW8).
        if !senders.insert((channel.gateway.clone(), channel.sender.clone())) {
            let problem = "another channel of this gateway has the same sender";
            reader.fault(FaultCode::Conflict, &format!("channels.{name}.sender"), problem);
        }
        channels.insert(name, channel);
    }
    channels
}

/// Every key with the value in force and where it comes from; secrets are redacted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective(BTreeMap<String, Shown>);

impl Effective {
    /// Keys in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Shown)> {
        self.0.iter().map(|(key, shown)| (key.as_str(), shown))
    }
}

impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(key, Shown { value, source })| {
            writeln!(f, "{}  # {source}", format!("{key} = {value}").trim_end())
        })
    }
}
