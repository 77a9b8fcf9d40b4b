//! [`Path`]: where a value stands in a callback or an answer (gateways.md 2.1). JSON Pointer (RFC 6901) for JSON
//! and XML, plain names for forms and queries, and `?name` for a parameter of the called URL, whatever the body is.

use std::fmt;

/// Most steps of a pointer.
const STEPS_MAX: usize = 16;

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// `/data/payload/0/id`, step by step; no step at all is the whole document.
    Pointer(Vec<String>),
    /// A field of a form or a query.
    Name(String),
    /// A parameter of the URL that was called.
    Query(String),
}

/// What a body's paths look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// JSON Pointer.
    Pointer,
    /// Plain names.
    Name,
}

/// Why a text is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathFault {
    /// A pointer begins with `/`, or is empty for the whole document.
    NoPointer,
    /// `~` stands alone: it must be `~0` or `~1`.
    Tilde,
    /// More steps than anybody needs.
    TooDeep,
    /// A name is not empty and holds no `/` in front.
    NoName,
}

impl PathFault {
    /// What to write instead.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::NoPointer => "write a JSON Pointer such as /data/id, or ?name for a parameter of the URL",
            Self::Tilde => "in a JSON Pointer `~` is written ~0 and `/` within a name ~1",
            Self::TooDeep => "a path has at most 16 steps",
            Self::NoName => "write the name of the field, or ?name for a parameter of the URL",
        }
    }
}

impl Path {
    /// The whole document.
    #[must_use]
    pub fn whole() -> Self {
        Self::Pointer(Vec::new())
    }

    /// Reads a path.
    ///
    /// # Errors
    /// [`PathFault`].
    pub fn parse(text: &str, style: Style) -> Result<Self, PathFault> {
        if let Some(name) = text.strip_prefix('?') {
            return if name.is_empty() { Err(PathFault::NoName) } else { Ok(Self::Query(name.to_owned())) };
        }
        match style {
            Style::Name if text.is_empty() || text.starts_with('/') => Err(PathFault::NoName),
            Style::Name => Ok(Self::Name(text.to_owned())),
            Style::Pointer if text.is_empty() => Ok(Self::whole()),
            Style::Pointer => {
                let steps = text.strip_prefix('/').ok_or(PathFault::NoPointer)?;
                let steps: Vec<String> = steps.split('/').map(unescape).collect::<Result<_, _>>()?;
                if steps.len() > STEPS_MAX { Err(PathFault::TooDeep) } else { Ok(Self::Pointer(steps)) }
            }
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pointer(steps) => {
                steps.iter().try_for_each(|step| write!(f, "/{}", step.replace('~', "~0").replace('/', "~1")))
            }
            Self::Name(name) => f.write_str(name),
            Self::Query(name) => write!(f, "?{name}"),
        }
    }
}

fn unescape(step: &str) -> Result<String, PathFault> {
    let mut plain = String::with_capacity(step.len());
    let mut rest = step.chars();
    while let Some(c) = rest.next() {
        plain.push(match (c, c == '~') {
            (_, true) => match rest.next() {
                Some('0') => '~',
                Some('1') => '/',
                Some(_) | None => return Err(PathFault::Tilde),
            },
            (plain, false) => plain,
        });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_names_and_parameters_are_told_apart() {
        let steps = |text| match Path::parse(text, Style::Pointer) {
            Ok(Path::Pointer(steps)) => steps.join("|"),
            other => format!("{other:?}"),
        };
        assert_eq!(steps("/data/0/a~1b~0"), "data|0|a/b~");
        assert_eq!(steps(""), "");
        assert_eq!(steps("/"), "");
        assert_eq!(Path::parse("?ref", Style::Pointer), Ok(Path::Query("ref".into())));
        assert_eq!(Path::parse("From", Style::Name), Ok(Path::Name("From".into())));
        for (text, style, fault) in [
            ("data", Style::Pointer, PathFault::NoPointer),
            ("/a~2", Style::Pointer, PathFault::Tilde),
            ("/a~", Style::Pointer, PathFault::Tilde),
            ("/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7", Style::Pointer, PathFault::TooDeep),
            ("", Style::Name, PathFault::NoName),
            ("/From", Style::Name, PathFault::NoName),
            ("?", Style::Name, PathFault::NoName),
        ] {
            assert_eq!(Path::parse(text, style), Err(fault), "{text}");
        }
        assert_eq!(Path::parse("/a~1b/0", Style::Pointer).unwrap().to_string(), "/a~1b/0");
    }
}
