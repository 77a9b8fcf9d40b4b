//! The expression language: truth tables (F29–F33) and faults with their places.

use std::collections::BTreeMap;

use antiphon::survey::expr::Facts;
use antiphon::survey::{AnswerState, Given, Language, Number, Survey, Value, Variables};
use chrono::NaiveDate;

use super::{codes, survey, with_elements};

const ELEMENTS: &str = "
  - {id: hello, type: text, text: {en: Hello STOP, no: Hei STOPP}}
  - {id: csat, type: scale, min: 1, max: 5, optional: true, text: {en: Reply 1-5., no: Svar 1-5.}}
  - id: reason
    type: single_choice
    text: {en: What?, no: Hva?}
    options:
      - {code: billing, label: {en: Billing, no: Faktura}}
      - {code: csat, label: {en: Score, no: Poeng}}
  - id: improve
    type: multiple_choice
    max_select: 3
    text: {en: What?, no: Hva?}
    options:
      - {code: wait, label: {en: Waiting time, no: Ventetid}}
      - {code: price, label: {en: Price, no: Pris}}
      - {code: people, label: {en: People, no: Folk}}
  - {id: solved, type: yes_no, text: {en: Solved?, no: Løst?}}
  - {id: age, type: number, text: {en: Age?, no: Alder?}}
  - {id: why, type: free_text, text: {en: Why?, no: Hvorfor?}}
  - {id: day, type: date, text: {en: When?, no: Når?}}
";

/// A survey whose last question has this `when`.
fn source(condition: &str) -> String {
    let last = format!(
        "  - id: last\n    type: yes_no\n    when: {}\n    text: {{en: Last?, no: Siste?}}\n",
        serde_json::Value::from(condition)
    );
    with_elements(&format!("{}{last}", ELEMENTS.trim_start_matches('\n')))
}

fn with_condition(condition: &str) -> Survey {
    survey(&source(condition))
}

fn answered(value: Value) -> Given {
    Given { state: AnswerState::Answered, value: Some(value) }
}

fn without_value(state: AnswerState) -> Given {
    Given { state, value: None }
}

fn everything_answered() -> BTreeMap<String, Given> {
    let given = [
        ("csat", Value::Number(Number::small(2))),
        ("reason", Value::Choice(0)),
        ("improve", Value::Choices(vec![0, 2])),
        ("solved", Value::YesNo(false)),
        ("age", Value::Number(Number::parse("17.5").unwrap())),
        ("why", Value::Text("too slow".to_owned())),
        ("day", Value::Date(NaiveDate::from_ymd_opt(2026, 11, 24).unwrap())),
    ];
    given.map(|(id, value)| (id.to_owned(), answered(value))).into()
}

fn holds_with(
    condition: &str,
    given: &BTreeMap<String, Given>,
    variables: &[(&str, &str)],
    language: &str,
) -> bool {
    let survey = with_condition(condition);
    let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let variables = Variables::new(pairs.collect());
    let language = Language::parse(language).unwrap();
    let facts = Facts { survey: &survey, given, variables: &variables, language: &language };
    survey.element("last").unwrap().when.as_ref().unwrap().eval(&facts)
}

