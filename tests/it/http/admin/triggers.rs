//! Templates, triggers, messages to customers and handoffs over HTTP (R07-R13, R22-R25, Z07-Z19, Z35, Z37, A61, A67, A68,
//! A73, GW89).

use antiphon::store::schema::{customers, feed_items, messages, templates};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value as Json, json};

use super::{Caller, Reply};
use crate::support::surveys::SHOP;
use crate::support::{SVEN, Setup, TestApp};

async fn send(caller: &Caller<'_>, method: &str, path: &str, body: &Json) -> Reply {
    caller.send(method, path, &[], &body.to_string()).await
}

/// A template, and its id.
async fn template(caller: &Caller<'_>, name: &str, body: &str) -> String {
    let made =
        send(caller, "POST", "/v1/templates", &json!({"name": name, "language": "en", "body": body})).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["id"].as_str().unwrap().to_owned()
}

/// A customer with one phone that agreed.
async fn onboard(caller: &Caller<'_>, ccid: &str, phone: &str) {
    let body = json!({"firstName": "Sven", "phones": [{"number": phone, "consentType": "express"}]});
    assert!(send(caller, "PUT", &format!("/v1/customers/{ccid}"), &body).await.status < 300);
}

/// A trigger that sends a text.
async fn trigger(caller: &Caller<'_>, id: &str, text: &str) {
    let template_id = template(caller, id, text).await;
    let body = json!({"name": id, "templateId": template_id});
    assert_eq!(send(caller, "PUT", &format!("/v1/triggers/{id}"), &body).await.status, 201);
}

async fn message(caller: &Caller<'_>, trigger: &str, body: &Json) -> Reply {
    send(caller, "POST", &format!("/v1/triggers/{trigger}/messages"), body).await
}

/// Status and reason of the only notification.
fn outcome(reply: &Reply) -> (String, String) {
    let json = reply.json();
    let one = &json["notifications"][0];
    let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"))
}

fn not_attempted(reason: &str) -> (String, String) {
    ("not_attempted".to_owned(), reason.to_owned())
}

fn queued() -> (String, String) {
    ("queued".to_owned(), String::new())
}

fn texts(app: &TestApp) -> Vec<String> {
    app.gateway.ledger().into_iter().map(|sent| sent.text).collect()
}

#[tokio::test]
async fn z10_z17_a_template_is_cleaned_checked_and_ready_at_once() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let body = json!({"name": "Table ready!", "language": "en",
        "body": "Hi {{firstName}}, your table is ready on {{Friday}}. STOP to opt out."});
    let made = send(&caller, "POST", "/v1/templates", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let json = made.json();
    assert_eq!((&json["name"], &json["status"]), (&json!("table_ready"), &json!("ready")));
    let variables =
        json!([{"name": "firstName", "sample": "firstName"}, {"name": "Friday", "sample": "Friday"}]);
    assert_eq!((&json["variables"], &json["warnings"]), (&variables, &json!([])));
    let path = format!("/v1/templates/{}", json["id"].as_str().unwrap());
    assert_eq!(caller.get(&path).await.json(), json);
    assert_eq!(send(&caller, "POST", "/v1/templates", &body).await.code(), "template_name_taken");
    let with = |name: &str, value: Json| {
        let mut body = json!({"name": "b", "language": "en", "body": "x"});
        body[name] = value;
        body
    };
    let faults = [
        (with("name", json!("!?")), "/name", "invalid_param"),
        (with("language", json!("x1")), "/language", "invalid_param"),
        (with("body", json!(" ")), "/body", "missing_param"),
        (with("body", json!("Hi {{name")), "/body", "template_syntax"),
        (with("header", json!("x")), "/header", "unknown_param"),
    ];
    for (body, pointer, code) in faults {
        let refused = send(&caller, "POST", "/v1/templates", &body).await;
        assert_eq!(refused.faults(), [(pointer.to_owned(), code.to_owned())], "{body}");
    }
    let both =
        json!({"name": "b", "language": "en", "body": "See https://a.example", "quickReplies": ["Yes"]});
    assert_eq!(send(&caller, "POST", "/v1/templates", &both).await.faults()[0].1, "cta_and_quick_replies");
    let unknown = with("channelIds", json!(["none"]));
    assert_eq!(send(&caller, "POST", "/v1/templates", &unknown).await.code(), "channel_not_found");
    let changed =
        send(&caller, "PATCH", &path, &json!({"body": "Come?", "quickReplies": ["Yes", "No"]})).await;
    assert_eq!(changed.json()["warnings"][0]["code"], "no_opt_out_hint");
    assert_eq!(caller.get("/v1/templates").await.json()["data"].as_array().unwrap().len(), 1);
    assert_eq!(caller.send("DELETE", &path, &[], "").await.status, 204);
    assert_eq!(caller.send("DELETE", &path, &[], "").await.code(), "template_not_found");
    let count: i64 = templates::table.count().get_result(&mut app.database.connect()).unwrap();
    assert_eq!(count, 0);
}

