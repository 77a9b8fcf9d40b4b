//! The plain sections of the configuration: what each setting is, its unit and its limits. Defaults stand in
//! `config.default.toml` alone.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveTime;
use chrono_tz::Tz;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::fault::FaultCode;
use super::reader::Reader;
use crate::gateway::check_base_url;
use crate::survey::Language;

const DAY: u64 = 86_400;

/// `[server]`
#[derive(Clone, Debug)]
pub struct Server {
    /// Address to listen on.
    pub bind: SocketAddr,
    /// A reverse proxy ends TLS (RS8).
    pub behind_proxy: bool,
    /// Proxies whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Where the world reaches us (RP13).
    pub public_url: Option<Url>,
    /// A separate address for `/metrics` (O2).
    pub metrics_bind: Option<SocketAddr>,
    /// Bearer token of `/metrics`.
    pub metrics_key: Option<SecretString>,
    /// Most open connections per worker.
    pub connections_per_worker: usize,
    /// For a request's head.
    pub head_timeout: Duration,
    /// For a request's body.
    pub body_timeout: Duration,
    /// For requests in flight when we stop.
    pub shutdown_timeout: Duration,
}

impl Server {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let address = |reader: &mut Reader, key: &str| {
            reader.read(key, None, |raw| match raw.text().as_deref().map(str::trim) {
                Some("") => Ok(None),
                Some(text) => text
                    .parse()
                    .map(Some)
                    .map_err(|_| format!("`{text}` is not an address and port such as 127.0.0.1:8080")),
                None => Err("write an address and port such as \"127.0.0.1:8080\"".to_owned()),
            })
        };
        let proxies = reader.list("server.trusted_proxies", None);
        let trusted_proxies: Vec<IpAddr> = proxies.iter().filter_map(|text| text.parse().ok()).collect();
        if trusted_proxies.len() < proxies.len() {
            reader.fault(
                FaultCode::InvalidValue,
                "server.trusted_proxies",
                "write addresses such as 10.0.0.1",
            );
        }
        let bind: Option<SocketAddr> = address(reader, "server.bind");
        let metrics_bind = address(reader, "server.metrics_bind");
        let behind_proxy = reader.flag("server.behind_proxy", None);
        for (key, bound) in [("server.bind", bind), ("server.metrics_bind", metrics_bind)] {
            if bound.is_some_and(|bound| !bound.ip().is_loopback()) && !behind_proxy {
                let problem = "plain HTTP on an address that others reach; put a proxy with TLS in front and set \
                               server.behind_proxy = true, or bind to 127.0.0.1";
                reader.fault(FaultCode::PlaintextBind, key, problem);
            }
        }
        Self {
            bind: bind.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            behind_proxy,
            trusted_proxies,
            public_url: public_url(reader),
            metrics_bind,
            metrics_key: reader.secret("server.metrics_key", None),
            connections_per_worker: reader.integer("server.connections_per_worker", None, &(1..=1_000_000)),
            head_timeout: reader.duration("server.head_timeout", None, &(1..=60)),
            body_timeout: reader.duration("server.body_timeout", None, &(1..=300)),
            shutdown_timeout: reader.duration("server.shutdown_timeout", None, &(0..=300)),
        }
    }
}

fn public_url(reader: &mut Reader) -> Option<Url> {
    let text = reader.optional("server.public_url", None)?;
    match check_base_url(&text) {
        Ok(url) => Some(url),
        Err(fault) => {
            reader.fault(FaultCode::InvalidValue, "server.public_url", fault.to_string());
            None
        }
    }
}

/// How much a commit survives (RF3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Power loss.
    Full,
    /// The end of the process, not power loss.
    Relaxed,
}

/// `[database]`
#[derive(Clone, Debug)]
pub struct Database {
    /// `sqlite:` or `postgres:` URL; may hold a password.
    pub url: SecretString,
    /// How much a commit survives.
    pub durability: Durability,
    /// Most turns in one write transaction.
    pub writer_batch: usize,
    /// Writers on PostgreSQL.
    pub writers: usize,
    /// Connections that only read.
    pub readers: usize,
    /// Longest statement.
    pub statement_timeout: Duration,
    /// Longest wait for a lock.
    pub lock_timeout: Duration,
    /// Longest wait for a free connection.
    pub pool_wait: Duration,
}