#[test]
fn answers_compare_within_their_type() {
    let given = everything_answered();
    for condition in [
        "csat == 2",
        "csat != 3",
        "csat < 3",
        "csat <= 2",
        "csat > 1",
        "csat >= 2",
        "2 == csat",
        "3 > csat",
        "csat == 2.0",
        "csat in [1, 2]",
        "csat not in [3, 4]",
        "age > 17",
        "age < 17.51",
        "age == 17.50",
        "age > csat",
        "reason == billing",
        "reason != csat",
        "billing == reason",
        "reason in [billing, csat]",
        "reason not in [csat]",
        "solved == no",
        "solved != yes",
        "solved in [no]",
        "no == solved",
        "contains(improve, wait)",
        "not contains(improve, price)",
        "count(improve) == 2",
        "count(improve) > 1",
        "why == \"too slow\"",
        "why != \"Too slow\"",
        "why in [\"a\", \"too slow\"]",
        "day == 2026-11-24",
        "day > 2026-11-23",
        "day <= 2026-12-01",
        "day in [2026-11-24]",
        "answered(csat)",
        "not skipped(csat)",
        "language == \"en\"",
        "channel == \"sms\"",
        "language != \"no\"",
        "csat == 1 or csat == 2",
        "csat == 2 and solved == no",
        "not csat == 3",
        "not (csat == 3 or solved == yes)",
        // `and` binds tighter than `or`, `not` tighter than both.
        "csat == 2 or csat == 3 and solved == yes",
        "not csat == 3 and solved == no",
    ] {
        assert!(holds_with(condition, &given, &[], "en"), "{condition}");
    }
    for condition in [
        "csat == 3",
        "csat > 2",
        "reason == csat",
        "solved == yes",
        "contains(improve, price)",
        "count(improve) < 2",
        "day < 2026-11-24",
        "language == \"no\"",
        "(csat == 2 or csat == 3) and solved == yes",
        "not csat == 2",
    ] {
        assert!(!holds_with(condition, &given, &[], "en"), "{condition}");
    }
}

/// F31: without an answer a comparison is false whatever the operator; `not` in front of it gives true.
#[test]
fn a_missing_answer_makes_its_comparison_false_whatever_the_operator() {
    let comparisons = [
        "csat == 2",
        "csat != 2",
        "csat < 2",
        "csat <= 2",
        "csat > 2",
        "csat >= 2",
        "csat in [1, 2]",
        "csat not in [1, 2]",
        "2 != csat",
        "reason != billing",
        "reason not in [billing]",
        "solved != yes",
        "why != \"x\"",
        "day != 2026-01-01",
        "age != csat",
        "count(improve) < 2",
        "count(improve) != 1",
        "count(improve) <= 1",
        "contains(improve, wait)",
        "csat != $age",
        "$age != csat",
    ];
    let states = [
        None,
        Some(AnswerState::Skipped),
        Some(AnswerState::NotAsked),
        Some(AnswerState::Pending),
        Some(AnswerState::Exhausted),
        Some(AnswerState::Expired),
    ];
    for state in states {
        let mut given = BTreeMap::new();
        for id in ["csat", "reason", "improve", "solved", "age", "why", "day"] {
            given.extend(state.map(|state| (id.to_owned(), without_value(state))));
        }
        for comparison in comparisons {
            // Some of these can never be true for the checker when not asked; the survey asks all of them.
            assert!(!holds_with(comparison, &given, &[], "en"), "{comparison} {state:?}");
            assert!(
                holds_with(&format!("not {comparison}"), &given, &[], "en"),
                "not {comparison} {state:?}"
            );
        }
        assert!(!holds_with("answered(csat)", &given, &[], "en"), "{state:?}");
        let skipped = state == Some(AnswerState::Skipped);
        assert_eq!(holds_with("skipped(csat)", &given, &[], "en"), skipped, "{state:?}");
    }
}

#[test]
fn one_missing_answer_does_not_touch_the_other_side_of_or() {
    let mut given = everything_answered();
    given.remove("csat");
    assert!(holds_with("csat == 1 or solved == no", &given, &[], "en"));
    assert!(!holds_with("csat != 1 and solved == no", &given, &[], "en"));
    assert!(holds_with("not csat == 1 and solved == no", &given, &[], "en"));
}

