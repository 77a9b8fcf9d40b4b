//! The comments and blank lines of a YAML file, handed out in order while the file is written anew.

use super::{Node, Tree};

/// A comment line or a blank line before something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lead<'s> {
    /// A blank line stands before it.
    pub(super) blank_before: bool,
    /// The comment with its `#`; `None` = only the blank line.
    pub(super) text: Option<&'s str>,
}

#[derive(Clone, Copy, Debug)]
struct Comment<'s> {
    start: usize,
    text: &'s str,
    /// Nothing but spaces stands before it on its line.
    own_line: bool,
    blank_before: bool,
    /// Spaces in front of it.
    gap: usize,
}

/// Most spaces kept in front of a comment at the end of a line.
const GAP_MAX: usize = 40;

/// All comments of a file; each is handed out once.
#[derive(Debug)]
pub(super) struct Comments<'s> {
    source: &'s str,
    found: Vec<Comment<'s>>,
    next: usize,
}

impl<'s> Comments<'s> {
    /// Finds the comments: a `#` after white space that stands in no scalar.
    pub(super) fn of(source: &'s str, node: &Node) -> Self {
        let mut scalars = Vec::new();
        scalar_places(node, &mut scalars);
        scalars.sort_unstable();
        let mut comments = Vec::new();
        let mut at = 0;
        let mut scalar = scalars.into_iter().peekable();
        while let Some(offset) = source.get(at..).and_then(|rest| rest.find('#')) {
            let start = at + offset;
            while scalar.peek().is_some_and(|(_, end)| *end <= start) {
                scalar.next();
            }
            if let Some((_, end)) = scalar.peek().filter(|(from, _)| *from <= start) {
                at = *end;
                continue;
            }
            let before = source.get(..start).unwrap_or("");
            if !(before.is_empty() || before.ends_with([' ', '\t', '\n', '\r'])) {
                at = start + 1;
                continue;
            }
            let text = source.get(start..).and_then(|rest| rest.lines().next()).unwrap_or("");
            let line_start = before.rfind('\n').map_or(0, |at| at + 1);
            comments.push(Comment {
                start,
                text: text.trim_end(),
                own_line: before.get(line_start..).unwrap_or("").trim().is_empty(),
                blank_before: ends_with_blank_line(before.get(..line_start).unwrap_or("")),
                gap: (before.len() - before.trim_end_matches(' ').len()).clamp(1, GAP_MAX),
            });
            at = start + text.len().max(1);
        }
        Self { source, found: comments, next: 0 }
    }

    /// The texts of all comments, in order.
    pub(super) fn texts(&self) -> Vec<&'s str> {
        self.found.iter().map(|comment| comment.text).collect()
    }

    /// Comments not yet handed out that stand before a byte, and whether a blank line stands before the byte.
    pub(super) fn before(&mut self, start: usize) -> Vec<Lead<'s>> {
        let mut leads = Vec::new();
        while let Some(comment) = self.found.get(self.next).filter(|comment| comment.start < start) {
            leads.push(Lead { blank_before: comment.blank_before, text: Some(comment.text) });
            self.next += 1;
        }
        let line = self.line_start(start);
        // Only what is first on its line can have a blank line before it.
        let is_first = |between: &str| between.chars().all(|c| c.is_whitespace() || c == '-');
        let is_first = self.source.get(line..start).is_some_and(is_first);
        if is_first && ends_with_blank_line(self.source.get(..line).unwrap_or("")) {
            leads.push(Lead { blank_before: true, text: None });
        }
        leads
    }

    /// The comment at the end of the line that holds a byte, if it is the next one, and the spaces before it.
    pub(super) fn at_end_of_line(&mut self, end: usize) -> Option<(usize, &'s str)> {
        let comment = self.found.get(self.next).filter(|comment| !comment.own_line)?;
        let between = self.source.get(end.min(comment.start)..comment.start)?;
        if comment.start < end || between.contains('\n') {
            return None;
        }
        // Only closing brackets and what separates them may stand between the value and its comment.
        let closes = |c: char| {
            c.is_whitespace() || matches!(c, '}' | ']' | ',' | ':' | '{' | '[' | '|' | '>' | '-' | '+')
        };
        if !between.chars().all(closes) {
            return None;
        }
        let comment = *comment;
        self.next += 1;
        Some((comment.gap, comment.text))
    }

    /// Whether a comment stands between two bytes.
    pub(super) fn is_within(&self, start: usize, end: usize) -> bool {
        self.found.iter().any(|comment| (start..end).contains(&comment.start))
    }

    fn line_start(&self, at: usize) -> usize {
        let before = self.source.get(..at.min(self.source.len())).unwrap_or("");
        before.rfind('\n').map_or(0, |newline| newline + 1)
    }
}

/// Whether a text that ends at a line start has a blank last line.
fn ends_with_blank_line(before: &str) -> bool {
    let Some(lines) = before.strip_suffix('\n') else {
        return false;
    };
    let last = lines.rsplit('\n').next().unwrap_or("");
    last.trim().is_empty() && !lines.trim().is_empty()
}

fn scalar_places(node: &Node, places: &mut Vec<(usize, usize)>) {
    match &node.tree {
        Tree::Null => {}
        Tree::Scalar(_) => places.push((node.place.start, node.place.end)),
        Tree::List(items) => items.iter().for_each(|item| scalar_places(item, places)),
        Tree::Map(entries) => {
            for (key, value) in entries {
                places.push((key.place.start, key.place.end));
                scalar_places(value, places);
            }
        }
    }
}
