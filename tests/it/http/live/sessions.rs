//! Sessions: lists, answers, transcript, masking, and what operators do.

use antiphon::app::api_key::Scope;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::{KARI, Live, OLA, without_ids};

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

async fn correct(live: &Live, id: &str, element: &str, body: Value) -> super::Answer {
    let request = live.request(Method::PUT, &format!("/v1/sessions/{id}/answers/{element}"));
    live.run(request.bearer_auth(&live.all).body(body.to_string())).await
}

#[actix_web::test]
async fn answers_have_value_index_code_and_label() {
    let live = Live::start().await;
    let id = live.start_session(KARI).await;
    let path = format!("/v1/sessions/{id}/answers");
    let answers = live.get(&path).await.json();
    let waiting = &answers["data"][0];
    assert_eq!((&waiting["elementId"], &waiting["state"]), (&json!("score"), &json!("pending")));
    live.clock.advance(TimeDelta::seconds(10));
    live.reply("m1", KARI, "2, ventet i 40 minutter").await;
    live.reply("m2", KARI, "2").await;
    live.reply("m3", KARI, "Kari Nordmann").await;
    let answers = live.get(&path).await.json();
    insta::assert_json_snapshot!(without_ids(&answers));
    let masked = live.key(&[Scope::SessionsRead], &[]);
    let answers = live.get_as(&masked, &path).await.json();
    let name = &answers["data"][2];
    assert_eq!((&name["elementId"], &name["state"]), (&json!("name"), &json!("answered")));
    assert_eq!((&name["value"], &name["raw"]), (&Value::Null, &Value::Null));
    assert_eq!(answers["data"][0]["raw"], "2, ventet i 40 minutter");
}

#[actix_web::test]
async fn phones_and_texts_are_masked_without_pii_read() {
    let live = Live::start().await;
    let body = json!({
        "identifier": KARI,
        "userSessionVariables": {"consumerPhone": KARI, "queueKey": "sales"}
    });
    let sent = live.post("/v1/surveys/visit/send", &body).await.json();
    assert_eq!(sent["identifier"], KARI);
    let id = sent["id"].as_str().unwrap();
    live.reply("m1", KARI, "5").await;
    live.reply("m2", KARI, "1").await;
    live.reply("m3", KARI, "Kari Nordmann").await;
    let masked = live.key(&[Scope::SessionsRead, Scope::Admin], &[]);
    for path in [
        "/v1/sessions".to_owned(),
        format!("/v1/sessions/{id}?expand=messages,answers"),
        format!("/v1/sessions/{id}/messages"),
        format!("/v1/messages?sessionId={id}"),
        "/v1/inbound".to_owned(),
    ] {
        let open = live.get(&path).await.text;
        assert!(open.contains(KARI), "{path}: {open}");
        let hidden = live.get_as(&masked, &path).await.text;
        assert!(!hidden.contains(KARI) && hidden.contains("+47*****999"), "{path}: {hidden}");
        assert!(!hidden.contains("Kari Nordmann"), "{path}: {hidden}");
    }
    let transcript = live.get(&format!("/v1/sessions/{id}/messages")).await.json();
    let told: Vec<String> = transcript["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry["direction"].as_str().unwrap(), entry["text"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            "outbound How was it? Reply 1-5. Reply STOP to opt out.",
            "inbound 5",
            "outbound What mattered most?\n1: Price\n2: Staff",
            "inbound 1",
            "outbound What is your name?",
            "inbound Kari Nordmann",
            "outbound Thank you!",
        ]
    );
}

