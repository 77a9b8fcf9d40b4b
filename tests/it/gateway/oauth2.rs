//! Tokens of client credentials against a fake token server: kept, renewed in time, asked for once at a time
//! (gateways.md 2.2).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use antiphon::gateway::{ClientCredentials, SendClass, Timeouts, TokenCache, TokenFault, check_base_url};
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

/// A server that answers with these statuses and bodies, then with tokens `t1`, `t2`, ... of 300 s.
struct TokenServer {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl TokenServer {
    async fn start(answers: &[(u16, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&requests);
        let mut answers: VecDeque<(u16, String)> =
            answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = String::new();
                let mut chunk = [0; 4096];
                while !request.contains("client_credentials") {
                    let count = stream.read(&mut chunk).await.unwrap();
                    request.push_str(&String::from_utf8_lossy(&chunk[..count]));
                }
                let number = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(request);
                    seen.len()
                };
                let usual =
                    format!(r#"{{"access_token":"t{number}","token_type":"Bearer","expires_in":300}}"#);
                let (status, body) = answers.pop_front().unwrap_or((200, usual));
                let head = format!(
                    "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            }
        });
        Self { url, requests }
    }

    fn cache(&self) -> TokenCache {
        let credentials = ClientCredentials {
            token_url: check_base_url(&self.url).unwrap(),
            client_id: "an id:1".to_owned(),
            client_secret: "a secret+2".to_owned().into(),
            scope: Some("sms/send".to_owned()),
        };
        let timeouts = Timeouts { connect: Duration::from_secs(1), request: Duration::from_secs(5) };
        TokenCache::new(credentials, timeouts).unwrap()
    }

    fn asked(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

async fn token(cache: &TokenCache, now: Instant) -> Result<String, TokenFault> {
    cache.token(now).await.map(|token| token.expose_secret().to_owned())
}

#[tokio::test]
async fn a_token_is_asked_for_as_rfc_6749_says_and_kept_until_a_minute_before_its_end() {
    let server = TokenServer::start(&[]).await;
    let cache = server.cache();
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    assert_eq!(token(&cache, at(0)).await.unwrap(), "t1");
    assert_eq!(token(&cache, at(239)).await.unwrap(), "t1");
    assert_eq!(server.asked(), 1);
    assert_eq!(token(&cache, at(240)).await.unwrap(), "t2");
    assert_eq!(token(&cache, at(479)).await.unwrap(), "t2");
    let requests = server.requests.lock().unwrap();
    let request = requests[0].to_ascii_lowercase();
    assert!(request.starts_with("post /token http/1.1\r\n"), "{request}");
    assert!(request.contains("content-type: application/x-www-form-urlencoded\r\n"), "{request}");
    assert!(request.ends_with("grant_type=client_credentials&scope=sms%2fsend"), "{request}");
    // base64 of `an%20id%3A1:a%20secret%2B2`
    assert!(requests[0].contains("Basic YW4lMjBpZCUzQTE6YSUyMHNlY3JldCUyQjI="), "{}", requests[0]);
    assert!(!format!("{cache:?}").contains("secret"), "{cache:?}");
}

#[tokio::test]
async fn one_request_serves_all_who_wait() {
    let server = TokenServer::start(&[]).await;
    let cache = server.cache();
    let now = Instant::now();
    let all = futures_util::future::join_all((0..50).map(|_| token(&cache, now))).await;
    assert!(all.into_iter().all(|token| token.unwrap() == "t1"));
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn a_token_that_the_gateway_refuses_is_not_used_again() {
    let server = TokenServer::start(&[]).await;
    let cache = server.cache();
    let now = Instant::now();
    let first = cache.token(now).await.unwrap();
    cache.forget(&first).await;
    assert_eq!(token(&cache, now).await.unwrap(), "t2");
    cache.forget(&first).await;
    assert_eq!(token(&cache, now).await.unwrap(), "t2", "somebody else's newer token stays");
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_server_is_left_in_peace() {
    for (status, body, fault, class) in [
        (401, "{}", TokenFault::Refused(401), SendClass::Auth),
        (400, r#"{"error":"invalid_client"}"#, TokenFault::Refused(400), SendClass::Auth),
        (302, "", TokenFault::Refused(302), SendClass::Auth),
        (503, "", TokenFault::Unavailable("the token server is ill"), SendClass::Retry),
        (200, "<html>", TokenFault::Unreadable, SendClass::Auth),
        (200, r#"{"access_token":"a b","token_type":"bearer"}"#, TokenFault::Unreadable, SendClass::Auth),
        (200, r#"{"access_token":"ab","token_type":"mac"}"#, TokenFault::Unreadable, SendClass::Auth),
    ] {
        let server = TokenServer::start(&[(status, body)]).await;
        let cache = server.cache();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(token(&cache, at(0)).await, Err(fault), "{status} {body}");
        assert_eq!(fault.result().class(), class, "{status} {body}");
        assert_eq!(token(&cache, at(4)).await, Err(fault));
        assert_eq!(server.asked(), 1);
        assert_eq!(token(&cache, at(5)).await.unwrap(), "t2", "it is asked again, and is well");
    }
}

#[tokio::test]
async fn lives_are_read_in_every_form() {
    for (life, last_second) in
        [("120", 59), ("\"600\"", 539), ("60", 29), ("null", 239), ("99999999", 86_339)]
    {
        let body = format!(r#"{{"access_token":"t1","token_type":"bearer","expires_in":{life}}}"#);
        let server = TokenServer::start(&[(200, body.as_str())]).await;
        let cache = server.cache();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(token(&cache, at(0)).await.unwrap(), "t1");
        assert_eq!(token(&cache, at(last_second)).await.unwrap(), "t1", "{life}");
        assert_eq!(token(&cache, at(last_second + 1)).await.unwrap(), "t2", "{life}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_makes_a_send_wait() {
    let server = TokenServer::start(&[]).await;
    let credentials = ClientCredentials {
        token_url: check_base_url("http://127.0.0.1:9/token").unwrap(),
        client_id: "id".to_owned(),
        client_secret: "secret".to_owned().into(),
        scope: None,
    };
    let cache = TokenCache::new(credentials, Timeouts::default()).unwrap();
    let fault = token(&cache, Instant::now()).await.unwrap_err();
    assert_eq!(fault, TokenFault::Unavailable("no connection to the gateway"));
    assert_eq!(fault.result().class(), SendClass::Retry);
    assert_eq!(server.asked(), 0);
}
