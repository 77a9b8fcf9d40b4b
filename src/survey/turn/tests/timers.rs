//! F8, F9, A30: reminders and expiry.

use chrono::Duration;

use crate::survey::fixture::{answer, at, note, parts, scale, sends, sms, start, text, yes_no};
use crate::survey::survey::{Reminder, ReminderWhen};
use crate::survey::turn::{CloseReason, Effect, Send, SendKind, expire, next_reminder, prompt_again, remind};
use crate::survey::{AnswerState, Position, Progress, Survey, Variables};

const HOUR: i64 = 3600;

fn reminding(reminders: &[(i64, ReminderWhen, &str)]) -> Survey {
    let mut parts = parts(vec![note("hi"), scale("csat"), yes_no("solved")]);
    parts.reminders = reminders
        .iter()
        .map(|(hours, when, lead)| Reminder { after: Duration::hours(*hours), when: *when, text: text(lead) })
        .collect();
    Survey::seal(parts)
}

fn reminded(survey: &Survey, progress: Progress, seconds: i64) -> Option<crate::survey::Turn> {
    remind(survey, progress, &Variables::default(), at(seconds)).unwrap()
}

#[test]
fn f8_a_reminder_is_its_text_newline_and_the_current_question() {
    let survey = reminding(&[(4, ReminderWhen::NoReply, "Still there?")]);
    let begun = start(&survey).progress;
    assert_eq!(next_reminder(&survey, &begun, at(72 * HOUR)), Some(at(4 * HOUR)));
    assert_eq!(reminded(&survey, begun.clone(), 4 * HOUR - 1), None);
    let turn = reminded(&survey, begun.clone(), 4 * HOUR).unwrap();
    assert_eq!(sends(&turn), [("Still there?\ncsat?", 0)]);
    let Effect::Send(Send { kind, element, visit, .. }) = &turn.effects[0] else {
        panic!("{:?}", turn.effects)
    };
    assert_eq!((kind, element.as_deref(), visit), (&SendKind::Reminder, Some("csat"), &1));
    assert_eq!((turn.progress.invalid, turn.progress.visit), (begun.invalid, begun.visit));
}

#[test]
fn f8_each_reminder_is_sent_at_most_once() {
    let survey = reminding(&[(4, ReminderWhen::NoReply, "One."), (6, ReminderWhen::NoReply, "Two.")]);
    let one = reminded(&survey, start(&survey).progress, 4 * HOUR).unwrap();
    assert_eq!(reminded(&survey, one.progress.clone(), 5 * HOUR), None);
    assert_eq!(next_reminder(&survey, &one.progress, at(72 * HOUR)), Some(at(6 * HOUR)));
    let two = reminded(&survey, one.progress, 6 * HOUR).unwrap();
    assert_eq!(sms(&two), ["Two.\ncsat?"]);
    assert_eq!(next_reminder(&survey, &two.progress, at(72 * HOUR)), None);
    assert_eq!(reminded(&survey, two.progress, 100 * HOUR), None);
}

#[test]
fn f8_of_several_due_at_once_only_the_latest_is_sent() {
    let survey = reminding(&[(6, ReminderWhen::NoReply, "Two."), (4, ReminderWhen::NoReply, "One.")]);
    let turn = reminded(&survey, start(&survey).progress, 10 * HOUR).unwrap();
    assert_eq!(sms(&turn), ["Two.\ncsat?"]);
    assert_eq!(next_reminder(&survey, &turn.progress, at(72 * HOUR)), None);
}

#[test]
fn f8_started_counts_from_the_last_answer_and_no_reply_ends_with_the_first() {
    let survey = reminding(&[(4, ReminderWhen::NoReply, "Hello?"), (2, ReminderWhen::Started, "Go on?")]);
    let begun = start(&survey).progress;
    let one = answer(&survey, begun, "4", HOUR).progress;
    assert_eq!(next_reminder(&survey, &one, at(72 * HOUR)), Some(at(3 * HOUR)));
    let turn = reminded(&survey, one, 5 * HOUR).unwrap();
    assert_eq!(sms(&turn), ["Go on?\nsolved?"]);
    assert_eq!(next_reminder(&survey, &turn.progress, at(72 * HOUR)), None);
}

#[test]
fn f9_a_reminder_that_would_fall_after_expiry_is_dropped() {
    let survey = reminding(&[(4, ReminderWhen::NoReply, "Hello?")]);
    let begun = start(&survey).progress;
    assert_eq!(next_reminder(&survey, &begun, at(4 * HOUR)), None);
    assert_eq!(next_reminder(&survey, &begun, at(4 * HOUR + 1)), Some(at(4 * HOUR)));
}

#[test]
fn f8_neither_completed_nor_muted_sessions_are_reminded() {
    let survey = reminding(&[(4, ReminderWhen::Started, "Hello?"), (4, ReminderWhen::NoReply, "Hi?")]);
    let mut muted = start(&survey).progress;
    muted.muted = true;
    assert_eq!(next_reminder(&survey, &muted, at(72 * HOUR)), None);
    assert_eq!(reminded(&survey, muted, 5 * HOUR), None);
    let one = answer(&survey, start(&survey).progress, "4", 1).progress;
    let end = answer(&survey, one, "yes", 2).progress;
    assert_eq!(end.position, Position::Completion);
    assert_eq!(next_reminder(&survey, &end, at(72 * HOUR)), None);
    assert_eq!(reminded(&survey, end, 5 * HOUR), None);
}

#[test]
fn a30_expiry_records_the_open_question_and_sends_nothing() {
    let survey = reminding(&[]);
    let begun = start(&survey).progress;
    let invalid = answer(&survey, begun, "9", 1).progress;
    let turn = expire(&survey, invalid).unwrap();
    assert_eq!(sms(&turn), Vec::<&str>::new());
    let Effect::Record(record) = &turn.effects[0] else { panic!("{:?}", turn.effects) };
    assert_eq!(
        (record.element.as_str(), record.visit, record.state, record.attempts),
        ("csat", 1, AnswerState::Expired, 1)
    );
    assert_eq!(turn.effects[1..], [Effect::Close(CloseReason::Expired)]);
}

#[test]
fn a30_a_completed_session_does_not_expire() {
    let survey = reminding(&[]);
    let one = answer(&survey, start(&survey).progress, "4", 1).progress;
    let end = answer(&survey, one, "yes", 2).progress;
    let turn = expire(&survey, end.clone()).unwrap();
    assert_eq!((turn.effects, turn.progress), (Vec::new(), end));
}

#[test]
fn the_current_question_can_be_asked_once_more() {
    let survey = reminding(&[]);
    let begun = start(&survey).progress;
    let again = prompt_again(&survey, &begun, &Variables::default());
    assert_eq!(again.unwrap().sms(), "csat?");
    let one = answer(&survey, begun, "4", 1).progress;
    let end = answer(&survey, one, "yes", 2).progress;
    assert_eq!(prompt_again(&survey, &end, &Variables::default()), None);
}
