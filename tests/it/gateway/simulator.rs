//! The built-in handset network: inboxes, sessions, reports and scripts.

use std::time::Duration;

use antiphon::gateway::{
    GatewaySession, ReportState, RetryAfter, Script, SendClass, SendResult, Simulator, SimulatorSettings,
};
use antiphon::ids::Ids;

use super::send::request;

fn simulator() -> Simulator {
    let settings = SimulatorSettings { request_timeout: Duration::from_millis(20), ..Default::default() };
    Simulator::new(settings, Ids::seeded(4))
}

#[tokio::test]
async fn an_accepted_sms_is_on_the_phone_in_the_ledger_and_in_the_stream() {
    let network = simulator();
    let mut stream = network.subscribe();
    let result = network.send(&request()).await;
    let SendResult::Accepted { external_id: Some(id), session: None } = result else { panic!("{result:?}") };
    let sms = stream.recv().await.unwrap();
    assert_eq!(
        (sms.to.as_str(), sms.from.as_str(), sms.external_id.as_str()),
        ("+4791234567", "2012", id.as_str())
    );
    assert_eq!(network.inbox("+4791234567"), std::slice::from_ref(&sms));
    assert_eq!(network.ledger(), [sms]);
    assert_eq!(network.phones(), ["+4791234567"]);
    assert!(network.inbox("+4790000000").is_empty());
}

#[tokio::test]
async fn a_session_is_opened_once_and_its_thread_stays_together() {
    let network = simulator();
    let mut first = request();
    first.session = GatewaySession::New;
    let SendResult::Accepted { session: Some(handle), .. } = network.send(&first).await else {
        panic!("no session")
    };
    let mut second = request();
    second.session = GatewaySession::Existing(handle.clone());
    assert_eq!(network.send(&second).await.class(), SendClass::Accepted);
    let inbox = network.inbox("+4791234567");
    assert_eq!(inbox[0].shown_from, inbox[1].shown_from);
    assert_eq!(inbox[0].shown_from.len(), 14);
    assert!(inbox[0].shown_from.starts_with("2012"));
    let reply = inbox[1].reply("mo-1", "8");
    assert_eq!((reply.to.as_str(), reply.session.as_deref()), ("2012", Some(handle.as_str())));

    let SendResult::Accepted { session: Some(other), .. } = network.send(&first).await else {
        panic!("no session")
    };
    assert_ne!(other, handle);
    second.to = "+4790000000".into();
    assert_eq!(network.send(&second).await.class(), SendClass::Permanent);
}

#[tokio::test]
async fn every_accepted_sms_is_reported_delivered_and_more_on_request() {
    let network = simulator();
    let _ = network.send(&request()).await;
    let report = network.next_report().await;
    assert_eq!(
        (report.our_ref.as_deref(), report.state),
        (Some("abcdefghij0123456789"), ReportState::Delivered)
    );
    let waiting = tokio::spawn({
        let network = network.clone();
        async move { network.next_report().await }
    });
    tokio::task::yield_now().await;
    network.report(&network.ledger()[0], ReportState::Expired);
    assert_eq!(waiting.await.unwrap().state, ReportState::Expired);
}

#[tokio::test]
async fn a_script_is_played_once_in_order() {
    use SendClass::{Accepted, Ambiguous, Auth, Duplicate, Held, OptedOut, Permanent, Retry};
    let network = simulator();
    network.script([
        Script::Throttle(Some(3)),
        Script::Refuse,
        Script::Permanent,
        Script::OptOut,
        Script::Auth,
        Script::Hold,
        Script::Duplicate,
        Script::Fault { delivered: false },
        Script::Hang { delivered: false },
    ]);
    let first = network.send(&request()).await;
    assert!(matches!(first, SendResult::Throttled { retry_after: Some(RetryAfter::Seconds(3)), .. }));
    let mut classes = Vec::new();
    for _ in 0..8 {
        classes.push(network.send(&request()).await.class());
    }
    assert_eq!(classes, [Retry, Permanent, OptedOut, Auth, Held, Duplicate, Ambiguous, Ambiguous]);
    assert!(network.ledger().is_empty());
    assert_eq!(network.send(&request()).await.class(), Accepted);

    network.script([Script::Fault { delivered: true }, Script::Hang { delivered: true }]);
    for _ in 0..2 {
        assert_eq!(network.send(&request()).await.class(), Ambiguous);
    }
    assert_eq!(network.ledger().len(), 3);
}

#[tokio::test]
async fn a_refused_session_leaves_plain_sends_alone() {
    let network = simulator();
    network.script([Script::RefuseSession, Script::RefuseSession]);
    let mut first = request();
    first.session = GatewaySession::New;
    assert_eq!(network.send(&first).await.class(), SendClass::Permanent);
    assert_eq!(network.send(&request()).await.class(), SendClass::Accepted);
}
