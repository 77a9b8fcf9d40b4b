//! `antiphon send`: the SendSurvey call of a running server (T2). It decides nothing that the server decides.

use clap::Args;
use serde_json::{Map, Value, json};

use super::client::{ClientArgs, list, text};
use super::table::{Table, cell};
use super::{Outcome, print_json, runtime};

pub(super) const EXAMPLES: &str = "Examples:\n  \
    antiphon send csat-after-call --to +4799999999 --var queueKey=sales --lang no --dry-run\n  \
    antiphon send nps --to +4799999999 --reference order-184 --key-file key.txt";

#[derive(Debug, Args)]
pub(super) struct SendArgs {
    /// Slug or UUID of the survey
    #[arg(value_name = "SURVEY")]
    survey: String,
    /// Mobile number with country code, such as +4799999999
    #[arg(long, value_name = "PHONE")]
    to: String,
    /// A userSessionVariable; may be given several times
    #[arg(long = "var", value_name = "KEY=VALUE", value_parser = pair)]
    variables: Vec<(String, String)>,
    /// Language, such as en or no
    #[arg(long = "lang", visible_alias = "language", value_name = "LANGUAGE")]
    language: Option<String>,
    /// Text in front of the first SMS
    #[arg(long, value_name = "TEXT")]
    content: Option<String>,
    /// Your own reference; the same one again within 24 hours starts nothing new
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    /// When the session closes, such as 2026-11-22T06:00:00Z
    #[arg(long, value_name = "TIME")]
    expiry: Option<String>,
    /// When the first SMS leaves, such as 2026-11-21T08:00:00+01:00
    #[arg(long, value_name = "TIME")]
    send_at: Option<String>,
    /// Sender channel
    #[arg(long, value_name = "UUID")]
    channel_id: Option<String>,
    /// What an open session of the same phone means
    #[arg(long, value_name = "POLICY", value_parser = ["supersede", "queue", "reject", "parallel"])]
    if_open_session: Option<String>,
    /// A test session: left out of figures and exports
    #[arg(long)]
    test: bool,
    /// Store and send nothing; show what would happen
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    client: ClientArgs,
}

/// `KEY=VALUE`; the value may hold further equal signs.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        Some(_) | None => Err("write KEY=VALUE, such as queueKey=sales".to_owned()),
    }
}

/// Runs the command.
pub(super) fn run(args: &SendArgs, json: bool) -> anyhow::Result<Outcome> {
    let client = args.client.client()?;
    let query: &[(&str, &str)] = if args.dry_run { &[("dryRun", "true")] } else { &[] };
    let url = client.url(&["v1", "surveys", &args.survey, "send"], query);
    let (_, session) = runtime()?.block_on(client.post(url, body(args).to_string()))?;
    for warning in list(&session, "warnings") {
        eprintln!("warning {}: {}", text(warning, "code"), text(warning, "detail"));
    }
    if json {
        print_json(&session);
    } else {
        print!("{}", summary(&session, args.dry_run));
    }
    Ok(Outcome::Done)
}

fn body(args: &SendArgs) -> Value {
    let mut body = Map::new();
    body.insert("identifier".to_owned(), json!(args.to));
    body.insert("identifierType".to_owned(), json!("Phone"));
    body.insert("channel".to_owned(), json!("SMS"));
    let variables = args.variables.iter().map(|(key, value)| json!({"key": key, "value": value}));
    body.insert("userSessionVariables".to_owned(), variables.collect());
    let optional = [
        ("language", &args.language),
        ("content", &args.content),
        ("clientReference", &args.reference),
        ("expiryTime", &args.expiry),
        ("sendAt", &args.send_at),
        ("channelId", &args.channel_id),
        ("ifOpenSession", &args.if_open_session),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            body.insert(name.to_owned(), json!(value));
        }
    }
    if args.test {
        body.insert("isTest".to_owned(), json!(true));
    }
    Value::Object(body)
}

/// The session in a line, and its SMS in a table.
pub(super) fn summary(session: &Value, dry_run: bool) -> String {
    let id = if dry_run { "(dry run: nothing stored, nothing sent)" } else { text(session, "id") };
    let again =
        if session.get("duplicate").and_then(Value::as_bool) == Some(true) { ", started before" } else { "" };
    let mut out = format!(
        "session {id}\n{}, {}, language {}, closes {}{again}\n",
        text(session, "surveyId"),
        text(session, "status"),
        text(session, "language"),
        text(session, "expiryTime")
    );
    let mut table = Table::new(&["due", "class", "element", "segments", "text"]);
    let mut is_empty = true;
    for message in list(session, "messages") {
        let columns = ["dueAt", "class", "elementId", "segments", "text"];
        table.row(columns.iter().map(|name| cell(message.get(*name).unwrap_or(&Value::Null))));
        is_empty = false;
    }
    if !is_empty {
        out.push_str(&table.render());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::pair;

    #[test]
    fn a_variable_is_a_key_and_a_value() {
        assert_eq!(pair("queueKey=a=b"), Ok(("queueKey".to_owned(), "a=b".to_owned())));
        assert_eq!(pair("queueKey="), Ok(("queueKey".to_owned(), String::new())));
        assert!(pair("queueKey").is_err() && pair("=x").is_err());
    }
}
