//! `antiphon keys`: API keys, made and revoked in the database beside a running server. A key's text is printed
//! once, alone, on standard output; only its hash is stored (RS1).

use anyhow::Context as _;
use chrono::Duration;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::config_args::ConfigArgs;
use super::table::{Table, cell};
use super::{Outcome, Usage, confirm, print_json};
use crate::app::api_key::{ApiKey, Scope};
use crate::clock::{Clock, Timestamp};
use crate::store::keys::{self, KeyRow};
use crate::store::{AnyConnection, open_for_command};

pub(super) const EXAMPLES: &str = "Examples:\n  antiphon keys create --name ivr --scope surveys:send > key.txt\n  \
    antiphon keys list\n  antiphon keys revoke 4kQ2xT9b --yes";

/// Stands for every scope there is.
const ALL: &str = "all";

/// The environment that stands in a key's text.
const ENVIRONMENT: &str = "live";

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Make a key; its text is printed once, and nothing else is
    #[command(
        after_help = "Examples:\n  antiphon keys create --name ivr --scope surveys:send > key.txt\n  \
        antiphon keys create --name analyst --scope sessions:read --scope reports:read --expires-days 90\n  \
        antiphon keys create --name operator --scope all\n\n\
        Without --scope a key gets every scope but admin and pii:read."
    )]
    Create(CreateArgs),
    /// List the keys, without their texts
    #[command(after_help = "Examples:\n  antiphon keys list\n  antiphon keys list --json")]
    List(ListArgs),
    /// End a key; a running server follows within a second
    #[command(
        after_help = "Examples:\n  antiphon keys revoke 4kQ2xT9b\n  antiphon keys revoke 4kQ2xT9b --yes"
    )]
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// What people call it
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What it may do; may be given several times: a scope such as surveys:send, or all
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', value_parser = scope_names())]
    scopes: Vec<String>,
    /// Limits it to a survey, by slug or UUID; may be given several times
    #[arg(long = "survey", value_name = "SURVEY")]
    surveys: Vec<String>,
    /// Limits it to a channel, by UUID; may be given several times
    #[arg(long = "channel", value_name = "UUID")]
    channels: Vec<String>,
    /// Days until it stops working
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(i64).range(1..=3650))]
    expires_days: i64,
    /// Make nothing; show what the key would be
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// Its id: the 8 characters that `keys list` shows
    #[arg(value_name = "ID")]
    id: String,
    /// Change nothing; show the key that would be revoked
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

fn scope_names() -> Vec<&'static str> {
    Scope::ALL
        .iter()
        .map(|scope| scope.as_str())
        .chain([ALL])
        .collect()
}

/// Runs a command.
pub(super) fn run(command: &KeysCommand, json: bool) -> anyhow::Result<Outcome> {
    let now = Clock::system().now();
    match command {
        KeysCommand::Create(args) => create(args, now, json),
        KeysCommand::List(ListArgs { config }) => list(config, now, json),
        KeysCommand::Revoke(args) => revoke(args, now, json),
    }
}

fn open(args: &ConfigArgs) -> anyhow::Result<AnyConnection> {
    let config = args.load(Vec::new())?;
    Ok(open_for_command(config.database.url.expose_secret())?)
}

fn create(args: &CreateArgs, now: Timestamp, json: bool) -> anyhow::Result<Outcome> {
    let name = args.name.trim();
    if name.is_empty() {
        return Err(Usage("--name is empty; name who uses the key, such as ivr".to_owned()).into());
    }
    let (key, mut row) = new_key(
        ENVIRONMENT,
        name,
        &scopes(&args.scopes),
        now,
        Duration::days(args.expires_days),
    )?;
    row.surveys = json!(args.surveys).to_string();
    row.channels = json!(args.channels).to_string();
    if args.dry_run {
        if json {
            print_json(&json!({"dryRun": true, "key": null, "scopes": scopes(&args.scopes)}));
        }
        eprintln!(
            "would make key {name} with {}, valid until {}",
            row.scopes,
            row.expires_at.and_utc()
        );
        return Ok(Outcome::Done);
    }
    keys::insert(&mut open(&args.config)?, &row)?;
    if json {
        let mut shown = view(&row, now);
        shown["key"] = json!(key.reveal());
        print_json(&shown);
    } else {
        println!("{}", key.reveal());
    }
    eprintln!(
        "Keep it safe: it is not shown again. It stops working on {}.",
        row.expires_at.date()
    );
    Ok(Outcome::Done)
}

