//! The player: clock, timers, ended sessions and the export row.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, FixedOffset};

use super::{Cell, Happened, Inbound, PlayStatus, Player, QuietHours, Sent, Start};
use crate::survey::element::Kind;
use crate::survey::fixture::{both, choice, date, element, free, many, note, parts, scale, text, yes_no};
use crate::survey::survey::{Reminder, ReminderWhen};
use crate::survey::turn::Effect;
use crate::survey::{Element, Language, Survey, SurveyParts, Variables};
fn morning() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-11-23T10:00:00+01:00").unwrap()
}

fn played(survey: &Survey) -> (Player<'_>, Happened) {
    let start = Start {
        language: Language::en(),
        variables: Variables::new(vec![("queueKey".to_owned(), "sales".to_owned())]),
        content: None,
        now: morning(),
        quiet_hours: QuietHours::default(),
        lexicons: crate::survey::reply::Lexicons::built_in(),
    };
    Player::start(survey, start)
}

fn names(happened: &Happened) -> Vec<String> {
    happened.sent.iter().map(Sent::name).collect()
}

fn say(player: &mut Player<'_>, raw: &str) -> Vec<String> {
    names(&player.receive(raw, Inbound::Reply).unwrap())
}

fn wait(player: &mut Player<'_>, hours: i64) -> Vec<String> {
    names(&player.wait(Duration::hours(hours)).unwrap())
}

fn cell(player: &Player<'_>, column: &str) -> Cell {
    let row = player.row();
    let found = row.iter().find(|(name, _)| name == column);
    found.unwrap_or_else(|| panic!("no column {column}")).1.clone()
}

fn reminding(elements: Vec<Element>) -> SurveyParts {
    let mut parts = parts(elements);
    parts.reminders =
        vec![Reminder { after: Duration::hours(4), when: ReminderWhen::NoReply, text: text("Hello?") }];
    parts.settings.expiry = Duration::hours(24);
    parts
}

#[test]
fn f41_names_of_what_was_sent() {
    let survey = Survey::seal(reminding(vec![note("hi"), scale("csat")]));
    let (mut player, begun) = played(&survey);
    assert_eq!(names(&begun), ["hi", "csat"]);
    assert_eq!(begun.sent[1].at - begun.sent[0].at, Duration::seconds(2));
    assert_eq!(wait(&mut player, 4), ["reminder"]);
    assert_eq!(say(&mut player, "9"), ["csat"]);
    assert_eq!(names(&player.receive("help", Inbound::Help).unwrap()), ["message:help"]);
    assert_eq!(say(&mut player, "5"), ["completion"]);
    assert_eq!(player.status(), PlayStatus::Completed);
    assert_eq!(say(&mut player, "5"), ["message:unavailable"]);
}

#[test]
fn f41_reminder_and_expiry_fire_in_order_of_time_and_once() {
    let survey = Survey::seal(reminding(vec![scale("csat")]));
    let (mut player, _) = played(&survey);
    let happened = player.wait(Duration::hours(30)).unwrap();
    assert_eq!(names(&happened), ["reminder"]);
    assert_eq!(happened.sent[0].at, morning() + Duration::hours(4));
    assert_eq!(player.status(), PlayStatus::Expired);
    assert_eq!(player.now(), morning() + Duration::hours(30));
    assert_eq!(wait(&mut player, 30), Vec::<String>::new());
}

#[test]
fn f9_a_reminder_waits_for_the_quiet_hours_and_is_dropped_after_expiry() {
    let mut late = reminding(vec![scale("csat")]);
    late.reminders[0].after = Duration::hours(12);
    let survey = Survey::seal(late.clone());
    let (mut player, _) = played(&survey);
    assert_eq!(wait(&mut player, 13), Vec::<String>::new());
    let happened = player.wait(Duration::hours(10)).unwrap();
    assert_eq!(happened.sent[0].at, morning() + Duration::hours(22));
    late.settings.expiry = Duration::hours(20);
    let survey = Survey::seal(late);
    let (mut player, _) = played(&survey);
    assert_eq!(wait(&mut player, 30), Vec::<String>::new());
    assert_eq!(player.status(), PlayStatus::Expired);
}

#[test]
fn f37_unavailable_is_sent_three_times_then_silence() {
    let survey = Survey::seal(reminding(vec![scale("csat")]));
    let (mut player, _) = played(&survey);
    wait(&mut player, 25);
    for _ in 0..3 {
        assert_eq!(say(&mut player, "5"), ["message:expired"]);
    }
    assert_eq!(say(&mut player, "5"), Vec::<String>::new());
    assert_eq!(player.answers().len(), 1);
}

#[test]
fn a57_a58_stop_ends_the_session_and_later_replies_are_met_with_silence() {
    let survey = Survey::seal(reminding(vec![scale("csat")]));
    let (mut player, _) = played(&survey);
    assert_eq!(names(&player.receive("STOP", Inbound::Stop).unwrap()), ["message:opted_out"]);
    assert_eq!(player.status(), PlayStatus::OptedOut);
    assert_eq!(say(&mut player, "5"), Vec::<String>::new());
    assert_eq!(wait(&mut player, 30), Vec::<String>::new());
    assert_eq!(player.status(), PlayStatus::OptedOut);
    assert_eq!(cell(&player, "disposition"), Cell::from("refused"));
    assert_eq!(cell(&player, "csat_state"), Cell::from("pending"));
}

