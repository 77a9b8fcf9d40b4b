//! Guards against machines, pumping and stolen keys (gateways.md 4.3): counted exactly, in the turn, for good.

use antiphon::gateway::Script;
use antiphon::store::schema;
use chrono::TimeDelta;
use diesel::prelude::*;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::surveys::SHOP;
use crate::support::{SVEN, Setup, TestApp};

/// A survey that a machine answers: each reply comes `after` the question.
async fn run_through(app: &TestApp, after: TimeDelta) {
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(2)).await;
    for reply in ["7", "1"] {
        app.advance(after).await;
        app.reply(SVEN, reply).await;
        app.advance(TimeDelta::seconds(2)).await;
    }
}

fn with_guard() -> Setup {
    Setup::with(&[SHOP]).set("limits.quick_replies_max", "5")
}

fn ignored() -> (String, Option<String>) {
    ("ignored".to_owned(), Some("phone_muted".to_owned()))
}

#[tokio::test]
async fn gw85_a_phone_that_answers_within_two_seconds_five_times_running_is_muted_for_a_day() {
    let app = with_guard().start().await;
    run_through(&app, TimeDelta::zero()).await;
    run_through(&app, TimeDelta::seconds(1)).await;
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(2)).await;
    let sent = app.gateway.ledger().len();
    app.reply(SVEN, "7").await;
    assert_eq!(app.last_inbound().await, ignored());
    let muted_at = app.now();
    let events: Vec<String> = schema::events::table
        .filter(schema::events::kind.eq("phone.muted"))
        .select(schema::events::data)
        .load(&mut app.database.connect())
        .unwrap();
    assert_eq!(events.len(), 1, "an incident");
    assert!(!events[0].contains(SVEN), "{events:?}");
    let second = app.send("shop", SVEN).await;
    app.advance(TimeDelta::hours(23)).await;
    app.reply(SVEN, "HELP").await;
    assert_eq!(app.last_inbound().await, ignored());
    assert_eq!(app.gateway.ledger().len(), sent, "nothing is sent to it");
    app.advance(TimeDelta::minutes(59)).await;
    assert_eq!(app.states(&second).await, ["due", "due"]);
    app.advance(TimeDelta::minutes(2)).await;
    let later = app.gateway.ledger();
    assert!(later.len() == sent || later[sent].at - muted_at >= TimeDelta::hours(24));
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn gw85_one_slow_reply_shows_a_person() {
    let app = with_guard().start().await;
    for _ in 0..4 {
        run_through(&app, TimeDelta::zero()).await;
        app.send("shop", SVEN).await;
        app.advance(TimeDelta::seconds(10)).await;
        app.reply(SVEN, "7").await;
        assert_eq!(app.last_inbound().await.0, "applied");
        app.advance(TimeDelta::seconds(10)).await;
    }
}

#[tokio::test]
async fn gw85_several_texts_after_one_sms_count_once() {
    let app = with_guard().start().await;
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(2)).await;
    for text in ["I", "was", "not", "happy", "at", "all"] {
        app.reply(SVEN, text).await;
    }
    assert_ne!(app.last_inbound().await, ignored());
    app.advance(TimeDelta::seconds(10)).await;
}

#[tokio::test]
async fn gw85_a_stop_of_a_muted_phone_is_obeyed() {
    let app = with_guard().start().await;
    run_through(&app, TimeDelta::zero()).await;
    run_through(&app, TimeDelta::zero()).await;
    let session = app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(2)).await;
    app.reply(SVEN, "7").await;
    assert_eq!(app.last_inbound().await, ignored());
    app.advance(TimeDelta::minutes(1)).await;
    app.reply(SVEN, "STOP").await;
    assert_eq!(app.status(&session).await, "opted_out");
    assert!(app.gateway.ledger().last().unwrap().text.contains("no more messages"), "GW62: confirmed once");
}

#[tokio::test]
async fn gw84_a_message_that_waits_for_its_turn_is_counted_once() {
    let app = Setup::with(&[SHOP])
        .set("limits.outbound_per_phone_per_hour", "3")
        .set("channels.fake.throttle_per_second", "0.05")
        .start()
        .await;
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::minutes(2)).await;
    app.reply(SVEN, "banana").await;
    app.advance(TimeDelta::minutes(2)).await;
    assert_eq!(app.gateway.ledger().len(), 3, "I13: exact");
    app.reply(SVEN, "apple").await;
    app.advance(TimeDelta::minutes(30)).await;
    assert_eq!(app.gateway.ledger().len(), 3);
    app.advance(TimeDelta::minutes(40)).await;
    assert_eq!(app.gateway.ledger().len(), 4);
}

