//! P38–P47, A12–A16: the first burst.

use chrono::Duration;

use crate::survey::fixture::{
    at, both, cond, free, note, options, parts, rule, scale, sends, sms, start, start_with, survey, text,
    yes_no,
};
use crate::survey::turn::{Branch, Effect, Send, SendKind};
use crate::survey::{AnswerState, Kind, Language, Position, Survey, Target, Variables};
use crate::text::Composed;

#[test]
fn p38_p41_leading_texts_go_first_and_the_first_question_becomes_current() {
    let survey = survey(vec![note("hi"), note("more"), scale("csat"), yes_no("solved")]);
    let turn = start(&survey);
    assert_eq!(sends(&turn), [("hi!", 0), ("more!", 2), ("csat?", 4)]);
    assert_eq!(turn.progress.position, Position::Question("csat".to_owned()));
    assert_eq!((turn.progress.visit, turn.progress.invalid), (1, 0));
    assert_eq!(turn.progress.began_at, at(0));
    assert_eq!(turn.progress.revision, "r1");
}

#[test]
fn p40_the_gap_is_the_surveys_setting() {
    let mut parts = parts(vec![note("hi"), scale("csat")]);
    parts.settings.element_gap = Duration::seconds(5);
    let survey = Survey::seal(parts);
    assert_eq!(sends(&start(&survey)), [("hi!", 0), ("csat?", 5)]);
}

#[test]
fn p40_each_sms_names_its_element_visit_and_kind() {
    let survey = survey(vec![note("hi"), scale("csat")]);
    let turn = start(&survey);
    let expected = Send {
        kind: SendKind::Question,
        element: Some("csat".to_owned()),
        visit: 1,
        text: Composed::literal("csat?"),
        after: Duration::seconds(2),
    };
    assert_eq!(turn.effects.last(), Some(&Effect::Send(expected)));
}

#[test]
fn p31_p42_content_stands_before_the_first_sms_only() {
    let survey = survey(vec![note("hi"), scale("csat")]);
    let turn = start_with(&survey, &Variables::default(), Some("Hello from us "), Language::en());
    assert_eq!(sms(&turn), ["Hello from us\nhi!", "csat?"]);
}

#[test]
fn a13_blank_content_is_absent() {
    let survey = survey(vec![scale("csat")]);
    for blank in ["", "  ", "\n"] {
        let turn = start_with(&survey, &Variables::default(), Some(blank), Language::en());
        assert_eq!(sms(&turn), ["csat?"]);
    }
}

#[test]
fn p31_content_is_taken_literally() {
    let survey = survey(vec![scale("csat")]);
    let variables = Variables::new(vec![("firstName".to_owned(), "Kari".to_owned())]);
    let turn = start_with(&survey, &variables, Some("Hi {{firstName}}"), Language::en());
    assert_eq!(sms(&turn), ["Hi {{firstName}}\ncsat?"]);
}

#[test]
fn p43_p44_options_are_numbered_from_one_in_the_sessions_language() {
    let mut question = crate::survey::fixture::choice("reason");
    question.text = both("Why?", "Hvorfor?");
    let survey = survey(vec![question]);
    assert_eq!(sms(&start(&survey)), ["Why?\n1: Billing\n2: Technical problem\n3: Waiting time"]);
    let turn = start_with(&survey, &Variables::default(), None, Language::no());
    assert_eq!(sms(&turn), ["Hvorfor?\n1: Faktura\n2: Teknisk feil\n3: Ventetid"]);
}

#[test]
fn f25_a_survey_whose_questions_are_all_passed_over_completes_at_once() {
    let mut question = scale("csat");
    question.when = Some(cond("$segment == \"business\""));
    let survey = survey(vec![note("hi"), question]);
    let turn = start(&survey);
    assert_eq!(sends(&turn), [("hi!", 0), ("Bye.", 2)]);
    assert_eq!(turn.progress.position, Position::Completion);
    assert_eq!(turn.effects.last(), Some(&Effect::Complete));
    assert_eq!(turn.progress.given["csat"].state, AnswerState::NotAsked);
}

