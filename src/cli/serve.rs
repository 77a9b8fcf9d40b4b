//! `antiphon serve`: runs the server until a signal ends it. SIGTERM and SIGINT stop it in order (RE38), a second
//! one at once; SIGHUP reloads the surveys (T13). On PostgreSQL many of them share one database.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::config_args::ConfigArgs;
use super::{Outcome, Usage, runtime};
use crate::clock::Clock;
use crate::config::{Config, LogFormat};
use crate::ids::Ids;
use crate::server::{self, Role, Server};
use crate::store::keys;
use crate::telemetry;

pub(super) const EXAMPLES: &str = "Examples:\n  antiphon serve\n  \
    antiphon serve --bind 127.0.0.1:9000 --database sqlite:/var/lib/antiphon/antiphon.db\n  \
    antiphon serve --config /etc/antiphon.toml --surveys /etc/antiphon/surveys\n  \
    antiphon serve --database postgres://antiphon@localhost/antiphon --migrate\n\n\
    Signals: SIGTERM and SIGINT stop it in order, a second one at once; SIGHUP reloads the surveys.";

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Folder of the survey files [default: surveys; the built-in examples, if it is not there]
    #[arg(long, value_name = "FOLDER")]
    surveys: Option<PathBuf>,
    /// Serve the API alone; sends and timers are left to other nodes (PostgreSQL)
    #[arg(long)]
    no_worker: bool,
    /// Bring the database up to date first (PostgreSQL; SQLite always is)
    #[arg(long)]
    migrate: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(super) fn run(args: &ServeArgs, json: bool) -> anyhow::Result<Outcome> {
    let surveys = args.surveys.as_ref().map(|folder| folder.display().to_string());
    let migrate = args.migrate.then(|| "true".to_owned());
    let config = args.config.load(vec![
        ("server.bind", args.bind.clone()),
        ("surveys.folder", surveys),
        ("database.migrate", migrate),
    ])?;
    let role = if args.no_worker { Role::WithoutWorker } else { Role::Whole };
    if role == Role::WithoutWorker && !config.database.is_shared() {
        let problem = "--no-worker leaves the sending to another process, and a SQLite file is used by one alone: \
                       nothing would ever be sent. Use PostgreSQL, or leave --no-worker away";
        return Err(Usage(problem.to_owned()).into());
    }
    begin(&config)?;
    runtime()?.block_on(serve(config, role, json))
}

/// Starts to log, first of all what is worth a warning.
pub(super) fn begin(config: &Config) -> anyhow::Result<()> {
    telemetry::start(&config.log).context("logging cannot be started")?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    Ok(())
}

async fn serve(config: Config, role: Role, json: bool) -> anyhow::Result<Outcome> {
    let mut signals = Signals::listen()?;
    let config = Arc::new(config);
    let ids = Ids::system().context("this machine gives no randomness")?;
    let server = Server::start(Config::clone(&config), Clock::system(), ids, role).await?;
    announce(&server, &config, json).await?;
    while signals.next().await == Asked::Reload {
        reload(&server, &config).await;
    }
    signals.stop(server.stop()).await
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Stop,
    Reload,
}

/// What the system tells the process.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    /// Stops in order, or at once if asked again.
    pub(super) async fn stop(mut self, stopping: impl Future<Output = ()>) -> anyhow::Result<Outcome> {
        tracing::info!("stopping; a second signal ends at once");
        tokio::select! {
            () = stopping => Ok(Outcome::Done),
            () = self.until_stop() => {
                eprintln!("antiphon: ended at once");
                // As safe as kill -9 (RE38): what was in flight is found at the next start.
                std::process::exit(1)
            }
        }
    }

    async fn until_stop(&mut self) {
        while self.next().await != Asked::Stop {}
    }
}

async fn reload(server: &Server, config: &Arc<Config>) {
    let (engine, config) = (server.engine.clone(), Arc::clone(config));
    let now = engine.clock.now();
    let loading = tokio::task::spawn_blocking(move || server::load_surveys(&engine, &config, now));
    match loading.await {
        Ok(Ok(())) => tracing::info!("surveys reloaded; the other settings need a restart"),
        Ok(Err(error)) => tracing::error!(%error, "the surveys were not reloaded"),
        Err(error) => tracing::error!(%error, "the reload of the surveys ended with a panic"),
    }
}

/// Says where the server is and what it serves; to people on standard error, to scripts on standard output.
async fn announce(server: &Server, config: &Config, json: bool) -> anyhow::Result<()> {
    let url = format!("http://{}", reachable(server.address));
    let database = shown_database(config);
    let surveys: Vec<String> = server.engine.library.all().into_iter().map(|survey| survey.id).collect();
    let keys = server.engine.store.read(keys::all).await?.len();
    if json {
        println!("{}", json!({"url": url, "database": database, "surveys": surveys, "keys": keys}));
    }
    if config.log.format == LogFormat::Json {
        tracing::info!(url, database, surveys = surveys.join(", "), keys, "serving");
        return Ok(());
    }
    let listed = match (surveys.is_empty(), config.uses_examples()) {
        (true, _) => format!("none in {}", config.surveys.folder.display()),
        (false, true) => format!("{} (built-in examples)", surveys.join(", ")),
        (false, false) => surveys.join(", "),
    };
    eprintln!("antiphon serves {url}, database {database}, surveys: {listed}");
    if keys == 0 {
        eprintln!(
            "There is no API key yet. Make one: antiphon keys create --name NAME --database {database}"
        );
    }
    Ok(())
}

/// The database's URL as it may be seen.
pub(super) fn shown_database(config: &Config) -> String {
    let found = config.effective.iter().find(|(key, _)| *key == "database.url");
    found.map(|(_, shown)| shown.value.clone()).unwrap_or_default()
}

/// An address a person can open: every interface is reached by the loopback address.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let mut shown = address;
    if address.ip().is_unspecified() {
        shown.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    shown
}
