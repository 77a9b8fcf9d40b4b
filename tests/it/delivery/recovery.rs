//! A gateway is away for an hour while messages pile up (RF10, RF11, A85): nothing is lost, order and times to live
//! hold, it is not flooded when it is back, and other channels know nothing of it.

use std::collections::BTreeMap;

use antiphon::store::schema;
use chrono::TimeDelta;
use diesel::prelude::*;
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use crate::support::surveys::SHOP;
use crate::support::{SVEN, Script, Setup, TestApp};

/// People with a session each, of ten messages at the start: 10,000 messages wait.
const PEOPLE: usize = 1_000;
const MESSAGES: usize = 10;
/// Messages per second of the channel.
const RATE: usize = 400;

/// Nine texts and a question.
fn pile() -> String {
    let mut source = String::from(
        "format: antiphon/1\nid: pile\nuuid: 7b0f9d55-4b0c-4f5d-9a63-2f0d5ff0a0c1\ntitle: A pile\nlanguages: [en]\n\
         default_language: en\nsettings: {expiry: 24h}\nelements:\n",
    );
    for number in 1..MESSAGES {
        source +=
            &format!("  - {{id: text_{number}, type: text, text: {{en: \"{number}. STOP to opt out.\"}}}}\n");
    }
    source += "  - {id: score, type: scale, min: 1, max: 9, text: {en: 10. Reply 1-9.}}\n\
               completion: {text: {en: Thank you!}}\n";
    source
}

fn phone(number: usize) -> String {
    format!("+46701{number:06}")
}

