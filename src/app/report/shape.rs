//! How a report is shown: as JSON (http-api.md 9.2), and as CSV with one row per group and question.

use serde_json::{Map, Value as Json, json};

use super::{QuestionTally, Report, Tally};
use crate::figures::{Share, mean, quantile};
use crate::survey::element::Kind;
use crate::survey::{Element, Number};
use crate::tabular::{Cell, Column, CsvStyle, Dialect, Newlines, TextFormat, TextWriter};

/// Groups with fewer sessions sent are marked: hardly a figure, and near to a person (M7).
const SMALL: u64 = 10;

/// What each figure means, on one sheet (M2).
pub const DEFINITIONS: &[(&str, &str)] = &[
    ("sent", "sessions whose first SMS the gateway accepted"),
    ("delivered", "sessions whose first SMS was reported delivered"),
    ("started", "sessions with at least one valid answer"),
    ("completed", "sessions that reached completion"),
    (
        "partial",
        "sessions closed unfinished with at least as many valid answers as the survey's partial_after (1)",
    ),
    ("expired", "sessions ended by their expiry"),
    ("exhausted", "sessions ended by too many invalid replies"),
    ("optedOut", "sessions ended by STOP"),
    ("unreachable", "sessions closed without a reply whose first SMS failed or was not delivered"),
    ("unresponsive", "sessions closed without a reply whose first SMS was delivered or of unknown fate"),
    ("responseRate", "started / sent, with its Wilson 95 % interval"),
    ("deliveredResponseRate", "started / delivered"),
    ("completionRate", "completed / started, with its Wilson 95 % interval"),
    ("optOutRate", "optedOut / sent"),
    ("asked", "sessions in which a prompt of the question was sent"),
    ("answered", "sessions with a valid answer to the question, that of its latest visit"),
    ("dropOff", "(asked - answered) / asked of the same question"),
    ("invalidRate", "replies not understood / all replies to the question"),
    ("csat", "share of the top two of a scale from 1 to 5, with its Wilson 95 % interval"),
    ("nps", "% of 9 and 10 less % of 0 to 6, with its adjusted-Wald 95 % interval"),
    (
        "medianSeconds",
        "from the prompt accepted to the answer; medians and 90th percentiles by linear interpolation",
    ),
    ("reminderUplift", "sessions whose first valid answer came after a reminder / reminders sent"),
    ("small", "fewer than 10 sessions sent: hardly a figure, and near to a person"),
];

/// A rate, or another number, to four decimals.
fn rounded(value: Option<f64>) -> Json {
    value.map_or(Json::Null, |value| {
        let rounded = (value * 10_000.0).round() / 10_000.0;
        json!(if rounded == 0.0 { 0.0 } else { rounded })
    })
}

fn interval(bounds: Option<[f64; 2]>) -> Json {
    bounds.map_or(Json::Null, |[low, high]| json!([rounded(Some(low)), rounded(Some(high))]))
}

fn rate(count: u64, of: u64) -> Json {
    rounded(Share { count, of }.rate())
}

/// A quantile of milliseconds, in seconds.
fn seconds(millis: &[u32], share: f64) -> Json {
    let mut millis = millis.to_vec();
    millis.sort_unstable();
    rounded(quantile(&millis, share).map(|millis| millis / 1_000.0))
}

