//! [`WebhookClient`]: makes one call. Names are resolved here, and only public addresses are connected to, so that what
//! was checked is what is called (V4, RF47). No redirects, no proxy, and little of the answer is read (RS8).

use std::error::Error as _;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response};

use super::address::{Target, is_public};
use crate::gateway::{RetryAfter, http_client_builder};

/// Most bytes of an answer that are read (RS8); most of them are dropped.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Bytes of an answer that are kept (V7).
const KEPT_BYTES: usize = 1024;
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A pooled client for all receivers. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct WebhookClient {
    client: Client,
    allows_private: bool,
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Call {
    /// Where to.
    pub url: String,
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`, in seconds.
    pub seconds: i64,
    /// `webhook-signature`: one or two.
    pub signature: String,
    /// The body, as it was signed.
    pub body: Vec<u8>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallResult {
    /// Any 2xx.
    Delivered,
    /// 410: the receiver wants no more.
    Gone,
    /// Any other status; redirects are not followed.
    Refused,
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Unreachable,
    /// The name stands for no public address, or the URL may not be called (V4).
    ForbiddenAddress,
}

impl CallResult {
    /// The word stored and counted.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Gone => "gone",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::ForbiddenAddress => "forbidden_address",
        }
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// How it ended.
    pub result: CallResult,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// `Retry-After`, if it can be read.
    pub retry_after: Option<RetryAfter>,
    /// The first kilobyte of the answer (V7).
    pub response: Option<String>,
}

impl Reply {
    fn without_answer(result: CallResult) -> Self {
        Self { result, status: None, retry_after: None, response: None }
    }
}

impl WebhookClient {
    /// A client whose calls end within `timeout` (V2). `allows_private` is for tests on one machine.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(timeout: Duration, allows_private: bool) -> Result<Self, reqwest::Error> {
        let builder = http_client_builder().connect_timeout(CONNECT_TIMEOUT).timeout(timeout);
        let builder = builder.dns_resolver(Arc::new(PublicResolver { allows_private }));
        Ok(Self { client: builder.build()?, allows_private })
    }

    /// Makes a call.
    pub async fn call(&self, call: Call) -> Reply {
        let Ok(target) = Target::parse(&call.url, self.allows_private) else {
            return Reply::without_answer(CallResult::ForbiddenAddress);
        };
        let request = self
            .client
            .post(target.url())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", call.id)
            .header("webhook-timestamp", call.seconds)
            .header("webhook-signature", call.signature)
            .body(call.body);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Reply::without_answer(result_of(&error)),
        };
        let status = response.status();
        let result = match status.as_u16() {
            200..=299 => CallResult::Delivered,
            410 => CallResult::Gone,
            _ => CallResult::Refused,
        };
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(RetryAfter::parse);
        let response = Some(first_kilobyte(response).await);
        Reply { result, status: Some(status.as_u16()), retry_after, response }
    }
}

fn result_of(error: &reqwest::Error) -> CallResult {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<NoPublicAddress>() {
            return CallResult::ForbiddenAddress;
        }
        source = cause.source();
    }
    if error.is_timeout() { CallResult::Timeout } else { CallResult::Unreachable }
}

/// The beginning of an answer. It is read to its end if that is near, so that the connection can be used again; an
/// answer that breaks off was an answer all the same.
async fn first_kilobyte(mut response: Response) -> String {
    let (mut kept, mut read) = (Vec::new(), 0);
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        kept.extend(chunk.iter().copied().take(KEPT_BYTES - kept.len()));
        if read > ANSWER_BYTES_MAX {
            break;
        }
    }
    // No database keeps NUL.
    String::from_utf8_lossy(&kept).replace('\0', "\u{fffd}")
}

/// Resolves names to public addresses alone.
#[derive(Clone, Copy, Debug)]
struct PublicResolver {
    allows_private: bool,
}

/// A name stands for no address that may be called.
#[derive(Clone, Copy, Debug)]
struct NoPublicAddress;

impl fmt::Display for NoPublicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name stands for no public address")
    }
}

impl std::error::Error for NoPublicAddress {}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allows_private = self.allows_private;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|at| allows_private || is_public(at.ip())).collect();
            if allowed.is_empty() {
                return Err(NoPublicAddress.into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}
