//! Reads transcripts; see README.txt beside them.

use std::path::Path;

use chrono::TimeDelta;
use regex::Regex;
use serde_json::{Map, Value as Json, json};

use super::Sms;

/// A conversation to play.
#[derive(Clone, Debug)]
pub struct Transcript {
    pub name: String,
    pub survey: String,
    pub phone: String,
    pub subnumbers: bool,
    pub server_only: bool,
    /// Properties of every SendSurvey call.
    pub properties: Map<String, Json>,
    /// Line numbers and steps.
    pub steps: Vec<(usize, Step)>,
}

#[derive(Clone, Debug)]
pub enum Step {
    SendSurvey(SendSurvey),
    Sms(Sms),
    Text(Inbound),
    Wait(TimeDelta),
    Check { session: usize, claim: Claim },
}

#[derive(Clone, Debug)]
pub struct SendSurvey {
    pub survey: Option<String>,
    pub properties: Map<String, Json>,
    /// Status and problem code.
    pub expected: (u16, String),
}

#[derive(Clone, Debug, Default)]
pub struct Inbound {
    pub text: String,
    pub from: Option<String>,
    pub to: Option<String>,
    /// `Some("")` = outside any thread.
    pub thread: Option<String>,
    pub again: bool,
}

#[derive(Clone, Debug)]
pub enum Claim {
    Session { status: String, at: Option<String> },
    Inbound { outcome: String, reason: Option<String> },
    NoAnswer { element: String },
    Answer(Answer),
}

/// What an answer must look like; what is not said may be anything.
#[derive(Clone, Debug)]
pub struct Answer {
    pub element: String,
    pub visit: Option<u64>,
    state: String,
    value: Option<String>,
    method: Option<String>,
    /// Property of the API and its text.
    parts: Vec<(String, String)>,
}

impl Answer {
    pub fn compare(&self, found: &Json) -> Result<(), String> {
        let method = found["method"].as_str();
        let same = found["state"] == self.state
            && self.value.as_ref().is_none_or(|value| *value == shown(&found["value"]))
            && (self.method.is_none() || method == self.method.as_deref())
            && self.parts.iter().all(|(name, text)| *text == shown(&found[name]));
        if same { Ok(()) } else { Err(format!("the stored answer is {found}")) }
    }
}

/// Numbers and texts as they are, line breaks as slashes, lists with plus signs.
fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.replace('\n', " / "),
        Json::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(" + "),
        other => other.to_string(),
    }
}

pub fn read(path: &Path) -> Transcript {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let source = std::fs::read_to_string(path).unwrap();
    let mut transcript = Transcript {
        name,
        survey: String::new(),
        phone: String::new(),
        subnumbers: false,
        server_only: false,
        properties: Map::new(),
        steps: Vec::new(),
    };
    for (number, line) in source.lines().enumerate() {
        let number = number + 1;
        if let Some(more) = line.strip_prefix("  ") {
            match transcript.steps.last_mut() {
                Some((_, Step::Sms(Sms { text, .. }) | Step::Text(Inbound { text, .. }))) => {
                    text.push('\n');
                    text.push_str(more);
                }
                _ => panic!("{}:{number}: nothing goes on here", transcript.name),
            }
            continue;
        }
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let step = step(line, &transcript.phone);
        match step {
            Some(step) => transcript.steps.push((number, step)),
            None => header(&mut transcript, line, number),
        }
    }
    assert!(!transcript.steps.is_empty(), "{}: it is empty", transcript.name);
    transcript
}

fn header(transcript: &mut Transcript, line: &str, number: usize) {
    if line == "server only" {
        transcript.server_only = true;
        return;
    }
    let (name, value) =
        line.split_once(": ").unwrap_or_else(|| panic!("{}:{number}: cannot be read", transcript.name));
    match name {
        "survey" => value.clone_into(&mut transcript.survey),
        "phone" => value.clone_into(&mut transcript.phone),
        "subnumbers" => transcript.subnumbers = value == "yes",
        "variables" => {
            let variables: Map<String, Json> = value
                .split_whitespace()
                .map(|pair| pair.split_once('=').unwrap())
                .map(|(key, value)| (key.to_owned(), json!(value)))
                .collect();
            transcript.properties.insert("userSessionVariables".to_owned(), Json::Object(variables));
        }
        _ => {
            transcript.properties.insert(name.to_owned(), json!(value));
        }
    }
}

fn step(line: &str, phone: &str) -> Option<Step> {
    let mark = line.chars().next()?;
    let rest = line.get(1..)?;
    Some(match mark {
        '*' => Step::SendSurvey(send_survey(rest.trim())),
        '<' => {
            let (notes, text) = notes(rest);
            let to = notes.first().cloned().unwrap_or_else(|| phone.to_owned());
            Step::Sms(Sms { to, text })
        }
        '>' => Step::Text(inbound(rest)),
        '@' => Step::Wait(duration(rest.trim().trim_start_matches('+'))),
        '!' => check(rest.trim()),
        _ => return None,
    })
}

