//! [`Server`]: puts the parts together and runs them: database, surveys, channels, gateways, worker and HTTP.
//! Used by `serve`, by `demo` and by the tests alike; it decides nothing at run time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use secrecy::ExposeSecret;
use tokio::task::JoinHandle;

use crate::app::channel_keywords::{KeywordWords, OwnKeywords};
use crate::app::configure_channels::{ConfiguredChannel, GatewayTraits, configure_channels};
use crate::app::engine::{Engine, Settings};
use crate::app::gateway_health::GatewayHealth;
use crate::app::heartbeat::Heartbeat;
use crate::app::installation::Installation;
use crate::app::keys::Keyring;
use crate::app::load_surveys::{load_files, read_library};
use crate::app::manage_gateways::read_paused;
use crate::app::outbox_load::OutboxLoad;
use crate::app::survey_files::{check_files, check_sources, survey_paths};
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, Countries, StopScope};
use crate::examples::EXAMPLES;
use crate::gateway::{Gateways, SenderType};
use crate::http::api::{Api, routes};
use crate::http::edge::{Edge, edge};
use crate::i18n::SystemText;
use crate::ids::Ids;
use crate::phone::{self, PhoneRules};
use crate::session::Keywords;
use crate::session::keywords::KeywordSettings;
use crate::session::retry::Backoff;
use crate::store::disk::LowMarks;
use crate::store::{DatabaseUrl, Store, StoreError, WriteError};
use crate::survey::check::{Context, FileName, check};
use crate::survey::{Language, SendWindow};
use crate::telemetry::Metrics;
use crate::worker::Worker;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The recovery after a crash could not be stored.
    #[error(transparent)]
    Recovery(#[from] WriteError),
    /// A gateway.
    #[error("gateway {name}: {error}")]
    Gateway {
        /// Its name in the configuration.
        name: String,
        /// What is wrong.
        error: crate::gateway::OpenError,
    },
    /// The survey folder.
    #[error("cannot read the survey folder {folder}: {error}")]
    Surveys {
        /// The folder.
        folder: String,
        /// What the machine said.
        error: std::io::Error,
    },
    /// The address.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the machine said.
        error: std::io::Error,
    },
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its engine, for commands in the same process and for tests.
    pub engine: Engine,
    http: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    worker: Option<Worker>,
}

/// How a server is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// HTTP and background work.
    Whole,
    /// HTTP alone: another process works (PostgreSQL).
    WithoutWorker,
}

impl Server {
    /// Starts everything; answers when the address is bound.
    ///
    /// # Errors
    /// [`StartError`]: which part does not start, and why.
    pub async fn start(config: Config, clock: Clock, ids: Ids, role: Role) -> Result<Self, StartError> {
        let config = Arc::new(config);
        let engine = build_engine(&config, clock, ids)?;
        tokio::task::spawn_blocking(phone::warm_up);
        let worker = match role {
            Role::Whole => Some(Worker::start(&engine, config.server.public_url.clone()).await?),
            Role::WithoutWorker => None,
        };
        let (address, serving, http) = listen(&config, &engine)?;
        Ok(Self { address, engine, http, serving, worker })
    }

    /// Stops in the order of RE38: no more claims, no more requests, sends in flight finish, the database closes.
    pub async fn stop(self) {
        self.http.stop(true).await;
        if let Some(worker) = self.worker {
            worker.stop().await;
        }
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the HTTP server ended with a panic");
        }
        let clock = self.engine.clock.clone();
        let store = self.engine.store.clone();
        drop(self.engine);
        let closed = tokio::task::spawn_blocking(move || store.close(&clock));
        if let Err(error) = closed.await {
            tracing::error!(%error, "the database was not closed");
        }
    }
}

