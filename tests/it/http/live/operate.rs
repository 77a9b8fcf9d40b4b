//! Dead letters and health.

use antiphon::app::api_key::Scope;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use super::{KARI, Live};

#[actix_web::test]
async fn a_dead_letter_is_replayed_at_its_own_place() {
    let live = Live::start().await;
    let id = live.start_session(KARI).await;
    live.hand_over(KARI).await;
    halt(&live, true);
    live.callback(&json!({"messageId": "m1", "from": KARI, "to": "2012", "text": "5"})).await;
    let dead = live.get("/v1/inbound?outcome=dead").await.json()["data"][0].clone();
    assert_eq!((&dead["outcomeReason"], &dead["sessionId"]), (&json!("halted"), &json!(id)));
    halt(&live, false);
    let path = format!("/v1/inbound/{}", dead["id"].as_str().unwrap());
    let replayed = live.post(&format!("{path}/replay"), &json!({})).await;
    assert_eq!((replayed.status, &replayed.json()["outcome"]), (202, &json!("applied")), "{}", replayed.text);
    let kept = live.get(&path).await.json();
    assert_eq!((&kept["resolution"], &kept["text"]), (&json!("replayed"), &json!("5")));
    let session = live.get(&format!("/v1/sessions/{id}")).await.json();
    assert_eq!(session["currentElementId"], "reason");
    for action in ["replay", "discard"] {
        let again = live.post(&format!("{path}/{action}"), &json!({})).await;
        assert_eq!((again.status, again.code()), (409, "invalid_state_transition".to_owned()));
    }
    assert_eq!(live.post("/v1/inbound/nothing/replay", &json!({})).await.code(), "inbound_not_found");
}

fn halt(live: &Live, is_halted: bool) {
    use antiphon::store::schema::sessions::dsl;
    use diesel::prelude::*;
    let at = is_halted.then(|| live.server.engine.clock.now().naive_utc());
    let write = |connection: &mut antiphon::store::AnyConnection| {
        Ok(diesel::update(dsl::sessions).set(dsl::halted_at.eq(at)).execute(connection)?)
    };
    live.connection().write(write).unwrap();
}

#[actix_web::test]
async fn an_unreadable_dead_letter_is_discarded_once() {
    let live = Live::start().await;
    live.callback(&json!("nonsense")).await;
    let dead = live.get("/v1/inbound?resolved=false").await.json()["data"][0].clone();
    let path = format!("/v1/inbound/{}", dead["id"].as_str().unwrap());
    let replay = live.post(&format!("{path}/replay"), &json!({})).await;
    assert_eq!((replay.status, &replay.json()["currentState"]), (409, &json!("unreadable")));
    let discarded = live.post(&format!("{path}/discard"), &json!({})).await;
    assert_eq!((discarded.status, &discarded.json()["resolution"]), (200, &json!("discarded")));
    assert_eq!(live.post(&format!("{path}/discard"), &json!({})).await.json()["currentState"], "discarded");
    assert_eq!(live.get("/v1/inbound?resolved=false").await.json()["data"], json!([]));
    let actions: Vec<String> = {
        use antiphon::store::schema::audit::dsl;
        use diesel::prelude::*;
        dsl::audit.select(dsl::action).load(&mut live.connection()).unwrap()
    };
    assert!(actions.contains(&"dead_letter.discarded".to_owned()), "{actions:?}");
}

#[actix_web::test]
async fn health_needs_no_key_and_tells_what_is_wrong() {
    let live = Live::start().await;
    for (path, status) in [("/livez", "ok"), ("/readyz", "ok"), ("/healthz", "ok")] {
        let answer = live.run(live.request(Method::GET, path)).await;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!(status)), "{path}");
    }
    let version = live.run(live.request(Method::GET, "/version")).await.json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    live.callback(&json!("nonsense")).await;
    live.clock.advance(TimeDelta::minutes(11));
    let degraded = live.run(live.request(Method::GET, "/readyz")).await;
    assert_eq!((degraded.status, &degraded.json()["degraded"]), (200, &json!(["dead_letters"])));
    live.server.engine.heartbeat.beat(live.server.engine.clock.now());
    assert_eq!(live.run(live.request(Method::GET, "/readyz")).await.status, 200);
    live.clock.advance(TimeDelta::seconds(31));
    let failing = live.run(live.request(Method::GET, "/readyz")).await;
    assert_eq!(
        (failing.status, &failing.json()["checks"][2]["status"]),
        (503, &json!("failing")),
        "{}",
        failing.text
    );
}

#[actix_web::test]
async fn metrics_are_sampled_and_may_ask_for_a_token() {
    let live = Live::start_with(&[("server.metrics_key", "a-secret-for-the-metrics")]).await;
    live.start_session(KARI).await;
    live.callback(&json!("nonsense")).await;
    live.clock.advance(TimeDelta::seconds(7));
    assert_eq!(live.run(live.request(Method::GET, "/metrics")).await.status, 401);
    let page = live.get_as("a-secret-for-the-metrics", "/metrics").await;
    for line in [
        r#"antiphon_outbox_depth{state="due"} 1"#,
        r#"antiphon_outbox_depth{state="held"} 0"#,
        r#"antiphon_outbox_oldest_seconds{state="due"} 7.0"#,
        r#"antiphon_unknown_sends{gateway="fake"} 0"#,
        r#"antiphon_dead_letters{kind="inbound"} 1"#,
        r#"antiphon_send_survey_total{outcome="created"} 1"#,
    ] {
        assert!(page.text.lines().any(|given| given == line), "{line}\n{}", page.text);
    }
    assert!(!page.text.contains(KARI));
}

#[actix_web::test]
async fn a_revoked_key_stops_within_a_second() {
    let live = Live::start().await;
    let key = live.key(&[Scope::SessionsRead], &[]);
    assert_eq!(live.get_as(&key, "/v1/sessions").await.status, 200);
    {
        use antiphon::store::schema::api_keys::dsl;
        use diesel::prelude::*;
        let at = live.server.engine.clock.now().naive_utc();
        let revoke = |connection: &mut antiphon::store::AnyConnection| {
            Ok(diesel::update(dsl::api_keys).set(dsl::revoked_at.eq(at)).execute(connection)?)
        };
        live.connection().write(revoke).unwrap();
    }
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(live.get_as(&key, "/v1/sessions").await.status, 401);
}

#[actix_web::test]
async fn rf4_a_disk_low_on_room_is_degraded() {
    let live = Live::start_with(&[("limits.disk_low_mb", "1000000000")]).await;
    let low = live.run(live.request(Method::GET, "/readyz")).await;
    let body = low.json();
    let disk = body["checks"].as_array().unwrap().iter().find(|check| check["name"] == "disk").unwrap();
    assert_eq!(
        (low.status, &body["degraded"], &disk["detail"]),
        (200, &json!(["disk"]), &json!("low on room"))
    );
    let live = Live::start_with(&[("limits.disk_low_percent", "100")]).await;
    let low = live.run(live.request(Method::GET, "/readyz")).await.json();
    assert_eq!((&low["status"], &low["degraded"]), (&json!("degraded"), &json!(["disk"])));
}
