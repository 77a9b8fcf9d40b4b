//! Long SMS of gateways that do not join them: one turn for all parts, however they arrive (GW4, GW44, RE32).

use antiphon::app::audit::Actor;
use antiphon::app::erase_phone::erase_phone;
use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use crate::support::{SVEN, Setup, TestApp};

/// One free text.
const LETTER: &str = "\
format: antiphon/1
id: letter
uuid: 7b0f9d55-4b0c-4f5d-9a63-2f0d5ff0a0bb
title: A letter
languages: [en]
default_language: en
elements:
  - id: story
    type: free_text
    text: {en: What happened? Reply STOP to opt out.}
  - id: again
    type: free_text
    text: {en: Anything else?}
completion:
  text: {en: Thank you!}
";

async fn asked() -> (TestApp, String) {
    let app = Setup::with(&[LETTER]).start().await;
    let session = app.send("letter", SVEN).await;
    (app, session)
}

/// A part as a gateway posts it.
fn part(id: &str, reference: &str, (number, total): (u8, u8), text: &str) -> Json {
    json!({"messageId": id, "from": SVEN, "to": "2012", "text": text,
        "concatRef": reference, "concatTotal": total, "concatPart": number})
}

async fn receive(app: &TestApp, item: &Json) {
    assert_eq!(app.door().callback("inbound", item).await.unwrap(), 200);
    app.settle().await;
}

