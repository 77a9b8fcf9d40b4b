//! Reads `send`: how a message is handed over.

use chrono::Duration;

use super::super::model::{Idempotency, Send};
use super::super::value::Expr;
use super::answer;
use super::callbacks::time_span;
use super::keys::{IDEMPOTENCY_KEYS, SEND_KEYS};
use super::request::request;
use super::settings::setting;
use super::value::Scope;
use super::word::needed;
use crate::yaml::{Node, Reader};

/// Longest window in which a gateway may recognise a repeat.
const WINDOW_MAX: Duration = Duration::days(30);

/// How messages are sent.
pub(super) fn read(reader: &mut Reader, node: &Node, opted_out: &[String]) -> Option<Send> {
    let fields = reader.fields(node, SEND_KEYS, "`send`")?;
    let omit_null = reader.boolean(fields.get("omit_null"), "`omit_null`").is_none_or(|flag| flag.value);
    let idempotency = fields.get("idempotency").and_then(|node| idempotency(reader, node));
    let repeats = fields.get("idempotency").is_some();
    let rules = fields.get("answer").and_then(|node| answer::read(reader, node, opted_out, repeats));
    for (name, hint) in [
        ("request", "say what is sent: method, url, body"),
        ("answer", "say how an acceptance looks: `answer: {ok: {status: [200]}, external_id: /id}`"),
    ] {
        if fields.get(name).is_none() {
            reader.fault(node.place, format!("`send` needs `{name}`"), hint);
        }
    }
    let request = fields.get("request").and_then(|node| request(reader, node, Scope::Message));
    Some(Send { request: request?, omit_null, answer: rules?, idempotency })
}

fn idempotency(reader: &mut Reader, node: &Node) -> Option<Idempotency> {
    let fields = reader.fields(node, IDEMPOTENCY_KEYS, "`idempotency`")?;
    let field = reader.text(fields.get("field"), "`field`");
    let field =
        needed(reader, field, fields.get("field"), node, "`field`", "name the field of our reference");
    let window = reader.text(fields.get("window"), "`window`");
    let window = needed(reader, window, fields.get("window"), node, "`window`", "such as 1h")
        .and_then(|written| time_span(reader, &written, "`window`", WINDOW_MAX));
    let guaranteed = match fields.get("guaranteed") {
        Some(node) => setting(reader, node, "`guaranteed`", &["true", "false"])?,
        None => Expr::Literal(false.into()),
    };
    Some(Idempotency { field: field?.value, window: window?, guaranteed })
}
