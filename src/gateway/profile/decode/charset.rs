//! [`Charset`]: bytes into text (gateways.md 2.7). Names and tables are those of the Encoding Standard.

use encoding_rs::{Encoding, UTF_8};

/// A character encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

impl Charset {
    /// UTF-8, unless something else is said.
    pub const UTF_8: Self = Self(UTF_8);

    /// UTF-16 with the high byte first, as UCS-2 travels.
    pub const UTF_16BE: Self = Self(encoding_rs::UTF_16BE);

    /// The charset of that name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Encoding::for_label(name.trim().as_bytes()).map(Self)
    }
}

/// Text of bytes, and whether some of them were none and became U+FFFD (GW96).
#[must_use]
pub fn decode_text(bytes: &[u8], charset: Charset) -> (String, bool) {
    let (text, lossy) = charset.0.decode_without_bom_handling(bytes);
    (text.into_owned(), lossy)
}
