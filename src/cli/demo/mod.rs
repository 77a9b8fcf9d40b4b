//! `antiphon demo`: the main job in one command. A real server on a temporary SQLite file with the simulator, the
//! real SendSurvey call with the seed's payload, and the person at the terminal is the phone. Nothing leaves the
//! machine, and nothing stays on it.

mod conversation;
mod payload;
mod screen;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use super::client::{Client, list, text};
use super::report::{self, ReportFormat};
use super::{Outcome, keys, print_json, runtime, session};
use crate::app::api_key::Scope;
use crate::app::manage_keys::NewKey;
use crate::clock::Clock;
use crate::config::{Config, Inputs};
use crate::examples;
use crate::gateway::Simulator;
use crate::ids::Ids;
use crate::server::{Role, Server};
use crate::store::open_for_command;
use crate::survey::check::{Checked, Context, FileName, check};
use crate::telemetry;
use conversation::Conversation;
use payload::{PHONE, payload};
use screen::Screen;

pub(super) const EXAMPLES: &str = "Examples:\n  antiphon demo\n  antiphon demo --survey nps --language no\n  \
    antiphon demo --survey surveys/my-survey.yaml --fast\n  printf '4\\nyes\\n' | antiphon demo --fast\n\n\
    Type a line to reply; Ctrl-D ends. When standard input is not a terminal, each line waits for its question.";

/// The survey that is played when none is named.
const SURVEY: &str = "csat-after-call";

/// The name of the gateway that the defaults bring.
const GATEWAY: &str = "simulator";

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// An example (csat-after-call, delivery-follow-up, nps) or a survey file
    #[arg(long, value_name = "SURVEY", default_value = SURVEY)]
    survey: String,
    /// Language, such as en or no [default: the survey's]
    #[arg(long, visible_alias = "lang", value_name = "LANGUAGE")]
    language: Option<String>,
    /// No gaps between the SMS
    #[arg(long)]
    fast: bool,
}

/// The survey to play.
struct Chosen {
    file: String,
    source: String,
    /// UUID, or the slug when the file has none.
    address: String,
    id: String,
}

/// Runs the command.
pub(super) fn run(args: &DemoArgs, json: bool) -> anyhow::Result<Outcome> {
    let Some(chosen) = choose(&args.survey)? else {
        return Ok(Outcome::Invalid);
    };
    let folder =
        tempfile::Builder::new().prefix("antiphon-demo-").tempdir().context("no temporary folder")?;
    let surveys = folder.path().join("surveys");
    std::fs::create_dir(&surveys)?;
    std::fs::write(surveys.join(&chosen.file), &chosen.source)?;
    let config = configure(folder.path(), &surveys, args.fast)?;
    telemetry::start(&config.log).context("logging cannot be started")?;
    runtime()?.block_on(play(config, &chosen, args.language.as_deref(), json))
}

/// The survey named: an example by its id, else a file. `None` when it has errors, which are printed.
fn choose(named: &str) -> anyhow::Result<Option<Chosen>> {
    let (file, source) = match examples::find(named) {
        Some(example) => (format!("{named}.yaml"), example.source.to_owned()),
        None => read(Path::new(named))?,
    };
    let Checked { survey, findings, .. } = check(&source, &FileName::new(&*file), &Context::default());
    let Some(survey) = survey else {
        eprint!("{}", report::render(&findings, ReportFormat::Human));
        return Ok(None);
    };
    let id = survey.id().to_owned();
    let address = survey.uuid.clone().unwrap_or_else(|| id.clone());
    Ok(Some(Chosen { file, source, address, id }))
}

fn read(path: &Path) -> anyhow::Result<(String, String)> {
    let ids: Vec<&str> = examples::EXAMPLES.iter().map(|example| example.id).collect();
    let source = std::fs::read_to_string(path).with_context(|| {
        format!("{} is neither an example ({}) nor a file that can be read", path.display(), ids.join(", "))
    })?;
    let name = path.file_name().context("the survey file has no name")?;
    Ok((name.to_string_lossy().into_owned(), source))
}

