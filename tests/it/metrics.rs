//! `/metrics` as Prometheus scrapes it (O2, RE44): every metric there is moves when the thing happens.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use regex::Regex;
use serde_json::json;

use crate::support::surveys::SHOP;
use crate::support::{KARI, SVEN, Script, Setup, TestApp};

/// The page as sample -> value.
async fn scrape(app: &TestApp) -> BTreeMap<String, String> {
    let page = reqwest::get(format!("http://{}/metrics", app.address())).await.unwrap().text().await.unwrap();
    assert!(!page.contains(SVEN) && !page.contains(KARI), "O2: labels never hold phones");
    let samples = page.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.to_owned())
    });
    samples.collect()
}

/// The metrics the code registers.
fn registered() -> Vec<String> {
    let source = include_str!("../../src/telemetry/metrics.rs");
    let name = Regex::new(r#"add\(\s*r,\s*"(\w+)""#).unwrap();
    name.captures_iter(source).map(|found| found[1].to_owned()).collect()
}

/// A whole life: asked in doubt, misread, answered, closed, and everything that can come in between.
async fn live_through_everything(app: &TestApp) {
    app.gateway.next(&[Script::Take, Script::TakeThenFail]);
    app.send("shop", SVEN).await;
    app.reply(SVEN, "too early").await;
    app.advance(TimeDelta::seconds(130)).await;
    app.reply(SVEN, "11").await;
    app.advance(TimeDelta::seconds(2)).await;
    let answer = app.message(SVEN, "8");
    app.receive(&answer).await;
    app.receive(&answer).await;
    app.advance(TimeDelta::seconds(2)).await;
    app.reply(SVEN, "Price").await;
    app.advance(TimeDelta::seconds(2)).await;
    app.reply(SVEN, "Thanks").await;
    app.advance(TimeDelta::seconds(2)).await;
    app.report("gw-1", "delivered").await;
    app.report("gw-1", "gone fishing").await;
    app.reply(SVEN, "STOP").await;
    app.advance(TimeDelta::seconds(2)).await;
    let forged = json!({"messageId": "f", "from": SVEN, "to": "2012", "text": "1"});
    assert_eq!(app.door().forged("inbound", "not-the-gateways-secret", &forged).await, 401);
    assert_eq!(app.door().callback("inbound", &json!("nonsense")).await.unwrap(), 200);
    app.settle().await;
}

#[tokio::test]
async fn re44_every_metric_that_is_registered_is_set() {
    let setup = Setup::with(&[SHOP]).set("limits.due_max", "3");
    let app = setup.set("limits.surveys_per_channel_per_day", "100000").start().await;
    live_through_everything(&app).await;
    // Its name stands for no public address: the call is counted and not made.
    let webhook = json!({"url": "https://localhost:8443/"});
    assert_eq!(app.door().post("/v1/webhooks", &webhook).await.status, 201);
    app.gateway.next(&[Script::Refuse(401)]);
    app.send("shop", KARI).await;
    app.advance(TimeDelta::minutes(1)).await;
    app.may_leave_unsettled();
    assert_eq!(app.door().post("/v1/gateways/fake/pause", &json!({})).await.status, 200);
    for last in 1..=5 {
        let body = json!({"identifier": format!("+4670123450{last}"), "language": "en"});
        app.door().post("/v1/surveys/shop/send", &body).await;
    }
    app.until("the outbox is full", async || {
        let body = json!({"identifier": "+46701234509", "language": "en"});
        app.door().post("/v1/surveys/shop/send", &body).await.status == 429
    })
    .await;

    let samples = scrape(&app).await;
    let is_set = |name: &str| {
        let stem = format!("antiphon_{name}");
        let of_it = |sample: &String| {
            let rest = sample.strip_prefix(&stem);
            rest.is_some_and(|rest| {
                ["", "_total", "_count"].iter().any(|suffix| rest.strip_prefix(suffix) == Some(""))
                    || ["{", "_total{", "_count{"].iter().any(|suffix| rest.starts_with(suffix))
            })
        };
        samples.keys().any(of_it)
    };
    let unset: Vec<String> = registered().into_iter().filter(|name| !is_set(name)).collect();
    assert!(registered().len() > 20 && unset.is_empty(), "never set: {unset:?}\n{samples:#?}");

    for (sample, value) in [
        (r#"antiphon_inbound_total{gateway="fake",outcome="extra"}"#, "1"),
        (r#"antiphon_inbound_total{gateway="fake",outcome="applied"}"#, "3"),
        (r#"antiphon_inbound_total{gateway="fake",outcome="duplicate"}"#, "1"),
        (r#"antiphon_inbound_total{gateway="fake",outcome="late"}"#, "1"),
        (r#"antiphon_inbound_total{gateway="fake",outcome="keyword"}"#, "1"),
        (r#"antiphon_inbound_total{gateway="fake",outcome="forged"}"#, "1"),
        (r#"antiphon_inbound_total{gateway="fake",outcome="dead"}"#, "1"),
        (r#"antiphon_possible_duplicates_total{gateway="fake"}"#, "1"),
        (r#"antiphon_delivery_total{gateway="fake",receipt="unmapped",class="notice"}"#, "1"),
        (r#"antiphon_sessions_closed_total{survey="shop",status="completed"}"#, "1"),
        (r#"antiphon_dead_letters{kind="inbound"}"#, "1"),
        (r#"antiphon_gateway_circuit{gateway="fake"}"#, "0"),
        (r#"antiphon_optouts_total{scope="global"}"#, "1"),
        (r#"antiphon_budget_left{kind="channel",of="other"}"#, "100000"),
        (r#"antiphon_incidents_total{kind="gateway_degraded"}"#, "1"),
    ] {
        assert_eq!(samples.get(sample).map(String::as_str), Some(value), "{sample}\n{samples:#?}");
    }
}

/// The table of analysts-and-operators.md O2, labels in its words. `webhook_attempts` comes with event webhooks.
const O2: &[(&str, &[&str])] = &[
    ("inbound_total", &["gateway", "outcome"]),
    ("turn_seconds_count", &["kind"]),
    ("answers_total", &["survey", "type", "method"]),
    ("invalid_replies_total", &["survey", "element", "reason"]),
    ("send_survey_total", &["outcome"]),
    ("sessions_open", &["survey"]),
    ("sessions_closed_total", &["survey", "status"]),
    ("outbound_total", &["gateway", "class", "state"]),
    ("delivery_total", &["gateway", "receipt", "class"]),
    ("outbox_depth", &["state"]),
    ("outbox_oldest_seconds", &["state"]),
    ("send_lag_seconds_count", &["gateway", "class"]),
    ("reply_lag_seconds_count", &["gateway"]),
    ("possible_duplicates_total", &["gateway"]),
    ("unknown_sends", &["gateway"]),
    ("timer_oldest_seconds", &["kind"]),
    ("dead_letters", &["kind"]),
    ("optouts_total", &["scope"]),
    ("gateway_circuit", &["gateway"]),
    ("shed_total", &["route"]),
    ("clock_drift_seconds", &[]),
    ("build_info", &["version", "revision"]),
];

#[tokio::test]
async fn o2_every_metric_of_the_specification_is_there_with_its_labels() {
    let app = Setup::with(&[SHOP]).set("limits.due_max", "1").start().await;
    live_through_everything(&app).await;
    app.may_leave_unsettled();
    assert_eq!(app.door().post("/v1/gateways/fake/pause", &json!({})).await.status, 200);
    let number = std::cell::Cell::new(10);
    app.until("the outbox is full", async || {
        number.set(number.get() + 1);
        let body = json!({"identifier": format!("+467012345{}", number.get()), "language": "en"});
        app.door().post("/v1/surveys/shop/send", &body).await.status == 429
    })
    .await;
    let samples = scrape(&app).await;
    for (name, labels) in O2 {
        let found = samples.keys().find(|sample| {
            let rest = sample.strip_prefix("antiphon_").and_then(|rest| rest.strip_prefix(name));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
        });
        let sample = found.unwrap_or_else(|| panic!("{name} is missing: {samples:#?}"));
        let named: Vec<&str> =
            sample.split(['{', ',']).skip(1).filter_map(|pair| pair.split('=').next()).collect();
        assert_eq!(named, *labels, "{sample}");
    }
}

#[tokio::test]
async fn re44_the_oldest_of_each_kind_is_told_with_its_age() {
    let app = Setup::with(&[SHOP]).start().await;
    let none = scrape(&app).await;
    assert_eq!(none[r#"antiphon_sessions_open{survey="shop"}"#], "0");
    assert_eq!(none[r#"antiphon_timer_oldest_seconds{kind="question"}"#], "0.0");
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(30)).await;
    let body = json!({"identifier": KARI, "language": "en", "sendAt": "2026-11-21T12:00:00Z"});
    assert_eq!(app.send_survey("shop", &body).await.status, 201);
    assert_eq!(app.door().callback("inbound", &json!("nonsense")).await.unwrap(), 200);
    app.advance(TimeDelta::seconds(30)).await;
    let samples = scrape(&app).await;
    assert_eq!(samples[r#"antiphon_sessions_open{survey="shop"}"#], "2", "pending and active");
    assert_eq!(samples[r#"antiphon_session_oldest_seconds{status="active"}"#], "60.0");
    assert_eq!(samples[r#"antiphon_session_oldest_seconds{status="pending"}"#], "30.0");
    assert_eq!(samples[r#"antiphon_dead_letter_oldest_seconds{kind="inbound"}"#], "30.0");
    assert_eq!(samples[r#"antiphon_timer_oldest_seconds{kind="start"}"#], "0.0", "nothing is overdue");
}

#[tokio::test]
async fn gw33_a_report_with_an_unknown_word_is_counted_and_shown() {
    let app = Setup::with(&[SHOP]).start().await;
    app.send("shop", SVEN).await;
    app.report("gw-1", "gone fishing").await;
    app.report("gw-1", "gone fishing").await;
    app.advance(TimeDelta::seconds(2)).await;
    let gateways = app.door().get("/v1/gateways").await.body;
    let fake = gateways["data"].as_array().unwrap().iter().find(|gateway| gateway["name"] == "fake").unwrap();
    assert_eq!(fake["errors"], json!([{"code": "gone fishing", "count": 2}]));
}

#[tokio::test]
async fn o2_an_open_circuit_is_seen_from_outside() {
    let app = Setup::with(&[SHOP]).start().await;
    app.may_leave_unsettled();
    app.gateway.otherwise(Script::Refuse(401));
    app.send("shop", SVEN).await;
    assert_eq!(scrape(&app).await[r#"antiphon_gateway_circuit{gateway="fake"}"#], "2");
}
