//! A gateway is away for an hour while messages pile up (RF10, RF11, A85): nothing is lost, order and times to live
//! hold, it is not flooded when it is back, and other channels know nothing of it.

use std::collections::BTreeMap;

use antiphon::store::schema;
use chrono::TimeDelta;
use diesel::prelude::*;
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use crate::support::surveys::SHOP;
use crate::support::{Script, Setup, TestApp};

/// People with a session each, of two messages at the start. Ten thousand behave no otherwise; they take minutes.
const PEOPLE: usize = 400;
/// Messages per second of the channel.
const RATE: usize = 40;

fn phone(number: usize) -> String {
    format!("+46701{number:06}")
}

async fn start_sessions(app: &TestApp, numbers: std::ops::Range<usize>, more: &Json) {
    let call = |number: usize| {
        let mut body = json!({"identifier": phone(number), "language": "en"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        async move { app.door().post("/v1/surveys/shop/send", &body).await }
    };
    let numbers: Vec<usize> = numbers.collect();
    for some in numbers.chunks(50) {
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

#[tokio::test]
async fn rf10_an_hour_without_the_gateway_loses_nothing_and_ends_without_a_flood() {
    let app = Setup::with(&[SHOP]).set("channels.fake.throttle_per_second", &RATE.to_string()).start().await;
    app.gateway.go_down().await;
    let fake = channel_id(&app, "fake").await;
    start_sessions(&app, 0..PEOPLE, &json!({"channelId": fake})).await;
    let brief = json!({"channelId": fake, "expiryTime": "2026-11-21T08:30:00Z"});
    start_sessions(&app, PEOPLE..PEOPLE + 20, &brief).await;
    app.advance(TimeDelta::minutes(30)).await;
    let elsewhere = json!({"channelId": channel_id(&app, "simulator").await});
    start_sessions(&app, PEOPLE + 20..PEOPLE + 21, &elsewhere).await;
    app.advance(TimeDelta::seconds(5)).await;
    let gateway = app.engine().gateways.get("simulator").unwrap();
    let texts = gateway.simulator().unwrap().inbox(&phone(PEOPLE + 20)).len();
    assert_eq!(texts, 2, "another channel is not affected");
    app.advance(TimeDelta::minutes(30)).await;

    app.gateway.come_back().await;
    app.advance(TimeDelta::minutes(10)).await;
    let ledger = app.gateway.ledger();
    let mut of_phone: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for sent in &ledger {
        of_phone.entry(&sent.to).or_default().push(sent);
    }
    assert_eq!(of_phone.len(), PEOPLE, "nobody is forgotten, and whose time is over is left alone");
    for (phone, sent) in &of_phone {
        assert_eq!(sent.len(), 2, "{phone}: none lost, none twice");
        assert!(sent[0].text.starts_with("Thanks") && sent[1].text.starts_with("How did"), "{phone}");
        assert!(sent[1].at - sent[0].at >= TimeDelta::seconds(2), "{phone}");
    }
    for (number, sent) in ledger.iter().enumerate() {
        let second = ledger[number..].iter().take_while(|later| later.at - sent.at < TimeDelta::seconds(1));
        // A full bucket holds one second's worth.
        assert!(second.count() <= 2 * RATE, "in the second from {}", sent.at);
    }
    let took = ledger[ledger.len() - 1].at - ledger[0].at;
    let least = i64::try_from((2 * PEOPLE - RATE) / RATE).unwrap() - 1;
    assert!(took >= TimeDelta::seconds(least), "{} messages in {took}", ledger.len());
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn a_gateway_that_opens_its_circuit_is_degraded_once_and_one_send_probes_it() {
    let app = Setup::with(&[SHOP]).start().await;
    app.gateway.otherwise(Script::Refuse(401));
    start_sessions(&app, 0..5, &json!({})).await;
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
    start_sessions(&app, 5..6, &json!({})).await;
    app.settle().await;
    assert_eq!(degraded().len(), 2, "a new incident");
    app.may_leave_unsettled();
}
