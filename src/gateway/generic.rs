//! `generic`: the JSON of gateways of one's own, both ways (GW12, http-api.md 5.2). Inbound and reports come one
//! by one or in a list; a bad one becomes a dead letter and does not spoil the rest (GW3, A84).

use chrono::{DateTime, SubsecRound, Utc};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::http::{Answer, HttpClient, NoAnswer};
use super::item::{CallbackItem, Concat, Flag, Inbound, Report, ReportState};
use super::json::{self, Document};
use super::registry::OpenError;
use super::settings::{GenericSettings, OutboundAuth};
use super::types::{Detail, GatewaySession, SendRequest, SendResult};

/// Most characters kept of a report's explanation.
const REASON_CHARACTERS_MAX: usize = 200;

/// Most bytes an id or handle of a gateway may have.
const ID_BYTES_MAX: usize = 255;

/// A gateway that speaks the generic JSON.
#[derive(Clone, Debug)]
pub struct Generic {
    client: HttpClient,
    messages: Url,
    sms_sessions: bool,
    not_accepted_on_503: bool,
}

impl Generic {
    /// Opens the pooled client.
    pub fn open(settings: &GenericSettings) -> Result<Self, OpenError> {
        let mut messages = settings.base_url.clone();
        let path = format!("{}/messages", messages.path().trim_end_matches('/'));
        messages.set_path(&path);
        Ok(Self {
            client: HttpClient::new(settings.timeouts, auth_headers(&settings.auth)?)?,
            messages,
            sms_sessions: settings.sms_sessions,
            not_accepted_on_503: settings.not_accepted_on_503,
        })
    }

    /// Whether it opens SMS sessions.
    pub fn sms_sessions(&self) -> bool {
        self.sms_sessions
    }

    /// Hands one SMS over. Ends within the request timeout.
    pub async fn send(&self, request: &SendRequest) -> SendResult {
        match self.client.post_json(&self.messages, &send_body(request)).await {
            Ok(answer) => self.classify(answer),
            Err(NoAnswer::NeverLeft(reason)) => SendResult::Retry(Detail::plain(reason)),
            Err(NoAnswer::Unknown(reason)) => SendResult::Ambiguous(Detail::plain(reason)),
        }
    }

    /// The defaults of GW30. Only a status that says so makes a send safe to repeat.
    fn classify(&self, answer: Answer) -> SendResult {
        let Answer { status, retry_after, body } = answer;
        let throttled = |reason| SendResult::Throttled { retry_after, detail: Detail::coded(status, reason) };
        match status {
            200..=299 => accepted(status, body),
            300..=399 => {
                SendResult::Permanent(Detail::coded(status, "the gateway redirects; check base_url"))
            }
            401 | 403 => SendResult::Auth(Detail::coded(status, "the gateway refuses our credentials")),
            408 => SendResult::Ambiguous(Detail::coded(status, "the gateway timed out")),
            429 => throttled("the gateway asks us to slow down"),
            400..=499 => SendResult::Permanent(Detail::coded(status, "the gateway refuses the message")),
            503 if self.not_accepted_on_503 && retry_after.is_some() => throttled("the gateway is busy"),
            503 if self.not_accepted_on_503 => {
                SendResult::Retry(Detail::coded(status, "the gateway is busy"))
            }
            _ => SendResult::Ambiguous(Detail::coded(status, "the gateway failed")),
        }
    }
}

/// A 2xx counts only with the id it promises: without it nobody knows what the gateway did (GW30).
fn accepted(status: u16, body: Result<Vec<u8>, &'static str>) -> SendResult {
    let unsure = |reason| SendResult::Ambiguous(Detail::coded(status, reason));
    let body = match body {
        Ok(body) => body,
        Err(reason) => return unsure(reason),
    };
    let Ok(Document { value: Value::Object(answer), .. }) = json::read(&body) else {
        return unsure("the answer is not a JSON object");
    };
    let id = |name| json::filled(&answer, name).filter(|id| id.len() <= ID_BYTES_MAX);
    match id("messageId") {
        Some(external_id) => {
            SendResult::Accepted { external_id: Some(external_id), session: id("sessionId") }
        }
        None => unsure("the answer has no messageId"),
    }
}

fn send_body(request: &SendRequest) -> Value {
    let mut body = Map::new();
    body.insert("ref".into(), json!(request.client_ref));
    body.insert("from".into(), json!(request.from));
    body.insert("to".into(), json!(request.to));
    body.insert("text".into(), json!(request.text));
    body.insert("encoding".into(), json!(request.encoding.as_str()));
    if let Some(status_url) = &request.status_url {
        body.insert("statusUrl".into(), json!(status_url));
    }
    match &request.session {
        GatewaySession::None => {}
        GatewaySession::New => {
            body.insert("newSession".into(), json!(true));
        }
        GatewaySession::Existing(handle) => {
            body.insert("sessionId".into(), json!(handle));
        }
    }
    Value::Object(body)
}

fn auth_headers(auth: &OutboundAuth) -> Result<HeaderMap, OpenError> {
    let (name, text) = match auth {
        OutboundAuth::None => return Ok(HeaderMap::new()),
        OutboundAuth::Bearer(token) => (AUTHORIZATION, format!("Bearer {}", token.expose_secret())),
        OutboundAuth::Header(name, value) => {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| OpenError::Header)?;
            (name, value.expose_secret().to_owned())
        }
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| OpenError::Header)?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
}

