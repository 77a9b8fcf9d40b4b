//! Making and changing webhooks: every refusal, and where they may point (V4, RF47).

use antiphon::app::api_key::Scope;
use antiphon::app::audit::Actor;
use antiphon::app::manage_keys::{NewKey, create_key};
use antiphon::store::schema;
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value as Json, json};

use super::{attempts, hook, id, read, receiver, setup};
use crate::support::surveys::SHOP;
use crate::support::{Door, SVEN, Setup, TestApp};

const NOBODY: &str = "/v1/webhooks/01a1fcb0-af01-7372-955f-d235f118388c";

fn count(app: &TestApp) -> i64 {
    schema::webhooks::table.count().get_result(&mut app.database.connect()).unwrap()
}

fn faults(answer: &Json) -> Vec<(String, String)> {
    let text = |fault: &Json, name: &str| fault[name].as_str().unwrap().to_owned();
    let faults = answer["errors"].as_array().cloned().unwrap_or_default();
    faults.iter().map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect()
}

/// The way in with some scopes alone.
async fn door_with(app: &TestApp, scopes: &[Scope]) -> Door {
    let ids = app.engine().ids.clone();
    let new = NewKey {
        name: format!("test {}", ids.next(app.now())),
        scopes: scopes.to_vec(),
        surveys: Vec::new(),
        channels: Vec::new(),
        expires_at: None,
        env: "test".to_owned(),
    };
    let made = app.engine().store.change(
        move |connection, now| create_key(connection, &new, &ids.random_bytes(), &Actor::command(), now),
        |_| {},
    );
    Door::new(app.address(), made.await.unwrap().unwrap().key.reveal())
}

