//! Reads what is left: `params`, `limits`, `encoding`, `subnumber`, `stop`, and settings that an instance may decide.

use chrono::Duration;
use serde_json::Value;

use super::super::bound::Rate;
use super::super::model::{
    EncodingRules, Limits, Param, RateScope, RateUnit, SmsCharset, Splits, Stop, SubnumberRules,
};
use super::super::value::Expr;
use super::callbacks::time_span;
use super::keys::{ENCODING_KEYS, LIMITS_KEYS, STOP_KEYS, SUBNUMBER_KEYS};
use super::value::{Scope, value};
use super::word::{plain, unknown, word, words};
use crate::gateway::settings::OptOutHandling;
use crate::gateway::subnumber::{Subnumber, SubnumberMode};
use crate::text;
use crate::yaml::{Node, Reader, Spanned, Tree};

/// Longest life of a gateway session.
const LIFE_MAX: Duration = Duration::days(365);

/// A word of a closed list, or a choice or parameter that gives one when the gateway is opened.
pub(super) fn setting(reader: &mut Reader, node: &Node, what: &str, known: &[&str]) -> Option<Expr> {
    let read = value(reader, node, Scope::Instance)?;
    check(reader, node, what, known);
    Some(read)
}

/// Checks every word that is written out.
fn check(reader: &mut Reader, node: &Node, what: &str, known: &[&str]) {
    match &node.tree {
        Tree::Scalar(scalar) if scalar.text.starts_with('$') || known.contains(&scalar.text.as_str()) => {}
        Tree::Scalar(scalar) => {
            let written = Spanned { value: scalar.text.clone(), place: node.place };
            unknown(reader, &written, what, known.iter().copied());
        }
        Tree::Map(entries) if entries.iter().any(|(key, _)| key.text == "choose") => {
            for (_, inner) in entries.iter().filter(|(key, _)| key.text != "choose") {
                check(reader, inner, what, known);
            }
        }
        Tree::Map(_) | Tree::Null | Tree::List(_) => {
            let hint = format!("write one of {}, or $param.name", known.join(", "));
            reader.fault(node.place, format!("{what} is one word"), hint);
        }
    }
}

/// Values that an instance may give, with what they are otherwise.
pub(super) fn params(reader: &mut Reader, node: Option<&Node>) -> Vec<Param> {
    let mut params = Vec::new();
    for (name, inner) in reader.named(node, "`params`") {
        let fits = Expr::named(&format!("param.{}", name.value)).is_some();
        if !fits {
            let hint = "a name has lower-case letters, digits and _";
            reader.fault(name.place, format!("`{}` is no name of a parameter", name.value), hint);
            continue;
        }
        let default = match value(reader, inner, Scope::Instance) {
            Some(Expr::Literal(value)) => Some(value),
            Some(Expr::List(items)) => items
                .into_iter()
                .map(|item| item.plain_text().map(Value::from))
                .collect::<Option<Vec<Value>>>()
                .map(Value::Array),
            Some(_) | None => None,
        };
        match default {
            Some(default) => params.push(Param { name: name.value, default: Some(default) }),
            None => {
                let hint = "write a text, a number, true, false, a list of texts, or nothing";
                reader.fault(inner.place, "a parameter is a plain value", hint);
            }
        }
    }
    params
}

/// `limits`.
pub(super) fn limits(reader: &mut Reader, node: Option<&Node>) -> Limits {
    let mut limits =
        Limits { rate: None, unit: RateUnit::Message, scope: RateScope::Account, max_parts: text::PARTS_MAX };
    let Some(fields) = node.and_then(|node| reader.fields(node, LIMITS_KEYS, "`limits`")) else {
        return limits;
    };
    if let Some(node) = fields.get("rate") {
        limits.rate = value(reader, node, Scope::Instance);
        let number = limits.rate.as_ref().filter(|rate| rate.param().is_none()).and_then(Expr::plain_text);
        if limits.rate.as_ref().is_some_and(|rate| rate.param().is_none())
            && number.as_deref().and_then(Rate::parse).is_none()
        {
            let hint = "per second; or $param.name, so that an instance may say it";
            reader.fault(node.place, "`rate` must be a number from 0.01 to 10000", hint);
        }
    }
    let units = [("message", RateUnit::Message), ("part", RateUnit::Part)];
    let scopes = [("account", RateScope::Account), ("sender", RateScope::Sender)];
    limits.unit = word(reader, fields.get("unit"), "`unit`", &units).unwrap_or(limits.unit);
    limits.scope = word(reader, fields.get("scope"), "`scope`", &scopes).unwrap_or(limits.scope);
    if let Some(parts) = reader.whole(fields.get("max_parts"), "`max_parts`") {
        if !(1..=text::PARTS_MAX).contains(&parts.value) {
            let hint = format!("write a number from 1 to {}", text::PARTS_MAX);
            reader.fault(parts.place, "`max_parts` can only lower what holds for all", hint);
        }
        limits.max_parts = parts.value;
    }
    limits
}

