//! Forms and queries: `name=value&…`, percent-encoded, as bytes. Nothing of it can be wrong.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::document::Fields;

/// Most fields of a form; what comes after them is left unread (RS7).
const FIELDS_MAX: usize = 1_000;

/// Names and values, decoded into bytes, in their order. Empty pieces are left out.
#[must_use]
pub fn pairs(form: &[u8]) -> Fields {
    form.split(|byte| *byte == b'&')
        .filter(|piece| !piece.is_empty())
        .take(FIELDS_MAX)
        .map(|piece| {
            let mut halves = piece.splitn(2, |byte| *byte == b'=');
            let name = plain(halves.next().unwrap_or_default());
            let value = plain(halves.next().unwrap_or_default());
            (String::from_utf8_lossy(&name).into_owned(), value)
        })
        .collect()
}

/// `+` is a space; `%41` is A; anything else stands for itself.
fn plain(encoded: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    Cow::from(percent_decode(&spaced)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_byte_by_byte() {
        let read = pairs(b"a=1+2&&b=%C3%A6%ff&=x&c&d=e=f%3d%zz");
        let expected: [(&str, &[u8]); 5] =
            [("a", b"1 2"), ("b", b"\xc3\xa6\xff"), ("", b"x"), ("c", b""), ("d", b"e=f=%zz")];
        let read: Vec<(&str, &[u8])> =
            read.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        assert_eq!(read, expected);
    }
}