#[tokio::test]
async fn z07_z35_z37_a_template_is_looked_at_and_sent_to_oneself_first() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let id = template(&caller, "a", "“Hi” {{name}} – {{day}}").await;
    let path = format!("/v1/templates/{id}/preview");
    let preview = send(&caller, "POST", &path, &json!({"variables": {"name": "{{day}}"}})).await.json();
    assert_eq!(preview["text"], "\"Hi\" {{day}} - day", "one pass, our own characters made GSM-7");
    assert_eq!((&preview["encoding"], &preview["segments"]), (&json!("gsm7"), &json!(1)));
    let long = send(&caller, "POST", &path, &json!({"variables": {"name": "å".repeat(200)}})).await.json();
    let codes: Vec<&str> =
        long["warnings"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["over_one_segment", "no_opt_out_hint"]);
    let path = format!("/v1/templates/{id}/test");
    let refused = send(&caller, "POST", &path, &json!({"to": SVEN, "variables": {"day": "Friday"}})).await;
    assert_eq!(refused.faults(), [("/variables/name".to_owned(), "unmapped_variable".to_owned())]);
    let refused = send(&caller, "POST", &path, &json!({"to": "+4722334455"})).await;
    assert_eq!(refused.faults(), [("/to".to_owned(), "identifier_not_mobile".to_owned())]);
    let wish = json!({"to": SVEN, "variables": {"day": "Friday", "name": "Sven"}});
    let sent = send(&caller, "POST", &path, &wish).await;
    assert_eq!(sent.status, 202, "{sent:?}");
    app.settle().await;
    assert_eq!(texts(&app), ["\"Hi\" Sven - Friday"]);
    app.reply(SVEN, "STOP").await;
    assert_eq!(send(&caller, "POST", &path, &wish).await.code(), "recipient_opted_out");
    assert_eq!(
        send(&caller, "POST", "/v1/templates/none/preview", &json!({})).await.code(),
        "template_not_found"
    );
}

#[tokio::test]
async fn r08_r09_r10_a_message_to_a_known_customer_needs_ccid_and_trigger_alone() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let ask = json!({"ccid": "C-1"});
    assert_eq!(message(&caller, "welcome", &ask).await.code(), "trigger_not_found");
    trigger(&caller, "welcome", "Hi {{firstName}}, {{product}} is ready. STOP to opt out.").await;
    assert_eq!(message(&caller, "welcome", &ask).await.code(), "customer_not_found");
    onboard(&caller, "C-1", SVEN).await;
    assert_eq!(message(&caller, "welcome", &json!({})).await.faults()[0].1, "missing_param");
    assert_eq!(outcome(&message(&caller, "welcome", &ask).await), not_attempted("missing_variable"));
    let ask = json!({"ccid": "C-1", "inputParameters": {"product": "fibre"}, "clientMessageTag": "t-1",
        "launchedBy": {"name": "Ola", "source": "agent-desktop"}, "consentType": "express"});
    let posted = message(&caller, "welcome", &ask).await;
    assert_eq!(posted.status, 202, "{posted:?}");
    assert_eq!(outcome(&posted), queued());
    // R11: no consent here.
    assert_eq!(posted.json()["warnings"][0]["code"], "unknown_property");
    app.settle().await;
    assert_eq!(texts(&app), ["Hi Sven, fibre is ready. STOP to opt out."]);
    let feed = caller.get("/v1/customers/C-1/feed").await.json();
    let items = feed["data"].as_array().unwrap();
    assert_eq!(items.len(), 2, "posted in every case");
    assert_eq!(
        (&items[1]["id"], &items[1]["launchedBy"]["source"]),
        (&posted.json()["feedItemId"], &json!("agent-desktop"))
    );
    // R06: onboarding again touches nothing of it.
    onboard(&caller, "C-1", SVEN).await;
    assert_eq!(caller.get("/v1/customers/C-1/feed").await.json(), feed);
}

