//! [`Client`]: the HTTP client of a running server, and its refusals as people read them. It knows paths and
//! problems (RFC 9457), not what they mean.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use reqwest::{Method, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::Usage;
use crate::config::{Config, Inputs};

/// Longest wait for a connection, and for a whole answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// Which server, and who we are there.
#[derive(Clone, Debug, Args)]
pub(super) struct ClientArgs {
    /// Configuration file [default: antiphon.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[arg(long, value_name = "URL", help = "The running server [default: http://127.0.0.1:8080]")]
    url: Option<String>,
    /// API key; other users of this machine may see it, so better `ANTIPHON__CLIENT__KEY` or `--key-file`
    #[arg(long, value_name = "KEY", conflicts_with = "key_file")]
    key: Option<String>,
    /// File that holds the API key
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl ClientArgs {
    /// The client that flags, environment and configuration describe.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let key_file = self.key_file.as_ref().map(|path| path.display().to_string());
        let given = [
            ("client.url", self.url.clone()),
            ("client.key", self.key.clone()),
            ("client.key_file", key_file),
        ];
        let flags = given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        let config = Config::load(&Inputs::of_process(self.config.clone(), flags))?;
        let key = config.client.key.ok_or_else(|| {
            Usage(
                "an API key is needed: --key-file FILE, --key KEY or ANTIPHON__CLIENT__KEY; \
                   `antiphon keys create --name NAME` makes one"
                    .to_owned(),
            )
        })?;
        let url = config.client.url.context("client.url is empty")?;
        Client::new(url, key)
    }
}

/// A running server, seen from outside. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    key: SecretString,
}

/// The server said no.
#[derive(Debug, thiserror::Error)]
pub(super) struct Refused {
    status: u16,
    problem: Value,
}

impl Refused {
    /// Whether the request itself was at fault, and the answer lists how.
    pub(super) fn is_validation(&self) -> bool {
        matches!(self.status, 400 | 422)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        write!(f, "the server answers {}", self.status)?;
        for part in [text(&self.problem, "title"), text(&self.problem, "detail")] {
            if !part.is_empty() {
                write!(f, ": {part}")?;
            }
        }
        let code = text(&self.problem, "code");
        if !code.is_empty() {
            write!(f, " ({code})")?;
        }
        for fault in self.problem.get("errors").and_then(Value::as_array).into_iter().flatten() {
            write!(f, "\n- {} {}: {}", text(fault, "pointer"), text(fault, "code"), text(fault, "detail"))?;
        }
        Ok(())
    }
}

impl Client {
    /// A client with a key.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub(super) fn new(base: Url, key: SecretString) -> anyhow::Result<Self> {
        // Fails when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("antiphon/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .build()
            .context("the HTTP client cannot be set up")?;
        Ok(Self { http, base, key })
    }

    /// The address of a path below the server, with a query.
    pub(super) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Reads something.
    pub(super) async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> anyhow::Result<Value> {
        let request =
            self.http.request(Method::GET, self.url(path, query)).bearer_auth(self.key.expose_secret());
        Ok(self.answer(request).await?.1)
    }

    /// Posts JSON, and gives status and answer.
    pub(super) async fn post(&self, url: Url, body: String) -> anyhow::Result<(u16, Value)> {
        let request = self.http.request(Method::POST, url).bearer_auth(self.key.expose_secret());
        self.answer(request.header("Content-Type", "application/json").body(body)).await
    }

    /// Posts JSON as a gateway does: without a key.
    pub(super) async fn post_as_gateway(&self, url: Url, body: String) -> anyhow::Result<(u16, Value)> {
        let request = self.http.request(Method::POST, url);
        self.answer(request.header("Content-Type", "application/json").body(body)).await
    }

    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<(u16, Value)> {
        let response = request
            .send()
            .await
            .with_context(|| format!("no answer from {}; is `antiphon serve` running there?", self.base))?;
        let status = response.status();
        let body = response.bytes().await.context("the answer broke off")?;
        let value =
            if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap_or(Value::Null) };
        if status.is_success() {
            Ok((status.as_u16(), value))
        } else {
            Err(Refused { status: status.as_u16(), problem: value }.into())
        }
    }
}

/// A text property; empty when it is missing or `null`.
pub(super) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A list property; empty when it is missing or `null`.
pub(super) fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_lists_every_fault() {
        let problem = json!({"title": "The request has faults", "detail": "1 fault", "code": "validation_failed",
            "errors": [{"pointer": "/identifier", "code": "identifier_not_mobile", "detail": "a mobile is needed"}]});
        let refused = Refused { status: 422, problem };
        assert!(refused.is_validation());
        assert_eq!(
            refused.to_string(),
            "the server answers 422: The request has faults: 1 fault (validation_failed)\n\
             - /identifier identifier_not_mobile: a mobile is needed"
        );
        assert_eq!(Refused { status: 502, problem: Value::Null }.to_string(), "the server answers 502");
    }

    #[test]
    fn paths_are_put_below_the_base_and_escaped() {
        let client = Client::new("https://x.example/a/".parse().unwrap(), SecretString::default()).unwrap();
        let url = client.url(&["v1", "surveys", "a/b"], &[("dryRun", "true")]);
        assert_eq!(url.as_str(), "https://x.example/a/v1/surveys/a%2Fb?dryRun=true");
    }
}
