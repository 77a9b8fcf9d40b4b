//! `antiphon survey simulate`: the real interpreter and reply parser in this terminal, on a virtual clock (F39).
//! It stores and sends nothing.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, Duration, FixedOffset};
use clap::Args;

use super::config_args::ConfigFile;
use super::send::pair;
use super::survey::survey_of;
use super::table::{Table, cell};
use super::{Outcome, Usage, print_json};
use crate::app::simulate_survey::{Line, REPLIES_MAX, Simulate, SimulatedReply, Simulation, simulate_survey};
use crate::clock::Clock;
use crate::server::{deployment_keywords, installation};
use crate::session::Keywords;
use crate::survey::{Language, Survey, Variables};

pub(super) const EXAMPLES: &str = "Examples:\n  antiphon survey simulate surveys/nps.yaml\n  \
    antiphon survey simulate surveys/nps.yaml --language no --reply 9 --reply \"hopp over\"\n  \
    printf '2, waited long\\n@ 26h\\n3\\n' | antiphon survey simulate surveys/csat-after-call.yaml --var queueKey=sales\n\n\
    Type a line to reply. A line such as \"@ 26h\" lets that time pass before the next reply. Ctrl-D ends.";

#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// The survey file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
    /// Language, such as en or no [default: the survey's]
    #[arg(long, visible_alias = "lang", value_name = "LANGUAGE")]
    language: Option<String>,
    /// A userSessionVariable; may be given several times
    #[arg(long = "var", value_name = "KEY=VALUE", value_parser = pair)]
    variables: Vec<(String, String)>,
    /// Text in front of the first SMS
    #[arg(long, value_name = "TEXT")]
    content: Option<String>,
    /// When it starts, with the recipient's offset, such as 2026-11-23T10:00:00+01:00 [default: now]
    #[arg(long, value_name = "TIME")]
    now: Option<DateTime<FixedOffset>>,
    /// A reply, in order; may be given several times. Without any, lines are read from standard input
    #[arg(long = "reply", value_name = "TEXT")]
    replies: Vec<String>,
}

/// The conversation so far. The interpreter is pure, so each reply plays it again from the start.
struct Play<'a> {
    survey: &'a Survey,
    keywords: Keywords,
    simulate: Simulate,
    shown: usize,
    quiet: bool,
    pause: Duration,
}

/// Runs the command.
pub(super) fn run(args: &SimulateArgs, json: bool) -> anyhow::Result<Outcome> {
    let config = args.config.load(Vec::new())?;
    let Some(survey) = survey_of(&args.file, &installation(&config).context())? else {
        return Ok(Outcome::Invalid);
    };
    let language = args.language.as_deref().map(Language::parse).transpose();
    let simulate = Simulate {
        language: language.map_err(|error| Usage(error.to_string()))?,
        content: args.content.clone(),
        variables: Variables::new(args.variables.clone()),
        replies: Vec::new(),
        now: args.now.unwrap_or_else(|| Clock::system().now().fixed_offset()),
    };
    let mut play = Play {
        survey: &survey,
        keywords: deployment_keywords(&config),
        simulate,
        shown: 0,
        quiet: json,
        pause: Duration::zero(),
    };
    let mut simulation = play.show()?;
    if args.replies.is_empty() {
        simulation = from_input(&mut play, simulation)?;
    } else {
        for reply in &args.replies {
            simulation = play.reply(reply)?.unwrap_or(simulation);
        }
    }
    if json {
        print_json(&serde_json::to_value(&simulation)?);
    } else {
        println!("status {}, at {}\n", simulation.status, simulation.current_element_id);
        print!("{}", answers(&simulation)?);
    }
    Ok(Outcome::Done)
}

fn from_input(play: &mut Play<'_>, mut simulation: Simulation) -> anyhow::Result<Simulation> {
    let interactive = std::io::stdin().is_terminal();
    let mut input = std::io::stdin().lock();
    let mut bytes = Vec::new();
    while simulation.status == "active" {
        if interactive {
            print!("you> ");
            std::io::stdout().flush()?;
        }
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned();
        if line.trim().is_empty() {
            continue;
        }
        simulation = play.reply(&line)?.unwrap_or(simulation);
    }
    Ok(simulation)
}

impl Play<'_> {
    /// Takes a typed line: a reply, or `@ 26h`, after which nothing has happened yet.
    fn reply(&mut self, line: &str) -> anyhow::Result<Option<Simulation>> {
        if let Some(wait) = line.strip_prefix('@') {
            let wait = wait.trim().trim_start_matches('+');
            self.pause +=
                duration(wait).ok_or_else(|| Usage(format!("`{line}` is not a time such as @ 26h")))?;
            return Ok(None);
        }
        if self.simulate.replies.len() >= REPLIES_MAX {
            anyhow::bail!("a session takes {REPLIES_MAX} replies at most");
        }
        let after = std::mem::replace(&mut self.pause, Duration::zero());
        self.simulate.replies.push(SimulatedReply { text: line.to_owned(), after });
        self.show().map(Some)
    }

    /// Plays everything, and prints what was not printed yet.
    fn show(&mut self) -> anyhow::Result<Simulation> {
        let simulation = simulate_survey(self.survey, self.simulate.clone(), &self.keywords)
            .context("the conversation does not fit the survey")?;
        if !self.quiet {
            simulation.transcript.iter().skip(self.shown).for_each(print_line);
        }
        self.shown = simulation.transcript.len();
        Ok(simulation)
    }
}

fn print_line(line: &Line) {
    let arrow = if line.direction == "inbound" { '>' } else { '<' };
    let parts = if line.segments > 1 { format!(", {} SMS parts", line.segments) } else { String::new() };
    println!("{}  [{}{parts}]", line.at, line.name);
    for text in line.text.lines() {
        println!("  {arrow} {text}");
    }
}

fn answers(simulation: &Simulation) -> anyhow::Result<String> {
    let mut table = Table::new(&["question", "state", "reply", "value", "index", "code", "label", "method"]);
    for answer in &simulation.answers {
        let answer = serde_json::to_value(answer)?;
        let columns = ["elementId", "state", "raw", "value", "index", "code", "label", "method"];
        table.row(columns.iter().filter_map(|name| answer.get(*name)).map(cell));
    }
    Ok(table.render())
}

/// A number and `s`, `m`, `h` or `d` (F5).
fn duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.trim().parse().ok().filter(|number| *number >= 0)?;
    match unit {
        's' => Duration::try_seconds(number),
        'm' => Duration::try_minutes(number),
        'h' => Duration::try_hours(number),
        'd' => Duration::try_days(number),
        _ => None,
    }
}
