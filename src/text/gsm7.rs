//! Decoding of GSM-7 septets (3GPP TS 23.038), packed or one to a byte, with the national tables that a phone may
//! use (GW95). Decoding only: what we send needs no national table. Nothing is lost: what cannot be read becomes
//! U+FFFD, and the result says so.

use super::{GSM7_BASE, GSM7_EXTENSION};

/// The escape to the extension table.
const ESCAPE: u8 = 0x1B;

/// Elements of a user data header that name a table (3GPP TS 23.040, 9.2.3.24).
const SINGLE_SHIFT: u8 = 0x24;
const LOCKING_SHIFT: u8 = 0x25;

/// A language with tables of its own, by its identifier in 3GPP TS 23.038 6.2.1.2.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NationalLanguage {
    /// 1.
    Turkish,
    /// 2; it has no locking table.
    Spanish,
    /// 3.
    Portuguese,
}

impl NationalLanguage {
    /// Reads the identifier; the languages of India are not known here.
    #[must_use]
    pub fn of_id(id: u8) -> Option<Self> {
        match id {
            1 => Some(Self::Turkish),
            2 => Some(Self::Spanish),
            3 => Some(Self::Portuguese),
            _ => None,
        }
    }

    /// In place of the base table; in code order, without the escape.
    fn locking(self) -> &'static str {
        match self {
            Self::Turkish => {
                "@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞŞşßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                 İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§çabcdefghijklmnopqrstuvwxyzäöñüà"
            }
            Self::Spanish => GSM7_BASE,
            Self::Portuguese => {
                "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|ÂâÊÉ !\"#º%&'()*+,-./0123456789:;<=>?\
                 ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§~abcdefghijklmnopqrstuvwxyzãõ`üà"
            }
        }
    }

    /// What its single shift table has beside the characters of the extension table.
    fn single(self) -> &'static [(u8, char)] {
        match self {
            Self::Turkish => {
                &[(0x47, 'Ğ'), (0x49, 'İ'), (0x53, 'Ş'), (0x63, 'ç'), (0x67, 'ğ'), (0x69, 'ı'), (0x73, 'ş')]
            }
            Self::Spanish => &[
                (0x09, 'ç'),
                (0x41, 'Á'),
                (0x49, 'Í'),
                (0x4F, 'Ó'),
                (0x55, 'Ú'),
                (0x61, 'á'),
                (0x69, 'í'),
                (0x6F, 'ó'),
                (0x75, 'ú'),
            ],
            Self::Portuguese => &[
                (0x05, 'ê'),
                (0x09, 'ç'),
                (0x0B, 'Ô'),
                (0x0C, 'ô'),
                (0x0E, 'Á'),
                (0x0F, 'á'),
                (0x12, 'Φ'),
                (0x13, 'Γ'),
                (0x15, 'Ω'),
                (0x16, 'Π'),
                (0x17, 'Ψ'),
                (0x18, 'Σ'),
                (0x19, 'Θ'),
                (0x1F, 'Ê'),
                (0x41, 'À'),
                (0x49, 'Í'),
                (0x4F, 'Ó'),
                (0x55, 'Ú'),
                (0x5B, 'Ã'),
                (0x5C, 'Õ'),
                (0x61, 'Â'),
                (0x69, 'í'),
                (0x6F, 'ó'),
                (0x75, 'ú'),
                (0x7B, 'ã'),
                (0x7C, 'õ'),
                (0x7F, 'â'),
            ],
        }
    }
}

/// The tables of one text; the default ones unless its header names others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alphabet {
    /// In place of the base table.
    pub locking: Option<NationalLanguage>,
    /// In place of the extension table.
    pub single: Option<NationalLanguage>,
}

impl Alphabet {
    /// The tables that a user data header names, its length octet left out; `None` if the header cannot be read
    /// or names a language that is not known here.
    #[must_use]
    pub fn of_header(header: &[u8]) -> Option<Self> {
        let mut alphabet = Self::default();
        let mut rest = header;
        while let [element, length, following @ ..] = rest {
            let (data, after) = following.split_at_checked(usize::from(*length))?;
            match (*element, data) {
                (SINGLE_SHIFT, [id]) => alphabet.single = Some(NationalLanguage::of_id(*id)?),
                (LOCKING_SHIFT, [id]) => alphabet.locking = Some(NationalLanguage::of_id(*id)?),
                (SINGLE_SHIFT | LOCKING_SHIFT, _) => return None,
                _ => {}
            }
            rest = after;
        }
        rest.is_empty().then_some(alphabet)
    }

    fn base(self, code: u8) -> Option<char> {
        let table = self.locking.map_or(GSM7_BASE, NationalLanguage::locking);
        // The tables have no place for the escape.
        let place = usize::from(code) - usize::from(code > ESCAPE);
        table.chars().nth(place).filter(|_| code != ESCAPE)
    }

    fn extended(self, code: u8) -> Option<char> {
        let find = |table: &[(u8, char)]| table.iter().find(|(known, _)| *known == code).map(|(_, c)| *c);
        self.single.and_then(|language| find(language.single())).or_else(|| find(&GSM7_EXTENSION))
    }
}

/// A text that was decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text.
    pub text: String,
    /// Something could not be read and became U+FFFD (GW96).
    pub mended: bool,
}

