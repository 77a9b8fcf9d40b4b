//! `antiphon gateway …`: profiles of gateways, and what a configured gateway makes of a call (GW10). Nothing is stored
//! and no SMS is sent.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::config_args::ConfigFile;
use super::report::excerpt;
use super::table::Table;
use super::{Outcome, Usage, print_json, runtime};
use crate::config::Config;
use crate::gateway::profile::{BUILT_IN, Profiles, schema};
use crate::gateway::{Callback, CallbackItem, Gateway};
use crate::ids::Ids;

#[derive(Debug, Subcommand)]
pub(super) enum GatewayCommand {
    /// Report every fault of profile files
    #[command(after_help = "Example:\n  antiphon gateway check profiles/acme.yaml\n\n\
        Exit codes: 0 no faults, 3 faults, 1 unreadable file, 2 wrong usage")]
    Check(CheckArgs),
    /// List the profiles there are
    #[command(after_help = "Examples:\n  antiphon gateway list\n  antiphon gateway list --json")]
    List(ConfigFile),
    /// Print a built-in profile, to start one's own from
    #[command(after_help = "Example:\n  antiphon gateway show generic > profiles/acme.yaml")]
    Show(ShowArgs),
    /// Print the JSON Schema of profile files, for editors
    #[command(after_help = "Example:\n  antiphon gateway schema > profile.schema.json")]
    Schema,
    /// See whether a configured gateway answers at all; no SMS is sent
    #[command(after_help = "Example:\n  antiphon gateway ping puzzel\n\n\
        Exit codes: 0 it answers, 1 it does not, 3 faults of the configuration")]
    Ping(PingArgs),
    /// Show what a configured gateway's profile makes of a call; nothing is stored
    #[command(after_help = "Examples:\n  \
        antiphon gateway simulate-inbound puzzel --type application/json call.json\n  \
        antiphon gateway simulate-inbound kannel --method GET --query 'id=1&from=%2B4799999999&to=2012&text=5'\n\n\
        Exit codes: 0 all of it was understood, 3 something would become a dead letter")]
    SimulateInbound(SimulateArgs),
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Profile files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Name of a built-in profile
    #[arg(value_name = "PROFILE")]
    profile: String,
}

