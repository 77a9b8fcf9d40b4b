//! `antiphon export`: the rows of a survey as a file, read from the database beside a running server. The options are
//! those of the API and give the same bytes.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::SecondsFormat;
use clap::{Args, ValueEnum};
use secrecy::ExposeSecret as _;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::config_args::ConfigArgs;
use super::{Outcome, Usage, print_json};
use crate::app::audit::Actor;
use crate::app::export::{self, Export, ExportOptions, Kind, OptionFault, World};
use crate::clock::{Clock, Timestamp};
use crate::hex;
use crate::ids::Ids;
use crate::store::{AnyConnection, DatabaseUrl, open_for_command};
use crate::survey::check::duration;

pub(super) const EXAMPLES: &str = "Examples:\n  \
    antiphon export responses --survey csat-after-call --since 7d -o out.csv\n  \
    antiphon export answers --survey csat-after-call --format jsonl --tz Europe/Oslo -o answers.jsonl\n  \
    antiphon export responses --survey nps --dialect excel-no --var queueKey=sales -o nps.csv\n  \
    antiphon export codebook --survey nps";

/// What the rows are.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindArg {
    /// One row per session, its answers side by side
    Responses,
    /// One row per answer
    Answers,
    /// One row per SMS in either direction
    Messages,
    /// One row per change of status
    Events,
    /// One row per outbound SMS with what became of it
    Deliveries,
    /// One row per column of responses: what was asked, codes and labels
    Codebook,
}

impl From<KindArg> for Kind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Responses => Self::Responses,
            KindArg::Answers => Self::Answers,
            KindArg::Messages => Self::Messages,
            KindArg::Events => Self::Events,
            KindArg::Deliveries => Self::Deliveries,
            KindArg::Codebook => Self::Codebook,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[arg(value_enum)]
    kind: KindArg,
    /// The survey, by slug or UUID
    #[arg(long, value_name = "SURVEY")]
    survey: String,
    /// The file; it appears when it is complete [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// csv, jsonl or json [default: csv]
    #[arg(long)]
    format: Option<String>,
    /// Sessions started in this time until now, such as 7d
    #[arg(long, value_name = "DURATION", conflicts_with = "from")]
    since: Option<String>,
    /// Sessions of this time or later (RFC 3339)
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Sessions before this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    #[arg(long, value_name = "FIELD", help = "started_at, completed_at or updated_at [default: started_at]")]
    date_field: Option<String>,
    /// States of sessions, with commas
    #[arg(long)]
    status: Option<String>,
    /// Language of sessions
    #[arg(long)]
    language: Option<String>,
    /// Value of a session variable; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    var: Vec<String>,
    /// Zone of times: UTC or an IANA name [default: UTC]
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// What a choice shows: code, index0, index1 or label [default: code]
    #[arg(long)]
    codes: Option<String>,
    /// Language of labels [default: that of each session]
    #[arg(long, value_name = "LANGUAGE")]
    labels_lang: Option<String>,
    /// Columns of detail for each question too
    #[arg(long)]
    detail: bool,
    /// masked, hash, none or e164 [default: masked]
    #[arg(long)]
    phone: Option<String>,
    /// none, or include: elements marked pii [default: none]
    #[arg(long)]
    pii: Option<String>,
    /// Test sessions too
    #[arg(long)]
    include_test: bool,
    /// CSV for analysis, excel or excel-no [default: analysis]
    #[arg(long)]
    dialect: Option<String>,
    /// Line breaks in texts of CSV: keep or space [default: keep]
    #[arg(long)]
    newlines: Option<String>,
    /// Texts of CSV as they are: a spreadsheet may run them as formulas
    #[arg(long)]
    raw: bool,
    /// These columns in this order, with commas
    #[arg(long)]
    columns: Option<String>,
    /// Sessions changed after this time
    #[arg(long, value_name = "TIME")]
    updated_after: Option<String>,
    /// Next cursor of an earlier export: what changed since
    #[arg(long)]
    cursor: Option<String>,
    /// Most sessions
    #[arg(long, value_name = "COUNT")]
    limit: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

impl ExportArgs {
    /// The options by the names of the API.
    fn given(&self, now: Timestamp) -> anyhow::Result<Vec<(String, String)>> {
        let from = match &self.since {
            Some(text) => {
                let since = duration(text)
                    .ok_or_else(|| Usage(format!("--since {text}: use a duration such as 36h or 7d")))?;
                Some((now - since).to_rfc3339_opts(SecondsFormat::AutoSi, true))
            }
            None => self.from.clone(),
        };
        let flag = |is_set: bool| is_set.then(|| "true".to_owned());
        let options = [
            ("format", self.format.clone()),
            ("from", from),
            ("to", self.to.clone()),
            ("dateField", self.date_field.clone()),
            ("status", self.status.clone()),
            ("language", self.language.clone()),
            ("tz", self.tz.clone()),
            ("codes", self.codes.clone()),
            ("labelsLang", self.labels_lang.clone()),
            ("detail", flag(self.detail)),
            ("phone", self.phone.clone()),
            ("pii", self.pii.clone()),
            ("includeTest", flag(self.include_test)),
            ("dialect", self.dialect.clone()),
            ("newlines", self.newlines.clone()),
            ("raw", flag(self.raw)),
            ("columns", self.columns.clone()),
            ("updatedAfter", self.updated_after.clone()),
            ("cursor", self.cursor.clone()),
            ("limit", self.limit.clone()),
        ];
        let mut given: Vec<(String, String)> =
            options.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        for pair in &self.var {
            let (key, value) =
                pair.split_once('=').ok_or_else(|| Usage(format!("--var {pair}: use KEY=VALUE")))?;
            given.push((format!("var.{key}"), value.to_owned()));
        }
        Ok(given)
    }
}

