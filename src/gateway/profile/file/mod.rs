//! Reads a profile from its YAML file, strictly: unknown and duplicate keys, unknown words and paths that cannot be
//! read are faults with line and column, all of them at once (gateways.md 2.1). What comes out cannot be wrong.

mod answer;
mod block;
mod callbacks;
pub(super) mod keys;
mod lookup;
mod request;
mod send;
mod settings;
mod value;
mod word;

use serde_json::Value;

use keys::PROFILE_KEYS;

use super::model::{Block, Param, Profile, RequestRules};
use super::value::Expr;
use crate::gateway::settings::check_base_url;
use crate::yaml::{self, Fault, Fields, Format, Node, Place, Reader, Spanned};

/// What the reader says of these files.
const FORMAT: Format = Format { first_line: "format: antiphon-gateway/1", thing: "profile" };

/// The format that this program reads.
const FORMAT_NAME: &str = "antiphon-gateway/1";

/// Most characters of a profile's name.
const NAME_CHARACTERS_MAX: usize = 40;

/// Reads a profile.
///
/// # Errors
/// Every [`Fault`] there is.
pub fn read(source: &str) -> Result<Profile, Vec<Fault>> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let (node, faults) = yaml::read(source, FORMAT);
    let mut reader = Reader { faults };
    let profile = node.and_then(|node| profile(&mut reader, &node));
    match profile {
        Some(profile) if reader.faults.is_empty() => Ok(profile),
        Some(_) | None => {
            reader.faults.sort_by_key(|fault| fault.place.start);
            Err(reader.faults)
        }
    }
}

fn profile(reader: &mut Reader, node: &Node) -> Option<Profile> {
    let fields = reader.fields(node, PROFILE_KEYS, "a profile")?;
    let start = Place { start: node.place.start, end: node.place.start };
    for key in ["format", "profile", "version", "callbacks"] {
        if fields.get(key).is_none() {
            reader.fault(start, format!("`{key}` is missing"), example(key));
        }
    }
    check_format(reader, &fields);
    let name = reader.text(fields.get("profile"), "`profile`").and_then(|name| check_name(reader, &name));
    let version = reader.whole(fields.get("version"), "`version`");
    let base_url = reader.text(fields.get("base_url"), "`base_url`").and_then(|text| {
        check_base_url(&text.value).map_err(|fault| reader.fault(text.place, fault.to_string(), "")).ok()?;
        Some(text.value)
    });
    let mut params = settings::params(reader, fields.get("params"));
    let verify = fields.get("verify").and_then(|node| block::verify(reader, node));
    let callbacks = callbacks::read(reader, fields.get("callbacks"), fields.get("verify"), verify.as_ref());
    let stop = settings::stop(reader, fields.get("stop"));
    let send = fields.get("send").and_then(|node| send::read(reader, node, &stop.error_codes));
    let lookup = fields.get("lookup").and_then(|node| lookup::read(reader, node));
    if let Some(node) = fields.get("lookup").filter(|_| fields.get("send").is_none()) {
        reader.fault(node.place, "`lookup` asks about what was sent, and there is no `send`", "add `send`");
    }
    let limits = settings::limits(reader, fields.get("limits"));
    let encoding = settings::encoding(reader, fields.get("encoding"));
    let subnumber = settings::subnumber(reader, fields.get("subnumber"));
    let mut profile = Profile {
        name: name?,
        version: u32::try_from(version?.value).unwrap_or(u32::MAX),
        base_url,
        params: Vec::new(),
        secrets: Vec::new(),
        callbacks: callbacks?,
        send,
        lookup,
        limits,
        encoding,
        subnumber,
        stop,
    };
    let (used, secrets) = names(&profile);
    for name in used {
        if !params.iter().any(|param| param.name == name) {
            params.push(Param { name, default: None });
        }
    }
    profile.params = params;
    profile.secrets = secrets;
    Some(profile)
}