#[derive(Debug, Args)]
pub(super) struct PingArgs {
    /// Name of the gateway in the configuration
    #[arg(value_name = "GATEWAY")]
    gateway: String,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// Name of the gateway in the configuration
    #[arg(value_name = "GATEWAY")]
    gateway: String,
    /// File with the body of the call; none = an empty body
    #[arg(value_name = "FILE")]
    body: Option<PathBuf>,
    /// Method of the call
    #[arg(long, value_name = "METHOD", default_value = "POST", value_parser = ["GET", "POST"])]
    method: String,
    /// Content-Type of the call
    #[arg(long = "type", value_name = "TYPE")]
    content_type: Option<String>,
    /// Query of the call, without `?`
    #[arg(long, value_name = "QUERY", default_value = "")]
    query: String,
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs a gateway command.
pub(super) fn run(command: &GatewayCommand, json: bool) -> anyhow::Result<Outcome> {
    match command {
        GatewayCommand::Check(args) => check(&args.files, json),
        GatewayCommand::List(config) => Ok(list(&config.load(Vec::new())?, json)),
        GatewayCommand::Show(args) => show(&args.profile),
        GatewayCommand::Schema => {
            print!("{}", schema());
            Ok(Outcome::Done)
        }
        GatewayCommand::Ping(args) => ping(args, json),
        GatewayCommand::SimulateInbound(args) => simulate(args, json),
    }
}

fn check(files: &[PathBuf], json: bool) -> anyhow::Result<Outcome> {
    let mut faults = Vec::new();
    for file in files {
        let source = read(file)?;
        if let Err(found) = Profiles::check(&file.display().to_string(), &source) {
            faults.extend(found.0);
        }
    }
    if json {
        let told = faults.iter().map(|fault| {
            json!({
                "file": fault.file,
                "line": fault.located.line,
                "column": fault.located.column,
                "message": fault.message,
                "hint": fault.hint,
            })
        });
        print_json(&json!({"valid": faults.is_empty(), "faults": told.collect::<Vec<_>>()}));
    } else {
        for fault in &faults {
            let place = &fault.located;
            let heading = format!("{}:{}:{}: error: {}", fault.file, place.line, place.column, fault.message);
            print!("{}", excerpt(&heading, place, &fault.hint));
        }
        let count = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        eprintln!("{} checked: {}", count(files.len(), "profile"), count(faults.len(), "fault"));
    }
    Ok(if faults.is_empty() { Outcome::Done } else { Outcome::Invalid })
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn list(config: &Config, json: bool) -> Outcome {
    let used = |name: &str| {
        let gateways = config.gateways.values().filter(|gateway| gateway.bound.profile.name == name);
        gateways.map(|gateway| gateway.name.clone()).collect::<Vec<_>>()
    };
    if json {
        let profiles = config.profiles.iter().map(|profile| {
            let params = profile.params.iter().map(|param| {
                json!({"name": param.name, "default": param.default, "required": param.default.is_none()})
            });
            json!({
                "profile": profile.name,
                "version": profile.version,
                "baseUrl": profile.base_url,
                "params": params.collect::<Vec<_>>(),
                "secrets": profile.secrets,
                "gateways": used(&profile.name),
            })
        });
        print_json(&profiles.collect::<Value>());
        return Outcome::Done;
    }
    let mut table = Table::new(&["PROFILE", "VERSION", "NEEDS", "GATEWAYS"]);
    for profile in config.profiles.iter() {
        let params = profile.params.iter().filter(|param| param.default.is_none());
        let params = params.map(|param| format!("params.{}", param.name));
        let secrets = profile.secrets.iter().map(|secret| format!("secrets.{secret}"));
        let address = profile.base_url.is_none() && profile.send.is_some();
        let needs = address.then(|| "base_url".to_owned()).into_iter().chain(params).chain(secrets);
        table.row([
            profile.name.clone(),
            profile.version.to_string(),
            needs.collect::<Vec<_>>().join(", "),
            used(&profile.name).join(", "),
        ]);
    }
    print!("{}", table.render());
    Outcome::Done
}

fn show(name: &str) -> anyhow::Result<Outcome> {
    let Some((_, source)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) else {
        let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        return Err(Usage(format!("no profile {name} is built in; there is {}", known.join(", "))).into());
    };
    print!("{source}");
    Ok(Outcome::Done)
}

/// One gateway of the configuration.
fn open(name: &str, config: &ConfigFile) -> anyhow::Result<Gateway> {
    let config = config.load(Vec::new())?;
    let Some(settings) = config.gateways.get(name) else {
        let known: Vec<&str> = config.gateways.keys().map(String::as_str).collect();
        return Err(Usage(format!("there is no gateway {name}; there is {}", known.join(", "))).into());
    };
    Ok(Gateway::open(settings, &Ids::system()?)?)
}

fn ping(args: &PingArgs, json: bool) -> anyhow::Result<Outcome> {
    let gateway = open(&args.gateway, &args.config)?;
    let started = Instant::now();
    let answer = runtime()?.block_on(gateway.ping());
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (name, is_there) = (gateway.name(), answer.is_ok());
    if json {
        let (status, problem) = match answer {
            Ok(status) => (status, None),
            Err(problem) => (None, Some(problem)),
        };
        let told = json!({"gateway": name, "answers": is_there, "status": status, "problem": problem,
            "milliseconds": milliseconds});
        print_json(&told);
    } else {
        match answer {
            Ok(Some(status)) => println!("{name} answers with status {status} after {milliseconds} ms"),
            Ok(None) => println!("{name} is the simulator: it is always there"),
            Err(problem) => println!("{name} does not answer: {problem}"),
        }
    }
    Ok(if is_there { Outcome::Done } else { Outcome::Failed })
}

fn simulate(args: &SimulateArgs, json: bool) -> anyhow::Result<Outcome> {
    let gateway = open(&args.gateway, &args.config)?;
    let body = match &args.body {
        Some(file) => std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?,
        None => Vec::new(),
    };
    if !gateway.reads(&args.method, args.content_type.as_deref()) {
        println!("no variant of the profile {} takes such a call: it is answered 415", gateway.profile());
        return Ok(Outcome::Invalid);
    }
    let target = format!("/v1/gateways/{}/inbound?{}", gateway.name(), args.query);
    let headers: Vec<(&str, &[u8])> =
        args.content_type.iter().map(|stated| ("content-type", stated.as_bytes())).collect();
    let items = gateway.parse(&Callback {
        method: &args.method,
        target: &target,
        headers: &headers,
        path_secret: None,
        address: None,
        body: &body,
    });
    let told: Vec<Value> = items.iter().map(item).collect();
    if json {
        print_json(&Value::Array(told));
    } else if told.is_empty() {
        println!("The call holds nothing.");
    } else {
        told.iter().for_each(|item| println!("{item}"));
    }
    let is_dead = items.iter().any(|item| matches!(item, CallbackItem::Dead { .. }));
    Ok(if is_dead { Outcome::Invalid } else { Outcome::Done })
}

fn item(item: &CallbackItem) -> Value {
    match item {
        CallbackItem::Inbound(sms) => {
            let flags: Vec<&str> = sms.flags.iter().map(|flag| flag.as_str()).collect();
            json!({"inbound": {"id": sms.id, "from": sms.from, "to": sms.to, "text": sms.text,
                "session": sms.session, "time": sms.provider_at, "flags": flags}})
        }
        CallbackItem::Report(report) => json!({"report": {"ref": report.our_ref, "id": report.external_id,
            "state": report.state.as_str(), "word": report.raw_state, "code": report.code,
            "reason": report.reason}}),
        CallbackItem::Dead { error, raw } => json!({"dead": error, "raw": raw}),
    }
}