#[test]
fn f20_when_false_records_not_asked_and_goes_to_next_else_the_following_element() {
    let mut first = scale("csat");
    first.when = Some(cond("$segment == \"business\""));
    first.next = Some(Target::Element(2));
    first.rules = vec![rule("$segment != \"business\"", Some(Target::Completion), Some("never"))];
    let survey = survey(vec![first, yes_no("solved"), free("why", 0)]);
    let turn = start(&survey);
    assert_eq!(sms(&turn), ["why?"]);
    let Effect::Record(record) = &turn.effects[0] else { panic!("{:?}", turn.effects) };
    assert_eq!((record.element.as_str(), record.state), ("csat", AnswerState::NotAsked));
    assert_eq!((record.value.as_ref(), record.raw.as_str(), record.attempts), (None, "", 0));
    assert_eq!(turn.path[0], Branch::Passed { element: "csat".to_owned() });
    let variables = Variables::new(vec![("Segment".to_owned(), "business".to_owned())]);
    let turn = start_with(&survey, &variables, None, Language::en());
    assert_eq!(sms(&turn), ["csat?"]);
}

#[test]
fn f20_a_text_passed_over_leaves_no_record() {
    let mut hello = note("hi");
    hello.when = Some(cond("$segment == \"business\""));
    let survey = survey(vec![hello, scale("csat")]);
    let turn = start(&survey);
    assert_eq!(sms(&turn), ["csat?"]);
    assert_eq!(turn.effects.len(), 1);
}

#[test]
fn f18_rules_and_next_of_a_text_apply_when_it_is_sent() {
    let mut hello = note("hi");
    hello.rules = vec![rule("$segment == \"business\"", Some(Target::Element(2)), Some("b2b"))];
    let mut end = note("skip");
    end.next = Some(Target::Completion);
    let survey = survey(vec![hello, end, scale("csat")]);
    let variables = Variables::new(vec![("segment".to_owned(), "business".to_owned())]);
    let turn = start_with(&survey, &variables, None, Language::en());
    assert_eq!(sms(&turn), ["hi!", "csat?"]);
    let tag = Effect::Tag { element: "hi".to_owned(), tag: "b2b".to_owned() };
    assert!(turn.effects.contains(&tag));
    assert_eq!(sms(&start(&survey)), ["hi!", "skip!", "Bye."]);
}

#[test]
fn join_texts_puts_texts_and_question_in_one_sms_of_one_segment() {
    let mut joined = parts(vec![note("hi"), scale("csat")]);
    joined.settings.join_texts = true;
    let survey = Survey::seal(joined.clone());
    let turn = start(&survey);
    assert_eq!(sms(&turn), ["hi!\ncsat?"]);
    let kinds: Vec<_> = turn.effects.iter().collect();
    assert!(matches!(kinds[0], Effect::Send(Send { kind: SendKind::Question, .. })));
    let long = "x".repeat(155);
    let turn = start_with(&survey, &Variables::default(), Some(&long), Language::en());
    assert_eq!(sends(&turn), [(format!("{long}\nhi!").as_str(), 0), ("csat?", 2)]);
    joined.elements[0].text = text(&long);
    let survey = Survey::seal(joined);
    assert_eq!(sends(&start(&survey)), [(long.as_str(), 0), ("csat?", 2)]);
}

#[test]
fn f21_the_option_style_is_the_surveys() {
    use crate::survey::survey::OptionStyle;
    for (style, line) in [
        (OptionStyle::Colon, "1: Yes"),
        (OptionStyle::Point, "1. Yes"),
        (OptionStyle::Bracket, "1) Yes"),
        (OptionStyle::Equals, "1 = Yes"),
    ] {
        let options = options(&[("y", "Yes", "Ja")]);
        let question = crate::survey::fixture::element("q", Kind::SingleChoice { options });
        let mut parts = parts(vec![question]);
        parts.settings.option_style = style;
        assert_eq!(sms(&start(&Survey::seal(parts))), [format!("q?\n{line}")]);
    }
}
