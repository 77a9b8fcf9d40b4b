//! Sessions that are told apart by a number of ours: digits behind the short number, or one of a pool (GW8, GW50 to
//! GW55, A22 to A27).

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value as Json, json};

use antiphon::app::receive_message::{InboundMessage, ReceiveMessage};
use antiphon::app::send_survey::{SendSurvey, SendSurveyTurn, Sent, prepare};
use antiphon::gateway::Intent;
use antiphon::phone::{Phone, PhoneRules};
use antiphon::store::schema;

use crate::support::surveys::SHOP;
use crate::support::{KARI, Message, SVEN, Setup, TestApp};

const OLA: &str = "+4790000001";
const CLOSED: &str = "This survey is closed.";

fn own_suffix() -> Setup {
    let setup = Setup::with(&[SHOP]).set("gateways.fake.params.subnumber_mode", "own_suffix");
    setup.set("channels.fake.subnumbering", "true")
}

fn number_pool() -> Setup {
    let setup = Setup::with(&[SHOP]).set("gateways.fake.params.subnumber_mode", "number_pool");
    let setup = setup.set("channels.fake.pool_numbers", "+4759440001,+4759440002");
    setup.set("channels.fake.subnumbering", "true")
}

/// Starts a session and waits for its question; gives the session and the number it came from.
async fn asked(app: &TestApp, phone: &str) -> (String, String) {
    let session = app.send("shop", phone).await;
    app.advance(TimeDelta::seconds(10)).await;
    (session, app.gateway.ledger().last().unwrap().from.clone())
}

/// A text to one of our numbers.
async fn text_to(app: &TestApp, number: &str, phone: &str, text: &str) {
    let message = Message { to: number.to_owned(), thread: None, ..app.message(phone, text) };
    app.receive(&message).await;
}

fn outcome(outcome: &str, reason: &str) -> (String, Option<String>) {
    (outcome.to_owned(), Some(reason.to_owned()))
}

async fn first_answer(app: &TestApp, session: &str) -> Json {
    app.answers(session).await.first().map_or(Json::Null, |answer| answer["value"].clone())
}

#[tokio::test]
async fn gw53_each_session_has_digits_of_its_own_and_a_reply_to_them_finds_it() {
    let app = own_suffix().start().await;
    let (first, first_number) = asked(&app, KARI).await;
    let (second, second_number) = asked(&app, KARI).await;
    assert_eq!(app.status(&first).await, "active", "A22: with subnumbers both live");
    assert_ne!(first_number, second_number);
    for number in [&first_number, &second_number] {
        assert!(number.starts_with("2012") && number.len() == 14, "14 digits in all: {number}");
        assert!(number.bytes().all(|byte| byte.is_ascii_digit()), "{number}");
        assert_eq!(app.gateway.ledger().iter().filter(|sent| sent.from == *number).count(), 2, "{number}");
    }
    assert_eq!(app.session(&first).await["smsSession"], json!(first_number));
    // The older one is answered though the newer was asked last; spaces and a + are nothing (GW8, GW55).
    let spelled = first_number.replacen("2012", "+2012 ", 1);
    text_to(&app, &spelled, KARI, "7").await;
    text_to(&app, &second_number, KARI, "3").await;
    app.advance(TimeDelta::seconds(10)).await;
    assert_eq!((first_answer(&app, &first).await, first_answer(&app, &second).await), (json!(7), json!(3)));
    // GW50: everybody else has the plain number.
    assert_eq!(asked(&app, SVEN).await.1, "2012");
}

#[tokio::test]
async fn gw53_the_number_of_another_person_reaches_nobody() {
    let app = own_suffix().start().await;
    let (session, number) = asked(&app, KARI).await;
    text_to(&app, &number, OLA, "7").await;
    assert_eq!(app.last_inbound().await, outcome("unmatched", "correlation_mismatch"), "A26");
    assert_eq!(app.gateway.texts_to(OLA).len(), 1, "not found, and nothing of the other's survey");
    text_to(&app, "20120000000001", KARI, "7").await;
    assert_eq!(app.last_inbound().await, outcome("unmatched", "stale_thread"), "no fall-back to the phone");
    assert!(app.answers(&session).await.is_empty());
    text_to(&app, "2012", KARI, "7").await;
    assert_eq!(first_answer(&app, &session).await, json!(7), "A25: the plain number goes by phone");
    app.advance(TimeDelta::seconds(10)).await;
}

