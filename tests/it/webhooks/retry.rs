//! What happens when receivers, or we, are away (V2, V3, RE35).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use antiphon::app::audit::{self};
use antiphon::app::claim_deliveries::ClaimDeliveries;
use antiphon::server::Role;
use antiphon::store::AnyConnection;
use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use super::{attempts, converse, events, hook, id, read, receiver, setup};
use crate::support::{Backend, HOLD, SVEN, TestApp};

fn told_ids(receiver: &crate::support::Receiver) -> Vec<String> {
    let mut ids: Vec<String> =
        receiver.taken().iter().map(|told| told.header("webhook-id").to_owned()).collect();
    ids.sort();
    ids
}

async fn audited(app: &TestApp) -> Vec<String> {
    let read = |connection: &mut AnyConnection| {
        assert!(audit::verify(connection)?.is_ok());
        let rows = antiphon::store::audit::after(connection, 0, 1_000)?;
        Ok(rows.into_iter().map(|row| row.action).filter(|action| action != "key.created").collect())
    };
    app.engine().store.read(read).await.unwrap()
}

#[tokio::test]
async fn acceptance_6_a_receiver_that_is_down_for_a_day_misses_nothing() {
    let app = setup().start().await;
    let crm = receiver(&app).await;
    let webhook = hook(&app, &crm, json!({})).await;
    crm.go_down().await;
    converse(&app, SVEN).await;
    app.advance(TimeDelta::days(1)).await;
    assert!(crm.taken().is_empty());
    assert_eq!(read(&app, &webhook).await["failingSince"], json!("2026-11-21T08:00:00Z"));
    crm.come_back().await;
    app.advance(TimeDelta::days(1)).await;
    assert_eq!(told_ids(&crm), events(&app), "each event once");
    assert_eq!(read(&app, &webhook).await["failingSince"], json!(null));
    let made = attempts(&app, &webhook).await;
    let first = made[0]["eventId"].clone();
    let results: Vec<&str> = made
        .iter()
        .filter(|attempt| attempt["eventId"] == first)
        .map(|attempt| attempt["result"].as_str().unwrap())
        .collect();
    assert!((6..=9).contains(&results.len()), "{results:?}");
    assert!(results.iter().rev().skip(1).all(|result| *result == "unreachable"), "{results:?}");
    assert_eq!(results.last(), Some(&"delivered"));
}

#[tokio::test]
async fn v2_the_tries_follow_the_schedule_and_end_after_three_days() {
    let app = setup().start().await;
    let crm = receiver(&app).await;
    let webhook = hook(&app, &crm, json!({"events": ["session.created"]})).await;
    crm.otherwise(500);
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::days(5)).await;
    let at: Vec<_> = crm.told().iter().map(|told| told.at).collect();
    let waits: Vec<i64> = at.windows(2).map(|pair| (pair[1] - pair[0]).num_seconds()).collect();
    let planned = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    assert_eq!(waits.len(), planned.len(), "{waits:?}");
    for (wait, planned) in waits.iter().zip(planned) {
        assert!((planned * 8 / 10 - 1..=planned * 12 / 10 + 1).contains(wait), "{wait} of {planned}");
    }
    let attempt = attempts(&app, &webhook).await.remove(0);
    assert_eq!((&attempt["status"], &attempt["result"]), (&json!(500), &json!("refused")));
    assert_eq!(attempt["response"], json!("what the receiver said"), "V7");
    assert!(attempt["durationMs"].is_number());
    let metrics = app.engine().metrics.encode();
    assert!(metrics.contains("antiphon_webhook_attempts_total{result=\"refused\"} 10"), "{metrics}");
}

