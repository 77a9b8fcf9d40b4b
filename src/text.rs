//! SMS text: GSM-7 and UCS-2 lengths, parts, smart encoding, and what phones send in GSM-7 (gateways.md GW90–GW95).
//! Pure; it never drops a character, and swaps one only where [`Composed`] knows it for ours.

mod composed;
pub mod gsm7;
pub mod template;

use serde::Serialize;

pub use composed::Composed;

/// Most parts an SMS may have (A19, GW92): 918 GSM-7 septets or 402 UCS-2 units.
pub const PARTS_MAX: usize = 6;

/// GSM 03.38 basic character set without ESC, in code order.
const GSM7_BASE: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                         ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// GSM 03.38 extension table: an escape and a code, two septets.
const GSM7_EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// How an SMS travels on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// GSM 03.38, 7 bits a character: 160 in one part, 153 in each of several.
    Gsm7,
    /// UTF-16: 70 units in one part, 67 in each of several.
    Ucs2,
}

impl Encoding {
    /// The word used in JSON, SQL and gateway profiles.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "gsm7",
            Self::Ucs2 => "ucs2",
        }
    }

    /// Units one single part holds.
    #[must_use]
    pub fn single_part_units(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// Units each of several parts holds.
    #[must_use]
    pub fn joined_part_units(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }
}

/// How long a text is as an SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// The encoding it needs.
    pub encoding: Encoding,
    /// Septets (GSM-7) or UTF-16 units (UCS-2).
    pub units: usize,
    /// SMS parts; at least 1, an empty text included.
    pub segments: usize,
}

/// Measures a text: GSM-7 if every character is in its tables, else UCS-2; parts are filled greedily and no
/// escape or surrogate pair straddles two of them (GW90, GW91).
#[must_use]
pub fn length(text: &str) -> Length {
    let encoding = if text.chars().all(|c| septets(c).is_some()) { Encoding::Gsm7 } else { Encoding::Ucs2 };
    let width = |c| width(c, encoding);
    let units = text.chars().map(width).sum();
    let segments = if units <= encoding.single_part_units() {
        1
    } else {
        let mut parts = 1;
        let mut used = 0;
        for unit in text.chars().map(width) {
            if used + unit > encoding.joined_part_units() {
                parts += 1;
                used = 0;
            }
            used += unit;
        }
        parts
    };
    Length { encoding, units, segments }
}

/// The parts of a text as [`length`] counts them, for a gateway that wants each as an SMS of its own.
#[must_use]
pub fn pieces(text: &str) -> Vec<String> {
    let Length { encoding, segments, .. } = length(text);
    if segments == 1 {
        return vec![text.to_owned()];
    }
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for c in text.chars() {
        let width = width(c, encoding);
        if used + width > encoding.joined_part_units() {
            pieces.push(String::new());
            used = 0;
        }
        used += width;
        if let Some(last) = pieces.last_mut() {
            last.push(c);
        }
    }
    pieces
}

/// Units of a character.
fn width(c: char, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Gsm7 => septets(c).unwrap_or(1),
        Encoding::Ucs2 => c.len_utf16(),
    }
}

/// Septets of a character in GSM-7: 1, 2, or `None` if only UCS-2 can carry it.
#[must_use]
pub fn septets(c: char) -> Option<usize> {
    if c.is_ascii_alphanumeric() || c == ' ' {
        return Some(1);
    }
    if GSM7_BASE.contains(c) {
        Some(1)
    } else if GSM7_EXTENSION.iter().any(|(_, known)| *known == c) {
        Some(2)
    } else {
        None
    }
}

/// The characters of a text that force UCS-2, each once, in order of appearance.
#[must_use]
pub fn outside_gsm7(text: &str) -> Vec<char> {
    let mut found = Vec::new();
    for c in text.chars().filter(|c| septets(*c).is_none()) {
        if !found.contains(&c) {
            found.push(c);
        }
    }
    found
}

/// The GSM-7 twin of a typographic character (GW94).
#[must_use]
pub fn twin(c: char) -> Option<&'static str> {
    match c {
        '“' | '”' | '„' | '«' | '»' => Some("\""),
        '‘' | '’' => Some("'"),
        '–' | '—' => Some("-"),
        '…' => Some("..."),
        '\u{a0}' | '\u{2009}' | '\u{200a}' | '\u{202f}' => Some(" "),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Encoding, usize, usize) {
        let length = length(text);
        (length.encoding, length.units, length.segments)
    }

    #[test]
    fn pieces_are_the_parts_that_are_counted() {
        let a = |n: usize| "a".repeat(n);
        for text in
            [a(0), a(160), a(161), format!("{}€{}", a(152), a(152)), format!("{}😀{}", "č".repeat(66), a(66))]
        {
            let pieces = pieces(&text);
            assert_eq!((pieces.len(), pieces.concat()), (length(&text).segments, text));
            assert!(pieces.iter().all(|piece| length(piece).segments == 1));
        }
    }

    #[test]
    fn parts_are_counted_as_gw91_says() {
        let a = |n: usize| "a".repeat(n);
        assert_eq!(parts(""), (Encoding::Gsm7, 0, 1));
        assert_eq!(parts(&a(160)), (Encoding::Gsm7, 160, 1));
        assert_eq!(parts(&a(161)), (Encoding::Gsm7, 161, 2));
        assert_eq!(parts(&format!("{}€", a(159))), (Encoding::Gsm7, 161, 2));
        assert_eq!(parts(&a(918)), (Encoding::Gsm7, 918, 6));
        assert_eq!(parts(&a(919)), (Encoding::Gsm7, 919, 7));
        // 152 + € would straddle the seam: the second part starts with the escape.
        assert_eq!(parts(&format!("{}€{}", a(152), a(151))), (Encoding::Gsm7, 305, 2));
        assert_eq!(parts(&format!("{}€{}", a(152), a(152))), (Encoding::Gsm7, 306, 3));
        assert_eq!(parts(&"č".repeat(70)), (Encoding::Ucs2, 70, 1));
        assert_eq!(parts(&"č".repeat(402)), (Encoding::Ucs2, 402, 6));
        assert_eq!(parts(&format!("{}😀{}", "č".repeat(66), "č".repeat(65))), (Encoding::Ucs2, 133, 2));
        assert_eq!(parts(&format!("{}😀{}", "č".repeat(66), "č".repeat(66))), (Encoding::Ucs2, 134, 3));
    }

    #[test]
    fn norwegian_letters_need_no_ucs2_and_tab_does() {
        assert_eq!(length("æøåÆØÅ").encoding, Encoding::Gsm7);
        assert_eq!(outside_gsm7("a\tbč`č"), ['\t', 'č', '`']);
    }
}