#[actix_web::test]
async fn lists_are_filtered_and_paged() {
    let live = Live::start().await;
    let mut made = Vec::new();
    for (number, queue) in [(1, "sales"), (2, "support"), (3, "sales")] {
        let body = json!({
            "identifier": format!("+479123456{number}"), "clientReference": format!("ref-{number}"),
            "userSessionVariables": {"queueKey": queue}, "isTest": number == 3
        });
        let sent = live.post("/v1/surveys/visit/send", &body).await.json();
        made.push(sent["id"].as_str().unwrap().to_owned());
        live.clock.advance(TimeDelta::seconds(1));
    }
    let [first, second, third] = made.as_slice() else { panic!("{made:?}") };
    for (query, expected) in [
        ("", vec![first, second, third]),
        ("order=desc", vec![third, second, first]),
        ("surveyId=visit", vec![first, second, third]),
        ("surveyId=7B0F9D55-4B0C-4F5D-9A63-2F0D5FF0A002&status=active", vec![first, second, third]),
        ("surveyId=csat-after-call", vec![]),
        ("status=completed", vec![]),
        ("phone=%2B4791234562", vec![second]),
        ("clientReference=ref-2", vec![second]),
        ("isTest=true", vec![third]),
        ("var.queueKey=sales", vec![first, third]),
        ("var.queueKey=sales&isTest=false", vec![first]),
        ("from=2026-11-21T06:00:01Z&to=2026-11-21T06:00:02Z", vec![second]),
        ("updatedAfter=2026-11-21T06:00:01Z", vec![third]),
    ] {
        let page = live.get(&format!("/v1/sessions?{query}")).await.json();
        assert_eq!(ids(&page), expected, "{query}");
    }
    for query in ["limit=2", "limit=1&var.queueKey=sales"] {
        let page = live.get(&format!("/v1/sessions?{query}")).await.json();
        assert_eq!(page["hasMore"], true, "{query}");
        let cursor = page["nextCursor"].as_str().unwrap();
        let rest = live.get(&format!("/v1/sessions?{query}&cursor={cursor}")).await.json();
        assert_eq!((ids(&rest), &rest["hasMore"]), (vec![third.as_str()], &json!(false)), "{query}");
        assert!(rest["nextCursor"].is_string());
    }
    for (query, code) in
        [("status=open", "invalid_param"), ("colour=red", "unknown_param"), ("phone=1", "invalid_param")]
    {
        let answer = live.get(&format!("/v1/sessions?{query}")).await;
        assert_eq!((answer.status, answer.faults()[0].1.as_str()), (422, code));
    }
    assert_eq!(live.get("/v1/sessions?surveyId=nothing").await.code(), "survey_not_found");
    assert_eq!(live.get("/v1/sessions/nothing").await.code(), "session_not_found");
}

#[actix_web::test]
async fn a_session_is_cancelled_once() {
    let live = Live::start().await;
    let id = live.start_session(KARI).await;
    let path = format!("/v1/sessions/{id}/cancel");
    let answer = live.post(&path, &json!({"reason": "wrong_person"})).await;
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["status"], &body["statusReason"]),
        (200, &json!("cancelled"), &json!("wrong_person"))
    );
    let messages = live.get(&format!("/v1/messages?sessionId={id}")).await.json();
    assert_eq!(messages["data"][0]["state"], "cancelled");
    let again = live.post(&path, &json!({})).await;
    assert_eq!((again.status, again.code()), (409, "invalid_state_transition".to_owned()));
    assert_eq!(again.json()["currentState"], "cancelled");
    let unknown = live.post(&path, &json!({"reasons": "x"})).await;
    assert_eq!(unknown.faults(), [("/reasons".to_owned(), "unknown_param".to_owned())]);
}

#[actix_web::test]
async fn the_current_question_is_sent_again_under_one_key() {
    let live = Live::start().await;
    let id = live.start_session(KARI).await;
    live.reply("m1", KARI, "5").await;
    let path = format!("/v1/sessions/{id}/resend");
    let answer = live.post_keyed(&path, "k", &json!({})).await;
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["class"], &body["elementId"]),
        (202, &json!("question"), &json!("reason"))
    );
    assert_eq!(
        (&body["state"], &body["text"]),
        (&json!("due"), &json!("What mattered most?\n1: Price\n2: Staff"))
    );
    let again = live.post_keyed(&path, "k", &json!({})).await;
    assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &answer.text));
    let messages = live.get(&format!("/v1/messages?sessionId={id}")).await.json();
    assert_eq!(messages["data"].as_array().unwrap().len(), 3);
    live.clock.advance(TimeDelta::days(2));
    let fresh = live.key(Scope::ALL, &[]);
    let late = live.request(Method::POST, &path).bearer_auth(&fresh);
    let late = live.run(late).await;
    assert_eq!((late.status, &late.json()["currentState"]), (409, &json!("expired")));
}

