//! `survey fmt`: writes a survey file in the canonical form. It never changes the meaning: what it wrote is
//! read again and compared, and it refuses rather than lose anything.
//!
//! The form: block style, two spaces, lists indented under their key; short lists of plain words stay on one
//! line; a value keeps its quotes, as double quotes; a clock time gets them; a text of several lines becomes a
//! `|` block; aliases are written out. Keys stay in the author's order. Comments stay: a comment line before
//! the key it stood before, a comment at the end of a line at the end of that value, its spaces with it. At most one blank line in
//! a row is kept.

use std::fmt::Write as _;

use super::definition;
use crate::yaml::{self, Key, Node, Scalar, Tree};

mod comments;

use comments::Comments;

/// Why a file cannot be formatted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It cannot be read, or has a key twice.
    #[error("line {line}: {message}")]
    Unreadable {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The canonical form would not mean the same.
    #[error("this file cannot be written in another form without a loss; nothing was changed")]
    Loss,
}

/// Longest line of a list in brackets.
const LIST_CHARS_MAX: usize = 80;

/// The canonical YAML of a survey file.
///
/// # Errors
/// The file cannot be read as YAML, or would lose something.
pub fn yaml(source: &str) -> Result<String, FormatError> {
    let node = read(source)?;
    let mut writer = Writer { out: String::new(), comments: Comments::of(source, &node) };
    match &node.tree {
        Tree::Map(entries) => writer.map(entries, 0, false),
        Tree::Null | Tree::Scalar(_) | Tree::List(_) => writer.value(&node, 0),
    }
    writer.rest_of_comments();
    let written = writer.out;
    let again = read(&written)?;
    let comments_kept = Comments::of(&written, &again).texts() == Comments::of(source, &node).texts();
    if !means_the_same(&node, &again) || !comments_kept {
        return Err(FormatError::Loss);
    }
    Ok(written)
}

/// The canonical JSON of a survey file: two spaces, keys in the author's order.
///
/// # Errors
/// The file cannot be read as JSON.
pub fn json(source: &str) -> Result<String, FormatError> {
    if let Some(fault) = yaml::json_fault(source) {
        let finding = fault.place.locate(source);
        return Err(FormatError::Unreadable { line: finding.line, message: fault.message });
    }
    let node = read(source)?;
    let mut out = String::new();
    write_json(&node, 0, &mut out);
    out.push('\n');
    let again = read(&out)?;
    if means_the_same(&node, &again) { Ok(out) } else { Err(FormatError::Loss) }
}

fn read(source: &str) -> Result<Node, FormatError> {
    let (node, faults) = yaml::read(source, definition::FORMAT);
    match (node, faults.into_iter().next()) {
        (Some(node), None) => Ok(node),
        (_, Some(fault)) => {
            let finding = fault.place.locate(source);
            Err(FormatError::Unreadable { line: finding.line, message: fault.message })
        }
        (None, None) => Err(FormatError::Loss),
    }
}

/// Whether two trees say the same, wherever they say it.
fn means_the_same(one: &Node, other: &Node) -> bool {
    match (&one.tree, &other.tree) {
        (Tree::Null, Tree::Null) => true,
        (Tree::Scalar(one), Tree::Scalar(other)) => {
            one.text == other.text && (one.plain == other.plain || !looks_typed(&one.text))
        }
        (Tree::List(one), Tree::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| means_the_same(one, other))
        }
        (Tree::Map(one), Tree::Map(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|((key, one), (other_key, other))| {
                    key.text == other_key.text && means_the_same(one, other)
                })
        }
        (Tree::Null | Tree::Scalar(_) | Tree::List(_) | Tree::Map(_), _) => false,
    }
}

/// A word that would be a number, a truth value or nothing if it stood without quotes.
fn looks_typed(text: &str) -> bool {
    matches!(text, "true" | "false" | "null" | "~" | "") || text.parse::<f64>().is_ok()
}

struct Writer<'s> {
    out: String,
    comments: Comments<'s>,
}

