//! `antiphon survey test`: plays the conversations of `*.test.yaml` files and shows what was not as expected
//! (F41). It needs no gateway and no database.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::config_args::ConfigFile;
use super::survey::{FOLDER, survey_of};
use super::{Outcome, print_json};
use crate::app::test_survey::{Failure, Report, TestFile, test_survey};
use crate::config::Config;
use crate::server::{deployment_keywords, installation};
use crate::survey::branches::branches;
use crate::survey::turn::Branch;

pub(super) const EXAMPLES: &str = "Examples:\n  antiphon survey test\n  \
    antiphon survey test surveys/nps.test.yaml --coverage\n\n\
    Exit codes: 0 every conversation went as expected, 3 one did not, 1 unreadable file";

/// How a test file is named.
const SUFFIXES: [&str; 2] = [".test.yaml", ".test.yml"];

/// How the survey beside it may be named.
const SURVEY_SUFFIXES: [&str; 3] = ["yaml", "yml", "json"];

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Test files, or folders of them
    #[arg(value_name = "PATH", default_value = FOLDER)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
    /// Also list the ways through each survey that no conversation takes
    #[arg(long)]
    coverage: bool,
}

/// Runs the command.
pub(super) fn run(args: &TestArgs, json: bool) -> anyhow::Result<Outcome> {
    let config = args.config.load(Vec::new())?;
    let mut outcome = Outcome::Done;
    let mut results = Vec::new();
    for path in &args.paths {
        let files = test_files(path).with_context(|| format!("cannot read {}", path.display()))?;
        if files.is_empty() {
            eprintln!("antiphon: no test files in {}", path.display());
        }
        for file in files {
            let Some((report, untaken)) = play(&file, &config)? else {
                outcome = Outcome::Invalid;
                continue;
            };
            if !report.passed() {
                outcome = Outcome::Invalid;
            }
            if json {
                results.push(view(&file, &report, &untaken));
            } else {
                show(&file, &report);
                if args.coverage {
                    untaken.iter().for_each(|branch| println!("  not taken: {}", way(branch)));
                }
            }
        }
    }
    if json {
        print_json(&Value::Array(results));
    }
    Ok(outcome)
}

fn test_files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Plays a file; `None` when the survey beside it has errors, which are printed.
fn play(file: &Path, config: &Config) -> anyhow::Result<Option<(Report, BTreeSet<Branch>)>> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    let tests = TestFile::parse(&text).with_context(|| format!("{shown} is no test file"))?;
    let beside = |suffix: &&str| file.with_file_name(format!("{}.{suffix}", tests.survey));
    let found = SURVEY_SUFFIXES.iter().map(beside).find(|path| path.is_file());
    let path =
        found.with_context(|| format!("{shown} is for survey `{}`, which is not beside it", tests.survey))?;
    let Some(survey) = survey_of(&path, &installation(config).context())? else {
        return Ok(None);
    };
    let report =
        test_survey(&survey, &tests, &deployment_keywords(config)).with_context(|| shown.to_string())?;
    let untaken = branches(&survey).difference(&report.taken).cloned().collect();
    Ok(Some((report, untaken)))
}

fn show(file: &Path, report: &Report) {
    for case in &report.cases {
        let verdict = if case.failures.is_empty() { "ok    " } else { "FAILED" };
        println!("{verdict} {}: {}", file.display(), case.name);
        for failure in &case.failures {
            print!("{}", side_by_side(failure));
        }
    }
}

/// Expected and actual, next to each other (F41).
fn side_by_side(failure: &Failure) -> String {
    let place = failure.step.map_or_else(|| "at the end".to_owned(), |step| format!("step {step}"));
    let columns = failure.expected.iter().map(|line| line.chars().count());
    let width = columns.chain(["expected".len()]).max().unwrap_or(0);
    let mut out = format!("  {place}, {}\n    {:width$} | actual\n", failure.what, "expected");
    for row in 0..failure.expected.len().max(failure.actual.len()) {
        let line = |lines: &[String]| lines.get(row).cloned().unwrap_or_default();
        let row = format!("    {:width$} | {}", line(&failure.expected), line(&failure.actual));
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

/// A way through a survey, in words.
fn way(branch: &Branch) -> String {
    match branch {
        Branch::Rule { element, rule } => format!("rule {} of {element}", rule + 1),
        Branch::Onward { element } => format!("from {element} onward"),
        Branch::Passed { element } => format!("past {element}"),
        Branch::Worded { element, variant: Some(variant) } => format!("variant {} of {element}", variant + 1),
        Branch::Worded { element, variant: None } => format!("the plain text of {element}"),
    }
}

fn view(file: &Path, report: &Report, untaken: &BTreeSet<Branch>) -> Value {
    let failure = |failure: &Failure| {
        json!({
            "step": failure.step,
            "what": failure.what,
            "expected": failure.expected,
            "actual": failure.actual,
        })
    };
    let cases = report.cases.iter().map(|case| {
        json!({
            "name": case.name,
            "passed": case.failures.is_empty(),
            "failures": case.failures.iter().map(failure).collect::<Vec<_>>(),
        })
    });
    json!({
        "file": file.display().to_string(),
        "survey": report.survey,
        "passed": report.passed(),
        "cases": cases.collect::<Vec<_>>(),
        "notTaken": untaken.iter().map(way).collect::<Vec<_>>(),
    })
}
