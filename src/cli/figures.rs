//! `antiphon report`: the figures of a survey, read from the database beside a running server. The options are those of
//! the API and give the same figures.

use anyhow::Context as _;
use chrono::SecondsFormat;
use clap::Args;
use serde_json::Value;

use super::client::{list, text};
use super::config_args::ConfigArgs;
use super::export::{open_beside, pairs_of_variables, refuse, since};
use super::table::{Table, cell};
use super::{Outcome, print_json};
use crate::app::export::World;
use crate::app::report::{self, Report, ReportFormat};
use crate::clock::{Clock, Timestamp};
use crate::ids::Ids;

pub(super) const EXAMPLES: &str = "Examples:\n  antiphon report csat-after-call --since 28d\n  \
    antiphon report csat-after-call --group-by queueKey,language --var systemCountry=NO\n  \
    antiphon report nps --json > nps.json";

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The survey, by slug or UUID
    #[arg(value_name = "SURVEY")]
    survey: String,
    /// country, language, revision, day, hour, weekday or session variables, with commas
    #[arg(long, value_name = "NAMES")]
    group_by: Option<String>,
    /// Sessions started in this time until now, such as 28d
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
    /// Test sessions too
    #[arg(long)]
    include_test: bool,
    /// Zone of days and hours: UTC or an IANA name [default: UTC]
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// text, json or csv [default: text]
    #[arg(long)]
    format: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

impl ReportArgs {
    fn given(&self, now: Timestamp) -> anyhow::Result<Vec<(String, String)>> {
        let from = match &self.since {
            Some(text) => Some((now - since(text)?).to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            None => self.from.clone(),
        };
        let options = [
            ("groupBy", self.group_by.clone()),
            ("from", from),
            ("to", self.to.clone()),
            ("dateField", self.date_field.clone()),
            ("status", self.status.clone()),
            ("language", self.language.clone()),
            ("includeTest", self.include_test.then(|| "true".to_owned())),
            ("tz", self.tz.clone()),
            ("format", self.format.clone().filter(|format| format != "text")),
        ];
        let given = options.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Ok(given.chain(pairs_of_variables(&self.var)?).collect())
    }
}

/// Runs the command.
pub(super) fn run(args: &ReportArgs, json: bool) -> anyhow::Result<Outcome> {
    let now = Clock::system().now();
    let options = match report::options::read(&args.given(now)?) {
        Ok(options) => options,
        Err(faults) => return Ok(refuse(&faults)),
    };
    let mut connection = open_beside(&args.config)?;
    let ids = Ids::system().context("this machine gives no randomness")?;
    let world = World::read(&mut connection, &ids, now)?;
    let survey = super::export::survey(&world, &args.survey)?;
    let mut report = match Report::begin(&mut connection, world, &survey, options)? {
        Ok(report) => report,
        Err(faults) => return Ok(refuse(&faults)),
    };
    loop {
        match report.next(&mut connection)? {
            Ok(true) => {}
            Ok(false) => break,
            Err(fault) => return Ok(refuse(&[fault])),
        }
    }
    let shown = report.json();
    if report.options.format == ReportFormat::Csv {
        print!("{}", report.csv());
    } else if json || args.format.as_deref() == Some("json") {
        print_json(&shown);
    } else {
        print!("{}", for_people(&shown));
    }
    Ok(Outcome::Done)
}

/// The report as tables.
fn for_people(report: &Value) -> String {
    let mut out = format!("{} ({})\n", text(report, "surveyId"), text(report, "tz"));
    for group in list(report, "groups") {
        let key = group.get("key").and_then(Value::as_object).into_iter().flatten();
        let key: Vec<String> = key.map(|(name, value)| format!("{name} {}", shown(value))).collect();
        if !key.is_empty() {
            out.push_str(&format!("\n{}\n", key.join(", ")));
        }
        if group.get("small") == Some(&Value::Bool(true)) {
            out.push_str("fewer than 10 sent: hardly a figure, and near to a person\n");
        }
        let names = ["sent", "delivered", "started", "completed", "partial", "expired", "optedOut"];
        let mut counts = Table::new(&names);
        counts.row(names.iter().map(|name| cell(group.get(*name).unwrap_or(&Value::Null))));
        out.push_str(&format!("\n{}", counts.render()));
        for (name, of) in [("responseRate", "started / sent"), ("completionRate", "completed / started")] {
            let interval = group.get(format!("{name}Interval"));
            out.push_str(&format!("{name} {} ({of})\n", percent(group.get(name), interval)));
        }
        out.push_str(&format!("\n{}", questions(group)));
    }
    out.push_str("\nWhat each figure means: --format json, definitions\n");
    out
}

fn questions(group: &Value) -> String {
    let mut table = Table::new(&[
        "question",
        "asked",
        "answered",
        "skipped",
        "drop-off",
        "mean",
        "csat or nps",
        "median s",
        "distribution",
    ]);
    for question in list(group, "questions") {
        let figure = |name: &str| cell(question.get(name).unwrap_or(&Value::Null));
        let score = match (question.get("csat"), question.get("nps")) {
            (Some(csat), _) => percent(csat.get("rate"), csat.get("interval")),
            (None, Some(nps)) => format!(
                "{} [{}]",
                shown(nps.get("score").unwrap_or(&Value::Null)),
                cell(nps.get("interval").unwrap_or(&Value::Null))
            ),
            (None, None) => String::new(),
        };
        let counts = question.get("distribution").and_then(Value::as_object).into_iter().flatten();
        let counts: Vec<String> = counts.map(|(value, count)| format!("{value}: {count}")).collect();
        table.row([
            figure("elementId"),
            figure("asked"),
            figure("answered"),
            figure("skipped"),
            percent(question.get("dropOff"), None),
            figure("mean"),
            score,
            figure("medianSeconds"),
            counts.join(", "),
        ]);
    }
    table.render()
}

/// A value, or a dash for none (M3).
fn shown(value: &Value) -> String {
    let shown = cell(value);
    if shown.is_empty() { "-".to_owned() } else { shown }
}

/// A rate in percent with its interval; a dash for none.
fn percent(rate: Option<&Value>, interval: Option<&Value>) -> String {
    let percent = |value: &Value| value.as_f64().map(|rate| format!("{:.1}", rate * 100.0));
    let Some(rate) = rate.and_then(percent) else {
        return "-".to_owned();
    };
    let bounds: Vec<String> =
        interval.and_then(Value::as_array).into_iter().flatten().filter_map(percent).collect();
    if bounds.is_empty() { format!("{rate} %") } else { format!("{rate} % [{}]", bounds.join(", ")) }
}
