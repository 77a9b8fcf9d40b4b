//! [`Place`]: where something stands in a file, and [`Spanned`] values that know it.

use crate::survey::finding::{Code, Finding};

/// Where something stands in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::survey) struct Place {
    /// First byte.
    pub(in crate::survey) start: usize,
    /// Byte after the last.
    pub(in crate::survey) end: usize,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::survey) struct Spanned<T> {
    pub(in crate::survey) value: T,
    pub(in crate::survey) place: Place,
}

impl<T> Spanned<T> {
    /// The same place with another value.
    pub(in crate::survey) fn with<U>(&self, value: U) -> Spanned<U> {
        Spanned { value, place: self.place }
    }
}

/// A part of a file after its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::survey) enum Part<T> {
    /// The file does not have it.
    Absent,
    /// It has faults, which are reported.
    Broken,
    /// It is fine.
    Whole(T),
}

impl<T> Part<T> {
    /// From an attempt to check what is written.
    pub(in crate::survey) fn of(checked: Option<T>) -> Self {
        checked.map_or(Self::Broken, Self::Whole)
    }

    /// Whether it has faults.
    pub(in crate::survey) fn is_broken(&self) -> bool {
        matches!(self, Self::Broken)
    }

    /// The part if it is whole.
    pub(in crate::survey) fn whole(self) -> Option<T> {
        match self {
            Self::Absent | Self::Broken => None,
            Self::Whole(part) => Some(part),
        }
    }
}

/// A finding before its place is turned into line, column and excerpt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::survey) struct Fault {
    pub(in crate::survey) code: Code,
    pub(in crate::survey) place: Place,
    pub(in crate::survey) message: String,
    pub(in crate::survey) hint: String,
}

impl Fault {
    pub(in crate::survey) fn new(
        code: Code,
        place: Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { code, place, message: message.into(), hint: hint.into() }
    }

    /// The finding an author reads.
    pub(in crate::survey) fn locate(self, source: &str, file: &str) -> Finding {
        let start = floor_boundary(source, self.place.start);
        let end = floor_boundary(source, self.place.end.max(start));
        let before = source.get(..start).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        let from_line = source.get(line_start..).unwrap_or("");
        let excerpt = from_line.lines().next().unwrap_or("").trim_end().to_owned();
        let marked = source.get(start..end).unwrap_or("");
        let width = marked.lines().next().unwrap_or("").trim_end().chars().count();
        Finding {
            code: self.code,
            severity: self.code.severity(),
            message: self.message,
            hint: self.hint,
            file: file.to_owned(),
            line,
            column,
            width: width.max(1),
            excerpt: excerpt.chars().take(EXCERPT_CHARS_MAX).collect(),
        }
    }
}

/// Longest excerpt in characters.
const EXCERPT_CHARS_MAX: usize = 2_000;

/// The nearest character boundary at or before a byte.
fn floor_boundary(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}
