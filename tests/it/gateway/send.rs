//! The generic gateway against a fake server: request, and every class of answer (GW12, GW30, GW41).

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use antiphon::gateway::{
    Gateway, GatewaySession, RetryAfter, SendClass, SendRequest, SendResult, SenderType, Timeouts,
};
use antiphon::text::Encoding;

use super::opened;

pub fn request() -> SendRequest {
    SendRequest {
        client_ref: "abcdefghij0123456789".into(),
        to: "+4791234567".into(),
        from: "2012".into(),
        sender_type: SenderType::ShortNumber,
        text: "På en skala 1-10? {from} $text €".into(),
        encoding: Encoding::Gsm7,
        segments: 1,
        session: GatewaySession::None,
        status_url: None,
        ttl_seconds: 3_600,
    }
}

/// A gateway of the generic profile, with further lines of its table.
fn generic(base_url: &str, lines: &str) -> Gateway {
    let toml = format!(
        "profile = \"generic\"\nbase_url = \"{base_url}\"\nparams.proof = \"standard_webhooks\"\n\
         secrets.inbound = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n{lines}"
    );
    let timeouts = Timeouts { connect: Duration::from_millis(300), request: Duration::from_millis(600) };
    opened::gateway_within(&toml, timeouts)
}

/// A server that reads one request per connection and lets `answer` do the rest. Gives its URL and what it read.
pub fn serve(answer: impl Fn(&mut TcpStream) + Send + 'static) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (seen, requests) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = read_request(&mut stream);
            if seen.send(request).is_err() {
                return;
            }
            answer(&mut stream);
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
    (url, requests)
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        let count = stream.read(&mut chunk).unwrap_or(0);
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let length = text.to_ascii_lowercase().split_once("content-length: ").and_then(|(_, rest)| {
            rest.split_once("\r\n").and_then(|(length, _)| length.parse::<usize>().ok())
        });
        let body = bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| bytes.len() - at - 4);
        if count == 0 || body.is_some_and(|body| body >= length.unwrap_or(0)) {
            return text;
        }
    }
}

fn answer(status: u16, headers: &str, body: &str) -> (String, Receiver<String>) {
    let text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len());
    serve(move |stream| stream.write_all(text.as_bytes()).unwrap())
}

async fn sent_to(url: &str) -> SendResult {
    generic(url, "").send(&request()).await
}

async fn class_of(status: u16, headers: &str, body: &str) -> SendClass {
    sent_to(&answer(status, headers, body).0).await.class()
}

