//! A send whose fate nobody knows (A82, RF14, RE19): never silently repeated, a question once after 120 s,
//! flagged; proof settles it.

use chrono::TimeDelta;

use crate::support::{Backend, SVEN, Script, Setup, TestApp};

/// One question, no text in front of it.
pub const ONE: &str = "\
format: antiphon/1
id: one
title: One question
languages: [en]
default_language: en
settings: {expiry: 24h}
elements:
  - {id: score, type: scale, min: 1, max: 10, text: {en: Reply 1-10. Reply STOP to opt out.}}
completion: {text: {en: Thank you!}}
";

async fn asked_in_doubt(setup: Setup, script: Script) -> (TestApp, String) {
    let app = setup.start().await;
    app.gateway.next(&[script]);
    let session = app.send("one", SVEN).await;
    assert_eq!(app.states(&session).await, ["unknown"]);
    (app, session)
}

#[tokio::test]
async fn a_question_is_sent_once_more_after_120_seconds_and_says_so() {
    let (app, session) = asked_in_doubt(Setup::with(&[ONE]), Script::TakeThenFail).await;
    app.advance(TimeDelta::seconds(119)).await;
    assert_eq!(app.gateway.arrivals().len(), 1);
    app.advance(TimeDelta::seconds(1)).await;
    let ledger = app.gateway.ledger();
    assert_eq!(ledger.len(), 2);
    assert_eq!(ledger[0].reference, ledger[1].reference, "the same reference over retries (RE17)");
    let sent = app.sent_in(&session).await;
    assert_eq!((&sent[0]["state"], &sent[0]["possibleDuplicate"]), (&"accepted".into(), &true.into()));
    app.advance(TimeDelta::hours(1)).await;
    assert_eq!(app.gateway.ledger().len(), 2);
}

#[tokio::test]
async fn there_is_never_a_third_copy() {
    let (app, session) = asked_in_doubt(Setup::with(&[ONE]), Script::TakeThenFail).await;
    app.gateway.otherwise(Script::TakeThenHangUp);
    app.advance(TimeDelta::hours(3)).await;
    assert_eq!(app.gateway.ledger().len(), 2, "I6: two copies at most");
    assert_eq!(app.states(&session).await, ["unknown"]);
    app.advance(TimeDelta::hours(22)).await;
}

#[tokio::test]
async fn a_reply_proves_that_the_question_arrived() {
    let (app, session) = asked_in_doubt(Setup::with(&[ONE]), Script::TakeThenHangUp).await;
    app.advance(TimeDelta::seconds(30)).await;
    app.reply(SVEN, "8").await;
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(app.status(&session).await, "completed");
    assert_eq!(app.answers(&session).await[0]["value"], 8);
    let texts = app.gateway.texts_to(SVEN);
    assert_eq!(texts, ["Reply 1-10. Reply STOP to opt out.", "Thank you!"], "RE12: no second copy");
}

#[tokio::test]
async fn a_reply_that_overtakes_the_gateways_answer_counts() {
    let app = Setup::with(&[ONE]).start().await;
    app.gateway.next(&[Script::Hold]);
    let session = app.send("one", SVEN).await;
    assert_eq!(app.states(&session).await, ["sending"]);
    assert_eq!(app.door().inbound(&[app.message(SVEN, "8")]).await, 200);
    app.gateway.release();
    app.settle().await;
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(
        app.answers(&session).await[0]["value"],
        8,
        "the start of the send counts, not its acceptance (RE11)"
    );
    assert_eq!(app.gateway.ledger().len(), 2);
}

#[tokio::test]
async fn a_delivery_report_proves_it_too() {
    let (app, session) = asked_in_doubt(Setup::with(&[ONE]), Script::TakeThenFail).await;
    let sent = app.gateway.ledger()[0].clone();
    // The id never reached us; our reference did reach the gateway.
    let body = serde_json::json!({"ref": sent.reference, "messageId": sent.message_id, "state": "delivered"});
    assert_eq!(app.door().callback("status", &body).await.unwrap(), 200);
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(app.states(&session).await, ["delivered"]);
    assert_eq!(app.gateway.ledger().len(), 1);
}

#[tokio::test]
async fn at_most_once_never_repeats_a_question() {
    let setup = Setup::with(&[ONE]).set("channels.fake.on_ambiguous", "at_most_once");
    let (app, session) = asked_in_doubt(setup, Script::HangUp).await;
    app.advance(TimeDelta::hours(1)).await;
    assert_eq!(app.gateway.arrivals().len(), 1);
    assert_eq!(app.states(&session).await, ["unknown"]);
}

#[tokio::test]
async fn a_lost_lease_is_a_doubt_and_a_late_success_its_proof() {
    let app = Setup::with(&[ONE]).start().await;
    app.gateway.next(&[Script::Hold]);
    let session = app.send("one", SVEN).await;
    app.advance(TimeDelta::seconds(91)).await;
    assert_eq!(app.states(&session).await, ["unknown"], "90 s, then the lease is lost (RE18)");
    app.gateway.release();
    app.until("the late answer settles it", async || app.states(&session).await == ["accepted"]).await;
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(app.gateway.ledger().len(), 1);
}

#[tokio::test]
async fn a_stop_while_in_doubt_ends_the_repeats() {
    let (app, session) = asked_in_doubt(Setup::with(&[ONE]), Script::TakeThenFail).await;
    app.reply(SVEN, "STOP").await;
    app.advance(TimeDelta::hours(1)).await;
    let texts = app.gateway.texts_to(SVEN);
    assert_eq!(texts.len(), 2, "the question and one confirmation: {texts:?}");
    assert_eq!(app.status(&session).await, "opted_out");
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_send_leaves_a_doubt() {
    let mut app = Setup::with(&[ONE]).start().await;
    let session = app.send("one", SVEN).await;
    assert_eq!(app.gateway.ledger().len(), 1);
    app.stop().await;
    // As a crash leaves it: leased, and nobody to settle it.
    {
        use antiphon::store::schema::messages::dsl;
        use diesel::prelude::*;
        let lease = app.clock.clock().now().naive_utc() + TimeDelta::seconds(80);
        let crashed = (
            dsl::state.eq(antiphon::session::MessageState::Sending),
            dsl::is_open.eq(true),
            dsl::lease_until.eq(lease),
            dsl::accepted_at.eq(None::<chrono::NaiveDateTime>),
        );
        let mut connection = app.database.connect();
        connection
            .write(|connection| Ok(diesel::update(dsl::messages).set(crashed).execute(connection)?))
            .unwrap();
    }
    app.open().await;
    match Backend::chosen() {
        Backend::Sqlite => {
            assert_eq!(app.states(&session).await, ["unknown"], "RE31: known at once, not after the lease");
        }
        Backend::Postgres => {
            assert_eq!(app.states(&session).await, ["sending"], "RE31: another node may be at it");
            app.clock.set(app.now() + TimeDelta::seconds(80));
            app.settle().await;
            assert_eq!(app.states(&session).await, ["unknown"], "its lease is over");
        }
    }
    app.advance(TimeDelta::seconds(121)).await;
    let sent = app.sent_in(&session).await;
    assert_eq!((&sent[0]["state"], &sent[0]["possibleDuplicate"]), (&"accepted".into(), &true.into()));
    assert_eq!(app.gateway.ledger().len(), 2);
}
