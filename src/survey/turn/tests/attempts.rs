//! P55, N95, N96: replies that are not understood.

use crate::survey::fixture::{
    answer, at, both, choice, note, parts, scale, sends, sms, start, start_with, survey, text, yes_no,
};
use crate::survey::survey::OnExhausted;
use crate::survey::turn::{CloseReason, Effect, Send, SendKind, Turn};
use crate::survey::{AnswerState, Language, Position, Progress, Reason, Survey, Variables};

fn rejects(turn: &Turn) -> Vec<(Reason, u32)> {
    turn.effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Reject { reason, attempt, .. } => Some((*reason, *attempt)),
            _ => None,
        })
        .collect()
}

fn skipping(elements: Vec<crate::survey::Element>) -> Survey {
    let mut parts = parts(elements);
    parts.settings.on_exhausted = OnExhausted::Skip;
    Survey::seal(parts)
}

/// Sends the replies one minute apart and gives back the last turn.
fn play(survey: &Survey, mut progress: Progress, replies: &[&str]) -> Turn {
    let mut last = None;
    for (minute, raw) in (1..).zip(replies) {
        let turn = answer(survey, progress, raw, minute * 60);
        progress = turn.progress.clone();
        last = Some(turn);
    }
    last.unwrap()
}

#[test]
fn p55_f36_a_reask_is_error_text_newline_question_in_one_sms() {
    let mut parts = parts(vec![note("hi"), scale("csat")]);
    parts.messages.insert("out_of_range".to_owned(), text("From {{min}} to {{max}}, please."));
    let survey = Survey::seal(parts);
    let begun = start_with(&survey, &Variables::default(), Some("Content"), Language::en());
    let turn = answer(&survey, begun.progress.clone(), "9", 1);
    assert_eq!(sends(&turn), [("From 1 to 5, please.\ncsat?", 0)]);
    assert_eq!(rejects(&turn), [(Reason::OutOfRange, 1)]);
    assert_eq!(turn.progress.position, begun.progress.position);
    assert_eq!(turn.progress.given, begun.progress.given);
    assert_eq!(turn.progress.visit, 1);
    let Effect::Send(Send { kind, element, visit, .. }) = &turn.effects[1] else {
        panic!("{:?}", turn.effects)
    };
    assert_eq!((kind, element.as_deref(), visit), (&SendKind::Reask, Some("csat"), &1));
}

#[test]
fn p55_the_built_in_error_text_stands_in_for_a_missing_one() {
    let mut parts = parts(vec![scale("csat")]);
    parts.messages.insert("unrecognised".to_owned(), both("What?", "Hva?"));
    let survey = Survey::seal(parts);
    let begun = start_with(&survey, &Variables::default(), None, Language::no());
    let turn = answer(&survey, begun.progress, "9", 1);
    assert_eq!(sms(&turn), ["Svar med et tall fra 1 til 5.\ncsat?"]);
}

#[test]
fn messages_of_a_language_without_built_in_texts_fall_back_to_unrecognised() {
    let swedish = Language::parse("sv").unwrap();
    let mut parts = parts(vec![scale("csat")]);
    parts.languages.push(swedish.clone());
    let survey = Survey::seal(parts.clone());
    let begun = start_with(&survey, &Variables::default(), None, swedish.clone());
    let turn = answer(&survey, begun.progress, "9", 1);
    assert_eq!(sms(&turn), ["Please reply with a number from 1 to 5.\ncsat?"]);
    parts.messages.insert("unrecognised".to_owned(), text("Va?"));
    let survey = Survey::seal(parts);
    let begun = start_with(&survey, &Variables::default(), None, swedish);
    assert_eq!(sms(&answer(&survey, begun.progress, "9", 1)), ["Va?\ncsat?"]);
}

