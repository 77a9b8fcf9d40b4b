//! [`Template`]: a database in which one person was asked, or is about to be, by the real server. Its rows, put
//! again under other numbers, make the people of a [`Bed`]; so does what her reply changes for the references.

use std::path::{Path, PathBuf};
use std::time::Duration;

use antiphon::app::engine::Engine;
use antiphon::app::receive_callback::receive_callback;
use antiphon::app::send_survey::{SendSurvey, SendSurveyTurn, Sent, prepare};
use antiphon::clock::Clock;
use antiphon::config::{Config, Inputs};
use antiphon::gateway::{CallbackItem, Inbound};
use antiphon::ids::Ids;
use antiphon::phone::{Phone, PhoneRules};
use antiphon::server::{Role, Server};
use antiphon::store::migrate::migrate;
use diesel::connection::SimpleConnection;
use tempfile::TempDir;

use super::Failure;
use super::backend::{Backend, Database};
use super::bed::Bed;
use super::change::{Change, Dialect, Owns, Row, rows};

/// The gateway of the benchmarks.
pub const GATEWAY: &str = "bench";
/// The secret by which its callbacks prove themselves.
pub const SECRET: &str = "a-secret-of-the-gateway";
/// Our number, of the channel `bench_0`; the other channels have the next ones.
const SENDER: u64 = 2099;
/// Channels, since one of them sends at most 10,000 SMS a second; all but the dispatcher's backlog use the first.
pub const CHANNELS: u64 = 4;

const SURVEY: &str = include_str!("../../bench.yaml");
const BURST_SURVEY: &str = include_str!("../../burst.yaml");
/// Messages at the start of the survey of [`Stage::Burst`].
pub const BURST: u64 = 3;

/// How many people are put into the database in one statement.
const CHUNK: u64 = 50_000;

/// The number of a person's phone.
pub fn phone(number: u64) -> String {
    format!("+474{number:07}")
}

/// A reply of hers to the first question, as a gateway hands it over.
pub fn reply(number: u64) -> Inbound {
    Inbound {
        id: Some(format!("gateway-reply-{number:012}")),
        from: phone(number),
        to: SENDER.to_string(),
        text: "4".to_owned(),
        session: None,
        reply_to: None,
        intent: None,
        provider_at: None,
        flags: Vec::new(),
        concat: None,
    }
}

/// How far the people of a database are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Their first SMS is due.
    Queued,
    /// They have the first question on their phones.
    Asked,
    /// Three SMS in a row are due.
    Burst,
}

/// How far apart the SMS of a session are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gaps {
    /// As the survey says.
    OfSurvey,
    /// Each follows as soon as the one before is taken.
    None,
}

/// The first person, and the database she is in.
#[derive(Debug)]
pub struct Template {
    /// The kind of database.
    pub backend: Backend,
    database: Database,
    owns: Owns,
    rows: Vec<Row>,
}

