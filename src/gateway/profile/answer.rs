//! Classes of an answer (gateways.md 2.5, GW30). Only what surely was not taken is safe to repeat; what nobody knows
//! is ambiguous.

use super::callback::ID_BYTES_MAX;
use super::decode::Charset;
use super::model::AnswerRules;
use super::path::Path;
use crate::gateway::http::Answer;
use crate::gateway::types::{Detail, RetryAfter, SendClass, SendResult};

/// The usual class of a status, and in words why (GW30).
#[must_use]
pub fn usual(status: u16) -> (SendClass, &'static str) {
    match status {
        300..=399 => (SendClass::Permanent, "the gateway redirects; check base_url"),
        401 | 403 => (SendClass::Auth, "the gateway refuses our credentials"),
        408 => (SendClass::Ambiguous, "the gateway timed out"),
        429 => (SendClass::Throttled, "the gateway asks us to slow down"),
        400..=499 => (SendClass::Permanent, "the gateway refuses the message"),
        _ => (SendClass::Ambiguous, "the gateway failed"),
    }
}

/// What the body of an answer holds.
#[derive(Default)]
struct Body {
    /// Why it cannot be read.
    fault: Option<&'static str>,
    /// It holds one of the words of an acceptance, or need not.
    is_ok: bool,
    external_id: Option<String>,
    session: Option<String>,
    error: Option<String>,
}

impl AnswerRules<SendClass> {
    /// The class of an answer, with its facts.
    #[must_use]
    pub fn classify(&self, answer: &Answer) -> SendResult {
        let status = answer.status;
        let body = self.body(answer);
        let ok_status = if self.ok_status.is_empty() {
            (200..=299).contains(&status)
        } else {
            self.ok_status.contains(&status)
        };
        if let Some(code) = &body.error {
            if self.opted_out.iter().any(|known| known.eq_ignore_ascii_case(code)) {
                return SendResult::OptedOut(Detail::coded(code, "the person said stop to the gateway"));
            }
            let class = self.errors.as_ref().and_then(|(_, map)| map.get(code));
            if let Some(class) = class.filter(|_| !(ok_status && body.is_ok)) {
                return result(*class, answer.retry_after, Detail::coded(code, reason(*class)), &body);
            }
        }
        let http = self.http.get(&status.to_string()).map(|class| self.careful(*class, status));
        if let Some(class) = http.filter(|_| !(ok_status && body.is_ok)) {
            return result(class, answer.retry_after, Detail::coded(status, reason(class)), &body);
        }
        let code = body.error.clone().unwrap_or_else(|| status.to_string());
        if !ok_status && !(200..=299).contains(&status) {
            let (class, reason) = usual(status);
            return result(class, answer.retry_after, Detail::coded(code, reason), &body);
        }
        let unsure = |reason| SendResult::Ambiguous(Detail::coded(code.clone(), reason));
        if !ok_status {
            return unsure("the gateway answers with a status nobody knows");
        }
        if let Some(fault) = body.fault {
            return unsure(fault);
        }
        if !body.is_ok {
            return unsure("the answer says neither yes nor no");
        }
        if self.external_id.is_some() && body.external_id.is_none() {
            return unsure("the answer has no message id");
        }
        SendResult::Accepted { external_id: body.external_id, session: body.session }
    }

    /// What nobody knows is repeated only where a repeat is surely recognised (GW30); a 503 may be documented as "not
    /// accepted" (RE18).
    fn careful(&self, class: SendClass, status: u16) -> SendClass {
        let is_repeated = matches!(class, SendClass::Retry | SendClass::Throttled);
        let is_unsure = usual(status).0 == SendClass::Ambiguous && status != 503;
        if is_repeated && is_unsure && !self.recognises_repeats { SendClass::Ambiguous } else { class }
    }

    /// Reads the body as far as anything of it is asked for.
    fn body(&self, answer: &Answer) -> Body {
        let asks = self.ok_words.is_some()
            || self.external_id.is_some()
            || self.session.is_some()
            || self.errors.is_some();
        if !asks {
            return Body { is_ok: true, ..Body::default() };
        }
        let read = match &answer.body {
            Ok(bytes) => self.decode.read(bytes, "", answer.content_type.as_deref()),
            Err(fault) => Err(*fault),
        };
        let document = match read {
            Ok(document) => document,
            Err(fault) => return Body { fault: Some(fault), ..Body::default() },
        };
        let no_query = Vec::new();
        let item = document.item(&no_query, self.decode.names, Charset::UTF_8);
        let id = |path: &Option<Path>| {
            let id = path.as_ref().and_then(|path| item.filled(path));
            id.filter(|id| id.len() <= ID_BYTES_MAX)
        };
        let is_ok = self.ok_words.as_ref().is_none_or(|(path, words)| {
            item.text(path).is_some_and(|found| words.iter().any(|word| word == found.trim()))
        });
        Body {
            fault: None,
            is_ok,
            external_id: id(&self.external_id),
            session: id(&self.session),
            error: self.errors.as_ref().and_then(|(path, _)| item.filled(path)),
        }
    }
}

fn reason(class: SendClass) -> &'static str {
    match class {
        SendClass::Accepted => "the gateway took the message",
        SendClass::Throttled => "the gateway asks us to slow down",
        SendClass::Retry => "the gateway did not take the message",
        SendClass::Permanent => "the gateway refuses the message",
        SendClass::OptedOut => "the person said stop to the gateway",
        SendClass::Auth => "the gateway refuses our credentials",
        SendClass::Held => "the gateway keeps the message",
        SendClass::Duplicate => "the gateway has it already",
        SendClass::Ambiguous => "the gateway failed",
    }
}

/// A class with its facts. What may be repeated, but not before a time, slows the whole channel (RF12).
fn result(class: SendClass, retry_after: Option<RetryAfter>, detail: Detail, body: &Body) -> SendResult {
    match class {
        SendClass::Accepted => {
            SendResult::Accepted { external_id: body.external_id.clone(), session: body.session.clone() }
        }
        SendClass::Throttled => SendResult::Throttled { retry_after, detail },
        SendClass::Retry if retry_after.is_some() => SendResult::Throttled { retry_after, detail },
        SendClass::Retry => SendResult::Retry(detail),
        SendClass::Permanent => SendResult::Permanent(detail),
        SendClass::OptedOut => SendResult::OptedOut(detail),
        SendClass::Auth => SendResult::Auth(detail),
        SendClass::Held => SendResult::Held(detail),
        SendClass::Duplicate => SendResult::Duplicate(detail),
        SendClass::Ambiguous => SendResult::Ambiguous(detail),
    }
}
