//! What the pure part of a turn costs: fold the reply, parse it, interpret it, render the next SMS and count its
//! parts. No I/O. A valid reply to a scale, and every reply of the dev cases.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use antiphon::session::Keywords;
use antiphon::survey::check::{Context, FileName, check};
use antiphon::survey::reply::Lexicons;
use antiphon::survey::turn::{Begin, Effect, Reply, Turn, begin, reply};
use antiphon::survey::{Kind, Language, Survey, Variables};
use antiphon::text;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value as Json, json};

use crate::support::table::{Table, at_most};
use crate::support::{Failure, Size};

const SURVEY: &str = include_str!("../../surveys/csat-after-call.yaml");
const CASES: &str = include_str!("../../tests/it/cases/replies-dev.json");

/// What must hold, in microseconds.
const SCALE_MICROS_MAX: f64 = 5.0;
const WORST_MICROS_MAX: f64 = 20.0;

/// Measures the step.
pub fn measure(size: Size) -> Result<Table, Failure> {
    let time = size.pick(Duration::from_millis(20), Duration::from_millis(200));
    let survey = checked("csat-after-call", SURVEY)?;
    let scale = Step::new(&survey, Language::en(), "4", today()).micros(time)?;
    let mut rows = vec![
        vec!["a scale of the example survey, `4`".to_owned(), at_most(scale, SCALE_MICROS_MAX)],
        vec!["the same, `lots`: asked again".to_owned(), {
            let again = Step::new(&survey, Language::en(), "lots", today()).micros(time)?;
            format!("{again:.2}")
        }],
    ];
    let mut cases = dev_cases(time)?;
    cases.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    let middle = cases.get(cases.len() / 2).ok_or("there are no dev cases")?;
    rows.push(vec![format!("the dev case in the middle: {}", middle.0), format!("{:.2}", middle.1)]);
    let worst = cases.last().ok_or("there are no dev cases")?;
    rows.push(vec![format!("the worst dev case: {}", worst.0), at_most(worst.1, WORST_MICROS_MAX)]);
    Ok(Table {
        title: "The pure step".to_owned(),
        method: format!(
            "Keywords, folding, parsing, interpreting, rendering and counting the parts of the next SMS, on one \
             thread; the quickest of five rounds of {} ms each.",
            time.as_millis()
        ),
        columns: vec!["reply", "µs"],
        rows,
    })
}

fn checked(id: &str, source: &str) -> Result<Survey, Failure> {
    let checked = check(source, &FileName::new(format!("{id}.yaml")), &Context::default());
    checked.survey.ok_or_else(|| format!("a survey has errors: {:?}", checked.findings).into())
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_240_800, 0).unwrap_or_default()
}

fn today() -> NaiveDate {
    now().date_naive()
}

/// A session that waits for this reply.
struct Step<'s> {
    survey: &'s Survey,
    begun: Turn,
    raw: String,
    today: NaiveDate,
    is_free_text: bool,
    keywords: Keywords,
    variables: Variables,
}

impl<'s> Step<'s> {
    fn new(survey: &'s Survey, language: Language, raw: &str, today: NaiveDate) -> Self {
        let variables = Variables::new(Vec::new());
        let start = Begin { language, variables: &variables, content: None };
        let begun = begin(survey, &start, now());
        let is_free_text = survey
            .elements
            .iter()
            .find(|element| !matches!(element.kind, Kind::Text))
            .is_some_and(|element| matches!(element.kind, Kind::FreeText { .. }));
        let keywords = Keywords::default();
        let raw = raw.to_owned();
        Self { survey, begun, raw, today, is_free_text, keywords, variables }
    }

