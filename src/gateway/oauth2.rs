//! Client credentials of `OAuth2` (RFC 6749, 4.4) for gateways that want a token with every send: it is asked for
//! once, kept, and renewed a minute before its end; whoever sends meanwhile waits for the same one. It never sends an SMS
//! and never tells a secret.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Method, Request, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::http::{Answer, HttpClient, NoAnswer};
use super::profile::BoundRequest;
use super::registry::OpenError;
use super::settings::Timeouts;
use super::types::{Detail, SendResult};

/// How long before its end a token is renewed; a token of less than two minutes at half its life.
const RENEW_BEFORE: Duration = Duration::from_mins(1);

/// Life of a token whose server does not say (RFC 6749 leaves it open).
const LIFE_UNSTATED: Duration = Duration::from_mins(5);

/// Longest life that is believed.
const LIFE_MAX: Duration = Duration::from_hours(24);

/// How long a refusal is passed on before the server is asked again: all sends of a channel may wait for it.
const FAULT_LIFE: Duration = Duration::from_secs(5);

/// What a token is asked for with.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    /// Where it is asked for. Checked by [`check_base_url`](super::check_base_url).
    pub token_url: Url,
    /// Who we are there.
    pub client_id: String,
    /// What proves it.
    pub client_secret: SecretString,
    /// What the token shall be good for; the server's own rule if not said.
    pub scope: Option<String>,
}

/// Why there is no token. Nothing was sent, so a send may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// The server does not give us one.
    #[error("the token server refuses our credentials ({0})")]
    Refused(u16),
    /// The server is away or ill.
    #[error("no token: {0}")]
    Unavailable(&'static str),
    /// It answers something else than a bearer token.
    #[error("the token server's answer holds no bearer token")]
    Unreadable,
}

impl TokenFault {
    /// What became of the send that wanted the token (gateways.md 2.5).
    #[must_use]
    pub fn result(self) -> SendResult {
        match self {
            Self::Refused(status) => {
                SendResult::Auth(Detail::coded(status, "the token server refuses our credentials"))
            }
            Self::Unavailable(reason) => SendResult::Retry(Detail::plain(reason)),
            Self::Unreadable => {
                SendResult::Auth(Detail::plain("the token server's answer holds no bearer token"))
            }
        }
    }
}

/// The token of one gateway. Cloning is cheap; all clones share it.
#[derive(Clone)]
pub struct TokenCache {
    shared: Arc<Shared>,
}

struct Shared {
    client: HttpClient,
    credentials: ClientCredentials,
    /// Held while a token is asked for: one request at a time.
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    token: Option<(SecretString, Instant)>,
    fault: Option<(TokenFault, Instant)>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    token_type: String,
    /// Seconds; a few servers write them as a text.
    expires_in: Option<serde_json::Value>,
}

impl TokenCache {
    /// No token yet; none is asked for before somebody sends.
    ///
    /// # Errors
    /// [`OpenError`] when the HTTP client cannot be built.
    pub fn new(credentials: ClientCredentials, timeouts: Timeouts) -> Result<Self, OpenError> {
        let client = HttpClient::new(timeouts)?;
        Ok(Self { shared: Arc::new(Shared { client, credentials, held: Mutex::default() }) })
    }

    /// For requests that a token proves; `None` for others.
    ///
    /// # Errors
    /// [`OpenError`] when the HTTP client cannot be built.
    pub fn of(request: &BoundRequest, timeouts: Timeouts) -> Result<Option<Self>, OpenError> {
        request.credentials.clone().map(|credentials| Self::new(credentials, timeouts)).transpose()
    }

    /// Puts the token into a request, and gives it: should it be refused, it is to be forgotten.
    ///
    /// # Errors
    /// [`TokenFault`] when there is none.
    pub async fn prove(&self, request: &mut Request) -> Result<SecretString, TokenFault> {
        let token = self.token(Instant::now()).await?;
        let value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
        let mut value = value.map_err(|_| TokenFault::Unreadable)?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(token)
    }

