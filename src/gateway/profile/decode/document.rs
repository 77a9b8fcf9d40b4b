//! [`Document`]: a body that has been read, and [`Item`]: one message of it, in which values are found.

use serde_json::Value;

use super::super::path::Path;
use super::charset::{Charset, decode_text};

/// Name and value of each field, as bytes: what they say depends on a charset.
pub type Fields = Vec<(String, Vec<u8>)>;

/// A body that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// JSON or XML.
    Tree {
        /// What it holds; of XML, elements by name, `@name` for attributes.
        value: Value,
        /// Bytes or escapes became U+FFFD (GW96).
        mended: bool,
    },
    /// A form or a query.
    Fields(Fields),
}

/// Whether names must be spelt as the profile spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Yes.
    Exact,
    /// The exact name first, then the name in any case.
    IgnoreCase,
}

impl Names {
    /// The first of some named values that has this name.
    fn find<'v, V>(self, name: &str, values: &(impl Iterator<Item = (&'v str, V)> + Clone)) -> Option<V> {
        let exact = values.clone().find(|(given, _)| *given == name);
        let any_case = || match self {
            Self::Exact => None,
            Self::IgnoreCase => values.clone().find(|(given, _)| given.eq_ignore_ascii_case(name)),
        };
        exact.or_else(any_case).map(|(_, value)| value)
    }
}

/// One message of a body.
#[derive(Clone, Copy, Debug)]
pub struct Item<'d> {
    body: Body<'d>,
    query: &'d Fields,
    names: Names,
    charset: Charset,
}

#[derive(Clone, Copy, Debug)]
enum Body<'d> {
    Tree { value: &'d Value, mended: bool },
    Fields(&'d Fields),
}

/// A value that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'d> {
    /// A text, number or boolean, as its text.
    Text(String),
    /// A field, not decoded.
    Bytes(&'d [u8]),
    /// A list or an object.
    Whole(&'d Value),
}

impl Document {
    /// The document as one item.
    #[must_use]
    pub fn item<'d>(&'d self, query: &'d Fields, names: Names, charset: Charset) -> Item<'d> {
        let body = match self {
            Self::Tree { value, mended } => Body::Tree { value, mended: *mended },
            Self::Fields(fields) => Body::Fields(fields),
        };
        Item { body, query, names, charset }
    }

    /// The same document with one item in the place of all of them: a dead letter keeps that.
    #[must_use]
    pub fn with_only(&self, each: Option<&Path>, item: &Item<'_>) -> Self {
        match (self, each, item.body) {
            (Self::Tree { value, mended }, Some(Path::Pointer(steps)), Body::Tree { value: only, .. }) => {
                let mut value = value.clone();
                if let Some(place) = place_mut(&mut value, steps, item.names) {
                    *place = Value::Array(vec![only.clone()]);
                }
                Self::Tree { value, mended: *mended }
            }
            (document, ..) => document.clone(),
        }
    }
}

impl<'d> Item<'d> {
    /// The items of a list within this one. What is there but no list counts as a list of one; what is not there as
    /// an empty one.
    #[must_use]
    pub fn each(&self, path: Option<&Path>) -> Vec<Self> {
        let Some(path) = path else {
            return vec![*self];
        };
        let Body::Tree { value, mended } = self.body else {
            return vec![*self];
        };
        let Path::Pointer(steps) = path else {
            return vec![*self];
        };
        let item = |value: &'d Value| Self { body: Body::Tree { value, mended }, ..*self };
        match step_into(value, steps, self.names) {
            Some(Value::Array(items)) => items.iter().map(item).collect(),
            Some(Value::Null) if !steps.is_empty() => Vec::new(),
            None => Vec::new(),
            Some(single) => vec![item(single)],
        }
    }

    /// A value; `null` counts as absent.
    #[must_use]
    pub fn find(&self, path: &Path) -> Option<Found<'d>> {
        match (path, self.body) {
            (Path::Query(name), _) => self.field(self.query, name),
            (Path::Name(name), Body::Fields(fields)) => self.field(fields, name),
            (Path::Pointer(steps), Body::Tree { value, .. }) => found(step_into(value, steps, self.names)?),
            (Path::Name(_), Body::Tree { .. }) | (Path::Pointer(_), Body::Fields(_)) => None,
        }
    }

    fn field(&self, fields: &'d Fields, name: &str) -> Option<Found<'d>> {
        let named = fields.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        self.names.find(name, &named).map(Found::Bytes)
    }

    /// The text of a value that is neither a list nor an object, in the charset of the body.
    #[must_use]
    pub fn text(&self, path: &Path) -> Option<String> {
        match self.find(path)? {
            Found::Text(text) => Some(text),
            Found::Bytes(bytes) => Some(decode_text(bytes, self.charset).0),
            Found::Whole(_) => None,
        }
    }

    /// The text of a value that is there and is not empty.
    #[must_use]
    pub fn filled(&self, path: &Path) -> Option<String> {
        self.text(path).filter(|text| !text.is_empty())
    }

    /// Whether something of this item was no text and became U+FFFD.
    #[must_use]
    pub fn is_mended(&self) -> bool {
        match self.body {
            Body::Tree { value, mended } => mended && value.to_string().contains('\u{fffd}'),
            Body::Fields(_) => false,
        }
    }

    /// Whether the item can hold values at all: a list of numbers holds none.
    #[must_use]
    pub fn is_object(&self) -> bool {
        match self.body {
            Body::Tree { value, .. } => value.is_object(),
            Body::Fields(_) => true,
        }
    }
}

/// A value as what can be read of it.
fn found(value: &Value) -> Option<Found<'_>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(Found::Text(text.clone())),
        Value::Number(number) => Some(Found::Text(number.to_string())),
        Value::Bool(flag) => Some(Found::Text(flag.to_string())),
        // An XML element that has attributes too.
        Value::Object(members) => match members.get(super::xml::TEXT) {
            Some(Value::String(text)) => Some(Found::Text(text.clone())),
            Some(_) | None => Some(Found::Whole(value)),
        },
        Value::Array(_) => Some(Found::Whole(value)),
    }
}

fn step_into<'v>(value: &'v Value, steps: &[String], names: Names) -> Option<&'v Value> {
    steps.iter().try_fold(value, |value, step| match value {
        Value::Object(members) => {
            names.find(step, &members.iter().map(|(name, value)| (name.as_str(), value)))
        }
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        // One XML element looks like no list.
        single if step == "0" && !single.is_null() => Some(single),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

fn place_mut<'v>(value: &'v mut Value, steps: &[String], names: Names) -> Option<&'v mut Value> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(value);
    };
    let next = match value {
        Value::Object(members) => {
            let name = names.find(step, &members.iter().map(|(name, _)| (name.as_str(), name.clone())))?;
            members.get_mut(&name)?
        }
        Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?)?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    place_mut(next, rest, names)
}
