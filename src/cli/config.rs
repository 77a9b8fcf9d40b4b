//! `antiphon config`: every fault of the configuration at once, and what is in force (T11). Never prints a secret.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::config_args::ConfigArgs;
use super::{Outcome, print_json};
use crate::config::{Config, Fault};

pub(super) const EXAMPLES: &str = "Examples:\n  antiphon config check\n  antiphon config show --redacted";

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Report every fault of the configuration
    #[command(
        after_help = "Examples:\n  antiphon config check\n  antiphon config check --config /etc/antiphon.toml\n\n\
        Exit codes: 0 no faults, 3 faults"
    )]
    Check(CheckArgs),
    /// Print what is in force and where each value comes from
    #[command(after_help = "Examples:\n  antiphon config show --redacted\n  antiphon config show --json")]
    Show(ShowArgs),
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Hide secrets; they are never shown, with or without it
    #[arg(long)]
    redacted: bool,
}

/// Runs a command.
pub(super) fn run(command: &ConfigCommand, json: bool) -> anyhow::Result<Outcome> {
    match command {
        ConfigCommand::Check(args) => Ok(check(&args.config, json)),
        ConfigCommand::Show(ShowArgs { config, redacted: _ }) => show(config, json),
    }
}

fn check(args: &ConfigArgs, json: bool) -> Outcome {
    match args.load(Vec::new()) {
        Ok(config) => {
            let warnings = config.warnings();
            if json {
                print_json(&json!({"valid": true, "faults": [], "warnings": warnings}));
            } else {
                warnings.iter().for_each(|warning| println!("warning: {warning}"));
                println!("The configuration has no faults.");
            }
            Outcome::Done
        }
        Err(faults) => {
            if json {
                let listed: Vec<Value> = faults.0.iter().map(fault).collect();
                print_json(&json!({"valid": false, "faults": listed, "warnings": []}));
            } else {
                print!("{faults}");
            }
            Outcome::Invalid
        }
    }
}

fn fault(fault: &Fault) -> Value {
    json!({
        "code": fault.code.as_str(),
        "key": fault.key,
        "problem": fault.problem,
        "source": fault.source.to_string(),
    })
}

fn show(args: &ConfigArgs, json: bool) -> anyhow::Result<Outcome> {
    let config: Config = args.load(Vec::new())?;
    if json {
        let values = config.effective.iter().map(|(key, shown)| {
            (key.to_owned(), json!({"value": shown.value, "source": shown.source.to_string()}))
        });
        print_json(&Value::Object(values.collect()));
    } else {
        print!("{}", config.effective);
    }
    Ok(Outcome::Done)
}
