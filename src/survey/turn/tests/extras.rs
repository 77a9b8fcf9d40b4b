//! N97–N99: replies that came early, fragments and corrections.

use crate::survey::fixture::{answer, at, free, scale, sms, start, survey, texted, yes_no};
use crate::survey::turn::{Effect, Turn};
use crate::survey::{Survey, Value};

/// A free text with a window of 90 s, answered at 10 s; a scale is current.
fn answered() -> (Survey, Turn) {
    let survey = survey(vec![free("why", 90), scale("csat"), yes_no("solved")]);
    let turn = answer(&survey, start(&survey).progress, "The first half", 10);
    (survey, turn)
}

fn appended(whole: &str, raw: &str) -> Effect {
    Effect::Append {
        element: "why".to_owned(),
        visit: 1,
        raw: raw.to_owned(),
        value: Value::Text(whole.to_owned()),
    }
}

#[test]
fn n97_an_early_reply_is_an_extra_without_attempt_or_sms() {
    let survey = survey(vec![scale("csat"), scale("effort")]);
    let one = answer(&survey, start(&survey).progress, "4", 1);
    let turn = texted(&survey, one.progress.clone(), "5", 1, true);
    assert_eq!(turn.effects, [Effect::Extra { correction_of: None }]);
    assert_eq!(turn.progress, one.progress);
}

#[test]
fn n98a_early_fragments_are_appended_in_order_of_receipt() {
    let (survey, turn) = answered();
    let two = texted(&survey, turn.progress, "and the second", 20, true);
    assert_eq!(two.effects, [appended("The first half\nand the second", "and the second")]);
    let three = texted(&survey, two.progress, "3", 100, true);
    assert_eq!(three.effects, [appended("The first half\nand the second\n3", "3")]);
    assert_eq!(
        three.progress.given["why"].value,
        Some(Value::Text("The first half\nand the second\n3".to_owned()))
    );
}

#[test]
fn n98a_the_window_counts_from_the_last_fragment_and_ends() {
    let (survey, turn) = answered();
    assert_eq!(turn.progress.appending.as_ref().map(|a| a.until), Some(at(100)));
    let late = texted(&survey, turn.progress.clone(), "too late", 100, true);
    assert_eq!(late.effects, [Effect::Extra { correction_of: None }]);
    let two = texted(&survey, turn.progress, "in time", 99, true);
    assert_eq!(two.progress.appending.map(|a| a.until), Some(at(189)));
}

#[test]
fn n99_after_the_next_prompt_a_valid_reply_is_an_answer_and_another_text_a_fragment() {
    let (survey, turn) = answered();
    let fragment = answer(&survey, turn.progress.clone(), "of the story", 30);
    assert_eq!(fragment.effects, [appended("The first half\nof the story", "of the story")]);
    assert_eq!((fragment.progress.invalid, fragment.progress.invalid_total), (0, 0));
    let valid = answer(&survey, fragment.progress, "4", 40);
    assert_eq!(sms(&valid), ["solved?"]);
    assert_eq!(valid.progress.appending, None);
    let after = answer(&survey, turn.progress, "of the story", 101);
    assert_eq!(after.progress.invalid, 1);
    assert_eq!(sms(&after).len(), 1);
}

#[test]
fn n80_a_fragment_that_makes_the_text_too_long_is_kept_as_an_extra_never_cut() {
    let (survey, turn) = answered();
    let long = "x".repeat(30);
    for early in [true, false] {
        let turn = texted(&survey, turn.progress.clone(), &long, 20, early);
        assert_eq!(turn.effects, [Effect::Extra { correction_of: None }]);
        assert_eq!(turn.progress.invalid, 0);
    }
}

#[test]
fn n11_an_empty_text_is_never_a_fragment() {
    let (survey, turn) = answered();
    let empty = answer(&survey, turn.progress, " ", 20);
    assert_eq!(empty.progress.invalid, 1);
    assert_eq!(sms(&empty).len(), 1);
}

#[test]
fn n98b_a_marked_correction_of_the_previous_question_is_noted_and_never_applied() {
    let survey = survey(vec![scale("csat"), yes_no("solved")]);
    let one = answer(&survey, start(&survey).progress, "4", 1);
    let turn = texted(&survey, one.progress.clone(), "* 5", 2, true);
    let noted = Effect::Extra { correction_of: Some("csat".to_owned()) };
    assert_eq!(turn.effects, [noted]);
    assert_eq!(turn.progress, one.progress);
    let other = texted(&survey, one.progress.clone(), "* 9", 2, true);
    assert_eq!(other.effects, [Effect::Extra { correction_of: None }]);
    let unmarked = texted(&survey, one.progress, "5", 2, true);
    assert_eq!(unmarked.effects, [Effect::Extra { correction_of: None }]);
}
