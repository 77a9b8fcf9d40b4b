//! Reads the values of a send (gateways.md 2.2) and of settings that an instance may decide.

use super::super::value::{Choose, Expr, Piece, Scale, Template, TemplateFault, Variable};
use super::keys::{PIECE_KEYS, SCALE_KEYS};
use super::literal;
use crate::yaml::{Node, Place, Reader, Spanned, Tree, closest};

/// What may stand in a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everything: it is filled in for each message.
    Message,
    /// Of the message our reference alone: that is what a gateway is asked by (RE19 b).
    Reference,
    /// Nothing of the message: it is decided when the gateway is opened.
    Instance,
}

impl Scope {
    fn knows(self, variable: Variable) -> bool {
        match self {
            Self::Message => true,
            Self::Reference => variable == Variable::Ref,
            Self::Instance => false,
        }
    }
}

/// A value of any form.
pub(super) fn value(reader: &mut Reader, node: &Node, scope: Scope) -> Option<Expr> {
    match &node.tree {
        Tree::Null => Some(Expr::Literal(serde_json::Value::Null)),
        Tree::Scalar(scalar) => match scalar.text.strip_prefix('$') {
            Some(name) => {
                let name = Spanned { value: name.to_owned(), place: node.place };
                named(reader, &name, scope)
            }
            None => Some(Expr::Literal(literal(scalar))),
        },
        Tree::List(items) => {
            let values: Vec<Option<Expr>> = items.iter().map(|item| value(reader, item, scope)).collect();
            values.into_iter().collect::<Option<_>>().map(Expr::List)
        }
        Tree::Map(entries) => {
            let has = |name: &str| entries.iter().any(|(key, _)| key.text == name);
            if has("choose") {
                return choose(reader, node, scope);
            }
            if has("scale") {
                return scale(reader, node, scope);
            }
            if has("fill") {
                let fields = reader.fields(node, &["fill"], "a filled text")?;
                let text = reader.text(fields.get("fill"), "`fill`")?;
                return template(reader, &text, scope).map(Expr::Fill);
            }
            members(reader, node, scope).map(Expr::Map)
        }
    }
}

/// Named values.
pub(super) fn members(reader: &mut Reader, node: &Node, scope: Scope) -> Option<Vec<(String, Expr)>> {
    let entries = reader.entries(node, "this")?;
    let read: Vec<Option<(String, Expr)>> = entries
        .into_iter()
        .map(|(name, _, node)| Some((name.to_owned(), value(reader, node, scope)?)))
        .collect();
    read.into_iter().collect()
}

/// `$name`.
fn named(reader: &mut Reader, name: &Spanned<String>, scope: Scope) -> Option<Expr> {
    let Some(expr) = Expr::named(&name.value) else {
        let known = Variable::ALL.map(Variable::as_str);
        let hint = match closest(&name.value, known) {
            Some(near) => format!("did you mean `${near}`?"),
            None => format!(
                "write one of ${}, $param.name or $secret.name; a text that begins with $ is {{fill: \"$…\"}}",
                known.join(", $")
            ),
        };
        reader.fault(name.place, format!("there is no `${}`", name.value), hint);
        return None;
    };
    if expr.variable().is_some_and(|variable| !scope.knows(variable)) {
        let (message, hint) = match scope {
            Scope::Message | Scope::Instance => (
                format!("`${}` is known for a message only", name.value),
                "this is decided when the gateway is opened: use $param.name",
            ),
            Scope::Reference => (
                format!("`${}` is not known here", name.value),
                "a gateway is asked by our reference: use $ref",
            ),
        };
        reader.fault(name.place, message, hint);
        return None;
    }
    Some(expr)
}

/// `…{name}…`.
pub(super) fn template(reader: &mut Reader, text: &Spanned<String>, scope: Scope) -> Option<Template> {
    match Template::parse(&text.value) {
        Ok(template) => {
            let strays = template.values().filter_map(Expr::variable).any(|variable| !scope.knows(variable));
            if strays {
                let hint = match scope {
                    Scope::Message | Scope::Instance => "use {param.name} alone",
                    Scope::Reference => "a gateway is asked by our reference: use {ref}",
                };
                reader.fault(text.place, "this holds something of a message", hint);
                return None;
            }
            Some(template)
        }
        Err(TemplateFault::Brace) => {
            reader.fault(text.place, "a `{` without its `}`, or the other way round", "write {name}");
            None
        }
        Err(TemplateFault::Unknown(name)) => {
            let known = Variable::ALL.map(Variable::as_str);
            let hint = match closest(&name, known.into_iter().chain(["base_url"])) {
                Some(near) => format!("did you mean `{{{near}}}`?"),
                None => format!(
                    "write one of {{base_url}}, {{param.name}}, {{secret.name}}, {{{}}}",
                    known.join("}, {")
                ),
            };
            reader.fault(text.place, format!("there is no `{{{name}}}`"), hint);
            None
        }
    }
}

