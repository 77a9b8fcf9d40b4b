//! XML as a tree of names (GW13): elements by their local name, `@name` for attributes, lists where a name is
//! repeated, texts for elements with nothing else in them. No DTD, no entities but XML's own: nothing is expanded.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use serde_json::{Map, Value};

use super::document::Document;

/// Deepest nesting (RS7).
const DEPTH_MAX: usize = 32;

/// Name of the text of an element that has attributes or children too.
pub const TEXT: &str = "#text";

/// An element that is not yet closed.
#[derive(Default)]
struct Open {
    name: String,
    members: Map<String, Value>,
    text: String,
}

/// Reads a text; `lossy` says whether it was mended before.
///
/// # Errors
/// Why it cannot be read.
pub fn read((text, lossy): &(String, bool)) -> Result<Document, &'static str> {
    const NOT_XML: &str = "the body is not XML";
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open = vec![Open::default()];
    loop {
        match reader.read_event().map_err(|_| NOT_XML)? {
            Event::Start(start) => {
                if open.len() > DEPTH_MAX {
                    return Err("the body is nested too deeply");
                }
                open.push(element(&start).ok_or(NOT_XML)?);
            }
            Event::Empty(start) => {
                let done = element(&start).ok_or(NOT_XML)?;
                add(open.last_mut().ok_or(NOT_XML)?, done);
            }
            Event::End(_) => {
                let done = open.pop().ok_or(NOT_XML)?;
                add(open.last_mut().ok_or(NOT_XML)?, done);
            }
            Event::Text(text) => push(&mut open, &text.decode().map_err(|_| NOT_XML)?),
            Event::CData(text) => push(&mut open, &text.decode().map_err(|_| NOT_XML)?),
            Event::GeneralRef(reference) => {
                let c = match reference.resolve_char_ref().map_err(|_| NOT_XML)? {
                    Some(c) => c,
                    None => predefined(&reference.decode().map_err(|_| NOT_XML)?).ok_or(NOT_XML)?,
                };
                push(&mut open, c.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(_) => return Err("the body holds a document type, which is not read"),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(root), true) if !root.members.is_empty() => {
            Ok(Document::Tree { value: Value::Object(root.members), mended: *lossy })
        }
        (_, _) => Err(NOT_XML),
    }
}

/// The five entities of XML itself.
fn predefined(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => None,
    }
}

fn element(start: &BytesStart<'_>) -> Option<Open> {
    let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut members = Map::new();
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        members.insert(format!("@{}", name(attribute.key.local_name().as_ref())), value.into());
    }
    Some(Open { name: name(start.local_name().as_ref()), members, text: String::new() })
}

fn push(open: &mut [Open], text: &str) {
    if let Some(last) = open.last_mut() {
        last.text.push_str(text);
    }
}

/// Puts a finished element into the one around it.
fn add(parent: &mut Open, done: Open) {
    let Open { name, mut members, text } = done;
    let value = if members.is_empty() {
        Value::String(text)
    } else {
        if !text.trim().is_empty() {
            members.insert(TEXT.to_owned(), Value::String(text));
        }
        Value::Object(members)
    };
    match parent.members.get_mut(&name) {
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
        None => {
            parent.members.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Result<Value, &'static str> {
        match read(&(text.to_owned(), false))? {
            Document::Tree { value, .. } => Ok(value),
            other @ Document::Fields(_) => panic!("{other:?}"),
        }
    }

    #[test]
    fn elements_attributes_and_texts_become_names() {
        let read = tree(
            "<?xml version=\"1.0\"?><n:mo a=\"1 &amp; 2\"><message><id>7</id><text> 1 &lt; &#230; <![CDATA[<b>]]></text>\
             <empty/></message><message x='y'>hei</message></n:mo>",
        );
        let expected = serde_json::json!({"mo": {"@a": "1 & 2", "message": [
            {"id": "7", "text": " 1 < æ <b>", "empty": ""}, {"@x": "y", "#text": "hei"}]}});
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn what_is_no_xml_or_would_be_expanded_is_refused() {
        for bad in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a>&nbsp;</a>",
            "<a b></a>",
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        ] {
            assert!(tree(bad).is_err(), "{bad}");
        }
        let nested = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        assert!(tree(&nested).is_err());
    }
}