/// The configuration of a demo: the defaults, whatever file or environment there is, but for `RUST_LOG`.
fn configure(folder: &Path, surveys: &Path, fast: bool) -> anyhow::Result<Config> {
    let file: PathBuf = folder.join("antiphon.toml");
    std::fs::write(&file, "")?;
    let mut inputs = Inputs::of_process(Some(file), Vec::new());
    inputs.variables.retain(|(name, _)| name == "RUST_LOG");
    let mut flags = vec![
        ("server.bind", "127.0.0.1:0".to_owned()),
        ("server.shutdown_timeout", "1s".to_owned()),
        ("database.url", format!("sqlite:{}", folder.join("demo.db").display())),
        ("surveys.folder", surveys.display().to_string()),
        // Whoever is at the terminal is awake (send_window, F9).
        ("surveys.ignore_send_windows", "true".to_owned()),
        // One person asks as often as he likes.
        ("limits.requests_per_second", "1000".to_owned()),
        ("limits.requests_burst", "1000".to_owned()),
        ("limits.outbound_per_phone_per_hour", "1000".to_owned()),
    ];
    if inputs.variables.is_empty() {
        flags.push(("log.level", "error".to_owned()));
    }
    if fast {
        flags.push(("outbox.element_gap_override", "0s".to_owned()));
    }
    inputs.flags = flags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Ok(Config::load(&inputs)?)
}

async fn play(
    config: Config,
    chosen: &Chosen,
    language: Option<&str>,
    json: bool,
) -> anyhow::Result<Outcome> {
    let clock = Clock::system();
    let ids = Ids::system().context("this machine gives no randomness")?;
    let database = config.database.url.expose_secret().to_owned();
    let server = Server::start(config, clock, ids, Role::Whole).await?;
    let client = client(&server, &database)?;
    let gateway = server.engine.gateways.get(GATEWAY).and_then(|gateway| gateway.simulator()).cloned();
    let simulator = gateway.context("the simulator is missing")?;
    let screen = Screen::new(json);
    let ended = talk(&server, &client, &simulator, chosen, language, &screen).await;
    drop(client);
    server.stop().await;
    let session = ended?;
    if json {
        print_json(&session);
    } else {
        println!("{}", session::answers(&session).trim_end());
    }
    Ok(Outcome::Done)
}

/// A client with a key of its own.
fn client(server: &Server, database: &str) -> anyhow::Result<Client> {
    let wish = NewKey {
        name: "demo".to_owned(),
        scopes: vec![Scope::SurveysSend, Scope::SurveysRead, Scope::SessionsRead, Scope::PiiRead],
        surveys: Vec::new(),
        channels: Vec::new(),
        expires_at: None,
        env: "demo".to_owned(),
    };
    let key = keys::make(&mut open_for_command(database)?, &wish, server.engine.clock.now())?.key;
    let url = format!("http://{}", server.address).parse()?;
    Client::new(url, SecretString::from(key.reveal().to_owned()))
}

/// Sends the survey, lets the person reply, and gives the session with its answers at the end.
async fn talk(
    server: &Server,
    client: &Client,
    simulator: &Simulator,
    chosen: &Chosen,
    language: Option<&str>,
    screen: &Screen,
) -> anyhow::Result<serde_json::Value> {
    // Before the call: no SMS may leave unseen.
    let leaving = simulator.subscribe();
    let url = client.url(&["v1", "SendSurvey"], &[("surveyId", &chosen.address)]);
    screen.say(&format!(
        "antiphon demo: survey {} on a real server at http://{}, with a temporary database\n\n\
         POST {}?{}",
        chosen.id,
        server.address,
        url.path(),
        url.query().unwrap_or_default()
    ));
    let (status, session) = client.post(url, payload(language)).await?;
    let id = text(&session, "id").to_owned();
    let count = list(&session, "messages").count();
    screen.say(&format!("{status}: session {id}, {}, {count} SMS to send", text(&session, "status")));
    for warning in list(&session, "warnings") {
        screen.say(&format!("  warning {}: {}", text(warning, "code"), text(warning, "detail")));
    }
    screen.say(&format!("\nYou hold the phone {PHONE}. Type a line to reply{}.\n", screen.how_to_end()));
    let inbound = client.url(&["v1", "gateways", GATEWAY, "inbound"], &[]);
    let conversation = Conversation { client, inbound, session_id: &id, screen, ids: &server.engine.ids };
    let unsent = conversation.hold(leaving).await?;
    let session = client.get(&["v1", "sessions", &id], &[("expand", "answers")]).await?;
    if unsent {
        screen.say("The session ended before the input did; the rest was not sent.");
    }
    let status = text(&session, "status");
    let ended = if matches!(status, "active" | "pending") { "is still" } else { "has ended:" };
    screen.say(&format!("The session {ended} {status}. Stored answers:\n"));
    Ok(session)
}