#[tokio::test]
async fn gw53_the_number_of_an_ended_session_says_so_beside_an_open_one() {
    let app = own_suffix().start().await;
    let (first, number) = asked(&app, KARI).await;
    for reply in ["7", "1"] {
        text_to(&app, &number, KARI, reply).await;
        app.advance(TimeDelta::seconds(10)).await;
    }
    assert_eq!(app.status(&first).await, "completed");
    let (second, _) = asked(&app, KARI).await;
    text_to(&app, &number, KARI, "9").await;
    app.advance(TimeDelta::seconds(10)).await;
    let last = app.gateway.ledger().last().cloned().unwrap();
    assert_eq!((last.text.as_str(), &last.from), (CLOSED, &number), "A24: the match is exact");
    assert!(app.answers(&second).await.is_empty());
}

/// A call whose session can have no other number than this.
async fn start_with(app: &TestApp, phone: &str, number: &str) -> Option<String> {
    let engine = app.engine();
    let command = SendSurvey::of("shop", Phone::identifier(phone, &PhoneRules::default()).unwrap());
    let mut prepared = prepare(engine, command, app.now()).unwrap();
    assert_eq!(prepared.drawn.len(), 16, "it is drawn, not counted");
    prepared.drawn = vec![number.to_owned()];
    let turn = SendSurveyTurn { engine: engine.clone(), prepared, idempotent: None };
    let sent = engine.store.write(turn).await.unwrap();
    app.settle().await;
    match sent {
        Sent::Created(created) => created.session.subnumber,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a27_a_number_goes_to_nobody_else_while_its_session_is_open_and_for_thirty_days() {
    let app = own_suffix().start().await;
    let number = "20124242424242";
    let started = app.now();
    assert_eq!(start_with(&app, KARI, number).await.as_deref(), Some(number));
    assert_eq!(start_with(&app, OLA, number).await, None, "open: the other goes without, by phone (P45)");
    // Both expire after a day.
    app.advance(TimeDelta::days(2)).await;
    assert_eq!(start_with(&app, OLA, number).await, None, "it rests");
    app.advance(started + TimeDelta::days(31) - app.now() - TimeDelta::minutes(1)).await;
    assert_eq!(start_with(&app, OLA, number).await, None, "it rests still");
    app.advance(TimeDelta::days(2)).await;
    assert_eq!(start_with(&app, OLA, number).await.as_deref(), Some(number));
    app.advance(TimeDelta::seconds(10)).await;
    text_to(&app, number, KARI, "7").await;
    assert_eq!(app.last_inbound().await, outcome("unmatched", "correlation_mismatch"), "it is another's now");
    text_to(&app, number, OLA, "7").await;
    assert_eq!(app.last_inbound().await, ("applied".to_owned(), None));
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn gw54_a_phone_has_as_many_sessions_at_once_as_the_pool_has_numbers_and_one_more() {
    let app = number_pool().start().await;
    let (first, first_number) = asked(&app, KARI).await;
    let (second, second_number) = asked(&app, KARI).await;
    let mut numbers = [first_number.as_str(), second_number.as_str()];
    numbers.sort_unstable();
    assert_eq!(numbers, ["+4759440001", "+4759440002"]);
    let (third, plain) = asked(&app, KARI).await;
    assert_eq!(plain, "2012", "none is free");
    let (fourth, _) = asked(&app, KARI).await;
    assert_eq!(app.status(&third).await, "superseded", "if_open_session decides among those without (A23)");
    assert_eq!(app.status(&first).await, "active");
    // Gateways spell numbers as they like (GW8).
    text_to(&app, first_number.trim_start_matches('+'), KARI, "1").await;
    text_to(&app, &second_number, KARI, "2").await;
    text_to(&app, "2012", KARI, "4").await;
    app.advance(TimeDelta::seconds(10)).await;
    for (session, value) in [(&first, 1), (&second, 2), (&fourth, 4)] {
        assert_eq!(first_answer(&app, session).await, json!(value));
    }
    // Another phone may have the same number at the same time.
    let (of_ola, number) = asked(&app, OLA).await;
    assert!(numbers.contains(&number.as_str()));
    text_to(&app, &number, OLA, "9").await;
    assert_eq!(first_answer(&app, &of_ola).await, json!(9));
    app.advance(TimeDelta::seconds(10)).await;
}

#[tokio::test]
async fn gw54_the_number_that_the_phone_has_not_seen_for_the_longest_time_is_taken() {
    let app = number_pool().start().await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let (session, number) = asked(&app, KARI).await;
        let cancel = app.door().post(&format!("/v1/sessions/{session}/cancel"), &json!({})).await;
        assert_eq!(cancel.status, 200, "{cancel:?}");
        seen.push(number);
    }
    assert_ne!(seen[0], seen[1]);
    assert_eq!((&seen[0], &seen[1]), (&seen[2], &seen[3]));
    text_to(&app, &seen[3], KARI, "7").await;
    app.advance(TimeDelta::seconds(10)).await;
    assert_eq!(app.gateway.ledger().last().unwrap().text, CLOSED, "its number still leads to the ended one");
}

#[tokio::test]
async fn gw8_the_receiving_channel_is_found_by_the_longest_number_that_fits() {
    let setup = own_suffix().set("channels.other.sender", "20123").set("channels.other.subnumbering", "true");
    let app = setup.start().await;
    let channels = app.door().get("/v1/channels").await.body;
    let id_of = |name: &str| {
        let all = channels["data"].as_array().unwrap();
        all.iter().find(|channel| channel["name"] == name).unwrap()["id"].clone()
    };
    for (to, channel) in
        [("2012", "fake"), ("20123", "other"), ("20121111111111", "fake"), ("+20123 111111111", "other")]
    {
        text_to(&app, to, SVEN, "hello").await;
        assert_eq!(app.inbound_log().await[0]["channelId"], id_of(channel), "{to}");
    }
    let sent = app.gateway.ledger().len();
    text_to(&app, "3999", OLA, "hello").await;
    assert_eq!(app.last_inbound().await, outcome("dead", "unknown_destination"));
    assert_eq!(app.gateway.ledger().len(), sent, "nobody is answered");
}

#[tokio::test]
async fn gw52_a_session_of_the_gateway_that_is_older_than_its_life_is_replaced() {
    let app = Setup::with(&[SHOP]).with_subnumbers().start().await;
    let body = json!({"identifier": KARI, "language": "en", "expiryTime": "2026-12-12T08:00:00Z"});
    let answer = app.send_survey("shop", &body).await;
    let warnings = answer.body["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|warning| warning["code"] == "expiry_over_subnumber_life"), "A06");
    app.advance(TimeDelta::seconds(10)).await;
    let old = app.gateway.thread_of(KARI).unwrap();
    app.advance(TimeDelta::days(15)).await;
    app.reply(KARI, "7").await;
    app.advance(TimeDelta::seconds(10)).await;
    let new = app.gateway.thread_of(KARI).unwrap();
    assert_ne!(old, new, "14 days after the last SMS the gateway has forgotten it");
    let in_old = Message { thread: Some(old), ..app.message(KARI, "1") };
    app.receive(&in_old).await;
    assert_eq!(app.status(&answer.session_id()).await, "completed", "all its handles match");
    app.advance(TimeDelta::seconds(10)).await;
}

/// A text as a gateway hands it over that says more about it than the generic one can.
async fn text_with(app: &TestApp, text: &str, reply_to: Option<&str>, intent: Option<Intent>) {
    let message = InboundMessage {
        gateway: "fake".to_owned(),
        provider_id: None,
        from: SVEN.to_owned(),
        to: "2012".to_owned(),
        text: text.to_owned(),
        handle: None,
        reply_to: reply_to.map(str::to_owned),
        intent,
        provider_at: None,
        flags: Vec::new(),
    };
    let store = &app.engine().store;
    let place = store.draw_places(1).await.unwrap()[0];
    store.write(ReceiveMessage::new(app.engine(), message, place)).await.unwrap();
    app.settle().await;
}

#[tokio::test]
async fn an_sms_that_the_gateway_says_is_answered_leads_to_its_session() {
    let app = Setup::with(&[SHOP]).start().await;
    let (first, _) = asked(&app, SVEN).await;
    let question = app.gateway.ledger().last().unwrap().message_id.clone();
    let body = json!({"identifier": SVEN, "language": "en", "ifOpenSession": "parallel"});
    let second = app.send_survey("shop", &body).await.session_id();
    app.advance(TimeDelta::seconds(10)).await;
    text_with(&app, "7", Some(&question), None).await;
    assert_eq!(first_answer(&app, &first).await, json!(7), "not the one asked last (3.3 step 3)");
    text_with(&app, "3", Some("of somebody else"), None).await;
    assert_eq!(first_answer(&app, &second).await, Json::Null, "the first is asked last now");
    app.advance(TimeDelta::seconds(10)).await;
}

#[tokio::test]
async fn gw64_what_the_gateway_takes_for_a_stop_is_one() {
    let app = Setup::with(&[SHOP]).start().await;
    let (session, _) = asked(&app, SVEN).await;
    text_with(&app, "Stahp", None, Some(Intent::OptOut)).await;
    assert_eq!(app.status(&session).await, "opted_out");
    let events = schema::consent_events::table.select(schema::consent_events::source);
    let sources: Vec<String> = events.load(&mut app.database.connect()).unwrap();
    assert_eq!(sources, ["gateway"]);
    app.advance(TimeDelta::seconds(10)).await;
    text_with(&app, "again", None, Some(Intent::OptIn)).await;
    assert_eq!(app.send_survey("shop", &json!({"identifier": SVEN})).await.status, 201);
    app.advance(TimeDelta::seconds(10)).await;
}
