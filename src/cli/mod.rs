//! The command line. Results go to standard output, everything else to standard error (T1).
//!
//! Exit codes: 0 ok, 1 failure, 2 wrong usage, 3 validation failed.
#![expect(clippy::print_stderr, reason = "a command line prints; nothing else in the house does")]

/// Prints a result. Unlike the standard macro of that name it ends quietly when nobody reads any more, as in
/// `antiphon openapi | head`.
macro_rules! print {
    ($($part:tt)*) => { $crate::cli::write_result(format_args!($($part)*)) };
}

/// Prints a result and a line end; as [`print!`].
macro_rules! println {
    () => { $crate::cli::write_result(format_args!("\n")) };
    ($($part:tt)*) => {{
        $crate::cli::write_result(format_args!($($part)*));
        $crate::cli::write_result(format_args!("\n"));
    }};
}

mod client;
mod completions;
mod config;
mod config_args;
mod demo;
mod doctor;
mod export;
mod figures;
mod gateway;
mod keys;
mod migrate;
mod openapi;
pub mod report;
mod send;
mod serve;
mod session;
mod survey;
mod survey_simulate;
mod survey_test;
mod survey_texts;
mod table;
mod worker;

use std::io::{self, IsTerminal, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Faults;
use client::Refused;

/// antiphon: a 2-way SMS survey engine.
#[derive(Debug, Parser)]
#[command(
    name = "antiphon",
    version,
    about,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "Examples:\n  antiphon demo\n  antiphon serve\n  antiphon survey check surveys/csat-after-call.yaml\n\n\
        Exit codes: 0 ok, 1 failure, 2 wrong usage, 3 validation failed"
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
    /// Run the server
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::ServeArgs),
    /// Send and fire timers for a PostgreSQL database, without an API
    #[command(after_help = worker::EXAMPLES)]
    Worker(worker::WorkerArgs),
    /// Be the phone: a survey on a real server, played in this terminal
    #[command(after_help = demo::EXAMPLES)]
    Demo(demo::DemoArgs),
    /// Check, format, draw, compare, simulate and test survey files
    #[command(
        subcommand,
        after_help = "Examples:\n  antiphon survey check --strict surveys\n  antiphon survey graph surveys/nps.yaml"
    )]
    Survey(survey::SurveyCommand),
    /// Send a survey through a running server
    #[command(after_help = send::EXAMPLES)]
    Send(send::SendArgs),
    /// Show, cancel, resend or release a session of a running server
    #[command(subcommand, after_help = session::EXAMPLES)]
    Session(session::SessionCommand),
    /// Write the answers of a survey to a file: CSV, JSON Lines, JSON or XLSX
    #[command(after_help = export::EXAMPLES)]
    Export(Box<export::ExportArgs>),
    /// Show the figures of a survey: rates with their intervals, and each question
    #[command(after_help = figures::EXAMPLES)]
    Report(figures::ReportArgs),
    /// Check, list and try gateway profiles
    #[command(
        subcommand,
        after_help = "Examples:\n  antiphon gateway list\n  antiphon gateway check profiles/acme.yaml"
    )]
    Gateway(gateway::GatewayCommand),
    /// Make, list and revoke API keys
    #[command(subcommand, after_help = keys::EXAMPLES)]
    Keys(keys::KeysCommand),
    /// Check and show the configuration
    #[command(subcommand, after_help = config::EXAMPLES)]
    Config(config::ConfigCommand),
    /// Bring the database up to date
    #[command(after_help = migrate::EXAMPLES)]
    Migrate(migrate::MigrateArgs),
    /// Print the OpenAPI description of the HTTP API
    #[command(after_help = openapi::EXAMPLES)]
    Openapi,
    /// Say what is wrong with this installation, and what to do
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::DoctorArgs),
    /// Print a completion script for a shell
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::CompletionsArgs),
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

/// Wrong usage that only the command itself can see; ends the process with 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Reads the arguments and runs the command. Wrong usage ends the process with 2.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    let outcome = match cli.command {
        Command::Serve(args) => serve::run(&args, json),
        Command::Worker(args) => worker::run(&args, json),
        Command::Demo(args) => demo::run(&args, json),
        Command::Survey(command) => survey::run(&command, json),
        Command::Send(args) => send::run(&args, json),
        Command::Session(command) => session::run(&command, json),
        Command::Export(args) => export::run(&args, json),
        Command::Report(args) => figures::run(&args, json),
        Command::Gateway(command) => gateway::run(&command, json),
        Command::Keys(command) => keys::run(&command, json),
        Command::Config(command) => config::run(&command, json),
        Command::Migrate(args) => migrate::run(&args, json),
        Command::Openapi => openapi::run(),
        Command::Doctor(args) => doctor::run(&args, json),
        Command::Completions(args) => completions::run(&args),
    };
    outcome.map_or_else(|error| explain(&error), ExitCode::from)
}

/// Says what went wrong and gives the exit code for it.
fn explain(error: &anyhow::Error) -> ExitCode {
    eprintln!("antiphon: {}", format!("{error:#}").trim_end());
    if error.is::<Usage>() {
        return ExitCode::from(2);
    }
    let is_invalid =
        error.is::<Faults>() || error.downcast_ref::<Refused>().is_some_and(Refused::is_validation);
    if is_invalid { Outcome::Invalid.into() } else { Outcome::Failed.into() }
}

/// A runtime for one command.
fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Writes to standard output. When it is closed there is nobody left to serve: the process ends, without a fault.
fn write_result(text: std::fmt::Arguments<'_>) {
    match io::stdout().write_fmt(text) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            eprintln!("antiphon: the result cannot be written: {error}");
            std::process::exit(1);
        }
    }
}

/// A JSON value as a result: indented, on standard output.
fn print_json(value: &serde_json::Value) {
    println!("{value:#}");
}

/// Asks before something is destroyed (T2); `--yes` answers beforehand. Without a terminal nobody can be asked.
fn confirm(question: &str, yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(Usage(format!("{question} Nobody is here to answer: add --yes")).into());
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    let agreed = matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    if !agreed {
        eprintln!("Nothing was changed.");
    }
    Ok(agreed)
}
