//! A gateway that nobody knew when the program was built: one YAML file, the one of docs/gateways.md, and a
//! conversation through it (GW10).

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::surveys::SHOP;
use crate::support::{Setup, TestApp};

const GUIDE: &str = include_str!("../../docs/gateways.md");
const KARI: &str = "+4799999999";

/// The profile as the guide shows it.
fn profile() -> &'static str {
    let (_, after) = GUIDE.split_once("```yaml\n").unwrap();
    after.split_once("```").unwrap().0
}

/// A request that Acme got.
type Ledger = Arc<Mutex<Vec<String>>>;

/// Acme: takes everything and numbers it, and after taking the first `faults` of them fails to say so.
async fn acme(faults: usize) -> (String, Ledger) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let ledger = Ledger::default();
    let seen = Arc::clone(&ledger);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            let mut chunk = [0; 4096];
            let request = loop {
                let count = stream.read(&mut chunk).await.unwrap_or(0);
                bytes.extend_from_slice(&chunk[..count]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let length = text.lines().find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
                });
                let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
                if count == 0 || body.is_some_and(|body| body >= length.unwrap_or(0)) {
                    break text;
                }
            };
            let number = {
                let mut seen = seen.lock().unwrap();
                seen.push(request);
                seen.len()
            };
            let body = format!("{{\"result\": \"OK\", \"id\": \"{number}\"}}");
            let status = if number <= faults { "500 Ill" } else { "200 OK" };
            let text = format!(
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (url, ledger)
}

/// The field of the form of a request.
fn field(request: &str, name: &str) -> String {
    let mut url = reqwest::Url::parse("http://localhost").unwrap();
    url.set_query(request.split_once("\r\n\r\n").map(|(_, body)| body));
    url.query_pairs()
        .find(|(given, _)| given == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// A server that finds this profile in its folder and sends through it; profiles are read once, at the start.
async fn app_with(profile: &str, url: &str) -> TestApp {
    app_of(SHOP, profile, url).await
}

async fn app_of(survey: &str, profile: &str, url: &str) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("acme.yaml"), profile).unwrap();
    Setup::with(&[survey])
        .set("profiles.folder", &folder.path().display().to_string())
        .set("gateways.fake.profile", "acme")
        .set("gateways.fake.base_url", url)
        .set("gateways.fake.params.customer", "4711")
        .set("gateways.fake.secrets.key", "acme-key")
        .start()
        .await
}

#[tokio::test]
async fn gw10_a_new_gateway_is_one_yaml_file_and_no_rebuild() {
    let (url, ledger) = acme(0).await;
    let app = app_with(profile(), &url).await;
    let session = app.send("shop", KARI).await;
    let post = async |form: String| {
        let address =
            format!("http://{}/v1/gateways/fake/inbound/{}", app.address(), crate::support::GATEWAY_SECRET);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(address).header("content-type", "application/x-www-form-urlencoded");
        let status = request.body(form).send().await.unwrap().status().as_u16();
        app.settle().await;
        status
    };
    let texts = || ledger.lock().unwrap().iter().map(|request| field(request, "message")).collect::<Vec<_>>();
    app.advance(chrono::TimeDelta::seconds(10)).await;
    assert_eq!(texts().len(), 2, "{:?}", texts());
    {
        let seen = ledger.lock().unwrap();
        let head = seen[1].to_ascii_lowercase();
        assert!(head.starts_with("post /v1/send http/1.1\r\n"), "{head}");
        assert!(
            head.contains("x-acme-key: acme-key\r\n") && head.contains("x-acme-customer: 4711\r\n"),
            "{head}"
        );
        assert_eq!(
            (field(&seen[1], "receiver"), field(&seen[1], "sender")),
            ("4799999999".into(), "2012".into())
        );
    }
    let reply = |id: &str, text: &str| {
        let mut url = reqwest::Url::parse("http://localhost").unwrap();
        url.query_pairs_mut().extend_pairs([
            ("msg_id", id),
            ("sender", "4799999999"),
            ("receiver", "2012"),
            ("message", text),
            ("sent_at", "21.11.2026 09:00:11"),
        ]);
        url.query().unwrap().to_owned()
    };
    assert_eq!(post(reply("a", "8")).await, 200);
    app.advance(chrono::TimeDelta::seconds(10)).await;
    assert_eq!(post(reply("b", "1")).await, 200);
    app.advance(chrono::TimeDelta::seconds(10)).await;
    assert_eq!(app.status(&session).await, "completed");
    assert!(texts().last().unwrap().contains("Thank you!"), "{:?}", texts());
    // A report names our reference.
    let reference = field(&ledger.lock().unwrap()[1], "reference");
    assert_eq!(post(format!("msg_id=2&reference={reference}&status=DELIVERED")).await, 200);
    let session = app.session(&session).await;
    let states = session["messages"].as_array().unwrap().iter().map(|message| message["state"].clone());
    assert!(states.collect::<Vec<_>>().contains(&json!("delivered")), "{session}");
    // Somebody else's call.
    let forged = format!("http://{}/v1/gateways/fake/inbound/another-long-random-word", app.address());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(forged).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(reply("c", "1")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), (401, String::new()));
}

