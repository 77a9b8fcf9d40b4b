//! Parameters of queries and forms as bytes: a signature covers bytes, so nothing is turned into text that could
//! make two of them equal.

use percent_encoding::percent_decode;

/// Names and values, decoded, in the order in which they came.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads `application/x-www-form-urlencoded`: `+` is a space, an escape that is none stays as it stands.
pub fn pairs(encoded: &[u8]) -> Pairs {
    let parts = encoded.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let mut halves = part.splitn(2, |byte| *byte == b'=');
            let mut half = || decoded(halves.next().unwrap_or_default());
            (half(), half())
        })
        .collect()
}

fn decoded(encoded: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(encoded: &str) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        pairs(encoded.as_bytes()).iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn pairs_are_decoded_in_order() {
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            read("a=1+2&b=%2B%26=&&c&=d"),
            [own("a", "1 2"), own("b", "+&="), own("c", ""), own("", "d")]
        );
        assert_eq!(read("a=%zz%4"), [own("a", "%zz%4")]);
        assert_eq!(pairs(b"a=%ff"), [(b"a".to_vec(), vec![0xff])]);
    }
}
