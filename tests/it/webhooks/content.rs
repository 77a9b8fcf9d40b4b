//! What receivers are told.

use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use super::{attempts, converse, events, hook, id, receiver, setup};
use crate::support::{HOLD, KARI, SVEN, Setup};

const PRIVATE: &str = "\
format: antiphon/1
id: private
title: Private
languages: [en]
default_language: en
settings: {expiry: 24h}
elements:
  - {id: name, type: free_text, pii: true, text: {en: Your name? Reply STOP to opt out.}}
  - id: score
    type: scale
    min: 1
    max: 5
    text: {en: 1-5?}
    rules:
      - {if: 'score <= 2', tag: low_score}
completion: {text: {en: Thank you!}}
";

#[tokio::test]
async fn v5_each_answer_is_told_at_once_and_the_completion_tells_all_of_them() {
    let app = setup().start().await;
    let crm = receiver(&app).await;
    hook(&app, &crm, json!({})).await;
    let body = json!({"identifier": SVEN, "language": "en", "clientReference": "ivr-000184"});
    let session_id = app.send_survey("shop", &body).await.session_id();
    app.advance(TimeDelta::seconds(5)).await;
    app.reply(SVEN, "11").await;
    app.reply(SVEN, "8 thanks").await;
    let told = crm.latest("answer.recorded");
    assert_eq!(told["timestamp"], json!("2026-11-21T08:00:05Z"));
    let data = &told["data"];
    assert_eq!(data["sessionId"], json!(session_id));
    assert_eq!(data["surveyId"], json!("shop"));
    assert_eq!(data["clientReference"], json!("ivr-000184"));
    assert_eq!(
        (&data["elementId"], &data["visit"], &data["value"], &data["tags"]),
        (&json!("score"), &json!(1), &json!(8), &json!([]))
    );
    assert_eq!(crm.latest("reply.invalid")["data"]["reason"], json!("out_of_range"));
    app.advance(TimeDelta::seconds(5)).await;
    app.reply(SVEN, "2").await;
    app.advance(TimeDelta::seconds(5)).await;
    let done = crm.latest("session.completed");
    let answers = done["data"]["answers"].as_array().unwrap();
    let shown: Vec<(&Json, &Json, &Json)> =
        answers.iter().map(|answer| (&answer["elementId"], &answer["value"], &answer["label"])).collect();
    assert_eq!(
        shown,
        [(&json!("score"), &json!(8), &json!(null)), (&json!("reason"), &json!("staff"), &json!("Staff"))]
    );
    let mut sequence: Vec<i64> =
        crm.taken().iter().map(|told| told.json()["data"]["sequence"].as_i64().unwrap()).collect();
    sequence.sort_unstable();
    let expected: Vec<i64> = (1..=i64::try_from(sequence.len()).unwrap()).collect();
    assert_eq!(sequence, expected, "numbered without a gap within the session");
    for kind in ["session.created", "message.accepted"] {
        assert!(crm.kinds().contains(&kind.to_owned()), "{kind}");
    }
    assert_eq!(crm.taken().len(), events(&app).len(), "everything was told, once");
}

#[tokio::test]
async fn v6_phones_are_masked_and_pii_is_left_out_unless_the_webhook_may_see_it() {
    let app = Setup::with(&[PRIVATE]).set("webhooks.allow_private", "true").start().await;
    let (open, closed) = (receiver(&app).await, receiver(&app).await);
    hook(&app, &open, json!({"includePii": true})).await;
    hook(&app, &closed, json!({})).await;
    app.send("private", SVEN).await;
    app.advance(TimeDelta::seconds(5)).await;
    app.reply(SVEN, "Sven Svensson").await;
    let (seen, hidden) = (open.latest("answer.recorded"), closed.latest("answer.recorded"));
    assert_eq!(seen["data"]["value"], json!("Sven Svensson"));
    assert_eq!(hidden["data"]["value"], json!(null));
    assert_eq!(seen["data"]["identifier"], json!(SVEN));
    assert_eq!(hidden["data"]["identifier"], json!("+46*****567"));
    app.advance(TimeDelta::seconds(5)).await;
    app.reply(SVEN, "2").await;
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(closed.latest("answer.recorded")["data"]["tags"], json!(["low_score"]));
    assert_eq!(closed.latest("answer.flagged")["data"]["tag"], json!("low_score"));
    let named = |told: Json| -> Vec<Json> {
        told["data"]["answers"].as_array().unwrap().iter().map(|answer| answer["elementId"].clone()).collect()
    };
    assert_eq!(named(open.latest("session.completed")), ["name", "score"]);
    assert_eq!(named(closed.latest("session.completed")), ["score"]);
    assert!(closed.told().iter().all(|told| !told.body.contains(SVEN) && !told.body.contains("Svensson")));
}

