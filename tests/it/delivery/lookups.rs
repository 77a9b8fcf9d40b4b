//! A gateway that can be asked by our reference what became of a send (RE19 b, RF14): within the wait it settles what
//! nobody knows, and if it knows nothing all is as before.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::json;

use super::doubt::ONE;
use crate::support::{KARI, Lookup, SVEN, Script, Setup, TestApp, asked_profile};

/// A server whose gateway can be asked.
async fn asking() -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("asked.yaml"), asked_profile()).unwrap();
    Setup::with(&[ONE])
        .set("profiles.folder", &folder.path().display().to_string())
        .set("gateways.fake.profile", "asked")
        .set("gateways.fake.secrets.outbound", "the-key-of-the-gateway")
        .start()
        .await
}

/// A question whose send got lost, and what the gateway says of it.
async fn in_doubt(script: Script, lookup: Lookup) -> (TestApp, String) {
    let app = asking().await;
    app.gateway.next(&[script]);
    app.gateway.when_asked(lookup);
    let session = app.send("one", SVEN).await;
    assert_eq!(app.states(&session).await, ["unknown"]);
    (app, session)
}

async fn asked(app: &TestApp, times: usize) {
    app.until("the gateway is asked", async || app.gateway.lookups().len() == times).await;
}

fn reports(app: &TestApp) -> i64 {
    use antiphon::store::schema::delivery_reports;
    delivery_reports::table.count().get_result(&mut app.database.connect()).unwrap()
}

#[tokio::test]
async fn re19_b_what_the_gateway_says_settles_a_send_that_nobody_knew_of_without_a_second_sms() {
    for (word, state) in [("taken", "accepted"), ("delivered", "delivered"), ("failed", "failed")] {
        let (app, session) = in_doubt(Script::TakeThenHangUp, Lookup::Says(word)).await;
        let lost_at = app.now();
        app.advance(TimeDelta::seconds(4)).await;
        assert_eq!(app.gateway.lookups().len(), 0, "it may still be at it");
        app.advance(TimeDelta::seconds(1)).await;
        app.until("the lookup settles it", async || app.states(&session).await == [state]).await;
        app.advance(TimeDelta::minutes(10)).await;
        assert_eq!(app.gateway.arrivals().len(), 1, "{word}: no second SMS");
        let lookups = app.gateway.lookups();
        assert_eq!((lookups.len(), lookups[0].0), (1, lost_at + TimeDelta::seconds(5)));
        let reference = app.gateway.ledger()[0].reference.clone();
        let head = lookups[0].1.to_ascii_lowercase();
        let line = format!("get /messages?ref={} http/1.1\r\n", reference.to_ascii_lowercase());
        assert!(head.starts_with(&line) && head.contains("x-api-key: the-key-of-the-gateway"), "{head}");
        let sent = app.sent_in(&session).await;
        assert_eq!((&sent[0]["state"], &sent[0]["possibleDuplicate"]), (&json!(state), &json!(false)));
        assert_eq!(reports(&app), 1, "it is stored as a delivery report is");
    }
}

#[tokio::test]
async fn re19_b_the_conversation_goes_on_and_reports_find_the_message_by_the_id_it_told() {
    let (app, session) = in_doubt(Script::TakeThenFail, Lookup::Says("taken")).await;
    app.advance(TimeDelta::seconds(5)).await;
    app.until("the lookup settles it", async || app.states(&session).await == ["accepted"]).await;
    app.report("gw-1", "delivered").await;
    assert_eq!(app.states(&session).await, ["delivered"]);
    app.reply(SVEN, "8").await;
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(app.status(&session).await, "completed");
    assert_eq!(app.gateway.texts_to(SVEN), ["Reply 1-10. Reply STOP to opt out.", "Thank you!"]);
}

