//! The same message again, and two messages at once (RF17, RF18, RF22, A44).

use chrono::TimeDelta;
use serde_json::json;

use crate::support::surveys::SHOP;
use crate::support::{Message, SVEN, Setup, TestApp};

async fn asked() -> (TestApp, String) {
    let app = Setup::with(&[SHOP]).start().await;
    let session = app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(10)).await;
    (app, session)
}

async fn outcomes(app: &TestApp) -> Vec<String> {
    let log = app.inbound_log().await;
    let mut outcomes: Vec<String> =
        log.iter().map(|inbound| inbound["outcome"].as_str().unwrap().to_owned()).collect();
    outcomes.sort_unstable();
    outcomes
}

#[tokio::test]
async fn two_replies_at_once_advance_the_session_once() {
    for round in 0..10 {
        let app = Setup::with(&[SHOP]).start().await;
        let session = app.send("shop", SVEN).await;
        // One second after the question: the next one may not leave before both replies are here.
        app.advance(TimeDelta::seconds(3)).await;
        let replies = [app.message(SVEN, "8"), app.message(SVEN, "9")];
        let (first, second) =
            tokio::join!(app.door().inbound(&replies[..1]), app.door().inbound(&replies[1..]));
        assert_eq!((first, second), (200, 200));
        app.advance(TimeDelta::seconds(5)).await;
        assert_eq!(app.session(&session).await["currentElementId"], "reason", "round {round}");
        assert_eq!(app.answers(&session).await.len(), 1);
        assert_eq!(outcomes(&app).await, ["applied", "extra"]);
        assert_eq!(app.gateway.ledger().len(), 3, "one next question");
    }
}

#[tokio::test]
async fn the_same_message_twenty_times_at_once_has_one_effect() {
    let (app, session) = asked().await;
    let message = app.message(SVEN, "8");
    let calls = (0..20).map(|_| app.door().inbound(std::slice::from_ref(&message)));
    let statuses = futures_util::future::join_all(calls).await;
    assert_eq!(statuses, [200; 20]);
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(outcomes(&app).await, ["applied"]);
    assert_eq!(app.answers(&session).await.len(), 1);
    assert_eq!(app.gateway.ledger().len(), 3);
}

#[tokio::test]
async fn the_same_message_twenty_times_in_one_call_has_one_effect() {
    let (app, session) = asked().await;
    let messages = vec![app.message(SVEN, "8"); 20];
    assert_eq!(app.door().inbound(&messages).await, 200);
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(outcomes(&app).await, ["applied"]);
    assert_eq!(app.answers(&session).await.len(), 1);
}

#[tokio::test]
async fn an_id_is_remembered_long_after() {
    let (app, _) = asked().await;
    let message = app.message(SVEN, "8");
    app.receive(&message).await;
    app.advance(TimeDelta::days(3)).await;
    let sent = app.gateway.ledger().len();
    app.receive(&message).await;
    assert_eq!(app.gateway.ledger().len(), sent, "no \"expired\" text for a repeat");
    assert_eq!(outcomes(&app).await, ["applied"]);
}

#[tokio::test]
async fn without_an_id_the_same_text_counts_again_only_after_we_sent_something() {
    let app = Setup::with(&[SHOP]).start().await;
    let session = app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(3)).await;
    let message = Message { id: None, ..app.message(SVEN, "2") };
    app.receive(&message).await;
    app.receive(&message).await;
    assert_eq!(outcomes(&app).await, ["applied"], "RF18: a repeat");
    app.advance(TimeDelta::seconds(5)).await;
    app.receive(&message).await;
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(app.answers(&session).await[1]["code"], "staff", "\"2\" to the next question is an answer");
}

#[tokio::test]
async fn a_bad_item_of_a_call_does_not_spoil_the_others() {
    let (app, session) = asked().await;
    let call = json!([
        {"messageId": "a", "from": SVEN, "to": "2012", "text": "8"},
        {"messageId": "b", "to": "2012", "text": "no sender"},
        {"messageId": "c", "from": "+46701234599", "to": "2012", "text": "hello"},
    ]);
    assert_eq!(app.door().callback("inbound", &call).await.unwrap(), 200);
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(outcomes(&app).await, ["applied", "dead", "unmatched"], "A84");
    assert_eq!(app.answers(&session).await[0]["value"], 8);
}

#[tokio::test]
async fn a_forged_call_has_no_effect_at_all() {
    let (app, session) = asked().await;
    let call = json!({"messageId": "a", "from": SVEN, "to": "2012", "text": "8"});
    for secret in ["", "wrong", "a-secret-of-the-gatewa", "a-secret-of-the-gateway2"] {
        assert_eq!(app.door().forged("inbound", secret, &call).await, 401, "{secret}");
    }
    assert!(outcomes(&app).await.is_empty());
    assert!(app.answers(&session).await.is_empty());
}

#[tokio::test]
async fn an_ivr_that_repeats_its_call_starts_one_survey() {
    let app = Setup::with(&[SHOP]).start().await;
    let body = json!({"identifier": SVEN, "language": "en", "clientReference": "ivr-1"});
    let calls = (0..8).map(|_| app.door().post("/v1/surveys/shop/send", &body));
    let answers = futures_util::future::join_all(calls).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.body["id"] == answers[0].body["id"]));
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(app.gateway.ledger().len(), 2);
}
