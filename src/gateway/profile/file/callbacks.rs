//! Reads `callbacks`: the variants in which a gateway calls us.

use chrono::Duration;
use chrono_tz::Tz;

use super::super::decode::{Charset, CharsetRule, Decode, Names, Syntax};
use super::super::field::{As, Field, TimeField, TimeFormat};
use super::super::model::{Block, ConcatFields, InboundFields, Reply, ReportFields, Test, Variant};
use super::super::path::{Path, Style};
use super::super::word_map::{EntryFault, WordMap};
use super::block;
use super::keys::{
    CALLBACK_KEYS, CONCAT_KEYS, CORRELATE_KEYS, DECODE_KEYS, FIELD_KEYS, INBOUND_KEYS, KIND_KEYS, MAP_KEYS,
    MATCH_KEYS, REPLY_KEYS, REPORT_KEYS, TEST_KEYS, TIME_KEYS,
};
use super::word::{needed, path, plain, unknown, word, words};
use crate::gateway::item::ReportState;
use crate::yaml::{Fields, Node, Reader, Spanned, Tree, duration};

/// What the status of a report, or of a lookup, may mean to us (GW33).
pub(super) const STATES: [(&str, ReportState); 6] = [
    ("accepted", ReportState::Accepted),
    ("delivered", ReportState::Delivered),
    ("undelivered", ReportState::Undelivered),
    ("expired", ReportState::Expired),
    ("rejected", ReportState::Rejected),
    ("ignore", ReportState::Ignored),
];

/// Longest wait for the parts of a message, and the usual one (GW44).
const WAIT_MAX: Duration = Duration::hours(1);
const WAIT: Duration = Duration::seconds(60);

/// All variants; `verify` is that of the whole file.
pub(super) fn read(
    reader: &mut Reader,
    node: Option<&Node>,
    verify_node: Option<&Node>,
    verify: Option<&Block>,
) -> Option<Vec<Variant>> {
    let node = node?;
    let items = reader.items(node, "`callbacks`")?;
    if items.is_empty() {
        reader.fault(node.place, "`callbacks` has no variant", "say how the gateway calls us");
    }
    let read: Vec<Option<Variant>> =
        items.iter().map(|item| variant(reader, item, verify_node, verify)).collect();
    read.into_iter().collect()
}

fn variant(
    reader: &mut Reader,
    node: &Node,
    verify_node: Option<&Node>,
    verify: Option<&Block>,
) -> Option<Variant> {
    let fields = reader.fields(node, CALLBACK_KEYS, "a variant of `callbacks`")?;
    let own = fields.get("verify").and_then(|node| block::verify(reader, node));
    if verify_node.is_none() && fields.get("verify").is_none() {
        let hint = "say how calls prove themselves, here or for all variants at the top of the file";
        reader.fault(node.place, "`verify` is missing", hint);
    }
    let (methods, content_types) = matches(reader, fields.get("match"));
    let decode = match fields.get("decode") {
        Some(inner) => decode(reader, inner),
        None => {
            reader.fault(node.place, "`decode` is missing", "write `decode: {as: json}` or another syntax");
            None
        }
    };
    let style = decode.as_ref()?.syntax.style();
    let each = each(reader, &fields, style);
    let (is_inbound, is_report) = kind(reader, fields.get("kind"), style);
    let inbound_fields = fields.get("inbound").and_then(|node| inbound(reader, node, style));
    let report_fields = fields.get("report").and_then(|node| report(reader, node, style));
    for (name, test, of) in [("inbound", &is_inbound, "inbound"), ("report", &is_report, "report")] {
        let has_fields = fields.get(of).is_some();
        if test.is_some() != has_fields {
            let message = format!("`kind.{name}` and `{of}` belong together");
            reader.fault(node.place, message, "write both, or neither");
        }
    }
    if fields.get("inbound").is_none() && fields.get("report").is_none() {
        reader.fault(node.place, "this variant reads nothing", "add `inbound`, `report`, or both");
    }
    Some(Variant {
        methods,
        content_types,
        verify: own.or_else(|| verify.cloned())?,
        decode: decode?,
        each,
        is_inbound,
        is_report,
        inbound: inbound_fields,
        report: report_fields,
        concat: fields.get("concat").and_then(|node| concat(reader, node, style)),
        reply: fields.get("reply").and_then(|node| reply(reader, node)).unwrap_or_default(),
    })
}