#[tokio::test]
async fn rf14_a_gateway_that_knows_nothing_is_asked_twice_and_then_the_question_is_sent_once_more() {
    for lookup in [
        Lookup::NotFound,
        Lookup::Says("queued"),
        Lookup::Says("a word that nobody knows"),
        Lookup::SaysOfAnother("delivered"),
        Lookup::Refuse(500),
        Lookup::HangUp,
    ] {
        let (app, session) = in_doubt(Script::HangUp, lookup).await;
        let lost_at = app.now();
        app.advance(TimeDelta::seconds(5)).await;
        asked(&app, 1).await;
        app.advance(TimeDelta::seconds(85)).await;
        asked(&app, 2).await;
        let times: Vec<i64> =
            app.gateway.lookups().iter().map(|(at, _)| (*at - lost_at).num_seconds()).collect();
        assert_eq!(times, [5, 90], "{lookup:?}");
        app.advance(TimeDelta::seconds(29)).await;
        assert_eq!((app.gateway.arrivals().len(), reports(&app)), (1, 0), "{lookup:?}: nothing is stored");
        app.advance(TimeDelta::seconds(1)).await;
        let sent = app.sent_in(&session).await;
        assert_eq!((&sent[0]["state"], &sent[0]["possibleDuplicate"]), (&json!("accepted"), &json!(true)));
        app.advance(TimeDelta::hours(1)).await;
        assert_eq!((app.gateway.arrivals().len(), app.gateway.lookups().len()), (2, 2), "{lookup:?}");
    }
}

#[tokio::test]
async fn re19_b_a_gateway_that_knows_it_later_settles_it_at_the_second_question() {
    let (app, session) = in_doubt(Script::TakeThenFail, Lookup::Says("queued")).await;
    app.advance(TimeDelta::seconds(5)).await;
    asked(&app, 1).await;
    app.gateway.when_asked(Lookup::Says("delivered"));
    app.advance(TimeDelta::seconds(85)).await;
    app.until("the lookup settles it", async || app.states(&session).await == ["delivered"]).await;
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(app.gateway.arrivals().len(), 1);
}

#[tokio::test]
async fn re19_b_a_repeat_that_gets_lost_is_asked_about_again_and_there_is_never_a_third_copy() {
    let (app, session) = in_doubt(Script::TakeThenFail, Lookup::NotFound).await;
    app.gateway.next(&[Script::TakeThenFail]);
    app.advance(TimeDelta::seconds(5)).await;
    asked(&app, 1).await;
    app.advance(TimeDelta::seconds(85)).await;
    asked(&app, 2).await;
    app.advance(TimeDelta::seconds(30)).await;
    assert_eq!((app.gateway.arrivals().len(), app.states(&session).await), (2, vec!["unknown".to_owned()]));
    app.gateway.when_asked(Lookup::Says("taken"));
    app.advance(TimeDelta::seconds(5)).await;
    app.until("the lookup settles it", async || app.states(&session).await == ["accepted"]).await;
    app.advance(TimeDelta::hours(1)).await;
    assert_eq!(app.gateway.arrivals().len(), 2);
}

#[tokio::test]
async fn re19_b_a_gateway_whose_circuit_is_open_is_not_asked() {
    let (app, session) = in_doubt(Script::TakeThenFail, Lookup::Says("taken")).await;
    let lost_at = app.now();
    app.advance(TimeDelta::seconds(3)).await;
    app.gateway.next(&[Script::Refuse(401)]);
    let other = app.send("one", KARI).await;
    app.advance(TimeDelta::seconds(4)).await;
    assert_eq!(app.states(&session).await, ["unknown"]);
    // Its circuit is open until the eighth second; then the next send shows that it is well.
    app.advance(TimeDelta::seconds(10)).await;
    app.until("the lookup settles it", async || app.states(&session).await == ["accepted"]).await;
    let lookups = app.gateway.lookups();
    assert!(lookups[0].0 >= lost_at + TimeDelta::seconds(8), "{lookups:?}");
    app.advance(TimeDelta::minutes(1)).await;
    assert_eq!(app.states(&other).await, ["accepted"]);
}

#[tokio::test]
async fn re19_b_a_reply_that_proves_the_send_ends_the_questions() {
    let (app, session) = in_doubt(Script::TakeThenFail, Lookup::NotFound).await;
    app.advance(TimeDelta::seconds(5)).await;
    asked(&app, 1).await;
    app.reply(SVEN, "8").await;
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!((app.status(&session).await.as_str(), app.gateway.lookups().len()), ("completed", 1));
}
