//! Work that one node leaves to another: who queues need not send, each timer fires once, and a node that stops or
//! dies leaves nothing behind.

use antiphon::ids::Ids;
use antiphon::server::{Role, WorkerNode};
use chrono::TimeDelta;
use serde_json::json;

use crate::support::surveys::SHOP;
use crate::support::{Backend, SVEN, Script, Setup};

const REMINDING: &str = "\
format: antiphon/1
id: reminding
title: Reminding
languages: [en]
default_language: en
settings: {expiry: 24h}
reminders:
  - after: 4h
    when: no_reply
    text: {en: A reminder.}
elements:
  - id: score
    type: scale
    min: 1
    max: 10
    text: {en: How did you like it? Reply 1-10. STOP to opt out.}
completion:
  text: {en: Thank you!}
";

#[tokio::test]
async fn what_a_node_without_worker_queues_is_sent_by_a_worker_that_hears_of_it() {
    let app = Setup::with(&[SHOP]).on(Backend::Postgres).without_worker().start().await;
    let worker = WorkerNode::start(app.config(), app.clock.clock(), Ids::seeded(8)).await.unwrap();
    assert_eq!(worker.metrics_address, None, "no address unless server.metrics_bind is set");
    let session = app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(5)).await;
    app.reply(SVEN, "8").await;
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(app.gateway.texts_to(SVEN).len(), 3);
    app.advance(TimeDelta::days(2)).await;
    assert_eq!(app.status(&session).await, "expired", "its timers are the worker's too");
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_serves_its_health_and_nothing_else() {
    let setup = Setup::with(&[SHOP]).on(Backend::Postgres).set("server.metrics_bind", "127.0.0.1:0");
    let app = setup.start().await;
    let worker = WorkerNode::start(app.config(), app.clock.clock(), Ids::seeded(8)).await.unwrap();
    let address = worker.metrics_address.unwrap();
    for (path, status) in [("/livez", 200), ("/readyz", 200), ("/metrics", 200), ("/v1/sessions", 404)] {
        let answer = reqwest::get(format!("http://{address}{path}")).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
    worker.stop().await;
}

#[tokio::test]
async fn each_timer_fires_once_however_many_nodes_there_are() {
    let app = Setup::with(&[REMINDING]).on(Backend::Postgres).start().await;
    let (second, _) = app.another(Role::Whole).await;
    let (third, _) = app.another(Role::Whole).await;
    let people: Vec<String> = (0..20).map(|number| format!("+467012345{number:02}")).collect();
    let mut sessions = Vec::new();
    for phone in &people {
        sessions.push(app.send("reminding", phone).await);
    }
    app.advance(TimeDelta::hours(5)).await;
    for phone in &people {
        let texts = app.gateway.texts_to(phone);
        let reminders = texts.iter().filter(|text| text.starts_with("A reminder.")).count();
        assert_eq!((texts.len(), reminders), (2, 1), "{texts:?}");
    }
    app.advance(TimeDelta::days(2)).await;
    for session in &sessions {
        assert_eq!(app.status(session).await, "expired");
    }
    assert_eq!(app.gateway.ledger().len(), 40, "an expiry sends nothing (A30)");
    second.stop().await;
    third.stop().await;
}

#[tokio::test]
async fn re38_a_node_that_stops_settles_its_sends_and_another_goes_on() {
    let mut app = Setup::with(&[SHOP]).on(Backend::Postgres).start().await;
    app.gateway.next(&[Script::Hold]);
    let session = app.send("shop", SVEN).await;
    let (second, door) = app.another(Role::Whole).await;
    let gateway = app.gateway.clone();
    let letting_go = tokio::spawn(async move {
        while gateway.holding() == 0 {
            tokio::task::yield_now().await;
        }
        gateway.release();
    });
    app.stop().await;
    letting_go.await.unwrap();
    let shown = door.get(&format!("/v1/messages?sessionId={session}")).await;
    let states: Vec<_> = shown.body["data"].as_array().unwrap().iter().map(|m| m["state"].clone()).collect();
    assert!(states.contains(&json!("accepted")) && !states.contains(&json!("sending")), "{states:?}");
    app.open().await;
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(app.gateway.texts_to(SVEN).len(), 2);
    second.stop().await;
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn a82_a_send_that_outlives_its_lease_is_doubted_by_another_node_and_never_repeated_unmarked() {
    let app = Setup::with(&[SHOP]).on(Backend::Postgres).start().await;
    app.gateway.next(&[Script::Take, Script::Hold]);
    let session = app.send("shop", SVEN).await;
    app.clock.set(app.now() + TimeDelta::seconds(3));
    app.until("the question is under way", async || app.gateway.holding() == 1).await;
    let (second, _) = app.another(Role::Whole).await;
    app.advance(TimeDelta::seconds(91)).await;
    assert_eq!(app.states(&session).await[1], "unknown", "its lease has run out");
    app.advance(TimeDelta::seconds(121)).await;
    // The send that is held hides this one from whoever looks whether the server is at rest.
    app.until("the repeat is taken", async || app.states(&session).await[1] == "accepted").await;
    assert_eq!(app.sent_in(&session).await[1]["possibleDuplicate"], json!(true));
    app.gateway.release();
    app.until("the late one is back", async || app.gateway.holding() == 0).await;
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(app.gateway.texts_to(SVEN).len(), 3, "two copies, and never a third");
    second.stop().await;
    app.advance(TimeDelta::days(2)).await;
}