/// The notes in brackets and the text behind them.
fn notes(rest: &str) -> (Vec<String>, String) {
    let split = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (notes, text) = split.unwrap_or(("", rest));
    let notes = notes.split(", ").filter(|note| !note.is_empty()).map(str::to_owned).collect();
    (notes, text.strip_prefix(' ').unwrap_or(text).to_owned())
}

fn inbound(rest: &str) -> Inbound {
    let (notes, text) = notes(rest);
    let mut inbound = Inbound { text, ..Inbound::default() };
    for note in notes {
        match note.split_once(' ').unwrap_or((&note, "")) {
            ("from", phone) => inbound.from = Some(phone.to_owned()),
            ("to", number) => inbound.to = Some(number.to_owned()),
            ("thread", thread) => inbound.thread = Some(thread.to_owned()),
            ("plain", _) => inbound.thread = Some(String::new()),
            ("again", _) => inbound.again = true,
            ("empty", _) => {}
            other => panic!("no such note: {other:?}"),
        }
    }
    inbound
}

fn send_survey(rest: &str) -> SendSurvey {
    let rest = rest.strip_prefix("SendSurvey").unwrap_or_else(|| panic!("no such call: {rest}"));
    let (properties, expected) = rest.split_once("->").unwrap_or((rest, "201"));
    let mut expected = expected.split_whitespace();
    let status = expected.next().unwrap().parse().unwrap();
    let code = expected.next().unwrap_or_default().to_owned();
    let mut call = SendSurvey { survey: None, properties: Map::new(), expected: (status, code) };
    let pair = Regex::new(r#"(\w+)=(?:"([^"]*)"|(\S+))"#).unwrap();
    for found in pair.captures_iter(properties) {
        let value = found.get(2).or_else(|| found.get(3)).unwrap().as_str().to_owned();
        match &found[1] {
            "survey" => call.survey = Some(value),
            name => {
                call.properties.insert(name.to_owned(), json!(value));
            }
        }
    }
    call
}

fn duration(text: &str) -> TimeDelta {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: i64 = number.parse().unwrap();
    match unit {
        "s" => TimeDelta::seconds(number),
        "m" => TimeDelta::minutes(number),
        "h" => TimeDelta::hours(number),
        "d" => TimeDelta::days(number),
        other => panic!("no such unit: {other}"),
    }
}

fn check(rest: &str) -> Step {
    let named = Regex::new(r"^([A-Z]): (.*)$").unwrap();
    let (session, claim) = match named.captures(rest) {
        Some(found) => (usize::from(found[1].as_bytes()[0] - b'A'), found[2].to_owned()),
        None => (usize::MAX, rest.to_owned()),
    };
    Step::Check { session, claim: self::claim(&claim) }
}

fn claim(text: &str) -> Claim {
    let parse = |pattern: &str| {
        Regex::new(pattern).unwrap().captures(text).map(|found| {
            found.iter().skip(1).map(|part| part.map(|part| part.as_str().to_owned())).collect::<Vec<_>>()
        })
    };
    if let Some(found) = parse(r"^session (\w+)(?: at (\w+))?$") {
        return Claim::Session { status: found[0].clone().unwrap(), at: found[1].clone() };
    }
    if let Some(found) = parse(r"^inbound (\w+)(?: \((\w+)\))?$") {
        return Claim::Inbound { outcome: found[0].clone().unwrap(), reason: found[1].clone() };
    }
    if let Some(found) = parse(r"^no answer to (\w+)$") {
        return Claim::NoAnswer { element: found[0].clone().unwrap() };
    }
    if let Some(found) = parse(r"^answer (\w+) (skipped|exhausted|not_asked|expired)$") {
        return Claim::Answer(Answer {
            element: found[0].clone().unwrap(),
            visit: None,
            state: found[1].clone().unwrap(),
            value: None,
            method: None,
            parts: Vec::new(),
        });
    }
    let found =
        parse(r"^answer (\w+) = (.+?) \((\w+)\)(.*)$").unwrap_or_else(|| panic!("no such claim: {text}"));
    let tail = found[3].clone().unwrap_or_default();
    let part =
        Regex::new(r#", (comment|label|raw|position|attempts|visit) (?:"([^"]*)"|([\d+ ]+))"#).unwrap();
    let mut visit = None;
    let mut parts = Vec::new();
    let mut read_to = 0;
    for piece in part.captures_iter(&tail) {
        read_to = piece.get(0).unwrap().end();
        let value = piece.get(2).or_else(|| piece.get(3)).unwrap().as_str().trim().replace("\\n", "\n");
        match &piece[1] {
            "visit" => visit = Some(value.parse().unwrap()),
            "position" => parts.push(("index".to_owned(), value)),
            name => parts.push((name.to_owned(), value)),
        }
    }
    assert!(tail.len() == read_to, "cannot be read: {tail}");
    Claim::Answer(Answer {
        element: found[0].clone().unwrap(),
        visit,
        state: "answered".to_owned(),
        value: found[1].clone().map(|value| value.replace("\\n", "\n")),
        method: found[2].clone(),
        parts,
    })
}
