//! STOP at every point of a conversation (A57, I7): one confirmation, what is queued is cancelled, the next
//! SendSurvey is refused, START lifts it.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::surveys::SHOP;
use crate::support::{SVEN, Script, Setup, TestApp};

const STOPPED: &str = "You will get no more messages from us. Reply START if you want them again.";
const STARTED: &str = "You will get messages from us again. Reply STOP at any time to end them.";

/// How far a conversation has come when the person has had enough: what happens before, in order.
const POINTS: &[(&str, &[&str])] = &[
    ("before the question", &[]),
    ("right after the question", &["@2"]),
    ("after the first answer, before the next question", &["@10", "8"]),
    ("after the second question", &["@10", "8", "@10"]),
    ("after a re-ask", &["@10", "banana", "@10"]),
    ("before a re-ask has left", &["@10", "banana"]),
    ("after the last answer, before the closing text", &["@10", "8", "@10", "1"]),
    ("after the end", &["@10", "8", "@10", "1", "@60"]),
    ("after the expiry", &["@172800"]),
];

async fn come_to(point: &[&str]) -> (TestApp, String) {
    let app = Setup::with(&[SHOP]).start().await;
    let session = app.send("shop", SVEN).await;
    for step in point {
        match step.strip_prefix('@') {
            Some(seconds) => app.advance(TimeDelta::seconds(seconds.parse().unwrap())).await,
            None => app.reply(SVEN, step).await,
        }
    }
    (app, session)
}

#[tokio::test]
async fn at_every_point_of_a_conversation() {
    for (name, point) in POINTS {
        let (app, session) = come_to(point).await;
        let was_open = app.status(&session).await == "active";
        let sent = app.gateway.ledger().len();
        app.reply(SVEN, "Stop!").await;
        app.advance(TimeDelta::hours(1)).await;
        let after: Vec<String> = app.gateway.texts_to(SVEN).split_off(sent);
        assert_eq!(after, [STOPPED], "{name}: one confirmation and nothing else");
        if was_open {
            assert_eq!(app.status(&session).await, "opted_out", "{name}");
        }
        let refused = app.send_survey("shop", &json!({"identifier": SVEN})).await;
        assert_eq!((refused.status, refused.code()), (409, "recipient_opted_out"), "{name}");
        app.reply(SVEN, "8").await;
        app.reply(SVEN, "STOP").await;
        app.advance(TimeDelta::hours(1)).await;
        assert_eq!(app.gateway.texts_to(SVEN).len(), sent + 1, "{name}: silence");
        app.reply(SVEN, "START").await;
        assert_eq!(app.gateway.texts_to(SVEN).split_off(sent + 1), [STARTED], "{name}");
        app.send("shop", SVEN).await;
        app.advance(TimeDelta::seconds(5)).await;
        assert_eq!(app.gateway.texts_to(SVEN).len(), sent + 4, "{name}: START lifts it");
    }
}

#[tokio::test]
async fn while_a_send_is_in_flight_only_that_one_may_still_arrive() {
    let app = Setup::with(&[SHOP]).start().await;
    app.gateway.next(&[Script::Hold]);
    let session = app.send("shop", SVEN).await;
    assert_eq!(app.door().inbound(&[app.message(SVEN, "stop")]).await, 200);
    app.until("the confirmation arrives", async || app.gateway.arrivals().len() == 2).await;
    app.gateway.release();
    app.settle().await;
    app.advance(TimeDelta::hours(1)).await;
    let mut texts = app.gateway.texts_to(SVEN);
    texts.sort_unstable();
    assert_eq!(texts, ["Thanks for shopping with us. Reply STOP to opt out.", STOPPED]);
    assert_eq!(app.states(&session).await, ["accepted", "cancelled"]);
}

#[tokio::test]
async fn a_message_that_comes_back_after_the_stop_is_not_sent_again() {
    let app = Setup::with(&[SHOP]).start().await;
    app.gateway.next(&[Script::Throttle(60)]);
    let session = app.send("shop", SVEN).await;
    assert_eq!(app.states(&session).await[0], "due", "it waits for the gateway's minute");
    app.reply(SVEN, "STOP").await;
    app.advance(TimeDelta::hours(1)).await;
    assert_eq!(app.gateway.texts_to(SVEN), [STOPPED]);
    assert_eq!(app.states(&session).await, ["cancelled", "cancelled"]);
}

#[tokio::test]
async fn stop_ends_every_survey_of_that_phone_and_no_other() {
    let app = Setup::with(&[SHOP]).start().await;
    let body = json!({"identifier": SVEN, "language": "en", "ifOpenSession": "parallel"});
    let first = app.send_survey("shop", &body).await.session_id();
    let second = app.send_survey("shop", &body).await.session_id();
    let other = app.send("shop", "+46701234568").await;
    app.advance(TimeDelta::seconds(10)).await;
    app.reply(SVEN, "stopp").await;
    assert_eq!(app.status(&first).await, "opted_out");
    assert_eq!(app.status(&second).await, "opted_out");
    assert_eq!(app.status(&other).await, "active");
}

#[tokio::test]
async fn for_this_survey_only_where_the_channel_says_so() {
    let other = SHOP.replace("id: shop", "id: other").replace("a001", "a009");
    let app = Setup::with(&[SHOP, &other]).set("channels.fake.keyword_scope", "survey").start().await;
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(10)).await;
    app.reply(SVEN, "STOP").await;
    assert_eq!(app.send_survey("shop", &json!({"identifier": SVEN})).await.code(), "recipient_opted_out");
    assert_eq!(app.send_survey("other", &json!({"identifier": SVEN})).await.status, 201);
    app.advance(TimeDelta::seconds(10)).await;
}
