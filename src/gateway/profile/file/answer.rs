//! Reads `send.answer`: how an answer is classed (gateways.md 2.5).

use super::super::answer::usual;
use super::super::decode::{Charset, CharsetRule, Decode, Names, Syntax};
use super::super::model::AnswerRules;
use super::super::path::Style;
use super::super::value::Expr;
use super::callbacks::{decode, mapped, word_map};
use super::keys::{ANSWER_KEYS, OK_KEYS};
use super::settings::setting;
use super::word::{path, plain, words};
use crate::gateway::types::SendClass;
use crate::yaml::{Node, Reader, Tree};

/// The rules of an answer. `recognises_repeats`: the profile has `idempotency`.
pub(super) fn read(
    reader: &mut Reader,
    node: &Node,
    opted_out: &[String],
    recognises_repeats: bool,
) -> Option<AnswerRules<Expr>> {
    let fields = reader.fields(node, ANSWER_KEYS, "`answer`")?;
    let decode = decoded(reader, fields.get("decode"))?;
    let style = decode.syntax.style();
    let external_id = path(reader, fields.get("external_id"), "`external_id`", style);
    let session = path(reader, fields.get("session"), "`session`", style);
    let errors = fields.get("errors").and_then(|node| mapped(reader, node, style, &class));
    let (ok_status, ok_words) = fields.get("ok").map(|node| ok(reader, node, style)).unwrap_or_default();
    let http = fields.get("http").map(|node| {
        check_statuses(reader, node, recognises_repeats);
        word_map(reader, node, &class)
    });
    Some(AnswerRules {
        decode,
        ok_status,
        ok_words,
        external_id,
        session,
        errors,
        http: http.unwrap_or_default(),
        opted_out: opted_out.to_vec(),
        recognises_repeats,
    })
}

/// How the body of an answer is read: JSON, unless it is said.
pub(super) fn decoded(reader: &mut Reader, node: Option<&Node>) -> Option<Decode> {
    let json = Decode {
        syntax: Syntax::Json,
        charset: CharsetRule::Fixed(Charset::UTF_8),
        names: Names::IgnoreCase,
    };
    node.map_or(Some(json), |node| decode(reader, node))
}

fn class(reader: &mut Reader, node: &Node) -> Option<Expr> {
    setting(reader, node, "a class", &SendClass::ALL.map(SendClass::as_str))
}

type Acceptance = (Vec<u16>, Option<(super::super::path::Path, Vec<String>)>);

fn ok(reader: &mut Reader, node: &Node, style: Style) -> Acceptance {
    let Some(fields) = reader.fields(node, OK_KEYS, "`ok`") else {
        return Acceptance::default();
    };
    let mut statuses = Vec::new();
    for status in words(reader, fields.get("status"), "`status`") {
        match status.value.parse::<u16>().ok().filter(|status| (200..=299).contains(status)) {
            Some(number) => statuses.push(number),
            None => {
                let message = format!("`{}` is no status of an acceptance", status.value);
                reader.fault(status.place, message, "write numbers from 200 to 299");
            }
        }
    }
    let at = path(reader, fields.get("path"), "`path`", style);
    let list = plain(words(reader, fields.get("in"), "`in`"));
    if fields.get("path").is_some() == list.is_empty() {
        reader.fault(node.place, "`path` and `in` belong together", "write both, or neither");
    }
    (statuses, at.map(|at| (at, list)))
}

/// What nobody knows may be repeated only where a repeat is recognised (GW30); a 503 may be documented as "not
/// accepted" (RE18).
fn check_statuses(reader: &mut Reader, node: &Node, recognises_repeats: bool) {
    for (key, inner) in reader.named(Some(node), "`http`") {
        let bounds = key.value.split_once('-').unwrap_or((&key.value, &key.value));
        let (Ok(first), Ok(last)) = (bounds.0.parse::<u16>(), bounds.1.parse::<u16>()) else {
            reader.fault(key.place, format!("`{}` is no HTTP status", key.value), "write 403 or 500-599");
            continue;
        };
        let unsure = (first..=last).any(|status| status != 503 && usual(status).0 == SendClass::Ambiguous);
        if unsure && !recognises_repeats && says_repeat(inner) {
            let message = format!("after {} nobody knows whether the message was taken", key.value);
            let hint = "leave it ambiguous, or add `idempotency` if the gateway recognises repeats (GW30)";
            reader.fault(inner.place, message, hint);
        }
    }
}

/// Whether a class, or one of a choice, is repeated.
fn says_repeat(node: &Node) -> bool {
    match &node.tree {
        Tree::Scalar(scalar) => ["retry", "throttled"].contains(&scalar.text.as_str()),
        Tree::Map(entries) => entries.iter().any(|(_, inner)| says_repeat(inner)),
        Tree::Null | Tree::List(_) => false,
    }
}
