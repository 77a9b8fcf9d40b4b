//! Reads YAML 1.2 and JSON text into a [`Node`]. The only place that knows the YAML library (F40).
//!
//! Limits of RP9: 1 MiB, 100 aliases, 16 levels, 20,000 nodes; no includes, no merge keys, no custom tags.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{
    DuplicateKeyPolicy, Error, Location, MergeKeyPolicy, NonFiniteFloatPolicy, Options, budget::BudgetBreach,
};

use super::Format;
use super::place::{Fault, Place};
use super::tree::{Key, Node, Scalar, Tree};

/// Largest file in bytes (F2).
const FILE_BYTES_MAX: usize = 1024 * 1024;

const ALIASES_MAX: usize = 100;
const DEPTH_MAX: usize = 16;
const NODES_MAX: usize = 20_000;

/// Reads a file. With duplicate keys the first one counts and every repetition is a fault; a file that cannot
/// be read at all gives no node and one fault.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "faults of the YAML library, which may grow")]
pub fn read(source: &str, format: Format) -> (Option<Node>, Vec<Fault>) {
    if source.len() > FILE_BYTES_MAX {
        let message = format!("the file is larger than {FILE_BYTES_MAX} bytes");
        let fault = Fault::new(Place::default(), message, format!("split it into several {}s", format.thing));
        return (None, vec![fault]);
    }
    match parse(source, DuplicateKeyPolicy::Error) {
        Ok(node) if node.tree == Tree::Null => {
            let hint = format!("begin with `{}`", format.first_line);
            (None, vec![Fault::new(Place::default(), "the file is empty", hint)])
        }
        Ok(node) => (Some(node), Vec::new()),
        Err(error) => match error.without_snippet() {
            Error::DuplicateMappingKey { location, .. } => {
                read_with_duplicates(source, place_of(*location, source), format)
            }
            other => (None, vec![fault_of(other, source, format)]),
        },
    }
}

/// Reads a file with duplicate keys. With this policy the library gives out every entry of a map, except of
/// one with number keys, where only the last is left; `known` is the place of the first duplicate.
fn read_with_duplicates(source: &str, known: Place, format: Format) -> (Option<Node>, Vec<Fault>) {
    let mut node = match parse(source, DuplicateKeyPolicy::LastWins) {
        Ok(node) => node,
        Err(error) => return (None, vec![fault_of(error.without_snippet(), source, format)]),
    };
    let mut faults = Vec::new();
    drop_repetitions(&mut node, &mut faults);
    if faults.is_empty() {
        faults.push(duplicate_fault(known, source.get(known.start..known.end).unwrap_or("")));
    }
    (Some(node), faults)
}

fn duplicate_fault(place: Place, key: &str) -> Fault {
    let message = format!("the key `{key}` is written twice");
    Fault::new(place, message, "keep one of them")
}

/// Keeps the first of each key.
fn drop_repetitions(node: &mut Node, faults: &mut Vec<Fault>) {
    match &mut node.tree {
        Tree::Null | Tree::Scalar(_) => {}
        Tree::List(items) => {
            for item in items {
                drop_repetitions(item, faults);
            }
        }
        Tree::Map(entries) => {
            let mut seen: BTreeSet<String> = BTreeSet::new();
            entries.retain(|(key, _)| {
                let is_first = seen.insert(key.text.clone());
                if !is_first {
                    faults.push(duplicate_fault(key.place, &key.text));
                }
                is_first
            });
            for (_, value) in entries {
                drop_repetitions(value, faults);
            }
        }
    }
}

fn parse(source: &str, duplicate_keys: DuplicateKeyPolicy) -> Result<Node, Error> {
    let raw: serde_saphyr::Spanned<Raw> =
        serde_saphyr::from_str_with_options(source, options(duplicate_keys))?;
    Ok(node_of(raw, source))
}

fn options(duplicate_keys: DuplicateKeyPolicy) -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_aliases: ALIASES_MAX,
            max_anchors: ALIASES_MAX,
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: NODES_MAX * 4,
            max_documents: 1,
            max_total_scalar_bytes: FILE_BYTES_MAX,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: NODES_MAX,
            max_replay_stack_depth: DEPTH_MAX,
        },
        duplicate_keys: duplicate_keys,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        emit_comments: false,
        with_snippet: false,
    }
}

