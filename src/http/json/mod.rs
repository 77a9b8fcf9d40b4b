//! JSON as the edge reads it: an ordered tree that keeps duplicate names and the digits of numbers, with line
//! and column for every fault.
//!
//! One parser serves both ways of reading. [`strict`] is RFC 8259. [`lenient`] is for SendSurvey alone (A02):
//! it forgives a comma before a closing bracket and a byte order mark at the start, nothing else, and says what
//! it forgave and where. Neither ever changes the content of a string.

mod read;

use std::fmt;

/// Deepest nesting of arrays and objects (http-api.md 1.1). A bare object is one level.
pub const DEPTH_MAX: usize = 32;

/// One JSON value. Objects are pairs in the order written; a name may occur twice.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number with the digits as written, so that long ids keep all of them.
    Number(String),
    /// A string, escapes resolved.
    Text(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// What the value is, for messages: `a number`, `an object` and so on.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Compact JSON, names in the order they came. Two documents that differ only in space give the same text.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(digits) => f.write_str(digits),
            Self::Text(text) => write_text(f, text),
            Self::Array(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{item}")?;
                }
                f.write_str("]")
            }
            Self::Object(pairs) => {
                f.write_str("{")?;
                for (index, (name, value)) in pairs.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    write_text(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    // The quoting of serde_json is RFC 8259 and writing a str cannot fail.
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

/// A place in a document; both count characters from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line, ended by a line feed.
    pub line: usize,
    /// Character within the line.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a body is not JSON, and where (400 `invalid_json`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at {place}")]
pub struct JsonFault {
    /// What was found or missed.
    pub what: &'static str,
    /// The first character that does not fit.
    pub place: Place,
}

/// What the lenient reading let pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgiven {
    /// U+FEFF before the document.
    ByteOrderMark,
    /// A comma with nothing after it; the place is that of the bracket.
    Comma {
        /// `]` or `}`.
        before: char,
        /// Where that bracket stands.
        place: Place,
    },
}

impl fmt::Display for Forgiven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrderMark => f.write_str("byte order mark at the start"),
            Self::Comma { before, place } => write!(f, "comma before {before} at line {}", place.line),
        }
    }
}

/// Reads RFC 8259 JSON, at most [`DEPTH_MAX`] deep.
///
/// # Errors
/// [`JsonFault`] at the first character that does not fit.
pub fn strict(body: &[u8]) -> Result<Json, JsonFault> {
    read::document(body, read::Manner::Strict).map(|(json, _)| json)
}

/// Reads JSON and forgives what [`Forgiven`] lists; an empty list means the document was strict JSON.
///
/// # Errors
/// [`JsonFault`] at the first character that does not fit even so.
pub fn lenient(body: &[u8]) -> Result<(Json, Vec<Forgiven>), JsonFault> {
    read::document(body, read::Manner::Lenient)
}