fn matches(reader: &mut Reader, node: Option<&Node>) -> (Vec<String>, Vec<String>) {
    let Some(fields) = node.and_then(|node| reader.fields(node, MATCH_KEYS, "`match`")) else {
        return (Vec::new(), Vec::new());
    };
    let methods = words(reader, fields.get("method"), "`method`");
    for method in methods.iter().filter(|method| !["GET", "POST"].contains(&method.value.as_str())) {
        unknown(reader, method, "`method`", ["GET", "POST"].into_iter());
    }
    let types = words(reader, fields.get("content_type"), "`content_type`");
    for given in &types {
        if given.value.contains(';') || !given.value.contains('/') {
            let hint = "write it without parameters, for example application/json";
            reader.fault(given.place, format!("`{}` is no media type", given.value), hint);
        }
    }
    (plain(methods), plain(types).into_iter().map(|given| given.to_ascii_lowercase()).collect())
}

/// `decode`, of callbacks and of answers.
pub(super) fn decode(reader: &mut Reader, node: &Node) -> Option<Decode> {
    let fields = reader.fields(node, DECODE_KEYS, "`decode`")?;
    let syntaxes = Syntax::ALL.map(|syntax| (syntax.as_str(), syntax));
    let syntax = word(reader, fields.get("as"), "`as`", &syntaxes);
    let syntax = needed(reader, syntax, fields.get("as"), node, "`as`", "write json, form, query or xml")?;
    let charset = match fields.get("charset") {
        None => CharsetRule::Fixed(Charset::UTF_8),
        Some(inner) if matches!(inner.tree, Tree::Map(_)) => {
            let fields = reader.fields(inner, &["field"], "`charset`")?;
            let at = path(reader, fields.get("field"), "`field`", syntax.style());
            at.map_or(CharsetRule::Fixed(Charset::UTF_8), CharsetRule::Field)
        }
        Some(inner) => {
            let written = reader.text(Some(inner), "`charset`")?;
            let Some(charset) = Charset::named(&written.value) else {
                let hint = "write for example utf-8, iso-8859-1 or utf-16be";
                reader.fault(written.place, format!("the charset `{}` is not known", written.value), hint);
                return None;
            };
            CharsetRule::Fixed(charset)
        }
    };
    let names = [("exact", Names::Exact), ("ignore_case", Names::IgnoreCase)];
    let names = word(reader, fields.get("names"), "`names`", &names).unwrap_or(Names::IgnoreCase);
    Some(Decode { syntax, charset, names })
}

fn each(reader: &mut Reader, fields: &Fields<'_>, style: Style) -> Option<Path> {
    let node = fields.get("each")?;
    if style == Style::Name {
        reader.fault(node.place, "a form or a query is one message", "leave `each` out");
        return None;
    }
    path(reader, Some(node), "`each`", style)
}

fn kind(reader: &mut Reader, node: Option<&Node>, style: Style) -> (Option<Test>, Option<Test>) {
    let Some(fields) = node.and_then(|node| reader.fields(node, KIND_KEYS, "`kind`")) else {
        return (None, None);
    };
    let mut read = |name: &str| fields.get(name).and_then(|node| test(reader, node, style));
    (read("inbound"), read("report"))
}

fn test(reader: &mut Reader, node: &Node, style: Style) -> Option<Test> {
    let fields = reader.fields(node, TEST_KEYS, "a test of `kind`")?;
    match (fields.get("exists"), fields.get("path"), fields.get("in")) {
        (Some(exists), None, None) => path(reader, Some(exists), "`exists`", style).map(Test::Exists),
        (None, Some(at), Some(list)) => {
            let at = path(reader, Some(at), "`path`", style);
            let list = plain(words(reader, Some(list), "`in`"));
            if list.is_empty() {
                reader.fault(node.place, "`in` holds no word", "add one, or write {exists: path}");
            }
            Some(Test::In(at?, list))
        }
        (_, _, _) => {
            let hint = "write {exists: path}, or {path: …, in: [word, …]}";
            reader.fault(node.place, "a test is one of two", hint);
            None
        }
    }
}

