//! Folds labels and aliases for comparison (E07, E08): lower case, å→a ø→o æ→ae, accents off, ß→ss, spaces
//! collapsed, punctuation gone.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The folded form of a label.
pub(super) fn fold(text: &str) -> String {
    let mut letters = String::new();
    for c in text.to_lowercase().chars() {
        match c {
            'å' => letters.push('a'),
            'ø' => letters.push('o'),
            'æ' => letters.push_str("ae"),
            'ß' => letters.push_str("ss"),
            other => letters.extend(other.nfkd().filter(|c| !is_combining_mark(*c))),
        }
    }
    let spaced: String = letters
        .chars()
        .filter(|c| c.is_alphanumeric() || c.is_whitespace())
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}
