//! Delivery reports: accepted < failed < delivered, never back, however they arrive (RE22, A88, RF15, RF16).

use antiphon::app::receive_status::{ReceiveStatus, StatusReport};
use antiphon::gateway::{Report, ReportState};
use chrono::TimeDelta;
use serde_json::json;

use crate::support::surveys::SHOP;
use crate::support::{SVEN, Script, Setup, TestApp};

async fn sent() -> (TestApp, String) {
    let app = Setup::with(&[SHOP]).start().await;
    let session = app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(2)).await;
    (app, session)
}

#[tokio::test]
async fn states_only_rise() {
    // Whatever comes in whatever order: the state after each report.
    let courses: [&[(&str, &str)]; 6] = [
        &[("delivered", "delivered"), ("undelivered", "delivered"), ("accepted", "delivered")],
        &[
            ("undelivered", "failed"),
            ("accepted", "failed"),
            ("delivered", "delivered"),
            ("rejected", "delivered"),
        ],
        &[("accepted", "accepted"), ("accepted", "accepted"), ("expired", "failed")],
        &[("gone fishing", "accepted"), ("DELIVERED", "delivered")],
        &[("rejected", "failed"), ("undelivered", "failed"), ("delivered", "delivered")],
        &[("delivered", "delivered"), ("delivered", "delivered")],
    ];
    for course in courses {
        let (app, session) = sent().await;
        for (report, state) in course {
            app.report("gw-2", report).await;
            assert_eq!(app.states(&session).await[1], *state, "{course:?}");
        }
        assert_eq!(app.states(&session).await[0], "accepted", "reports of one message are not another's");
        assert_eq!(app.status(&session).await, "active", "GW34: reports never touch the session");
    }
}

#[tokio::test]
async fn a_report_may_overtake_the_answer_it_is_about() {
    let app = Setup::with(&[SHOP]).start().await;
    app.gateway.next(&[Script::Hold]);
    let session = app.send("shop", SVEN).await;
    assert_eq!(app.states(&session).await[0], "sending");
    app.report("gw-1", "delivered").await;
    assert_eq!(app.states(&session).await[0], "sending", "nobody knows that id yet");
    app.gateway.release();
    app.until("it is matched", async || app.states(&session).await[0] == "delivered").await;
    app.advance(TimeDelta::seconds(2)).await;
}

#[tokio::test]
async fn reports_about_nothing_we_know_are_kept_and_harmless() {
    let (app, session) = sent().await;
    app.report("gw-999", "delivered").await;
    app.report("", "delivered").await;
    assert_eq!(app.states(&session).await, ["accepted", "accepted"]);
}

#[tokio::test]
async fn many_reports_in_one_call() {
    let (app, session) = sent().await;
    let reports = json!([
        {"messageId": "gw-1", "state": "delivered"},
        {"messageId": "gw-2", "state": "undelivered", "reason": "absent"},
        {"state": "delivered"},
        {"messageId": "gw-2", "state": "delivered"},
    ]);
    assert_eq!(app.door().callback("status", &reports).await.unwrap(), 200);
    app.settle().await;
    assert_eq!(app.states(&session).await, ["delivered", "delivered"]);
}

#[tokio::test]
async fn no_report_for_72_hours_is_noted_and_a_late_one_still_counts() {
    let (app, session) = sent().await;
    app.advance(TimeDelta::hours(71)).await;
    assert!(app.sent_in(&session).await[0]["receipt"].is_null());
    app.advance(TimeDelta::hours(1)).await;
    let sent = app.sent_in(&session).await;
    assert_eq!((&sent[0]["state"], &sent[0]["receipt"]), (&"accepted".into(), &"no_receipt".into()), "A76");
    app.report("gw-1", "delivered").await;
    let sent = app.sent_in(&session).await;
    assert_eq!((&sent[0]["state"], &sent[0]["receipt"]), (&"delivered".into(), &"delivered".into()));
}

#[tokio::test]
async fn the_simulator_reports_by_itself() {
    let app = Setup::with(&[SHOP]).start().await;
    let channel = app.engine().channels.all().into_iter().find(|channel| channel.is_simulator).unwrap();
    let body = json!({"identifier": SVEN, "language": "en", "channelId": channel.row.id});
    let session = app.send_survey("shop", &body).await.session_id();
    app.advance(TimeDelta::seconds(2)).await;
    let both = ["delivered", "delivered"];
    app.until("the simulator reports", async || app.states(&session).await == both).await;
    assert_eq!(app.gateway.ledger().len(), 0, "it went through the other gateway");
}

/// The report of one part; Plivo and LINK Mobility report each by itself.
async fn report_part(app: &TestApp, number: u8, state: &str) {
    let reference = app.gateway.ledger()[0].reference.clone();
    let report = Report {
        our_ref: Some(reference),
        external_id: None,
        state: ReportState::parse(state),
        raw_state: state.to_owned(),
        code: None,
        reason: None,
        part: Some(number),
    };
    let report = StatusReport::of("fake", report);
    app.engine().store.write(ReceiveStatus { engine: app.engine().clone(), report }).await.unwrap();
}

#[tokio::test]
async fn gw34_a_message_is_delivered_when_all_its_parts_are_and_failed_when_one_is() {
    let courses: [&[(u8, &str, &str)]; 5] = [
        &[(1, "delivered", "accepted"), (2, "delivered", "accepted"), (3, "delivered", "delivered")],
        &[
            (3, "delivered", "accepted"),
            (1, "delivered", "accepted"),
            (1, "delivered", "accepted"),
            (2, "delivered", "delivered"),
        ],
        &[
            (1, "delivered", "accepted"),
            (2, "undelivered", "failed"),
            (3, "delivered", "failed"),
            (2, "delivered", "delivered"),
        ],
        &[
            (1, "accepted", "accepted"),
            (2, "expired", "failed"),
            (1, "delivered", "failed"),
            (3, "accepted", "failed"),
        ],
        &[
            (1, "delivered", "accepted"),
            (1, "undelivered", "accepted"),
            (2, "delivered", "accepted"),
            (3, "delivered", "delivered"),
        ],
    ];
    for course in courses {
        let app = Setup::with(&[SHOP]).start().await;
        let content = "x".repeat(310);
        let body = json!({"identifier": SVEN, "language": "en", "content": content});
        let session = app.send_survey("shop", &body).await.session_id();
        assert_eq!(app.sent_in(&session).await[0]["segments"], 3);
        for (part, report, state) in course {
            report_part(&app, *part, report).await;
            assert_eq!(app.states(&session).await[0], *state, "{course:?}");
        }
        app.advance(TimeDelta::seconds(2)).await;
    }
}
