//! `antiphon serve`: runs the server until a signal ends it. SIGTERM and SIGINT stop it in order (RE38), a second
//! one at once; SIGHUP reloads the surveys (T13).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::config_args::ConfigArgs;
use super::{Outcome, runtime};
use crate::clock::Clock;
use crate::config::{Config, LogFormat};
use crate::ids::Ids;
use crate::server::{self, Role, Server};
use crate::store::keys;
use crate::telemetry;

pub(super) const EXAMPLES: &str = "Examples:\n  antiphon serve\n  \
    antiphon serve --bind 127.0.0.1:9000 --database sqlite:/var/lib/antiphon/antiphon.db\n  \
    antiphon serve --config /etc/antiphon.toml --surveys /etc/antiphon/surveys\n\n\
    Signals: SIGTERM and SIGINT stop it in order, a second one at once; SIGHUP reloads the surveys.";

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Folder of the survey files [default: surveys; the built-in examples, if it is not there]
    #[arg(long, value_name = "FOLDER")]
    surveys: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(super) fn run(args: &ServeArgs, json: bool) -> anyhow::Result<Outcome> {
    let surveys = args.surveys.as_ref().map(|folder| folder.display().to_string());
    let config = args.config.load(vec![("server.bind", args.bind.clone()), ("surveys.folder", surveys)])?;
    telemetry::start(&config.log).context("logging cannot be started")?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    runtime()?.block_on(serve(config, json))
}

async fn serve(config: Config, json: bool) -> anyhow::Result<Outcome> {
    let mut signals = Signals::listen()?;
    let config = Arc::new(config);
    let ids = Ids::system().context("this machine gives no randomness")?;
    let server = Server::start(Config::clone(&config), Clock::system(), ids, Role::Whole).await?;
    announce(&server, &config, json).await?;
    while signals.next().await == Asked::Reload {
        reload(&server, &config).await;
    }
    tracing::info!("stopping; a second signal ends at once");
    tokio::select! {
        () = server.stop() => Ok(Outcome::Done),
        () = signals.until_stop() => {
            eprintln!("antiphon: ended at once");
            // As safe as kill -9 (RE38): what was in flight is found at the next start.
            std::process::exit(1)
        }
    }
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Stop,
    Reload,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hangup.recv() => Asked::Reload,
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
    let shown = |key: &str| {
        config.effective.iter().find(|(known, _)| *known == key).map(|(_, shown)| shown.value.clone())
    };
    let database = shown("database.url").unwrap_or_default();
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

/// An address a person can open: every interface is reached by the loopback address.
fn reachable(address: SocketAddr) -> SocketAddr {
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
