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
use crate::app::api_key::Scope;
use crate::app::audit::Actor;
use crate::app::manage_keys::{CreatedKey, NewKey, create_key, list_keys, revoke_key};
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
    #[command(after_help = "Examples:\n  antiphon keys create --name ivr --scope surveys:send > key.txt\n  \
        antiphon keys create --name analyst --scope sessions:read --scope reports:read --expires-days 90\n  \
        antiphon keys create --name operator --scope all\n\n\
        Without --scope a key may do everything; limit what leaves the house.")]
    Create(CreateArgs),
    /// List the keys, without their texts
    #[command(after_help = "Examples:\n  antiphon keys list\n  antiphon keys list --json")]
    List(ListArgs),
    /// End a key; running servers follow within a second
    #[command(
        after_help = "Examples:\n  antiphon keys revoke 4kQ2xT9b\n  antiphon keys revoke 4kQ2xT9b --yes"
    )]
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// What people call it; a name of its own is made up if there is none
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What it may do; may be given several times: a scope such as surveys:send, or all
    #[arg(long = "scope", visible_alias = "scopes", value_name = "SCOPE", value_delimiter = ',', value_parser = scope_names())]
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
    Scope::ALL.iter().map(|scope| scope.as_str()).chain([ALL]).collect()
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
    let name = match args.name.as_deref().map(str::trim) {
        Some("") => {
            return Err(Usage("--name is empty; name who uses the key, such as ivr".to_owned()).into());
        }
        Some(name) => name.to_owned(),
        None => format!("key-{}", now.timestamp_micros()),
    };
    let wish = NewKey {
        name,
        scopes: scopes(&args.scopes),
        surveys: args.surveys.clone(),
        channels: args.channels.clone(),
        expires_at: Some(now + Duration::days(args.expires_days)),
        env: ENVIRONMENT.to_owned(),
    };
    if args.dry_run {
        if json {
            print_json(&json!({"dryRun": true, "key": null, "scopes": scopes(&args.scopes)}));
        }
        eprintln!("would make key {} with {}", wish.name, json!(wish.scopes));
        return Ok(Outcome::Done);
    }
    let CreatedKey { row, key } = make(&mut open(&args.config)?, &wish, now)?;
    if json {
        let mut shown = view(&row, now);
        if let Some(members) = shown.as_object_mut() {
            members.insert("key".to_owned(), json!(key.reveal()));
        }
        print_json(&shown);
    } else {
        println!("{}", key.reveal());
    }
    eprintln!("Keep it safe: it is not shown again. It stops working on {}.", row.expires_at.date());
    Ok(Outcome::Done)
}

/// The scopes asked for; all of them when none is named.
fn scopes(asked: &[String]) -> Vec<Scope> {
    let is_meant =
        |scope: &Scope| asked.is_empty() || asked.iter().any(|word| word == ALL || word == scope.as_str());
    Scope::ALL.iter().copied().filter(is_meant).collect()
}

/// Makes a key and stores it.
pub(super) fn make(
    connection: &mut AnyConnection,
    wish: &NewKey,
    now: Timestamp,
) -> anyhow::Result<CreatedKey> {
    let mut random = [0; 40];
    getrandom::fill(&mut random).context("this machine gives no randomness")?;
    let made =
        connection.change(|connection| create_key(connection, wish, &random, &Actor::command(), now))?;
    Ok(made?)
}

fn list(args: &ConfigArgs, now: Timestamp, json: bool) -> anyhow::Result<Outcome> {
    let rows = list_keys(&mut open(args)?)?;
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
        let columns = ["id", "name", "state", "scopes", "createdAt", "expiresAt", "lastUsedAt"];
        table.row(columns.iter().map(|name| cell(view.get(*name).unwrap_or(&Value::Null))));
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
        &format!("Revoke {} ({})? Whoever uses it is refused from now on.", row.id, row.name),
        args.yes,
    )? {
        return Ok(Outcome::Done);
    }
    connection.change(|connection| revoke_key(connection, &args.id, &Actor::command(), now))?;
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
    fn a_key_may_do_everything_unless_it_is_limited() {
        assert_eq!(scopes(&[]), Scope::ALL);
        assert_eq!(scopes(&["all".to_owned()]), Scope::ALL);
        assert_eq!(scopes(&["admin".to_owned()]), [Scope::Admin]);
    }
}