/// `encoding`.
pub(super) fn encoding(reader: &mut Reader, node: Option<&Node>) -> EncodingRules {
    let mut rules = EncodingRules { charset: SmsCharset::Gsm7OrUcs2, smart: true, splits: Splits::Gateway };
    let Some(fields) = node.and_then(|node| reader.fields(node, ENCODING_KEYS, "`encoding`")) else {
        return rules;
    };
    let charsets = [
        ("gsm7_or_ucs2", SmsCharset::Gsm7OrUcs2),
        ("gsm7_only", SmsCharset::Gsm7Only),
        ("ucs2_bmp", SmsCharset::Ucs2Bmp),
    ];
    rules.charset = word(reader, fields.get("charset"), "`charset`", &charsets).unwrap_or(rules.charset);
    rules.smart = reader.boolean(fields.get("smart"), "`smart`").is_none_or(|flag| flag.value);
    let splits = [("gateway", Splits::Gateway), ("client", Splits::Client)];
    rules.splits = word(reader, fields.get("splits"), "`splits`", &splits).unwrap_or(rules.splits);
    rules
}

/// `subnumber`.
pub(super) fn subnumber(reader: &mut Reader, node: Option<&Node>) -> SubnumberRules {
    let usual = Subnumber::default();
    let mut rules = SubnumberRules {
        mode: Expr::text(usual.mode.as_str()),
        countries: usual.countries,
        total_digits: usual.total_digits,
        life: Duration::from_std(usual.life).unwrap_or(LIFE_MAX),
    };
    let Some(fields) = node.and_then(|node| reader.fields(node, SUBNUMBER_KEYS, "`subnumber`")) else {
        return rules;
    };
    if let Some(node) = fields.get("mode") {
        let modes = SubnumberMode::ALL.map(SubnumberMode::as_str);
        rules.mode = setting(reader, node, "`mode`", &modes).unwrap_or(rules.mode);
    }
    if fields.get("countries").is_some() {
        let countries = words(reader, fields.get("countries"), "`countries`");
        for country in &countries {
            let is_code = (1..=3).contains(&country.value.len())
                && country.value.bytes().all(|byte| byte.is_ascii_digit());
            if !is_code {
                reader.fault(
                    country.place,
                    format!("`{}` is no country code", country.value),
                    "such as \"47\"",
                );
            }
        }
        rules.countries = plain(countries);
    }
    if let Some(digits) = reader.whole(fields.get("total_digits"), "`total_digits`") {
        if !(8..=15).contains(&digits.value) {
            reader.fault(digits.place, "a number has 8 to 15 digits", "write 14 for Norway");
        }
        rules.total_digits = digits.value;
    }
    if let Some(life) = reader.text(fields.get("life"), "`life`") {
        rules.life = time_span(reader, &life, "`life`", LIFE_MAX).unwrap_or(rules.life);
    }
    rules
}

/// `stop`.
pub(super) fn stop(reader: &mut Reader, node: Option<&Node>) -> Stop {
    let mut stop = Stop {
        handled_by_gateway: Expr::text(OptOutHandling::None.as_str()),
        error_codes: Vec::new(),
        opt_in_words: Expr::List(Vec::new()),
    };
    let Some(fields) = node.and_then(|node| reader.fields(node, STOP_KEYS, "`stop`")) else {
        return stop;
    };
    if let Some(node) = fields.get("handled_by_gateway") {
        let words = [OptOutHandling::None, OptOutHandling::Blocks, OptOutHandling::BlocksAndReplies]
            .map(OptOutHandling::as_str);
        let read = setting(reader, node, "`handled_by_gateway`", &words);
        stop.handled_by_gateway = read.unwrap_or(stop.handled_by_gateway);
    }
    stop.error_codes = plain(words(reader, fields.get("error_codes"), "`error_codes`"));
    if let Some(node) = fields.get("opt_in_words") {
        stop.opt_in_words = value(reader, node, Scope::Instance).unwrap_or(stop.opt_in_words);
    }
    stop
}
