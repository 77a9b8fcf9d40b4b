//! [`BoundRequest`]: how one configured gateway is sent to, or asked. It builds a request; each value is written once
//! and escaped for its place (GW40), and the host is fixed (GW41).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};
use serde_json::Value;

use super::model::Encode;
use super::value::{Expr, Message, Template};
use crate::gateway::oauth2::ClientCredentials;
use crate::gateway::types::SendRequest;

/// Everything but the unreserved characters of RFC 3986.
const IN_URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How one configured gateway is sent to, or asked what became of a message.
#[derive(Clone, Debug)]
pub struct BoundRequest {
    /// Method.
    pub method: Method,
    /// URL.
    pub url: Template,
    /// The base URL of the instance, without a slash at its end.
    pub base_url: String,
    /// Headers, those that prove us included.
    pub headers: Vec<(HeaderName, Template)>,
    /// Parameters of the URL.
    pub query: Vec<(String, Expr)>,
    /// The body.
    pub body: Option<Expr>,
    /// How it is written.
    pub encode: Encode,
    /// Members whose value is null are left out.
    pub omit_null: bool,
    /// Headers that prove us.
    pub proof: HeaderMap,
    /// What a token is asked for with, if that proves us.
    pub credentials: Option<ClientCredentials>,
}

/// Why a request cannot be built: the profile does not suit the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildFault {
    /// The URL is none, or is that of another host.
    #[error("the profile builds no URL of its gateway")]
    Url,
    /// A header holds what cannot stand in one.
    #[error("a header holds a character that cannot stand in one")]
    Header,
}

impl BoundRequest {
    /// The request for a message.
    ///
    /// # Errors
    /// [`BuildFault`].
    pub fn build(&self, request: &SendRequest) -> Result<Request, BuildFault> {
        let message = Message { request, omit_null: self.omit_null };
        let mut url = self.url(&message)?;
        add_pairs(&mut url, &flat(&self.query, &message));
        let mut body = None;
        if let Some(expr) = &self.body {
            let value = expr.value(&message);
            match self.encode {
                Encode::Json => body = Some(("application/json", value.to_string())),
                Encode::Form => body = Some(("application/x-www-form-urlencoded", form(&pairs_of(&value)))),
                Encode::Query => add_pairs(&mut url, &pairs_of(&value)),
            }
        }
        let mut built = Request::new(self.method.clone(), url);
        *built.headers_mut() = self.proof.clone();
        if let Some((content_type, text)) = body {
            built.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            *built.body_mut() = Some(text.into());
        }
        for (name, template) in &self.headers {
            let text = template.fill(&message, &self.base_url, str::to_owned).ok_or(BuildFault::Header)?;
            let value = HeaderValue::from_str(&text).map_err(|_| BuildFault::Header)?;
            built.headers_mut().insert(name.clone(), value);
        }
        Ok(built)
    }

    fn url(&self, message: &Message<'_>) -> Result<Url, BuildFault> {
        let escape = |text: &str| utf8_percent_encode(text, IN_URL).to_string();
        let text = self.url.fill(message, &self.base_url, escape).ok_or(BuildFault::Url)?;
        let url = Url::parse(&text).map_err(|_| BuildFault::Url)?;
        let base = Url::parse(&self.base_url).map_err(|_| BuildFault::Url)?;
        if url.origin() == base.origin() { Ok(url) } else { Err(BuildFault::Url) }
    }
}

/// Named values as pairs; a list is its items one by one, and null nothing.
fn flat(members: &[(String, Expr)], message: &Message<'_>) -> Vec<(String, String)> {
    members.iter().flat_map(|(name, value)| pairs_named(name, &value.value(message))).collect()
}

fn pairs_of(value: &Value) -> Vec<(String, String)> {
    let members = value.as_object().into_iter().flatten();
    members.flat_map(|(name, value)| pairs_named(name, value)).collect()
}

fn pairs_named(name: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Null | Value::Object(_) => Vec::new(),
        Value::Array(items) => items.iter().flat_map(|item| pairs_named(name, item)).collect(),
        Value::String(text) => vec![(name.to_owned(), text.clone())],
        Value::Number(_) | Value::Bool(_) => vec![(name.to_owned(), value.to_string())],
    }
}

fn add_pairs(url: &mut Url, pairs: &[(String, String)]) {
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
}

/// `application/x-www-form-urlencoded`, as the URL library writes it.
fn form(pairs: &[(String, String)]) -> String {
    let mut url = Url::parse("http://form.invalid/").ok();
    if let Some(url) = &mut url {
        add_pairs(url, pairs);
    }
    url.as_ref().and_then(Url::query).unwrap_or_default().to_owned()
}