#[actix_web::test]
async fn a_halt_ends_when_somebody_says_so() {
    let live = Live::start().await;
    let id = live.start_session(KARI).await;
    let path = format!("/v1/sessions/{id}/release");
    assert_eq!(live.post(&path, &json!({})).await.json()["currentState"], "not_halted");
    {
        use antiphon::store::schema::{messages, sessions};
        use diesel::prelude::*;
        let at = live.server.engine.clock.now().naive_utc();
        live.connection()
            .write(|connection| {
                diesel::update(sessions::table)
                    .set((sessions::halted_at.eq(at), sessions::faults.eq(3)))
                    .execute(connection)?;
                diesel::update(messages::table)
                    .set((messages::state.eq("held"), messages::state_reason.eq("halted")))
                    .execute(connection)?;
                Ok(())
            })
            .unwrap();
    }
    assert_eq!(
        live.post(&format!("/v1/sessions/{id}/resend"), &json!({})).await.json()["currentState"],
        "halted"
    );
    let released = live.post(&path, &json!({})).await;
    assert_eq!((released.status, &released.json()["haltedAt"]), (200, &Value::Null));
    let messages = live.get(&format!("/v1/messages?sessionId={id}")).await.json();
    assert_eq!(messages["data"][0]["state"], "due");
}

#[actix_web::test]
async fn an_answer_is_corrected_and_its_raw_text_kept() {
    let live = Live::start().await;
    let id = live.start_session(KARI).await;
    live.reply("m1", KARI, "2").await;
    live.reply("m2", KARI, "1").await;
    let answer = correct(&live, &id, "score", json!({"value": 5, "reason": "she called us"})).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["value"], &body["raw"]), (200, &json!(5), &json!("2")));
    assert_eq!(body["correctedAt"], "2026-11-21T06:00:00Z");
    let body =
        correct(&live, &id, "reason", json!({"value": "staff", "visit": 1, "reason": "x"})).await.json();
    assert_eq!(
        (&body["value"], &body["index"], &body["label"]),
        (&json!("staff"), &json!(1), &json!("Staff"))
    );
    let session = live.get(&format!("/v1/sessions/{id}")).await.json();
    assert_eq!(session["currentElementId"], "name", "the way is not taken again");
    for (element, body, pointer) in [
        ("score", json!({"value": 6, "reason": "x"}), "/value"),
        ("score", json!({"value": "5", "reason": "x"}), "/value"),
        ("score", json!({"value": 2.5, "reason": "x"}), "/value"),
        ("score", json!({"value": 5, "visit": 2, "reason": "x"}), "/visit"),
        ("score", json!({"value": 5}), "/reason"),
        ("score", json!({"reason": "x"}), "/value"),
        ("reason", json!({"value": "Staff", "reason": "x"}), "/value"),
        ("reason", json!({"value": ["staff"], "reason": "x"}), "/value"),
        ("name", json!({"value": "Kari", "reason": "x"}), "/visit"),
        ("nothing", json!({"value": 1, "reason": "x"}), ""),
    ] {
        let answer = correct(&live, &id, element, body.clone()).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text);
        assert_eq!(answer.faults()[0].0, pointer, "{body}");
    }
    assert_eq!(
        correct(&live, "nothing", "score", json!({"value": 1, "reason": "x"})).await.code(),
        "session_not_found"
    );
    let changes: Vec<String> = {
        use antiphon::store::schema::events::dsl;
        use diesel::prelude::*;
        dsl::events
            .filter(dsl::kind.eq("answer.changed"))
            .order(dsl::id)
            .select(dsl::data)
            .load(&mut live.connection())
            .unwrap()
    };
    let changes: Vec<Value> = changes.iter().map(|data| serde_json::from_str(data).unwrap()).collect();
    let elements: Vec<&Value> = changes.iter().map(|data| &data["elementId"]).collect();
    assert_eq!(elements, [&json!("score"), &json!("reason")]);
    let stored: Vec<(Option<String>, Option<String>)> = {
        use antiphon::store::schema::answers::dsl;
        use diesel::prelude::*;
        dsl::answers
            .filter(dsl::corrected_at.is_not_null())
            .order(dsl::seq)
            .select((dsl::correction_of, dsl::value))
            .load(&mut live.connection())
            .unwrap()
    };
    let read = |text: &Option<String>| serde_json::from_str::<Value>(text.as_deref().unwrap()).unwrap();
    let values: Vec<(Value, Value)> =
        stored.iter().map(|(before, value)| (read(before), read(value))).collect();
    let expected =
        [(json!({"number": 2}), json!({"number": 5})), (json!({"choice": 0}), json!({"choice": 1}))];
    assert_eq!(values, expected);
}

#[actix_web::test]
async fn a_foreign_session_cannot_be_changed() {
    let live = Live::start().await;
    let id = live.start_session(OLA).await;
    let limited = live.key(Scope::ALL, &["csat-after-call"]);
    for action in ["cancel", "resend", "release"] {
        let request =
            live.request(Method::POST, &format!("/v1/sessions/{id}/{action}")).bearer_auth(&limited);
        assert_eq!(live.run(request).await.code(), "session_not_found");
    }
}