impl Report {
    /// The whole report.
    #[must_use]
    pub fn json(&self) -> Json {
        let at = |at: Option<chrono::NaiveDateTime>| {
            at.map(|at| at.and_utc().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
        };
        let definitions: Map<String, Json> =
            DEFINITIONS.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
        json!({
            "surveyId": self.survey_id,
            "from": at(self.options.filter.from),
            "to": at(self.options.filter.to),
            "tz": self.options.zone.name(),
            "groupBy": self.options.group_by,
            "groups": self.groups.iter().map(|(key, tally)| self.group(key, tally)).collect::<Vec<_>>(),
            "definitions": definitions,
        })
    }

    fn group(&self, key: &[Option<String>], tally: &Tally) -> Json {
        let key: Map<String, Json> =
            self.options.group_by.iter().cloned().zip(key.iter().map(|value| json!(value))).collect();
        let responded = Share { count: tally.started, of: tally.sent };
        let finished = Share { count: tally.completed, of: tally.started };
        let failures: Vec<Json> = tally
            .failures
            .iter()
            .map(|((gateway, reason), count)| json!({"gateway": gateway, "reason": reason, "count": count}))
            .collect();
        json!({
            "key": key,
            "small": tally.sent < SMALL,
            "sessions": tally.sessions,
            "sent": tally.sent,
            "delivered": tally.delivered,
            "started": tally.started,
            "completed": tally.completed,
            "partial": tally.partial,
            "expired": tally.expired,
            "exhausted": tally.exhausted,
            "optedOut": tally.opted_out,
            "unreachable": tally.unreachable,
            "unresponsive": tally.unresponsive,
            "responseRate": rounded(responded.rate()),
            "responseRateInterval": interval(responded.interval()),
            "deliveredResponseRate": rate(tally.started, tally.delivered),
            "completionRate": rounded(finished.rate()),
            "completionRateInterval": interval(finished.interval()),
            "optOutRate": rate(tally.opted_out, tally.sent),
            "medianFirstReplySeconds": seconds(&tally.first_reply, 0.5),
            "p90FirstReplySeconds": seconds(&tally.first_reply, 0.9),
            "segments": tally.segments,
            "segmentsPerCompleted": rate(tally.segments, tally.completed),
            "remindersSent": tally.reminders,
            "reminderUplift": rate(tally.answered_after_reminder, tally.reminders),
            "failures": failures,
            "questions": self.elements().into_iter()
                .map(|element| question(element, tally.questions.get(&element.id)))
                .collect::<Vec<_>>(),
        })
    }

    /// The questions of all revisions in the order of columns, each as its newest revision has it.
    fn elements(&self) -> Vec<&Element> {
        let mut elements: Vec<&Element> = Vec::new();
        let all = self.revisions.values().flat_map(|survey| &survey.elements);
        for element in all.filter(|element| element.kind.is_question()) {
            match elements.iter_mut().find(|known| known.id == element.id) {
                Some(known) => *known = element,
                None => elements.push(element),
            }
        }
        elements
    }

    /// One row per group and question.
    #[must_use]
    pub fn csv(&self) -> String {
        let fixed =
            ["sessions", "sent", "delivered", "started", "completed", "responseRate", "completionRate"];
        let of_question = [
            "elementId",
            "type",
            "asked",
            "answered",
            "skipped",
            "invalid",
            "dropOff",
            "mean",
            "medianSeconds",
        ];
        let named = |name: &str| Column { name: snake_case(name), path: None };
        let columns = self.options.group_by.iter().map(String::as_str).chain(fixed).chain(of_question);
        let style = CsvStyle {
            dialect: Dialect::Analysis,
            newlines: Newlines::Keep,
            guarded: true,
            zone: self.options.zone,
        };
        let mut writer = TextWriter::new(TextFormat::Csv(style), columns.map(named).collect());
        let mut out = String::new();
        writer.begin(&mut out);
        for (key, tally) in &self.groups {
            let group = self.group(key, tally);
            for element in self.elements() {
                let question = question(element, tally.questions.get(&element.id));
                let mut cells: Vec<Cell> = key.iter().map(|value| Cell::text(value.as_deref())).collect();
                cells.extend(fixed.iter().map(|name| cell(&group, name)));
                cells.extend(of_question.iter().map(|name| cell(&question, name)));
                writer.row(&mut out, &cells);
            }
        }
        writer.end(&mut out);
        out
    }
}

/// A number or a text of an object, as a cell.
fn cell(object: &Json, name: &str) -> Cell {
    match object.get(name) {
        Some(Json::String(text)) => Cell::Text(text.clone()),
        Some(Json::Number(number)) => match number.as_i64() {
            Some(whole) => Cell::Integer(whole),
            // Exactly as JSON shows it.
            None => Cell::Phone(number.to_string()),
        },
        Some(Json::Bool(value)) => Cell::Flag(*value),
        Some(Json::Null | Json::Array(_) | Json::Object(_)) | None => Cell::Empty,
    }
}

fn snake_case(name: &str) -> String {
    name.chars().fold(String::new(), |mut snake, letter| {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
        snake
    })
}

fn question(element: &Element, tally: Option<&QuestionTally>) -> Json {
    let none = QuestionTally::default();
    let tally = tally.unwrap_or(&none);
    let replies = tally.answered + tally.skipped + tally.invalid;
    let csat = Share { count: tally.top_two, of: tally.numbers };
    let methods: Map<String, Json> =
        tally.methods.iter().map(|(method, count)| (method.clone(), rate(*count, tally.answered))).collect();
    let mut shown = json!({
        "elementId": element.id,
        "type": element.kind.name(),
        "asked": tally.asked,
        "answered": tally.answered,
        "skipped": tally.skipped,
        "invalid": tally.invalid,
        "dropOff": rate(tally.asked.saturating_sub(tally.answered), tally.asked),
        "invalidRate": rate(tally.invalid, replies),
        "mean": rounded(mean(tally.sum, tally.numbers)),
        "distribution": distribution(element, tally),
        "medianSeconds": seconds(&tally.latency, 0.5),
        "p90Seconds": seconds(&tally.latency, 0.9),
        "methods": methods,
    });
    if let Some(members) = shown.as_object_mut() {
        if is_csat(&element.kind) && !element.pii {
            let figure =
                json!({"rate": rounded(csat.rate()), "interval": interval(csat.interval()), "of": csat.of});
            members.insert("csat".to_owned(), figure);
        }
        if matches!(element.kind, Kind::Nps { .. }) && !element.pii {
            let nps = tally.promoters;
            let figure = json!({
                "score": rounded(nps.score()),
                "interval": interval(nps.interval()),
                "promoters": nps.promoters,
                "passives": nps.passives,
                "detractors": nps.detractors,
            });
            members.insert("nps".to_owned(), figure);
        }
    }
    shown
}

/// A scale from 1 to 5 (M4).
fn is_csat(kind: &Kind) -> bool {
    matches!(kind, Kind::Scale { min, max, .. } if min.as_whole() == Some(1) && max.as_whole() == Some(5))
}

/// Counts in the order of the question: every option, every point; else what was answered. Skipped answers are not
/// among them (U42), nor is what is marked `pii`.
fn distribution(element: &Element, tally: &QuestionTally) -> Map<String, Json> {
    if element.pii {
        return Map::new();
    }
    let mut order: Vec<String> = match &element.kind {
        Kind::SingleChoice { options } | Kind::MultipleChoice { options, .. } => {
            options.iter().map(|option| option.code.clone()).collect()
        }
        Kind::YesNo => ["yes", "no"].map(str::to_owned).to_vec(),
        Kind::Nps { .. } => (0..=10).map(|point| point.to_string()).collect(),
        Kind::Scale { min, max, decimals: 0, .. } => points(*min, *max),
        Kind::Text | Kind::Scale { .. } | Kind::Number { .. } | Kind::FreeText { .. } | Kind::Date { .. } => {
            Vec::new()
        }
    };
    let mut others: Vec<&String> = tally.distribution.keys().filter(|value| !order.contains(value)).collect();
    others.sort_by_key(|value| (Number::parse(value).map(Number::hundredths), (*value).clone()));
    let others: Vec<String> = others.into_iter().cloned().collect();
    order.extend(others);
    let count = |value: String| {
        let count = tally.distribution.get(&value).copied().unwrap_or(0);
        (value, json!(count))
    };
    order.into_iter().map(count).collect()
}

/// The points of a scale that is short enough to name them all.
fn points(min: Number, max: Number) -> Vec<String> {
    match (min.as_whole(), max.as_whole()) {
        (Some(min), Some(max)) if max - min <= 100 => (min..=max).map(|point| point.to_string()).collect(),
        _ => Vec::new(),
    }
}