#[tokio::test]
async fn gw88_a_key_starts_no_more_surveys_in_a_day_than_it_may() {
    let app = Setup::with(&[SHOP]).set("limits.surveys_per_key_per_day", "7").start().await;
    let call = |number: usize| {
        let door = app.door().clone();
        let body =
            json!({"identifier": format!("+467012345{number:02}"), "clientReference": number.to_string()});
        async move { door.post("/v1/surveys/shop/send", &body).await }
    };
    let answers = join_all((0..20).map(call)).await;
    let started = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(started, 7, "I13: exact, however many call at once");
    let refused = answers.iter().find(|answer| answer.status != 201).unwrap();
    assert_eq!((refused.status, refused.code()), (429, "rate_limited"));
    let number = answers.iter().position(|answer| answer.status == 201).unwrap();
    assert_eq!(call(number).await.status, 200, "a repeat starts nothing");
    app.advance(TimeDelta::hours(15) + TimeDelta::minutes(59)).await;
    assert_eq!(call(90).await.status, 429);
    app.advance(TimeDelta::minutes(1)).await;
    assert_eq!(call(90).await.status, 201, "a new day");
    app.advance(TimeDelta::minutes(1)).await;
}

#[tokio::test]
async fn gw88_a_channel_starts_no_more_surveys_in_a_day_than_it_may_even_after_a_restart() {
    let mut app = Setup::with(&[SHOP]).set("limits.surveys_per_channel_per_day", "2").start().await;
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(10)).await;
    app.stop().await;
    app.open().await;
    app.send("shop", "+46701234568").await;
    let body = json!({"identifier": "+46701234569"});
    let refused = app.send_survey("shop", &body).await;
    assert_eq!((refused.status, refused.code()), (429, "rate_limited"));
    app.advance(TimeDelta::seconds(10)).await;
}

#[tokio::test]
async fn gw60_the_opt_in_words_of_a_gateway_count_beside_ours() {
    let app = Setup::with(&[SHOP]).set("gateways.fake.params.opt_in_words", "UNSTOP").start().await;
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(10)).await;
    app.reply(SVEN, "unstop").await;
    assert_ne!(app.last_inbound().await.0, "keyword", "A55: it opts in only who is opted out");
    app.advance(TimeDelta::seconds(10)).await;
    app.reply(SVEN, "STOP").await;
    app.reply(SVEN, "Unstop!").await;
    assert_eq!(app.last_inbound().await, ("keyword".to_owned(), Some("start".to_owned())));
    assert!(app.gateway.ledger().last().unwrap().text.contains("messages from us again"));
}

#[tokio::test]
async fn gw64_an_opt_out_that_the_gateway_knows_of_is_ours_too() {
    let app = Setup::with(&[SHOP]).start().await;
    app.engine().gateways.get("simulator").unwrap().simulator().unwrap().script([Script::OptOut]);
    let channels = app.door().get("/v1/channels").await.body;
    let all = channels["data"].as_array().unwrap();
    let simulator = all.iter().find(|channel| channel["name"] == "simulator").unwrap()["id"].clone();
    let body = json!({"identifier": SVEN, "language": "en", "channelId": simulator});
    let session = app.send_survey("shop", &body).await.session_id();
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(app.status(&session).await, "opted_out");
    assert_eq!(app.states(&session).await, ["failed", "cancelled"], "never repeated (RF13)");
    let ledger: Vec<(String, String)> = schema::consent_events::table
        .select((schema::consent_events::consent_type, schema::consent_events::source))
        .load(&mut app.database.connect())
        .unwrap();
    assert_eq!(ledger, [("stop".to_owned(), "gateway".to_owned())]);
    let again = app.send_survey("shop", &json!({"identifier": SVEN})).await;
    assert_eq!(again.code(), "recipient_opted_out", "GW63: on every route");
}

#[tokio::test]
async fn gw80_a_stranger_of_a_country_we_do_not_text_is_answered_nothing_whatever_he_asks() {
    let app = Setup::with(&[SHOP]).start().await;
    let stranger = "+8613123456789";
    for text in ["hello", "HELP", "STOP", "START", "HELP"] {
        app.reply(stranger, text).await;
    }
    assert!(app.gateway.ledger().is_empty(), "GW87, RF39");
    let kept: i64 = schema::consent_events::table.count().get_result(&mut app.database.connect()).unwrap();
    assert_eq!(kept, 2, "what he said counts all the same");
}

#[tokio::test]
async fn gw80_help_for_strangers_is_capped_together_with_the_not_found_texts() {
    let app = Setup::with(&[SHOP]).set("limits.not_found_per_channel_per_hour", "5").start().await;
    for number in 0..9 {
        let text = if number % 2 == 0 { "HELP" } else { "hello" };
        app.reply(&format!("+467012345{number:02}"), text).await;
    }
    assert_eq!(app.gateway.ledger().len(), 5);
}
