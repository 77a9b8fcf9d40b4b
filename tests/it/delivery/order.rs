//! Order beats timing (A12, I5, I16): nothing of a later message leaves before the earlier one was accepted or
//! given up.

use chrono::TimeDelta;

use super::first_copies;
use crate::support::surveys::SHOP;
use crate::support::{SVEN, Script, Setup, TestApp};

const INTRO: &str = "Thanks for shopping with us. Reply STOP to opt out.";
const SCORE: &str = "How did you like it? Reply 1-10.";

async fn app() -> TestApp {
    Setup::with(&[SHOP]).start().await
}

/// Both messages were taken, in order, at least two seconds apart.
fn assert_in_order(app: &TestApp) {
    let ledger = app.gateway.ledger();
    let copies = first_copies(&ledger);
    let texts: Vec<&str> = copies.iter().map(|sent| sent.text.as_str()).collect();
    assert_eq!(texts, [INTRO, SCORE]);
    assert!(copies[1].at - copies[0].at >= TimeDelta::seconds(2), "{ledger:?}");
}

#[tokio::test]
async fn a_slow_gateway_holds_back_the_second_message_not_the_order() {
    let app = app().await;
    app.gateway.next(&[Script::Hold]);
    let session = app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(20)).await;
    assert_eq!(app.gateway.arrivals().len(), 1, "the second waits for the first");
    assert_eq!(app.states(&session).await, ["sending", "due"]);
    app.gateway.release();
    app.until("the first is accepted", async || app.states(&session).await[0] == "accepted").await;
    app.advance(TimeDelta::seconds(1)).await;
    assert_eq!(app.gateway.arrivals().len(), 1, "two seconds after the hand-over, not before");
    app.advance(TimeDelta::seconds(1)).await;
    assert_in_order(&app);
    assert_eq!(app.states(&session).await, ["accepted", "accepted"]);
}

#[tokio::test]
async fn a_gateway_that_asks_to_slow_down_is_obeyed_and_the_order_holds() {
    let app = app().await;
    app.gateway.next(&[Script::Throttle(30)]);
    let session = app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(29)).await;
    assert_eq!(app.gateway.arrivals().len(), 1, "RF12: Retry-After is honoured");
    app.advance(TimeDelta::seconds(1)).await;
    assert_eq!(app.gateway.texts_to(SVEN), [INTRO]);
    app.advance(TimeDelta::seconds(10)).await;
    assert_in_order(&app);
    assert_eq!(app.states(&session).await, ["accepted", "accepted"]);
}

#[tokio::test]
async fn a_gateway_that_asks_to_slow_down_slows_the_whole_channel() {
    let app = app().await;
    app.gateway.next(&[Script::Throttle(60)]);
    app.send("shop", SVEN).await;
    app.send("shop", "+46701234568").await;
    app.advance(TimeDelta::seconds(59)).await;
    assert_eq!(app.gateway.arrivals().len(), 1);
    app.advance(TimeDelta::seconds(10)).await;
    assert_eq!(app.gateway.ledger().len(), 4);
}

#[tokio::test]
async fn a_notice_of_unknown_fate_is_waited_for_and_never_repeated() {
    let app = app().await;
    app.gateway.next(&[Script::TakeThenFail]);
    let session = app.send("shop", SVEN).await;
    assert_eq!(app.states(&session).await, ["unknown", "due"]);
    app.advance(TimeDelta::seconds(119)).await;
    assert_eq!(app.gateway.arrivals().len(), 1, "A82: it waits for proof, and the next waits with it");
    app.advance(TimeDelta::seconds(5)).await;
    assert_in_order(&app);
    assert_eq!(app.gateway.arrivals().len(), 2, "a notice is never sent twice");
    assert_eq!(app.states(&session).await, ["unknown", "accepted"]);
}

#[tokio::test]
async fn a_silent_gateway_is_no_different() {
    let app = app().await;
    app.gateway.next(&[Script::HangUp]);
    let session = app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(119)).await;
    assert_eq!(app.gateway.arrivals().len(), 1);
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(app.gateway.texts_to(SVEN), [SCORE]);
    assert_eq!(app.states(&session).await, ["unknown", "accepted"]);
}

#[tokio::test]
async fn a_refused_notice_is_given_up_and_the_question_follows() {
    let app = app().await;
    app.gateway.next(&[Script::Refuse(400)]);
    let session = app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(app.gateway.texts_to(SVEN), [SCORE]);
    assert_eq!(app.states(&session).await, ["failed", "accepted"]);
    assert_eq!(app.status(&session).await, "active");
}

#[tokio::test]
async fn a_question_that_can_never_be_handed_over_ends_the_session() {
    let app = app().await;
    app.gateway.next(&[Script::Take, Script::Refuse(400)]);
    let session = app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(app.states(&session).await, ["accepted", "failed"]);
    assert_eq!(app.status(&session).await, "failed", "P05, RF13");
}

