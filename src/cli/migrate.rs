//! `antiphon migrate`: brings the schema of the database up to this binary's, or says what it would do.

use clap::Args;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::config_args::ConfigArgs;
use super::{Outcome, print_json};
use crate::store::{DatabaseUrl, migrate};

pub(super) const EXAMPLES: &str = "Examples:\n  antiphon migrate --dry-run\n  antiphon migrate\n  \
    antiphon migrate --database postgres://antiphon@localhost/antiphon";

#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Change nothing; name the migrations that would run
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub(super) fn run(args: &MigrateArgs, json: bool) -> anyhow::Result<Outcome> {
    let config = args.config.load(Vec::new())?;
    let url = DatabaseUrl::parse(config.database.url.expose_secret())?;
    let names = if args.dry_run {
        // A file that is not there must not be made by looking.
        let target = if url.is_missing_file() { DatabaseUrl::Sqlite(":memory:".to_owned()) } else { url };
        migrate::pending(&mut target.connect()?)?
    } else {
        migrate::migrate(&mut url.connect()?)?
    };
    if json {
        print_json(&json!({"dryRun": args.dry_run, "migrations": names}));
        return Ok(Outcome::Done);
    }
    let word = if args.dry_run { "would run" } else { "ran" };
    names.iter().for_each(|name| println!("{word} {name}"));
    if names.is_empty() {
        eprintln!("The database is up to date.");
    }
    Ok(Outcome::Done)
}
