//! [`StoreError`]: what can go wrong between us and the database, sorted by what the caller can do about it.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Locked, deadlocked, serialisation failure: the whole transaction may be repeated (RE10).
    #[error("the database is busy: {0}")]
    Busy(String),
    /// Disk full, I/O error, connection lost: this connection is dead (RP5); try again later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A UNIQUE or CHECK constraint said no: a broken invariant, never repeated.
    #[error("the database refused a row: {0}")]
    Constraint(String),
    /// A stored value could not be read back.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
    /// More work is waiting than the writer may hold (RE36).
    #[error("too much work is waiting for the database")]
    Overloaded,
    /// Another process has this SQLite file open (RF32).
    #[error("{0} is in use by another antiphon process; stop it first, or use PostgreSQL for several nodes")]
    InUse(String),
    /// The URL is neither `sqlite:PATH` nor `postgres://…` (RP12).
    #[error("`{0}` is not a database URL; use sqlite:PATH or postgres://user@host/name")]
    BadUrl(String),
    /// Migrations wait, on a database that other nodes may be using (RE42).
    #[error(
        "the database is not up to date: {0} waits to be run; run `antiphon migrate` once, or start with --migrate"
    )]
    Pending(String),
    /// Opening or migrating failed.
    #[error("{0}")]
    Setup(String),
    /// The writer has stopped.
    #[error("the database writer has stopped")]
    Stopped,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "diesel's error enums are not ours and may grow; what we do not know is no reason to repeat"
)]
impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        let text = error.to_string();
        match &error {
            DieselError::DatabaseError(kind, information) => match kind {
                DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::CheckViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::ExclusionViolation
                | DatabaseErrorKind::RestrictViolation => Self::Constraint(text),
                DatabaseErrorKind::SerializationFailure => Self::Busy(text),
                _ => Self::from_message(information.message(), text),
            },
            DieselError::BrokenTransactionManager | DieselError::RollbackErrorOnCommit { .. } => {
                Self::Unavailable(text)
            }
            DieselError::DeserializationError(_) => Self::Corrupt(text),
            _ => Self::Unavailable(text),
        }
    }
}

impl StoreError {
    /// SQLite gives no kind for most errors, diesel none for most of PostgreSQL's; their messages are stable.
    fn from_message(message: &str, text: String) -> Self {
        let busy = ["database is locked", "database table is locked", "deadlock detected", "lock timeout"];
        // PostgreSQL about one row: no reason to give up the others of its batch.
        let refused = ["constraint failed", "invalid byte sequence", "out of range", "index row"];
        if busy.iter().any(|pattern| message.contains(pattern)) {
            Self::Busy(text)
        } else if refused.iter().any(|pattern| message.contains(pattern)) {
            Self::Constraint(text)
        } else {
            Self::Unavailable(text)
        }
    }

    /// Whether repeating the same transaction can help (RE10).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_))
    }

    /// Whether the connection it happened on must be thrown away (RP5).
    #[must_use]
    pub fn kills_connection(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
