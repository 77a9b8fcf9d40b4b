//! Channels and gateways over HTTP: made, changed, paused.

use serde_json::{Value as Json, json};

use super::{Caller, audited};
use crate::support::surveys::SHOP;
use crate::support::{SVEN, Setup};

async fn channel(caller: &Caller<'_>, name: &str) -> Json {
    let listed = caller.get("/v1/channels").await.json();
    let found = listed["data"].as_array().unwrap().iter().find(|channel| channel["name"] == json!(name));
    found.cloned().unwrap()
}

#[tokio::test]
async fn a_channel_is_made_and_read_back_in_the_shape_of_the_specification() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let wish = json!({
        "name": "Nordlys 2015", "gateway": "fake", "sender": "2015", "senderType": "short_number",
        "subnumbering": false, "allowedCountries": ["47", "+46"], "throttlePerSecond": 2.5,
        "onAmbiguous": "at_most_once", "waitFor": "delivered", "defaultLanguage": "no", "keywordScope": "survey",
        "texts": {"notFound": {"no": "Vi fant ingenting."}},
        "keywords": {"no": {"optOutStrong": ["FERDIG"]}}
    });
    let made = caller.post("/v1/channels", &wish.to_string()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].clone();
    let expected = json!({
        "id": id, "name": "Nordlys 2015", "kind": "sms", "enabled": true, "gateway": "fake", "sender": "2015",
        "senderType": "short_number", "subnumbering": false, "poolNumbers": [], "allowedCountries": ["47", "46"],
        "throttlePerSecond": 2.5, "onAmbiguous": "at_most_once", "waitFor": "delivered", "defaultLanguage": "no",
        "defaultSkill": null,
        "keywordScope": "survey", "texts": {"notFound": {"no": "Vi fant ingenting."}},
        "keywords": {"no": {"optOutStrong": ["FERDIG"], "optOutWeak": [], "optIn": [], "help": []}}
    });
    assert_eq!(made.json(), expected);
    assert_eq!(caller.get(&format!("/v1/channels/{}", id.as_str().unwrap())).await.json(), expected);
    assert_eq!(audited(&app).await, ["channel.created"]);
}

#[tokio::test]
async fn what_a_channel_cannot_be_is_refused() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let wish = |name: &str, sender: &str, kind: &str, gateway: &str| {
        json!({"name": name, "gateway": gateway, "sender": sender, "senderType": kind}).to_string()
    };
    let refused = caller.post("/v1/channels", &wish("a", "Nordlys", "alphanumeric", "fake")).await;
    assert_eq!(refused.faults(), [("/senderType".to_owned(), "sender_cannot_receive".to_owned())]);
    let refused = caller.post("/v1/channels", &wish("a", "2016", "short_number", "nobody")).await;
    assert_eq!(refused.code(), "gateway_not_found");
    let refused = caller.post("/v1/channels", &wish("fake", "2016", "short_number", "fake")).await;
    assert_eq!(refused.faults()[0].0, "/name");
    let refused = caller.post("/v1/channels", &wish("a", "2012", "short_number", "fake")).await;
    assert_eq!(refused.faults()[0].0, "/sender");
    let path = format!("/v1/channels/{}", channel(&caller, "fake").await["id"].as_str().unwrap());
    let refused = caller.send("PATCH", &path, &[], "{\"kind\": \"voice\"}").await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "channel_kind_fixed"));
    let faulty = json!({
        "throttlePerSecond": 0, "allowedCountries": ["047"], "texts": {"optOut": {"no": ""}, "bye": {}},
        "keywords": {"no": {"optIn": [7]}, "1": {}}
    });
    let faults = caller.send("PATCH", &path, &[], &faulty.to_string()).await.faults();
    let mut pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    pointers.sort_unstable();
    let expected = [
        "/allowedCountries/0",
        "/keywords/1",
        "/keywords/no/optIn/0",
        "/texts/bye",
        "/texts/optOut/no",
        "/throttlePerSecond",
    ];
    assert_eq!(pointers, expected);
    assert_eq!(caller.get("/v1/channels/none").await.code(), "channel_not_found");
}

#[tokio::test]
async fn own_keywords_and_countries_take_effect_at_once() {
    let app = Setup::with(&[SHOP]).start().await;
    let caller = Caller::almighty(&app).await;
    let session = app.send("shop", SVEN).await;
    let path = format!("/v1/channels/{}", channel(&caller, "fake").await["id"].as_str().unwrap());
    let change =
        json!({"keywords": {"no": {"optOutStrong": ["FERDIG"]}}, "allowedCountries": ["47"]}).to_string();
    assert_eq!(caller.send("PATCH", &path, &[], &change).await.status, 200);
    app.reply(SVEN, "Ferdig").await;
    assert_eq!(app.last_inbound().await.0, "keyword");
    assert_eq!(app.status(&session).await, "opted_out");
    let body = json!({"identifier": "+46701234568"}).to_string();
    let refused = caller.post("/v1/surveys/shop/send", &body).await;
    assert_eq!(refused.faults()[0].1, "country_not_allowed");
}

