//! API keys over HTTP: made once, listed without their text, dead within a second of their revocation.

use antiphon::app::api_key::{ApiKey, Scope};
use antiphon::app::audit::{self, Broken};
use diesel::prelude::*;
use serde_json::json;

use super::{Caller, audited};
use crate::support::Setup;
use crate::support::surveys::SHOP;

#[tokio::test]
async fn a_key_is_shown_once_works_and_is_revoked() {
    let app = Setup::with(&[SHOP]).start().await;
    let admin = Caller::with(&app, &[Scope::Admin]).await;
    let body = json!({"name": "crm", "scopes": ["surveys:read"], "surveys": ["shop"]}).to_string();
    let made = admin.post("/v1/keys", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shown = made.json();
    let text = shown["key"].as_str().unwrap().to_owned();
    let id = ApiKey::parse(&text).unwrap().id().to_owned();
    assert_eq!(shown["id"], json!(id));
    assert_eq!(shown["expiresAt"], json!("2027-11-21T08:00:00Z"));
    assert_eq!(made.header("location"), Some(format!("/v1/keys/{id}")));

    let listed = admin.get("/v1/keys").await;
    assert!(!listed.text.contains(&text), "the text is shown once");
    assert!(listed.json()["data"].as_array().unwrap().iter().any(|key| key["id"] == json!(id)));

    let caller = admin.using(&text);
    assert_eq!(caller.get("/v1/surveys").await.status, 200);
    assert_eq!(caller.get("/v1/keys").await.code(), "insufficient_scope");
    let path = format!("/v1/keys/{id}");
    assert_eq!(admin.send("DELETE", &path, &[], "").await.status, 204);
    assert_eq!(caller.get("/v1/surveys").await.code(), "unauthenticated");
    assert_eq!(admin.send("DELETE", "/v1/keys/AAAAAAAA", &[], "").await.code(), "key_not_found");
    assert_eq!(audited(&app).await, ["key.revoked"]);
}

#[tokio::test]
async fn a_repeat_makes_no_second_key_and_shows_no_text() {
    let app = Setup::with(&[]).start().await;
    let admin = Caller::with(&app, &[Scope::Admin]).await;
    let body = json!({"name": "ivr", "scopes": ["surveys:send"]}).to_string();
    let header = [("Idempotency-Key", "one")];
    let first = admin.send("POST", "/v1/keys", &header, &body).await;
    let again = admin.send("POST", "/v1/keys", &header, &body).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(again.header("idempotent-replayed").as_deref(), Some("true"));
    assert_eq!(first.json()["id"], again.json()["id"]);
    assert_eq!(again.json()["key"], json!(null));
    let other = admin.send("POST", "/v1/keys", &header, &json!({"name": "x"}).to_string()).await;
    assert_eq!(other.status, 422);
}

#[tokio::test]
async fn faults_of_a_key_are_told_at_once_and_a_third_live_one_is_refused() {
    let app = Setup::with(&[]).start().await;
    let admin = Caller::with(&app, &[Scope::Admin]).await;
    let body = json!({"scopes": ["surveys:send", "everything"], "expires": 1}).to_string();
    let refused = admin.post("/v1/keys", &body).await;
    let faults = refused.faults();
    let expected =
        [("/scopes/1", "invalid_param"), ("/name", "missing_param"), ("/expires", "unknown_param")];
    assert_eq!(faults, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    let body = json!({"name": "ivr", "scopes": ["surveys:send"]}).to_string();
    let statuses = [
        admin.post("/v1/keys", &body).await.status,
        admin.post("/v1/keys", &body).await.status,
        admin.post("/v1/keys", &body).await.status,
    ];
    assert_eq!(statuses, [201, 201, 422]);
    let unknown = json!({"name": "a", "scopes": ["admin"], "surveys": ["nope"]}).to_string();
    assert_eq!(admin.post("/v1/keys", &unknown).await.code(), "survey_not_found");
}

#[tokio::test]
async fn a_changed_audit_row_is_found() {
    use antiphon::store::schema::audit as table;
    let app = Setup::with(&[]).start().await;
    for _ in 0..3 {
        Caller::with(&app, &[Scope::Admin]).await;
    }
    assert!(audited(&app).await.is_empty());
    let mut connection = app.database.connect();
    diesel::update(table::table.find(2)).set(table::actor.eq("nobody")).execute(&mut connection).unwrap();
    assert_eq!(audit::verify(&mut connection).unwrap(), Err(Broken::Changed(2)));
    diesel::delete(table::table.find(2)).execute(&mut connection).unwrap();
    assert_eq!(audit::verify(&mut connection).unwrap(), Err(Broken::Gap { expected: 2, found: 3 }));
}

#[tokio::test]
async fn rs1_the_last_use_of_a_key_is_shown_to_within_a_minute() {
    let app = Setup::with(&[]).start().await;
    let admin = Caller::with(&app, &[Scope::Admin]).await;
    let body = json!({"name": "crm", "scopes": ["surveys:read"]}).to_string();
    let made = admin.post("/v1/keys", &body).await.json();
    assert_eq!(made["lastUsedAt"], json!(null));
    let caller = admin.using(made["key"].as_str().unwrap());
    let last_used = async || {
        let listed = admin.get("/v1/keys").await.json();
        let keys = listed["data"].as_array().unwrap().clone();
        keys.into_iter().find(|key| key["id"] == made["id"]).unwrap()["lastUsedAt"].clone()
    };
    assert_eq!(caller.get("/v1/surveys").await.status, 200);
    app.until("the first use is noted", async || last_used().await == json!("2026-11-21T08:00:00Z")).await;
    app.advance(chrono::TimeDelta::seconds(59)).await;
    assert_eq!(caller.get("/v1/surveys").await.status, 200);
    assert_eq!(last_used().await, json!("2026-11-21T08:00:00Z"), "at most once a minute");
    app.advance(chrono::TimeDelta::seconds(1)).await;
    assert_eq!(caller.get("/v1/surveys").await.status, 200);
    app.until("a later use is noted", async || last_used().await == json!("2026-11-21T08:01:00Z")).await;
}
