//! The HTTP client of a gateway: pooled, no redirects, no proxy from the environment, no decompression, answers
//! of at most 256 KiB (GW41, RP1). It tells what surely never left from what nobody knows, and repeats nothing.

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Request, Response};

use super::settings::Timeouts;
use super::types::RetryAfter;

/// Most bytes of an answer that are read (GW41).
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// A pooled client for one gateway.
#[derive(Clone, Debug)]
pub struct HttpClient(Client);

/// What came back.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, if it can be read.
    pub retry_after: Option<RetryAfter>,
    /// `Content-Type`, if it is stated.
    pub content_type: Option<String>,
    /// The whole body, or why it cannot be had.
    pub body: Result<Vec<u8>, &'static str>,
}

/// Why nothing came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// No byte of the request left: refused, DNS, TLS, no connection in time.
    NeverLeft(&'static str),
    /// The request, or a part of it, left.
    Unknown(&'static str),
}

/// How every client of ours calls others (RS8): no redirects, no repeats, no proxy from the environment.
pub fn http_client_builder() -> ClientBuilder {
    // Fails when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .http1_only()
        .user_agent(concat!("antiphon/", env!("CARGO_PKG_VERSION")))
}

impl HttpClient {
    /// A client with these limits.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(timeouts: Timeouts) -> Result<Self, reqwest::Error> {
        http_client_builder().connect_timeout(timeouts.connect).timeout(timeouts.request).build().map(Self)
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: Request) -> Result<Answer, NoAnswer> {
        let response = self.0.execute(request).await.map_err(|error| no_answer(&error))?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = header(RETRY_AFTER).and_then(RetryAfter::parse);
        let content_type = header(CONTENT_TYPE).map(str::to_owned);
        let status = response.status().as_u16();
        Ok(Answer { status, retry_after, content_type, body: read_body(response).await })
    }
}

/// A fault before the connection stood is certain; every other one is not (GW30).
fn no_answer(error: &reqwest::Error) -> NoAnswer {
    if error.is_builder() {
        NoAnswer::NeverLeft("the request could not be built")
    } else if error.is_connect() {
        NoAnswer::NeverLeft("no connection to the gateway")
    } else if error.is_timeout() {
        NoAnswer::Unknown("no answer in time")
    } else {
        NoAnswer::Unknown("the connection broke before the answer")
    }
}

async fn read_body(mut response: Response) -> Result<Vec<u8>, &'static str> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > ANSWER_BYTES_MAX => {
                return Err("the answer is too long");
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) if error.is_timeout() => return Err("the answer did not end in time"),
            Err(_) => return Err("the connection broke within the answer"),
        }
    }
}