/// Text, outcome, reason and flags of every inbound, oldest first.
async fn log(app: &TestApp) -> Vec<String> {
    let line = |inbound: &Json| {
        let word = |name: &str| inbound[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", word("text"), word("outcome"), word("outcomeReason"), inbound["flags"])
    };
    app.inbound_log().await.iter().rev().map(line).collect()
}

async fn metrics(app: &TestApp) -> String {
    reqwest::get(format!("http://{}/metrics", app.address())).await.unwrap().text().await.unwrap()
}

/// The gap before the next question passes.
async fn next_question(app: &TestApp) {
    app.advance(TimeDelta::seconds(2)).await;
}

async fn first_answer(app: &TestApp, session: &str) -> Json {
    app.answers(session).await.first().map_or(Json::Null, |answer| answer["value"].clone())
}

#[tokio::test]
async fn gw44_parts_in_any_order_are_one_answer() {
    let (app, session) = asked().await;
    receive(&app, &part("b", "17", (2, 3), "blåbær, ")).await;
    receive(&app, &part("c", "17", (3, 3), "and 😀.")).await;
    assert_eq!(first_answer(&app, &session).await, Json::Null, "nothing happens before the last");
    assert!(log(&app).await.is_empty());
    receive(&app, &part("a", "17", (1, 3), "We bought ")).await;
    assert_eq!(first_answer(&app, &session).await, "We bought blåbær, and 😀.");
    assert_eq!(log(&app).await, ["We bought blåbær, and 😀. applied - []"]);
    assert_eq!(app.sent_in(&session).await.len(), 2, "one turn, one next question");
    app.advance(TimeDelta::seconds(61)).await;
    assert_eq!(log(&app).await.len(), 1, "no timer is left");
}

#[tokio::test]
async fn gw44_all_parts_in_one_call_are_one_answer() {
    let (app, session) = asked().await;
    let batch = json!([part("a", "17", (1, 2), "left "), part("b", "17", (2, 2), "right")]);
    receive(&app, &batch).await;
    assert_eq!(first_answer(&app, &session).await, "left right");
    next_question(&app).await;
}

#[tokio::test]
async fn gw44_what_is_missing_after_the_wait_is_flagged_and_a_late_part_is_an_extra() {
    let (app, session) = asked().await;
    receive(&app, &part("a", "17", (1, 3), "one ")).await;
    app.advance(TimeDelta::seconds(20)).await;
    receive(&app, &part("c", "17", (3, 3), "three")).await;
    app.advance(TimeDelta::seconds(39)).await;
    assert!(log(&app).await.is_empty(), "the first waits 60 s for the others");
    app.advance(TimeDelta::seconds(1)).await;
    let joined = r#"one three applied - ["incomplete"]"#;
    assert_eq!(log(&app).await, [joined]);
    assert_eq!(first_answer(&app, &session).await, "one three");
    app.advance(TimeDelta::minutes(5)).await;
    let sent = app.sent_in(&session).await.len();
    for _ in 0..2 {
        receive(&app, &part("b", "17", (2, 3), "two ")).await;
        assert_eq!(log(&app).await, [joined, "two  extra late_part []"]);
    }
    assert_eq!(app.sent_in(&session).await.len(), sent, "it changes nothing and is not answered");
    let late = &app.inbound_log().await[0];
    assert_eq!((&late["sessionId"], &late["gatewayMessageId"]), (&json!(session), &json!("b")));
    app.advance(TimeDelta::minutes(5)).await;
    assert_eq!(log(&app).await.len(), 2);
}

#[tokio::test]
async fn gw4_a_part_that_comes_twice_is_stored_once() {
    let (app, session) = asked().await;
    for _ in 0..2 {
        receive(&app, &part("a", "17", (1, 2), "left ")).await;
    }
    receive(&app, &part("b", "17", (2, 2), "right")).await;
    for item in [part("a", "17", (1, 2), "left "), part("b", "17", (2, 2), "right")] {
        receive(&app, &item).await;
    }
    app.advance(TimeDelta::minutes(2)).await;
    assert_eq!(log(&app).await, ["left right applied - []"]);
    assert_eq!(first_answer(&app, &session).await, "left right");
    let metrics = metrics(&app).await;
    assert!(metrics.contains(r#"antiphon_inbound_total{gateway="fake",outcome="duplicate"} 3"#), "{metrics}");
}

#[tokio::test]
async fn gw44_a_phone_uses_its_references_again_and_two_phones_the_same() {
    let (app, session) = asked().await;
    receive(&app, &part("a", "17", (1, 2), "first ")).await;
    let other = json!({"messageId": "x", "from": "+46701234568", "to": "2012", "text": "stranger",
        "concatRef": "17", "concatTotal": 2, "concatPart": 2});
    receive(&app, &other).await;
    receive(&app, &part("b", "17", (2, 2), "answer")).await;
    next_question(&app).await;
    receive(&app, &part("c", "17", (1, 2), "second ")).await;
    receive(&app, &part("d", "17", (2, 2), "answer")).await;
    let answers: Vec<Json> =
        app.answers(&session).await.iter().map(|answer| answer["value"].clone()).collect();
    assert_eq!(answers, ["first answer", "second answer"]);
    app.advance(TimeDelta::seconds(60)).await;
    let log = log(&app).await;
    let stranger =
        |line: &&String| line.starts_with("stranger unmatched") && line.ends_with(r#"["incomplete"]"#);
    assert_eq!((log.len(), log.iter().filter(stranger).count()), (3, 1), "{log:?}");
}

#[tokio::test]
async fn gw44_gateways_that_give_all_parts_one_id_or_none_are_understood() {
    let (app, session) = asked().await;
    receive(&app, &part("same", "17", (2, 2), "right")).await;
    receive(&app, &part("same", "17", (1, 2), "left ")).await;
    receive(&app, &part("same", "17", (1, 2), "left ")).await;
    assert_eq!(first_answer(&app, &session).await, "left right");
    next_question(&app).await;
    let mut nameless = [part("", "18", (1, 2), "up "), part("", "18", (2, 2), "down")];
    for item in &mut nameless {
        item.as_object_mut().unwrap().remove("messageId");
        receive(&app, item).await;
        receive(&app, item).await;
    }
    app.advance(TimeDelta::minutes(2)).await;
    assert_eq!(log(&app).await, ["left right applied - []", "up down applied - []"]);
}

#[tokio::test]
async fn gw44_parts_outlive_a_restart_and_are_joined_by_their_timer() {
    let (mut app, session) = asked().await;
    receive(&app, &part("a", "17", (1, 2), "left ")).await;
    let metrics = metrics(&app).await;
    assert!(metrics.contains("antiphon_inbound_parts 1\n"), "{metrics}");
    app.stop().await;
    app.open().await;
    app.advance(TimeDelta::seconds(60)).await;
    assert_eq!(log(&app).await, [r#"left  applied - ["incomplete"]"#]);
    assert_eq!(first_answer(&app, &session).await, "left");
}

#[tokio::test]
async fn gw3_a_part_that_is_none_is_a_dead_letter_and_one_of_one_is_a_text() {
    let (app, session) = asked().await;
    for (number, total) in [(3, 2), (0, 2)] {
        receive(&app, &part("a", "17", (number, total), "what?")).await;
        assert_eq!(app.last_inbound().await, ("dead".to_owned(), Some("unreadable".to_owned())));
    }
    receive(&app, &part("d", "17", (1, 1), "all of it")).await;
    assert_eq!(first_answer(&app, &session).await, "all of it");
    next_question(&app).await;
}

#[tokio::test]
async fn rs11_parts_that_wait_are_erased_with_their_phone() {
    let (app, _) = asked().await;
    receive(&app, &part("a", "17", (1, 2), "my secret")).await;
    let held = app.door().get(&format!("/v1/phones/{}", SVEN.replace('+', "%2B"))).await.body;
    let waiting = &held["inboundParts"][0];
    assert_eq!((&waiting["text"], &waiting["part"]), (&json!("my secret"), &json!(1)), "{held}");
    erase_phone(app.engine(), SVEN, Actor::command()).await.unwrap();
    app.advance(TimeDelta::minutes(2)).await;
    assert!(log(&app).await.is_empty());
}
