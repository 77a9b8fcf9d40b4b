//! Customers over HTTP: onboarding, phones, deactivation, the feed (R01-R25).

use antiphon::app::api_key::Scope;
use antiphon::store::schema::{customer_phones, customer_terms, customers, events};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value as Json, json};

use super::{Caller, Reply, audited};
use crate::support::surveys::SHOP;
use crate::support::{KARI, SVEN, Setup, TestApp};

const LANDLINE: &str = "+4722334455";

fn kari() -> Json {
    json!({
        "firstName": "Kari", "lastName": "Nordmann", "language": "nb", "productGroup": "fibre",
        "phones": [{"number": KARI, "consentType": "express", "clientSource": "crm"}],
        "attributes": {"city": "Oslo"}, "tags": ["vip"]
    })
}

async fn put(caller: &Caller<'_>, ccid: &str, body: &Json) -> Reply {
    caller.send("PUT", &format!("/v1/customers/{ccid}"), &[], &body.to_string()).await
}

/// Rows of customers, their phones, and what they are looked for by.
fn rows(app: &TestApp) -> (i64, i64, i64) {
    let mut connection = app.database.connect();
    let count = |connection: &mut _| {
        (
            customers::table.count().get_result(connection).unwrap(),
            customer_phones::table.count().get_result(connection).unwrap(),
            customer_terms::table.count().get_result(connection).unwrap(),
        )
    };
    count(&mut connection)
}

fn terms(app: &TestApp) -> Vec<(String, String)> {
    let mut connection = app.database.connect();
    customer_terms::table
        .select((customer_terms::field, customer_terms::value))
        .order((customer_terms::field, customer_terms::value))
        .load(&mut connection)
        .unwrap()
}

fn facts(app: &TestApp) -> Vec<String> {
    let mut connection = app.database.connect();
    events::table.order(events::id).select(events::kind).load(&mut connection).unwrap()
}

#[tokio::test]
async fn r03_r05_onboarding_makes_a_customer_and_onboarding_again_brings_him_up_to_date() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let made = put(&caller, "C-1001", &kari()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let expected = json!({
        "ccid": "C-1001", "id": made.json()["customer"]["id"], "firstName": "Kari", "lastName": "Nordmann",
        "language": "no", "timezone": null, "productGroup": "fibre", "active": true,
        "attributes": {"city": "Oslo"}, "tags": ["vip"],
        "phones": [{"number": KARI, "phoneType": "mobile", "consentType": "express", "clientSource": "crm",
            "active": true}],
        "createdAt": "2026-11-21T08:00:00Z", "updatedAt": "2026-11-21T08:00:00Z"
    });
    assert_eq!(made.json(), json!({"customer": expected, "message": null, "warnings": []}));
    assert_eq!(caller.get("/v1/customers/C-1001").await.json(), expected);
    app.clock.advance(TimeDelta::minutes(1));
    // R04, R05: what is left out stays; a list that is given counts as a whole.
    let again = json!({"firstName": "Kåre", "phones": [{"number": KARI, "consentType": "written"}],
        "attributes": {"plan": "1 Gbit"}});
    let changed = put(&caller, "C-1001", &again).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let customer = &changed.json()["customer"];
    assert_eq!((&customer["id"], &customer["lastName"]), (&expected["id"], &expected["lastName"]));
    assert_eq!((&customer["attributes"], &customer["tags"]), (&json!({"plan": "1 Gbit"}), &json!(["vip"])));
    assert_eq!(customer["phones"][0]["consentType"], "written");
    assert_eq!(customer["phones"][0]["clientSource"], "crm");
    assert_eq!(
        (&customer["createdAt"], &customer["updatedAt"]),
        (&json!("2026-11-21T08:00:00Z"), &json!("2026-11-21T08:01:00Z"))
    );
    assert_eq!(rows(&app).0, 1);
    let facts = facts(&app);
    assert_eq!(facts, ["consent.updated", "customer.onboarded", "consent.updated", "customer.onboarded"]);
    assert_eq!(audited(&app).await, ["consent.changed"]);
}

