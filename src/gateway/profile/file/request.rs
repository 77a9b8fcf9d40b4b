//! Reads `send.request` and `lookup.request`: what the gateway is called with.

use reqwest::Method;
use reqwest::header::HeaderName;

use super::super::door::NOTHING;
use super::super::model::{Block, Declaration, Encode, RequestRules};
use super::super::value::{Expr, Part, Template, Variable};
use super::block;
use super::keys::REQUEST_KEYS;
use super::value::{Scope, members, template, value};
use super::word::{needed, unknown, word};
use crate::yaml::{Node, Reader, Spanned, Tree};

/// A request in which `scope` of the message may stand.
pub(super) fn request(reader: &mut Reader, node: &Node, scope: Scope) -> Option<RequestRules> {
    let request = reader.fields(node, REQUEST_KEYS, "`request`")?;
    let methods = [("GET", Method::GET), ("POST", Method::POST), ("PUT", Method::PUT)];
    let method = reader.text(request.get("method"), "`method`").and_then(|written| {
        let found = methods.iter().find(|(word, _)| *word == written.value).map(|(_, method)| method.clone());
        if found.is_none() {
            unknown(reader, &written, "`method`", methods.iter().map(|(word, _)| *word));
        }
        found
    });
    let method = needed(reader, method, request.get("method"), node, "`method`", "write GET or POST");
    let address = reader.text(request.get("url"), "`url`").and_then(|text| url(reader, &text, scope));
    let hint = "write for example \"{base_url}/messages\"";
    let address = needed(reader, address, request.get("url"), node, "`url`", hint);
    let headers = request.get("headers").map(|node| headers(reader, node, scope)).unwrap_or_default();
    let query = request.get("query").and_then(|node| members(reader, node, scope));
    let body = request.get("body").and_then(|node| value(reader, node, scope));
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
        None => Block::One(Declaration { kind: NOTHING, fields: Vec::new() }),
    };
    Some(RequestRules {
        method: method?,
        url: address?,
        headers,
        query: query.unwrap_or_default(),
        body,
        encode: encode.unwrap_or(Encode::Json),
        auth,
    })
}

/// The host is that of the instance or of the profile, never one of a message (GW41, GW43).
fn url(reader: &mut Reader, text: &Spanned<String>, scope: Scope) -> Option<Template> {
    let template = template(reader, text, scope)?;
    let mut parts = template.parts.iter();
    let starts_well = match (parts.next(), parts.next()) {
        (Some(Part::BaseUrl), Some(Part::Text(path))) => path.starts_with(['/', '?']),
        (Some(Part::BaseUrl), None) => true,
        (_, _) => false,
    };
    let again = template.parts.iter().skip(1).any(|part| matches!(part, Part::BaseUrl));
    if !starts_well || again {
        let hint = "begin with {base_url}/…; a fixed address is the profile's `base_url`";
        reader.fault(text.place, "the host is that of the gateway and no other", hint);
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

fn headers(reader: &mut Reader, node: &Node, scope: Scope) -> Vec<(HeaderName, Template)> {
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
            let template = template(reader, &text, scope)?;
            nothing_null(reader, &template, &text)?;
            Some(template)
        });
        headers.extend(read.map(|read| (header, read)));
    }
    headers
}
