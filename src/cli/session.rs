//! `antiphon session`: one session of a running server, shown or acted upon through the HTTP API.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, ClientArgs, list, text};
use super::table::{Table, cell};
use super::{Outcome, confirm, print_json, runtime};

pub(super) const EXAMPLES: &str = "Examples:\n  \
    antiphon session show 01a1fcb0-af02-744d-a7f2-370d9e261365\n  \
    antiphon session cancel 01a1fcb0-af02-744d-a7f2-370d9e261365 --reason \"called back\" --yes";

#[derive(Debug, Subcommand)]
pub(super) enum SessionCommand {
    /// Show a session: its state, its answers and its SMS
    #[command(after_help = "Examples:\n  antiphon session show 01a1fcb0-af02-744d-a7f2-370d9e261365\n  \
        antiphon session show 01a1fcb0-af02-744d-a7f2-370d9e261365 --json")]
    Show(ShowArgs),
    /// Close a session and cancel its waiting SMS; the person is told nothing
    #[command(after_help = "Examples:\n  antiphon session cancel 01a1fcb0-af02-744d-a7f2-370d9e261365\n  \
        antiphon session cancel 01a1fcb0-af02-744d-a7f2-370d9e261365 --reason \"wrong number\" --yes")]
    Cancel(CancelArgs),
    /// Send the current question again
    #[command(after_help = "Example:\n  antiphon session resend 01a1fcb0-af02-744d-a7f2-370d9e261365")]
    Resend(ChangeArgs),
    /// End the halt of a session that faulted
    #[command(after_help = "Example:\n  antiphon session release 01a1fcb0-af02-744d-a7f2-370d9e261365")]
    Release(ChangeArgs),
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Its id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    #[command(flatten)]
    change: ChangeArgs,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    /// Its id
    #[arg(value_name = "ID")]
    id: String,
    /// Change nothing; show the session that would be changed
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    client: ClientArgs,
}

/// Runs a command.
pub(super) fn run(command: &SessionCommand, json: bool) -> anyhow::Result<Outcome> {
    match command {
        SessionCommand::Show(ShowArgs { id, client }) => show(&client.client()?, id, json),
        SessionCommand::Cancel(args) => cancel(args, json),
        SessionCommand::Resend(args) => change(args, "resend", &json!({}), json),
        SessionCommand::Release(args) => change(args, "release", &json!({}), json),
    }
}

fn show(client: &Client, id: &str, json: bool) -> anyhow::Result<Outcome> {
    let path = ["v1", "sessions", id];
    let session = runtime()?.block_on(client.get(&path, &[("expand", "messages,answers")]))?;
    if json {
        print_json(&session);
        return Ok(Outcome::Done);
    }
    println!("{}", line(&session));
    println!("\n{}", answers(&session));
    let mut table = Table::new(&["at", "direction", "state", "text"]);
    for message in list(&session, "messages") {
        // A transcript holds both directions; outbound SMS tell when they were handed over.
        let at = ["at", "receivedAt", "acceptedAt", "dueAt"].into_iter().map(|name| text(message, name));
        let at = at.into_iter().find(|at| !at.is_empty()).unwrap_or_default();
        let direction = message.get("direction").map_or_else(|| "outbound".to_owned(), cell);
        let state =
            ["state", "outcome"].into_iter().map(|name| text(message, name)).find(|state| !state.is_empty());
        table.row(vec![
            at.to_owned(),
            direction,
            state.unwrap_or_default().to_owned(),
            text(message, "text").to_owned(),
        ]);
    }
    print!("{}", table.render());
    Ok(Outcome::Done)
}

/// What a session is and where it stands, in a few lines.
fn line(session: &Value) -> String {
    let reason = match text(session, "statusReason") {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    let halted = match text(session, "haltedAt") {
        "" => String::new(),
        at => format!("\nhalted since {at}; `antiphon session release` ends it"),
    };
    format!(
        "session {}\n{} revision {}, {}{reason}, at {}, to {}, language {}\ncreated {}, closes {}{halted}",
        text(session, "id"),
        text(session, "surveyId"),
        cell(session.get("revision").unwrap_or(&Value::Null)),
        text(session, "status"),
        match text(session, "currentElementId") {
            "" => "-",
            element => element,
        },
        text(session, "identifier"),
        text(session, "language"),
        text(session, "createdAt"),
        text(session, "expiryTime")
    )
}

/// The stored answers of a session with `expand=answers`, as a table.
pub(super) fn answers(session: &Value) -> String {
    let mut table =
        Table::new(&["question", "state", "reply", "value", "index", "code", "label", "comment", "method"]);
    for answer in list(session, "answers") {
        let columns = ["elementId", "state", "raw", "value", "index", "code", "label", "comment", "method"];
        table.row(columns.iter().map(|name| cell(answer.get(*name).unwrap_or(&Value::Null))));
    }
    table.render()
}

fn cancel(args: &CancelArgs, json: bool) -> anyhow::Result<Outcome> {
    let question = format!("Close session {}? The person gets no further SMS of it.", args.change.id);
    if !args.change.dry_run && !confirm(&question, args.yes)? {
        return Ok(Outcome::Done);
    }
    change(&args.change, "cancel", &json!({"reason": args.reason}), json)
}

fn change(args: &ChangeArgs, verb: &str, body: &Value, json: bool) -> anyhow::Result<Outcome> {
    let client = args.client.client()?;
    let session = runtime()?.block_on(async {
        if args.dry_run {
            return client.get(&["v1", "sessions", &args.id], &[]).await;
        }
        let url = client.url(&["v1", "sessions", &args.id, verb], &[]);
        Ok(client.post(url, body.to_string()).await?.1)
    })?;
    if json {
        print_json(&session);
    } else {
        let prefix = if args.dry_run { format!("would {verb} ") } else { String::new() };
        println!("{prefix}{}", line(&session));
    }
    Ok(Outcome::Done)
}