fn example(key: &str) -> String {
    match key {
        "format" => format!("begin with `format: {FORMAT_NAME}`"),
        "profile" => "name it, for example `profile: acme`".to_owned(),
        "version" => "write `version: 1`".to_owned(),
        _callbacks => "say how the gateway calls us: `callbacks:` and a list of variants".to_owned(),
    }
}

fn check_format(reader: &mut Reader, fields: &Fields<'_>) {
    if let Some(format) = reader.text(fields.get("format"), "`format`")
        && format.value != FORMAT_NAME
    {
        let message = format!("the format `{}` is not known", format.value);
        reader.fault(format.place, message, format!("write `format: {FORMAT_NAME}`"));
    }
}

fn check_name(reader: &mut Reader, name: &Spanned<String>) -> Option<String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    if name.value.is_empty()
        || name.value.chars().count() > NAME_CHARACTERS_MAX
        || !name.value.chars().all(fits)
    {
        let hint = "a name has at most 40 lower-case letters, digits, - and _";
        reader.fault(name.place, format!("`{}` is no name of a profile", name.value), hint);
        return None;
    }
    Some(name.value.clone())
}

/// Names of the parameters and of the secrets that a profile uses, each once.
fn names(profile: &Profile) -> (Vec<String>, Vec<String>) {
    let (mut params, mut secrets) = (Vec::new(), Vec::new());
    let mut add = |expr: &Expr| {
        let (names, name) = match (expr.param(), expr.secret()) {
            (Some(name), _) => (&mut params, name),
            (None, Some(name)) => (&mut secrets, name),
            (None, None) => return,
        };
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    for variant in &profile.callbacks {
        visit_block(&variant.verify, &mut add);
    }
    profile.limits.rate.iter().for_each(|rate| rate.visit(&mut add));
    profile.subnumber.mode.visit(&mut add);
    profile.stop.handled_by_gateway.visit(&mut add);
    profile.stop.opt_in_words.visit(&mut add);
    if let Some(send) = &profile.send {
        visit_request(&send.request, &mut add);
        send.answer.http.meanings().for_each(|value| value.visit(&mut add));
        let errors = send.answer.errors.iter().flat_map(|(_, map)| map.meanings());
        errors.for_each(|value| value.visit(&mut add));
        send.idempotency.iter().for_each(|idempotency| idempotency.guaranteed.visit(&mut add));
    }
    if let Some(lookup) = &profile.lookup {
        visit_request(&lookup.request, &mut add);
    }
    (params, secrets)
}

fn visit_request(request: &RequestRules, visit: &mut impl FnMut(&Expr)) {
    request.url.values().for_each(|value| value.visit(visit));
    request.headers.iter().flat_map(|(_, value)| value.values()).for_each(|value| value.visit(visit));
    request.query.iter().for_each(|(_, value)| value.visit(visit));
    request.body.iter().for_each(|value| value.visit(visit));
    visit_block(&request.auth, visit);
}

fn visit_block(block: &Block, visit: &mut impl FnMut(&Expr)) {
    match block {
        Block::One(declaration) => declaration.fields.iter().for_each(|(_, expr)| expr.visit(visit)),
        Block::Choose { param, cases, otherwise } => {
            visit(&Expr::Param(param.clone()));
            cases.iter().for_each(|(_, block)| visit_block(block, visit));
            otherwise.iter().for_each(|block| visit_block(block, visit));
        }
    }
}

/// A scalar as the value it was meant as: only what stands without quotes is a number, true or false.
fn literal(scalar: &yaml::Scalar) -> Value {
    let text = scalar.text.as_str();
    if !scalar.plain {
        return Value::String(text.to_owned());
    }
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _) if number.to_string() == text => number.into(),
            (_, Ok(number)) if number.is_finite() && number.to_string() == text => number.into(),
            (_, _) => Value::String(text.to_owned()),
        },
    }
}
