//! The `free_text` grammar (N80): any text, never cut.

use regex::Regex;

use super::clean::raw_without_tails;
use super::{Method, Reading, Reason};
use crate::survey::Value;

/// Reads a free text. Lengths count characters.
pub(super) fn read(raw: &str, min_length: usize, max_length: usize, pattern: Option<&Regex>) -> Reading {
    let value = raw_without_tails(raw);
    let length = value.chars().count();
    if length < min_length {
        Reading::Reask(Reason::TooShort)
    } else if length > max_length {
        Reading::Reask(Reason::TooLong)
    } else if pattern.is_some_and(|pattern| !pattern.is_match(&value)) {
        Reading::Reask(Reason::Unrecognised)
    } else {
        Reading::ok(Value::Text(value), Method::Text)
    }
}
