//! Bytes as hexadecimal text. Nothing secret depends on how long it takes.

use std::fmt::Write as _;

/// Two lower-case digits for each byte.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The bytes of an even number of hexadecimal digits in any case; `None` for anything else.
#[must_use]
pub fn decode(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = hex
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high * 16 + low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_back_and_other_texts_do_not_read() {
        assert_eq!(encode(&[0, 10, 255]), "000aff");
        assert_eq!(decode("000AfF"), Some(vec![0, 10, 255]));
        assert_eq!(decode(""), Some(Vec::new()));
        for text in ["0", "0g", "æ0", " 00"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