impl Database {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            url: database_url(reader),
            durability: reader
                .word(
                    "database.durability",
                    None,
                    &[("full", Durability::Full), ("relaxed", Durability::Relaxed)],
                )
                .unwrap_or(Durability::Full),
            writer_batch: reader.integer("database.writer_batch", None, &(1..=512)),
            writers: reader.integer("database.writers", None, &(1..=32)),
            readers: reader.integer("database.readers", None, &(1..=128)),
            statement_timeout: reader.duration("database.statement_timeout", None, &(1..=600)),
            lock_timeout: reader.duration("database.lock_timeout", None, &(1..=600)),
            pool_wait: reader.duration("database.pool_wait", None, &(1..=600)),
        }
    }
}

/// The backend is decided by the scheme, never by trying (RP12).
fn database_url(reader: &mut Reader) -> SecretString {
    let url = reader.secret("database.url", None).unwrap_or_default();
    let text = url.expose_secret();
    let sqlite = text
        .strip_prefix("sqlite:")
        .is_some_and(|file| !file.trim_start_matches('/').is_empty());
    let postgres = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    if !sqlite && !postgres {
        let problem = "write sqlite:FILE or postgres://user:password@host/name";
        reader.fault(FaultCode::InvalidValue, "database.url", problem);
    }
    if sqlite {
        reader.show_instead("database.url", text.to_owned());
    } else if let Ok(mut shown) = Url::parse(text)
        && postgres
    {
        // Where it has a password; parameters may hold one too.
        let hidden = shown.password().map(|_| "redacted");
        let _ = shown.set_password(hidden);
        shown.set_query(None);
        reader.show_instead("database.url", shown.into());
    }
    url
}

/// What SendSurvey does while a conversation is open (A62).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuringConversation {
    /// Starts the survey.
    Allow,
    /// Refuses.
    Reject,
}

/// `[surveys]`
#[derive(Clone, Debug)]
pub struct Surveys {
    /// Folder of the survey files.
    pub folder: PathBuf,
    /// Zone of times that come without one (P11, A05).
    pub default_timezone: Tz,
    /// How long an equal SendSurvey is a repeat (A03).
    pub duplicate_window: Duration,
    /// No survey without recorded consent (A09).
    pub require_consent: bool,
    /// SendSurvey while a conversation is open (A62).
    pub survey_during_conversation: DuringConversation,
    /// Replies on another sender number find the session (A28).
    pub cross_channel_lookup: bool,
    /// How long an ended session still answers (A29).
    pub ended_session_memory: Duration,
    /// Prefixes that count as mobile (A10).
    pub extra_mobile_prefixes: Vec<String>,
    /// Name the checker looks for when the survey states none (GW68).
    pub sender_name: Option<String>,
}

impl Surveys {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let during = [
            ("allow", DuringConversation::Allow),
            ("reject", DuringConversation::Reject),
        ];
        let prefixes = reader.list("surveys.extra_mobile_prefixes", None);
        let digits = |prefix: &String| {
            let digits = prefix.trim_start_matches('+');
            (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !prefixes.iter().all(digits) {
            let problem = "write prefixes with country code such as \"+47580\"";
            reader.fault(FaultCode::InvalidValue, "surveys.extra_mobile_prefixes", problem);
        }
        let default_timezone = reader.read("surveys.default_timezone", None, |raw| {
            let zone = raw.text().and_then(|text| text.trim().parse::<Tz>().ok());
            zone.map(Some)
                .ok_or_else(|| "write an IANA zone such as Europe/Oslo".to_owned())
        });
        let folder = reader.optional("surveys.folder", None);
        if folder.is_none() {
            reader.fault(
                FaultCode::MissingKey,
                "surveys.folder",
                "name a folder such as surveys",
            );
        }
        Self {
            folder: PathBuf::from(folder.unwrap_or_default()),
            default_timezone: default_timezone.unwrap_or(Tz::UTC),
            duplicate_window: reader.duration("surveys.duplicate_window", None, &(0..=30 * DAY)),
            require_consent: reader.flag("surveys.require_consent", None),
            survey_during_conversation: reader
                .word("surveys.survey_during_conversation", None, &during)
                .unwrap_or(DuringConversation::Allow),
            cross_channel_lookup: reader.flag("surveys.cross_channel_lookup", None),
            ended_session_memory: reader.duration("surveys.ended_session_memory", None, &(0..=90 * DAY)),
            extra_mobile_prefixes: prefixes,
            sender_name: reader.optional("surveys.sender_name", None),
        }
    }
}

/// `[texts]`: which language a person gets when no session tells it (A21).
#[derive(Clone, Debug)]
pub struct Texts {
    /// When nothing is known.
    pub language: Language,
    /// By country code, without `+`.
    pub language_by_country: BTreeMap<String, Language>,
}

impl Texts {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let language = language(reader, "texts.language", None).unwrap_or_else(Language::en);
        let key = "texts.language_by_country";
        let mut language_by_country = BTreeMap::new();
        for entry in reader.list(key, None) {
            let pair = entry
                .split_once('=')
                .map(|(code, language)| (code.trim(), Language::parse(language)));
            match pair {
                Some((code, Ok(language))) if is_country_code(code) => {
                    language_by_country.insert(code.to_owned(), language);
                }
                Some(_) | None => {
                    let problem = format!("`{entry}` is not a country code and a language such as 47=no");
                    reader.fault(FaultCode::InvalidValue, key, problem);
                }
            }
        }
        Self {
            language,
            language_by_country,
        }
    }
}

