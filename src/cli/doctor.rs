//! `antiphon doctor`: looks at everything a server needs and names what is wrong and what to do (O6). It changes
//! nothing and sends nothing; the server need not run.

use std::fmt;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use clap::Args;
use reqwest::Url;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::config_args::ConfigArgs;
use super::{Outcome, print_json};
use crate::app::survey_files::{SurveyFile, check_files, survey_paths};
use crate::clock::Clock;
use crate::config::Config;
use crate::examples::EXAMPLES as EXAMPLE_SURVEYS;
use crate::gateway::{GatewayKind, GatewaySettings, Place};
use crate::server::installation;
use crate::store::disk::{self, DiskState, LowMarks};
use crate::store::webhooks::{self, WebhookRow};
use crate::store::{AnyConnection, DatabaseUrl, StoreError, keys, meta, migrate};
use crate::survey::finding::{self, Severity};

pub(super) const EXAMPLES: &str = "Examples:\n  antiphon doctor\n  antiphon doctor --json --config /etc/antiphon.toml\n\n\
    Exit codes: 0 nothing is wrong, 1 something is";

/// A clock that is behind by more than this deserves a word (RF29).
const BEHIND_MAX: chrono::Duration = chrono::Duration::seconds(2);

/// Longest wait for a gateway's door to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Well,
    /// It works, but should be looked at.
    Watch,
    Wrong,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Well => "ok",
            Self::Watch => "warning",
            Self::Wrong => "wrong",
        })
    }
}

/// What was found about one part.
#[derive(Debug)]
struct Finding {
    part: &'static str,
    state: State,
    found: String,
    /// What to do; empty when all is well.
    advice: String,
}

impl Finding {
    fn well(part: &'static str, found: impl Into<String>) -> Self {
        Self { part, state: State::Well, found: found.into(), advice: String::new() }
    }

    fn watch(part: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { part, state: State::Watch, found: found.into(), advice: advice.into() }
    }

    fn wrong(part: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { part, state: State::Wrong, found: found.into(), advice: advice.into() }
    }
}

/// Runs the command.
#[expect(clippy::unnecessary_wraps, reason = "commands have one shape")]
pub(super) fn run(args: &DoctorArgs, json: bool) -> anyhow::Result<Outcome> {
    let findings = match args.config.load(Vec::new()) {
        Ok(config) => examine(&config),
        Err(faults) => faults
            .0
            .iter()
            .map(|fault| {
                Finding::wrong("configuration", fault.to_string(), "correct it; nothing else was looked at")
            })
            .collect(),
    };
    if json {
        print_json(&findings.iter().map(view).collect());
    } else {
        for Finding { part, state, found, advice } in &findings {
            println!("{state:8} {part:13} {found}");
            if !advice.is_empty() {
                println!("{:23}{advice}", "");
            }
        }
    }
    let is_wrong = findings.iter().any(|finding| finding.state == State::Wrong);
    Ok(if is_wrong { Outcome::Failed } else { Outcome::Done })
}

fn view(finding: &Finding) -> Value {
    json!({
        "part": finding.part,
        "state": finding.state.to_string(),
        "found": finding.found,
        "advice": finding.advice,
    })
}

fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::well("configuration", "no faults")];
    let warnings = config.warnings().into_iter();
    findings.extend(
        warnings.map(|warning| Finding::watch("configuration", warning, "see `antiphon config show`")),
    );
    examine_database(config, &mut findings);
    findings.extend(config.gateways.values().map(examine_gateway));
    findings.extend(config.gateways.values().map(|gateway| examine_webhook(config, gateway)));
    examine_surveys(config, &mut findings);
    findings
}