#[tokio::test]
async fn a_gateway_that_is_down_costs_neither_messages_nor_their_attempts() {
    // Nobody listens there: every byte surely stayed here (RF11).
    let app = Setup::with(&[SHOP]).set("gateways.fake.base_url", "http://127.0.0.1:9").start().await;
    let answer = app.send_survey("shop", &serde_json::json!({"identifier": SVEN, "language": "en"})).await;
    assert_eq!(answer.status, 201, "RE27: never an error because a gateway is down");
    let session = answer.session_id();
    app.advance(TimeDelta::hours(2)).await;
    assert_eq!(app.states(&session).await, ["due", "due"], "after many more than eight attempts");
    app.advance(TimeDelta::hours(22)).await;
    assert_eq!(app.states(&session).await, ["cancelled", "cancelled"], "RF11: their time is over");
    assert_eq!(app.status(&session).await, "expired");
}

#[tokio::test]
async fn a_norwegian_number_the_gateway_refuses_a_thread_for_goes_without() {
    let app = Setup::with(&[SHOP]).with_subnumbers().start().await;
    app.gateway.refuse_threads();
    let session = app.send("shop", crate::support::KARI).await;
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(app.gateway.texts_to(crate::support::KARI), [INTRO, SCORE], "A11: once more without");
    app.reply(crate::support::KARI, "7").await;
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(app.answers(&session).await[0]["value"], 7, "correlated by phone");
}

#[tokio::test]
async fn a_channel_may_wait_until_the_phone_has_the_message_before() {
    for report in ["delivered", "undelivered"] {
        let app = Setup::with(&[SHOP]).set("channels.fake.wait_for", "delivered").start().await;
        let session = app.send("shop", SVEN).await;
        app.advance(TimeDelta::seconds(5)).await;
        assert_eq!(app.gateway.texts_to(SVEN), [INTRO], "RE23: nobody knows yet whether it arrived");
        app.report("gw-1", "accepted").await;
        assert_eq!(app.states(&session).await, ["accepted", "due"]);
        app.report("gw-1", report).await;
        assert_eq!(app.gateway.texts_to(SVEN), [INTRO, SCORE], "{report}: the wait is over");
        assert_in_order(&app);
    }
}

#[tokio::test]
async fn the_wait_for_a_report_ends_after_ten_seconds() {
    let app = Setup::with(&[SHOP]).set("channels.fake.wait_for", "delivered").start().await;
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::milliseconds(9_999)).await;
    assert_eq!(app.gateway.texts_to(SVEN), [INTRO]);
    app.advance(TimeDelta::milliseconds(1)).await;
    assert_eq!(app.gateway.texts_to(SVEN), [INTRO, SCORE], "RE23");
}

#[tokio::test]
async fn a_report_within_the_gap_does_not_shorten_it() {
    let app = Setup::with(&[SHOP]).set("channels.fake.wait_for", "delivered").start().await;
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(1)).await;
    app.report("gw-1", "delivered").await;
    assert_eq!(app.gateway.texts_to(SVEN), [INTRO]);
    app.advance(TimeDelta::seconds(1)).await;
    assert_in_order(&app);
}

#[tokio::test]
async fn many_sessions_at_once_keep_their_own_order() {
    let app = app().await;
    let phones: Vec<String> = (0..40).map(|number| format!("+467012345{number:02}")).collect();
    for (number, phone) in phones.iter().enumerate() {
        match number % 4 {
            0 => app.gateway.next(&[Script::TakeThenFail]),
            1 => app.gateway.next(&[Script::Take, Script::Throttle(3)]),
            _ => {}
        }
        app.send("shop", phone).await;
    }
    app.advance(TimeDelta::minutes(30)).await;
    let ledger = app.gateway.ledger();
    for phone in &phones {
        let sent: Vec<_> = first_copies(&ledger).into_iter().filter(|sent| sent.to == *phone).collect();
        let texts: Vec<&str> = sent.iter().map(|sent| sent.text.as_str()).collect();
        assert_eq!(texts, [INTRO, SCORE], "{phone}");
        assert!(sent[1].at - sent[0].at >= TimeDelta::seconds(2), "{phone}");
    }
}

#[tokio::test]
async fn a_timer_set_while_the_timers_are_read_is_not_missed() {
    // The older session's end sets the queued one's timer to now, while the timer task may be reading (A90).
    let app = app().await;
    for number in 0..20 {
        let phone = format!("+467012347{number:02}");
        app.send("shop", &phone).await;
        app.advance(TimeDelta::seconds(5)).await;
        let body = serde_json::json!({"identifier": phone, "language": "en", "ifOpenSession": "queue"});
        let queued = app.send_survey("shop", &body).await.session_id();
        assert_eq!(app.status(&queued).await, "pending");
        app.reply(&phone, "8").await;
        app.advance(TimeDelta::seconds(5)).await;
        app.reply(&phone, "1").await;
        assert_eq!(
            app.status(&queued).await,
            "active",
            "round {number}: it begins at once, not at the next look"
        );
        app.advance(TimeDelta::seconds(5)).await;
    }
}