#[tokio::test]
async fn r12_a67_a_stop_blocks_the_sms_and_the_feed_item_is_posted_all_the_same() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    trigger(&caller, "welcome", "Welcome. STOP to opt out.").await;
    let body = json!({"firstName": "Sven", "phones": [{"number": SVEN, "consentType": "stop"}], "triggerId": "welcome"});
    let made = send(&caller, "PUT", "/v1/customers/C-1", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let one = &made.json()["message"]["notifications"][0];
    assert_eq!((&one["status"], &one["reason"]), (&json!("not_attempted"), &json!("opted_out")));
    assert_eq!(caller.get("/v1/customers/C-1/feed").await.json()["data"].as_array().unwrap().len(), 1);
    // Said between the queue and the claim, it binds as well.
    onboard(&caller, "C-2", "+46701234568").await;
    assert_eq!(caller.post("/v1/gateways/fake/pause", "").await.status, 200);
    assert_eq!(outcome(&message(&caller, "welcome", &json!({"ccid": "C-2"})).await), queued());
    app.reply("+46701234568", "STOP").await;
    assert_eq!(caller.post("/v1/gateways/fake/resume", "").await.status, 200);
    app.advance(TimeDelta::minutes(1)).await;
    assert!(!texts(&app).iter().any(|text| text.starts_with("Welcome")), "{:?}", texts(&app));
}

#[tokio::test]
async fn r07_r24_onboarding_with_a_trigger_is_one_transaction() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let body = json!({"firstName": "Sven", "phones": [{"number": SVEN, "consentType": "express"}],
        "triggerId": "welcome", "inputParameters": {"product": "fibre"}});
    assert_eq!(send(&caller, "PUT", "/v1/customers/C-1", &body).await.code(), "trigger_not_found");
    let count: i64 = customers::table.count().get_result(&mut app.database.connect()).unwrap();
    assert_eq!(count, 0);
    trigger(&caller, "welcome", "Hi {{firstName}}: {{product}}. STOP to opt out.").await;
    let made = send(&caller, "PUT", "/v1/customers/C-1", &body).await;
    assert_eq!(made.json()["message"]["notifications"][0]["status"], "queued", "{made:?}");
    app.settle().await;
    assert_eq!(texts(&app), ["Hi Sven: fibre. STOP to opt out."]);
}

#[tokio::test]
async fn the_same_message_within_15_minutes_is_suppressed_until_consent_changes() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    trigger(&caller, "welcome", "Welcome. STOP to opt out.").await;
    onboard(&caller, "C-1", SVEN).await;
    let ask = json!({"ccid": "C-1"});
    assert_eq!(outcome(&message(&caller, "welcome", &ask).await), queued());
    app.advance(TimeDelta::minutes(14)).await;
    assert_eq!(outcome(&message(&caller, "welcome", &ask).await), not_attempted("duplicate_suppressed"));
    let other = json!({"ccid": "C-1", "inputParameters": {"a": "b"}});
    assert_eq!(outcome(&message(&caller, "welcome", &other).await), queued());
    let consent = json!({"consentType": "written"});
    assert_eq!(send(&caller, "PUT", &format!("/v1/consents/{SVEN}"), &consent).await.status, 200);
    assert_eq!(outcome(&message(&caller, "welcome", &ask).await), queued());
    app.advance(TimeDelta::minutes(15)).await;
    assert_eq!(outcome(&message(&caller, "welcome", &ask).await), queued());
    app.settle().await;
}

#[tokio::test]
async fn a73_gw89_ten_different_texts_in_five_minutes_and_then_silence() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    trigger(&caller, "news", "News {{number}}. STOP to opt out.").await;
    onboard(&caller, "C-1", SVEN).await;
    let ask = |number: usize| json!({"ccid": "C-1", "inputParameters": {"number": number.to_string()}});
    for number in 0..10 {
        assert_eq!(outcome(&message(&caller, "news", &ask(number)).await), queued());
    }
    assert_eq!(outcome(&message(&caller, "news", &ask(10)).await), not_attempted("flooded"));
    app.advance(TimeDelta::minutes(4)).await;
    assert_eq!(outcome(&message(&caller, "news", &ask(10)).await), not_attempted("flooded"));
    app.advance(TimeDelta::minutes(5)).await;
    assert_eq!(outcome(&message(&caller, "news", &ask(10)).await), queued());
    app.settle().await;
    assert_eq!(app.gateway.ledger().len(), 11);
}