/// Reads septets, one to a byte. A character that the extension table lacks is read by the base table, as
/// TS 23.038 6.2.1.1 asks.
#[must_use]
pub fn decode(septets: &[u8], alphabet: Alphabet) -> Decoded {
    let mut decoded = Decoded { text: String::with_capacity(septets.len()), mended: false };
    let mut rest = septets.iter().copied();
    while let Some(code) = rest.next() {
        let found = if code == ESCAPE {
            rest.next().and_then(|code| alphabet.extended(code).or_else(|| alphabet.base(code)))
        } else {
            alphabet.base(code)
        };
        decoded.mended |= found.is_none();
        decoded.text.push(found.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    decoded
}

/// Takes septets out of octets (TS 23.038 6.1.2.1). `count` is how many there are, if the sender said so; else as
/// many as fit, without a last one that is nothing but fill.
#[must_use]
pub fn unpack(octets: &[u8], count: Option<usize>) -> Vec<u8> {
    let fitting = octets.len() * 8 / 7;
    let mut septets = Vec::with_capacity(fitting);
    let (mut held, mut bits) = (0_u16, 0);
    for octet in octets {
        held |= u16::from(*octet) << bits;
        bits += 8;
        while bits >= 7 {
            septets.push(u8::try_from(held & 0x7F).unwrap_or_default());
            held >>= 7;
            bits -= 7;
        }
    }
    match count {
        Some(count) => septets.truncate(count),
        None if octets.len().is_multiple_of(7) && septets.last() == Some(&0) => septets.truncate(fitting - 1),
        None => {}
    }
    septets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(septets: &[u8], locking: Option<NationalLanguage>, single: Option<NationalLanguage>) -> String {
        let decoded = decode(septets, Alphabet { locking, single });
        assert!(!decoded.mended, "{septets:?}");
        decoded.text
    }

    #[test]
    fn every_table_has_a_place_for_each_code_but_the_escape() {
        use NationalLanguage::{Portuguese, Spanish, Turkish};
        for language in [Turkish, Spanish, Portuguese] {
            assert_eq!(language.locking().chars().count(), 127, "{language:?}");
            let letters = ('A'..='Z').chain('a'..='z').chain('0'..='9');
            for (letter, code) in letters.map(|letter| (letter, u8::try_from(letter).unwrap())) {
                assert_eq!(read(&[code], Some(language), None), letter.to_string());
            }
        }
    }

    #[test]
    fn gw90_what_we_measure_as_gsm7_is_what_is_decoded_as_such() {
        let base: String =
            (0..128).filter(|code| *code != ESCAPE).map(|code| read(&[code], None, None)).collect();
        assert!(base.chars().all(|c| crate::text::septets(c) == Some(1)), "{base}");
        assert_eq!(base.chars().count(), 127);
        let extended: String =
            GSM7_EXTENSION.iter().map(|(code, _)| read(&[ESCAPE, *code], None, None)).collect();
        assert_eq!(extended, "\u{c}^{}\\[~]|€");
        assert!(extended.chars().all(|c| crate::text::septets(c) == Some(2)));
    }

    #[test]
    fn gw95_national_tables_are_read() {
        use NationalLanguage::{Portuguese, Spanish, Turkish};
        assert_eq!(read(b"\x1bg\x1bi\x1bs\x1bG\x1bI\x1bS\x1bc\x1be", None, Some(Turkish)), "ğışĞİŞç€");
        assert_eq!(read(b"\x04\x07\x0b\x0c\x1c\x1d\x40\x60", Some(Turkish), None), "€ıĞğŞşİç");
        assert_eq!(read(b"d\x1bias, \x1b\x09, \x1bA\x1b\x14\x1b\x3c", None, Some(Spanish)), "días, ç, Á^[");
        assert_eq!(read(b"n\x1b{o, voc\x1b\x05, \x1b\x7f", None, Some(Portuguese)), "não, você, â");
        assert_eq!(read(b"\x04\x08\x12\x18\x5b\x7b\x1b\x65", Some(Portuguese), None), "êóª€Ãã€");
    }

    #[test]
    fn what_cannot_be_read_is_marked() {
        let lost = |septets: &[u8]| decode(septets, Alphabet::default());
        assert_eq!(lost(b"a\x1b"), Decoded { text: "a\u{fffd}".into(), mended: true });
        assert_eq!(lost(b"\x1b\x1b"), Decoded { text: "\u{fffd}".into(), mended: true });
        assert_eq!(lost(b"a\xffb"), Decoded { text: "a\u{fffd}b".into(), mended: true });
        assert_eq!(lost(b"\x1ba"), Decoded { text: "a".into(), mended: false });
    }

    #[test]
    fn packed_septets_are_taken_apart() {
        // The example of many manuals.
        assert_eq!(unpack(&[0xE8, 0x32, 0x9B, 0xFD, 0x06], Some(5)), b"hello");
        assert_eq!(unpack(&[0xE8, 0x32, 0x9B, 0xFD, 0x06], None), b"hello");
        // Seven septets leave seven bits of fill, which read like an `@`; the sender's count decides.
        let seven = [0x31, 0xD9, 0x8C, 0x56, 0xB3, 0xDD, 0x00];
        assert_eq!(unpack(&seven, None), b"1234567");
        assert_eq!(unpack(&seven, Some(7)), b"1234567");
        assert_eq!(unpack(&seven, Some(8)), b"1234567\0");
        assert_eq!(unpack(&[], None), b"");
    }

    #[test]
    fn a_header_names_the_tables() {
        use NationalLanguage::{Portuguese, Turkish};
        let of = Alphabet::of_header;
        assert_eq!(of(&[]), Some(Alphabet::default()));
        assert_eq!(of(&[0, 3, 7, 2, 1, 0x24, 1, 1]), Some(Alphabet { locking: None, single: Some(Turkish) }));
        let both = Alphabet { locking: Some(Portuguese), single: Some(Portuguese) };
        assert_eq!(of(&[0x25, 1, 3, 0x24, 1, 3]), Some(both));
        for bad in [&[0x24, 1][..], &[0x24, 1, 4], &[0x24, 2, 1, 1], &[7]] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }
}
