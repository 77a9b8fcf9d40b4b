//! Messages: the list, and what operators decide.

use antiphon::store::schema::messages::dsl;
use diesel::prelude::*;
use serde_json::json;

use super::{KARI, Live};

fn force(live: &Live, state: &str) {
    live.connection()
        .write(|connection| {
            Ok(diesel::update(dsl::messages).set(dsl::state.eq(state)).execute(connection)?)
        })
        .unwrap();
}

async fn only_message(live: &Live) -> String {
    let page = live.get("/v1/messages").await.json();
    page["data"][0]["id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_message_has_all_its_properties() {
    let live = Live::start().await;
    live.start_session(KARI).await;
    let id = only_message(&live).await;
    let message = live.get(&format!("/v1/messages/{id}")).await.json();
    let names: Vec<&String> = message.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "id",
            "sessionId",
            "campaignId",
            "channelId",
            "to",
            "sequence",
            "class",
            "elementId",
            "visit",
            "text",
            "encoding",
            "segments",
            "state",
            "stateReason",
            "attempts",
            "possibleDuplicate",
            "dueAt",
            "timeToLiveEnd",
            "acceptedAt",
            "settledAt",
            "receipt",
            "gatewayMessageId",
            "gatewayCode"
        ]
    );
    assert_eq!(message["timeToLiveEnd"], "2026-11-22T06:00:00Z");
    for (query, found) in [
        ("state=due&class=question", 1),
        ("state=held", 0),
        ("class=notice", 0),
        ("phone=%2B4799999999", 1),
        ("campaignId=01a1fcb0-af04-71e8-9818-f8c99d5d3195", 0),
    ] {
        let page = live.get(&format!("/v1/messages?{query}")).await.json();
        assert_eq!(page["data"].as_array().unwrap().len(), found, "{query}");
    }
    assert_eq!(live.get("/v1/messages/nothing").await.code(), "message_not_found");
    assert_eq!(live.get("/v1/messages?state=lost").await.status, 422);
}

#[actix_web::test]
async fn a_waiting_message_is_cancelled_and_a_held_one_released() {
    let live = Live::start().await;
    live.start_session(KARI).await;
    let id = only_message(&live).await;
    let act = |action: &str| format!("/v1/messages/{id}/{action}");
    let early = live.post(&act("release"), &json!({})).await;
    assert_eq!((early.status, &early.json()["currentState"]), (409, &json!("due")));
    force(&live, "held");
    assert_eq!(live.post(&act("release"), &json!({})).await.json()["state"], "due");
    let cancelled = live.post(&act("cancel"), &json!({})).await.json();
    assert_eq!((&cancelled["state"], &cancelled["stateReason"]), (&json!("cancelled"), &json!("operator")));
    let again = live.post(&act("cancel"), &json!({})).await;
    assert_eq!((again.status, again.code()), (409, "invalid_state_transition".to_owned()));
    assert_eq!(live.post("/v1/messages/nothing/cancel", &json!({})).await.code(), "message_not_found");
}

#[actix_web::test]
async fn an_unknown_fate_is_settled_by_a_person() {
    for (word, state, session) in [("accepted", "accepted", "active"), ("failed", "failed", "failed")] {
        let live = Live::start().await;
        let session_id = live.start_session(KARI).await;
        let id = only_message(&live).await;
        let path = format!("/v1/messages/{id}/settle");
        let early = live.post(&path, &json!({"state": word})).await;
        assert_eq!((early.status, &early.json()["currentState"]), (409, &json!("due")));
        force(&live, "unknown");
        let wrong = live.post(&path, &json!({"state": "delivered"})).await;
        assert_eq!(wrong.faults(), [("/state".to_owned(), "invalid_param".to_owned())]);
        assert_eq!(live.post(&path, &json!({})).await.faults()[0].1, "missing_param");
        let settled = live.post(&path, &json!({"state": word})).await;
        assert_eq!((settled.status, &settled.json()["state"]), (200, &json!(state)), "{}", settled.text);
        let found = live.get(&format!("/v1/sessions/{session_id}")).await.json();
        assert_eq!(found["status"], session);
    }
}