#[tokio::test]
async fn a68_a69_at_night_a_message_waits_for_the_morning_of_the_customer() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    trigger(&caller, "welcome", "Welcome. STOP to opt out.").await;
    let zone = json!({"firstName": "Sven", "timezone": "America/New_York",
        "phones": [{"number": SVEN, "consentType": "express"}]});
    assert_eq!(send(&caller, "PUT", "/v1/customers/C-1", &zone).await.status, 201);
    onboard(&caller, "C-2", "+46701234568").await;
    // 08:00 UTC: 9 in the morning in Sweden, 3 at night in New York.
    assert_eq!(outcome(&message(&caller, "welcome", &json!({"ccid": "C-1"})).await), queued());
    assert_eq!(outcome(&message(&caller, "welcome", &json!({"ccid": "C-2"})).await), queued());
    app.settle().await;
    assert_eq!(app.gateway.ledger().len(), 1);
    app.advance(TimeDelta::hours(4)).await;
    assert_eq!(app.gateway.ledger().len(), 1);
    app.advance(TimeDelta::hours(1)).await;
    assert_eq!(app.gateway.ledger().len(), 2, "13:00 UTC is 8 in New York");
}

#[tokio::test]
async fn no_phone_no_consent_no_country_and_a_deactivated_customer_are_told() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    trigger(&caller, "welcome", "Welcome. STOP to opt out.").await;
    onboard(&caller, "C-1", "+4722334455").await;
    assert_eq!(
        outcome(&message(&caller, "welcome", &json!({"ccid": "C-1"})).await),
        not_attempted("no_mobile")
    );
    onboard(&caller, "C-2", SVEN).await;
    assert_eq!(caller.send("DELETE", &format!("/v1/customers/C-2/phones/{SVEN}"), &[], "").await.status, 204);
    assert_eq!(
        outcome(&message(&caller, "welcome", &json!({"ccid": "C-2"})).await),
        not_attempted("no_mobile")
    );
    onboard(&caller, "C-4", "+447400123456").await;
    assert_eq!(
        outcome(&message(&caller, "welcome", &json!({"ccid": "C-4"})).await),
        not_attempted("country_not_allowed")
    );
    onboard(&caller, "C-5", "+46701234569").await;
    assert_eq!(caller.post("/v1/gateways/fake/pause", "").await.status, 200);
    let posted = message(&caller, "welcome", &json!({"ccid": "C-5"})).await;
    assert_eq!(outcome(&posted), queued());
    assert_eq!(caller.post("/v1/customers/C-5/deactivate", "").await.status, 200);
    let waiting = posted.json()["notifications"][0]["messageId"].as_str().unwrap().to_owned();
    let state = caller.get(&format!("/v1/messages/{waiting}")).await.json();
    assert_eq!(
        (&state["state"], &state["stateReason"]),
        (&json!("cancelled"), &json!("customer_deactivated"))
    );
    assert_eq!(
        outcome(&message(&caller, "welcome", &json!({"ccid": "C-5"})).await),
        not_attempted("customer_inactive")
    );
}

