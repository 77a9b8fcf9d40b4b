//! Reads `verify` and `auth`: a kind with its fields, or a choice of the instance between several.

use super::super::door::NOTHING;
use super::super::model::{Block, Declaration};
use super::super::value::Expr;
use super::keys::{AUTH_OPTIONAL, AUTHS, SCHEMES};
use super::value::{Scope, value};
use super::word::unknown;
use crate::yaml::{Node, Reader, Spanned, Tree};

/// `verify: {scheme: …}`, or a choice of such.
pub(super) fn verify(reader: &mut Reader, node: &Node) -> Option<Block> {
    block(reader, node, &|reader, node| {
        if is_word(node, NOTHING) {
            return Some(Declaration { kind: NOTHING, fields: Vec::new() });
        }
        let entries = reader.entries(node, "`verify`")?;
        let Some((_, _, scheme)) = entries.iter().find(|(name, ..)| *name == "scheme") else {
            let hint = "write `scheme: static`, or another of the verifiers";
            reader.fault(node.place, "`scheme` is missing", hint);
            return None;
        };
        let written = reader.text(Some(scheme), "`scheme`")?;
        let Some((kind, known)) = SCHEMES.iter().find(|(scheme, _)| *scheme == written.value) else {
            unknown(reader, &written, "`scheme`", SCHEMES.iter().map(|(scheme, _)| *scheme));
            return None;
        };
        let keys: Vec<&str> = ["scheme"].into_iter().chain(known.iter().copied()).collect();
        let fields = declared(reader, node, &keys, known, &format!("the verifier {kind}"))?;
        if !fields.iter().any(|(name, _)| name == "secrets" || name == "cidrs") {
            let hint = "write `secrets: [$secret.inbound]`, `cidrs: $param.cidrs`, or both";
            reader.fault(node.place, "anybody could call: neither `secrets` nor `cidrs` is there", hint);
        }
        Some(Declaration { kind, fields })
    })
}

/// `auth: none`, `auth: {basic: {…}}`, or a choice of such.
pub(super) fn auth(reader: &mut Reader, node: &Node) -> Option<Block> {
    block(reader, node, &|reader, node| {
        if is_word(node, NOTHING) {
            return Some(Declaration { kind: NOTHING, fields: Vec::new() });
        }
        let hint = "write `none`, or for example {basic: {user: $param.user, password: $secret.password}}";
        let entries = match &node.tree {
            Tree::Map(entries) => entries.as_slice(),
            Tree::Null | Tree::Scalar(_) | Tree::List(_) => &[],
        };
        let [(key, inner)] = entries else {
            reader.fault(node.place, "`auth` is one kind of credentials", hint);
            return None;
        };
        let Some((kind, known)) = AUTHS.iter().find(|(kind, _)| *kind == key.text) else {
            let written = Spanned { value: key.text.clone(), place: key.place };
            unknown(reader, &written, "`auth`", AUTHS.iter().map(|(kind, _)| *kind));
            return None;
        };
        let fields = declared(reader, inner, known, known, &format!("`{kind}`"))?;
        let is_given = |name: &str| fields.iter().any(|(given, _)| given == name);
        for name in known.iter().filter(|name| !is_given(name) && !AUTH_OPTIONAL.contains(name)) {
            reader.fault(inner.place, format!("`{kind}` needs `{name}`"), hint);
        }
        Some(Declaration { kind, fields })
    })
}

fn is_word(node: &Node, word: &str) -> bool {
    matches!(&node.tree, Tree::Scalar(scalar) if scalar.text == word)
}

/// The fields of a kind, of which only those in `kept` are values.
fn declared(
    reader: &mut Reader,
    node: &Node,
    keys: &[&str],
    kept: &[&str],
    what: &str,
) -> Option<Vec<(String, Expr)>> {
    let fields = reader.fields(node, keys, what)?;
    let read: Vec<Option<(String, Expr)>> = kept
        .iter()
        .filter_map(|name| Some((name, fields.get(name)?)))
        .map(|(name, node)| Some(((*name).to_owned(), value(reader, node, Scope::Instance)?)))
        .collect();
    read.into_iter().collect()
}

fn block(
    reader: &mut Reader,
    node: &Node,
    one: &dyn Fn(&mut Reader, &Node) -> Option<Declaration>,
) -> Option<Block> {
    let entries = match &node.tree {
        Tree::Map(entries) if entries.iter().any(|(key, _)| key.text == "choose") => entries,
        Tree::Map(_) | Tree::Null | Tree::Scalar(_) | Tree::List(_) => {
            return one(reader, node).map(Block::One);
        }
    };
    let (mut param, mut cases, mut otherwise, mut whole) = (None, Vec::new(), None, true);
    for (key, inner) in entries {
        if key.text == "choose" {
            let written = reader.text(Some(inner), "`choose`")?;
            match written.value.strip_prefix('$').and_then(Expr::named) {
                Some(Expr::Param(name)) => param = Some(name),
                Some(_) | None => {
                    let message = "this is chosen by the instance";
                    reader.fault(written.place, message, "write `choose: $param.name`");
                }
            }
            continue;
        }
        match block(reader, inner, one) {
            Some(read) if key.text == "else" => otherwise = Some(Box::new(read)),
            Some(read) => cases.push((key.text.clone(), read)),
            None => whole = false,
        }
    }
    if cases.is_empty() && whole {
        reader.fault(node.place, "there is nothing to choose from", "add a word and what it stands for");
    }
    let param = param?;
    whole.then_some(Block::Choose { param, cases, otherwise })
}
