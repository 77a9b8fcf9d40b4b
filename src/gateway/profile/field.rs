//! [`Field`] and [`TimeField`]: how one value of a callback is read (gateways.md 2.1, `as` and `time`). Bytes that are
//! no text become U+FFFD and are flagged; a time that cannot be read is no fault (GW5).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use chrono::format::{Item as FormatItem, StrftimeItems};
use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeZone, Utc};
use chrono_tz::Tz;
use percent_encoding::percent_decode_str;

use super::decode::{Charset, Found, Item, decode_text};
use super::path::Path;
use crate::hex;
use crate::phone::Phone;
use crate::text::gsm7;

/// What a value is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// A number with `+` (GW70); what is none stays as it came.
    E164,
    /// A number without `+`: it is put in front, then as [`As::E164`].
    Digits,
    /// As it came, opaque.
    Raw,
    /// Text in the charset of the body.
    Text,
    /// Base64 of text.
    Base64,
    /// Hexadecimal digits of UTF-16 with the high byte first.
    HexUtf16be,
    /// `%00%48`: bytes of UTF-16 with the high byte first.
    PercentUtf16be,
    /// Hexadecimal digits of GSM-7 septets, one in each byte.
    HexGsm7,
}

impl As {
    /// Every way of writing.
    pub const ALL: [Self; 8] = [
        Self::E164,
        Self::Digits,
        Self::Raw,
        Self::Text,
        Self::Base64,
        Self::HexUtf16be,
        Self::PercentUtf16be,
        Self::HexGsm7,
    ];

    /// The word of `as`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::E164 => "e164",
            Self::Digits => "digits",
            Self::Raw => "raw",
            Self::Text => "text",
            Self::Base64 => "base64",
            Self::HexUtf16be => "hex_utf16be",
            Self::PercentUtf16be => "percent_utf16be",
            Self::HexGsm7 => "hex_gsm7",
        }
    }
}

/// A value and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where it stands.
    pub path: Path,
    /// How it is written.
    pub written_as: As,
}

/// A text that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadText {
    /// The text.
    pub text: String,
    /// Some of it was none (GW96).
    pub mended: bool,
}

impl Field {
    /// The value; `None` if it is not there.
    ///
    /// # Errors
    /// `()` for a list or an object, and for what is not written as it should be.
    pub fn read(&self, item: &Item<'_>, charset: Charset) -> Result<Option<ReadText>, ()> {
        let whole = |text: String| ReadText { text, mended: false };
        let decoded = |bytes: &[u8], charset| {
            let (text, mended) = decode_text(bytes, charset);
            ReadText { text, mended }
        };
        let Some(found) = item.find(&self.path) else {
            return Ok(None);
        };
        let text = match (&found, self.written_as) {
            (Found::Whole(_), _) => return Err(()),
            // The form has been percent-decoded already, byte by byte.
            (Found::Bytes(bytes), As::PercentUtf16be) => return Ok(Some(decoded(bytes, Charset::UTF_16BE))),
            (Found::Bytes(bytes), _) => decoded(bytes, charset),
            (Found::Text(text), _) => whole(text.clone()),
        };
        let ReadText { text, mended } = text;
        Ok(Some(match self.written_as {
            As::Raw | As::Text => ReadText { text, mended },
            As::E164 => whole(text),
            As::Digits => whole(with_plus(text)),
            As::Base64 => decoded(&base64(&text).ok_or(())?, charset),
            As::HexUtf16be => decoded(&hex::decode(text.trim()).ok_or(())?, Charset::UTF_16BE),
            As::PercentUtf16be => decoded(&percent_decode_str(&text).collect::<Vec<u8>>(), Charset::UTF_16BE),
            As::HexGsm7 => {
                let septets = hex::decode(text.trim()).ok_or(())?;
                let gsm7::Decoded { text, mended } = gsm7::decode(&septets, gsm7::Alphabet::default());
                ReadText { text, mended }
            }
        }))
    }
}

/// `+` in front of bare digits that make an E.164 number with it (GW70); anything else as it came.
fn with_plus(text: String) -> String {
    let number = format!("+{}", text.trim());
    if Phone::from_stored(&number).is_some() { number } else { text }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(&text).or_else(|_| STANDARD_NO_PAD.decode(&text)).ok()
}