/// Runs the command.
pub(super) fn run(args: &ExportArgs, json: bool) -> anyhow::Result<Outcome> {
    let now = Clock::system().now();
    let options = match export::options::read(args.kind.into(), &args.given(now)?) {
        Ok(options) => options,
        Err(faults) => return Ok(refuse(&faults)),
    };
    let mut connection = open(&args.config)?;
    let ids = Ids::system().context("this machine gives no randomness")?;
    let world = World::read(&mut connection, &ids, now)?;
    let Some(survey) = world.library.find(&args.survey) else {
        let known: Vec<String> = world.library.all().into_iter().map(|row| row.id).collect();
        anyhow::bail!("there is no survey {}; there are: {}", args.survey, known.join(", "));
    };
    let prepared = Export::prepare(&mut connection, &world, &survey.id, options.clone(), None)?;
    let mut export = match prepared {
        Ok(export) => export,
        Err(faults) => return Ok(refuse(&faults)),
    };
    note_personal(&mut connection, &survey.id, &options, now)?;
    let written = match &args.output {
        Some(path) => to_file(&mut export, &mut connection, path)?,
        None => to_stdout(&mut export, &mut connection)?,
    };
    told(args, &export, &written, json);
    Ok(Outcome::Done)
}

fn open(args: &ConfigArgs) -> anyhow::Result<AnyConnection> {
    let config = args.load(Vec::new())?;
    let url = config.database.url.expose_secret();
    if DatabaseUrl::parse(url)?.is_missing_file() {
        anyhow::bail!("there is no database {url}; name it with --database");
    }
    Ok(open_for_command(url)?)
}

fn note_personal(
    connection: &mut AnyConnection,
    survey_id: &str,
    options: &ExportOptions,
    now: Timestamp,
) -> anyhow::Result<()> {
    if options.is_personal() {
        let actor = Actor::command();
        connection.change(|connection| export::note_personal(connection, &actor, survey_id, options, now))?;
    }
    Ok(())
}

/// Says every fault; exit code 3.
fn refuse(faults: &[OptionFault]) -> Outcome {
    for fault in faults {
        eprintln!("antiphon: {}: {}", fault.name, fault.detail);
    }
    Outcome::Invalid
}

/// Beside its place under another name, and then in its place: a short file never looks complete (X14).
fn to_file(export: &mut Export, connection: &mut AnyConnection, path: &Path) -> anyhow::Result<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part = tempfile::Builder::new()
        .prefix(".antiphon-export-")
        .tempfile_in(folder)
        .with_context(|| format!("{} cannot be written to", folder.display()))?;
    let hash = write(export, connection, BufWriter::new(part.as_file()))?;
    part.as_file().sync_all().with_context(|| format!("{} is not on the disk", path.display()))?;
    part.persist(path).with_context(|| format!("{} cannot be written", path.display()))?;
    sync(folder)?;
    Ok(hash)
}

/// The name of a file is safe when its folder is.
fn sync(folder: &Path) -> anyhow::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn to_stdout(export: &mut Export, connection: &mut AnyConnection) -> anyhow::Result<String> {
    write(export, connection, io::stdout().lock())
}

/// Writes the whole file; gives its SHA-256.
fn write(export: &mut Export, connection: &mut AnyConnection, mut out: impl Write) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    while let Some(bytes) = export.next(connection)? {
        hash.update(&bytes);
        out.write_all(&bytes).context("the file cannot be written")?;
    }
    out.flush().context("the file cannot be written")?;
    Ok(hex::encode(&hash.finalize()))
}

fn told(args: &ExportArgs, export: &Export, sha256: &str, json: bool) {
    let (rows, cursor) = (export.rows_written(), &export.plan().next_cursor);
    let cursor = cursor.as_ref().map(crate::app::cursor::Cursor::encode);
    let Some(path) = &args.output else {
        eprintln!("{rows} rows, SHA-256 {sha256}");
        return;
    };
    if json {
        let file = path.display().to_string();
        print_json(&json!({"file": file, "rows": rows, "sha256": sha256, "nextCursor": cursor}));
    } else {
        println!("{}: {rows} rows, SHA-256 {sha256}", path.display());
    }
}
