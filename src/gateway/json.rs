//! JSON of callbacks, read leniently: bytes and escapes that are no Unicode become U+FFFD and are flagged, names
//! are found in any case, numbers and booleans count as their text. It never fails a batch for one bad item.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Deepest nesting read (RS7).
const DEPTH_MAX: usize = 32;

/// A document and whether it had to be mended.
pub struct Document {
    /// What it holds.
    pub value: Value,
    /// Bytes or escapes became U+FFFD (GW96).
    pub mended: bool,
}

/// Reads a body; the error says why it cannot be.
pub fn read(body: &[u8]) -> Result<Document, &'static str> {
    let text = String::from_utf8_lossy(body);
    let lossy = matches!(text, Cow::Owned(_));
    let text = text.trim_start_matches('\u{feff}');
    let (value, mended) = match serde_json::from_str(text) {
        Ok(value) => (value, lossy),
        Err(_) => (serde_json::from_str(&mend_surrogates(text)).map_err(|_| "the body is not JSON")?, true),
    };
    if depth(&value) > DEPTH_MAX {
        return Err("the body is nested too deeply");
    }
    Ok(Document { value, mended })
}

/// A member by its name, else by its name in any case; `null` counts as absent.
pub fn member<'a>(item: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let any_case = || item.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    item.get(name).or_else(any_case).filter(|value| !value.is_null())
}

/// The text of a string, number or boolean; `None` for lists and objects.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text of a member that is there and is not empty.
pub fn filled(item: &Map<String, Value>, name: &str) -> Option<String> {
    member(item, name).and_then(text).filter(|text| !text.is_empty())
}

/// Recursion is bounded: the parser itself stops at 128 levels.
fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return 0,
    };
    1 + deepest.unwrap_or(0)
}

/// Replaces escapes of half a surrogate pair, which a gateway writes when it cuts an emoji in two.
fn mend_surrogates(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = split_at_backslash(rest) {
        mended.push_str(before);
        let unit = code_unit(escape);
        let pair = unit.is_some_and(|unit| (0xD800..0xDC00).contains(&unit))
            && escape.get(6..).and_then(code_unit).is_some_and(|unit| (0xDC00..0xE000).contains(&unit));
        let (kept, length) = match unit {
            Some(_) if pair => (escape.get(..12), 12),
            Some(0xD800..0xE000) => (Some("\\ufffd"), 6),
            Some(_) => (escape.get(..6), 6),
            // The backslash and whatever it escapes, which may be another backslash.
            None => {
                let length = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
                (escape.get(..length), length)
            }
        };
        mended.push_str(kept.unwrap_or_default());
        rest = escape.get(length..).unwrap_or_default();
    }
    mended.push_str(rest);
    mended
}

fn split_at_backslash(text: &str) -> Option<(&str, &str)> {
    text.find('\\').and_then(|at| text.split_at_checked(at))
}

/// The UTF-16 unit of `\uXXXX` at the start of the text.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        u16::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(body: &[u8]) -> (String, bool) {
        let document = read(body).unwrap();
        (document.value.as_str().unwrap().to_owned(), document.mended)
    }

    #[test]
    fn half_surrogates_and_bad_bytes_are_mended_and_flagged() {
        assert_eq!(read_text(br#""8 \ud83d\udc4d \\ud83d""#), ("8 👍 \\ud83d".into(), false));
        assert_eq!(read_text(br#""8 \ud83d ok""#), ("8 \u{fffd} ok".into(), true));
        assert_eq!(read_text(br#""\udc4d\ud83d\ud83d\udc4d\n""#), ("\u{fffd}\u{fffd}👍\n".into(), true));
        assert_eq!(read_text(b"\"\xff8\""), ("\u{fffd}8".into(), true));
        assert_eq!(read_text("\u{feff}\"8\"".as_bytes()), ("8".into(), false));
    }

    #[test]
    fn what_is_no_json_is_an_error_and_depth_is_limited() {
        for bad in ["", "{", "\"\\ud83", "a=1", "\\", "\"\\"] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(nested(32).as_bytes()).is_ok());
        assert!(read(nested(33).as_bytes()).is_err());
        assert!(read(nested(50_000).as_bytes()).is_err());
    }
}
