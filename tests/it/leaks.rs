//! The leak canary (O4, RF52, G9): a conversation with every log line captured; the phone and the texts appear in
//! none of them.

use std::io::stdout;
use std::process::Command;

use antiphon::config::{Log, LogFormat};
use antiphon::telemetry;
use chrono::TimeDelta;
use serde_json::json;

use crate::support::surveys::SHOP;
use crate::support::{Script, Setup};

/// Nobody else's.
const PHONE: &str = "+46709876543";
const DIGITS: &str = "709876543";
const CANARIES: [&str; 7] = [
    "canary-answer",
    "canary-content",
    "canary-variable",
    "canary-stranger",
    "How did you like it",
    "canary-part",
    "canary-reason",
];

#[test]
fn no_phone_and_no_text_is_ever_logged() {
    let text = logged_by("leaks::a_conversation_that_logs_everything");
    let ours = text.lines().filter(|line| line.contains("\"target\":\"antiphon"));
    assert!(ours.count() > 10, "the server's own lines are missing");
    for canary in CANARIES.iter().chain(&[DIGITS]) {
        let leak = text.lines().find(|line| line.contains(canary));
        assert_eq!(leak, None, "{canary} leaked");
    }
}

#[test]
fn texts_are_logged_when_somebody_asks_for_them_and_phones_not_even_then() {
    let text = logged_by("leaks::a_conversation_that_logs_its_texts");
    for canary in ["canary-answer", "How did you like it"] {
        let line = text.lines().find(|line| line.contains(canary)).unwrap_or_default();
        assert!(line.contains("\"level\":\"TRACE\""), "O4, log.bodies: {canary}: {line}");
    }
    let leak = text.lines().find(|line| line.contains(DIGITS));
    assert_eq!(leak, None);
}

/// All that one of the conversations below writes. It has a process of its own: the writer, the readers and the
/// workers log from threads of their own.
fn logged_by(test: &str) -> String {
    let program = std::env::current_exe().unwrap();
    let arguments = [test, "--exact", "--ignored", "--nocapture"];
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn log_everything() {
    let log = Log { format: LogFormat::Json, level: "antiphon=trace,debug".to_owned(), bodies: false };
    let subscriber = telemetry::subscriber(&log, stdout, false);
    tracing::subscriber::set_global_default(subscriber).unwrap();
}

#[tokio::test]
#[ignore = "played by a test above, which reads what it logs"]
async fn a_conversation_that_logs_its_texts() {
    log_everything();
    let app = Setup::with(&[SHOP]).set("log.bodies", "true").start().await;
    app.send("shop", PHONE).await;
    app.advance(TimeDelta::seconds(10)).await;
    app.reply(PHONE, "canary-answer").await;
    app.advance(TimeDelta::seconds(10)).await;
}

#[tokio::test]
#[ignore = "played by a test above, which reads what it logs"]
async fn a_conversation_that_logs_everything() {
    log_everything();
    let app = Setup::with(&[SHOP]).start().await;
    app.gateway.next(&[
        Script::Take,
        Script::Refuse(400),
        Script::TakeThenFail,
        Script::Throttle(5),
        Script::HangUp,
    ]);
    let body = json!({
        "identifier": PHONE, "language": "en", "content": "canary-content",
        "userSessionVariables": {"note": "canary-variable"},
    });
    app.send_survey("shop", &body).await.session_id();
    app.advance(TimeDelta::seconds(10)).await;
    for text in ["canary-answer", "8", "canary-answer 2", "HELP", "STOP", "START", "canary-answer"] {
        app.reply(PHONE, text).await;
        app.advance(TimeDelta::minutes(5)).await;
    }
    app.send_survey("shop", &body).await.session_id();
    app.send_survey("shop", &json!({"identifier": format!("{PHONE}00000000")})).await;
    app.send_survey("no-such-survey", &body).await;
    app.reply("+46709876544", "canary-stranger").await;
    app.door().get(&format!("/v1/sessions?phone={}", PHONE.replace('+', "%2B"))).await;
    let call =
        json!([{"messageId": "x", "from": PHONE, "to": "nowhere", "text": "canary-stranger"}, {"text": 1}]);
    app.door().callback("inbound", &call).await.unwrap();
    app.door().forged("inbound", "wrong", &call).await;
    let part = json!([{"messageId": "p", "from": PHONE, "to": "2012", "text": "canary-part", "concatRef": "1",
        "concatTotal": 2, "concatPart": 2}]);
    app.door().callback("inbound", &part).await.unwrap();
    let reason = format!("canary-reason {PHONE}");
    let reports = json!([{"messageId": "gw-1", "state": "undelivered", "reason": reason},
        {"messageId": "gw-1", "state": "canary-reason", "reason": reason}, {"state": "delivered", "reason": reason}]);
    app.door().callback("status", &reports).await.unwrap();
    app.gateway.otherwise(Script::Refuse(401));
    app.send_survey("shop", &json!({"identifier": "+46709876544", "language": "en"})).await;
    app.advance(TimeDelta::hours(1)).await;
    app.gateway.otherwise(Script::Take);
    app.advance(TimeDelta::days(2)).await;
}
