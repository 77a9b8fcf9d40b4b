//! [`Finding`]: one fault or doubt about a survey file, as its author reads it (F38). Data only; how it is
//! printed is decided by the command line and the console.

use std::fmt;

use serde::Serialize;

/// What the checker found (F38). The words are defined by the tables of survey-file.md §7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[expect(missing_docs, reason = "each code is described by Code::describe")]
pub enum Code {
    E01,
    E02,
    E03,
    E04,
    E05,
    E06,
    E07,
    E08,
    E09,
    E10,
    E11,
    E12,
    E13,
    E14,
    E15,
    E16,
    W01,
    W02,
    W03,
    W04,
    W05,
    W06,
    W07,
    W08,
    W09,
    W10,
    W11,
    W12,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The survey is never loaded.
    Error,
    /// The survey works; `--strict` refuses it.
    Warning,
}

impl Code {
    /// Every code, errors first.
    pub const ALL: [Self; 28] = [
        Self::E01,
        Self::E02,
        Self::E03,
        Self::E04,
        Self::E05,
        Self::E06,
        Self::E07,
        Self::E08,
        Self::E09,
        Self::E10,
        Self::E11,
        Self::E12,
        Self::E13,
        Self::E14,
        Self::E15,
        Self::E16,
        Self::W01,
        Self::W02,
        Self::W03,
        Self::W04,
        Self::W05,
        Self::W06,
        Self::W07,
        Self::W08,
        Self::W09,
        Self::W10,
        Self::W11,
        Self::W12,
    ];

    /// Error or warning.
    #[must_use]
    pub fn severity(self) -> Severity {
        if self <= Self::E16 { Severity::Error } else { Severity::Warning }
    }

    /// The code as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::E01 => "E01",
            Self::E02 => "E02",
            Self::E03 => "E03",
            Self::E04 => "E04",
            Self::E05 => "E05",
            Self::E06 => "E06",
            Self::E07 => "E07",
            Self::E08 => "E08",
            Self::E09 => "E09",
            Self::E10 => "E10",
            Self::E11 => "E11",
            Self::E12 => "E12",
            Self::E13 => "E13",
            Self::E14 => "E14",
            Self::E15 => "E15",
            Self::E16 => "E16",
            Self::W01 => "W01",
            Self::W02 => "W02",
            Self::W03 => "W03",
            Self::W04 => "W04",
            Self::W05 => "W05",
            Self::W06 => "W06",
            Self::W07 => "W07",
            Self::W08 => "W08",
            Self::W09 => "W09",
            Self::W10 => "W10",
            Self::W11 => "W11",
            Self::W12 => "W12",
        }
    }

    /// What the code stands for, in a few words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::E01 => "unknown element id",
            Self::E02 => "element that cannot be reached",
            Self::E03 => "cycle with no question in it",
            Self::E04 => "missing text in the default language",
            Self::E05 => "type error in an expression",
            Self::E06 => "condition that can never be true",
            Self::E07 => "two options or aliases that are the same",
            Self::E08 => "option equal to a keyword such as STOP",
            Self::E09 => "option label that is a number and not its position",
            Self::E10 => "placeholder of an undeclared variable without fallback",
            Self::E11 => "no completion text",
            Self::E12 => "exclusive option together with min_select above 1",
            Self::E13 => "no question at all",
            Self::E14 => "text of more than 6 SMS parts",
            Self::E15 => "missing, duplicate or malformed id, format, uuid or language",
            Self::E16 => "unknown key, field not allowed for the type, or wrong value",
            Self::W01 => "characters outside GSM-7",
            Self::W02 => "more than one SMS segment",
            Self::W03 => "scale text that does not mention min and max",
            Self::W04 => "first message without the sender's name or an opt-out word",
            Self::W05 => "expiry above 24 hours",
            Self::W06 => "more than 6 questions on a path",
            Self::W07 => "more than 9 options",
            Self::W08 => "rule shadowed by an earlier one",
            Self::W09 => "free text asked before any closed question",
            Self::W10 => "label longer than a column or SMS limit",
            Self::W11 => "jump backwards",
            Self::W12 => "option code that statistics programs misread",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One fault or doubt about a survey file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which check found it.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// One sentence that says what is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The file's name as it was given.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Characters of the line it concerns, at least 1.
    pub width: usize,
    /// The line of the file.
    pub excerpt: String,
}
