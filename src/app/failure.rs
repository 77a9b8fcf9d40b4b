//! [`Failure`]: why a use case could not be carried out though nothing was wrong with what was asked. The edge
//! answers 503 or 500; no details of the store go further than the log.

use crate::store::{StoreError, WriteError};

/// A fault on our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The database is away, busy or has too much to do: try again (RE10, RE36).
    #[error("the database cannot take this now")]
    Unavailable,
    /// A broken invariant: trying again does not help.
    #[error("a fault of ours")]
    Internal,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        match error {
            StoreError::Busy(_)
            | StoreError::Unavailable(_)
            | StoreError::Overloaded
            | StoreError::Stopped
            | StoreError::InUse(_)
            | StoreError::BadUrl(_)
            | StoreError::Pending(_)
            | StoreError::Setup(_) => Self::Unavailable,
            StoreError::Constraint(_) | StoreError::Corrupt(_) => Self::Internal,
        }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Store(error) => error.into(),
            WriteError::Fault(fault) => {
                tracing::error!(%fault, "a turn faulted");
                Self::Internal
            }
        }
    }
}