/// F31, F32: absent = default, else empty; text unless both sides are numeric; names without regard to case.
#[test]
fn session_variables() {
    let none = BTreeMap::new();
    let holds = |condition: &str, variables: &[(&str, &str)]| holds_with(condition, &none, variables, "en");
    assert!(holds("$segment == \"small\"", &[]));
    assert!(holds_with("$segment == \"liten\"", &none, &[], "no"));
    assert!(holds("$age == \"\"", &[]));
    assert!(holds("$unheardOf == \"\" and $unheardOf != \"x\"", &[]));
    assert!(holds("$Segment == \"gold\"", &[("SEGMENT", "gold")]));
    assert!(holds("$segment == \"\"", &[("segment", "")]));
    assert!(holds("$segment != \"Gold\"", &[("segment", "gold")]));
    assert!(holds("$segment in [\"gold\", \"silver\"]", &[("segment", "silver")]));
    assert!(holds("$segment not in [\"gold\"]", &[]));
    assert!(holds("$age < 18", &[("age", "9")]));
    assert!(!holds("$age < 18", &[("age", "110")]));
    assert!(holds("$age >= 18", &[("age", "18.0")]));
    assert!(holds("$age == 7", &[("age", "07")]));
    assert!(!holds("$age == \"7\"", &[("age", "07")]));
    assert!(holds("$age in [7, 8]", &[("age", "8.00")]));
    assert!(holds("$a < $b", &[("a", "9"), ("b", "10")]));
    assert!(holds("$a == $b", &[("a", "x"), ("b", "x")]));
    assert!(holds("$a != $b", &[("a", "x"), ("b", "X")]));
    for condition in ["$age < 18", "$age <= 18", "$age > 18", "$age >= 18", "$age == 18"] {
        assert!(!holds(condition, &[("age", "old")]), "{condition}");
        assert!(!holds(condition, &[]), "{condition}");
    }
    assert!(holds("$age != 18", &[("age", "old")]));
    assert!(holds("$since > 2025-12-31", &[("since", "2026-01-01")]));
    assert!(holds("$vip == yes", &[("vip", "yes")]));
    let given = everything_answered();
    assert!(holds_with("$limit > csat", &given, &[("limit", "3")], "en"));
    assert!(holds_with("$reason == reason", &given, &[("reason", "billing")], "en"));
}

/// F33.
#[test]
fn matches_searches_with_a_linear_pattern() {
    let none = BTreeMap::new();
    let holds = |condition: &str, value: &str| holds_with(condition, &none, &[("segment", value)], "en");
    assert!(holds("matches($segment, \"^go(ld)?$\")", "gold"));
    assert!(holds("matches($SEGMENT, \"\\d{3}\")", "a123"));
    assert!(!holds("matches($segment, \"^old\")", "gold"));
    assert!(holds("not matches($segment, \"a\\\"b\")", "gold"));
    assert!(holds("matches($segment, \"a\\\"b\")", "a\"b"));
    let long = format!("matches($segment, \"{}\")", "a".repeat(201));
    assert_eq!(faults(&long), ["E05"]);
    assert_eq!(faults(&long.replace("aa\")", "\")")), Vec::<String>::new());
}

fn faults(condition: &str) -> Vec<String> {
    let codes = codes(&source(condition));
    let codes = codes.iter().map(|found| found.split(' ').next().unwrap().to_owned());
    // The survey of this test has more questions than is advised.
    codes.filter(|code| code != "W06").collect()
}