#[tokio::test]
async fn what_a_customer_is_looked_for_by_follows_his_data() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    assert_eq!(put(&caller, "C-1", &kari()).await.status, 201);
    let pair = |field: &str, value: &str| (field.to_owned(), value.to_owned());
    let expected = [
        pair("attributes.city", "oslo"),
        pair("name", "kari"),
        pair("name", "nordmann"),
        pair("product_group", "fibre"),
        pair("tags", "vip"),
    ];
    assert_eq!(terms(&app), expected);
    let mut other = kari();
    other["tags"] = json!(["Gold", "VIP"]);
    other["attributes"] = json!({"City": "Tromsø"});
    assert_eq!(put(&caller, "C-1", &other).await.status, 200);
    let found = terms(&app);
    assert_eq!(found.iter().filter(|(field, _)| field == "tags").count(), 2, "{found:?}");
    assert!(found.contains(&pair("tags", "vip")) && found.contains(&pair("tags", "gold")), "{found:?}");
    assert!(!found.contains(&pair("attributes.city", "oslo")), "{found:?}");
}

#[tokio::test]
async fn r03_r14_r17_every_fault_is_listed_and_no_bad_request_leaves_a_row() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let missing = put(&caller, "C-1", &json!({})).await;
    let fault = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(missing.faults(), [fault("/firstName", "missing_param"), fault("/phones", "missing_param")]);
    let faulty = json!({
        "firstName": "Kari", "language": "x1", "timezone": "Oslo", "tags": [7], "attributes": {"city": [1]},
        "color": "red",
        "phones": [
            {"number": KARI}, {"number": "4799", "consentType": "express"},
            {"number": LANDLINE, "consentType": "express", "phoneType": "mobile"},
            {"number": SVEN, "consentType": "maybe"}, {"number": KARI, "consentType": "stop"},
            {"number": KARI, "consentType": "express", "consentObtainedAt": "2027-01-01T00:00:00Z"},
            {"consentType": "express"}
        ]
    });
    let mut faults = put(&caller, "C-1", &faulty).await.faults();
    faults.sort();
    let expected = [
        fault("/attributes/city", "invalid_param"),
        fault("/color", "unknown_param"),
        fault("/language", "invalid_param"),
        fault("/phones/0/consentType", "consent_required"),
        fault("/phones/1/number", "invalid_phone_number"),
        fault("/phones/2/phoneType", "identifier_not_mobile"),
        fault("/phones/3/consentType", "invalid_param"),
        fault("/phones/5/consentObtainedAt", "invalid_param"),
        fault("/phones/5/number", "duplicate_param"),
        fault("/phones/6/number", "missing_param"),
        fault("/tags/0", "invalid_param"),
        fault("/timezone", "invalid_param"),
    ];
    assert_eq!(faults, expected);
    let long = "x".repeat(101);
    assert_eq!(put(&caller, &long, &kari()).await.faults(), [fault("", "invalid_param")]);
    let mut unknown = kari();
    unknown["triggerId"] = json!("welcome");
    assert_eq!(put(&caller, "C-1", &unknown).await.code(), "trigger_not_found");
    assert_eq!(rows(&app), (0, 0, 0));
    assert_eq!(caller.get("/v1/customers/C-1").await.code(), "customer_not_found");
}

#[tokio::test]
async fn r18_the_quick_check_says_whether_there_is_a_customer() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    assert_eq!(caller.send("HEAD", "/v1/customers/C-1", &[], "").await.status, 404);
    assert_eq!(put(&caller, "C-1", &kari()).await.status, 201);
    let found = caller.send("HEAD", "/v1/customers/C-1", &[], "").await;
    assert_eq!((found.status, found.text.as_str()), (200, ""));
    // Phones are masked for whoever may not see them, but not for who has just named them.
    let reader = Caller::with(&app, &[Scope::CustomersRead, Scope::CustomersWrite]).await;
    let read = reader.get("/v1/customers/C-1").await.json();
    assert_eq!(read["phones"][0]["number"], "+47*****999");
    let sven = json!({"firstName": "Kari", "phones": [{"number": SVEN, "consentType": "express"}]});
    let put = put(&reader, "C-1", &sven).await.json();
    let numbers: Vec<&str> = put["customer"]["phones"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phone| phone["number"].as_str().unwrap())
        .collect();
    assert!(numbers.contains(&SVEN) && numbers.contains(&"+47*****999"), "{numbers:?}");
}

