//! How fast, how many and how late: the token bucket, the caps and the time to live (A73, RF33, RF38, RF39, A85).

use chrono::TimeDelta;

use crate::support::surveys::SHOP;
use crate::support::{SVEN, Script, Setup};

#[tokio::test]
async fn eight_a_second_and_never_more() {
    let app = Setup::with(&[SHOP]).set("channels.fake.throttle_per_second", "8").start().await;
    for number in 0..40 {
        app.send("shop", &format!("+467012345{number:02}")).await;
    }
    app.advance(TimeDelta::seconds(60)).await;
    let ledger = app.gateway.ledger();
    assert_eq!(ledger.len(), 80);
    for (number, sent) in ledger.iter().enumerate() {
        // A full bucket holds one second's worth: never more than 16 in any second, nor more than 8 on average.
        let second =
            ledger[number..].iter().take_while(|later| later.at - sent.at < TimeDelta::seconds(1)).count();
        assert!(second <= 16, "{second} in the second from {}", sent.at);
    }
    let whole = (ledger[79].at - ledger[0].at).num_milliseconds();
    assert!((9_000..=20_000).contains(&whole), "80 messages took {whole} ms");
}

#[tokio::test]
async fn replies_go_before_starts() {
    let app = Setup::with(&[SHOP]).set("channels.fake.throttle_per_second", "1").start().await;
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(10)).await;
    for number in 0..10 {
        app.send("shop", &format!("+467012346{number:02}")).await;
    }
    app.reply(SVEN, "7").await;
    app.advance(TimeDelta::seconds(3)).await;
    assert_eq!(app.gateway.texts_to(SVEN).len(), 3, "the conversation does not wait behind ten others");
    app.advance(TimeDelta::minutes(2)).await;
}

#[tokio::test]
async fn thirty_an_hour_to_one_phone_and_the_rest_later() {
    let app = Setup::with(&[SHOP]).start().await;
    for _ in 0..20 {
        app.send("shop", SVEN).await;
        app.advance(TimeDelta::seconds(10)).await;
    }
    let start: chrono::DateTime<chrono::Utc> = "2026-11-21T08:00:00Z".parse().unwrap();
    let ledger = app.gateway.ledger();
    assert_eq!(ledger.len(), 30, "RF38: exact");
    app.advance(TimeDelta::hours(1)).await;
    let later = app.gateway.ledger();
    assert!(later.len() > 30);
    assert!(later[30].at - start >= TimeDelta::hours(1));
}

#[tokio::test]
async fn what_is_too_old_is_not_sent_after_an_outage() {
    let app = Setup::with(&[SHOP]).start().await;
    app.gateway.otherwise(Script::Throttle(3600));
    let session = app.send("shop", SVEN).await;
    app.advance(TimeDelta::hours(25)).await;
    app.gateway.otherwise(Script::Take);
    app.advance(TimeDelta::hours(2)).await;
    assert_eq!(app.gateway.ledger().len(), 0, "RF33: no burst of old questions");
    assert_eq!(app.status(&session).await, "expired");
    let states = app.states(&session).await;
    assert!(states.iter().all(|state| state == "cancelled" || state == "expired"), "{states:?}");
}

#[tokio::test]
async fn a_stop_confirmation_older_than_five_minutes_is_not_sent() {
    let app = Setup::with(&[SHOP]).start().await;
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(5)).await;
    app.gateway.otherwise(Script::Throttle(600));
    app.reply(SVEN, "STOP").await;
    app.gateway.otherwise(Script::Take);
    app.advance(TimeDelta::hours(1)).await;
    assert_eq!(app.gateway.texts_to(SVEN).len(), 2, "GW62: it is too late to be understood");
}

#[tokio::test]
async fn strangers_get_at_most_a_hundred_texts_an_hour_together() {
    let app = Setup::with(&[SHOP]).set("limits.not_found_per_channel_per_hour", "5").start().await;
    for number in 0..9 {
        app.reply(&format!("+467012345{number:02}"), "hello").await;
    }
    assert_eq!(app.gateway.ledger().len(), 5, "RF39");
    app.advance(TimeDelta::hours(1)).await;
    app.reply("+46701234599", "hello").await;
    assert_eq!(app.gateway.ledger().len(), 6);
}

#[tokio::test]
async fn a_hundred_inbound_a_session_and_then_none_is_read() {
    let app = Setup::with(&[SHOP]).set("limits.inbound_per_session", "3").start().await;
    let session = app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(10)).await;
    for text in ["banana", "apple"] {
        app.reply(SVEN, text).await;
        app.advance(TimeDelta::seconds(10)).await;
    }
    app.reply(SVEN, "HELP").await;
    app.advance(TimeDelta::seconds(10)).await;
    app.reply(SVEN, "8").await;
    assert_eq!(app.last_inbound().await, ("ignored".to_owned(), Some("inbound_cap".to_owned())));
    assert!(app.answers(&session).await.is_empty());
}

#[tokio::test]
async fn a_gateway_that_keeps_failing_is_given_a_rest() {
    let app = Setup::with(&[SHOP]).start().await;
    app.gateway.otherwise(Script::HangUp);
    for number in 0..12 {
        app.send("shop", &format!("+467012345{number:02}")).await;
    }
    let arrived = app.gateway.arrivals().len();
    assert!(arrived < 12, "the circuit opens after five silent answers; {arrived} arrived");
    app.gateway.otherwise(Script::Take);
    app.advance(TimeDelta::minutes(30)).await;
    let reached: std::collections::BTreeSet<String> =
        app.gateway.ledger().into_iter().map(|sent| sent.to).collect();
    assert_eq!(reached.len(), 12, "everybody got something in the end");
}

#[tokio::test]
async fn a_gateway_that_takes_ten_a_second_gets_no_more_from_all_its_channels_together() {
    let app = Setup::with(&[SHOP]).set("gateways.fake.params.rate", "10").start().await;
    let channels = app.door().get("/v1/channels").await.body;
    for name in ["fake", "other"] {
        let all = channels["data"].as_array().unwrap();
        let channel = &all.iter().find(|channel| channel["name"] == name).unwrap()["id"];
        for number in 0..30 {
            let number = if name == "fake" { number } else { 50 + number };
            let body = serde_json::json!({"identifier": format!("+467012345{number:02}"), "language": "en",
                "channelId": channel});
            assert_eq!(app.door().post("/v1/surveys/shop/send", &body).await.status, 201);
        }
    }
    app.settle().await;
    app.advance(TimeDelta::seconds(60)).await;
    let ledger = app.gateway.ledger();
    assert_eq!(ledger.len(), 120);
    for (number, sent) in ledger.iter().enumerate() {
        let second =
            ledger[number..].iter().take_while(|later| later.at - sent.at < TimeDelta::seconds(1)).count();
        assert!(second <= 20, "{second} in the second from {}", sent.at);
    }
    let whole = (ledger[119].at - ledger[0].at).num_milliseconds();
    assert!((10_500..=20_000).contains(&whole), "120 messages took {whole} ms");
}
