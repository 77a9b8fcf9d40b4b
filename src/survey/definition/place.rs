//! [`Fault`]: a [`Finding`] before its place becomes line and column, and [`Part`]s of a file after their check.

use crate::survey::finding::{Code, Finding};
use crate::yaml::{self, Located};
pub(in crate::survey) use crate::yaml::{Place, Spanned};

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
        let Located { line, column, width, excerpt } = self.place.locate(source);
        Finding {
            code: self.code,
            severity: self.code.severity(),
            message: self.message,
            hint: self.hint,
            file: file.to_owned(),
            line,
            column,
            width,
            excerpt,
        }
    }
}

/// A file that is not written as it must be (E16).
impl From<yaml::Fault> for Fault {
    fn from(fault: yaml::Fault) -> Self {
        Self { code: Code::E16, place: fault.place, message: fault.message, hint: fault.hint }
    }
}