#[tokio::test]
async fn r20_a_batch_has_a_result_per_item_and_a_bad_one_harms_no_other() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let item = |ccid: &str, phone: &str| {
        let phones = json!([{"number": phone, "consentType": "express"}]);
        json!({"ccid": ccid, "firstName": "Kari", "phones": phones})
    };
    let mut triggered = item("C-5", KARI);
    triggered["triggerId"] = json!("welcome");
    let items = [item("C-1", KARI), item("C-2", "12"), json!({"ccid": "C-3"}), item("C-1", SVEN), triggered];
    let body = json!({"items": items}).to_string();
    let header = [("Idempotency-Key", "batch-1")];
    let answer = caller.send("POST", "/v1/customers/batch", &header, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let json = answer.json();
    let results = json["results"].as_array().unwrap();
    let statuses: Vec<i64> = results.iter().map(|result| result["status"].as_i64().unwrap()).collect();
    assert_eq!(statuses, [201, 422, 422, 200, 404]);
    assert_eq!(results[1]["problem"]["errors"][0]["pointer"], "/items/1/phones/0/number");
    assert_eq!(results[4]["problem"]["code"], "trigger_not_found");
    assert_eq!(results[3]["customer"]["phones"].as_array().unwrap().len(), 2);
    assert_eq!((rows(&app).0, rows(&app).1), (1, 2));
    let replayed = caller.send("POST", "/v1/customers/batch", &header, &body).await;
    assert_eq!((replayed.header("Idempotent-Replayed").as_deref(), replayed.json()), (Some("true"), json));
    assert_eq!(facts(&app).iter().filter(|kind| *kind == "customer.onboarded").count(), 2);
    let many: Vec<Json> = (0..101).map(|_| json!({})).collect();
    let refused = caller.post("/v1/customers/batch", &json!({"items": many}).to_string()).await;
    assert_eq!(refused.faults(), [("/items".to_owned(), "batch_too_large".to_owned())]);
    let refused = caller.post("/v1/customers/batch", "{}").await;
    assert_eq!(refused.faults(), [("/items".to_owned(), "missing_param".to_owned())]);
}

#[tokio::test]
async fn a_customer_has_at_most_50_phones_and_a_phone_at_most_50_customers() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let numbers = |from: u32, count: u32| -> Vec<Json> {
        (from..from + count)
            .map(|number| json!({"number": format!("+4670123{number:04}"), "consentType": "express"}))
            .collect()
    };
    let full = json!({"firstName": "Kari", "phones": numbers(0, 50)});
    assert_eq!(put(&caller, "C-1", &full).await.status, 201);
    let more = json!({"firstName": "Kari", "phones": numbers(50, 1)});
    let refused = put(&caller, "C-1", &more).await;
    assert_eq!(refused.faults(), [("/phones".to_owned(), "invalid_param".to_owned())]);
    let path = "/v1/customers/C-1/phones/+46701230050";
    let refused = caller.send("PUT", path, &[], "{\"consentType\": \"express\"}").await;
    assert_eq!(refused.faults(), [(String::new(), "invalid_param".to_owned())]);
    let mut instead = more.clone();
    instead["deactivatePreviousConnections"] = json!(true);
    let changed = put(&caller, "C-1", &instead).await.json();
    let phones = changed["customer"]["phones"].as_array().unwrap();
    assert_eq!(phones.iter().filter(|phone| phone["active"] == json!(true)).count(), 1);
    for number in 2..52 {
        assert_eq!(put(&caller, &format!("C-{number}"), &kari()).await.status, 201);
    }
    let refused = put(&caller, "C-52", &kari()).await;
    assert_eq!(refused.faults(), [("/phones/0/number".to_owned(), "invalid_param".to_owned())]);
    assert_eq!(put(&caller, "C-51", &kari()).await.status, 200, "he has it already");
}

#[tokio::test]
async fn a_phone_is_connected_and_taken_away_and_its_consent_stays() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let path = format!("/v1/customers/C-1/phones/{SVEN}");
    let body = "{\"consentType\": \"written\", \"clientSource\": \"shop\"}";
    assert_eq!(caller.send("PUT", &path, &[], body).await.code(), "customer_not_found");
    assert_eq!(put(&caller, "C-1", &kari()).await.status, 201);
    let connected = caller.send("PUT", &path, &[], body).await;
    assert_eq!(connected.status, 200, "{connected:?}");
    let expected = json!({"number": SVEN, "phoneType": "mobile", "consentType": "written",
        "clientSource": "shop", "active": true});
    assert_eq!(connected.json()["customer"]["phones"][1], expected);
    let landline = format!("/v1/customers/C-1/phones/{LANDLINE}");
    let connected = caller.send("PUT", &landline, &[], body).await.json();
    assert_eq!(connected["customer"]["phones"][2]["phoneType"], "landline");
    assert_eq!(caller.send("DELETE", &path, &[], "").await.status, 204);
    assert_eq!(caller.send("DELETE", &path, &[], "").await.status, 204);
    let read = caller.get("/v1/customers/C-1").await.json();
    assert_eq!(
        (&read["phones"][1]["active"], &read["phones"][1]["consentType"]),
        (&json!(false), &json!("written"))
    );
    let refused = caller.send("DELETE", "/v1/customers/C-1/phones/12", &[], "").await;
    assert_eq!(refused.faults(), [(String::new(), "invalid_phone_number".to_owned())]);
    let refused = caller.send("DELETE", &format!("/v1/customers/C-9/phones/{SVEN}"), &[], "").await;
    assert_eq!(refused.code(), "customer_not_found");
}