/// Whether a callback of that content type is read at all; else 415 (GW1). None stated counts as JSON.
pub fn reads(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else {
        return true;
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Reads a verified body: one object or a list of them.
pub fn parse(body: &[u8]) -> Vec<CallbackItem> {
    match json::read(body) {
        Ok(Document { value: Value::Array(items), mended }) => {
            items.iter().map(|item| parse_item(item, mended)).collect()
        }
        Ok(Document { value, mended }) => vec![parse_item(&value, mended)],
        Err(error) => vec![CallbackItem::Dead { error, raw: String::from_utf8_lossy(body).into_owned() }],
    }
}

fn parse_item(value: &Value, mended: bool) -> CallbackItem {
    let dead = |error| CallbackItem::Dead { error, raw: value.to_string() };
    let Value::Object(item) = value else {
        return dead("the item is not an object");
    };
    let mended = mended && value.to_string().contains('\u{fffd}');
    let has = |name| json::member(item, name).is_some();
    let read = if has("text") || (has("from") && !has("state")) {
        inbound(item, mended)
    } else if has("state") {
        report(item)
    } else {
        Err("the item is neither an inbound SMS nor a report")
    };
    read.unwrap_or_else(dead)
}

fn inbound(item: &Map<String, Value>, mended: bool) -> Result<CallbackItem, &'static str> {
    let mut flags = Vec::new();
    if mended {
        flags.push(Flag::InvalidUtf8);
    }
    let time = json::member(item, "receivedAt");
    let provider_at = time.and_then(Value::as_str).and_then(read_time);
    if time.is_some() && provider_at.is_none() {
        flags.push(Flag::UnreadableTime);
    }
    let text = match json::member(item, "text") {
        // An empty text is a message (GW5).
        None => String::new(),
        Some(value) => json::text(value).ok_or("text is not a text")?,
    };
    Ok(CallbackItem::Inbound(Inbound {
        id: limited(item, "messageId")?,
        from: present(item, "from").ok_or("from is missing")?,
        to: present(item, "to").ok_or("to is missing")?,
        text,
        session: limited(item, "sessionId")?,
        provider_at,
        flags,
        concat: concat(item)?,
    }))
}

/// A text in parts, from a gateway of one's own that does not join them (GW44).
fn concat(item: &Map<String, Value>) -> Result<Option<Concat>, &'static str> {
    let Some(reference) = limited(item, "concatRef")? else {
        return Ok(None);
    };
    let number = |name| json::filled(item, name).and_then(|text| text.trim().parse::<u8>().ok());
    let concat = number("concatTotal")
        .zip(number("concatPart"))
        .and_then(|(total, part)| Concat::new(&reference, total, part, Concat::WAIT));
    concat.map(Some).ok_or("concatPart and concatTotal do not fit")
}

fn report(item: &Map<String, Value>) -> Result<CallbackItem, &'static str> {
    let raw_state = json::filled(item, "state").ok_or("state is missing")?;
    let our_ref = limited(item, "ref")?;
    let external_id = limited(item, "messageId")?;
    if our_ref.is_none() && external_id.is_none() {
        return Err("a report needs ref or messageId");
    }
    let reason = json::filled(item, "reason");
    Ok(CallbackItem::Report(Report {
        our_ref,
        external_id,
        state: ReportState::parse(&raw_state),
        raw_state: raw_state.chars().take(REASON_CHARACTERS_MAX).collect(),
        code: None,
        reason: reason.map(|reason| reason.chars().take(REASON_CHARACTERS_MAX).collect()),
    }))
}

/// A number that is more than blanks.
fn present(item: &Map<String, Value>, name: &str) -> Option<String> {
    json::filled(item, name).filter(|text| !text.trim().is_empty() && text.len() <= ID_BYTES_MAX)
}

/// An id or handle; cutting one could make two equal, so a longer one is a fault.
fn limited(item: &Map<String, Value>, name: &str) -> Result<Option<String>, &'static str> {
    match json::filled(item, name) {
        Some(id) if id.len() > ID_BYTES_MAX => Err("an id is longer than 255 bytes"),
        id => Ok(id),
    }
}

fn read_time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text.trim()).ok().map(|time| time.with_timezone(&Utc).trunc_subsecs(6))
}

/// The JSON of an inbound SMS, as a generic gateway or the simulator posts it.
#[must_use]
pub fn inbound_json(inbound: &Inbound) -> Value {
    let mut item = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            item.insert(name.to_owned(), Value::String(value));
        }
    };
    put("messageId", inbound.id.clone());
    put("from", Some(inbound.from.clone()));
    put("to", Some(inbound.to.clone()));
    put("text", Some(inbound.text.clone()));
    put("sessionId", inbound.session.clone());
    put("receivedAt", inbound.provider_at.map(|time| time.to_rfc3339()));
    put("concatRef", inbound.concat.as_ref().map(|concat| concat.reference().to_owned()));
    put("concatTotal", inbound.concat.as_ref().map(|concat| concat.total().to_string()));
    put("concatPart", inbound.concat.as_ref().map(|concat| concat.part().to_string()));
    Value::Object(item)
}

/// The JSON of a delivery report, as a generic gateway or the simulator posts it.
#[must_use]
pub fn report_json(report: &Report) -> Value {
    let mut item = Map::new();
    let mut put = |name: &str, value: Option<&String>| {
        if let Some(value) = value {
            item.insert(name.to_owned(), Value::String(value.clone()));
        }
    };
    put("ref", report.our_ref.as_ref());
    put("messageId", report.external_id.as_ref());
    put("state", Some(&report.raw_state));
    put("reason", report.reason.as_ref());
    Value::Object(item)
}
