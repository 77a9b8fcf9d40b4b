//! P51–P62, F19–F28, A46–A51: from a valid reply to the next question.

use crate::survey::fixture::{
    answer, at, choice, cond, free, many, note, parts, rule, scale, sends, sms, start, survey, variant,
    yes_no,
};
use crate::survey::turn::{Branch, Effect, Misfit, Record, Reply, reply};
use crate::survey::{AnswerState, Element, Method, Number, Position, Survey, Target, Value, Variables};

fn record(effects: &[Effect]) -> &Record {
    effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Record(record) => Some(record),
            _ => None,
        })
        .unwrap()
}

#[test]
fn p56_a_valid_reply_is_registered_with_all_its_parts() {
    let survey = survey(vec![scale("csat"), yes_no("solved")]);
    let turn = answer(&survey, start(&survey).progress, "4", 60);
    let expected = Record {
        element: "csat".to_owned(),
        visit: 1,
        state: AnswerState::Answered,
        value: Some(Value::Number(Number::small(4))),
        method: Some(Method::Exact),
        comment: None,
        raw: "4".to_owned(),
        attempts: 1,
    };
    assert_eq!(record(&turn.effects), &expected);
    assert_eq!(turn.progress.answered_at, Some(at(60)));
    assert_eq!(turn.progress.previous.as_deref(), Some("csat"));
}

#[test]
fn p51_p52_the_stored_choice_is_the_shown_number_minus_one() {
    let survey = survey(vec![choice("reason"), many("improve")]);
    let turn = answer(&survey, start(&survey).progress, "2", 1);
    assert_eq!(record(&turn.effects).value, Some(Value::Choice(1)));
    let turn = answer(&survey, turn.progress, "1,3", 2);
    assert_eq!(record(&turn.effects).value, Some(Value::Choices(vec![0, 2])));
}

#[test]
fn p59_p62_without_rules_the_next_question_in_sequence_follows_at_once() {
    let survey = survey(vec![scale("csat"), note("thanks"), yes_no("solved")]);
    let turn = answer(&survey, start(&survey).progress, "4", 1);
    assert_eq!(sends(&turn), [("thanks!", 0), ("solved?", 2)]);
    assert_eq!(turn.progress.position, Position::Question("solved".to_owned()));
}

#[test]
fn a16_p60_after_the_last_answer_remaining_texts_and_completion_go_in_one_turn() {
    let survey = survey(vec![scale("csat"), note("tip"), note("more")]);
    let turn = answer(&survey, start(&survey).progress, "4", 1);
    assert_eq!(sends(&turn), [("tip!", 0), ("more!", 2), ("Bye.", 4)]);
    assert_eq!(turn.progress.position, Position::Completion);
    assert_eq!(turn.effects.last(), Some(&Effect::Complete));
}

#[test]
fn p57_p58_a47_the_first_matching_rule_with_a_goal_wins() {
    let mut csat = scale("csat");
    csat.rules = vec![
        rule("csat <= 2", Some(Target::Element(2)), Some("low")),
        rule("csat <= 3", Some(Target::Completion), Some("middling")),
    ];
    let survey = survey(vec![csat, yes_no("solved"), free("why", 0)]);
    let first = start(&survey).progress;
    let low = answer(&survey, first.clone(), "1", 1);
    assert_eq!(sms(&low), ["why?"]);
    let tags: Vec<_> = low.effects.iter().filter(|e| matches!(e, Effect::Tag { .. })).collect();
    assert_eq!(tags.len(), 1);
    assert_eq!(sms(&answer(&survey, first.clone(), "3", 1)), ["Bye."]);
    assert_eq!(sms(&answer(&survey, first, "5", 1)), ["solved?"]);
}

#[test]
fn f24_a_match_with_only_a_tag_goes_on_to_later_rules() {
    let mut csat = scale("csat");
    csat.rules = vec![
        rule("csat <= 3", None, Some("unhappy")),
        rule("csat <= 2", Some(Target::Completion), Some("very")),
    ];
    let survey = survey(vec![csat, yes_no("solved")]);
    let first = start(&survey).progress;
    let both = answer(&survey, first.clone(), "1", 1);
    let tag = |tag: &str| Effect::Tag { element: "csat".to_owned(), tag: tag.to_owned() };
    assert!(both.effects.contains(&tag("unhappy")) && both.effects.contains(&tag("very")));
    assert_eq!(sms(&both), ["Bye."]);
    let one = answer(&survey, first, "3", 1);
    assert_eq!(sms(&one), ["solved?"]);
    assert!(one.path.contains(&Branch::Onward { element: "csat".to_owned() }));
}

#[test]
fn p59_the_sequence_is_relative_to_the_element_just_left_also_after_a_jump() {
    let mut csat = scale("csat");
    csat.rules = vec![rule("csat <= 2", Some(Target::Element(2)), None)];
    let mut solved = yes_no("solved");
    solved.next = Some(Target::Completion);
    let survey = survey(vec![csat, solved, choice("reason"), free("why", 0)]);
    let jumped = answer(&survey, start(&survey).progress, "1", 1);
    assert_eq!(sms(&jumped)[0].lines().next(), Some("reason?"));
    let after = answer(&survey, jumped.progress, "1", 2);
    assert_eq!(sms(&after), ["why?"]);
    let straight = answer(&survey, start(&survey).progress, "5", 1);
    assert_eq!(sms(&answer(&survey, straight.progress, "yes", 2)), ["Bye."]);
}