/// Database, migrations, clock, keys and disk.
fn examine_database(config: &Config, findings: &mut Vec<Finding>) {
    let part = "database";
    let url = match DatabaseUrl::parse(config.database.url.expose_secret()) {
        Ok(url) => url,
        Err(error) => return findings.push(Finding::wrong(part, error.to_string(), "correct database.url")),
    };
    findings
        .extend(examine_disk(&url, LowMarks::new(config.limits.disk_low_mb, config.limits.disk_low_percent)));
    if url.is_missing_file() {
        return findings.push(Finding::well(part, "there is no file yet; `antiphon serve` makes it"));
    }
    let opened = url.connect().and_then(|mut connection| migrate::ping(&mut connection).map(|()| connection));
    let mut connection = match opened {
        Ok(connection) => connection,
        Err(error) => {
            let advice = "check that it runs, that database.url is right, and that this user may open it";
            return findings.push(Finding::wrong(part, error.to_string(), advice));
        }
    };
    findings.push(Finding::well(part, "it answers"));
    let pending = match migrate::pending(&mut connection) {
        Ok(pending) => pending,
        Err(error) => {
            return findings.push(Finding::wrong("migrations", error.to_string(), "run the newest antiphon"));
        }
    };
    if !pending.is_empty() {
        let found = format!("{} to run: {}", pending.len(), pending.join(", "));
        let advice = match url {
            DatabaseUrl::Sqlite(_) => "`antiphon migrate` runs them; `antiphon serve` does so at its start",
            DatabaseUrl::Postgres(_) => {
                "`antiphon migrate` runs them; until then no node starts without --migrate"
            }
        };
        return findings.push(Finding::watch("migrations", found, advice));
    }
    findings.push(Finding::well("migrations", "up to date"));
    for (part, found) in [
        ("clock", examine_clock(&mut connection)),
        ("keys", examine_keys(&mut connection)),
        ("webhooks", examine_receivers(&mut connection)),
    ] {
        findings.push(found.unwrap_or_else(|error| {
            Finding::wrong(part, error.to_string(), "the database holds something this antiphon cannot read")
        }));
    }
}

/// The wall clock against the latest time this installation ever told (RF29).
fn examine_clock(connection: &mut AnyConnection) -> Result<Finding, StoreError> {
    let now = Clock::system().now();
    let behind = meta::clock_high_water(connection)?.map_or(chrono::Duration::zero(), |mark| mark - now);
    Ok(if behind > BEHIND_MAX {
        let found =
            format!("this machine's clock is {} s behind the latest time stored", behind.num_seconds());
        Finding::wrong("clock", found, "set the clock (NTP); until then times stand still")
    } else {
        Finding::well("clock", format!("{} UTC", now.format("%Y-%m-%d %H:%M:%S")))
    })
}

fn examine_keys(connection: &mut AnyConnection) -> Result<Finding, StoreError> {
    let now = Clock::system().now().naive_utc();
    let rows = keys::all(connection)?;
    let valid = rows.iter().filter(|row| row.revoked_at.is_none() && row.expires_at > now).count();
    Ok(if valid == 0 {
        Finding::watch("keys", "there is no valid API key", "`antiphon keys create --name NAME` makes one")
    } else {
        Finding::well("keys", format!("{valid} valid"))
    })
}

/// Whether all receivers of events that should be told anything are (RE35).
fn examine_receivers(connection: &mut AnyConnection) -> Result<Finding, StoreError> {
    let rows = webhooks::all(connection)?;
    let why = |row: &&WebhookRow| row.disabled_reason.as_deref().is_some_and(|why| why != "operator");
    let disabled: Vec<&str> = rows.iter().filter(why).map(|row| row.id.as_str()).collect();
    if disabled.is_empty() {
        let enabled = rows.iter().filter(|row| row.enabled).count();
        return Ok(Finding::well("webhooks", format!("{enabled} receivers of events")));
    }
    let found = format!("disabled, since calls failed: {}", disabled.join(", "));
    let advice = "see /v1/webhooks/ID/attempts, then PATCH enabled = true and replay (docs/webhooks.md)";
    Ok(Finding::wrong("webhooks", found, advice))
}

/// Free space where a SQLite file lives; a database elsewhere is not looked at.
fn examine_disk(url: &DatabaseUrl, marks: LowMarks) -> Option<Finding> {
    let room = match disk::room(url) {
        Ok(room) => room?,
        Err(error) => {
            return Some(Finding::wrong("disk", error.to_string(), "make the folder of the database"));
        }
    };
    let found = format!("{} MiB free of {}", room.free >> 20, room.total >> 20);
    let advice = "make room: a full disk stops every survey";
    Some(match room.state(marks) {
        DiskState::Well => Finding::well("disk", found),
        DiskState::Low => Finding::watch("disk", found, advice),
        DiskState::Out => Finding::wrong("disk", found, advice),
    })
}