fn choose(reader: &mut Reader, node: &Node, scope: Scope) -> Option<Expr> {
    let mut on = None;
    let mut cases = Vec::new();
    let mut otherwise = None;
    let mut whole = true;
    for (name, place, node) in reader.entries(node, "a choice")? {
        if name == "choose" {
            let written = reader.text(Some(node), "`choose`")?;
            let name =
                Spanned { value: written.value.trim_start_matches('$').to_owned(), place: written.place };
            let subject = named(reader, &name, scope);
            if matches!(subject, Some(Expr::Secret(_))) {
                reader.fault(written.place, "a secret chooses nothing", "choose by $param.name");
                return None;
            }
            on = Some((subject?, written.place));
            continue;
        }
        let read = value(reader, node, scope);
        whole &= read.is_some();
        match read {
            Some(read) if name == "else" => otherwise = Some(read),
            Some(read) => cases.push((Spanned { value: name.to_owned(), place }, read)),
            None => {}
        }
    }
    let (on, place) = on?;
    if let Expr::Variable(variable) = &on {
        check_cases(reader, *variable, place, &cases, otherwise.is_some());
    }
    let cases = cases.into_iter().map(|(word, value)| (word.value, value)).collect();
    whole.then(|| Expr::Choose(Box::new(Choose { on, cases, otherwise })))
}

/// A choice by something of the message must have an answer for every message.
fn check_cases(
    reader: &mut Reader,
    variable: Variable,
    place: Place,
    cases: &[(Spanned<String>, Expr)],
    has_otherwise: bool,
) {
    let Some(words) = variable.words() else {
        if !has_otherwise {
            reader.fault(place, "nothing is chosen for other values", "add `else`");
        }
        return;
    };
    for (case, _) in cases {
        if !words.contains(&case.value.as_str()) {
            super::word::unknown(reader, case, &format!("${}", variable.as_str()), words.iter().copied());
        }
    }
    let missing: Vec<&str> =
        words.iter().copied().filter(|word| !cases.iter().any(|(case, _)| case.value == *word)).collect();
    if !missing.is_empty() && !has_otherwise {
        let message = format!("nothing is chosen for {}", missing.join(", "));
        reader.fault(place, message, "add it, or `else`");
    }
}

fn scale(reader: &mut Reader, node: &Node, scope: Scope) -> Option<Expr> {
    let fields = reader.fields(node, SCALE_KEYS, "a scale")?;
    let of = reader.text(fields.get("scale"), "`scale`")?;
    if of.value != "$ttl_seconds" {
        reader.fault(of.place, "only the time to live has a scale", "write `scale: $ttl_seconds`");
        return None;
    }
    let name = Spanned { value: Variable::TtlSeconds.as_str().to_owned(), place: of.place };
    named(reader, &name, scope)?;
    let Some(list) = fields.get("pieces") else {
        reader.fault(node.place, "`pieces` is missing", "write `pieces:` and a list");
        return None;
    };
    let items = reader.items(list, "`pieces`")?;
    let mut pieces = Vec::new();
    for item in items {
        let fields = reader.fields(item, PIECE_KEYS, "a piece")?;
        let mut number = |name: &str| {
            let written = reader.text(fields.get(name), &format!("`{name}`"))?;
            let number = written.value.parse::<i64>().ok();
            if number.is_none() {
                reader.fault(written.place, format!("`{name}` must be a whole number"), "write digits only");
            }
            number
        };
        let piece = Piece {
            below: number("below"),
            from: number("from").unwrap_or(0),
            step: number("step").unwrap_or(1),
            base: number("base").unwrap_or(0),
            min: number("min"),
            max: number("max"),
        };
        if piece.step < 1 {
            reader.fault(item.place, "a step has at least the length 1", "write `step: 1` or more");
        }
        pieces.push(piece);
    }
    let ends = pieces.split_last().is_some_and(|(last, before)| {
        last.below.is_none() && before.iter().all(|piece| piece.below.is_some())
    });
    if !ends {
        let message = "every piece but the last has `below`, and the last has none";
        reader.fault(list.place, message, "so that every time to live has a place");
        return None;
    }
    Some(Expr::Scale(Scale { pieces }))
}
