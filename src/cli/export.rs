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
use crate::app::cursor::Cursor;
use crate::app::export::{self, Export, ExportOptions, Kind, OptionFault, TextFile, World, write_workbook};
use crate::clock::{Clock, Timestamp};
use crate::hex;
use crate::ids::Ids;
use crate::store::{AnyConnection, DatabaseUrl, open_for_command};
use crate::survey::check::duration;

pub(super) const EXAMPLES: &str = "Examples:\n  \
    antiphon export responses --survey csat-after-call --since 7d -o out.csv\n  \
    antiphon export answers --survey csat-after-call --format jsonl --tz Europe/Oslo -o answers.jsonl\n  \
    antiphon export responses --survey nps --dialect excel-no --var queueKey=sales -o nps.csv\n  \
    antiphon export responses --survey nps --format xlsx -o nps.xlsx\n  \
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
    /// csv, jsonl, xlsx or json [default: csv]
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
            Some(text) => Some((now - since(text)?).to_rfc3339_opts(SecondsFormat::AutoSi, true)),
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
        let given = options.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Ok(given.chain(pairs_of_variables(&self.var)?).collect())
    }
}

/// How long ago something is.
pub(super) fn since(text: &str) -> anyhow::Result<chrono::Duration> {
    let read = duration(text);
    Ok(read.ok_or_else(|| Usage(format!("--since {text}: use a duration such as 36h or 7d")))?)
}

/// `--var KEY=VALUE` by the names of the API.
pub(super) fn pairs_of_variables(pairs: &[String]) -> anyhow::Result<Vec<(String, String)>> {
    let pair = |pair: &String| {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| Usage(format!("--var {pair}: use KEY=VALUE")))?;
        Ok((format!("var.{key}"), value.to_owned()))
    };
    pairs.iter().map(pair).collect()
}

/// The slug of a survey.
pub(super) fn survey(world: &World, named: &str) -> anyhow::Result<String> {
    world.library.find(named).map(|row| row.id).ok_or_else(|| {
        let known: Vec<String> = world.library.all().into_iter().map(|row| row.id).collect();
        anyhow::anyhow!("there is no survey {named}; there are: {}", known.join(", "))
    })
}

/// Runs the command.
pub(super) fn run(args: &ExportArgs, json: bool) -> anyhow::Result<Outcome> {
    let now = Clock::system().now();
    let options = match export::options::read(args.kind.into(), &args.given(now)?) {
        Ok(options) => options,
        Err(faults) => return Ok(refuse(&faults)),
    };
    let mut connection = open_beside(&args.config)?;
    let ids = Ids::system().context("this machine gives no randomness")?;
    let world = World::read(&mut connection, &ids, now)?;
    let survey = survey(&world, &args.survey)?;
    let prepared = Export::prepare(&mut connection, &world, &survey, options.clone(), None)?;
    let export = match prepared {
        Ok(export) => export,
        Err(faults) => return Ok(refuse(&faults)),
    };
    note_personal(&mut connection, &survey, &options, now)?;
    let cursor = export.plan().next_cursor.as_ref().map(Cursor::encode);
    let written = match &args.output {
        Some(path) => to_file(export, &mut connection, &world, path)?,
        None => to_stdout(export, &mut connection, &world)?,
    };
    told(args, &written, cursor.as_deref(), json);
    Ok(Outcome::Done)
}

/// The database of a configuration, which must be there.
pub(super) fn open_beside(args: &ConfigArgs) -> anyhow::Result<AnyConnection> {
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
pub(super) fn refuse(faults: &[OptionFault]) -> Outcome {
    for fault in faults {
        eprintln!("antiphon: {}: {}", fault.name, fault.detail);
    }
    Outcome::Invalid
}

/// What was written.
struct Written {
    rows: u64,
    sha256: String,
}

/// Hashes what passes through.
struct Hashed<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Beside its place under another name, and then in its place: a short file never looks complete (X14).
fn to_file(
    export: Export,
    connection: &mut AnyConnection,
    world: &World,
    path: &Path,
) -> anyhow::Result<Written> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part = tempfile::Builder::new()
        .prefix(".antiphon-export-")
        .tempfile_in(folder)
        .with_context(|| format!("{} cannot be written to", folder.display()))?;
    let written = write(export, connection, world, BufWriter::new(part.as_file()))?;
    part.as_file().sync_all().with_context(|| format!("{} is not on the disk", path.display()))?;
    part.persist(path).with_context(|| format!("{} cannot be written", path.display()))?;
    sync(folder)?;
    Ok(written)
}

/// The name of a file is safe when its folder is.
fn sync(folder: &Path) -> anyhow::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn to_stdout(export: Export, connection: &mut AnyConnection, world: &World) -> anyhow::Result<Written> {
    write(export, connection, world, io::stdout())
}

/// Writes the whole file.
fn write(
    export: Export,
    connection: &mut AnyConnection,
    world: &World,
    out: impl Write + Send,
) -> anyhow::Result<Written> {
    let mut out = Hashed { out, hash: Sha256::new() };
    let rows = match TextFile::of(export) {
        Ok(mut file) => {
            while let Some(bytes) = file.next(connection)? {
                out.write_all(&bytes).context("the file cannot be written")?;
            }
            file.rows_written()
        }
        Err(export) => write_workbook(connection, world, *export, &mut out)?,
    };
    out.flush().context("the file cannot be written")?;
    Ok(Written { rows, sha256: hex::encode(&out.hash.finalize()) })
}

fn told(args: &ExportArgs, written: &Written, cursor: Option<&str>, json: bool) {
    let Written { rows, sha256 } = written;
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
