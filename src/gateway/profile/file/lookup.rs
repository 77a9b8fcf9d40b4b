//! Reads `lookup`: how a gateway is asked by our reference what became of a message (RE19 b).

use super::super::lookup::{Lookup, LookupAnswer};
use super::super::model::ReportFields;
use super::answer::decoded;
use super::callbacks::{STATES, mapped};
use super::keys::{LOOKUP_ANSWER_KEYS, LOOKUP_KEYS};
use super::request::request;
use super::value::Scope;
use super::word::{path, word};
use crate::yaml::{Node, Reader};

/// How a gateway is asked.
pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<Lookup> {
    let fields = reader.fields(node, LOOKUP_KEYS, "`lookup`")?;
    for (name, hint) in [
        ("request", "say what is asked: method, url, query"),
        (
            "answer",
            "say where the state stands: `answer: {state: {path: /state, map: {word: delivered, …}}}`",
        ),
    ] {
        if fields.get(name).is_none() {
            reader.fault(node.place, format!("`lookup` needs `{name}`"), hint);
        }
    }
    let request = fields.get("request").and_then(|node| request(reader, node, Scope::Reference));
    let answer = fields.get("answer").and_then(|node| answer(reader, node));
    Some(Lookup { request: request?, answer: answer? })
}

fn answer(reader: &mut Reader, node: &Node) -> Option<LookupAnswer> {
    let fields = reader.fields(node, LOOKUP_ANSWER_KEYS, "`answer`")?;
    let decode = decoded(reader, fields.get("decode"))?;
    let style = decode.syntax.style();
    let mut optional = |name: &str| path(reader, fields.get(name), &format!("`{name}`"), style);
    let (our_ref, external_id) = (optional("our_ref"), optional("external_id"));
    let (reason, error_code) = (optional("reason"), optional("error_code"));
    let Some(inner) = fields.get("state") else {
        reader.fault(node.place, "`state` is missing", "write `state: {path: …, map: {word: delivered, …}}`");
        return None;
    };
    let (state, states) =
        mapped(reader, inner, style, &|reader, node| word(reader, Some(node), "a state", &STATES))?;
    let report = ReportFields {
        each: None,
        our_ref: our_ref.into_iter().collect(),
        external_id: external_id.into_iter().collect(),
        state,
        states,
        reason,
        error_code,
        part: None,
    };
    Some(LookupAnswer { decode, report })
}
