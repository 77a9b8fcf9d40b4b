//! The comment: what a person writes besides the value (N27).

use super::fold::has_word;

/// The clean text after byte `from`, its leading punctuation dropped; `None` if no word is left.
pub(super) fn after(text: &str, from: usize) -> Option<String> {
    let rest = text.get(from..).unwrap_or_default();
    let rest = rest.trim_start_matches(|c: char| {
        c.is_whitespace() || matches!(c, '.' | ',' | ':' | ';' | '-' | '!' | ')' | '/' | '+')
    });
    has_word(rest).then(|| rest.trim_end().to_owned())
}