#[test]
fn a58_stop_after_the_end_silences_too() {
    let survey = Survey::seal(reminding(vec![scale("csat")]));
    let (mut player, _) = played(&survey);
    say(&mut player, "5");
    assert_eq!(names(&player.receive("STOP", Inbound::Stop).unwrap()), ["message:opted_out"]);
    assert_eq!(player.status(), PlayStatus::Completed);
    assert_eq!(say(&mut player, "5"), Vec::<String>::new());
    assert_eq!(names(&player.receive("STOP", Inbound::Stop).unwrap()), Vec::<String>::new());
}

#[test]
fn n13_noise_does_nothing() {
    let survey = Survey::seal(reminding(vec![scale("csat")]));
    let (mut player, _) = played(&survey);
    let happened = player.receive("Liked “x”", Inbound::Noise).unwrap();
    assert_eq!(happened, Happened::default());
    assert_eq!(player.progress().invalid_total, 0);
}

#[test]
fn m8_dispositions() {
    let mut two = reminding(vec![scale("a"), scale("b"), scale("c")]);
    two.settings.partial_after = 2;
    let survey = Survey::seal(two);
    let (mut player, _) = played(&survey);
    assert_eq!(player.disposition(), "contacted");
    let mut silent = player.clone();
    wait(&mut silent, 25);
    assert_eq!(silent.disposition(), "unresponsive");
    say(&mut player, "4");
    assert_eq!(player.disposition(), "started");
    let mut left = player.clone();
    wait(&mut left, 25);
    assert_eq!(left.disposition(), "breakoff");
    say(&mut player, "4");
    assert_eq!(player.disposition(), "interim_partial");
    let mut left = player.clone();
    wait(&mut left, 25);
    assert_eq!(left.disposition(), "partial");
    say(&mut player, "4");
    assert_eq!(player.disposition(), "completed");
}

#[test]
fn x4_x5_the_row_has_value_label_parts_and_details() {
    let mut csat = scale("csat");
    if let Kind::Scale { labels, .. } = &mut csat.kind {
        labels.insert(crate::survey::Number::small(5), both("very happy", "svært fornøyd"));
    }
    let mut why = free("why", 60);
    why.export_as = "reason_text".to_owned();
    let nps = element("nps", Kind::Nps { labels: BTreeMap::new() });
    let survey = Survey::seal(parts(vec![
        csat,
        choice("reason"),
        many("improve"),
        why,
        nps,
        yes_no("solved"),
        date("day"),
        scale("last"),
    ]));
    let (mut player, _) = played(&survey);
    for raw in ["5", "2", "1,3", "one", "8", "yes", "2026-11-20"] {
        say(&mut player, raw);
    }
    let expected = [
        ("status", "active"),
        ("survey_id", "test"),
        ("started_at", "2026-11-23T09:00:00Z"),
        ("completed_at", ""),
        ("language", "en"),
        ("questions_asked", "8"),
        ("questions_answered", "7"),
        ("var_queueKey", "sales"),
        ("csat", "5"),
        ("csat_label", "very happy"),
        ("csat_raw", "5"),
        ("csat_method", "exact"),
        ("csat_attempts", "1"),
        ("csat_at", "2026-11-23T09:00:00Z"),
        ("csat_state", "answered"),
        ("reason", "technical"),
        ("reason_label", "Technical problem"),
        ("improve", "price;speed"),
        ("improve_label", "Price;Speed"),
        ("improve__price", "1"),
        ("improve__quality", "0"),
        ("reason_text", "one"),
        ("nps_group", "passive"),
        ("solved", "yes"),
        ("day", "2026-11-20"),
        ("last", ""),
        ("last_state", "pending"),
    ];
    for (column, text) in expected {
        assert_eq!(super::cell_text(&cell(&player, column)), text, "{column}");
    }
}

#[test]
fn x5_the_parts_of_a_multiple_choice_that_was_not_answered_are_empty() {
    let survey = Survey::seal(parts(vec![scale("csat"), many("improve")]));
    let (player, _) = played(&survey);
    assert_eq!(cell(&player, "improve__price"), Cell::Empty);
    assert_eq!(cell(&player, "improve_state"), Cell::Empty);
}

#[test]
fn n99_a_fragment_joins_the_answer_it_belongs_to() {
    let survey = Survey::seal(parts(vec![free("why", 60), scale("csat")]));
    let (mut player, _) = played(&survey);
    say(&mut player, "This");
    let happened = player.receive("and that", Inbound::Reply).unwrap();
    assert!(matches!(happened.effects[..], [Effect::Append { .. }]), "{happened:?}");
    assert_eq!(cell(&player, "why"), Cell::from("This\nand that"));
    assert_eq!(cell(&player, "why_raw"), Cell::from("This\nand that"));
}