#[tokio::test]
async fn a_trigger_starts_a_survey_and_an_open_one_is_not_disturbed() {
    let app = Setup::with(&[SHOP]).start().await;
    let caller = Caller::almighty(&app).await;
    let path = "/v1/triggers/ask";
    let refused = send(&caller, "PUT", path, &json!({"name": "Ask"})).await;
    assert_eq!(refused.faults(), [("/templateId".to_owned(), "invalid_param".to_owned())]);
    let unknown = json!({"name": "Ask", "surveyId": "none"});
    assert_eq!(send(&caller, "PUT", path, &unknown).await.code(), "survey_not_found");
    let unknown = json!({"name": "Ask", "templateId": "none"});
    assert_eq!(send(&caller, "PUT", path, &unknown).await.code(), "template_not_found");
    let wish = json!({"name": "Ask", "surveyId": "shop"});
    assert_eq!(send(&caller, "PUT", path, &wish).await.status, 201);
    assert_eq!(send(&caller, "PUT", path, &wish).await.status, 200);
    assert_eq!(caller.get(path).await.json()["surveyId"], "shop");
    onboard(&caller, "C-1", SVEN).await;
    let posted = message(&caller, "ask", &json!({"ccid": "C-1"})).await;
    assert_eq!(outcome(&posted), queued());
    app.settle().await;
    let session = posted.json()["sessionId"].as_str().unwrap().to_owned();
    assert_eq!(app.session(&session).await["origin"], "trigger");
    let again = json!({"ccid": "C-1", "inputParameters": {"a": "b"}});
    assert_eq!(outcome(&message(&caller, "ask", &again).await), not_attempted("open_session_exists"));
    trigger(&caller, "welcome", "Welcome. STOP to opt out.").await;
    let welcome = json!({"ccid": "C-1"});
    assert_eq!(outcome(&message(&caller, "welcome", &welcome).await), not_attempted("open_session_exists"));
    assert_eq!(app.status(&session).await, "active");
    assert_eq!(caller.send("DELETE", path, &[], "").await.status, 204);
    assert_eq!(caller.send("DELETE", path, &[], "").await.code(), "trigger_not_found");
    app.may_leave_unsettled();
}

#[tokio::test]
async fn a_batch_of_messages_has_a_result_per_item_and_a_key_makes_it_once() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    trigger(&caller, "welcome", "Welcome. STOP to opt out.").await;
    onboard(&caller, "C-1", SVEN).await;
    let items = json!([{"triggerId": "welcome", "ccid": "C-1"}, {"triggerId": "welcome", "ccid": "C-9"},
        {"triggerId": "none", "ccid": "C-1"}, {"ccid": "C-1"}]);
    let body = json!({"items": items}).to_string();
    let key = [("Idempotency-Key", "batch-1")];
    let answer = caller.send("POST", "/v1/triggers/messages", &key, &body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let json = answer.json();
    let statuses: Vec<i64> =
        json["results"].as_array().unwrap().iter().map(|one| one["status"].as_i64().unwrap()).collect();
    assert_eq!(statuses, [202, 404, 404, 422]);
    assert_eq!(json["results"][1]["problem"]["code"], "customer_not_found");
    assert_eq!(caller.send("POST", "/v1/triggers/messages", &key, &body).await.json(), json);
    app.settle().await;
    let mut connection = app.database.connect();
    let posted: i64 = feed_items::table.count().get_result(&mut connection).unwrap();
    let sent: i64 = messages::table.count().get_result(&mut connection).unwrap();
    assert_eq!((posted, sent), (1, 1));
}

#[tokio::test]
async fn a_handoff_is_made_read_and_changed() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let channels = caller.get("/v1/channels").await.json();
    let channel = channels["data"][0]["id"].clone();
    let template_id = template(&caller, "a", "x").await;
    let wish =
        json!({"name": "Bookings", "channelIds": [channel], "skill": "bookings", "templateId": template_id});
    let made = send(&caller, "POST", "/v1/handoffs", &wish).await;
    assert_eq!((made.status, &made.json()["lookbackPeriod"]), (201, &json!("30d")), "{made:?}");
    let path = format!("/v1/handoffs/{}", made.json()["id"].as_str().unwrap());
    let changed = send(&caller, "PATCH", &path, &json!({"lookbackPeriod": "36h"})).await.json();
    assert_eq!((&changed["lookbackPeriod"], &changed["skill"]), (&json!("36h"), &json!("bookings")));
    assert_eq!(caller.get(&path).await.json(), changed);
    let refused = send(&caller, "PATCH", &path, &json!({"lookbackPeriod": "2 years"})).await;
    assert_eq!(refused.faults()[0].1, "invalid_lookback_period");
    let missing: Vec<String> = send(&caller, "POST", "/v1/handoffs", &json!({}))
        .await
        .faults()
        .into_iter()
        .map(|(at, _)| at)
        .collect();
    assert_eq!(missing, ["/name", "/channelIds", "/skill"]);
    assert_eq!(caller.get("/v1/handoffs/none").await.code(), "handoff_not_found");
    let unknown = send(&caller, "PATCH", &path, &json!({"templateId": "none"})).await;
    assert_eq!(unknown.code(), "template_not_found");
    let used = caller.send("DELETE", &format!("/v1/templates/{template_id}"), &[], "").await;
    assert_eq!(used.code(), "invalid_state_transition");
}
