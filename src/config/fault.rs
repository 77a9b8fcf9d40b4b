//! What can be wrong with a configuration, and where a value comes from. Never prints a secret.

use std::fmt;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The embedded defaults.
    Default,
    /// A configuration file.
    File(String),
    /// An environment variable.
    Variable(String),
    /// A command-line flag.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(name) | Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// What kind of fault it is; stable words for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultCode {
    /// No such key.
    UnknownKey,
    /// No such variable.
    UnknownVariable,
    /// A key that must be given is not.
    MissingKey,
    /// The value does not fit the key.
    InvalidValue,
    /// Two keys exclude each other.
    Conflict,
    /// A file cannot be read.
    UnreadableFile,
    /// The file is not TOML.
    Syntax,
    /// An alphanumeric sender cannot receive replies.
    SenderCannotReceive,
    /// A gateway profile has a fault, with line and column (GW10).
    InvalidProfile,
    /// A gateway has no way to prove its callbacks (RS2).
    VerifierRequired,
    /// Plain HTTP on an address that is not loopback (RS8).
    PlaintextBind,
}

impl FaultCode {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown_key",
            Self::UnknownVariable => "unknown_variable",
            Self::MissingKey => "missing_key",
            Self::InvalidValue => "invalid_value",
            Self::Conflict => "conflict",
            Self::UnreadableFile => "unreadable_file",
            Self::Syntax => "syntax",
            Self::SenderCannotReceive => "sender_cannot_receive",
            Self::InvalidProfile => "invalid_profile",
            Self::VerifierRequired => "verifier_required",
            Self::PlaintextBind => "plaintext_bind",
        }
    }
}

/// One fault: the key, what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Kind.
    pub code: FaultCode,
    /// Dotted key, variable or file name.
    pub key: String,
    /// What is wrong and what to write instead.
    pub problem: String,
    /// Where the value comes from.
    pub source: Source,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, key, problem, source } = self;
        match source {
            Source::Default => write!(f, "{key}: {problem} ({})", code.as_str()),
            Source::File(_) | Source::Variable(_) | Source::Flag(_) => {
                write!(f, "{key}: {problem} ({}, {source})", code.as_str())
            }
        }
    }
}

/// Every fault of a configuration, all at once (T11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        writeln!(f, "the configuration has {count} {}:", if count == 1 { "fault" } else { "faults" })?;
        self.0.iter().try_for_each(|fault| writeln!(f, "- {fault}"))
    }
}

impl std::error::Error for Faults {}
