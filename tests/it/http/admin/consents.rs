//! Consents over HTTP (http-api.md 6.2): A57, A64, A65, Z36, S10.

use antiphon::app::api_key::Scope;
use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use super::{Caller, Reply, audited};
use crate::support::surveys::SHOP;
use crate::support::{KARI, SVEN, Setup};

async fn put(caller: &Caller<'_>, phone: &str, body: &Json) -> Reply {
    caller.send("PUT", &format!("/v1/consents/{phone}"), &[], &body.to_string()).await
}

#[tokio::test]
async fn a65_consent_belongs_to_the_phone_and_every_change_is_a_ledger_row() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    assert_eq!(caller.get(&format!("/v1/consents/{KARI}")).await.code(), "consent_not_found");
    let wish = json!({"consentType": "written", "source": "letter", "obtainedAt": "2026-11-20T10:00:00+01:00",
        "note": "binder 7"});
    let changed = put(&caller, KARI, &wish).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let mut expected = json!({
        "phone": KARI, "consentType": "written", "scope": "global", "source": "letter",
        "obtainedAt": "2026-11-20T09:00:00Z", "keyword": null, "inboundId": null,
        "actor": changed.json()["actor"], "updatedAt": "2026-11-21T08:00:00Z", "warnings": []
    });
    assert_eq!(changed.json(), expected);
    expected.as_object_mut().unwrap().remove("warnings");
    assert_eq!(caller.get(&format!("/v1/consents/{KARI}")).await.json(), expected);
    app.clock.advance(TimeDelta::minutes(1));
    assert_eq!(put(&caller, KARI, &json!({"consentType": "written"})).await.status, 200);
    assert_eq!(put(&caller, KARI, &json!({"consentType": "stop"})).await.status, 200);
    // A stop of the API may be lifted by the API.
    let lifted = put(&caller, KARI, &json!({"consentType": "express"})).await.json();
    assert_eq!((&lifted["consentType"], &lifted["warnings"]), (&json!("express"), &json!([])));
    let ledger = caller.get(&format!("/v1/consents/{KARI}/history")).await.json();
    let kinds: Vec<(&str, &str)> = ledger["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["consentType"].as_str().unwrap(), row["source"].as_str().unwrap()))
        .collect();
    assert_eq!(kinds, [("written", "letter"), ("stop", "api"), ("express", "api")], "no change, no row");
    assert_eq!(ledger["data"][0]["note"], "binder 7");
    assert_eq!(audited(&app).await, ["consent.changed", "consent.changed"]);
}

#[tokio::test]
async fn what_no_consent_can_be_is_refused_and_leaves_no_row() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let fault = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
    let refused = put(&caller, "4799", &json!({"consentType": "stop"})).await;
    assert_eq!(refused.faults(), fault("", "invalid_phone_number"));
    assert_eq!(put(&caller, KARI, &json!({})).await.faults(), fault("/consentType", "consent_required"));
    let refused = put(&caller, KARI, &json!({"consentType": "stop", "source": "inbound"})).await;
    assert_eq!(refused.faults(), fault("/source", "invalid_param"));
    let future = json!({"consentType": "stop", "obtainedAt": "2026-11-21T08:00:01Z"});
    assert_eq!(put(&caller, KARI, &future).await.faults(), fault("/obtainedAt", "invalid_param"));
    assert_eq!(
        caller.get("/v1/consents?consentType=yes").await.faults(),
        fault("?consentType", "invalid_param")
    );
    assert_eq!(caller.get(&format!("/v1/consents/{KARI}")).await.code(), "consent_not_found");
    let ledger = caller.get(&format!("/v1/consents/{KARI}/history")).await.json();
    assert_eq!(ledger, json!({"data": [], "nextCursor": null, "hasMore": false}));
}

#[tokio::test]
async fn a57_a_stop_by_api_cancels_what_waits_and_ends_the_session_without_a_word() {
    let app = Setup::with(&[SHOP]).start().await;
    let caller = Caller::almighty(&app).await;
    let session = app.send("shop", SVEN).await;
    let before = app.gateway.ledger().len();
    assert_eq!(put(&caller, SVEN, &json!({"consentType": "stop"})).await.status, 200);
    app.advance(TimeDelta::minutes(1)).await;
    assert_eq!(app.status(&session).await, "opted_out");
    assert_eq!(app.gateway.ledger().len(), before, "nobody is texted that he is not texted");
    let body = json!({"identifier": SVEN, "language": "en"}).to_string();
    assert_eq!(caller.post("/v1/surveys/shop/send", &body).await.code(), "recipient_opted_out");
}

