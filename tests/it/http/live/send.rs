//! SendSurvey: the example of http-api.md 2.5, and every refusal of P27 to P37.

use antiphon::app::api_key::Scope;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::{KARI, Live, OLA, without_ids};

#[actix_web::test]
async fn the_seeds_own_payload_is_answered_as_documented() {
    let live = Live::start().await;
    let payload = include_str!("../../cases/seed-payload-expanded.json");
    let path = "/v1/SendSurvey?surveyId=2b156ca0-7562-4f2e-b851-e51f0bc27647";
    let answer = live.post_text(path, payload).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let body = answer.json();
    assert_eq!(
        answer.header("location"),
        Some(format!("/v1/sessions/{}", body["id"].as_str().unwrap()).as_str())
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("ratelimit-remaining"), Some("49"));
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "id",
            "surveyId",
            "surveyUuid",
            "revision",
            "status",
            "statusReason",
            "origin",
            "identifier",
            "identifierType",
            "channel",
            "channelId",
            "language",
            "clientReference",
            "userSessionVariables",
            "currentElementId",
            "smsSession",
            "isTest",
            "haltedAt",
            "createdAt",
            "startedAt",
            "expiryTime",
            "closedAt",
            "updatedAt",
            "duplicate",
            "supersededSessionIds",
            "messages",
            "warnings"
        ]
    );
    insta::assert_json_snapshot!(without_ids(&body));
    let again = live.post_text("/v1/sendsurvey?surveyID=csat-after-call", payload).await;
    assert_eq!((again.status, again.json()["duplicate"].clone()), (200, json!(true)));
    assert_eq!(again.json()["id"], body["id"]);
    assert_eq!(again.json()["messages"], body["messages"]);
    let differs = live.post_text(path, &payload.replace("agent-42", "agent-43")).await;
    assert!(differs.text.contains("duplicate_differs"), "{}", differs.text);
}

#[actix_web::test]
async fn a_refused_call_leaves_no_row_behind() {
    let live = Live::start().await;
    let before = live.rows();
    let good = json!({"identifier": KARI});
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let long = "x".repeat(919);
    let cases = [
        (json!({}), "/identifier", "missing_param"),
        (with("identifier", json!("99999999")), "/identifier", "invalid_identifier"),
        (with("identifier", json!("+4722334455")), "/identifier", "identifier_not_mobile"),
        (with("identifier", json!("+4520123456")), "/identifier", "country_not_allowed"),
        (with("identifier", json!("$(e164_phone_number)")), "/identifier", "unexpanded_placeholder"),
        (with("identifierType", json!("Email")), "/identifierType", "unsupported_identifier_type"),
        (with("channel", json!("WhatsApp")), "/channel", "unsupported_channel"),
        (with("content", json!(7)), "/content", "invalid_param"),
        (with("content", json!(long)), "/content", "content_too_long"),
        (with("language", json!("xx")), "/language", "unsupported_language"),
        (with("expiryTime", json!("soon")), "/expiryTime", "invalid_expiry_time"),
        (with("expiryTime", json!("2026-11-21T06:00:00Z")), "/expiryTime", "expiry_in_past"),
        (with("expiryTime", json!("31d")), "/expiryTime", "expiry_too_far"),
        (
            with("userSessionVariables", json!([{"value": "x"}])),
            "/userSessionVariables/0",
            "invalid_user_session_variables",
        ),
        (with("IDENTIFIER", json!(KARI)), "/IDENTIFIER", "duplicate_param"),
        (with("clientReference", json!("x".repeat(256))), "/clientReference", "invalid_param"),
    ];
    for (body, pointer, code) in cases {
        let answer = live.post("/v1/surveys/visit/send", &body).await;
        assert_eq!(answer.status, 422, "{code}: {}", answer.text);
        assert_eq!(answer.faults(), [(pointer.to_owned(), code.to_owned())]);
        live.clock.advance(TimeDelta::seconds(1));
    }
    let all = json!({"Identifier": "+4520123456", "Content": long, "language": "xx"});
    let answer = live.post("/v1/surveys/visit/send", &all).await;
    let codes: Vec<String> =
        answer.faults().into_iter().map(|(place, code)| format!("{place} {code}")).collect();
    assert_eq!(
        codes,
        ["/language unsupported_language", "/Identifier country_not_allowed", "/Content content_too_long"]
    );
    assert_eq!(live.rows(), before);
}

