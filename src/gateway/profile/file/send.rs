//! Reads `send`: how a message is handed over.

use chrono::Duration;
use reqwest::Method;
use reqwest::header::HeaderName;

use super::super::model::{Block, Declaration, Encode, Idempotency, Send};
use super::super::value::{Expr, Part, Template, Variable};
use super::callbacks::time_span;
use super::keys::{IDEMPOTENCY_KEYS, REQUEST_KEYS, SEND_KEYS};
use super::settings::setting;
use super::value::{Scope, members, template, value};
use super::word::{needed, word};
use super::{answer, block};
use crate::yaml::{Node, Reader, Spanned, Tree};

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
    let node = fields.get("request")?;
    let request = reader.fields(node, REQUEST_KEYS, "`request`")?;
    let methods = [("GET", Method::GET), ("POST", Method::POST), ("PUT", Method::PUT)];
    let method = reader.text(request.get("method"), "`method`").and_then(|written| {
        let found = methods.iter().find(|(word, _)| *word == written.value).map(|(_, method)| method.clone());
        if found.is_none() {
            super::word::unknown(reader, &written, "`method`", methods.iter().map(|(word, _)| *word));
        }
        found
    });
    let method = needed(reader, method, request.get("method"), node, "`method`", "write GET or POST");
    let address = reader.text(request.get("url"), "`url`").and_then(|text| url(reader, &text));
    let hint = "write for example \"{base_url}/messages\"";
    let address = needed(reader, address, request.get("url"), node, "`url`", hint);
    let headers = request.get("headers").map(|node| headers(reader, node)).unwrap_or_default();
    let query = request.get("query").and_then(|node| members(reader, node, Scope::Message));
    let body = request.get("body").and_then(|node| value(reader, node, Scope::Message));
    let ways = Encode::ALL.map(|way| (way.as_str(), way));
    let encode = word(reader, request.get("encode"), "`encode`", &ways);
    if request.get("body").is_some() != request.get("encode").is_some() {
        reader.fault(
            node.place,
            "`body` and `encode` belong together",
            "write `encode: json`, form or query",
        );
    }
    if encode.is_some_and(|encode| encode != Encode::Json) && !matches!(body, Some(Expr::Map(_)) | None) {
        let place = request.get("body").map_or(node.place, |node| node.place);
        reader.fault(place, "a form is a map of names and values", "write `name: value` lines");
    }
    let auth = match request.get("auth") {
        Some(node) => block::auth(reader, node)?,
        None => Block::One(Declaration { kind: super::super::door::NOTHING, fields: Vec::new() }),
    };
    Some(Send {
        method: method?,
        url: address?,
        headers,
        query: query.unwrap_or_default(),
        body,
        encode: encode.unwrap_or(Encode::Json),
        auth,
        omit_null,
        answer: rules?,
        idempotency,
    })
}

/// The host is that of the instance or of the profile, never one of a message (GW41, GW43).
fn url(reader: &mut Reader, text: &Spanned<String>) -> Option<Template> {
    let template = template(reader, text, Scope::Message)?;
    let mut parts = template.parts.iter();
    let starts_well = match (parts.next(), parts.next()) {
        (Some(Part::BaseUrl), Some(Part::Text(path))) => path.starts_with(['/', '?']),
        (Some(Part::BaseUrl), None) => true,
        (_, _) => false,
    };
    let again = template.parts.iter().skip(1).any(|part| matches!(part, Part::BaseUrl));
    if !starts_well || again {
        let hint = "begin with {base_url}/…; a fixed address is the profile's `base_url`";
        reader.fault(text.place, "the host of a send is that of the gateway and no other", hint);
        return None;
    }
    nothing_null(reader, &template, text)?;
    Some(template)
}

/// In a URL or a header nothing may be missing.
fn nothing_null(reader: &mut Reader, template: &Template, text: &Spanned<String>) -> Option<()> {
    let nullable = template.values().filter_map(Expr::variable).find(|variable| variable.is_nullable());
    if let Some(name) = nullable.map(Variable::as_str) {
        let message = format!("`{{{name}}}` may be nothing, and here something must stand");
        reader.fault(text.place, message, "put it into `query` or `body`, where it is left out then");
        return None;
    }
    Some(())
}

fn headers(reader: &mut Reader, node: &Node) -> Vec<(HeaderName, Template)> {
    let mut headers = Vec::new();
    for (name, inner) in reader.named(Some(node), "`headers`") {
        let Ok(header) = HeaderName::from_bytes(name.value.as_bytes()) else {
            reader.fault(name.place, format!("`{}` is no name of a header", name.value), "such as X-Account");
            continue;
        };
        let text = match &inner.tree {
            // A single name is a text with nothing around it.
            Tree::Scalar(scalar) if scalar.text.starts_with('$') => {
                let name = scalar.text.trim_start_matches('$');
                Some(Spanned { value: format!("{{{name}}}"), place: inner.place })
            }
            Tree::Scalar(_) | Tree::Null | Tree::List(_) | Tree::Map(_) => {
                reader.text(Some(inner), "a header")
            }
        };
        let read = text.and_then(|text| {
            let template = template(reader, &text, Scope::Message)?;
            nothing_null(reader, &template, &text)?;
            Some(template)
        });
        headers.extend(read.map(|read| (header, read)));
    }
    headers
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