#[tokio::test]
async fn a64_a_persons_own_stop_is_lifted_by_newer_proof_or_his_start_alone() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    app.reply(SVEN, "STOP").await;
    let stop = caller.get(&format!("/v1/consents/{SVEN}")).await.json();
    assert_eq!(
        (&stop["consentType"], &stop["source"], &stop["keyword"]),
        (&json!("stop"), &json!("inbound"), &json!("stop"))
    );
    app.clock.advance(TimeDelta::minutes(10));
    // A caller's stop on top of it makes it no easier to lift.
    assert_eq!(put(&caller, SVEN, &json!({"consentType": "stop"})).await.json()["source"], "inbound");
    for proof in [Json::Null, json!("2026-11-21T07:59:59Z"), json!("2026-11-21T08:00:00Z")] {
        let wish = json!({"consentType": "express", "obtainedAt": proof});
        let kept = put(&caller, SVEN, &wish).await.json();
        assert_eq!(kept["consentType"], "stop", "{kept:?}");
        assert_eq!(kept["warnings"][0]["code"], "consent_not_changed");
        assert_eq!(kept["warnings"][0]["pointer"], "/consentType");
    }
    let wish = json!({"consentType": "express", "obtainedAt": "2026-11-21T08:05:00Z"});
    assert_eq!(put(&caller, SVEN, &wish).await.json()["consentType"], "express");
    app.reply(SVEN, "STOP").await;
    app.reply(SVEN, "START").await;
    assert_eq!(caller.get(&format!("/v1/consents/{SVEN}")).await.json()["consentType"], "express");
}

#[tokio::test]
async fn z36_who_said_stop_is_listed_page_by_page() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    for number in 0..5 {
        let phone = format!("+4690000000{number}");
        let kind = if number == 2 { "express" } else { "stop" };
        assert_eq!(put(&caller, &phone, &json!({"consentType": kind})).await.status, 200);
        if number > 2 {
            app.clock.advance(TimeDelta::seconds(1));
        }
    }
    let reader = Caller::with(&app, &[Scope::CustomersRead]).await;
    let mut found = Vec::new();
    let mut path = "/v1/consents?consentType=stop&limit=3".to_owned();
    loop {
        let page = reader.get(&path).await.json();
        found.extend(
            page["data"].as_array().unwrap().iter().map(|row| row["phone"].as_str().unwrap().to_owned()),
        );
        if page["hasMore"] == json!(false) {
            break;
        }
        path =
            format!("/v1/consents?consentType=stop&limit=3&cursor={}", page["nextCursor"].as_str().unwrap());
    }
    assert_eq!(found, ["+46*****000", "+46*****001", "+46*****003", "+46*****004"]);
    let all = caller.get("/v1/consents?order=desc").await.json();
    let phones: Vec<&str> =
        all["data"].as_array().unwrap().iter().map(|row| row["phone"].as_str().unwrap()).collect();
    assert_eq!(phones[..2], ["+46900000004", "+46900000003"]);
    assert_eq!(phones.len(), 5);
}

#[tokio::test]
async fn s10_a_stop_that_outlived_an_erasure_is_shown_and_kept() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    app.reply(SVEN, "STOP").await;
    assert_eq!(caller.send("DELETE", &format!("/v1/phones/{SVEN}"), &[], "").await.status, 202);
    app.clock.advance(TimeDelta::minutes(1));
    let stop = caller.get(&format!("/v1/consents/{SVEN}")).await.json();
    assert_eq!((&stop["consentType"], &stop["source"]), (&json!("stop"), &json!("erasure")));
    let kept = put(&caller, SVEN, &json!({"consentType": "express"})).await.json();
    assert_eq!(
        (&kept["consentType"], &kept["warnings"][0]["code"]),
        (&json!("stop"), &json!("consent_not_changed"))
    );
    let wish = json!({"consentType": "express", "obtainedAt": "2026-11-21T08:00:30Z"});
    assert_eq!(put(&caller, SVEN, &wish).await.json()["consentType"], "express");
}