/// One to three digits, no leading zero.
pub(super) fn is_country_code(code: &str) -> bool {
    let digits = code.bytes().all(|byte| byte.is_ascii_digit());
    digits && (1..=3).contains(&code.len()) && !code.starts_with('0')
}

/// A language code, or `None` when it is empty.
pub(super) fn language(reader: &mut Reader, key: &str, default: Option<&str>) -> Option<Language> {
    let code = reader.optional(key, default)?;
    match Language::parse(&code) {
        Ok(language) => Some(language),
        Err(fault) => {
            reader.fault(FaultCode::InvalidValue, key, fault.to_string());
            None
        }
    }
}

/// What STOP ends (A57).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopScope {
    /// Everything to the phone.
    Global,
    /// The survey it was said in.
    Survey,
}

/// `[consent]`
#[derive(Clone, Copy, Debug)]
pub struct Consent {
    /// What STOP ends.
    pub stop_scope: StopScope,
    /// First time of day for campaigns, triggers, reminders (A68).
    pub quiet_hours_end: NaiveTime,
    /// First time of day without them.
    pub quiet_hours_start: NaiveTime,
}

impl Consent {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let scopes = [("global", StopScope::Global), ("survey", StopScope::Survey)];
        let time = |reader: &mut Reader, key: &str| {
            reader.read(key, None, |raw| {
                let time = raw
                    .text()
                    .and_then(|text| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok());
                time.ok_or_else(|| "write a time of day such as 08:00".to_owned())
            })
        };
        let quiet_hours_end = time(reader, "consent.quiet_hours_end");
        let quiet_hours_start = time(reader, "consent.quiet_hours_start");
        if quiet_hours_end >= quiet_hours_start {
            let problem = "quiet hours start after they end, on the same day: 08:00 and 21:00";
            reader.fault(FaultCode::InvalidValue, "consent.quiet_hours_start", problem);
        }
        Self {
            stop_scope: reader
                .word("consent.stop_scope", None, &scopes)
                .unwrap_or(StopScope::Global),
            quiet_hours_end,
            quiet_hours_start,
        }
    }
}

/// `[limits]`: counts, all whole numbers.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Per API key (RS6).
    pub requests_per_second: u32,
    /// At once, before the rate binds.
    pub requests_burst: u32,
    /// Per gateway, soft.
    pub webhooks_per_second: u32,
    /// P49.
    pub not_found_per_phone_per_day: u32,
    /// P49.
    pub not_found_per_channel_per_hour: u32,
    /// A32.
    pub unavailable_per_session: u32,
    /// RF38.
    pub outbound_per_phone_per_hour: u32,
    /// RF38.
    pub inbound_per_session: u32,
    /// L05.
    pub recipients_per_request: u32,
    /// RE36.
    pub due_max: u64,
    /// RE36.
    pub due_age_max: Duration,
    /// RE36.
    pub queue_max: usize,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut count =
            |key: &str, least: u32| reader.integer(&format!("limits.{key}"), None, &(least..=1_000_000));
        Self {
            requests_per_second: count("requests_per_second", 1),
            requests_burst: count("requests_burst", 1),
            webhooks_per_second: count("webhooks_per_second", 1),
            not_found_per_phone_per_day: count("not_found_per_phone_per_day", 0),
            not_found_per_channel_per_hour: count("not_found_per_channel_per_hour", 0),
            unavailable_per_session: count("unavailable_per_session", 0),
            outbound_per_phone_per_hour: count("outbound_per_phone_per_hour", 1),
            inbound_per_session: count("inbound_per_session", 1),
            recipients_per_request: count("recipients_per_request", 1),
            due_max: u64::from(count("due_max", 1)),
            due_age_max: reader.duration("limits.due_age_max", None, &(1..=30 * DAY)),
            queue_max: reader.integer("limits.queue_max", None, &(1..=1_000_000)),
        }
    }
}

