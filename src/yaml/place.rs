//! [`Place`]: where something stands in a file, [`Spanned`] values that know it, and [`Fault`]s with line and column.

/// Where something stands in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

impl<T> Spanned<T> {
    /// The same place with another value.
    pub fn with<U>(&self, value: U) -> Spanned<U> {
        Spanned { value, place: self.place }
    }
}

/// What is wrong at a place, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// One sentence that says what is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Fault {
    /// A fault.
    pub fn new(place: Place, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { place, message: message.into(), hint: hint.into() }
    }
}

/// A place as a person finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Characters of the line it concerns, at least 1.
    pub width: usize,
    /// The line of the file.
    pub excerpt: String,
}

/// Longest excerpt in characters.
const EXCERPT_CHARS_MAX: usize = 2_000;

impl Place {
    /// Line, column and excerpt of a place in its file.
    #[must_use]
    pub fn locate(self, source: &str) -> Located {
        let start = floor_boundary(source, self.start);
        let end = floor_boundary(source, self.end.max(start));
        let before = source.get(..start).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let from_line = source.get(line_start..).unwrap_or("");
        let excerpt = from_line.lines().next().unwrap_or("").trim_end();
        let marked = source.get(start..end).unwrap_or("");
        Located {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or("").chars().count() + 1,
            width: marked.lines().next().unwrap_or("").trim_end().chars().count().max(1),
            excerpt: excerpt.chars().take(EXCERPT_CHARS_MAX).collect(),
        }
    }
}

/// The nearest character boundary at or before a byte.
fn floor_boundary(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}