async fn start_sessions(app: &TestApp, survey: &str, numbers: std::ops::Range<usize>, more: &Json) {
    let path = format!("/v1/surveys/{survey}/send");
    let call = |number: usize| {
        let mut body = json!({"identifier": phone(number), "language": "en"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let path = path.clone();
        async move { app.door().post(&path, &body).await }
    };
    let numbers: Vec<usize> = numbers.collect();
    for some in numbers.chunks(100) {
        for answer in join_all(some.iter().map(|number| call(*number))).await {
            assert_eq!(answer.status, 201, "RE27: never an error because a gateway is down: {answer:?}");
        }
    }
}

async fn channel_id(app: &TestApp, name: &str) -> Json {
    let channels = app.door().get("/v1/channels").await.body;
    let all = channels["data"].as_array().unwrap();
    all.iter().find(|channel| channel["name"] == name).unwrap()["id"].clone()
}

/// Moves the clock second by second: what is due within one leaves together.
async fn pass(app: &TestApp, seconds: i64) {
    for _ in 0..seconds {
        app.clock.set(app.now() + TimeDelta::seconds(1));
        app.settle().await;
    }
}

#[tokio::test]
async fn rf10_an_hour_without_the_gateway_loses_nothing_and_ends_without_a_flood() {
    let app = Setup::with(&[&pile(), SHOP])
        .set("channels.fake.throttle_per_second", &RATE.to_string())
        .set("outbox.concurrency_per_channel", "64")
        .start()
        .await;
    app.gateway.go_down().await;
    let fake = channel_id(&app, "fake").await;
    start_sessions(&app, "pile", 0..PEOPLE, &json!({"channelId": fake})).await;
    let brief = json!({"channelId": fake, "expiryTime": "2026-11-21T08:30:00Z"});
    start_sessions(&app, "shop", PEOPLE..PEOPLE + 20, &brief).await;
    app.advance(TimeDelta::minutes(30)).await;
    let elsewhere = json!({"channelId": channel_id(&app, "simulator").await});
    start_sessions(&app, "shop", PEOPLE + 20..PEOPLE + 21, &elsewhere).await;
    app.advance(TimeDelta::seconds(5)).await;
    let gateway = app.engine().gateways.get("simulator").unwrap();
    let texts = gateway.simulator().unwrap().inbox(&phone(PEOPLE + 20)).len();
    assert_eq!(texts, 2, "another channel is not affected");
    app.advance(TimeDelta::minutes(30)).await;

    app.gateway.come_back().await;
    let reopens = app.engine().health.of("fake").circuit.open_until().unwrap();
    assert!(reopens - app.now() <= TimeDelta::minutes(5), "the longest pause");
    app.advance(reopens - app.now() - TimeDelta::milliseconds(1)).await;
    pass(&app, 40).await;
    let ledger = app.gateway.ledger();
    let mut of_phone: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for sent in &ledger {
        of_phone.entry(&sent.to).or_default().push(sent);
    }
    assert_eq!(of_phone.len(), PEOPLE, "nobody is forgotten, and whose time is over is left alone");
    for (phone, sent) in &of_phone {
        let numbers: Vec<Option<&str>> = sent.iter().map(|sent| sent.text.split('.').next()).collect();
        let wanted: Vec<String> = (1..=MESSAGES).map(|number| number.to_string()).collect();
        let wanted: Vec<Option<&str>> = wanted.iter().map(|number| Some(number.as_str())).collect();
        assert_eq!(numbers, wanted, "{phone}: none lost, none twice, in order");
        for pair in sent.windows(2) {
            assert!(pair[1].at - pair[0].at >= TimeDelta::seconds(2), "{phone}");
        }
    }
    for (number, sent) in ledger.iter().enumerate() {
        let second = ledger[number..].iter().take_while(|later| later.at - sent.at < TimeDelta::seconds(1));
        // A full bucket holds one second's worth.
        assert!(second.count() <= 2 * RATE, "in the second from {}", sent.at);
    }
    let took = ledger[ledger.len() - 1].at - ledger[0].at;
    let least = i64::try_from((MESSAGES * PEOPLE - RATE) / RATE).unwrap() - 1;
    assert!(took >= TimeDelta::seconds(least), "{} messages in {took}", ledger.len());
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn rf11_a_lone_message_outlives_an_hour_without_its_gateway() {
    let app = Setup::with(&[SHOP]).start().await;
    app.gateway.go_down().await;
    let session = app.send("shop", SVEN).await;
    app.advance(TimeDelta::minutes(60)).await;
    assert_eq!(app.states(&session).await, ["due", "due"], "nobody answered: it is no fault of the message");
    app.gateway.come_back().await;
    app.advance(TimeDelta::minutes(5)).await;
    assert_eq!(app.gateway.texts_to(SVEN).len(), 2, "the circuit's next probe is this message");
    assert_eq!(app.states(&session).await, ["accepted", "accepted"]);
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn rf11_a_message_that_an_answering_gateway_does_not_take_is_failed_after_eight_attempts() {
    let app = Setup::with(&[SHOP])
        .set("gateways.fake.params.not_accepted_on_503", "true")
        .set("limits.due_age_max", "1h")
        .start()
        .await;
    app.gateway.next(&[Script::Refuse(503)]);
    let session = app.send("shop", SVEN).await;
    for attempt in 2..=8 {
        // Others are served meanwhile: the gateway is well.
        app.send("shop", &phone(attempt)).await;
        app.advance(TimeDelta::seconds(2)).await;
        app.gateway.otherwise(Script::Refuse(503));
        let before = app.gateway.arrivals().len();
        while app.gateway.arrivals().len() == before {
            app.advance(TimeDelta::seconds(1)).await;
        }
        app.gateway.otherwise(Script::Take);
    }
    let first = &app.sent_in(&session).await[0];
    assert_eq!(
        (&first["state"], &first["stateReason"]),
        (&json!("failed"), &json!("attempts_used_up")),
        "{first}"
    );
    app.advance(TimeDelta::minutes(1)).await;
}

#[tokio::test]
async fn rf10_a_gateway_of_several_channels_is_probed_by_one_message() {
    let app = Setup::with(&[SHOP]).start().await;
    app.gateway.otherwise(Script::Refuse(401));
    for name in ["fake", "other"] {
        let channel = json!({"channelId": channel_id(&app, name).await});
        let first = if name == "fake" { 0 } else { 10 };
        start_sessions(&app, "shop", first..first + 3, &channel).await;
    }
    app.settle().await;
    let before = app.gateway.arrivals().len();
    for (probe, seconds) in [5, 10, 20].into_iter().enumerate() {
        app.clock.set(app.now() + TimeDelta::seconds(seconds));
        app.settle().await;
        assert_eq!(app.gateway.arrivals().len(), before + probe + 1, "one probe, not one of each channel");
    }
    app.gateway.otherwise(Script::Take);
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(app.gateway.ledger().len(), 12);
}

#[tokio::test]
async fn a_gateway_that_opens_its_circuit_is_degraded_once_and_one_send_probes_it() {
    let app = Setup::with(&[SHOP]).start().await;
    app.gateway.otherwise(Script::Refuse(401));
    start_sessions(&app, "shop", 0..5, &json!({})).await;
    app.advance(TimeDelta::minutes(3)).await;
    let degraded = || -> Vec<String> {
        let events = schema::events::table.filter(schema::events::kind.eq("gateway.degraded"));
        events.select(schema::events::data).load(&mut app.database.connect()).unwrap()
    };
    let facts = degraded();
    assert_eq!(facts.len(), 1, "{facts:?}");
    let fact: Json = serde_json::from_str(&facts[0]).unwrap();
    assert_eq!((&fact["gateway"], &fact["result"]), (&json!("fake"), &json!("auth")));
    // 0, 5, 15, 35, 75, 155 s; those in flight at the first refusal came besides.
    let arrivals = app.gateway.arrivals();
    let probes = arrivals.iter().filter(|(at, _)| *at > arrivals[0].0).count();
    assert!((4..=6).contains(&probes), "half open lets one through: {probes}");
    app.gateway.otherwise(Script::Take);
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(app.gateway.ledger().len(), 10, "it is back: all messages leave");
    app.gateway.otherwise(Script::Refuse(401));
    start_sessions(&app, "shop", 5..6, &json!({})).await;
    app.settle().await;
    assert_eq!(degraded().len(), 2, "a new incident");
    app.may_leave_unsettled();
}
