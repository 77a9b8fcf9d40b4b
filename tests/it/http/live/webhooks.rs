//! Gateway webhooks (GW1 to GW3, RE8 to RE10).

use reqwest::Method;
use serde_json::json;

use super::{KARI, Live, OLA, SECRET};

const PATH: &str = "/v1/gateways/fake/inbound";

#[actix_web::test]
async fn a_forged_callback_is_401_with_an_empty_body_and_stores_nothing() {
    let live = Live::start().await;
    let before = live.rows();
    let sms = json!({"messageId": "m1", "from": KARI, "to": "2012", "text": "5"}).to_string();
    for secret in ["", "another-secret-of-the-gateway"] {
        for (method, path) in
            [(Method::POST, PATH), (Method::GET, PATH), (Method::POST, "/v1/gateways/fake/status")]
        {
            let request = live.request(method, path).header("X-API-Key", secret).body(sms.clone());
            let answer = live.run(request).await;
            assert_eq!(
                (answer.status, answer.text.as_str(), answer.header("content-length")),
                (401, "", Some("0"))
            );
        }
    }
    assert_eq!(live.rows(), before);
    let metrics = live.run(live.request(Method::GET, "/metrics")).await.text;
    assert!(metrics.contains(r#"antiphon_inbound_total{gateway="fake",outcome="forged"} 6"#), "{metrics}");
}

#[actix_web::test]
async fn an_authentic_callback_is_200_with_an_empty_body() {
    let live = Live::start().await;
    let session = live.start_session(KARI).await;
    live.hand_over(KARI).await;
    let sms = json!({"messageId": "m1", "from": KARI, "to": "2012", "text": "5"});
    let answer = live.callback(&sms).await;
    assert_eq!((answer.status, answer.text.as_str(), answer.header("content-length")), (200, "", Some("0")));
    assert_eq!(answer.header("content-type"), None);
    let rows = live.rows();
    let again = live.callback(&sms).await;
    assert_eq!((again.status, again.text.as_str()), (200, ""));
    assert_eq!(live.rows(), rows, "a repeated id has no second effect");
    let session = live.get(&format!("/v1/sessions/{session}")).await.json();
    assert_eq!(session["currentElementId"], "reason");
    let metrics = live.run(live.request(Method::GET, "/metrics")).await.text;
    assert!(metrics.contains(r#"antiphon_inbound_total{gateway="fake",outcome="duplicate"} 1"#), "{metrics}");
    assert!(metrics.contains(r#"antiphon_turn_seconds_count{kind="reply"} 2"#), "{metrics}");
}

#[actix_web::test]
async fn a_bad_item_does_not_spoil_the_others() {
    let live = Live::start().await;
    let (kari, ola) = (live.start_session(KARI).await, live.start_session(OLA).await);
    live.hand_over(KARI).await;
    live.hand_over(OLA).await;
    let batch = json!([
        {"messageId": "m1", "from": KARI, "to": "2012", "text": "5"},
        {"messageId": "m2", "from": KARI, "text": "no number"},
        "no object",
        {"messageId": "m3", "from": OLA, "to": "2012", "text": "4"},
        {"messageId": "m4", "from": OLA, "to": "9999", "text": "nobody has this number"},
    ]);
    let answer = live.callback(&batch).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    for id in [kari, ola] {
        let session = live.get(&format!("/v1/sessions/{id}")).await.json();
        assert_eq!(session["currentElementId"], "reason");
    }
    let log = live.get("/v1/inbound").await.json();
    let outcomes: Vec<String> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|inbound| format!("{} {}", inbound["outcome"].as_str().unwrap(), inbound["outcomeReason"]))
        .collect();
    assert_eq!(
        outcomes,
        [
            "applied null",
            r#"dead "unreadable""#,
            r#"dead "unreadable""#,
            "applied null",
            r#"dead "unknown_destination""#
        ]
    );
    let dead = live.get("/v1/inbound?outcome=dead&gateway=fake&limit=1").await.json();
    assert_eq!((dead["data"].as_array().unwrap().len(), &dead["hasMore"]), (1, &json!(true)));
    assert!(dead["data"][0]["raw"].as_str().unwrap().contains("no number"));
}

#[actix_web::test]
async fn what_cannot_be_parsed_is_a_dead_letter() {
    let live = Live::start().await;
    let request = live.request(Method::POST, PATH).header("X-API-Key", SECRET);
    let answer = live.run(request.header("Content-Type", "application/json").body("{\"from\": \u{0}")).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    let log = live.get("/v1/inbound").await.json();
    assert_eq!(log["data"][0]["outcome"], "dead");
    assert_eq!(log["data"][0]["text"], json!(null));
}

#[actix_web::test]
async fn only_size_type_and_name_are_refused_otherwise() {
    let live = Live::start().await;
    let before = live.rows();
    let unknown = live.run(live.request(Method::POST, "/v1/gateways/nobody/inbound").body("{}")).await;
    assert_eq!((unknown.status, unknown.code()), (404, "gateway_not_found".to_owned()));
    let request = || live.request(Method::POST, PATH).header("X-API-Key", SECRET);
    let large = live.run(request().body("x".repeat(64 * 1024 + 1))).await;
    assert_eq!((large.status, large.code()), (413, "payload_too_large".to_owned()));
    let typed = live.run(request().header("Content-Type", "text/html").body("{}")).await;
    assert_eq!((typed.status, typed.code()), (415, "unsupported_media_type".to_owned()));
    let packed = live.run(request().header("Content-Encoding", "gzip").body("{}")).await;
    assert_eq!(packed.status, 415);
    let method = live.run(live.request(Method::PUT, PATH)).await;
    assert_eq!((method.status, method.header("allow")), (405, Some("POST, GET")));
    assert_eq!(live.rows(), before);
}

#[actix_web::test]
async fn a_report_changes_its_message_and_reaches_no_session() {
    let live = Live::start().await;
    let session = live.start_session(KARI).await;
    live.hand_over(KARI).await;
    let messages = live.get(&format!("/v1/messages?sessionId={session}")).await.json();
    let id = messages["data"][0]["id"].as_str().unwrap();
    let client_ref: String = {
        use antiphon::store::schema::messages::dsl;
        use diesel::prelude::*;
        dsl::messages.find(id).select(dsl::client_ref).first(&mut live.connection()).unwrap()
    };
    let request = live.request(Method::POST, "/v1/gateways/fake/status").header("X-API-Key", SECRET);
    let report = json!({"ref": client_ref, "messageId": "f83ab1", "state": "delivered"}).to_string();
    let answer = live.run(request.header("Content-Type", "application/json").body(report)).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    let message = live.get(&format!("/v1/messages/{id}")).await.json();
    assert_eq!((&message["state"], &message["receipt"]), (&json!("delivered"), &json!("delivered")));
    assert_eq!(message["gatewayMessageId"], "f83ab1");
}

#[actix_web::test]
async fn a_secret_may_stand_in_the_path() {
    let live = Live::start_with(&[("gateways.fake.params.proof", "path")]).await;
    let sms = json!({"messageId": "m1", "from": KARI, "to": "2012", "text": "hi"}).to_string();
    let wrong = live.run(live.request(Method::POST, PATH).body(sms.clone())).await;
    assert_eq!((wrong.status, wrong.text.as_str()), (401, ""));
    let right = live.run(live.request(Method::POST, &format!("{PATH}/{SECRET}")).body(sms)).await;
    assert_eq!(right.status, 200);
}

#[actix_web::test]
async fn gw27_a_call_from_outside_the_gateways_networks_is_401_with_an_empty_body() {
    let allowed = ("gateways.fake.params.cidrs", "192.0.2.0/24,2001:db8::/32");
    let sms = json!({"messageId": "m1", "from": KARI, "to": "2012", "text": "5"}).to_string();
    let call = async |live: &Live, forwarded: Option<&str>| {
        let mut request = live.request(Method::POST, PATH).header("X-API-Key", SECRET).body(sms.clone());
        request = request.header("Content-Type", "application/json");
        if let Some(address) = forwarded {
            request = request.header("X-Forwarded-For", address);
        }
        let answer = live.run(request).await;
        assert_eq!(answer.text, "");
        answer.status
    };
    let alone = Live::start_with(&[allowed]).await;
    let before = alone.rows();
    assert_eq!(call(&alone, None).await, 401);
    assert_eq!(call(&alone, Some("192.0.2.7")).await, 401, "no proxy is trusted");
    assert_eq!(alone.rows(), before);
    let behind = Live::start_with(&[allowed, ("server.trusted_proxies", "127.0.0.1")]).await;
    assert_eq!(call(&behind, None).await, 401);
    assert_eq!(call(&behind, Some("198.51.100.7")).await, 401);
    assert_eq!(call(&behind, Some("192.0.2.7, 198.51.100.7")).await, 401, "what stands before it is hearsay");
    assert_eq!(call(&behind, Some("192.0.2.7")).await, 200);
    assert_eq!(call(&behind, Some("2001:db8::9")).await, 200);
    let metrics = behind.run(behind.request(Method::GET, "/metrics")).await.text;
    assert!(metrics.contains(r#"antiphon_inbound_total{gateway="fake",outcome="forged"} 3"#), "{metrics}");
}
