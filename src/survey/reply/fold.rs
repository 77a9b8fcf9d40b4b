//! Folding, words and the plain form (N20), and squeezed letters (N22). For matching only: nothing here
//! changes what is stored.

use std::borrow::Cow;

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// Folds a text for matching (N20): lower case, no accents, every run of white space one space.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut after_space = false;
    for c in text.chars() {
        if c.is_whitespace() {
            if !after_space {
                folded.push(' ');
            }
            after_space = true;
        } else {
            after_space = false;
            fold_char(c, &mut folded);
        }
    }
    folded
}

/// The words of a text, folded and joined by single spaces: punctuation and emoji vanish (N20).
#[must_use]
pub fn plain_form(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for word in words(text) {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(&word);
    }
    plain
}

/// The folded words of a text: runs of letters and digits, apostrophes inside allowed (N20).
pub(super) fn words(text: &str) -> Vec<String> {
    spans(text).map(|span| span.folded).collect()
}

/// A word with its place in the text, in bytes.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) folded: String,
}

/// The words of a text with their places.
pub(super) fn spans(text: &str) -> impl Iterator<Item = Span> + '_ {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let mut span: Option<Span> = None;
        while let Some((at, c)) = chars.next() {
            let next_is_word = chars.peek().is_some_and(|&(_, next)| is_word_char(next));
            let in_word = is_word_char(c) || (is_apostrophe(c) && next_is_word);
            match &mut span {
                Some(open) if in_word => fold_char(c, &mut open.folded),
                Some(open) => {
                    open.end = at;
                    return span;
                }
                None if is_word_char(c) => {
                    let mut folded = String::new();
                    fold_char(c, &mut folded);
                    span = Some(Span { start: at, end: text.len(), folded });
                }
                None => {}
            }
        }
        span
    })
}

/// Whether a text holds a word (N20).
pub(super) fn has_word(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// A character that makes up words: a letter, a digit or a mark that belongs to a letter.
pub(super) fn is_word_char(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() || is_combining_mark(c) }
}

/// An apostrophe in any of its usual shapes.
pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}')
}

/// Whether nothing but white space stands in a gap between two words.
pub(super) fn is_blank(gap: &str) -> bool {
    gap.chars().all(char::is_whitespace)
}

/// How many letters a text has (N28).
pub(super) fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

/// Tries a look-up with the word as it is, then squeezed to two and to one equal letters (N22).
pub(super) fn look_up<T>(word: &str, find: impl Fn(&str) -> Option<T>) -> Option<T> {
    find(word).or_else(|| {
        squeeze(word, 2).and_then(|two| find(&two)).or_else(|| squeeze(word, 1).and_then(|one| find(&one)))
    })
}

/// A word or text as it is, then with runs of three or more equal letters cut to two and to one (N22).
#[must_use]
pub fn squeezed_forms(text: &str) -> Vec<String> {
    std::iter::once(text.to_owned()).chain(squeeze(text, 2)).chain(squeeze(text, 1)).collect()
}

/// Whether a word of a reply is a listed word, squeezed letters allowed (N22).
pub(super) fn same(word: &str, listed: &str) -> bool {
    look_up(word, |form| (form == listed).then_some(())).is_some()
}

/// Each run of three or more equal letters cut to `keep`; `None` when there is no such run (N22).
fn squeeze(word: &str, keep: usize) -> Option<String> {
    if !has_run_of_three(word) {
        return None;
    }
    let mut squeezed = String::with_capacity(word.len());
    let mut run: Option<(char, usize)> = None;
    let mut cut = false;
    let mut flush = |run: Option<(char, usize)>, out: &mut String| {
        if let Some((c, length)) = run {
            let long = length >= 3 && c.is_alphabetic();
            cut |= long;
            out.extend(std::iter::repeat_n(c, if long { keep } else { length }));
        }
    };
    for c in word.chars() {
        run = match run {
            Some((last, length)) if last == c => Some((c, length + 1)),
            other => {
                flush(other, &mut squeezed);
                Some((c, 1))
            }
        };
    }
    flush(run, &mut squeezed);
    cut.then_some(squeezed)
}

fn has_run_of_three(word: &str) -> bool {
    let mut chars = word.chars();
    let (mut before, mut last) = (None, chars.next());
    chars.any(|c| {
        let is_third = before == Some(c) && last == Some(c);
        (before, last) = (last, Some(c));
        is_third
    })
}

/// Folds one character (N20): å→a, ø→o, æ→ae, ß→ss, other accents off.
fn fold_char(c: char, folded: &mut String) {
    if c.is_ascii() {
        folded.push(c.to_ascii_lowercase());
        return;
    }
    if is_apostrophe(c) {
        folded.push('\'');
        return;
    }
    for lower in c.to_lowercase() {
        decompose_canonical(lower, |part| match part {
            'ø' => folded.push('o'),
            'æ' => folded.push_str("ae"),
            'ß' => folded.push_str("ss"),
            '\u{0300}'..='\u{036f}' => {}
            other => folded.push(other),
        });
    }
}

/// The folded form of one list entry or label: cleaned of odd characters first, so that a label written
/// with `’` equals a reply written with `'`.
pub(super) fn fold_entry(entry: &str) -> Cow<'_, str> {
    let plain = entry.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if plain { Cow::Borrowed(entry) } else { Cow::Owned(fold(&super::clean::tidy(entry))) }
}

#[cfg(test)]
mod tests {
    use super::{fold, look_up, plain_form, same};

    #[test]
    fn folding_and_words_follow_n20() {
        assert_eq!(fold("BLÅBÆR  Ødegård ß é"), "blabaer odegard ss e");
        assert_eq!(plain_form(" “It’s… 8!” \u{1f44d} "), "it's 8");
        assert_eq!(plain_form("'quoted' rock'n'roll'"), "quoted rock'n'roll");
    }

    #[test]
    fn squeezing_keeps_two_then_one() {
        assert!(same("niiii", "ni") && same("jaaa", "ja") && same("stoppppp", "stopp"));
        assert!(!same("jaa", "ja"), "a run of two stays");
        assert_eq!(look_up("888", |w| (w == "8").then_some(())), None, "digits are no letters");
    }
}