#[actix_web::test]
async fn the_order_of_checks_is_that_of_2_3() {
    let live = Live::start_with(&[("limits.requests_burst", "500")]).await;
    let before = live.rows();
    let path = "/v1/surveys/visit/send";
    let nothing = live.run(live.request(Method::POST, path).body("{")).await;
    assert_eq!((nothing.status, nothing.code()), (401, "unauthenticated".to_owned()));
    let narrow = live.key(&[Scope::SurveysRead], &[]);
    let request = |key: &str| live.request(Method::POST, path).bearer_auth(key);
    let wrong = live.run(request(&narrow).header("Content-Type", "text/plain").body("{")).await;
    assert_eq!((wrong.status, wrong.code()), (403, "insufficient_scope".to_owned()));
    let typed = live.run(request(&live.all).header("Content-Type", "text/plain").body("{")).await;
    assert_eq!((typed.status, typed.code()), (415, "unsupported_media_type".to_owned()));
    let packed = live.run(request(&live.all).header("Content-Encoding", "gzip").body("{}")).await;
    assert_eq!(packed.status, 415);
    let large = live.run(request(&live.all).body("x".repeat(64 * 1024 + 1))).await;
    assert_eq!((large.status, large.code()), (413, "payload_too_large".to_owned()));
    let broken = live.post_text(path, "{\"identifier\": }").await;
    assert_eq!((broken.status, broken.code()), (400, "invalid_json".to_owned()));
    let unknown = live.post("/v1/surveys/nothing/send", &json!({"identifier": 7})).await;
    assert_eq!((unknown.status, unknown.code()), (404, "survey_not_found".to_owned()));
    let unnamed = live.post("/v1/SendSurvey", &json!({"identifier": KARI})).await;
    assert_eq!(unnamed.faults(), [("/surveyId".to_owned(), "missing_param".to_owned())]);
    let twice = live
        .post("/v1/SendSurvey?surveyId=visit", &json!({"identifier": KARI, "surveyId": "csat-after-call"}))
        .await;
    assert!(twice.text.contains("conflicting_survey_id"), "{}", twice.text);
    let channel = json!({"identifier": KARI, "channelId": "01a1fcb0-af00-7417-9c3d-d9f73817118d"});
    let channel = live.post(path, &channel).await;
    assert_eq!((channel.status, channel.code()), (404, "channel_not_found".to_owned()));
    let method = live.run(live.request(Method::DELETE, path).bearer_auth(&live.all)).await;
    assert_eq!((method.status, method.header("allow")), (405, Some("POST")));
    assert_eq!(live.rows(), before);
}

#[actix_web::test]
async fn keys_are_limited_to_their_surveys_and_expire() {
    let live = Live::start().await;
    let limited = live.key(Scope::ALL, &["csat-after-call"]);
    let body = json!({"identifier": KARI}).to_string();
    let send = |key: &str| {
        live.request(Method::POST, "/v1/surveys/visit/send").header("X-API-Key", key).body(body.clone())
    };
    let foreign = live.run(send(&limited)).await;
    assert_eq!((foreign.status, foreign.code()), (404, "survey_not_found".to_owned()));
    let id = live.start_session(KARI).await;
    assert_eq!(live.get_as(&limited, &format!("/v1/sessions/{id}")).await.code(), "session_not_found");
    assert_eq!(live.get_as(&limited, "/v1/sessions").await.json()["data"], json!([]));
    assert_eq!(live.get_as(&limited, "/v1/messages").await.json()["data"], json!([]));
    live.clock.advance(TimeDelta::days(2));
    assert_eq!(live.run(send(&live.all)).await.status, 401);
}