#[test]
fn n95_the_third_invalid_reply_closes_politely() {
    let mut parts = parts(vec![scale("csat")]);
    parts.messages.insert("exhausted".to_owned(), text("We stop here."));
    let survey = Survey::seal(parts);
    let turn = play(&survey, start(&survey).progress, &["9", "8", "7"]);
    assert_eq!(sms(&turn), ["We stop here."]);
    assert_eq!(rejects(&turn), [(Reason::OutOfRange, 3)]);
    assert_eq!(turn.effects.last(), Some(&Effect::Close(CloseReason::Exhausted)));
    let kinds: Vec<_> = turn
        .effects
        .iter()
        .filter_map(|e| match e {
            Effect::Send(send) => Some((&send.kind, send.element.as_deref(), send.visit)),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, [(&SendKind::Message("exhausted"), None, 0)]);
    assert!(!turn.progress.muted);
}

#[test]
fn n95_with_skip_the_question_is_recorded_exhausted_and_the_survey_goes_on() {
    let survey = skipping(vec![scale("csat"), yes_no("solved")]);
    let turn = play(&survey, start(&survey).progress, &["9", "8", "7"]);
    assert_eq!(sms(&turn), ["solved?"]);
    let recorded = turn.effects.iter().find_map(|e| match e {
        Effect::Record(record) => Some((record.state, record.attempts, record.raw.as_str())),
        _ => None,
    });
    assert_eq!(recorded, Some((AnswerState::Exhausted, 3, "7")));
    assert_eq!(turn.progress.position, Position::Question("solved".to_owned()));
    assert_eq!((turn.progress.invalid, turn.progress.invalid_total), (0, 3));
    assert_eq!(turn.progress.answered_at, None);
}

#[test]
fn n95_two_invalid_replies_are_asked_again_and_the_valid_one_counts_three_attempts() {
    let survey = survey(vec![scale("csat"), yes_no("solved")]);
    let turn = play(&survey, start(&survey).progress, &["9", "8", "3"]);
    let attempts = turn.effects.iter().find_map(|e| match e {
        Effect::Record(record) => Some(record.attempts),
        _ => None,
    });
    assert_eq!(attempts, Some(3));
    assert_eq!(turn.progress.invalid, 0);
}

#[test]
fn n95_each_visit_counts_anew() {
    let mut more = yes_no("more");
    more.rules =
        vec![crate::survey::fixture::rule("more == yes", Some(crate::survey::Target::Element(0)), None)];
    let survey = survey(vec![scale("csat"), more]);
    let turn = play(&survey, start(&survey).progress, &["9", "8", "4", "yes", "7"]);
    assert_eq!(rejects(&turn), [(Reason::OutOfRange, 1)]);
    assert_eq!(turn.progress.visit, 2);
}

#[test]
fn n96_the_third_equal_text_within_ten_minutes_mutes_the_session() {
    let mut parts = parts(vec![scale("csat")]);
    parts.settings.max_attempts = 5;
    let survey = Survey::seal(parts);
    let turn = play(&survey, start(&survey).progress, &["I am away", "i am  AWAY", "I am away"]);
    assert_eq!(turn.effects[1..], [Effect::Mute]);
    assert_eq!(rejects(&turn), [(Reason::NotANumber, 3)]);
    assert!(turn.progress.muted);
    let silent = answer(&survey, turn.progress.clone(), "4", 600);
    assert_eq!(silent.effects, [Effect::Muted]);
    assert_eq!(silent.progress, turn.progress);
}

#[test]
fn n96_equal_texts_more_than_ten_minutes_apart_do_not_mute() {
    let mut parts = parts(vec![scale("csat")]);
    parts.settings.max_attempts = 5;
    let survey = Survey::seal(parts);
    let one = answer(&survey, start(&survey).progress, "x", 0);
    let two = answer(&survey, one.progress, "x", 300);
    let late = answer(&survey, two.progress.clone(), "x", 601);
    assert_eq!(sms(&late).len(), 1);
    let within = answer(&survey, two.progress, "x", 600);
    assert!(within.progress.muted);
}

#[test]
fn n96_equal_texts_of_which_one_was_accepted_do_not_count() {
    let survey = skipping(vec![choice("first"), scale("second"), choice("third")]);
    let turn = play(&survey, start(&survey).progress, &["5", "5", "1", "5", "5"]);
    assert_eq!(turn.progress.position, Position::Question("third".to_owned()));
    assert!(!turn.progress.muted);
    assert_eq!(rejects(&turn), [(Reason::OutOfRange, 1)]);
}

#[test]
fn n96_equal_valid_answers_never_mute() {
    let survey = survey(vec![scale("a"), scale("b"), scale("c"), scale("d")]);
    let turn = play(&survey, start(&survey).progress, &["5", "5", "5", "5"]);
    assert_eq!(turn.effects.last(), Some(&Effect::Complete));
}

#[test]
fn n96_the_seventh_invalid_reply_of_a_session_mutes() {
    let survey = skipping(vec![scale("a"), scale("b"), scale("c"), scale("d")]);
    let replies = ["10", "11", "12", "13", "14", "15"];
    let six = play(&survey, start(&survey).progress, &replies);
    assert_eq!(six.progress.invalid_total, 6);
    assert_eq!(sms(&six), ["c?"]);
    let seven = answer(&survey, six.progress, "16", 3600);
    assert_eq!(seven.effects[1..], [Effect::Mute]);
    assert_eq!(sms(&seven), Vec::<&str>::new());
}

#[test]
fn n96_at_max_attempts_with_close_the_closing_text_is_sent_even_to_a_machine() {
    let survey = survey(vec![scale("csat")]);
    let turn = play(&survey, start(&survey).progress, &["away", "away", "away"]);
    assert_eq!(sms(&turn).len(), 1);
    let last: Vec<_> = turn.effects.iter().rev().take(2).collect();
    assert_eq!(last, [&Effect::Mute, &Effect::Close(CloseReason::Exhausted)]);
    assert!(turn.progress.muted);
}

#[test]
fn a42_no_copy_of_a_refused_text_is_kept_in_the_progress() {
    let survey = survey(vec![scale("csat")]);
    let turn = answer(&survey, start(&survey).progress, "my secret", 1);
    let stored = serde_json::to_string(&turn.progress).unwrap();
    assert!(!stored.contains("secret"), "{stored}");
    assert_eq!(turn.progress.rejected[0].1, at(1));
}