#[tokio::test]
async fn gw88_switching_a_channel_off_stops_starts_and_sends_at_once() {
    let app = Setup::with(&[SHOP]).start().await;
    let caller = Caller::almighty(&app).await;
    let session = app.send("shop", SVEN).await;
    let path = format!("/v1/channels/{}", channel(&caller, "fake").await["id"].as_str().unwrap());
    assert_eq!(caller.send("PATCH", &path, &[], "{\"enabled\": false}").await.status, 200);
    let other = channel(&caller, "fake").await;
    let body = json!({"identifier": "+46701234568", "channelId": other["id"]}).to_string();
    assert_eq!(caller.post("/v1/surveys/shop/send", &body).await.code(), "channel_not_configured");
    app.advance(chrono::TimeDelta::minutes(5)).await;
    assert_eq!(app.gateway.ledger().len(), 1, "what waited waits on");
    assert_eq!(app.states(&session).await, ["accepted", "held"]);
    app.may_leave_unsettled();
}

#[tokio::test]
async fn re31_what_is_held_past_its_time_is_expired() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    assert_eq!(caller.post("/v1/gateways/fake/pause", "").await.status, 200);
    app.reply(SVEN, "hello").await;
    let path = format!("/v1/channels/{}", channel(&caller, "fake").await["id"].as_str().unwrap());
    assert_eq!(caller.send("PATCH", &path, &[], "{\"enabled\": false}").await.status, 200);
    assert_eq!(caller.post("/v1/gateways/fake/resume", "").await.status, 200);
    app.settle().await;
    let state = async || caller.get("/v1/messages").await.json()["data"][0]["state"].clone();
    assert_eq!(state().await, json!("held"));
    app.advance(chrono::TimeDelta::minutes(61)).await;
    assert_eq!(state().await, json!("expired"));
}

#[tokio::test]
async fn gw54_a_channel_with_a_number_pool_names_its_numbers() {
    let app = Setup::with(&[]).set("gateways.fake.params.subnumber_mode", "number_pool");
    let app = app.set("channels.fake.subnumbering", "false").start().await;
    let caller = Caller::almighty(&app).await;
    let wish = |sender: &str, pool: &[&str]| {
        json!({
            "name": format!("pool {sender}"), "gateway": "fake", "sender": sender, "senderType": "international",
            "poolNumbers": pool
        })
        .to_string()
    };
    let fault = |refused: &super::Reply| refused.faults()[0].0.clone();
    assert_eq!(fault(&caller.post("/v1/channels", &wish("+4759440000", &[])).await), "/poolNumbers");
    let twice = ["+4759440001", "4759440001"];
    assert_eq!(fault(&caller.post("/v1/channels", &wish("+4759440000", &twice)).await), "/poolNumbers");
    let made = caller.post("/v1/channels", &wish("+4759440000", &["+4759440001", "+4759440002"])).await;
    assert_eq!((made.status, &made.json()["subnumbering"]), (201, &json!(true)));
    assert_eq!(made.json()["poolNumbers"], json!(["+4759440001", "+4759440002"]));
    let taken = caller.post("/v1/channels", &wish("+4759440002", &["+4759440009"])).await;
    assert_eq!(fault(&taken), "/sender", "an inbound to it could be meant for either");
}

#[tokio::test]
async fn a_paused_gateway_sends_nothing_until_it_is_resumed_even_after_a_restart() {
    let mut app = Setup::with(&[SHOP]).start().await;
    {
        let caller = Caller::almighty(&app).await;
        let paused = caller.post("/v1/gateways/fake/pause", "").await;
        assert_eq!((paused.status, &paused.json()["paused"]), (200, &json!(true)));
        assert_eq!(caller.post("/v1/gateways/nobody/pause", "").await.code(), "gateway_not_found");
    }
    app.stop().await;
    app.open().await;
    let caller = Caller::almighty(&app).await;
    let body = json!({"identifier": SVEN}).to_string();
    assert_eq!(caller.post("/v1/surveys/shop/send", &body).await.status, 201);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(app.gateway.ledger().is_empty(), "a paused gateway got a message");
    assert_eq!(caller.post("/v1/gateways/fake/resume", "").await.json()["paused"], json!(false));
    app.until("the message is sent", async || !app.gateway.ledger().is_empty()).await;
    app.settle().await;
    let listed = caller.get("/v1/gateways").await.json();
    let fake = listed["data"].as_array().unwrap().iter().find(|one| one["name"] == json!("fake")).unwrap();
    assert_eq!((&fake["profile"], &fake["circuit"]), (&json!("generic"), &json!("closed")));
    assert!(fake["lastOutboundAt"].is_string(), "{fake}");
    assert_eq!(audited(&app).await, ["gateway.paused", "gateway.resumed"]);
    app.may_leave_unsettled();
}