#[tokio::test]
async fn a_deactivated_customer_is_said_so_once_and_onboarding_makes_him_active_again() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    assert_eq!(caller.post("/v1/customers/C-1/deactivate", "").await.code(), "customer_not_found");
    assert_eq!(put(&caller, "C-1", &kari()).await.status, 201);
    for _ in 0..2 {
        let answer = caller.post("/v1/customers/C-1/deactivate", "").await;
        assert_eq!((answer.status, &answer.json()["active"]), (200, &json!(false)));
    }
    assert_eq!(facts(&app).iter().filter(|kind| *kind == "customer.deactivated").count(), 1);
    assert_eq!(audited(&app).await, ["customer.deactivated"]);
    assert_eq!(put(&caller, "C-1", &kari()).await.json()["customer"]["active"], json!(true));
}

#[tokio::test]
async fn r15_a64_onboarding_does_not_lift_a_persons_own_stop_without_newer_proof() {
    let app = Setup::with(&[SHOP]).start().await;
    let caller = Caller::almighty(&app).await;
    let mut wish = kari();
    wish["phones"][0]["number"] = json!(SVEN);
    assert_eq!(put(&caller, "C-1", &wish).await.status, 201);
    let session = app.send("shop", SVEN).await;
    app.reply(SVEN, "STOP").await;
    assert_eq!(app.status(&session).await, "opted_out");
    app.clock.advance(TimeDelta::hours(1));
    let kept = put(&caller, "C-1", &wish).await;
    assert_eq!((kept.status, &kept.json()["customer"]["phones"][0]["consentType"]), (200, &json!("stop")));
    assert_eq!(kept.json()["warnings"][0]["code"], "consent_not_changed");
    assert_eq!(kept.json()["warnings"][0]["pointer"], "/phones/0/consentType");
    wish["phones"][0]["consentObtainedAt"] = json!("2026-11-21T07:00:00Z");
    assert_eq!(put(&caller, "C-1", &wish).await.json()["warnings"][0]["code"], "consent_not_changed");
    wish["phones"][0]["consentObtainedAt"] = json!("2026-11-21T08:30:00Z");
    let lifted = put(&caller, "C-1", &wish).await.json();
    assert_eq!(lifted["customer"]["phones"][0]["consentType"], "express");
    assert_eq!(lifted["warnings"], json!([]));
}

#[tokio::test]
async fn r06_an_empty_feed_is_a_page_and_an_unknown_customer_has_none() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    assert_eq!(caller.get("/v1/customers/C-1/feed").await.code(), "customer_not_found");
    assert_eq!(put(&caller, "C-1", &kari()).await.status, 201);
    let feed = caller.get("/v1/customers/C-1/feed").await.json();
    assert_eq!(feed, json!({"data": [], "nextCursor": null, "hasMore": false}));
}

#[tokio::test]
async fn rs11_erasing_the_only_phone_of_a_customer_erases_the_customer() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    assert_eq!(put(&caller, "C-1", &kari()).await.status, 201);
    let mut two = kari();
    two["phones"] =
        json!([{"number": KARI, "consentType": "express"}, {"number": SVEN, "consentType": "express"}]);
    assert_eq!(put(&caller, "C-2", &two).await.status, 201);
    let held = caller.get(&format!("/v1/phones/{KARI}")).await.json();
    assert_eq!(held["customers"], json!(["C-1", "C-2"]));
    assert_eq!(caller.send("DELETE", &format!("/v1/phones/{KARI}"), &[], "").await.status, 202);
    let gone = caller.get("/v1/customers/C-1").await;
    assert!(!gone.text.contains("Kari") && !gone.text.contains("Oslo"), "{gone:?}");
    assert_eq!((&gone.json()["active"], &gone.json()["phones"]), (&json!(false), &json!([])));
    let other = caller.get("/v1/customers/C-2").await.json();
    assert_eq!((&other["firstName"], other["phones"].as_array().unwrap().len()), (&json!("Kari"), 1));
}
