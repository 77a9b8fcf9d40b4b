//! Small surveys built by hand for the unit tests of this folder. Test code only.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, NaiveDate, Utc};

use super::element::{ChoiceOption, DateOrder, Direction, Rule, Variant};
use super::expr::Expr;
use super::expr::typing::{self, Scope, Type};
use super::reply::Lexicons;
use super::survey::{Settings, Variable};
use super::turn::{Begin, Effect, Reply, Turn, begin, reply};
use super::{
    Completion, Element, Kind, Language, Number, Progress, Survey, SurveyParts, Target, Text, Variables,
};

pub fn text(en: &str) -> Text {
    Text::new(en.to_owned(), BTreeMap::new())
}

pub fn both(en: &str, no: &str) -> Text {
    Text::new(en.to_owned(), BTreeMap::from([(Language::no(), no.to_owned())]))
}

pub fn element(id: &str, kind: Kind) -> Element {
    Element {
        id: id.to_owned(),
        kind,
        text: text(&format!("{id}?")),
        variants: Vec::new(),
        when: None,
        rules: Vec::new(),
        next: None,
        label: None,
        export_as: id.to_owned(),
        optional: false,
        skip_words: BTreeMap::new(),
        strict: false,
        pii: false,
    }
}

pub fn note(id: &str) -> Element {
    Element { text: text(&format!("{id}!")), ..element(id, Kind::Text) }
}

pub fn scale(id: &str) -> Element {
    element(
        id,
        Kind::Scale { min: Number::small(1), max: Number::small(5), decimals: 0, labels: BTreeMap::new() },
    )
}

pub fn yes_no(id: &str) -> Element {
    element(id, Kind::YesNo)
}

pub fn free(id: &str, window_seconds: i64) -> Element {
    element(
        id,
        Kind::FreeText {
            min_length: 0,
            max_length: 40,
            pattern: None,
            append_window: Duration::seconds(window_seconds),
        },
    )
}

pub fn date(id: &str) -> Element {
    element(id, Kind::Date { direction: Direction::Any, order: DateOrder::Dmy, min: None, max: None })
}

pub fn number(id: &str) -> Element {
    element(id, Kind::Number { min: None, max: None, decimals: 2, unit: Some("kr".to_owned()) })
}

pub fn options(labels: &[(&str, &str, &str)]) -> Vec<ChoiceOption> {
    labels
        .iter()
        .map(|(code, en, no)| ChoiceOption {
            code: (*code).to_owned(),
            label: both(en, no),
            aliases: BTreeMap::new(),
            exclusive: false,
        })
        .collect()
}

pub fn choice(id: &str) -> Element {
    let options = options(&[
        ("billing", "Billing", "Faktura"),
        ("technical", "Technical problem", "Teknisk feil"),
        ("wait", "Waiting time", "Ventetid"),
    ]);
    element(id, Kind::SingleChoice { options })
}

pub fn many(id: &str) -> Element {
    let options = options(&[
        ("price", "Price", "Pris"),
        ("quality", "Quality", "Kvalitet"),
        ("speed", "Speed", "Fart"),
    ]);
    element(id, Kind::MultipleChoice { options, min_select: 1, max_select: 3 })
}

/// A condition over the elements that the tests name `csat`, `solved`, `more`, `why`, `reason` and `improve`.
pub fn cond(source: &str) -> Expr {
    let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
    let types = [
        ("csat", Type::Number { min: Some(Number::small(1)), max: Some(Number::small(5)), decimals: 0 }),
        ("solved", Type::YesNo),
        ("more", Type::YesNo),
        ("why", Type::Text),
        ("reason", Type::Choice(codes(&["billing", "technical", "wait"]))),
        (
            "improve",
            Type::Choices { codes: codes(&["price", "quality", "speed"]), min_select: 1, max_select: 3 },
        ),
    ];
    let scope = Scope {
        elements: types.map(|(id, kind)| (id.to_owned(), kind)).into(),
        languages: vec![Language::en(), Language::no()],
    };
    typing::check(source, &scope).unwrap()
}

pub fn rule(condition: &str, goto: Option<Target>, tag: Option<&str>) -> Rule {
    Rule { condition: cond(condition), goto, tag: tag.map(str::to_owned) }
}

pub fn variant(condition: &str, en: &str) -> Variant {
    Variant { condition: cond(condition), text: text(en) }
}

pub fn variable(name: &str, default: Option<Text>, max_length: usize) -> Variable {
    Variable { name: name.to_owned(), default, max_length }
}

pub fn parts(elements: Vec<Element>) -> SurveyParts {
    SurveyParts {
        id: "test".to_owned(),
        uuid: None,
        title: "Test".to_owned(),
        languages: vec![Language::en(), Language::no()],
        default_language: Language::en(),
        settings: Settings::default(),
        variables: Vec::new(),
        reminders: Vec::new(),
        elements,
        completion: Completion { text: text("Bye."), variants: Vec::new() },
        messages: BTreeMap::new(),
        hash: "r1".to_owned(),
        source: String::new(),
    }
}

pub fn survey(elements: Vec<Element>) -> Survey {
    Survey::seal(parts(elements))
}

pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_255_200 + seconds, 0).unwrap()
}

pub fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 21).unwrap()
}

pub fn start(survey: &Survey) -> Turn {
    start_with(survey, &Variables::default(), None, Language::en())
}

pub fn start_with(survey: &Survey, variables: &Variables, content: Option<&str>, language: Language) -> Turn {
    let start = Begin { language, variables, content };
    begin(survey, &start, at(0))
}

/// A reply at `seconds` after the start.
pub fn answer(survey: &Survey, progress: Progress, raw: &str, seconds: i64) -> Turn {
    texted(survey, progress, raw, seconds, false)
}

pub fn texted(survey: &Survey, progress: Progress, raw: &str, seconds: i64, early: bool) -> Turn {
    let variables = Variables::default();
    let text = Reply { raw, early, today: today(), lexicons: Lexicons::built_in(), variables: &variables };
    reply(survey, progress, &text, at(seconds)).unwrap()
}

/// The texts of a turn, in order.
pub fn sms(turn: &Turn) -> Vec<&str> {
    sends(turn).into_iter().map(|(text, _)| text).collect()
}

/// Text and delay in seconds of each SMS.
pub fn sends(turn: &Turn) -> Vec<(&str, i64)> {
    turn.effects
        .iter()
        .filter_map(|effect| {
            let Effect::Send(send) = effect else {
                return None;
            };
            Some((send.text.sms(), send.after.num_seconds()))
        })
        .collect()
}
