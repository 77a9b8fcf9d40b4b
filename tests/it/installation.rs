//! What one installation adds to what antiphon comes with: word lists (N6), keywords and sender name for the
//! checker (E08, W04), languages (P33); and what is kept with an inbound for somebody to look at (GW61, RF35).

use antiphon::app::installation::Installation;
use antiphon::survey::check::{FileName, check};
use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use crate::support::surveys::SHOP;
use crate::support::{SVEN, Setup, TestApp};

const HAPPY: &str = "\
format: antiphon/1
id: happy
languages: [en, no, de]
default_language: en
settings: {expiry: 24h}
elements:
  - id: ok
    type: yes_no
    text: {en: Are you happy? STOP ends., no: Er du fornøyd? STOPP avslutter., de: Zufrieden? STOP beendet.}
  - id: score
    type: scale
    min: 1
    max: 10
    text: {en: How happy? Reply 1-10., no: Hvor fornøyd? Svar 1-10., de: Wie sehr? 1-10.}
completion:
  text: {en: Thank you!, no: Takk!, de: Danke!}
";

async fn asked(setup: Setup, language: &str) -> (TestApp, String) {
    let app = setup.start().await;
    let call = json!({"identifier": SVEN, "language": language});
    let session = app.send_survey("happy", &call).await.session_id();
    app.advance(TimeDelta::seconds(5)).await;
    (app, session)
}

async fn latest(app: &TestApp) -> Json {
    app.inbound_log().await.first().unwrap().clone()
}

