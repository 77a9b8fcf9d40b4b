//! `antiphon worker`: sends and fires timers for a PostgreSQL database, without an API, until a signal ends it.
//! SIGTERM and SIGINT stop it in order (RE38), a second one at once.

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::config_args::ConfigArgs;
use super::serve::{Asked, Signals, begin, reachable, shown_database};
use super::{Outcome, Usage, runtime};
use crate::clock::Clock;
use crate::config::{Config, LogFormat};
use crate::ids::Ids;
use crate::server::WorkerNode;

pub(super) const EXAMPLES: &str = "Examples:\n  antiphon worker --config /etc/antiphon.toml\n  \
    antiphon worker --database postgres://antiphon@localhost/antiphon\n\n\
    With server.metrics_bind it serves /livez, /readyz and /metrics there, and nothing else.\n\
    Signals: SIGTERM and SIGINT stop it in order, a second one at once.";

#[derive(Debug, Args)]
pub(super) struct WorkerArgs {
    /// Bring the database up to date first
    #[arg(long)]
    migrate: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(super) fn run(args: &WorkerArgs, json: bool) -> anyhow::Result<Outcome> {
    let migrate = args.migrate.then(|| "true".to_owned());
    let config = args.config.load(vec![("database.migrate", migrate)])?;
    if !config.database.is_shared() {
        let problem = "a worker shares its database with nodes that serve the API, and a SQLite file is locked by \
                       one process alone. `antiphon serve` does both there; for a worker of its own use PostgreSQL";
        return Err(Usage(problem.to_owned()).into());
    }
    begin(&config)?;
    runtime()?.block_on(work(config, json))
}

async fn work(config: Config, json: bool) -> anyhow::Result<Outcome> {
    let mut signals = Signals::listen()?;
    let ids = Ids::system().context("this machine gives no randomness")?;
    let (database, format) = (shown_database(&config), config.log.format);
    let node = WorkerNode::start(config, Clock::system(), ids).await?;
    let metrics = node.metrics_address.map(|address| format!("http://{}/metrics", reachable(address)));
    if json {
        println!("{}", json!({"database": database, "metrics": metrics}));
    }
    match format {
        LogFormat::Json => tracing::info!(database, metrics, "working"),
        LogFormat::Plain => {
            let shown = metrics.map(|url| format!(", figures at {url}")).unwrap_or_default();
            eprintln!("antiphon works for database {database}{shown}");
        }
    }
    while signals.next().await == Asked::Reload {
        tracing::info!("a worker reads its surveys from the database; the other settings need a restart");
    }
    signals.stop(node.stop()).await
}