fn build_engine(config: &Config, clock: Clock, ids: Ids) -> Result<Engine, StartError> {
    let gateways = Gateways::open(config.gateways.values(), &ids)
        .map_err(|(name, error)| StartError::Gateway { name, error })?;
    let url = config.database.url.expose_secret();
    let store = Store::open(url, &clock, &ids)?;
    let now = clock.now();
    let mut connection = DatabaseUrl::parse(url)?.connect()?;
    let traits: BTreeMap<String, GatewayTraits> = gateways
        .iter()
        .map(|gateway| {
            let has_sessions = gateway.supports_sessions();
            let is_simulator = gateway.simulator().is_some();
            (gateway.name().to_owned(), GatewayTraits { has_sessions, is_simulator })
        })
        .collect();
    let configured: Vec<ConfiguredChannel> =
        config.channels.values().map(|c| configured(c, config)).collect();
    let channels = configure_channels(&mut connection, &configured, &traits, &config.lexicons, &ids, now)?;
    // A revision that was loaded once runs on, whatever words the configuration has taken since (A45).
    let library = read_library(&mut connection, |survey_id, source| {
        check(source, &FileName::new(format!("{survey_id}.yaml")), &Context::default()).survey
    })?;
    let health = GatewayHealth::default();
    read_paused(&mut connection, &health)?;
    let engine = Engine {
        node: ids.next(now).into(),
        store,
        clock,
        ids,
        library,
        channels,
        gateways,
        health,
        keys: Keyring::default(),
        outbox_load: OutboxLoad::default(),
        heartbeat: Heartbeat::default(),
        settings: Arc::new(settings(config)),
        metrics: Metrics::new(),
    };
    load_surveys(&engine, config, now)?;
    Ok(engine)
}

/// Loads the surveys of the configuration: its folder, or the built-in examples when nobody named a folder and
/// the default one is not there (T12).
///
/// # Errors
/// [`StartError`] as [`load_folder`].
pub fn load_surveys(engine: &Engine, config: &Config, now: Timestamp) -> Result<(), StartError> {
    if !config.uses_examples() {
        return load_folder(engine, &config.surveys.folder, now);
    }
    let sources = EXAMPLES.iter().map(|example| {
        let path = PathBuf::from(format!("{}.yaml", example.id));
        (path, Ok(example.source.to_owned()))
    });
    Ok(load_files(engine, check_sources(sources, &Installation::of(engine).context()), now)?)
}

/// Loads the survey files of a folder. A folder that does not exist holds no surveys.
///
/// # Errors
/// [`StartError::Surveys`] when the folder cannot be read; [`StartError::Store`] when nothing can be stored.
pub fn load_folder(engine: &Engine, folder: &Path, now: Timestamp) -> Result<(), StartError> {
    let unreadable = |error| StartError::Surveys { folder: folder.display().to_string(), error };
    if !folder.exists() {
        tracing::warn!(folder = %folder.display(), "there is no survey folder");
        return Ok(());
    }
    let paths = survey_paths(folder).map_err(unreadable)?;
    Ok(load_files(engine, check_files(&paths, &Installation::of(engine).context()), now)?)
}

fn listen(
    config: &Arc<Config>,
    engine: &Engine,
) -> Result<(SocketAddr, JoinHandle<std::io::Result<()>>, ServerHandle), StartError> {
    let address = config.server.bind;
    let bind = |error| StartError::Bind { address, error };
    let api = Api::new(engine.clone(), Arc::clone(config));
    let edge_data = Edge { clock: engine.clock.clone(), ids: engine.ids.clone() };
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(edge_data.clone()))
            .app_data(web::Data::new(api.clone()))
            .wrap(from_fn(edge))
            .configure(routes)
    })
    .workers(2)
    .max_connections(config.server.connections_per_worker)
    .client_request_timeout(config.server.head_timeout)
    .shutdown_timeout(config.server.shutdown_timeout.as_secs())
    .disable_signals()
    .bind(address)
    .map_err(bind)?;
    let bound = server.addrs().first().copied().unwrap_or(address);
    let running = server.run();
    let handle = running.handle();
    Ok((bound, tokio::spawn(running), handle))
}