impl Template {
    /// Lets the real server come this far with one person.
    pub async fn make(backend: &Backend, stage: Stage) -> Result<Self, Failure> {
        let database = backend.open()?;
        migrate(&mut database.connect()?)?;
        let folder = tempfile::tempdir()?;
        let role = match stage {
            Stage::Queued | Stage::Burst => Role::WithoutWorker,
            Stage::Asked => Role::Whole,
        };
        let server = serve(&database, folder.path(), role).await?;
        let before = rows(&mut database.connect()?)?;
        let (survey, wanted, count) = match stage {
            Stage::Queued => ("bench", "due", 1),
            Stage::Asked => ("bench", "accepted", 1),
            Stage::Burst => ("burst", "due", BURST),
        };
        start(&server.engine, survey, &phone(0)).await?;
        let there = format!("SELECT CAST(count(*) AS TEXT) AS value FROM messages WHERE state = '{wanted}'");
        for _ in 0..500 {
            if database.number(&there)? == count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.stop().await;
        let changes = Change::between(&before, &rows(&mut database.connect()?)?);
        let mut owns = Owns::default();
        let mut added: Vec<Row> = changes.into_iter().map(|change| change.row().clone()).collect();
        owns.learn(&added);
        added.retain(|row| row.is_owned(&owns));
        if added.is_empty() || database.number(&there)? != count {
            return Err(format!("the first message is not {wanted}").into());
        }
        Ok(Self { backend: backend.clone(), database, owns, rows: added })
    }

    /// A database with so many more people.
    pub fn bed(&self, people: u64) -> Result<Bed, Failure> {
        let database = self.database.copy()?;
        let mut connection = database.connect()?;
        let dialect = Dialect::of(&connection);
        connection.batch_execute(match dialect {
            Dialect::Sqlite => "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF",
            Dialect::Postgres => "SET session_replication_role = replica; SET synchronous_commit = off",
        })?;
        for first in (1..=people).step_by(usize::try_from(CHUNK)?) {
            let last = people.min(first + CHUNK - 1);
            let statements: Vec<String> = self
                .rows
                .iter()
                .map(|row| match dialect {
                    Dialect::Postgres => {
                        row.insert_for(&format!("generate_series({first}, {last}) AS series (n)"), &self.owns, dialect)
                    }
                    Dialect::Sqlite => {
                        let series = format!(
                            "(WITH RECURSIVE s (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) \
                             SELECT n FROM s)"
                        );
                        row.insert_for(&series, &self.owns, dialect)
                    }
                })
                .collect();
            connection.batch_execute(&format!("BEGIN; {}; COMMIT", statements.join("; ")))?;
        }
        match dialect {
            Dialect::Sqlite => connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?,
            Dialect::Postgres => {
                connection.batch_execute("VACUUM ANALYZE")?;
                connection.batch_execute("CHECKPOINT")?;
            }
        }
        Ok(Bed::new(database, people))
    }

    /// What SendSurvey writes, if this is the stage that it leaves behind.
    pub fn start_changes(&self) -> (Vec<Change>, Owns) {
        (self.rows.iter().cloned().map(Change::Insert).collect(), self.owns.clone())
    }

    /// What a valid reply changes, with whatever of it belongs to the person.
    pub async fn reply_changes(&self) -> Result<(Vec<Change>, Owns), Failure> {
        let database = self.database.copy()?;
        let folder = tempfile::tempdir()?;
        let server = serve(&database, folder.path(), Role::WithoutWorker).await?;
        let before = rows(&mut database.connect()?)?;
        receive_callback(&server.engine, GATEWAY, vec![CallbackItem::Inbound(reply(0))])
            .await
            .map_err(|failure| format!("the reply was not taken: {failure:?}"))?;
        let after = rows(&mut database.connect()?)?;
        server.stop().await;
        let changes = Change::between(&before, &after);
        let mut owns = self.owns.clone();
        owns.learn(&changes.iter().map(|change| change.row().clone()).collect::<Vec<_>>());
        let is_persons = |change: &Change| change.row().is_owned(&owns);
        let changes: Vec<Change> = changes.into_iter().filter(is_persons).collect();
        if changes.len() < 5 {
            return Err(format!("a reply changes but {} rows", changes.len()).into());
        }
        Ok((changes, owns))
    }
}

/// Writes the configuration and the survey into a folder. The gateway is the simulator, or listens at `base_url`.
pub fn configure(
    database: &Database,
    folder: &Path,
    base_url: Option<&str>,
    gaps: Gaps,
) -> Result<PathBuf, Failure> {
    let surveys = folder.join("surveys");
    std::fs::create_dir_all(&surveys)?;
    std::fs::write(surveys.join("bench.yaml"), SURVEY)?;
    std::fs::write(surveys.join("burst.yaml"), BURST_SURVEY)?;
    let gaps = match gaps {
        Gaps::OfSurvey => "",
        Gaps::None => "element_gap_override = \"0s\"\n",
    };
    let gateway = match base_url {
        None => {
            "profile = \"simulator\"\nparams.subnumber_mode = \"none\"\nparams.delivery_reports = false\n\
            params.proof = \"none\"\n"
                .to_owned()
        }
        Some(base_url) => {
            format!("profile = \"generic\"\nbase_url = \"{base_url}\"\nsecrets.inbound = \"{SECRET}\"\n")
        }
    };
    let config = format!(
        "[server]\nbind = \"127.0.0.1:0\"\n[database]\nurl = \"{}\"\n[surveys]\nfolder = \"{}\"\n\
         [limits]\nrequests_per_second = 1000000\nrequests_burst = 1000000\nwebhooks_per_second = 1000000\n\
         due_max = 1000000\nquick_replies_max = 0\ndisk_low_mb = 0\ndisk_low_percent = 0\n[outbox]\nconcurrency_per_channel = 256\n{gaps}\
         [log]\nlevel = \"error\"\nformat = \"json\"\n[gateways.{GATEWAY}]\n{gateway}",
        database.url,
        surveys.display(),
    );
    let channels = (0..CHANNELS).map(|number| {
        format!(
            "[channels.bench_{number}]\ngateway = \"{GATEWAY}\"\nsender = \"{}\"\n\
             sender_type = \"short_number\"\nsubnumbering = false\nallowed_countries = [\"47\"]\n\
             throttle_per_second = 10000\n",
            SENDER + number
        )
    });
    let file = folder.join("antiphon.toml");
    std::fs::write(&file, channels.fold(config, |text, channel| text + &channel))?;
    Ok(file)
}

/// The server in this process, with the simulator as its gateway.
pub async fn serve(database: &Database, folder: &Path, role: Role) -> Result<Server, Failure> {
    let file = configure(database, folder, None, Gaps::OfSurvey)?;
    let config = Config::load(&Inputs { file: Some(file), ..Inputs::default() })?;
    Ok(Server::start(config, Clock::system(), Ids::system()?, role).await?)
}

/// A server in this process and the folder of its configuration.
#[derive(Debug)]
pub struct Served {
    /// The server, without background work.
    pub server: Server,
    _folder: TempDir,
}

impl Served {
    /// Starts it.
    pub async fn start(database: &Database) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        Ok(Self { server: serve(database, folder.path(), Role::WithoutWorker).await?, _folder: folder })
    }
}

/// Starts the survey for a phone, as the HTTP handler does.
pub async fn send_survey(engine: &Engine, phone: &str) -> Result<(), Failure> {
    start(engine, "bench", phone).await
}

async fn start(engine: &Engine, survey: &str, phone: &str) -> Result<(), Failure> {
    let command = SendSurvey::of(
        survey,
        Phone::identifier(phone, &PhoneRules::default())
            .map_err(|fault| format!("a phone of the benchmark is refused: {fault:?}"))?,
    );
    let prepared = prepare(engine, command, engine.clock.now())
        .map_err(|fault| format!("the survey of the benchmark is refused: {fault:?}"))?;
    let turn = SendSurveyTurn { engine: engine.clone(), prepared, idempotent: None };
    let sent = engine.store.write(turn).await?;
    if matches!(sent, Sent::Created(_)) {
        Ok(())
    } else {
        Err(format!("no session was made: {sent:?}").into())
    }
}