#[tokio::test]
async fn a_webhook_is_made_shown_changed_and_deleted_and_its_secret_shown_once() {
    let app = setup().start().await;
    let crm = receiver(&app).await;
    let body = json!({"url": crm.url(), "events": ["answer.recorded"]});
    let made = app.door().post_once("/v1/webhooks", &body, "one").await;
    let again = app.door().post_once("/v1/webhooks", &body, "one").await;
    assert_eq!((made.status, again.status, count(&app)), (201, 201, 1));
    assert!(made.body["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!((&again.body["id"], &again.body["secret"]), (&made.body["id"], &json!(null)));
    let other = app.door().post_once("/v1/webhooks", &json!({"url": crm.url()}), "one").await;
    assert_eq!(other.code(), "idempotency_key_reused");
    let path = format!("/v1/webhooks/{}", id(&made.body));
    let shown = app.door().get(&path).await;
    assert_eq!(shown.body.get("secret"), None);
    assert_eq!(shown.body["events"], json!(["answer.recorded"]));
    let listed = app.door().get("/v1/webhooks").await;
    assert_eq!(listed.body["data"], json!([shown.body]));
    let changed = app.door().patch(&path, &json!({"events": [], "surveyIds": ["shop"]})).await;
    assert_eq!((&changed.body["events"], &changed.body["surveyIds"]), (&json!([]), &json!(["shop"])));
    assert_eq!(changed.body["url"], made.body["url"], "what is not named stays");
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(5)).await;
    assert!(!attempts(&app, &made.body).await.is_empty());
    assert_eq!(app.door().delete(&path).await.status, 204);
    assert_eq!(app.door().get(&path).await.code(), "webhook_not_found");
    let left: i64 = schema::webhook_attempts::table.count().get_result(&mut app.database.connect()).unwrap();
    assert_eq!((count(&app), left), (0, 0));
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn a_webhook_that_does_not_exist_is_404_on_every_route() {
    let app = setup().start().await;
    let (door, from) = (app.door(), json!({"from": "2026-11-21T00:00:00Z"}));
    let answers = [
        door.get(NOBODY).await,
        door.patch(NOBODY, &json!({})).await,
        door.delete(NOBODY).await,
        door.get(&format!("{NOBODY}/attempts")).await,
        door.post(&format!("{NOBODY}/rotate"), &json!({})).await,
        door.post(&format!("{NOBODY}/test"), &json!({})).await,
        door.post(&format!("{NOBODY}/replay"), &from).await,
    ];
    for answer in answers {
        assert_eq!((answer.status, answer.code()), (404, "webhook_not_found"));
    }
}

#[tokio::test]
async fn bad_wishes_are_told_all_at_once_and_leave_nothing() {
    let app = Setup::with(&[SHOP]).start().await;
    let door = app.door();
    let bad = json!({"url": "http://crm.example.com/", "events": ["answer.recorded", "webhook.test", "x"],
                     "surveyIds": "shop", "includePii": 1, "secret": "mine"});
    let answer = door.post("/v1/webhooks", &bad).await;
    assert_eq!((answer.status, answer.code()), (422, "validation_failed"));
    let expected = [
        ("/url", "invalid_param"),
        ("/events/1", "invalid_param"),
        ("/events/2", "invalid_param"),
        ("/surveyIds", "invalid_param"),
        ("/includePii", "invalid_param"),
        ("/secret", "unknown_param"),
    ];
    assert_eq!(faults(&answer.body), expected.map(|(at, code)| (at.to_owned(), code.to_owned())));
    let missing = door.post("/v1/webhooks", &json!({})).await;
    assert_eq!(faults(&missing.body), [("/url".to_owned(), "missing_param".to_owned())]);
    let unknown = json!({"url": "https://crm.example.com/", "surveyIds": ["nope"]});
    assert_eq!(door.post("/v1/webhooks", &unknown).await.code(), "survey_not_found");
    let poor = door_with(&app, &[Scope::Admin]).await;
    let nosy = json!({"url": "https://crm.example.com/", "includePii": true});
    let refused = poor.post("/v1/webhooks", &nosy).await;
    assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"));
    let stranger = door_with(&app, &[Scope::SurveysSend]).await;
    assert_eq!(stranger.get("/v1/webhooks").await.code(), "insufficient_scope");
    assert_eq!(count(&app), 0);
    let made = door.post("/v1/webhooks", &json!({"url": "https://crm.example.com/"})).await;
    let path = format!("/v1/webhooks/{}", id(&made.body));
    assert_eq!(poor.patch(&path, &json!({"includePii": true})).await.code(), "insufficient_scope");
    let late = door.post(&format!("{path}/replay"), &json!({"from": "2030-01-01T00:00:00Z"})).await;
    assert_eq!(faults(&late.body), [("/from".to_owned(), "invalid_param".to_owned())]);
    let none = door.post(&format!("{path}/replay"), &json!({})).await;
    assert_eq!(faults(&none.body), [("/from".to_owned(), "missing_param".to_owned())]);
    assert_eq!(door.post(&format!("{path}/rotate"), &json!({"a": 1})).await.code(), "validation_failed");
    assert_eq!(door.post(&format!("{path}/test"), &json!({"a": 1})).await.code(), "validation_failed");
    assert_eq!(door.get(&format!("{path}/attempts?limit=0")).await.code(), "validation_failed");
}

#[tokio::test]
async fn there_are_at_most_100_webhooks() {
    let app = Setup::with(&[]).start().await;
    let body = json!({"url": "https://crm.example.com/", "enabled": false});
    for _ in 0..100 {
        assert_eq!(app.door().post("/v1/webhooks", &body).await.status, 201);
    }
    assert_eq!(app.door().post("/v1/webhooks", &body).await.code(), "validation_failed");
    assert_eq!(count(&app), 100);
}

#[tokio::test]
async fn v4_private_addresses_are_never_called() {
    let app = Setup::with(&[SHOP]).start().await;
    let crm = receiver(&app).await;
    let port = crm.url().rsplit(':').next().unwrap().split('/').next().unwrap().to_owned();
    let door = app.door();
    for url in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/",
        "https://100.64.0.1/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "https://224.0.0.1/",
        "https://0.0.0.0/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "http://crm.example.com/",
        "https://crm.example.com:22/",
        "https://user:secret@crm.example.com/",
        "crm.example.com",
        &format!("https://localhost:{port}/"),
    ] {
        let answer = door.post("/v1/webhooks", &json!({"url": url})).await;
        assert_eq!(faults(&answer.body), [("/url".to_owned(), "invalid_param".to_owned())], "{url}");
    }
    assert_eq!(count(&app), 0);
    // A name shows what it stands for only when it is looked up, and then it is not called.
    let made = door.post("/v1/webhooks", &json!({"url": "https://localhost:8443/"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let tried = door.post(&format!("/v1/webhooks/{}/test", id(&made.body)), &json!({})).await;
    assert_eq!(tried.status, 202);
    app.settle().await;
    let attempt = attempts(&app, &made.body).await.remove(0);
    assert_eq!((&attempt["result"], &attempt["status"]), (&json!("forbidden_address"), &json!(null)));
    assert_eq!(attempt["type"], json!("webhook.test"));
    assert!(crm.told().is_empty());
}

#[tokio::test]
async fn a_test_is_told_to_that_webhook_alone() {
    let app = setup().start().await;
    let (one, other) = (receiver(&app).await, receiver(&app).await);
    let webhook = hook(&app, &one, json!({"events": ["session.created"]})).await;
    hook(&app, &other, json!({})).await;
    let path = format!("/v1/webhooks/{}", id(&webhook));
    let tried = app.door().post(&format!("{path}/test"), &json!({})).await;
    app.settle().await;
    assert_eq!(one.kinds(), ["webhook.test"]);
    assert_eq!(one.taken()[0].header("webhook-id"), tried.body["eventId"].as_str().unwrap());
    assert!(other.told().is_empty());
    assert_eq!(app.door().patch(&path, &json!({"enabled": false})).await.status, 200);
    let refused = app.door().post(&format!("{path}/test"), &json!({})).await;
    assert_eq!((refused.status, &refused.body["currentState"]), (409, &json!("disabled")));
}

#[tokio::test]
async fn v7_what_was_told_is_forgotten_after_30_days_and_what_waits_is_not() {
    let app = setup().start().await;
    let crm = receiver(&app).await;
    let webhook = hook(&app, &crm, json!({"events": ["session.created"]})).await;
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::days(2)).await;
    assert_eq!(attempts(&app, &webhook).await.len(), 1);
    app.clock.set(app.now() + TimeDelta::days(29));
    app.until("it is forgotten", async || attempts(&app, &webhook).await.is_empty()).await;
    assert_eq!(read(&app, &webhook).await["enabled"], json!(true));
}