fn settings(config: &Config) -> Settings {
    let days = |wait: std::time::Duration| chrono::Duration::from_std(wait).unwrap_or(chrono::Duration::MAX);
    let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let (surveys, limits, outbox) = (&config.surveys, &config.limits, &config.outbox);
    let per_day = i32::try_from(limits.not_found_per_phone_per_day).unwrap_or(1).max(1);
    Settings {
        duplicate_window: days(surveys.duplicate_window),
        require_consent: surveys.require_consent,
        not_found_gap: chrono::Duration::hours(24) / per_day,
        not_found_per_hour: count(limits.not_found_per_channel_per_hour),
        unavailable_max: count(limits.unavailable_per_session),
        ended_memory: days(surveys.ended_session_memory),
        cross_channel_lookup: surveys.cross_channel_lookup,
        inbound_per_session: count(limits.inbound_per_session),
        outbound_per_phone_hour: count(limits.outbound_per_phone_per_hour),
        lease: days(outbox.lease),
        attempts_max: count(outbox.attempts_max),
        proof_wait: days(outbox.unknown_proof),
        receipt_wait: days(outbox.receipt_timeout),
        default_timezone: surveys.default_timezone,
        phone_rules: PhoneRules { extra_mobile_prefixes: surveys.extra_mobile_prefixes.clone() },
        sender_name: surveys.sender_name.clone(),
        keywords: deployment_keywords(config),
        outbox_max: i64::try_from(limits.due_max).unwrap_or(i64::MAX),
        ignore_send_windows: surveys.ignore_send_windows,
        element_gap_override: outbox.element_gap_override.map(days),
        outbox_age_max: days(limits.due_age_max),
        disk_marks: LowMarks::new(limits.disk_low_mb, limits.disk_low_percent),
        reminder_hours: SendWindow {
            from: config.consent.quiet_hours_end,
            to: config.consent.quiet_hours_start,
            days: Vec::new(),
            timezone: None,
        },
        idempotency_window: days(config.retention.idempotency),
        sends_per_channel: outbox.concurrency_per_channel,
        poll: days(outbox.poll),
        backoff: Backoff { base: days(outbox.retry_base), longest: days(outbox.retry_max) },
        language: config.texts.language.clone(),
        language_by_country: config.texts.language_by_country.clone(),
        ..Settings::default()
    }
}

fn configured(channel: &crate::config::Channel, config: &Config) -> ConfiguredChannel {
    let scope = channel.keyword_scope.unwrap_or(config.consent.stop_scope);
    ConfiguredChannel {
        name: channel.name.clone(),
        enabled: channel.enabled,
        gateway: channel.gateway.clone(),
        sender: channel.sender.clone(),
        sender_type: match channel.sender_type {
            SenderType::ShortNumber => "short_number",
            SenderType::International | SenderType::Alphanumeric => "international",
        },
        subnumbering: channel.subnumbering,
        allowed_countries: match &channel.allowed_countries {
            Countries::All => None,
            Countries::Only(codes) => Some(codes.iter().cloned().collect()),
        },
        throttle_micro: micro(channel.throttle_per_second),
        on_ambiguous: channel.on_ambiguous.as_str(),
        default_language: channel.default_language.as_ref().map(|language| language.code().to_owned()),
        keyword_scope: match scope {
            StopScope::Global => "global",
            StopScope::Survey => "survey",
        },
        texts: texts(channel),
        default_skill: None,
        keywords: serde_json::json!(own_keywords(channel)),
    }
}

/// The built-in keywords with the deployment's word lists.
pub(crate) fn deployment_keywords(config: &Config) -> Keywords {
    Keywords::new(&KeywordSettings::default(), Arc::clone(&config.lexicons))
}

/// What the configuration adds to the check of survey files.
pub(crate) fn installation(config: &Config) -> Installation {
    let own: Vec<OwnKeywords> = config.channels.values().map(own_keywords).collect();
    Installation::new(config.surveys.sender_name.as_deref(), &own)
}

/// The channel's own words, as the API shows them.
fn own_keywords(channel: &crate::config::Channel) -> OwnKeywords {
    let words = |own: &crate::config::Keywords| KeywordWords {
        opt_out_strong: own.opt_out_strong.clone(),
        opt_out_weak: own.opt_out_weak.clone(),
        opt_in: own.opt_in.clone(),
        help: own.help.clone(),
    };
    channel.keywords.iter().map(|(language, own)| (language.clone(), words(own))).collect()
}

/// A rate in millionths.
#[expect(clippy::cast_possible_truncation, reason = "rates are far below 2^63 millionths")]
fn micro(per_second: f64) -> i64 {
    (per_second * 1_000_000.0).round() as i64
}

/// The channel's wordings in the built-in languages and in those of its own texts.
fn texts(channel: &crate::config::Channel) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut languages = BTreeSet::from([Language::en(), Language::no()]);
    languages.extend(channel.texts.languages().cloned());
    let wordings = |text: SystemText| {
        let wording = |language: &Language| {
            Some((language.code().to_owned(), channel.texts.in_language(text, language)?.to_owned()))
        };
        (text.as_str().to_owned(), languages.iter().filter_map(wording).collect())
    };
    SystemText::ALL.into_iter().map(wordings).collect()
}