/// `[outbox]`
#[derive(Clone, Copy, Debug)]
pub struct Outbox {
    /// A send that has not settled by then is unknown (RE16).
    pub lease: Duration,
    /// SMS claimed at once.
    pub claim_batch: usize,
    /// Sends in flight per channel (RF10).
    pub concurrency_per_channel: usize,
    /// First wait after a safe failure; doubles (RF11).
    pub retry_base: Duration,
    /// Longest wait (RF12).
    pub retry_max: Duration,
    /// Attempts before `failed` (RF11).
    pub attempts_max: u32,
    /// Wait for proof of an unknown send (RE19).
    pub unknown_proof: Duration,
    /// Wait for a delivery report (A76).
    pub receipt_timeout: Duration,
    /// Slowest look when nothing wakes the dispatcher.
    pub poll: Duration,
}

impl Outbox {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let retry_base = reader.duration("outbox.retry_base", None, &(1..=3_600));
        let retry_max = reader.duration("outbox.retry_max", None, &(1..=DAY));
        if retry_max < retry_base {
            reader.fault(
                FaultCode::InvalidValue,
                "outbox.retry_max",
                "is shorter than outbox.retry_base",
            );
        }
        Self {
            lease: reader.duration("outbox.lease", None, &(5..=3_600)),
            claim_batch: reader.integer("outbox.claim_batch", None, &(1..=4_096)),
            concurrency_per_channel: reader.integer("outbox.concurrency_per_channel", None, &(1..=256)),
            retry_base,
            retry_max,
            attempts_max: reader.integer("outbox.attempts_max", None, &(1..=100)),
            unknown_proof: reader.duration("outbox.unknown_proof", None, &(1..=DAY)),
            receipt_timeout: reader.duration("outbox.receipt_timeout", None, &(60..=30 * DAY)),
            poll: reader.duration("outbox.poll", None, &(1..=300)),
        }
    }
}

/// `[retention]`: how long rows are kept (RS11).
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Idempotency keys (RE25).
    pub idempotency: Duration,
    /// Inbound ids (RF17).
    pub dedupe: Duration,
    /// Raw callbacks.
    pub raw_callbacks: Duration,
    /// Texts of messages.
    pub message_texts: Duration,
    /// Phones (A78).
    pub phones: Duration,
    /// Rows (A78).
    pub rows: Duration,
    /// Audit log.
    pub audit: Duration,
}

impl Retention {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut days = |key: &str, least: u64| {
            reader.duration(&format!("retention.{key}"), None, &(least * DAY..=3_650 * DAY))
        };
        Self {
            idempotency: days("idempotency", 1),
            dedupe: days("dedupe", 90),
            raw_callbacks: days("raw_callbacks", 1),
            message_texts: days("message_texts", 1),
            phones: days("phones", 1),
            rows: days("rows", 1),
            audit: days("audit", 1),
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Plain,
    /// For machines.
    Json,
}

/// `[log]`
#[derive(Clone, Debug)]
pub struct Log {
    /// How lines are written.
    pub format: LogFormat,
    /// An `EnvFilter` directive list.
    pub level: String,
    /// Message texts at `trace` (O4).
    pub bodies: bool,
}

impl Log {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let formats = [("plain", LogFormat::Plain), ("json", LogFormat::Json)];
        let level = reader.text("log.level", None);
        if tracing_subscriber::EnvFilter::try_new(&level).is_err() {
            let problem = "write a level such as info, or antiphon=debug,info";
            reader.fault(FaultCode::InvalidValue, "log.level", problem);
        }
        Self {
            format: reader
                .word("log.format", None, &formats)
                .unwrap_or(LogFormat::Plain),
            level,
            bodies: reader.flag("log.bodies", None),
        }
    }
}
