//! Rendering: placeholders, limits, option lines, session texts.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{element, expand, reask, session_key, session_text};
use crate::survey::element::{Direction, Kind};
use crate::survey::expr::Facts;
use crate::survey::fixture::{
    both, choice, date, free, many, number, parts, scale, survey, text, variable, yes_no,
};
use crate::survey::messages::SessionText;
use crate::survey::{
    AnswerState, Element, Given, Language, Number, Reason, Survey, SurveyParts, Value, Variables,
};

/// The wording rendered for a session with these variables and answers.
fn rendered(
    wording: &str,
    mut parts: SurveyParts,
    variables: &[(&str, &str)],
    given: &[(&str, Value)],
    language: &Language,
) -> String {
    let mut asked = yes_no("asked");
    asked.text = text(wording);
    parts.elements.push(asked.clone());
    let survey = Survey::seal(parts);
    let pairs = variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let variables = Variables::new(pairs.collect());
    let given = answers(given);
    let facts = Facts { survey: &survey, given: &given, variables: &variables, language };
    element(&facts, &asked).text.sms().to_owned()
}

fn answers(given: &[(&str, Value)]) -> BTreeMap<String, Given> {
    let answered = |value: &Value| Given { state: AnswerState::Answered, value: Some(value.clone()) };
    given.iter().map(|(id, value)| ((*id).to_owned(), answered(value))).collect()
}

fn named(variables: &[(&str, &str)], wording: &str) -> String {
    let mut parts = parts(vec![scale("csat")]);
    parts.variables = vec![variable("firstName", Some(both("there", "der")), 10), variable("city", None, 30)];
    rendered(wording, parts, variables, &[], &Language::no())
}

#[test]
fn f34_variables_match_without_regard_to_case_and_fall_back_to_their_default_per_language() {
    assert_eq!(named(&[("FIRSTNAME", "Kari")], "Hei {{firstName}}!"), "Hei Kari!");
    assert_eq!(named(&[], "Hei {{ firstname }}!"), "Hei der!");
    assert_eq!(named(&[("firstName", " ")], "Hei {{firstName}}!"), "Hei der!");
    assert_eq!(named(&[], "Hei {{firstName|du}}!"), "Hei der!");
    assert_eq!(named(&[], "I {{city|byen}}, {{town|her}}"), "I byen, her");
    assert_eq!(named(&[("city", "Oslo")], "I {{city|byen}}"), "I Oslo");
    assert_eq!(named(&[], "[{{city}}]"), "[]");
}

#[test]
fn f35_values_lose_control_characters_are_cut_and_never_expanded_again() {
    assert_eq!(named(&[("firstName", "Ka\u{7}ri\n")], "{{firstName}}!"), "Kari!");
    assert_eq!(named(&[("firstName", "Maximilian-Alexander")], "{{firstName}}"), "Maximilian");
    assert_eq!(named(&[("firstName", "{{city}}"), ("city", "Oslo")], "{{firstName}}"), "{{city}}");
    let long = "x".repeat(50);
    assert_eq!(named(&[("undeclared", &long)], "{{undeclared|a}}").len(), 30);
}

#[test]
fn a_placeholder_left_open_stays_as_written() {
    assert_eq!(expand("a {{b", |_| Some("x".to_owned())).sms(), "a {{b");
    assert_eq!(expand("{{a}}{{b|c}}}}", |_| None).sms(), "c}}");
}

#[test]
fn f34_answers_stand_as_a_person_reads_them() {
    let day = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    let given = [
        ("csat", Value::Number(Number::small(4))),
        ("spent", Value::Number(Number::parse("499.9").unwrap())),
        ("reason", Value::Choice(1)),
        ("improve", Value::Choices(vec![0, 2])),
        ("solved", Value::YesNo(true)),
        ("why", Value::Text("{{csat}}\nok".to_owned())),
        ("day", Value::Date(day)),
    ];
    let all = || {
        vec![
            scale("csat"),
            number("spent"),
            choice("reason"),
            many("improve"),
            yes_no("solved"),
            free("why", 0),
            date("day"),
        ]
    };
    let wording = "{{csat}} {{spent}} {{reason}} {{improve}} {{solved}} {{why}} {{day}}";
    let render = |language: Language| rendered(wording, parts(all()), &[], &given, &language);
    assert_eq!(render(Language::en()), "4 499.9 Technical problem Price, Speed yes {{csat}}ok 24 Nov 2026");
    assert_eq!(render(Language::no()), "4 499,9 Teknisk feil Pris, Fart ja {{csat}}ok 24.11.2026");
    assert_eq!(rendered("[{{csat|none}}]", parts(all()), &[], &[], &Language::en()), "[none]");
}