/// Whether the gateway's door opens; nothing is asked of it.
fn examine_gateway(gateway: &GatewaySettings) -> Finding {
    let name = &gateway.name;
    match &gateway.kind {
        GatewayKind::Simulator(_) => {
            Finding::well("gateways", format!("{name}: the simulator; no SMS leaves this machine"))
        }
        GatewayKind::Http(http) => match reach(&http.base_url) {
            Ok(address) => Finding::well("gateways", format!("{name}: {address} is reached")),
            Err(error) => Finding::wrong(
                "gateways",
                format!("{name}: {} is not reached: {error}", http.base_url),
                "check the base_url, the name server and the firewall",
            ),
        },
    }
}

fn reach(url: &Url) -> std::io::Result<SocketAddr> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(443);
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(_) => return Ok(address),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Whether a gateway can call us, and prove that it is itself.
fn examine_webhook(config: &Config, gateway: &GatewaySettings) -> Finding {
    let name = &gateway.name;
    if let GatewayKind::Simulator(_) = gateway.kind {
        return Finding::well("webhooks", format!("{name}: none needed"));
    }
    if gateway.is_unverified() {
        let advice = format!("set gateways.{name}.params.proof and secrets.inbound");
        return Finding::wrong("webhooks", format!("{name}: anybody may post replies in its name"), advice);
    }
    match &config.server.public_url {
        Some(public) => {
            let base = public.as_str().trim_end_matches('/');
            let url = format!("{base}/v1/gateways/{name}/inbound");
            let mut secrets = gateway.bound.doors.iter().map(|door| door.verifier.url_secret());
            let found = match secrets.find_map(|secret| secret) {
                Some((Place::Path, _)) => {
                    format!("{name}: {url}/SECRET, to be set at the gateway; put secrets.inbound for SECRET")
                }
                Some((Place::Query(parameter), _)) => format!(
                    "{name}: {url}?{parameter}=SECRET, to be set at the gateway; put secrets.inbound for SECRET"
                ),
                Some((Place::Header(_) | Place::Basic(_) | Place::Bearer, _)) | None => {
                    format!("{name}: {url}, to be set at the gateway")
                }
            };
            Finding::well("webhooks", found)
        }
        None => Finding::watch(
            "webhooks",
            format!("{name}: nobody knows where the world reaches us"),
            "set server.public_url; delivery reports by URL need it",
        ),
    }
}

fn examine_surveys(config: &Config, findings: &mut Vec<Finding>) {
    let part = "surveys";
    if config.uses_examples() {
        return findings
            .push(Finding::well(part, format!("the {} built-in examples", EXAMPLE_SURVEYS.len())));
    }
    let folder = &config.surveys.folder;
    let paths = match survey_paths(folder) {
        Ok(paths) => paths,
        Err(error) => {
            let found = format!("{} cannot be read: {error}", folder.display());
            return findings.push(Finding::wrong(part, found, "correct surveys.folder"));
        }
    };
    let installation = installation(config);
    let mut sound = 0;
    for SurveyFile { path, checked } in check_files(&paths, &installation.context()) {
        let shown = path.display();
        let (found, advice) = match checked {
            Ok(checked) if checked.survey.is_some() => {
                sound += 1;
                continue;
            }
            Ok(checked) => {
                let is_error = |finding: &&finding::Finding| finding.severity == Severity::Error;
                let errors = checked.findings.iter().filter(is_error).count();
                let advice = format!("`antiphon survey check {shown}` shows them; the survey is not loaded");
                (format!("{shown} has {errors} errors"), advice)
            }
            Err(error) => (format!("{shown}: {error}"), "make it readable for this user".to_owned()),
        };
        findings.push(Finding::wrong(part, found, advice));
    }
    findings.push(if sound == 0 {
        let found = format!("no survey in {} can run", folder.display());
        Finding::watch(part, found, "put a survey file there; `antiphon demo` shows one at work")
    } else {
        Finding::well(part, format!("{sound} in {}", folder.display()))
    });
}