/// A path, or a path with `as`.
fn field(reader: &mut Reader, node: Option<&Node>, what: &str, style: Style, usual: As) -> Option<Field> {
    let node = node?;
    if !matches!(node.tree, Tree::Map(_)) {
        return Some(Field { path: path(reader, Some(node), what, style)?, written_as: usual });
    }
    let fields = reader.fields(node, FIELD_KEYS, what)?;
    let at = path(reader, fields.get("path"), "`path`", style);
    let at = needed(reader, at, fields.get("path"), node, "`path`", "say where the value stands");
    let ways = As::ALL.map(|way| (way.as_str(), way));
    let written_as = match fields.get("as") {
        None => usual,
        Some(inner) => word(reader, Some(inner), "`as`", &ways)?,
    };
    Some(Field { path: at?, written_as })
}

fn inbound(reader: &mut Reader, node: &Node, style: Style) -> Option<InboundFields> {
    let fields = reader.fields(node, INBOUND_KEYS, "`inbound`")?;
    let each = each(reader, &fields, style);
    let mut optional =
        |name: &str, usual| field(reader, fields.get(name), &format!("`{name}`"), style, usual);
    let from = optional("from", As::E164);
    let to = optional("to", As::Raw);
    let text = optional("text", As::Text);
    let id = optional("id", As::Raw);
    let session = optional("session", As::Raw);
    let reply_to = optional("reply_to", As::Raw);
    let parts = optional("parts", As::Raw);
    let intent = optional("intent", As::Raw);
    if let Some(to) = to.as_ref().filter(|to| to.written_as != As::Raw) {
        let place = fields.get("to").map_or(node.place, |node| node.place);
        let message = format!("`to` cannot be {}", to.written_as.as_str());
        reader.fault(place, message, "it is always raw: short numbers and subnumbers are opaque (GW55)");
    }
    for name in ["from", "to", "text"] {
        if fields.get(name).is_none() {
            reader.fault(node.place, format!("`inbound` needs `{name}`"), "say where it stands");
        }
    }
    let time = fields.get("time").and_then(|node| time(reader, node, style));
    Some(InboundFields {
        each,
        id,
        from: from?,
        to: to?,
        text: text?,
        session,
        reply_to,
        time,
        parts,
        intent,
    })
}

fn time(reader: &mut Reader, node: &Node, style: Style) -> Option<TimeField> {
    if !matches!(node.tree, Tree::Map(_)) {
        return Some(TimeField {
            path: path(reader, Some(node), "`time`", style)?,
            format: TimeFormat::Rfc3339,
        });
    }
    let fields = reader.fields(node, TIME_KEYS, "`time`")?;
    let at = path(reader, fields.get("path"), "`path`", style);
    let at = needed(reader, at, fields.get("path"), node, "`path`", "say where the time stands");
    let zone = match reader.text(fields.get("zone"), "`zone`") {
        None => None,
        Some(written) => match written.value.parse::<Tz>() {
            Ok(zone) => Some(zone),
            Err(_) => {
                let message = format!("the zone `{}` is not known", written.value);
                reader.fault(written.place, message, "write an IANA zone such as Europe/Oslo");
                return None;
            }
        },
    };
    let format = reader.text(fields.get("format"), "`format`");
    let word = format.as_ref().map_or("rfc3339", |format| format.value.as_str());
    let read = match word {
        "rfc3339" | "unix" | "unix_ms" if zone.is_some() => Err("leave `zone` out: this form has one"),
        "rfc3339" => Ok(TimeFormat::Rfc3339),
        "unix" => Ok(TimeFormat::Unix),
        "unix_ms" => Ok(TimeFormat::UnixMs),
        pattern => TimeFormat::pattern(pattern, zone),
    };
    match read {
        Ok(format) => Some(TimeField { path: at?, format }),
        Err(hint) => {
            let place = format.as_ref().map_or(node.place, |format| format.place);
            reader.fault(place, "this time cannot be read so", hint);
            None
        }
    }
}

fn report(reader: &mut Reader, node: &Node, style: Style) -> Option<ReportFields> {
    let fields = reader.fields(node, REPORT_KEYS, "`report`")?;
    let each = each(reader, &fields, style);
    let (mut our_ref, mut external_id) = (Vec::new(), Vec::new());
    let list = fields.get("correlate");
    for item in list.and_then(|list| reader.items(list, "`correlate`")).unwrap_or_default() {
        let Some(fields) = reader.fields(item, CORRELATE_KEYS, "an entry of `correlate`") else {
            continue;
        };
        our_ref.extend(path(reader, fields.get("our_ref"), "`our_ref`", style));
        external_id.extend(path(reader, fields.get("external_id"), "`external_id`", style));
    }
    if our_ref.is_empty() && external_id.is_empty() {
        let place = list.map_or(node.place, |list| list.place);
        reader.fault(
            place,
            "the report names no message",
            "write `correlate: [{our_ref: …}, {external_id: …}]`",
        );
    }
    let mut optional = |name: &str| path(reader, fields.get(name), &format!("`{name}`"), style);
    let (reason, error_code, part) = (optional("reason"), optional("error_code"), optional("part"));
    let Some(inner) = fields.get("state") else {
        reader.fault(node.place, "`state` is missing", "write `state: {path: …, map: {word: delivered, …}}`");
        return None;
    };
    let (state, states) =
        mapped(reader, inner, style, &|reader, node| word(reader, Some(node), "a state", &STATES))?;
    Some(ReportFields { each, our_ref, external_id, state, states, reason, error_code, part })
}

