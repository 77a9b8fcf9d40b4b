//! JSON, read leniently: escapes that are no Unicode become U+FFFD and are flagged.

use serde_json::Value;

use super::document::Document;

/// Deepest nesting read (RS7).
const DEPTH_MAX: usize = 32;

/// Reads a text; `lossy` says whether it was mended before.
///
/// # Errors
/// Why it cannot be read.
pub fn read((text, lossy): &(String, bool)) -> Result<Document, &'static str> {
    let text = text.trim_start_matches('\u{feff}');
    let (value, mended) = match serde_json::from_str(text) {
        Ok(value) => (value, *lossy),
        Err(_) => (serde_json::from_str(&mend_surrogates(text)).map_err(|_| "the body is not JSON")?, true),
    };
    if depth(&value) > DEPTH_MAX {
        return Err("the body is nested too deeply");
    }
    Ok(Document::Tree { value, mended })
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

    fn read_bytes(body: &[u8]) -> Result<Document, &'static str> {
        read(&super::super::decode_text(body, super::super::Charset::UTF_8))
    }

    fn read_text(body: &[u8]) -> (String, bool) {
        match read_bytes(body).unwrap() {
            Document::Tree { value, mended } => (value.as_str().unwrap().to_owned(), mended),
            other @ Document::Fields(_) => panic!("{other:?}"),
        }
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
            assert!(read_bytes(bad.as_bytes()).is_err(), "{bad}");
        }
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read_bytes(nested(32).as_bytes()).is_ok());
        assert!(read_bytes(nested(33).as_bytes()).is_err());
        assert!(read_bytes(nested(50_000).as_bytes()).is_err());
    }
}
