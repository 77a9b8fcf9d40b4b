//! `antiphon survey …`: the tools of survey authors (F38, F39).

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};

use crate::app::survey_files::{SurveyFile, check_files, survey_paths};
use crate::server::installation;
use crate::survey::Survey;
use crate::survey::check::Context;
use crate::survey::{diff, format, graph, schema};

use super::config_args::ConfigFile;
use super::report::{self, ReportFormat};
use super::{Outcome, survey_texts};

/// The folder that is used when none is named.
pub(super) const FOLDER: &str = "surveys";

#[derive(Debug, Subcommand)]
pub(super) enum SurveyCommand {
    /// Report every fault of survey files
    #[command(after_help = "Examples:\n  antiphon survey check\n  \
        antiphon survey check --strict --format github surveys\n\n\
        Exit codes: 0 no errors, 3 errors (with --strict also warnings), 1 unreadable file, 2 wrong usage")]
    Check(CheckArgs),
    /// Write survey files in the canonical form; comments stay
    #[command(after_help = "Examples:\n  antiphon survey fmt\n  antiphon survey fmt --check surveys\n\n\
        Exit codes: 0 done, 3 a file is not formatted (--check) or not readable as a survey, 1 unreadable file")]
    Fmt(FmtArgs),
    /// Draw the flow of a survey
    #[command(after_help = "Examples:\n  antiphon survey graph surveys/nps.yaml\n  \
        antiphon survey graph --format svg surveys/nps.yaml > nps.svg")]
    Graph(GraphArgs),
    /// Print the JSON Schema of survey files, for editors
    #[command(after_help = "Example:\n  antiphon survey schema > surveys/survey.schema.json")]
    Schema,
    /// List survey files
    #[command(after_help = "Examples:\n  antiphon survey list\n  antiphon survey list --json surveys")]
    List(PathsArgs),
    /// Show which export columns change between two revisions of a survey
    #[command(after_help = "Example:\n  antiphon survey diff old/nps.yaml surveys/nps.yaml")]
    Diff(DiffArgs),
    /// Show how long and how dear the texts are
    #[command(after_help = "Examples:\n  antiphon survey lint --segments\n  \
        antiphon survey lint --segments --price 0.39 surveys/nps.yaml")]
    Lint(LintArgs),
    /// Play a survey in this terminal, on a virtual clock, with nothing stored and nothing sent
    #[command(after_help = super::survey_simulate::EXAMPLES)]
    Simulate(super::survey_simulate::SimulateArgs),
    /// Play scripted conversations (*.test.yaml) through the real interpreter
    #[command(after_help = super::survey_test::EXAMPLES)]
    Test(super::survey_test::TestArgs),
}

#[derive(Debug, Args)]
pub(super) struct PathsArgs {
    /// Survey files, or folders of them
    #[arg(value_name = "PATH", default_value = FOLDER)]
    paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    paths: PathsArgs,
    #[command(flatten)]
    config: ConfigFile,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Human)]
    format: ReportFormat,
    /// Warnings fail the check too
    #[arg(long)]
    strict: bool,
    /// Also print which answer leads where, and the ways through each survey
    #[arg(long)]
    paths_table: bool,
    /// The sender name that the first message should hold, when a survey sets none [default: that of the configuration]
    #[arg(long, value_name = "NAME")]
    sender_name: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct FmtArgs {
    #[command(flatten)]
    paths: PathsArgs,
    /// Change nothing; fail when a file would change
    #[arg(long)]
    check: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    Mermaid,
    Dot,
    Svg,
}

#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    /// The survey file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What is drawn
    #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
    format: GraphFormat,
}

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The older revision
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The newer revision
    #[arg(value_name = "NEW")]
    new: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct LintArgs {
    #[command(flatten)]
    paths: PathsArgs,
    /// Segments per text and language, every variable at its longest
    #[arg(long, required = true)]
    segments: bool,
    /// Price of one segment
    #[arg(long, value_name = "PRICE", default_value_t = 0.0)]
    price: f64,
}

/// Runs a survey command.
pub(super) fn run(command: &SurveyCommand, json: bool) -> anyhow::Result<Outcome> {
    match command {
        SurveyCommand::Check(args) => check(args, json),
        SurveyCommand::Fmt(args) => fmt(args),
        SurveyCommand::Graph(args) => draw(args),
        SurveyCommand::Schema => {
            print!("{}", schema::json());
            Ok(Outcome::Done)
        }
        SurveyCommand::List(args) => list(args, json),
        SurveyCommand::Diff(args) => compare(args, json),
        SurveyCommand::Lint(args) => lint(args, json),
        SurveyCommand::Simulate(args) => super::survey_simulate::run(args, json),
        SurveyCommand::Test(args) => super::survey_test::run(args, json),
    }
}

/// All survey files of the paths, checked.
fn checked(paths: &PathsArgs, context: &Context<'_>) -> anyhow::Result<Vec<SurveyFile>> {
    let mut files = Vec::new();
    for path in &paths.paths {
        let found = survey_paths(path).with_context(|| format!("cannot read {}", path.display()))?;
        if found.is_empty() {
            eprintln!("antiphon: no survey files in {}", path.display());
        }
        files.extend(found);
    }
    Ok(check_files(&files, context))
}