#[actix_web::test]
async fn an_idempotency_key_gives_the_same_answer_once() {
    let live = Live::start().await;
    let body = json!({"identifier": KARI, "clientReference": "a"});
    let path = "/v1/surveys/visit/send";
    let first = live.post_keyed(path, "k1", &body).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, None), "{}", first.text);
    let rows = live.rows();
    let second = live.post_keyed(path, "k1", &body).await;
    assert_eq!((second.status, second.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!((&second.text, second.header("location")), (&first.text, first.header("location")));
    let reused = live.post_keyed(path, "k1", &json!({"identifier": OLA})).await;
    assert_eq!((reused.status, reused.code()), (422, "idempotency_key_reused".to_owned()));
    assert_eq!(live.rows(), rows);
    let duplicate = live.post_keyed(path, "k2", &body).await;
    assert_eq!((duplicate.status, &duplicate.json()["duplicate"]), (200, &json!(true)));
    let reused = live.post_keyed(path, "k2", &json!({"identifier": OLA})).await;
    assert_eq!(reused.code(), "idempotency_key_reused");
    let refused = live.post_keyed(path, "k3", &json!({"identifier": "x"})).await;
    assert_eq!(refused.status, 422);
    let after = live.post_keyed(path, "k3", &json!({"identifier": OLA})).await;
    assert_eq!(after.status, 201, "{}", after.text);
    let empty = live.post_keyed(path, "", &body).await;
    assert_eq!(empty.faults(), [("header:Idempotency-Key".to_owned(), "invalid_param".to_owned())]);
}

#[actix_web::test]
async fn a_dry_run_leaves_nothing_behind() {
    let live = Live::start().await;
    let before = live.rows();
    let body = json!({"identifier": KARI, "clientReference": "a"});
    let answer = live.post("/v1/surveys/visit/send?dryRun=true", &body).await;
    let json = answer.json();
    assert_eq!((answer.status, &json["id"], &json["status"]), (200, &Value::Null, &json!("active")));
    assert_eq!(json["messages"].as_array().unwrap().len(), 1);
    assert_eq!(answer.header("location"), None);
    assert_eq!(live.rows(), before);
}

#[actix_web::test]
async fn states_that_forbid_a_call_are_409() {
    let live = Live::start().await;
    let first = live.start_session(KARI).await;
    let path = "/v1/surveys/visit/send";
    let reject = live.post(path, &json!({"identifier": KARI, "ifOpenSession": "reject"})).await;
    assert_eq!((reject.status, reject.code()), (409, "open_session_exists".to_owned()));
    assert_eq!(reject.json()["sessionIds"], json!([first]));
    let newer = live.post(path, &json!({"identifier": KARI})).await.json();
    assert_eq!(newer["supersededSessionIds"], json!([first]));
    live.reply("m1", KARI, "STOP").await;
    let stopped = live.post(path, &json!({"identifier": KARI})).await;
    assert_eq!((stopped.status, stopped.code()), (409, "recipient_opted_out".to_owned()));
}

#[actix_web::test]
async fn an_overfull_outbox_and_too_many_calls_are_429() {
    let live = Live::start_with(&[("limits.due_age_max", "1s"), ("limits.requests_burst", "3")]).await;
    live.start_session(KARI).await;
    live.clock.advance(TimeDelta::minutes(1));
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let full = live.post("/v1/surveys/visit/send", &json!({"identifier": OLA})).await;
    assert_eq!((full.status, full.code()), (429, "outbox_full".to_owned()));
    assert!(full.header("retry-after").is_some());
    live.get("/v1/sessions").await;
    live.get("/v1/sessions").await;
    let fast = live.get("/v1/sessions").await;
    assert_eq!((fast.status, fast.code()), (429, "rate_limited".to_owned()));
    for _ in 0..4 {
        live.get_as("apn_wrong", "/v1/sessions").await;
    }
    assert_eq!(live.get_as("apn_wrong", "/v1/sessions").await.code(), "rate_limited");
}

#[actix_web::test]
async fn re25_a_repeat_of_a_call_that_is_still_running_is_told_so_after_two_seconds() {
    use diesel::connection::SimpleConnection as _;
    let live = Live::start().await;
    let body = json!({"identifier": KARI, "language": "en"});
    // The database keeps every writer waiting until one of the two calls has its answer.
    let lock = std::cell::RefCell::new(live.connection());
    lock.borrow_mut().batch_execute("BEGIN IMMEDIATE").unwrap();
    let call = async || {
        let answer = live.post_keyed("/v1/surveys/visit/send", "one", &body).await;
        let _ = lock.borrow_mut().batch_execute("ROLLBACK");
        answer
    };
    let (one, other) = tokio::join!(call(), call());
    let (first, second) = if one.status == 201 { (one, other) } else { (other, one) };
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!((second.status, second.code()), (409, "idempotency_in_progress".to_owned()));
    assert_eq!(second.header("retry-after"), Some("2"));
    let again = live.post_keyed("/v1/surveys/visit/send", "one", &body).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.json()["id"], first.json()["id"], "one session");
}

#[actix_web::test]
async fn re25_calls_with_one_key_at_the_same_time_are_one_call() {
    let live = Live::start().await;
    let body = json!({"identifier": KARI, "language": "en"});
    let call = async || live.post_keyed("/v1/surveys/visit/send", "one", &body).await;
    let (a, b, c) = tokio::join!(call(), call(), call());
    let ids: Vec<_> = [&a, &b, &c].map(|answer| answer.json()["id"].clone()).into();
    assert_eq!([a.status, b.status, c.status], [201, 201, 201]);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let replayed =
        [&a, &b, &c].iter().filter(|answer| answer.header("idempotent-replayed").is_some()).count();
    assert_eq!(replayed, 2);
}