fn asked_again(question: &Element, reason: Reason, message: &str) -> String {
    let mut parts = parts(vec![question.clone()]);
    parts.messages.insert("unrecognised".to_owned(), text(message));
    parts.messages.insert(super::messages::key(reason).to_owned(), text(message));
    let survey = Survey::seal(parts);
    let facts = Facts {
        survey: &survey,
        given: &BTreeMap::new(),
        variables: &Variables::default(),
        language: &Language::no(),
    };
    let text = reask(&facts, question, reason).sms().to_owned();
    text.lines().next().unwrap().to_owned()
}

#[test]
fn f34_error_texts_know_min_max_options_and_unit() {
    let limits = "{{min}} {{max}} {{options|-}} {{unit|-}}";
    assert_eq!(asked_again(&scale("q"), Reason::OutOfRange, limits), "1 5 1-5 -");
    assert_eq!(asked_again(&choice("q"), Reason::OutOfRange, limits), "1 3 1-3 -");
    assert_eq!(asked_again(&many("q"), Reason::TooMany, limits), "1 3 1-3 -");
    assert_eq!(asked_again(&free("q", 0), Reason::TooLong, limits), "0 40 - -");
    assert_eq!(asked_again(&yes_no("q"), Reason::Unsure, "{{options}}"), "JA eller NEI");
    assert_eq!(asked_again(&number("q"), Reason::Unit, "{{min|-}} {{unit}}"), "- kr");
    let mut decimals = number("q");
    decimals.kind =
        Kind::Number { min: Number::parse("0.5"), max: Number::whole(10), decimals: 1, unit: None };
    assert_eq!(asked_again(&decimals, Reason::OutOfRange, limits), "0,5 10 0,5-10 -");
    let Kind::Date { order, .. } = date("q").kind else { unreachable!() };
    let mut day = date("q");
    day.kind = Kind::Date {
        direction: Direction::Any,
        order,
        min: NaiveDate::from_ymd_opt(2026, 1, 2),
        max: NaiveDate::from_ymd_opt(2026, 12, 31),
    };
    assert_eq!(asked_again(&day, Reason::OutOfRange, "{{min}} {{max}}"), "02.01.2026 31.12.2026");
}

#[test]
fn a29_expired_falls_back_to_the_surveys_unavailable() {
    let session = |survey: &Survey, key| {
        let facts = Facts {
            survey,
            given: &BTreeMap::new(),
            variables: &Variables::default(),
            language: &Language::en(),
        };
        session_text(&facts, key).sms().to_owned()
    };
    let mut own = parts(vec![scale("csat")]);
    assert_eq!(session_key(&survey(own.elements.clone()), SessionText::Expired), SessionText::Expired);
    own.messages.insert("unavailable".to_owned(), text("Closed."));
    let closed = Survey::seal(own.clone());
    assert_eq!(session(&closed, SessionText::Expired), "Closed.");
    assert_eq!(session_key(&closed, SessionText::Expired), SessionText::Unavailable);
    own.messages.insert("expired".to_owned(), text("Late."));
    assert_eq!(session(&Survey::seal(own), SessionText::Expired), "Late.");
}

#[test]
fn gw94_our_own_typography_becomes_gsm7_and_what_was_inserted_does_not() {
    assert_eq!(named(&[("firstName", "Kari")], "“Hei {{firstName}}” – svar…"), "\"Hei Kari\" - svar...");
    assert_eq!(named(&[("firstName", "‘Kari’")], "“Hei {{firstName}}”"), "“Hei ‘Kari’”");
    assert_eq!(named(&[], "{{city|“byen”}}…"), "\"byen\"...");
}