    fn once(&self) -> Result<usize, Failure> {
        let raw = black_box(self.raw.as_str());
        if self.keywords.triage(raw, false, self.is_free_text).is_some() {
            return Ok(0);
        }
        let text = Reply {
            raw,
            early: false,
            today: self.today,
            lexicons: Lexicons::built_in(),
            variables: &self.variables,
        };
        let turn = reply(self.survey, self.begun.progress.clone(), &text, now())
            .map_err(|misfit| format!("the reply does not fit: {misfit:?}"))?;
        let mut parts = 0;
        for effect in &turn.effects {
            if let Effect::Send(send) = effect {
                parts += text::length(send.text.sms()).segments;
            }
        }
        Ok(parts)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
    fn micros(&self, time: Duration) -> Result<f64, Failure> {
        let mut best = f64::INFINITY;
        for _ in 0..5 {
            let began = Instant::now();
            let mut steps = 0_u32;
            while steps < 10 || began.elapsed() < time / 5 {
                for _ in 0..10 {
                    black_box(self.once()?);
                }
                steps += 10;
            }
            best = best.min(began.elapsed().as_nanos() as f64 / 1000.0 / f64::from(steps));
        }
        Ok(best)
    }
}

/// Every dev case: what it is, and what its step costs.
fn dev_cases(time: Duration) -> Result<Vec<(String, f64)>, Failure> {
    let file: Json = serde_json::from_str(CASES)?;
    let no_elements = Map::new();
    let elements = file.get("elements").and_then(Json::as_object).unwrap_or(&no_elements);
    let mut surveys: BTreeMap<&str, Survey> = BTreeMap::new();
    for (name, fields) in elements {
        surveys.insert(name, checked("case", &survey_of(fields).to_string())?);
    }
    let mut costs = Vec::new();
    for case in file.get("cases").and_then(Json::as_array).into_iter().flatten() {
        let part = |key: &str| case.get(key).and_then(Json::as_str);
        let (Some(name), Some(raw), Some(code)) = (part("element"), part("raw"), part("lang")) else {
            return Err(format!("a dev case is not whole: {case}").into());
        };
        let survey = surveys.get(name).ok_or("a dev case names no element")?;
        let language = Language::parse(code).map_err(|_| "a dev case names no language")?;
        let day = part("today").map_or(Ok(today()), str::parse)?;
        let cost = Step::new(survey, language, raw, day).micros(time / 5)?;
        let number = case.get("n").map(Json::to_string).unwrap_or_default();
        costs.push((format!("number {number} ({name})"), cost));
    }
    Ok(costs)
}

/// A survey that asks the element of a dev case first.
fn survey_of(fields: &Json) -> Json {
    let texts = |en: &str, no: &str| json!({"en": en, "no": no});
    let mut element = fields.as_object().cloned().unwrap_or_default();
    element.insert("id".to_owned(), json!("question"));
    element.insert(
        "text".to_owned(),
        texts("What do you say? STOP to opt out.", "Hva sier du? STOPP for slutt."),
    );
    if let Some(options) = element.get_mut("options").and_then(Json::as_array_mut) {
        for option in options {
            let part = |key: &str| option.get(key).cloned().unwrap_or_default();
            let mut fields = Map::new();
            fields.insert("code".to_owned(), part("code"));
            fields.insert("label".to_owned(), json!({"en": part("en"), "no": part("no")}));
            let aliases = part("aliases");
            if aliases.is_array() {
                fields.insert("aliases".to_owned(), json!({"en": aliases, "no": aliases}));
            }
            if part("exclusive") == json!(true) {
                fields.insert("exclusive".to_owned(), json!(true));
            }
            *option = Json::Object(fields);
        }
    }
    json!({
        "format": "antiphon/1",
        "id": "case",
        "title": "Case",
        "languages": ["en", "no"],
        "default_language": "en",
        "elements": [element, {
            "id": "next",
            "type": "scale",
            "min": 1,
            "max": 5,
            "text": texts("How was it? Reply 1-5.", "Hvordan var det? Svar 1-5."),
        }],
        "completion": {"text": texts("Thank you!", "Takk!")},
    })
}