/// The scopes asked for; without any, all that neither administer nor unmask.
fn scopes(asked: &[String]) -> Vec<Scope> {
    let is_usual = |scope: &Scope| !matches!(scope, Scope::Admin | Scope::PiiRead);
    let is_asked = |scope: &Scope| asked.iter().any(|word| word == ALL || word == scope.as_str());
    let is_meant = |scope: &Scope| {
        if asked.is_empty() {
            is_usual(scope)
        } else {
            is_asked(scope)
        }
    };
    Scope::ALL.iter().copied().filter(is_meant).collect()
}

/// A new key and the row that stands for it; neither is stored yet.
pub(super) fn new_key(
    environment: &str,
    name: &str,
    scopes: &[Scope],
    now: Timestamp,
    life: Duration,
) -> anyhow::Result<(ApiKey, KeyRow)> {
    let mut random = [0; 40];
    getrandom::fill(&mut random).context("this machine gives no randomness")?;
    let key = ApiKey::generate(environment, &random).context("the environment does not fit into a key")?;
    let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let row = KeyRow {
        id: key.id().to_owned(),
        name: name.to_owned(),
        hash: key.hash().to_hex(),
        scopes: json!(words).to_string(),
        surveys: "[]".to_owned(),
        channels: "[]".to_owned(),
        created_at: now.naive_utc(),
        expires_at: (now + life).naive_utc(),
        revoked_at: None,
        last_used_at: None,
    };
    Ok((key, row))
}

fn list(args: &ConfigArgs, now: Timestamp, json: bool) -> anyhow::Result<Outcome> {
    let rows = keys::all(&mut open(args)?)?;
    if json {
        print_json(&rows.iter().map(|row| view(row, now)).collect());
        return Ok(Outcome::Done);
    }
    if rows.is_empty() {
        eprintln!("There is no key yet. Make one: antiphon keys create --name NAME");
        return Ok(Outcome::Done);
    }
    let mut table = Table::new(&["id", "name", "state", "scopes", "created", "expires", "last used"]);
    for row in &rows {
        let view = view(row, now);
        let columns = [
            "id",
            "name",
            "state",
            "scopes",
            "createdAt",
            "expiresAt",
            "lastUsedAt",
        ];
        table.row(
            columns
                .iter()
                .map(|name| cell(view.get(*name).unwrap_or(&Value::Null)))
                .collect(),
        );
    }
    print!("{}", table.render());
    Ok(Outcome::Done)
}

fn revoke(args: &RevokeArgs, now: Timestamp, json: bool) -> anyhow::Result<Outcome> {
    let mut connection = open(&args.config)?;
    let Some(row) = keys::find(&mut connection, &args.id)? else {
        anyhow::bail!("there is no key {}; `antiphon keys list` shows them", args.id);
    };
    if args.dry_run {
        eprintln!("would revoke {} ({})", row.id, row.name);
        return Ok(Outcome::Done);
    }
    if !confirm(
        &format!(
            "Revoke {} ({})? Whoever uses it is refused from now on.",
            row.id, row.name
        ),
        args.yes,
    )? {
        return Ok(Outcome::Done);
    }
    keys::revoke(&mut connection, &args.id, now.naive_utc())?;
    if json {
        let row = keys::find(&mut connection, &args.id)?.unwrap_or(row);
        print_json(&view(&row, now));
    } else {
        eprintln!("Revoked {} ({}).", row.id, row.name);
    }
    Ok(Outcome::Done)
}

/// A key as people and scripts see it, without its text.
fn view(row: &KeyRow, now: Timestamp) -> Value {
    let listed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    let at = |time: chrono::NaiveDateTime| time.and_utc().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let state = match (row.revoked_at, row.expires_at <= now.naive_utc()) {
        (Some(_), _) => "revoked",
        (None, true) => "expired",
        (None, false) => "valid",
    };
    json!({
        "id": row.id,
        "name": row.name,
        "state": state,
        "scopes": listed(&row.scopes),
        "surveys": listed(&row.surveys),
        "channels": listed(&row.channels),
        "createdAt": at(row.created_at),
        "expiresAt": at(row.expires_at),
        "revokedAt": row.revoked_at.map(at),
        "lastUsedAt": row.last_used_at.map(at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_wish_a_key_neither_administers_nor_unmasks() {
        let usual = scopes(&[]);
        assert!(usual.contains(&Scope::SurveysSend) && usual.contains(&Scope::ReportsRead));
        assert!(!usual.contains(&Scope::Admin) && !usual.contains(&Scope::PiiRead));
        assert_eq!(scopes(&["all".to_owned()]), Scope::ALL);
        assert_eq!(scopes(&["admin".to_owned()]), [Scope::Admin]);
    }
}