#[tokio::test]
async fn the_request_holds_the_fields_of_gw12_and_no_others() {
    let (url, requests) = answer(200, "", r#"{"messageId":"m1","sessionId":"s1"}"#);
    let gateway = generic(&format!("{url}/sms/"), "params.auth = \"bearer\"\nsecrets.outbound = \"token-1\"");
    let mut wanted = request();
    wanted.session = GatewaySession::New;
    wanted.status_url = Some("https://survey.example.com/v1/gateways/own/status?ref=abc".into());
    let result = gateway.send(&wanted).await;
    assert_eq!(result, SendResult::Accepted { external_id: Some("m1".into()), session: Some("s1".into()) });
    let seen = requests.recv().unwrap();
    assert!(seen.starts_with("POST /sms/messages HTTP/1.1\r\n"), "{seen}");
    let head = seen.to_ascii_lowercase();
    assert!(head.contains("authorization: bearer token-1\r\n"), "{seen}");
    assert!(head.contains("content-type: application/json\r\n"), "{seen}");
    assert!(!head.contains("accept-encoding"), "{seen}");
    let body: serde_json::Value = serde_json::from_str(seen.split_once("\r\n\r\n").unwrap().1).unwrap();
    let expected = serde_json::json!({
        "ref": "abcdefghij0123456789", "from": "2012", "to": "+4791234567",
        "text": "På en skala 1-10? {from} $text €", "encoding": "gsm7",
        "statusUrl": "https://survey.example.com/v1/gateways/own/status?ref=abc", "newSession": true
    });
    assert_eq!(body, expected);
    let printed = format!("{gateway:?}");
    assert!(!printed.contains("token-1"), "{printed}");
}

#[tokio::test]
async fn a_handle_is_sent_without_new_session_and_credentials_in_a_named_header() {
    let (url, requests) = answer(201, "", r#"{"MessageID": 77}"#);
    let auth = "params.auth = \"header\"\nsecrets.outbound = \"hush-hush\"";
    let mut wanted = request();
    wanted.session = GatewaySession::Existing("s1".into());
    let result = generic(&url, auth).send(&wanted).await;
    assert_eq!(result, SendResult::Accepted { external_id: Some("77".into()), session: None });
    let seen = requests.recv().unwrap();
    assert!(seen.to_ascii_lowercase().contains("x-api-key: hush-hush\r\n"), "{seen}");
    let body: serde_json::Value = serde_json::from_str(seen.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["sessionId"], "s1");
    assert!(body.get("newSession").is_none() && body.get("statusUrl").is_none());
}

#[tokio::test]
async fn statuses_fall_into_the_classes_of_gw30() {
    use SendClass::{Accepted, Ambiguous, Auth, Permanent, Throttled};
    let id = r#"{"messageId":"m1"}"#;
    for (status, headers, body, class) in [
        (200, "", id, Accepted),
        (202, "", id, Accepted),
        (200, "", "{}", Ambiguous),
        (200, "", r#"{"messageId":""}"#, Ambiguous),
        (200, "", r#"{"messageId":null}"#, Ambiguous),
        (200, "", "[]", Ambiguous),
        (200, "", r#"{"messageId":"m1"#, Ambiguous),
        (200, "", "<html>", Ambiguous),
        (204, "", "", Ambiguous),
        (301, "Location: http://127.0.0.1:1/\r\n", "", Permanent),
        (302, "Location: /messages\r\n", id, Permanent),
        (304, "", "", Permanent),
        (400, "", "", Permanent),
        (401, "", "", Auth),
        (403, "", "", Auth),
        (404, "", "", Permanent),
        (408, "", "", Ambiguous),
        (409, "", "", Permanent),
        (422, "", id, Permanent),
        (429, "", "", Throttled),
        (500, "", "", Ambiguous),
        (502, "", id, Ambiguous),
        (503, "Retry-After: 5\r\n", "", Ambiguous),
        (504, "", "", Ambiguous),
        (599, "", "", Ambiguous),
    ] {
        assert_eq!(class_of(status, headers, body).await, class, "{status} {body}");
    }
}

#[tokio::test]
async fn retry_after_is_handed_on_and_a_documented_503_is_safe() {
    let (url, _requests) = answer(429, "Retry-After: 7\r\n", "");
    let SendResult::Throttled { retry_after, detail } = sent_to(&url).await else { panic!("not throttled") };
    assert_eq!(retry_after, Some(RetryAfter::Seconds(7)));
    assert_eq!(detail.code.as_deref(), Some("429"));

    let (url, _requests) = answer(503, "", "");
    let result = generic(&url, "params.not_accepted_on_503 = true").send(&request()).await;
    assert_eq!(result.class(), SendClass::Retry);
    let (url, _requests) = answer(503, "Retry-After: Sat, 21 Nov 2026 07:28:00 GMT\r\n", "");
    let result = generic(&url, "params.not_accepted_on_503 = true").send(&request()).await;
    assert_eq!(result.class(), SendClass::Throttled);
    let (url, _requests) = answer(500, "", "");
    let result = generic(&url, "params.not_accepted_on_503 = true").send(&request()).await;
    assert_eq!(result.class(), SendClass::Ambiguous);
}

#[tokio::test]
async fn what_never_left_is_safe_to_repeat() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(sent_to(&refused).await.class(), SendClass::Retry);
    assert_eq!(sent_to("https://no-such-host.invalid").await.class(), SendClass::Retry);
    // A server without TLS answers the handshake with something else.
    let (plain, _requests) = serve(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    let tls = plain.replace("http://", "https://");
    assert_eq!(sent_to(&tls).await.class(), SendClass::Retry);
}

#[tokio::test]
async fn what_may_have_left_is_ambiguous() {
    let (hang, _requests) = serve(|_| std::thread::sleep(Duration::from_secs(5)));
    let started = Instant::now();
    assert_eq!(sent_to(&hang).await.class(), SendClass::Ambiguous);
    assert!(started.elapsed() < Duration::from_secs(3));

    let (reset, _requests) = serve(|_| {});
    assert_eq!(sent_to(&reset).await.class(), SendClass::Ambiguous);

    let (half, _requests) = serve(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{\"messageId\":\"m1\"}");
    });
    assert_eq!(sent_to(&half).await.class(), SendClass::Ambiguous);

    let (drip, _requests) = serve(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{");
        std::thread::sleep(Duration::from_secs(5));
    });
    assert_eq!(sent_to(&drip).await.class(), SendClass::Ambiguous);

    let (garbage, _requests) = serve(|stream| {
        let _ = stream.write_all(b"\x00\x01 no http\r\n\r\n");
    });
    assert_eq!(sent_to(&garbage).await.class(), SendClass::Ambiguous);
}

#[tokio::test]
async fn a_pooled_connection_that_was_closed_meanwhile_is_not_used_again() {
    let (url, requests) = answer(200, "", r#"{"messageId":"m1"}"#);
    let gateway = generic(&url, "");
    for _ in 0..3 {
        assert_eq!(gateway.send(&request()).await.class(), SendClass::Accepted);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(requests.try_iter().count(), 3);
}

#[tokio::test]
async fn a_server_that_takes_no_connection_in_time_is_safe_to_repeat() {
    // Nobody accepts and the queue of waiting connections is full, so the handshake never ends.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(stream);
        assert!(waiting.len() < 10_000, "the queue does not fill");
    }
    assert_eq!(sent_to(&format!("http://{address}")).await.class(), SendClass::Retry);
}

#[tokio::test]
async fn a_huge_answer_is_left_unread() {
    let (written, total) = channel();
    let (url, _requests) = serve(move |stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n{\"messageId\":\"");
        let chunk = vec![b'a'; 65_536];
        let count = (0..1_600).take_while(|_| stream.write_all(&chunk).is_ok()).count();
        let _ = written.send(count * chunk.len());
    });
    assert_eq!(sent_to(&url).await.class(), SendClass::Ambiguous);
    // The runtime must go on, so that the connection is closed while we wait.
    let total = tokio::task::spawn_blocking(move || total.recv_timeout(Duration::from_secs(10)));
    // Socket buffers hold some of it; far from all was taken.
    assert!(total.await.unwrap().unwrap() < 32 * 1024 * 1024);
}

#[tokio::test]
async fn a_compressed_answer_is_not_unpacked() {
    let class = class_of(200, "Content-Encoding: gzip\r\n", "\u{1f}not gzip").await;
    assert_eq!(class, SendClass::Ambiguous);
}

#[test]
fn the_status_url_names_the_message_and_carries_the_path_secret() {
    let public = "https://survey.example.com/sms".parse().unwrap();
    let gateway = generic("https://sms.example.com", "");
    assert_eq!(
        gateway.status_url(&public, "abc"),
        "https://survey.example.com/sms/v1/gateways/own/status?ref=abc"
    );
}
