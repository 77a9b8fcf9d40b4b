//! Correction marks (N98): `*8`, *sorry, I meant 8*, *rettelse: 8*. What the rest means is not decided here.

use super::clean::clean;
use super::fold::words;
use super::items::{Items, Separators};
use super::lexicon::{Lexicons, List};

/// Marks are looked for at most this often, as in *sorry, I meant*.
const MARKS_MAX: usize = 3;
/// The longest mark in words.
const MARK_WORDS_MAX: usize = 2;

/// What stands after a correction mark at the start of a text; `None` without a mark or with nothing after it.
#[must_use]
pub fn correction(raw: &str, lexicons: &Lexicons) -> Option<String> {
    let text = clean(raw);
    let mut rest = text.as_str();
    for _ in 0..MARKS_MAX {
        let after_star = rest.trim_start_matches('*').trim_start();
        let after_mark = mark_end(after_star, lexicons).and_then(|end| after_star.get(end..));
        rest = after_mark.map_or(after_star, |rest| {
            rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | ';' | '.' | '!'))
        });
    }
    (rest.len() < text.len() && !words(rest).is_empty()).then(|| rest.to_owned())
}

/// Where a mark made of words ends.
fn mark_end(text: &str, lexicons: &Lexicons) -> Option<usize> {
    let start: String = text.chars().take(40).collect();
    let items = Items::read(&start, Separators::Decimal, lexicons);
    let phrase = items.phrase_at(0, MARK_WORDS_MAX);
    let (length, _) = lexicons.shared().longest_start(List::Correction, &phrase)?;
    items.get(length.checked_sub(1)?).map(|item| item.end)
}

#[cfg(test)]
mod tests {
    use super::{Lexicons, correction};

    #[test]
    fn marks_are_taken_off() {
        for (raw, rest) in [
            ("*8", Some("8")),
            ("Sorry, I meant 8", Some("8")),
            ("Beklager, jeg mente 2", Some("2")),
            ("Rettelse: ja", Some("ja")),
            ("mente tre", Some("tre")),
            ("correction - 4", Some("- 4")),
            ("sorry", None),
            ("8", None),
            ("*", None),
        ] {
            assert_eq!(correction(raw, Lexicons::built_in()).as_deref(), rest, "{raw}");
        }
    }
}