#[tokio::test]
async fn consent_and_gateway_events_are_told_with_what_they_are_about() {
    let app = setup().start().await;
    let crm = receiver(&app).await;
    hook(&app, &crm, json!({})).await;
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(5)).await;
    let first = app.gateway.ledger()[0].message_id.clone();
    app.report(&first, "delivered").await;
    let delivered = crm.latest("message.delivered");
    assert!(delivered["data"]["messageId"].is_string() && delivered["data"]["sessionId"].is_string());
    app.reply(SVEN, "STOP").await;
    let consent = crm.latest("consent.updated");
    assert_eq!(consent["data"]["consentType"], json!("stop"));
    assert_eq!(consent["data"]["identifier"], json!("+46*****567"));
    assert_eq!(consent["data"]["sequence"], json!(null));
    let closed = crm.latest("session.closed");
    assert_eq!(closed["data"]["status"], json!("opted_out"));
    app.advance(TimeDelta::seconds(5)).await;
}

#[tokio::test]
async fn v6_a_body_stays_below_20_kb_and_says_that_it_was_cut() {
    let survey = "format: antiphon/1\nid: long\ntitle: Long\nlanguages: [en]\ndefault_language: en\n\
        settings: {expiry: 24h}\nelements:\n  - {id: a, type: free_text, max_length: 10000, text: {en: A? Reply \
        STOP to opt out.}}\n  - {id: b, type: free_text, max_length: 10000, text: {en: B?}}\n  - {id: c, type: \
        free_text, max_length: 10000, text: {en: C?}}\ncompletion: {text: {en: Thank you!}}\n";
    let app = Setup::with(&[survey]).set("webhooks.allow_private", "true").start().await;
    let crm = receiver(&app).await;
    hook(&app, &crm, json!({})).await;
    app.send("long", SVEN).await;
    for letter in ["æ", "b", "c"] {
        app.advance(TimeDelta::seconds(5)).await;
        app.reply(SVEN, &letter.repeat(9_000)).await;
    }
    app.advance(TimeDelta::seconds(5)).await;
    let done = crm.latest("session.completed");
    assert_eq!(done["data"]["truncated"], json!(true));
    assert_eq!(done["data"]["answers"].as_array().unwrap().len(), 3);
    assert!(crm.told().iter().all(|told| told.body.len() < 20_000));
    let whole = crm.taken().into_iter().any(|told| told.body.contains(&"b".repeat(9_000)));
    assert!(whole, "one answer alone is not cut");
}

#[tokio::test]
async fn a_webhook_is_told_what_its_filter_lets_through_and_nothing_else() {
    let other = crate::support::surveys::SHOP.replace("id: shop", "id: visit").replace("a001", "a002");
    let app = Setup::with(&[crate::support::surveys::SHOP, &other])
        .set("webhooks.allow_private", "true")
        .start()
        .await;
    let (kinds, surveys) = (receiver(&app).await, receiver(&app).await);
    hook(&app, &kinds, json!({"events": ["session.created"]})).await;
    let by_uuid = "7b0f9d55-4b0c-4f5d-9a63-2f0d5ff0a002";
    let made = hook(&app, &surveys, json!({"surveyIds": [by_uuid]})).await;
    assert_eq!(made["surveyIds"], json!(["visit"]), "surveys are named by their slugs");
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(5)).await;
    app.reply(SVEN, "STOP").await;
    app.send("visit", KARI).await;
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(kinds.kinds(), ["session.created", "session.created"]);
    let told: Vec<Json> =
        surveys.taken().iter().map(|told| told.json()["data"]["surveyId"].clone()).collect();
    assert!(!told.is_empty() && told.iter().all(|survey| *survey == json!("visit")), "{told:?}");
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn v3_nothing_is_stored_for_nobody() {
    use antiphon::store::schema::webhook_deliveries;
    use diesel::prelude::*;
    let app = setup().start().await;
    let crm = receiver(&app).await;
    let made = hook(&app, &crm, json!({"enabled": false})).await;
    assert_eq!((&made["enabled"], &made["disabledReason"]), (&json!(false), &json!("operator")));
    converse(&app, SVEN).await;
    let count: i64 = webhook_deliveries::table.count().get_result(&mut app.database.connect()).unwrap();
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_webhook_that_is_slow_holds_up_no_other_and_no_turn() {
    let app = Setup::with(&[crate::support::surveys::SHOP])
        .set("webhooks.allow_private", "true")
        .set("webhooks.timeout", "60s")
        .start()
        .await;
    let (slow, quick) = (receiver(&app).await, receiver(&app).await);
    let late = hook(&app, &slow, json!({})).await;
    hook(&app, &quick, json!({})).await;
    slow.otherwise(HOLD);
    app.calls_held.store(16, std::sync::atomic::Ordering::Relaxed);
    let session_id = app.send("shop", SVEN).await;
    app.until("the quick one is told", async || quick.kinds().contains(&"session.created".to_owned())).await;
    app.until("the slow one is called", async || slow.holding() > 0).await;
    assert_eq!(app.status(&session_id).await, "active");
    assert!(attempts(&app, &late).await.is_empty());
    slow.otherwise(204);
    slow.release();
    app.calls_held.store(0, std::sync::atomic::Ordering::Relaxed);
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(slow.taken().len(), quick.taken().len());
    assert!(!id(&late).is_empty());
    app.reply(SVEN, "STOP").await;
    app.advance(TimeDelta::seconds(5)).await;
}