#[test]
fn a48_a_rule_may_look_at_earlier_answers() {
    let mut solved = yes_no("solved");
    solved.rules = vec![rule("csat <= 2 and solved == no", Some(Target::Completion), None)];
    let survey = survey(vec![scale("csat"), solved, free("why", 0)]);
    let low = answer(&survey, start(&survey).progress, "1", 1);
    assert_eq!(sms(&answer(&survey, low.progress, "no", 2)), ["Bye."]);
    let high = answer(&survey, start(&survey).progress, "5", 1);
    assert_eq!(sms(&answer(&survey, high.progress, "no", 2)), ["why?"]);
}

fn looping() -> Survey {
    let mut more = yes_no("more");
    more.rules = vec![rule("more == yes", Some(Target::Element(0)), None)];
    survey(vec![free("item", 0), more])
}

#[test]
fn f26_a_backward_jump_makes_a_new_visit_and_the_latest_answer_counts() {
    let survey = looping();
    let one = answer(&survey, start(&survey).progress, "milk", 1);
    let two = answer(&survey, one.progress, "yes", 2);
    assert_eq!(two.progress.visit, 2);
    let three = answer(&survey, two.progress, "bread", 3);
    assert_eq!(record(&three.effects).visit, 2);
    assert_eq!(three.progress.given["item"].value, Some(Value::Text("bread".to_owned())));
}

#[test]
fn f27_the_jump_to_a_21st_visit_goes_to_completion() {
    let survey = looping();
    let mut turn = start(&survey);
    for round in 1..=20 {
        assert_eq!(turn.progress.position, Position::Question("item".to_owned()), "{round}");
        assert_eq!(turn.progress.visit, round);
        turn = answer(&survey, turn.progress, "milk", 1);
        turn = answer(&survey, turn.progress, "yes", 1);
    }
    assert_eq!(turn.progress.position, Position::Completion);
    let limit = Effect::VisitLimit { element: "item".to_owned() };
    assert!(turn.effects.contains(&limit), "{:?}", turn.effects);
    assert_eq!(turn.effects.last(), Some(&Effect::Complete));
    assert_eq!(sms(&turn), ["Bye."]);
}

#[test]
fn rf27_a_walk_without_end_stops_in_the_completion() {
    let mut first = scale("first");
    first.next = Some(Target::Element(1));
    let circle = |id: &str, next: usize| Element {
        when: Some(cond("$never == \"x\"")),
        next: Some(Target::Element(next)),
        ..scale(id)
    };
    let loop_of_notes = |id: &str, next: usize| Element {
        when: Some(cond("$never == \"x\"")),
        next: Some(Target::Element(next)),
        ..note(id)
    };
    for ring in [[circle("a", 2), circle("b", 1)], [loop_of_notes("a", 2), loop_of_notes("b", 1)]] {
        let [a, b] = ring;
        let survey = survey(vec![first.clone(), a, b]);
        let turn = answer(&survey, start(&survey).progress, "4", 1);
        assert_eq!(turn.progress.position, Position::Completion);
        assert!(turn.effects.iter().any(|e| matches!(e, Effect::VisitLimit { .. })));
        assert_eq!(sms(&turn), ["Bye."]);
    }
}

#[test]
fn f19_variants_change_the_wording_of_questions_and_completion() {
    let mut why = free("why", 0);
    why.variants = vec![variant("csat >= 4", "What is good?"), variant("csat >= 3", "And?")];
    let mut parts = parts(vec![scale("csat"), why]);
    parts.completion.variants = vec![variant("csat <= 2", "Sorry.")];
    let survey = Survey::seal(parts);
    let first = start(&survey).progress;
    for (reply, asked, end) in
        [("5", "What is good?", "Bye."), ("3", "And?", "Bye."), ("1", "why?", "Sorry.")]
    {
        let turn = answer(&survey, first.clone(), reply, 1);
        assert_eq!(sms(&turn), [asked]);
        assert_eq!(sms(&answer(&survey, turn.progress, "x", 2)), [end]);
    }
}

#[test]
fn a43_f28_a_skip_is_stored_and_counts_as_unanswered_in_conditions() {
    let mut why = free("why", 0);
    why.optional = true;
    why.rules = vec![
        rule("why == \"skip\"", Some(Target::Completion), None),
        rule("skipped(why)", None, Some("silent")),
    ];
    let survey = survey(vec![why, yes_no("solved")]);
    let turn = answer(&survey, start(&survey).progress, "skip", 1);
    let stored = record(&turn.effects);
    assert_eq!((stored.state, stored.value.as_ref()), (AnswerState::Skipped, None));
    assert_eq!((stored.raw.as_str(), stored.attempts), ("skip", 1));
    assert!(turn.effects.iter().any(|e| matches!(e, Effect::Tag { .. })));
    assert_eq!(sms(&turn), ["solved?"]);
}

#[test]
fn a45_progress_of_another_revision_or_element_is_a_misfit() {
    let survey = survey(vec![scale("csat")]);
    let good = start(&survey).progress;
    let variables = Variables::default();
    let text = Reply {
        raw: "4",
        early: false,
        today: crate::survey::fixture::today(),
        lexicons: crate::survey::reply::Lexicons::built_in(),
        variables: &variables,
    };
    let mut old = good.clone();
    old.revision = "r0".to_owned();
    let expected = Misfit { element: "csat".to_owned(), found: "r0".to_owned(), expected: "r1".to_owned() };
    assert_eq!(reply(&survey, old, &text, at(1)), Err(expected));
    let mut gone = good;
    gone.position = Position::Question("gone".to_owned());
    assert!(reply(&survey, gone, &text, at(1)).is_err());
}

#[test]
fn p50_a_reply_after_the_completion_registers_and_sends_nothing() {
    let survey = survey(vec![scale("csat")]);
    let end = answer(&survey, start(&survey).progress, "4", 1);
    let turn = answer(&survey, end.progress.clone(), "5", 2);
    assert_eq!(turn.effects, [Effect::Extra { correction_of: None }]);
    assert_eq!(turn.progress, end.progress);
}