#[tokio::test]
async fn v2_retry_after_is_honoured_and_redirects_are_not_followed() {
    let app = setup().start().await;
    let (crm, elsewhere) = (receiver(&app).await, receiver(&app).await);
    let webhook = hook(&app, &crm, json!({"events": ["session.created"]})).await;
    crm.next(503, "Retry-After: 3600");
    crm.next(302, &format!("Location: {}", elsewhere.url()));
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::minutes(59)).await;
    assert_eq!(crm.told().len(), 1, "not before the hour that it asked for");
    app.advance(TimeDelta::minutes(2)).await;
    assert_eq!(crm.told().len(), 2);
    app.advance(TimeDelta::hours(1)).await;
    assert_eq!(crm.taken().len(), 1);
    assert!(elsewhere.told().is_empty());
    let statuses: Vec<Json> =
        attempts(&app, &webhook).await.iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, [503, 302, 204]);
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn v3_what_was_claimed_by_a_process_that_died_is_told_again() {
    let mut app = setup().without_worker().start().await;
    app.may_leave_unsettled();
    let crm = receiver(&app).await;
    let webhook = hook(&app, &crm, json!({})).await;
    let body = json!({"identifier": SVEN, "language": "en"});
    assert_eq!(app.door().post("/v1/surveys/shop/send", &body).await.status, 201);
    let room = BTreeMap::from([(id(&webhook).to_owned(), 16)]);
    let claim = ClaimDeliveries { room, lease: TimeDelta::seconds(33) };
    let claimed = app.engine().store.write(claim.clone()).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert!(app.engine().store.write(claim).await.unwrap().is_empty(), "nobody claims it twice");
    app.stop().await;
    app.works_itself();
    app.open().await;
    app.calls_held.store(1, Ordering::Relaxed);
    app.advance(TimeDelta::seconds(30)).await;
    assert!(!told_ids(&crm).contains(&claimed[0].event_id), "the lease holds");
    app.clock.set(app.now() + TimeDelta::seconds(10));
    app.calls_held.store(0, Ordering::Relaxed);
    app.settle().await;
    assert!(told_ids(&crm).contains(&claimed[0].event_id));
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn a_call_that_outlives_its_lease_settles_nothing_but_its_own_attempt() {
    let app = setup().set("webhooks.timeout", "60s").start().await;
    let crm = receiver(&app).await;
    let webhook = hook(&app, &crm, json!({"events": ["session.created"]})).await;
    crm.next(HOLD, "");
    app.calls_held.store(1, Ordering::Relaxed);
    app.send("shop", SVEN).await;
    app.until("the call is under way", async || crm.holding() == 1).await;
    app.clock.set(app.now() + TimeDelta::seconds(91));
    app.until("it is made again", async || crm.taken().len() == 1).await;
    crm.release();
    app.calls_held.store(0, Ordering::Relaxed);
    app.until("both are kept", async || attempts(&app, &webhook).await.len() == 2).await;
    app.settle().await;
    assert_eq!(
        told_ids(&crm).iter().collect::<BTreeSet<_>>().len(),
        1,
        "one webhook-id: receivers dedupe on it"
    );
    app.advance(TimeDelta::days(2)).await;
    assert_eq!(crm.told().len(), 2);
}

#[tokio::test]
async fn two_nodes_tell_each_event_once() {
    let app = setup().on(Backend::Postgres).start().await;
    let (second, door) = app.another(Role::Whole).await;
    let crm = receiver(&app).await;
    hook(&app, &crm, json!({})).await;
    app.until("the other node knows it", async || second.engine.webhooks.enabled().len() == 1).await;
    for number in 0..20 {
        let body = json!({"identifier": format!("+4670123450{number:01}"), "language": "en"});
        let door = if number % 2 == 0 { app.door() } else { &door };
        door.post("/v1/surveys/shop/send", &body).await;
    }
    app.advance(TimeDelta::seconds(10)).await;
    app.until("all are told", async || told_ids(&crm).len() >= events(&app).len()).await;
    assert_eq!(told_ids(&crm), events(&app));
    app.advance(TimeDelta::days(2)).await;
    app.until("all are told", async || told_ids(&crm).len() >= events(&app).len()).await;
    assert_eq!(told_ids(&crm), events(&app));
    second.stop().await;
}

#[tokio::test]
async fn v2_410_disables_and_the_others_are_told_so() {
    let app = setup().start().await;
    let (gone, ops) = (receiver(&app).await, receiver(&app).await);
    let webhook = hook(&app, &gone, json!({"events": ["session.created"]})).await;
    hook(&app, &ops, json!({"events": ["webhook.disabled"]})).await;
    let is_degraded =
        async || app.door().get("/readyz").await.body["degraded"].to_string().contains("webhooks");
    assert!(!is_degraded().await);
    gone.next(410, "");
    app.send("shop", SVEN).await;
    app.until("it is disabled", async || read(&app, &webhook).await["enabled"] == json!(false)).await;
    assert_eq!(read(&app, &webhook).await["disabledReason"], json!("gone"));
    app.settle().await;
    let alert = ops.latest("webhook.disabled");
    assert_eq!((&alert["data"]["webhookId"], &alert["data"]["reason"]), (&webhook["id"], &json!("gone")));
    assert!(is_degraded().await);
    assert_eq!(audited(&app).await, ["webhook.created", "webhook.created", "webhook.disabled"]);
    // Enabled again, it gets what waited.
    let path = format!("/v1/webhooks/{}", id(&webhook));
    assert_eq!(app.door().patch(&path, &json!({"enabled": true})).await.body["disabledReason"], json!(null));
    app.settle().await;
    assert_eq!(gone.kinds(), ["session.created"]);
    assert!(!is_degraded().await);
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn re35_a_webhook_that_fails_for_120_hours_is_disabled() {
    let app = setup().start().await;
    let crm = receiver(&app).await;
    let webhook = hook(&app, &crm, json!({"events": ["session.created"]})).await;
    crm.otherwise(500);
    for _ in 0..5 {
        app.send("shop", SVEN).await;
        app.advance(TimeDelta::days(1)).await;
        assert_eq!(read(&app, &webhook).await["enabled"], json!(true));
    }
    app.send("shop", SVEN).await;
    app.until("it is disabled", async || read(&app, &webhook).await["disabledReason"] == json!("failing"))
        .await;
    crm.otherwise(204);
    let from = json!({"from": "2026-11-21T00:00:00Z"});
    let path = format!("/v1/webhooks/{}", id(&webhook));
    let refused = app.door().post(&format!("{path}/replay"), &from).await;
    assert_eq!(
        (refused.code(), &refused.body["currentState"]),
        ("invalid_state_transition", &json!("disabled"))
    );
    assert_eq!(app.door().patch(&path, &json!({"enabled": true})).await.status, 200);
    assert_eq!(app.door().post(&format!("{path}/replay"), &from).await.status, 202);
    app.settle().await;
    let told: BTreeSet<String> = told_ids(&crm).into_iter().collect();
    assert_eq!(told.len(), 6, "even those whose tries were used up");
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn v7_a_replay_tells_again_what_happened_since_then() {
    let app = setup().start().await;
    let crm = receiver(&app).await;
    converse(&app, SVEN).await;
    let before = events(&app);
    app.advance(TimeDelta::hours(1)).await;
    let from = app.now();
    let webhook = hook(&app, &crm, json!({})).await;
    app.send("shop", "+46701234568").await;
    app.advance(TimeDelta::seconds(5)).await;
    let since: Vec<String> = events(&app).into_iter().filter(|event| !before.contains(event)).collect();
    assert_eq!(told_ids(&crm), since);
    let path = format!("/v1/webhooks/{}/replay", id(&webhook));
    let answer = app.door().post(&path, &json!({"from": from.to_rfc3339()})).await;
    assert_eq!((answer.status, &answer.body["replaying"]), (202, &json!(true)));
    app.settle().await;
    let twice: Vec<String> = since.iter().flat_map(|event| [event.clone(), event.clone()]).collect();
    assert_eq!(told_ids(&crm), twice, "with the same webhook-id");
    assert_eq!(app.door().post(&path, &json!({"from": "2026-11-21T00:00:00Z"})).await.status, 202);
    app.settle().await;
    let told: BTreeSet<String> = told_ids(&crm).into_iter().collect();
    assert_eq!(told.into_iter().collect::<Vec<_>>(), events(&app), "also what was before it was made");
    assert_eq!(read(&app, &webhook).await["replaying"], json!(false));
    app.advance(TimeDelta::days(2)).await;
}
