//! Hours in which starts and reminders may leave, by the recipient's time zone (A68, A69, GW66, GW67, RF31).

use chrono::{DateTime, TimeDelta, Utc};

use crate::support::{SVEN, Script, Setup, TestApp};

/// A question that starts between 9 and 20 and is asked again after four hours.
const DAYTIME: &str = "\
format: antiphon/1
id: daytime
title: Daytime
languages: [en]
default_language: en
settings: {expiry: 72h, send_window: {from: \"09:00\", to: \"20:00\"}}
reminders:
  - {after: 4h, when: no_reply, text: {en: A reminder.}}
elements:
  - {id: score, type: scale, min: 1, max: 10, text: {en: Reply 1-10. Reply STOP to opt out.}}
completion: {text: {en: Thank you!}}
";

/// A mobile or fixed line of New Jersey, and a number that may be anywhere from Guam to Newfoundland.
const AMERICAN: &str = "+12015550123";
const ANYWHERE: &str = "+18005550123";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// When each SMS to a phone was sent.
fn times(app: &TestApp, phone: &str) -> Vec<DateTime<Utc>> {
    app.gateway.ledger().into_iter().filter(|sent| sent.to == phone).map(|sent| sent.at).collect()
}

#[tokio::test]
async fn a68_a_start_waits_for_the_window_in_the_recipients_zone() {
    let app = Setup::with(&[DAYTIME]).start().await;
    app.send("daytime", SVEN).await;
    app.send("daytime", AMERICAN).await;
    app.advance(TimeDelta::hours(8)).await;
    assert_eq!(times(&app, SVEN)[0], at("2026-11-21T08:00:00Z"), "nine in Stockholm");
    assert_eq!(times(&app, AMERICAN)[0], at("2026-11-21T14:00:00Z"), "nine in New York");
    app.advance(TimeDelta::days(4)).await;
}

#[tokio::test]
async fn a69_without_an_hour_that_suits_all_zones_a_start_is_held_until_an_operator_lets_it_go() {
    let office_hours = DAYTIME.replace("20:00", "17:00");
    let app = Setup::with(&[&office_hours]).set("surveys.extra_mobile_prefixes", "+1800").start().await;
    let session = app.send("daytime", ANYWHERE).await;
    app.advance(TimeDelta::hours(30)).await;
    let sent = app.sent_in(&session).await;
    assert_eq!((&sent[0]["state"], &sent[0]["stateReason"]), (&"held".into(), &"no_permitted_hour".into()));
    let id = sent[0]["id"].as_str().unwrap();
    let released = app.door().post(&format!("/v1/messages/{id}/release"), &serde_json::json!({})).await;
    assert_eq!(released.status, 200, "{released:?}");
    app.settle().await;
    assert_eq!(app.gateway.texts_to(ANYWHERE).len(), 1);
    app.advance(TimeDelta::days(4)).await;
    let states = app.states(&session).await;
    assert_eq!(states[0], "accepted");
    assert!(
        ["cancelled", "expired"].contains(&states[1].as_str()),
        "its reminder was held till the end: {states:?}"
    );
}

#[tokio::test]
async fn gw66_a_reminder_never_comes_at_night() {
    let app = Setup::with(&[&DAYTIME.replace(", send_window: {from: \"09:00\", to: \"20:00\"}", "")]);
    let app = app.set("consent.hours_by_prefix", "1=10:00-20:00").start().await;
    for phone in [SVEN, AMERICAN] {
        app.send("daytime", phone).await;
    }
    app.advance(TimeDelta::hours(10)).await;
    assert_eq!(times(&app, AMERICAN)[0], at("2026-11-21T08:00:00Z"), "a start has no hours of its own");
    assert_eq!(times(&app, SVEN)[1], at("2026-11-21T12:00:00Z"), "four hours later it is noon");
    assert_eq!(times(&app, AMERICAN)[1], at("2026-11-21T15:00:00Z"), "ten in New York, as the prefix is set");
    app.advance(TimeDelta::days(4)).await;
}

#[tokio::test]
async fn rf31_a_reminder_that_waited_past_the_hours_waits_for_the_next_morning() {
    let app = Setup::with(&[DAYTIME]).start().await;
    app.advance(TimeDelta::hours(7) + TimeDelta::minutes(30)).await;
    app.send("daytime", SVEN).await;
    app.gateway.otherwise(Script::Throttle(1_800));
    // Half past seven in the evening; the gateway takes nothing for half an hour.
    app.advance(TimeDelta::hours(4)).await;
    app.gateway.otherwise(Script::Take);
    app.advance(TimeDelta::hours(16)).await;
    let of_sven = times(&app, SVEN);
    for time in &of_sven[1..] {
        let hour = time.with_timezone(&chrono_tz::Europe::Stockholm).format("%H:%M").to_string();
        assert!(("08:00".."21:00").contains(&hour.as_str()), "{hour}");
    }
    assert_eq!(of_sven.len(), 2, "{of_sven:?}");
    app.advance(TimeDelta::days(4)).await;
}

#[tokio::test]
async fn rf31_a_start_that_a_gateway_held_up_past_its_window_leaves_the_next_morning() {
    let app = Setup::with(&[DAYTIME]).start().await;
    app.advance(TimeDelta::hours(10) + TimeDelta::minutes(50)).await;
    app.gateway.next(&[Script::Throttle(1_800)]);
    app.send("daytime", SVEN).await;
    app.advance(TimeDelta::hours(20)).await;
    assert_eq!(times(&app, SVEN)[0], at("2026-11-22T08:00:00Z"), "not at twenty past eight in the evening");
    app.advance(TimeDelta::days(4)).await;
}