/// A time and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeField {
    /// Where it stands.
    pub path: Path,
    /// How it is written.
    pub format: TimeFormat,
}

/// How a time is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// RFC 3339, zone included.
    Rfc3339,
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMs,
    /// A pattern that has an offset in it.
    Zoned(String),
    /// A pattern without one, and the zone it is meant in.
    Local(String, Tz),
}

impl TimeFormat {
    /// A pattern as chrono reads them.
    ///
    /// # Errors
    /// What to change: the pattern cannot be read, or it needs a zone, or it needs none.
    pub fn pattern(pattern: &str, zone: Option<Tz>) -> Result<Self, &'static str> {
        let items: Vec<FormatItem<'_>> = StrftimeItems::new(pattern).collect();
        if items.iter().any(|item| matches!(item, FormatItem::Error)) {
            return Err("write rfc3339, unix, unix_ms, or a pattern such as \"%Y-%m-%d %H:%M:%S\"");
        }
        // Only a pattern with an offset writes two offsets differently.
        let at = |seconds: i32| {
            let zone = chrono::FixedOffset::east_opt(seconds)?;
            let time = zone.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single()?;
            Some(time.format_with_items(items.iter()).to_string())
        };
        match (at(0) == at(3_600), zone) {
            (true, Some(zone)) => Ok(Self::Local(pattern.to_owned(), zone)),
            (true, None) => Err("add `zone`, such as Europe/Oslo: the pattern has none"),
            (false, None) => Ok(Self::Zoned(pattern.to_owned())),
            (false, Some(_)) => Err("leave `zone` out: the pattern has one"),
        }
    }

    /// The instant, to the microsecond.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<DateTime<Utc>> {
        let text = text.trim();
        let instant = match self {
            Self::Rfc3339 => DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc),
            Self::Unix => DateTime::from_timestamp(text.parse().ok()?, 0)?,
            Self::UnixMs => DateTime::from_timestamp_millis(text.parse().ok()?)?,
            Self::Zoned(pattern) => DateTime::parse_from_str(text, pattern).ok()?.with_timezone(&Utc),
            Self::Local(pattern, zone) => {
                let local = NaiveDateTime::parse_from_str(text, pattern).ok()?;
                zone.from_local_datetime(&local).earliest()?.with_timezone(&Utc)
            }
        };
        Some(instant.trunc_subsecs(6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &TimeFormat, text: &str) -> Option<String> {
        format.read(text).map(|time| time.to_rfc3339())
    }

    #[test]
    fn times_are_read_with_and_without_zone() {
        let oslo = Some(Tz::Europe__Oslo);
        let puzzel = TimeFormat::pattern("%Y%m%d %H:%M:%S", oslo).unwrap();
        assert_eq!(read(&puzzel, "20261121 07:03:10").unwrap(), "2026-11-21T06:03:10+00:00");
        assert_eq!(read(&puzzel, "20260721 07:03:10").unwrap(), "2026-07-21T05:03:10+00:00");
        assert_eq!(read(&puzzel, "21.11.2026"), None);
        let infobip = TimeFormat::pattern("%Y-%m-%dT%H:%M:%S%.f%z", None).unwrap();
        assert_eq!(read(&infobip, "2026-11-21T07:03:10.500+0100").unwrap(), "2026-11-21T06:03:10.500+00:00");
        assert_eq!(read(&TimeFormat::Unix, "1795244590").unwrap(), "2026-11-21T07:03:10+00:00");
        assert_eq!(read(&TimeFormat::UnixMs, "1795244590500").unwrap(), "2026-11-21T07:03:10.500+00:00");
        assert_eq!(read(&TimeFormat::Unix, "soon"), None);
        assert!(TimeFormat::pattern("%Y-%m-%d %H:%M", None).is_err());
        assert!(TimeFormat::pattern("%Y-%m-%dT%H:%M:%S%z", oslo).is_err());
        assert!(TimeFormat::pattern("%Q", oslo).is_err());
    }
}