    /// The token at this instant: the one kept, else a new one. Ends within the request timeout of whoever asks first
    /// and of all who wait for him.
    ///
    /// # Errors
    /// [`TokenFault`] when there is none; the same one for 5 s, so that a server that is ill is left in peace.
    pub async fn token(&self, now: Instant) -> Result<SecretString, TokenFault> {
        let mut held = self.shared.held.lock().await;
        if let Some((token, renew_at)) = &held.token
            && now < *renew_at
        {
            return Ok(token.clone());
        }
        if let Some((fault, since)) = held.fault
            && now < since + FAULT_LIFE
        {
            return Err(fault);
        }
        match self.ask().await {
            Ok((token, life)) => {
                let renew_at = now + life.saturating_sub(RENEW_BEFORE.min(life / 2));
                *held = Held { token: Some((token.clone(), renew_at)), fault: None };
                Ok(token)
            }
            Err(fault) => {
                *held = Held { token: None, fault: Some((fault, now)) };
                Err(fault)
            }
        }
    }

    /// The gateway refused a send with this token: the next one asks for another. A newer one is kept.
    pub async fn forget(&self, refused: &SecretString) {
        let mut held = self.shared.held.lock().await;
        if held.token.as_ref().is_some_and(|(token, _)| token.expose_secret() == refused.expose_secret()) {
            held.token = None;
        }
    }

    async fn ask(&self) -> Result<(SecretString, Duration), TokenFault> {
        let answer = self.shared.client.send(self.request()?).await.map_err(|none| match none {
            NoAnswer::NeverLeft(reason) | NoAnswer::Unknown(reason) => TokenFault::Unavailable(reason),
        })?;
        read(&answer)
    }

    /// RFC 6749, 4.4.2, with the credentials as 2.3.1 prefers them.
    fn request(&self) -> Result<Request, TokenFault> {
        let credentials = &self.shared.credentials;
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let secret = encoded(credentials.client_secret.expose_secret());
        let basic =
            format!("Basic {}", STANDARD.encode(format!("{}:{secret}", encoded(&credentials.client_id))));
        let mut basic = HeaderValue::from_str(&basic).map_err(|_| TokenFault::Unreadable)?;
        basic.set_sensitive(true);
        let mut form = "grant_type=client_credentials".to_owned();
        if let Some(scope) = &credentials.scope {
            form.push_str("&scope=");
            form.push_str(&encoded(scope));
        }
        let mut request = Request::new(Method::POST, credentials.token_url.clone());
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, basic);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        *request.body_mut() = Some(Body::from(form));
        Ok(request)
    }
}

/// RFC 6749, 5.1 and 5.2.
fn read(answer: &Answer) -> Result<(SecretString, Duration), TokenFault> {
    match answer.status {
        200..=299 => {}
        429 | 500..=599 => return Err(TokenFault::Unavailable("the token server is ill")),
        status => return Err(TokenFault::Refused(status)),
    }
    let body = answer.body.as_ref().map_err(|reason| TokenFault::Unavailable(reason))?;
    let granted: Granted = serde_json::from_slice(body).map_err(|_| TokenFault::Unreadable)?;
    let token = granted.access_token.expose_secret();
    // Visible ASCII, or it cannot stand in a header (RFC 6750, 2.1).
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_token || !granted.token_type.eq_ignore_ascii_case("bearer") {
        return Err(TokenFault::Unreadable);
    }
    let seconds = |given: &serde_json::Value| given.as_u64().or_else(|| given.as_str()?.trim().parse().ok());
    let life = granted.expires_in.as_ref().and_then(seconds);
    let life = life.map_or(LIFE_UNSTATED, Duration::from_secs).min(LIFE_MAX);
    Ok((granted.access_token, life))
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("client_id", &self.shared.credentials.client_id)
            .finish_non_exhaustive()
    }
}