#[tokio::test]
async fn n6_configured_words_are_read_beside_the_built_in_ones() {
    let setup = || {
        Setup::with(&[HAPPY])
            .set("lexicons.no.core_yes", "jess, hell yeah")
            .set("lexicons.no.number", "otta=8")
            .set("lexicons.shared.auto_reply", "er på hytta")
    };
    let (app, session) = asked(setup(), "no").await;
    app.reply(SVEN, "Er på hytta til mandag").await;
    assert_eq!(app.last_inbound().await, ("ignored".to_owned(), Some("auto_reply".to_owned())));
    app.reply(SVEN, "Jess!").await;
    app.advance(TimeDelta::seconds(5)).await;
    app.reply(SVEN, "otta").await;
    app.advance(TimeDelta::seconds(5)).await;
    let answers = app.answers(&session).await;
    assert_eq!((&answers[0]["value"], &answers[0]["method"]), (&json!("yes"), &json!("lexicon")));
    assert_eq!((&answers[1]["value"], &answers[1]["method"]), (&json!(8), &json!("word")));

    let (app, session) = asked(Setup::with(&[HAPPY]), "no").await;
    app.reply(SVEN, "Jess!").await;
    assert_eq!(app.last_inbound().await.1.as_deref(), Some("unrecognised"), "not a built-in word");
    assert_eq!(app.answers(&session).await, Vec::<Json>::new());
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn gw61_a_text_that_asks_to_be_left_alone_in_other_words_is_an_answer_with_a_flag() {
    let (app, session) = asked(Setup::with(&[HAPPY]), "en").await;
    app.reply(SVEN, "please don't text me again").await;
    let kept = latest(&app).await;
    assert_eq!((&kept["outcome"], &kept["flags"]), (&json!("applied"), &json!(["asks_to_be_left_alone"])));
    assert_eq!(app.status(&session).await, "active", "flagged for review, not matched");
    app.reply(SVEN, "yes").await;
    assert_eq!(latest(&app).await["flags"], json!([]));
    app.reply(SVEN, "please stop texting me").await;
    let kept = latest(&app).await;
    assert_eq!((&kept["outcome"], &kept["flags"]), (&json!("keyword"), &json!([])), "N14 is a stop");
    app.advance(TimeDelta::hours(1)).await;
}

#[tokio::test]
async fn gw5_an_unreadable_time_is_a_flag_not_a_fault() {
    let (app, session) = asked(Setup::with(&[HAPPY]), "en").await;
    let sms = json!({"messageId": "t-1", "from": SVEN, "to": "2012", "text": "no", "receivedAt": "noon"});
    assert_eq!(app.door().callback("inbound", &sms).await.unwrap(), 200);
    app.settle().await;
    let kept = latest(&app).await;
    assert_eq!((&kept["outcome"], &kept["flags"]), (&json!("applied"), &json!(["unreadable_time"])));
    assert_eq!(kept["gatewayTime"], Json::Null);
    assert_eq!(app.answers(&session).await[0]["value"], "no");
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn gw62_no_confirmation_where_the_gateway_has_sent_its_own() {
    for (handling, confirmations) in [("none", 1), ("blocks", 1), ("blocks_and_replies", 0)] {
        let setup = Setup::with(&[HAPPY]).set("gateways.fake.params.opt_out_handling", handling);
        let (app, session) = asked(setup, "en").await;
        let sent = app.gateway.texts_to(SVEN).len();
        app.reply(SVEN, "STOP").await;
        app.advance(TimeDelta::hours(1)).await;
        assert_eq!(app.gateway.texts_to(SVEN).len() - sent, confirmations, "{handling}");
        assert_eq!(app.status(&session).await, "opted_out", "{handling}");
        let refused = app.send_survey("happy", &json!({"identifier": SVEN})).await;
        assert_eq!(refused.code(), "recipient_opted_out", "{handling}");
    }
}

#[tokio::test]
async fn a53_and_gw68_a_survey_is_checked_with_the_words_of_the_installation() {
    let words = |setup: Setup| {
        setup
            .set("surveys.sender_name", "Fjordkraft")
            .set("channels.fake.keywords.en.opt_out_strong", "STAFF")
            .set("channels.fake.keywords.en.opt_in", "PRICE")
    };
    let app = words(Setup::with(&[])).start().await;
    let installation = Installation::of(app.engine());
    let findings = check(SHOP, &FileName::new("shop.yaml"), &installation.context()).findings;
    let codes: Vec<String> = findings.iter().map(|finding| finding.code.to_string()).collect();
    assert_eq!(
        codes.iter().filter(|code| *code == "E08").count(),
        1,
        "a stop word, but not one that opts in"
    );
    assert!(codes.contains(&"W04".to_owned()), "{codes:?}");
    let named = SHOP.replace("Thanks for shopping with us. Reply STOP", "Fjordkraft here. Reply STAFF");
    let named = named.replace("Takk for handelen", "Takk fra Fjordkraft");
    let findings = check(&named, &FileName::new("shop.yaml"), &installation.context()).findings;
    assert!(findings.iter().all(|finding| finding.code.to_string() != "W04"), "{findings:?}");
}

#[tokio::test]
async fn p33_a_language_of_some_survey_is_accepted_and_any_other_refused() {
    let app = Setup::with(&[HAPPY, SHOP]).set("channels.other.texts.help.fr", "Aide: 2012").start().await;
    let call =
        |language: &str| json!({"identifier": SVEN, "language": language, "ifOpenSession": "parallel"});
    for (language, first) in [
        ("de", "Zufrieden? STOP beendet."),
        ("DE-de", "Zufrieden? STOP beendet."),
        ("nn", "Er du fornøyd? STOPP avslutter."),
        ("no-NO", "Er du fornøyd? STOPP avslutter."),
        ("en-GB", "Are you happy? STOP ends."),
        ("fr", "Are you happy? STOP ends."),
    ] {
        let answer = app.send_survey("happy", &call(language)).await;
        assert_eq!(answer.status, 201, "{language}: {answer:?}");
        app.advance(TimeDelta::seconds(5)).await;
        assert_eq!(app.gateway.texts_to(SVEN).last().unwrap(), first, "{language}");
        app.door().post(&format!("/v1/sessions/{}/cancel", answer.session_id()), &json!({})).await;
    }
    for language in ["sv", "Norwegian", "n"] {
        let refused = app.send_survey("happy", &call(language)).await;
        assert_eq!(refused.status, 422, "{language}");
        let fault = &refused.body["errors"][0];
        assert_eq!(fault["code"], "unsupported_language", "{language}");
        let detail = fault["detail"].as_str().unwrap();
        assert!(detail.ends_with("use one of: de, en, fr, no"), "{detail}");
    }
    let fallback = app.send_survey("shop", &call("de")).await;
    let warnings = fallback.body["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|warning| warning["code"] == "language_fallback"), "{warnings:?}");
    app.advance(TimeDelta::days(2)).await;
}
