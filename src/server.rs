//! [`Server`]: puts the parts together and runs them: database, surveys, channels, gateways, worker and HTTP.
//! Used by `serve`, by `demo` and by the tests alike; it decides nothing at run time.

mod settings;
mod worker_node;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpServer};
use secrecy::ExposeSecret;
use tokio::task::JoinHandle;

use crate::app::channels::Channels;
use crate::app::configure_channels::{ConfiguredChannel, configure_channels};
use crate::app::engine::Engine;
use crate::app::export::VariableNames;
use crate::app::follow_setup::read_setup;
use crate::app::gateway_health::GatewayHealth;
use crate::app::health::GaugesLooked;
use crate::app::heartbeat::Heartbeat;
use crate::app::installation::Installation;
use crate::app::keys::Keyring;
use crate::app::library::Library;
use crate::app::load_surveys::load_files;
use crate::app::outbox_load::OutboxLoad;
use crate::app::survey_files::{check_files, check_sources, survey_paths};
use crate::app::webhooks::Webhooks;
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::examples::EXAMPLES;
use crate::gateway::Gateways;
use crate::http::api::{Api, metrics_routes, routes, routes_without_metrics};
use crate::http::edge::{Edge, edge};
use crate::ids::Ids;
use crate::outbox::Notifier;
use crate::phone;
use crate::store::{Store, StoreError, WriteError};
use crate::telemetry::Metrics;
use crate::webhook::WebhookClient;
use crate::worker::Worker;
use settings::{configured, settings, store_settings};
pub(crate) use settings::{deployment_keywords, installation};
pub use worker_node::WorkerNode;

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
    /// The client that calls webhooks.
    #[error("webhooks cannot be called: {0}")]
    Webhooks(reqwest::Error),
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
    /// Where `/metrics` is, if it has an address of its own (O2).
    pub metrics_address: Option<SocketAddr>,
    /// Its engine, for commands in the same process and for tests.
    pub engine: Engine,
    listeners: Vec<Listener>,
    worker: Worker,
}

/// One address that is served.
#[derive(Debug)]
struct Listener {
    address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
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
        load_surveys(&engine, &config, engine.clock.now())?;
        let seen = read_setup(&mut engine.store.command_connection()?, &engine)?;
        tokio::task::spawn_blocking(phone::warm_up);
        let worker = match role {
            Role::Whole => {
                Worker::start(&engine, seen, config.server.public_url.clone(), notifier(&engine, &config)?)
                    .await?
            }
            Role::WithoutWorker => Worker::follow_only(&engine, seen),
        };
        let api = Api::new(engine.clone(), Arc::clone(&config));
        let metrics_bind = config.server.metrics_bind;
        let main_routes = if metrics_bind.is_some() { routes_without_metrics } else { routes };
        let main = listen(&config, &api, config.server.bind, main_routes)?;
        let metrics = match metrics_bind {
            Some(address) => Some(listen(&config, &api, address, metrics_routes)?),
            None => None,
        };
        Ok(Self {
            address: main.address,
            metrics_address: metrics.as_ref().map(|listener| listener.address),
            engine,
            listeners: [Some(main), metrics].into_iter().flatten().collect(),
            worker,
        })
    }

    /// Stops in the order of RE38: no more claims, no more requests, sends in flight finish, the database closes.
    pub async fn stop(self) {
        for listener in &self.listeners {
            listener.handle.stop(true).await;
        }
        self.worker.stop().await;
        for listener in self.listeners {
            listener.end().await;
        }
        close(self.engine).await;
    }
}

impl Listener {
    /// Waits for its last request; it was told to stop.
    async fn end(self) {
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the HTTP server ended with a panic");
        }
    }
}

/// Closes the database when nobody else uses it any more.
async fn close(engine: Engine) {
    let clock = engine.clock.clone();
    let store = engine.store.clone();
    drop(engine);
    let closed = tokio::task::spawn_blocking(move || store.close(&clock));
    if let Err(error) = closed.await {
        tracing::error!(%error, "the database was not closed");
    }
}

/// Who calls the webhooks.
fn notifier(engine: &Engine, config: &Config) -> Result<Notifier, StartError> {
    let client = WebhookClient::new(config.webhooks.timeout, config.webhooks.allow_private);
    Ok(Notifier::new(engine, client.map_err(StartError::Webhooks)?, config.webhooks.timeout))
}

/// The engine with what is stored in memory, the survey files not yet.
fn build_engine(config: &Config, clock: Clock, ids: Ids) -> Result<Engine, StartError> {
    let gateways = Gateways::open(config.gateways.values(), &ids)
        .map_err(|(name, error)| StartError::Gateway { name, error })?;
    let url = config.database.url.expose_secret();
    let store = Store::open(url, &store_settings(config), &clock, &ids)?;
    let now = clock.now();
    let mut connection = store.command_connection()?;
    let configured: Vec<ConfiguredChannel> =
        config.channels.values().map(|c| configured(c, config)).collect();
    configure_channels(&mut connection, &configured, &ids, now)?;
    let engine = Engine {
        node: ids.next(now).into(),
        store,
        clock,
        ids,
        library: Library::default(),
        channels: Channels::default(),
        gateways,
        health: GatewayHealth::default(),
        webhooks: Webhooks::default(),
        keys: Keyring::default(),
        outbox_load: OutboxLoad::default(),
        gauges_looked: GaugesLooked::default(),
        heartbeat: Heartbeat::default(),
        settings: Arc::new(settings(config)),
        metrics: Metrics::new(),
        variable_names: VariableNames::default(),
    };
    read_setup(&mut connection, &engine)?;
    for gateway in engine.gateways.iter().filter(|gateway| engine.health.of(gateway.name()).is_paused) {
        tracing::warn!(gateway = gateway.name(), "sending through this gateway is paused");
    }
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

/// Serves these routes on an address.
fn listen(
    config: &Config,
    api: &Api,
    address: SocketAddr,
    routes: fn(&mut ServiceConfig),
) -> Result<Listener, StartError> {
    let bind = |error| StartError::Bind { address, error };
    let api = api.clone();
    let edge_data = Edge {
        clock: api.engine.clock.clone(),
        ids: api.engine.ids.clone(),
        body_timeout: config.server.body_timeout,
    };
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
    Ok(Listener { address: bound, handle, serving: tokio::spawn(running) })
}
