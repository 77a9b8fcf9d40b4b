//! [`Decode`]: turns the body of a callback or an answer into a [`Document`], leniently: what is no text of its
//! charset becomes U+FFFD and is flagged. It never fails a batch for one bad item, and knows no field.

mod charset;
mod document;
mod form;
mod json;
mod multipart;
mod xml;

pub use charset::{Charset, decode_text};
pub use document::{Document, Fields, Found, Item, Names};
pub use form::pairs;

use super::path::{Path, Style};

/// What a body is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// JSON.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`.
    Multipart,
    /// The query of the URL; the body is not looked at.
    Query,
    /// XML.
    Xml,
}

impl Syntax {
    /// Every syntax.
    pub const ALL: [Self; 5] = [Self::Json, Self::Form, Self::Multipart, Self::Query, Self::Xml];

    /// The word of `decode.as`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Form => "form",
            Self::Multipart => "multipart",
            Self::Query => "query",
            Self::Xml => "xml",
        }
    }

    /// What its paths look like.
    #[must_use]
    pub fn style(self) -> Style {
        match self {
            Self::Json | Self::Xml => Style::Pointer,
            Self::Form | Self::Multipart | Self::Query => Style::Name,
        }
    }
}

/// How a body is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decode {
    /// Its syntax.
    pub syntax: Syntax,
    /// Its characters.
    pub charset: CharsetRule,
    /// Whether names must be spelt exactly.
    pub names: Names,
}

/// Where the charset is stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CharsetRule {
    /// Of the whole body.
    Fixed(Charset),
    /// Of the text alone: a field names it. Without it, or with a name nobody knows, UTF-8.
    Field(Path),
}

impl Decode {
    /// Reads a body. `content_type` gives the boundary of a multipart body.
    ///
    /// # Errors
    /// Why it cannot be read, without personal data.
    pub fn read(
        &self,
        body: &[u8],
        query: &str,
        content_type: Option<&str>,
    ) -> Result<Document, &'static str> {
        match self.syntax {
            Syntax::Json => json::read(&self.text(body)),
            Syntax::Xml => xml::read(&self.text(body)),
            Syntax::Form => Ok(Document::Fields(form::pairs(body))),
            Syntax::Query => Ok(Document::Fields(form::pairs(query.as_bytes()))),
            Syntax::Multipart => multipart::read(body, content_type).map(Document::Fields),
        }
    }

    /// The body as text, and whether some of it was none.
    fn text(&self, body: &[u8]) -> (String, bool) {
        decode_text(body, self.body_charset())
    }

    /// The charset of everything but a text whose charset a field states.
    #[must_use]
    pub fn body_charset(&self) -> Charset {
        match &self.charset {
            CharsetRule::Fixed(charset) => *charset,
            CharsetRule::Field(_) => Charset::UTF_8,
        }
    }
}