#[test]
fn type_errors_names_and_never_true() {
    for (condition, expected) in [
        ("csat == \"2\"", "E05"),
        ("csat == yes", "E05"),
        ("csat == 2026-01-01", "E05"),
        ("csat == solved", "E05"),
        ("reason == \"billing\"", "E05"),
        ("reason == 1", "E05"),
        ("reason < csat", "E05"),
        ("solved == \"no\"", "E05"),
        ("solved == 1", "E05"),
        ("why < \"b\"", "E05"),
        ("why == 2", "E05"),
        ("day == \"2026-01-01\"", "E05"),
        ("improve == wait", "E05"),
        ("improve in [wait]", "E05"),
        ("contains(csat, wait)", "E05"),
        ("count(csat) > 1", "E05"),
        ("hello == 1", "E05"),
        ("answered(hello)", "E05"),
        ("language == no", "E05"),
        ("channel == sms", "E05"),
        ("language < \"no\"", "E05"),
        ("$a in [$b]", "E05"),
        ("csat in [solved]", "E01"),
        ("csat", "E05"),
        ("csat ==", "E05"),
        ("== 2", "E05"),
        ("csat == 2 and", "E05"),
        ("not not csat == 2", "E05"),
        ("csat == 2 solved == no", "E05"),
        ("csat = 2", "E05"),
        ("csat == 2 && solved == no", "E05"),
        ("(csat == 2", "E05"),
        ("csat == 2)", "E05"),
        ("csat in []", "E05"),
        ("csat in [1, ]", "E05"),
        ("csat in (1, 2)", "E05"),
        ("csat + 1 == 2", "E05"),
        ("csat == 1.234", "E05"),
        ("day == 2026-13-01", "E05"),
        ("why == \"open", "E05"),
        ("why == 'x'", "E05"),
        ("size(csat) == 1", "E05"),
        ("matches(csat, \"a\")", "E05"),
        ("matches($a, \"(\")", "E05"),
        ("count(improve)", "E05"),
        ("", "E05"),
        ("$ == 1", "E05"),
        ("cast == 2", "E01"),
        ("answered(cast)", "E01"),
        ("contains(imprve, wait)", "E01"),
        ("$a == gold", "E01"),
        ("reason == biling", "E06"),
        ("contains(improve, waitt)", "E06"),
        ("reason in [billing, other]", "E06"),
        ("language == \"de\"", "E06"),
        ("channel != \"sms\"", "E06"),
        ("csat > 5", "E06"),
        ("csat == 0", "E06"),
        ("csat == 2.5", "E06"),
        ("csat in [6, 7]", "E06"),
        ("csat == 1 and csat == 2", "E06"),
        ("solved == yes and solved == no", "E06"),
        ("count(improve) > 3", "E06"),
        ("contains(improve, wait) and count(improve) == 0", "E06"),
        ("skipped(solved)", "E06"),
        ("$a == \"x\" and $a == \"y\"", "E06"),
        ("$a < 1 and $a > 2", "E06"),
        ("age > 3 and age < 3.01", "E06"),
        ("day > 2026-01-01 and day < 2026-01-02", "E06"),
        ("1 == 2", "E06"),
        ("last == yes", "E06"),
    ] {
        let found = faults(condition);
        assert_eq!(found.first().map(String::as_str), Some(expected), "{condition}: {found:?}");
    }
    for condition in [
        "csat >= 5",
        "age == 3.01",
        "$a < 2 and $a > 1",
        "day > 2026-01-01 and day < 2026-01-03",
        "not csat == 9",
        "csat != 9",
        "skipped(csat)",
        "reason == csat",
        "csat == age",
        "$a == $b",
        "count(improve) == 3",
        "not (csat == 1 or csat == 2)",
        "not answered(csat)",
        "why == \"\" or why != \"x\"",
    ] {
        assert_eq!(faults(condition), Vec::<String>::new(), "{condition}");
    }
}

#[test]
fn a_fault_of_an_expression_has_its_own_place() {
    let place = |line: &str| {
        let text = with_elements(&format!(
            "  - {{id: q, type: yes_no, text: {{en: Yes? STOP, no: Ja? STOPP}}}}\n  - id: last\n    type: yes_no\n{line}    text: {{en: Last?, no: Siste?}}\n"
        ));
        codes(&text)
    };
    assert_eq!(place("    when: q == yes and qq == no\n"), ["E01 13:24"]);
    assert_eq!(place("    when: \"q == yes and qq == no\"\n"), ["E01 13:25"]);
    assert_eq!(place("    when: 'q == yes'' and'\n"), ["E05 13:11"]);
    assert_eq!(place("    when: q == yes and (q == no\n"), ["E05 13:32"]);
    assert_eq!(place("    when: >-\n      q == yes\n      and qq == no\n"), ["E01 14:7"]);
}

#[test]
fn deep_and_long_expressions_are_refused() {
    let deep = format!("{}csat == 1{}", "(".repeat(40), ")".repeat(40));
    assert_eq!(faults(&deep), ["E05"]);
    let shallow = format!("{}csat == 1{}", "(".repeat(32), ")".repeat(32));
    assert_eq!(faults(&shallow), Vec::<String>::new());
    let long = vec!["csat == 1"; 200].join(" or ");
    assert_eq!(faults(&long), ["E05"]);
}
