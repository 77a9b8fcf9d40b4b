//! [`Cursor`]: where a reading by time of change ended, as an opaque text (http-api.md 1.5, X13). Lists and exports
//! give and take the same.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;

use crate::clock::Timestamp;

/// First letter of a cursor's content; another layout gets another letter.
const LAYOUT: &str = "a";
/// Longest id a cursor carries.
const ID_CHARS_MAX: usize = 128;

/// Where a page ended: after this item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// When the item was last changed.
    pub updated_at: Timestamp,
    /// The item.
    pub id: String,
}

impl Cursor {
    /// The opaque text given to callers.
    #[must_use]
    pub fn encode(&self) -> String {
        let micros = self.updated_at.timestamp_micros();
        URL_SAFE_NO_PAD.encode(format!("{LAYOUT}:{micros}:{}", self.id))
    }

    /// A cursor we gave; `None` for any other text.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let content = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (layout, rest) = content.split_once(':')?;
        let (micros, id) = rest.split_once(':')?;
        let fits = layout == LAYOUT && (1..=ID_CHARS_MAX).contains(&id.len()) && !id.contains('\0');
        Some(Self { updated_at: DateTime::from_timestamp_micros(micros.parse().ok()?)?, id: id.to_owned() })
            .filter(|_| fits)
    }
}
