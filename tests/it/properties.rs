//! What holds for every text and every state (RQ2): nothing panics, sends are bounded, choices are stored one
//! less than shown, repeats change nothing, expired sessions never ask.

use antiphon::survey::check::{Context, FileName, check};
use antiphon::survey::reply::Lexicons;
use antiphon::survey::turn::{self, Begin, Effect, Reply, SendKind, Turn};
use antiphon::survey::{Language, Progress, Survey, Value, Variables};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{SVEN, Setup};

/// SMS of one turn: at most ten texts in a row (RF27), the question and the end.
const SENDS_MAX: usize = 12;

fn survey(source: &str) -> Survey {
    let id = source.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    check(source, &FileName::new(format!("{}.yaml", id.trim())), &Context::default()).survey.unwrap()
}

/// So many cases; a failure is printed, not written beside the sources.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn surveys() -> [Survey; 4] {
    [
        survey(include_str!("../../surveys/csat-after-call.yaml")),
        survey(include_str!("../../surveys/delivery-follow-up.yaml")),
        survey(include_str!("transcripts/surveys/shop.yaml")),
        survey(include_str!("transcripts/surveys/quick.yaml")),
    ]
}

fn start() -> DateTime<Utc> {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

fn begin(survey: &Survey, language: Language) -> Turn {
    let variables = Variables::default();
    turn::begin(survey, &Begin { language, variables: &variables, content: None }, start())
}

fn reply(survey: &Survey, progress: Progress, raw: &str, early: bool, now: DateTime<Utc>) -> Turn {
    let variables = Variables::default();
    let reply =
        Reply { raw, early, today: now.date_naive(), lexicons: Lexicons::built_in(), variables: &variables };
    turn::reply(survey, progress, &reply, now).unwrap()
}

/// What people text: numbers, words of the surveys, and anything at all.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (0_i32..12).prop_map(|number| number.to_string()),
        2 => prop::sample::select(vec![
            "ja", "nei", "yes", "no", "skip", "1,3", "1 og 2", "8/10", "billing", "i morgen", "24.11", "ingen",
            "sorry, I meant 3", "* 4", "vet ikke", "👍", "8️⃣", "٣", "", "   ", "99999999999999999999999999", "-1",
        ]).prop_map(str::to_owned),
        2 => any::<String>(),
        1 => "\\PC{0,200}",
    ]
}

fn sends(turn: &Turn) -> impl Iterator<Item = &turn::Send> {
    turn.effects.iter().filter_map(|effect| match effect {
        Effect::Send(send) => Some(send),
        _ => None,
    })
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn any_conversation_ends_well(
        which in 0_usize..4,
        norwegian: bool,
        replies in prop::collection::vec((texts(), any::<bool>(), 0_i64..7200), 0..25),
    ) {
        let survey = &surveys()[which];
        let language = if norwegian { Language::no() } else { Language::en() };
        let mut turn = begin(survey, language);
        let mut now = start();
        for (text, early, pause) in replies {
            prop_assert!(sends(&turn).count() <= SENDS_MAX);
            prop_assert!(sends(&turn).all(|send| !send.text.sms().trim().is_empty()));
            let stored = serde_json::to_string(&turn.progress).unwrap();
            let progress: Progress = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(&progress, &turn.progress);
            now += TimeDelta::seconds(pause);
            turn = reply(survey, progress, &text, early, now);
        }
        prop_assert!(sends(&turn).count() <= SENDS_MAX);
    }

    #[test]
    fn an_early_reply_never_moves_the_session(which in 0_usize..4, text in texts()) {
        let survey = &surveys()[which];
        let before = begin(survey, Language::en()).progress;
        let turn = reply(survey, before.clone(), &text, true, start());
        prop_assert_eq!(before, turn.progress);
        prop_assert_eq!(turn.effects.len(), 1);
    }

    #[test]
    fn an_expired_session_never_asks(
        which in 0_usize..4,
        replies in prop::collection::vec(texts(), 0..6),
    ) {
        let survey = &surveys()[which];
        let mut progress = begin(survey, Language::en()).progress;
        for text in replies {
            progress = reply(survey, progress, &text, false, start()).progress;
        }
        let turn = turn::expire(survey, progress).unwrap();
        let asks = sends(&turn)
            .any(|send| matches!(send.kind, SendKind::Question | SendKind::Reask | SendKind::Reminder));
        prop_assert!(!asks);
        prop_assert_eq!(sends(&turn).count(), 0, "A30: no SMS at expiry");
    }

    #[test]
    fn a_choice_shown_as_i_is_stored_as_i_less_1(options in 2_usize..12, picked in 0_usize..12, dot: bool) {
        let picked = picked % options;
        let survey = survey(&choice_of(options));
        let asked = begin(&survey, Language::en());
        let text = sends(&asked).next().unwrap().text.sms().to_owned();
        let line = format!("{}: Option {}", picked + 1, char::from(b'A' + u8::try_from(picked).unwrap()));
        prop_assert!(text.lines().any(|shown| shown == line), "{}", text);
        let typed = if dot { format!(" {}. ", picked + 1) } else { (picked + 1).to_string() };
        let turn = reply(&survey, asked.progress, &typed, false, start());
        let stored = turn.effects.iter().find_map(|effect| match effect {
            Effect::Record(record) => record.value.clone(),
            _ => None,
        });
        prop_assert_eq!(stored, Some(Value::Choice(picked)));
    }
}

fn choice_of(options: usize) -> String {
    use std::fmt::Write as _;
    let mut source = "format: antiphon/1\nid: pick\ntitle: Pick\nlanguages: [en]\ndefault_language: en\nelements:\n  - id: pick\n    \
                      type: single_choice\n    text: {en: Reply STOP to opt out. Which one?}\n    options:\n"
        .to_owned();
    for number in 0..options {
        let letter = char::from(b'a' + u8::try_from(number).unwrap());
        let label = letter.to_ascii_uppercase();
        writeln!(source, "      - {{code: code_{letter}, label: {{en: Option {label}}}}}").unwrap();
    }
    source + "completion: {text: {en: Thank you!}}\n"
}

#[test]
fn replaying_an_inbound_changes_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let shop = include_str!("transcripts/surveys/shop.yaml");
    proptest!(cases(6), |(replies in prop::collection::vec(texts(), 1..5))| {
        runtime.block_on(async {
            let app = Setup::with(&[shop]).start().await;
            let session = app.send("shop", SVEN).await;
            app.advance(TimeDelta::seconds(5)).await;
            for text in &replies {
                let message = app.message(SVEN, text);
                app.receive(&message).await;
                app.advance(TimeDelta::seconds(5)).await;
                let seen = (app.session(&session).await, app.inbound_log().await, app.gateway.ledger());
                app.receive(&message).await;
                app.advance(TimeDelta::seconds(5)).await;
                let again = (app.session(&session).await, app.inbound_log().await, app.gateway.ledger());
                assert_eq!(seen, again, "{text:?}");
            }
            app.door().post(&format!("/v1/sessions/{session}/cancel"), &json!({})).await;
        });
    });
}