/// `{path, map}`.
pub(super) fn mapped<T>(
    reader: &mut Reader,
    node: &Node,
    style: Style,
    meaning: &dyn Fn(&mut Reader, &Node) -> Option<T>,
) -> Option<(Path, WordMap<T>)> {
    let fields = reader.fields(node, MAP_KEYS, "this")?;
    let at = path(reader, fields.get("path"), "`path`", style);
    let at = needed(reader, at, fields.get("path"), node, "`path`", "say where the word stands");
    let map = fields.get("map").map(|node| word_map(reader, node, meaning));
    if map.as_ref().is_none_or(WordMap::is_empty) {
        reader.fault(node.place, "`map` says nothing", "write `map: {word: meaning, …}`");
    }
    Some((at?, map?))
}

/// Words and ranges with their meanings.
pub(super) fn word_map<T>(
    reader: &mut Reader,
    node: &Node,
    meaning: &dyn Fn(&mut Reader, &Node) -> Option<T>,
) -> WordMap<T> {
    let mut map = WordMap::default();
    for (key, inner) in reader.named(Some(node), "a map") {
        let Some(meaning) = meaning(reader, inner) else {
            continue;
        };
        if let Err(fault) = map.add(&key.value, meaning) {
            let hint = match fault {
                EntryFault::Twice => "case is ignored; keep one of them",
                EntryFault::Overlap => "another range holds some of these numbers; part them",
                EntryFault::Backwards => "write the smaller number first",
            };
            reader.fault(key.place, format!("`{}` cannot stand here", key.value), hint);
        }
    }
    map
}

fn concat(reader: &mut Reader, node: &Node, style: Style) -> Option<ConcatFields> {
    let fields = reader.fields(node, CONCAT_KEYS, "`concat`")?;
    let mut at = |name: &str| {
        let found = path(reader, fields.get(name), &format!("`{name}`"), style);
        needed(reader, found, fields.get(name), node, &format!("`{name}`"), "say where it stands")
    };
    let (reference, total, part) = (at("ref"), at("total"), at("part"));
    let wait = match reader.text(fields.get("wait"), "`wait`") {
        None => WAIT,
        Some(written) => time_span(reader, &written, "`wait`", WAIT_MAX)?,
    };
    Some(ConcatFields { reference: reference?, total: total?, part: part?, wait })
}

/// A duration of at least a second.
pub(super) fn time_span(
    reader: &mut Reader,
    written: &Spanned<String>,
    what: &str,
    longest: Duration,
) -> Option<Duration> {
    let found = duration(&written.value).filter(|span| *span >= Duration::seconds(1) && *span <= longest);
    if found.is_none() {
        let hint = format!("write for example 60s, 1h or 14d, at most {} hours", longest.num_hours());
        reader.fault(written.place, format!("{what} cannot be `{}`", written.value), hint);
    }
    found
}

fn reply(reader: &mut Reader, node: &Node) -> Option<Reply> {
    let fields = reader.fields(node, REPLY_KEYS, "`reply`")?;
    if let Some(status) = reader.whole(fields.get("status"), "`status`")
        && status.value != 200
    {
        reader.fault(
            status.place,
            "an authentic call is answered with 200 and nothing else",
            "write 200 (GW1)",
        );
    }
    let content_type = reader.text(fields.get("content_type"), "`content_type`");
    if let Some(written) = &content_type
        && reqwest::header::HeaderValue::from_str(&written.value).is_err()
    {
        reader.fault(written.place, "this is no media type", "write for example text/xml");
    }
    let body = reader.text(fields.get("body"), "`body`").map(|body| body.value).unwrap_or_default();
    Some(Reply { content_type: content_type.map(|written| written.value), body })
}