/// A value as the library gives it; scalars that look like numbers are read again from the source.
enum Raw {
    Null,
    Text(String),
    Typed(String),
    List(Vec<serde_saphyr::Spanned<Raw>>),
    Map(Vec<(serde_saphyr::Spanned<String>, serde_saphyr::Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = access.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = access.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

fn node_of(raw: serde_saphyr::Spanned<Raw>, source: &str) -> Node {
    let place = place_of(raw.referenced, source);
    let tree = match raw.value {
        Raw::Null => Tree::Null,
        Raw::Text(text) => {
            let written = written_at(raw.defined, source);
            let plain = written.trim() == text;
            Tree::Scalar(Scalar { text, plain })
        }
        Raw::Typed(value) => {
            let written = written_at(raw.defined, source).trim();
            let text = if written.is_empty() { value } else { written.to_owned() };
            Tree::Scalar(Scalar { text, plain: true })
        }
        Raw::List(list) => Tree::List(list.into_iter().map(|item| node_of(item, source)).collect()),
        Raw::Map(map) => Tree::Map(
            map.into_iter()
                .map(|(key, value)| {
                    let place = place_of(key.referenced, source);
                    let key = Key { text: key.value, place };
                    (key, node_of(value, source))
                })
                .collect(),
        ),
    };
    Node { tree, place }
}

fn place_of(location: Location, source: &str) -> Place {
    let span = location.span();
    let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    // Faults of the scanner have a line and a column only.
    let start = match span.byte_offset() {
        Some(offset) => number(offset),
        None => byte_of(number(location.line()), number(location.column()), source),
    };
    Place { start, end: start.saturating_add(span.byte_len().map_or(0, number)) }
}

/// The byte of a line and a column, both from 1.
fn byte_of(line: usize, column: usize, source: &str) -> usize {
    let line_start: usize = source.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = source.get(line_start..).unwrap_or("");
    let within: usize =
        rest.chars().take_while(|c| *c != '\n').take(column.saturating_sub(1)).map(char::len_utf8).sum();
    line_start + within
}

fn written_at(location: Location, source: &str) -> &str {
    let place = place_of(location, source);
    source.get(place.start..place.end).unwrap_or("")
}

/// What went wrong, in words an author can use.
#[expect(clippy::wildcard_enum_match_arm, reason = "faults of the YAML library, which may grow")]
fn fault_of(error: &Error, source: &str, format: Format) -> Fault {
    let place = error.location().map(|location| place_of(location, source)).unwrap_or_default();
    let (message, hint) = match error {
        Error::Budget { breach, .. } => budget_words(breach, format),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => (
            "the aliases (`*name`) of this file expand to too much".to_owned(),
            "write the values out".to_owned(),
        ),
        Error::AliasError { error, .. } => {
            let inner = fault_of(error, source, format);
            (inner.message, inner.hint)
        }
        Error::UnknownAnchor { .. } => (
            "this alias (`*name`) has no anchor (`&name`)".to_owned(),
            "put a text that begins with `*` in quotes".to_owned(),
        ),
        Error::UnsupportedTag { tag, .. } => {
            (format!("the tag `{tag}` is not known"), "put a text that begins with `!` in quotes".to_owned())
        }
        Error::MultipleDocuments { .. } => (
            "the file holds more than one document".to_owned(),
            format!("remove `---`; one file is one {}", format.thing),
        ),
        _ if line_at(place.start, source).contains("{{") => (
            "a text with `{{…}}` stands without quotes".to_owned(),
            "put it in double quotes, or write the text in block style".to_owned(),
        ),
        other => (
            format!("this is not readable YAML: {}", sentence_of(other)),
            syntax_hint(place, source).to_owned(),
        ),
    };
    Fault::new(place, message, hint)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "faults of the YAML library, which may grow")]
fn sentence_of(error: &Error) -> String {
    let rendered = match error {
        Error::ExternalMessage { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    let line = rendered.lines().next().unwrap_or("it cannot be read");
    line.split(" at line ").next().unwrap_or(line).to_owned()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "faults of the YAML library, which may grow")]
fn budget_words(breach: &BudgetBreach, format: Format) -> (String, String) {
    match breach {
        BudgetBreach::Aliases { .. }
        | BudgetBreach::Anchors { .. }
        | BudgetBreach::AliasAnchorRatio { .. } => (
            format!("the file has more than {ALIASES_MAX} aliases (`*name`)"),
            "write the values out".to_owned(),
        ),
        BudgetBreach::Depth { .. } => (
            format!("the file is nested more than {DEPTH_MAX} levels deep"),
            "look for brackets that are never closed".to_owned(),
        ),
        BudgetBreach::Documents { .. } => (
            "the file holds more than one document".to_owned(),
            format!("remove `---`; one file is one {}", format.thing),
        ),
        _ => (
            format!("the file holds more than {NODES_MAX} values"),
            format!("split it into several {}s", format.thing),
        ),
    }
}

/// The line that holds a byte.
fn line_at(at: usize, source: &str) -> &str {
    let before = source.get(..at.min(source.len())).unwrap_or("");
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    source.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or("")
}

/// What authors get wrong most often (survey-file.md §6), judged by the line in question.
fn syntax_hint(place: Place, source: &str) -> &'static str {
    let line = line_at(place.start, source);
    let next_line = source.get(place.start..).and_then(|rest| rest.lines().nth(1));
    let has_tab = |line: &str| line.trim_start_matches(' ').starts_with('\t');
    if has_tab(line) || next_line.is_some_and(has_tab) {
        "indent with spaces; YAML does not take tabs"
    } else if line.matches(": ").count() > 1 {
        "put a text that holds `: ` in quotes"
    } else {
        "check quotes, colons and indentation here; put texts with special characters in quotes"
    }
}

/// Why a file named `.json` is not JSON, if so. Only its grammar is looked at: values are never taken from
/// here (F40).
#[must_use]
pub fn json_fault(source: &str) -> Option<Fault> {
    let error = serde_json::from_str::<de::IgnoredAny>(source).err()?;
    let start = byte_of(error.line(), error.column(), source);
    let reason = error.to_string();
    let reason = reason.split(" at line ").next().unwrap_or("it cannot be read");
    Some(Fault::new(
        Place { start, end: start },
        format!("this is not JSON: {reason}"),
        "correct it, or name the file .yaml",
    ))
}
