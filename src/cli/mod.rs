//! The command line. Results go to standard output, everything else to standard error.
//!
//! Exit codes: 0 ok, 1 failure or unreadable file, 2 wrong usage, 3 validation failed (F38).
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line prints; nothing else in the house does"
)]

pub mod report;
mod survey;
mod survey_texts;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// antiphon: a 2-way SMS survey engine.
#[derive(Debug, Parser)]
#[command(
    name = "antiphon",
    version,
    about,
    max_term_width = 100,
    after_help = "Examples:\n  antiphon survey check\n  antiphon survey check surveys/csat-after-call.yaml"
)]
pub struct Cli {
    /// Print results as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check, format, draw and compare survey files
    #[command(
        subcommand,
        after_help = "Examples:\n  antiphon survey check --strict surveys\n  antiphon survey graph surveys/nps.yaml"
    )]
    Survey(survey::SurveyCommand),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// What was checked is not valid.
    Invalid,
    /// Something could not be read or done; said on standard error.
    Failed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Failed => Self::from(1),
            Outcome::Invalid => Self::from(3),
        }
    }
}

/// Reads the arguments and runs the command. Wrong usage ends the process with 2.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Survey(command) => survey::run(&command, cli.json),
    };
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            eprintln!("antiphon: {error:#}");
            Outcome::Failed.into()
        }
    }
}
