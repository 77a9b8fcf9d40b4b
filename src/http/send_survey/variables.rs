//! `userSessionVariables` (P15–P25): an array of `{key, value}` or a plain object. Known keys get their canonical
//! spelling, others stay as they are (A04).

use super::super::json::Json;
use super::super::pointer;
use super::super::problem::{Fault, FaultCode};
use super::notes::Notes;
use super::placeholder::unexpanded;
use crate::app::send_survey::Variables;
use crate::app::warning::{Warning, WarningCode};
use crate::survey::variables::KNOWN_KEYS;

/// Most variables in one call (P15).
const ENTRIES_MAX: usize = 64;
/// Longest key, in characters.
const KEY_CHARS_MAX: usize = 100;
/// Longest value, in bytes of UTF-8.
const VALUE_BYTES_MAX: usize = 1_024;

/// Reads the property at `place`, a JSON Pointer.
pub(super) fn read(json: &Json, place: &str, notes: &mut Notes) -> Variables {
    let mut pairs = Pairs::default();
    match json {
        Json::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                let place = format!("{place}/{index}");
                if !is_within_limit(index, &place, notes) {
                    break;
                }
                if let Some(entry) = entry_of_array(entry, &place, notes) {
                    pairs.put(entry, &place, notes);
                }
            }
        }
        Json::Object(entries) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                let place = pointer::below(place, key);
                if !is_within_limit(index, &place, notes) {
                    break;
                }
                let entry = Entry { key, value: Some((place.clone(), value)) };
                pairs.put(entry, &place, notes);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => notes.faults.push(invalid(
            place,
            format!("{} is neither an array of {{key, value}} nor an object", json.kind()),
        )),
    }
    Variables::new(pairs.0)
}

/// One variable as sent.
struct Entry<'a> {
    key: &'a str,
    /// Where the value stands, and the value.
    value: Option<(String, &'a Json)>,
}

fn is_within_limit(index: usize, place: &str, notes: &mut Notes) -> bool {
    let within = index < ENTRIES_MAX;
    if !within {
        notes.faults.push(invalid(place, format!("more than {ENTRIES_MAX} variables")));
    }
    within
}

fn entry_of_array<'a>(json: &'a Json, place: &str, notes: &mut Notes) -> Option<Entry<'a>> {
    let Json::Object(properties) = json else {
        notes.faults.push(invalid(place, format!("{} is not an object with key and value", json.kind())));
        return None;
    };
    let mut key = None;
    let mut value = None;
    for (name, json) in properties {
        let place = pointer::below(place, name);
        let slot = match name.to_ascii_lowercase().as_str() {
            "key" => &mut key,
            "value" => &mut value,
            _ => {
                notes.unknown_property(place);
                continue;
            }
        };
        if slot.is_some() {
            notes.duplicate_param(place);
        } else {
            *slot = Some((place, json));
        }
    }
    match key.map(|(_, json)| json) {
        Some(Json::Text(key)) => Some(Entry { key, value }),
        None | Some(Json::Null) => {
            notes.faults.push(invalid(place, "the entry has no key".to_owned()));
            None
        }
        Some(other) => {
            let detail = format!("the key is {}, not a text", other.kind());
            notes.faults.push(invalid(place, detail));
            None
        }
    }
}

/// Variables so far, each key once.
#[derive(Default)]
struct Pairs(Vec<(String, String)>);

impl Pairs {
    fn put(&mut self, entry: Entry<'_>, place: &str, notes: &mut Notes) {
        let length = entry.key.chars().count();
        if !(1..=KEY_CHARS_MAX).contains(&length) || entry.key.contains('\0') {
            let detail = format!("a key has 1 to {KEY_CHARS_MAX} characters, none of them NUL");
            notes.faults.push(invalid(place, detail));
            return;
        }
        let Some(value) = value_text(entry.value, place, notes) else {
            return;
        };
        let known = KNOWN_KEYS.iter().find(|known| known.eq_ignore_ascii_case(entry.key));
        let key = known.copied().unwrap_or(entry.key);
        match self.0.iter_mut().find(|(earlier, _)| earlier == key) {
            None => self.0.push((key.to_owned(), value)),
            Some((_, earlier)) => {
                *earlier = value;
                if known.is_some() {
                    let detail = format!("{key} came more than once; the last one is used");
                    notes.warnings.push(Warning::new(WarningCode::DuplicateVariable, place, detail));
                }
            }
        }
    }
}

/// The value as text, empty for unset; `None` after a fault.
fn value_text(value: Option<(String, &Json)>, entry_place: &str, notes: &mut Notes) -> Option<String> {
    let Some((place, json)) = value else {
        return Some(String::new());
    };
    let text = match json {
        Json::Null => String::new(),
        Json::Bool(value) => value.to_string(),
        Json::Number(digits) => digits.clone(),
        Json::Text(text) => text.clone(),
        Json::Array(_) | Json::Object(_) => {
            let detail = format!("the value is {}, not a text", json.kind());
            notes.faults.push(invalid(entry_place, detail));
            return None;
        }
    };
    if text.len() > VALUE_BYTES_MAX || text.contains('\0') {
        let detail = format!("a value has at most {VALUE_BYTES_MAX} bytes, none of them NUL");
        notes.faults.push(invalid(entry_place, detail));
        return None;
    }
    if let Some(placeholder) = unexpanded(&text) {
        notes.placeholder_dropped(place, placeholder);
        return Some(String::new());
    }
    Some(text)
}

fn invalid(place: &str, detail: String) -> Fault {
    Fault::new(place, FaultCode::InvalidUserSessionVariables, detail)
}
