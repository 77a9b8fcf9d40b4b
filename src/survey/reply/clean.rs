//! Cleaning (N10): what a phone, a keyboard or a mail program did to the text is undone before reading.
//! It never touches what is stored as raw (N3).

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::fold::fold;
use super::lexicon::{Lexicons, List};

/// The clean text of N10: characters made plain, mail tails cut off, trimmed.
#[must_use]
pub fn clean(raw: &str) -> String {
    let tidy = tidy(raw);
    let kept = match tail_start(&tidy) {
        Some(cut) => tidy.get(..cut).unwrap_or_default(),
        None => &tidy,
    };
    kept.trim().to_owned()
}

/// The raw text without its mail tails (N10 step 6) and without NUL, trimmed: the value of a free text (N80).
pub(super) fn raw_without_tails(raw: &str) -> String {
    let cut = line_starts(raw).find(|&start| {
        let line = raw.get(start..).unwrap_or_default();
        is_tail(&tidy(line.split('\n').next().unwrap_or_default()))
    });
    let kept = cut.and_then(|cut| raw.get(..cut)).unwrap_or(raw);
    kept.replace('\0', "").trim().to_owned()
}

/// Steps 1 to 5 of N10 and the line ends of step 6: one plain form for every way to write a character.
pub(super) fn tidy(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && b != 0 && b != b'\r') {
        return Cow::Borrowed(text);
    }
    let mut opened = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match vulgar_fraction(c) {
            Some(fraction) => {
                opened.push(' ');
                opened.push_str(fraction);
            }
            None if c == '\u{1f51f}' => opened.push_str("10"),
            None => opened.push(c),
        }
    }
    let plain: String = opened.nfkc().filter(|&c| !is_dropped(c)).map(plain_char).collect();
    Cow::Owned(plain.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Where the first tail line begins, in bytes.
fn tail_start(tidy: &str) -> Option<usize> {
    line_starts(tidy).find(|&start| {
        let line = tidy.get(start..).unwrap_or_default();
        is_tail(line.split('\n').next().unwrap_or_default())
    })
}

/// The byte positions at which lines begin.
fn line_starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1))
}

/// Whether a tidy line is the first of a mail tail: a signature, a quotation or its introduction (N10).
fn is_tail(line: &str) -> bool {
    let line = line.trim();
    if line.starts_with('>') || line == "--" {
        return true;
    }
    let folded = fold(line);
    let introduces = |start: &str, end: &str| folded.starts_with(start) && folded.ends_with(end);
    introduces("on ", " wrote:")
        || introduces("den ", " skrev:")
        || Lexicons::built_in().shared().entries(List::MailTail).any(|(start, _)| folded.starts_with(start))
}

/// The fraction a single character stands for (N10 step 1).
fn vulgar_fraction(c: char) -> Option<&'static str> {
    Some(match c {
        '¼' => "1/4",
        '½' => "1/2",
        '¾' => "3/4",
        '⅐' => "1/7",
        '⅑' => "1/9",
        '⅒' => "1/10",
        '⅓' => "1/3",
        '⅔' => "2/3",
        '⅕' => "1/5",
        '⅖' => "2/5",
        '⅗' => "3/5",
        '⅘' => "4/5",
        '⅙' => "1/6",
        '⅚' => "5/6",
        '⅛' => "1/8",
        '⅜' => "3/8",
        '⅝' => "5/8",
        '⅞' => "7/8",
        '↉' => "0/3",
        _ => return None,
    })
}

/// What is dropped (N10 step 3): zero-width characters, variation selectors, keycap and skin tone marks, NUL;
/// the soft hyphen too, which shows nothing either.
fn is_dropped(c: char) -> bool {
    matches!(
        c,
        '\0' | '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'
            | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0100}'..='\u{e01ef}'
            | '\u{20e3}'
            | '\u{1f3fb}'..='\u{1f3ff}'
    )
}

/// Digits of any script to ASCII, quotes to straight ones, dashes and the minus sign to `-` (N10 steps 4, 5).
fn plain_char(c: char) -> char {
    match c {
        '\0'..='\u{7f}' => c,
        '\u{2018}'..='\u{201b}' | '\u{2039}' | '\u{203a}' => '\'',
        '\u{201c}'..='\u{201f}' | '«' | '»' => '"',
        _ if is_dash(c) => '-',
        '\u{2044}' | '\u{2215}' => '/',
        _ => decimal_digit(c).unwrap_or(c),
    }
}

/// The dashes of Unicode and the minus sign.
fn is_dash(c: char) -> bool {
    matches!(
        c,
        '\u{58a}' | '\u{5be}' | '\u{1400}' | '\u{1806}' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2212}'
                | '\u{2e17}'
                | '\u{2e1a}'
                | '\u{2e3a}'
                | '\u{2e3b}'
                | '\u{2e40}'
                | '\u{301c}'
                | '\u{3030}'
                | '\u{30a0}'
                | '\u{10ead}'
    )
}

/// The code points of the digit zero of every script with decimal digits, in order.
const ZEROS: [u32; 60] = [
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6,
    0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0,
    0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0x104a0, 0x10d30, 0x11066,
    0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950,
    0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950,
];

/// The ASCII digit for a decimal digit of another script.
fn decimal_digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let at = ZEROS.partition_point(|&zero| zero <= code);
    let zero = ZEROS.get(at.checked_sub(1)?)?;
    char::from_digit(code - zero, 10)
}

/// Takes punctuation and quotes off both ends of a clean text; letters, digits and emoji stay (N85, N86).
pub(super) fn trim_outer(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_ascii_punctuation()
            || c.is_whitespace()
            || matches!(c, '¡' | '¿' | '·' | '\u{2026}' | '\u{3001}' | '\u{3002}')
    })
}

#[cfg(test)]
mod tests {
    use super::{clean, raw_without_tails};

    #[test]
    fn every_step_of_n10() {
        for (raw, wanted) in [
            ("\u{1f51f}", "10"),
            ("8½", "8 1/2"),
            ("８", "8"),
            ("⑧", "8"),
            ("8\u{fe0f}\u{20e3}", "8"),
            ("\u{200b}8\u{feff}\0", "8"),
            ("٨", "8"),
            ("८", "8"),
            ("“8” – «ok» −3", "\"8\" - \"ok\" -3"),
            ("8\r\n\r\nSent from my iPhone", "8"),
            ("8\nSendt fra min iPad\nmer", "8"),
            ("ja\n> How was it?", "ja"),
            ("ja\n-- \nOla", "ja"),
            ("7\nOn Fri, 20 Nov 2026 Nordlys wrote:\n> x", "7"),
            ("7\nDen fre. 20. nov. skrev Ola\nDen 20.11 Nordlys skrev:", "7\nDen fre. 20. nov. skrev Ola"),
            ("> quoted", ""),
            ("  \u{a0}8 ", "8"),
        ] {
            assert_eq!(clean(raw), wanted, "{raw:?}");
        }
    }

    #[test]
    fn a_free_text_keeps_its_own_characters() {
        assert_eq!(raw_without_tails(" “Fine” – ½\0\r\nSent from my iPhone"), "“Fine” – ½");
    }
}