impl Writer<'_> {
    fn indent(&mut self, depth: usize) {
        self.out.push_str(&"  ".repeat(depth));
    }

    /// Blank line and comment lines that stand before a byte of the source.
    fn lead(&mut self, start: usize, depth: usize) {
        for line in self.comments.before(start) {
            if line.blank_before && !self.out.is_empty() && !self.out.ends_with("\n\n") {
                self.out.push('\n');
            }
            if let Some(text) = line.text {
                self.indent(depth);
                self.out.push_str(text);
                self.out.push('\n');
            }
        }
    }

    /// Ends a line, with the comment that stood at the end of this line of the source.
    fn end_line(&mut self, source_end: usize) {
        if let Some((gap, comment)) = self.comments.at_end_of_line(source_end) {
            let _ = write!(self.out, "{}{comment}", " ".repeat(gap));
        }
        self.out.push('\n');
    }

    /// The entries of a map; `inline` = the first key stands behind a dash already written.
    fn map(&mut self, entries: &[(Key, Node)], depth: usize, inline: bool) {
        for (at, (key, value)) in entries.iter().enumerate() {
            if !(inline && at == 0) {
                self.lead(key.place.start, depth);
                self.indent(depth);
            }
            let written = scalar(&Scalar { text: key.text.clone(), plain: is_plain_key(&key.text) });
            let _ = write!(self.out, "{written}:");
            self.under_key(key.place.end, value, depth);
        }
    }

    /// The value of a key, on the same line or below it.
    fn under_key(&mut self, key_end: usize, value: &Node, depth: usize) {
        match &value.tree {
            Tree::Null => self.end_line(key_end),
            Tree::Scalar(found) => {
                self.out.push(' ');
                self.scalar_line(found, value, depth + 1);
            }
            Tree::List(items) => match one_line_list(items) {
                Some(line)
                    if !self.comments.is_within(key_end, items.last().map_or(0, |last| last.place.start)) =>
                {
                    let _ = write!(self.out, " {line}");
                    self.end_line(items.last().map_or(value.place.end, |last| last.place.end).max(key_end));
                }
                Some(_) | None => {
                    self.end_line(key_end);
                    self.list(items, depth + 1);
                }
            },
            Tree::Map(entries) if entries.is_empty() => {
                self.out.push_str(" {}");
                self.end_line(value.place.end.max(key_end));
            }
            Tree::Map(entries) => {
                self.end_line(key_end);
                self.map(entries, depth + 1, false);
            }
        }
    }

    fn list(&mut self, items: &[Node], depth: usize) {
        for item in items {
            self.lead(item.place.start, depth);
            self.indent(depth);
            self.out.push_str("- ");
            match &item.tree {
                Tree::Map(entries) if !entries.is_empty() => self.map(entries, depth + 1, true),
                Tree::List(inner) if one_line_list(inner).is_none() => {
                    // A list in a list begins on its own line.
                    self.out.truncate(self.out.trim_end().len());
                    self.out.push('\n');
                    self.list(inner, depth + 1);
                }
                Tree::Null | Tree::Scalar(_) | Tree::List(_) | Tree::Map(_) => self.value(item, depth + 1),
            }
        }
    }

    /// A value that stands behind a dash or alone.
    fn value(&mut self, node: &Node, depth: usize) {
        match &node.tree {
            Tree::Null => self.out.push('~'),
            Tree::Scalar(found) => return self.scalar_line(found, node, depth),
            Tree::List(items) => self.out.push_str(&one_line_list(items).unwrap_or_default()),
            Tree::Map(_) => self.out.push_str("{}"),
        }
        self.end_line(node.place.end);
    }

    fn scalar_line(&mut self, found: &Scalar, node: &Node, depth: usize) {
        match block_lines(&found.text).filter(|_| !found.plain) {
            Some((header, lines)) => {
                self.out.push_str(header);
                self.end_line(node.place.end);
                for line in lines {
                    if !line.is_empty() {
                        self.indent(depth);
                        self.out.push_str(line);
                    }
                    self.out.push('\n');
                }
            }
            None => {
                self.out.push_str(&scalar(found));
                self.end_line(node.place.end);
            }
        }
    }

    fn rest_of_comments(&mut self) {
        self.lead(usize::MAX, 0);
    }
}

/// A scalar on one line: as written when it is plain, else in double quotes.
fn scalar(found: &Scalar) -> String {
    let is_clock_time = found.text.len() == 5 && found.text.as_bytes().get(2) == Some(&b':');
    if found.plain && !is_clock_time {
        return found.text.clone();
    }
    quoted(&found.text)
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_line_break(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Line breaks beside `\n`, and the byte order mark: YAML readers differ about them.
fn is_line_break(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Keys are words and numbers; anything else is quoted.
fn is_plain_key(text: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.starts_with(|c: char| c.is_alphanumeric() || c == '_') && text.chars().all(inner)
}

/// A text of several lines as a literal block, when that is exact.
fn block_lines(text: &str) -> Option<(&'static str, Vec<&str>)> {
    let (header, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    let lines: Vec<&str> = body.split('\n').collect();
    let starts_plainly = lines.first().is_some_and(|line| !line.is_empty() && !line.starts_with(' '));
    let ends_plainly = lines.last().is_some_and(|line| !line.is_empty());
    let is_exact =
        |line: &&str| !line.ends_with(' ') && !line.chars().any(|c| c.is_control() || is_line_break(c));
    let fits = text.contains('\n') && starts_plainly && ends_plainly && lines.iter().all(is_exact);
    fits.then_some((header, lines))
}

/// `[en, no]`: a short list of plain words; empty lists always.
fn one_line_list(items: &[Node]) -> Option<String> {
    let mut words = Vec::new();
    for item in items {
        let Tree::Scalar(found) = &item.tree else {
            return None;
        };
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ');
        if found.plain && found.text.starts_with(char::is_alphanumeric) && found.text.chars().all(is_word) {
            words.push(found.text.clone());
        } else if !found.plain {
            words.push(quoted(&found.text));
        } else {
            return None;
        }
    }
    let line = format!("[{}]", words.join(", "));
    (line.chars().count() <= LIST_CHARS_MAX).then_some(line)
}

fn write_json(node: &Node, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth + 1);
    let end = "  ".repeat(depth);
    match &node.tree {
        Tree::Null => out.push_str("null"),
        Tree::Scalar(found) if found.plain => out.push_str(&found.text),
        Tree::Scalar(found) => out.push_str(&serde_json::Value::from(found.text.as_str()).to_string()),
        Tree::List(items) if items.is_empty() => out.push_str("[]"),
        Tree::Map(entries) if entries.is_empty() => out.push_str("{}"),
        Tree::List(items) => {
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "[\n" } else { ",\n" });
                out.push_str(&pad);
                write_json(item, depth + 1, out);
            }
            let _ = write!(out, "\n{end}]");
        }
        Tree::Map(entries) => {
            for (at, (key, value)) in entries.iter().enumerate() {
                out.push_str(if at == 0 { "{\n" } else { ",\n" });
                let _ = write!(out, "{pad}{}: ", serde_json::Value::from(key.text.as_str()));
                write_json(value, depth + 1, out);
            }
            let _ = write!(out, "\n{end}}}");
        }
    }
}