/// Says which files could not be read; true when there is one.
fn say_unreadable(files: &[SurveyFile]) -> bool {
    let mut unreadable = false;
    for file in files {
        if let Err(error) = &file.checked {
            eprintln!("antiphon: cannot read {}: {error}", file.path.display());
            unreadable = true;
        }
    }
    unreadable
}

fn check(args: &CheckArgs, json: bool) -> anyhow::Result<Outcome> {
    let name = args.sender_name.iter().map(|name| ("surveys.sender_name".to_owned(), name.clone()));
    let installation = installation(&args.config.load(name.collect())?);
    let files = checked(&args.paths, &installation.context())?;
    let unreadable = say_unreadable(&files);
    let readable = || files.iter().filter_map(|file| file.checked.as_ref().ok());
    let findings: Vec<_> = readable().flat_map(|checked| checked.findings.iter().cloned()).collect();
    let format = if json { ReportFormat::Json } else { args.format };
    print!("{}", report::render(&findings, format));
    if args.paths_table {
        for survey in readable() {
            print!("{}", report::paths(survey));
        }
    }
    if format == ReportFormat::Human {
        eprintln!("{}", report::summary(&findings, readable().count()));
    }
    Ok(if unreadable {
        Outcome::Failed
    } else if report::fails(&findings, args.strict) {
        Outcome::Invalid
    } else {
        Outcome::Done
    })
}

fn fmt(args: &FmtArgs) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Done;
    for path in &args.paths.paths {
        let found = survey_paths(path).with_context(|| format!("cannot read {}", path.display()))?;
        for file in found {
            let source =
                std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let is_json = file.extension().is_some_and(|extension| extension == "json");
            let written = if is_json { format::json(&source) } else { format::yaml(&source) };
            let written = match written {
                Ok(written) => written,
                Err(error) => {
                    eprintln!("antiphon: {}: {error}", file.display());
                    outcome = Outcome::Invalid;
                    continue;
                }
            };
            if written == source {
                continue;
            }
            if args.check {
                println!("{}", file.display());
                outcome = Outcome::Invalid;
            } else {
                std::fs::write(&file, written).with_context(|| format!("cannot write {}", file.display()))?;
                eprintln!("formatted {}", file.display());
            }
        }
    }
    Ok(outcome)
}

/// One survey that must be free of errors; its findings go to standard error otherwise.
pub(super) fn survey_of(path: &Path, context: &Context<'_>) -> anyhow::Result<Option<Survey>> {
    let files = check_files(&[path.to_owned()], context);
    let Some(file) = files.into_iter().next() else {
        return Ok(None);
    };
    let checked = file.checked.with_context(|| format!("cannot read {}", path.display()))?;
    if checked.survey.is_none() {
        eprint!("{}", report::render(&checked.findings, ReportFormat::Human));
    }
    Ok(checked.survey)
}

fn draw(args: &GraphArgs) -> anyhow::Result<Outcome> {
    let Some(survey) = survey_of(&args.file, &Context::default())? else {
        return Ok(Outcome::Invalid);
    };
    let graph = graph::Graph::of(&survey);
    let drawn = match args.format {
        GraphFormat::Mermaid => graph.mermaid(),
        GraphFormat::Dot => graph.dot(),
        GraphFormat::Svg => graph.svg(),
    };
    print!("{drawn}");
    Ok(Outcome::Done)
}

fn list(args: &PathsArgs, json: bool) -> anyhow::Result<Outcome> {
    let files = checked(args, &Context::default())?;
    let unreadable = say_unreadable(&files);
    print!("{}", survey_texts::list(&files, json));
    Ok(if unreadable { Outcome::Failed } else { Outcome::Done })
}

fn compare(args: &DiffArgs, json: bool) -> anyhow::Result<Outcome> {
    let (old, new) = (survey_of(&args.old, &Context::default())?, survey_of(&args.new, &Context::default())?);
    let (Some(old), Some(new)) = (old, new) else {
        return Ok(Outcome::Invalid);
    };
    print!("{}", survey_texts::diff(&diff::columns(&old, &new), json));
    Ok(Outcome::Done)
}

fn lint(args: &LintArgs, json: bool) -> anyhow::Result<Outcome> {
    let files = checked(&args.paths, &Context::default())?;
    let unreadable = say_unreadable(&files);
    let mut outcome = if unreadable { Outcome::Failed } else { Outcome::Done };
    let mut surveys = Vec::new();
    for file in &files {
        match file.checked.as_ref().map(|checked| checked.survey.as_ref()) {
            Ok(Some(survey)) => surveys.push(survey),
            Ok(None) => {
                eprintln!("antiphon: {} has errors; run `antiphon survey check`", file.path.display());
                if outcome == Outcome::Done {
                    outcome = Outcome::Invalid;
                }
            }
            Err(_) => {}
        }
    }
    print!("{}", survey_texts::segments(&surveys, args.price, json));
    Ok(outcome)
}