#[tokio::test]
async fn gw64_a_report_that_says_stop_is_recorded_once() {
    let with_codes = profile()
        .replace("state: {path: status,", "error_code: code\n      state: {path: status,")
        .replace("limits: {max_parts: 3}", "limits: {max_parts: 3}\nstop: {error_codes: [\"44\"]}");
    let (url, ledger) = acme(0).await;
    let app = app_with(&with_codes, &url).await;
    let session = app.send("shop", KARI).await;
    app.advance(chrono::TimeDelta::seconds(10)).await;
    let reference = field(&ledger.lock().unwrap()[1], "reference");
    for _ in 0..2 {
        let address =
            format!("http://{}/v1/gateways/fake/status/{}", app.address(), crate::support::GATEWAY_SECRET);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let form = format!("msg_id=2&reference={reference}&status=FAILED&code=44");
        let request =
            client.post(address).header("content-type", "application/x-www-form-urlencoded").body(form);
        assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
        app.settle().await;
    }
    assert_eq!(app.status(&session).await, "opted_out");
    let refused = app.send_survey("shop", &json!({"identifier": KARI})).await;
    assert_eq!(refused.code(), "recipient_opted_out");
}

#[tokio::test]
async fn re19_c_a_gateway_that_recognises_our_reference_is_asked_again_and_that_is_no_copy() {
    for (guaranteed, sends) in [("true", 2), ("false", 1)] {
        let sure = profile().replace(
            "limits: {max_parts: 3}",
            &format!("  idempotency: {{field: reference, window: 1h, guaranteed: {guaranteed}}}\nlimits: {{max_parts: 3}}"),
        );
        let (url, ledger) = acme(1).await;
        let app = app_with(&sure, &url).await;
        let session = app.send("shop", KARI).await;
        app.advance(chrono::TimeDelta::seconds(130)).await;
        let references: Vec<String> =
            ledger.lock().unwrap().iter().map(|request| field(request, "reference")).collect();
        let first = references.iter().filter(|reference| **reference == references[0]).count();
        assert_eq!(first, sends, "{guaranteed}: {references:?}");
        let session = app.session(&session).await;
        assert_eq!(session["messages"][0]["possibleDuplicate"], json!(false), "{session}");
    }
}

#[tokio::test]
async fn gw93_a_gateway_that_wants_each_part_by_itself_gets_them_one_after_the_other() {
    let cut =
        profile().replace("limits: {max_parts: 3}", "limits: {max_parts: 3}\nencoding: {splits: client}");
    let (url, ledger) = acme(0).await;
    let app = app_with(&cut, &url).await;
    let content = "a".repeat(200);
    let body = json!({"identifier": KARI, "language": "en", "content": content});
    let session = app.send_survey("shop", &body).await.session_id();
    let seen: Vec<String> = ledger.lock().unwrap().iter().map(|request| field(request, "message")).collect();
    let sent = app.sent_in(&session).await;
    assert_eq!(
        (seen.len(), &sent[0]["segments"], &sent[0]["state"]),
        (2, &json!(2), &json!("accepted")),
        "{seen:?}"
    );
    assert_eq!((seen[0].len(), seen.concat()), (153, sent[0]["text"].as_str().unwrap().to_owned()));
    app.advance(chrono::TimeDelta::seconds(10)).await;
    assert_eq!(ledger.lock().unwrap().len(), 3, "the question is one part");
}

#[tokio::test]
async fn gw94_our_own_texts_leave_as_they_are_written_where_the_profile_says_so() {
    let survey = SHOP.replace("Thanks for shopping with us.", "Thanks – we “listen”.");
    for (smart, text, segments) in [
        ("true", "Thanks - we \"listen\". Reply STOP to opt out.", 1),
        ("false", "Thanks – we “listen”. Reply STOP to opt out.", 1),
    ] {
        let plain = profile().replace(
            "limits: {max_parts: 3}",
            &format!("limits: {{max_parts: 3}}\nencoding: {{smart: {smart}}}"),
        );
        let (url, ledger) = acme(0).await;
        let app = app_of(&survey, &plain, &url).await;
        let session = app.send("shop", KARI).await;
        assert_eq!(field(&ledger.lock().unwrap()[0], "message"), text);
        assert_eq!(app.sent_in(&session).await[0]["segments"], json!(segments));
        app.advance(chrono::TimeDelta::seconds(10)).await;
    }
}
