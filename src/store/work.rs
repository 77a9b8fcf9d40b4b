//! [`Work`]: one turn as the writer sees it: it names what it needs, runs in memory, and says what stays of it
//! when it faults.

use super::{AnyConnection, Keys, Space, StoreError};
use crate::clock::Timestamp;

/// A broken invariant or a panic inside a turn: its effects are undone and it is buried (RE9).
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The turn panicked.
    #[error("the turn panicked: {0}")]
    Panic(String),
    /// Something that must hold does not.
    #[error("broken invariant: {0}")]
    Invariant(String),
    /// The database refused the turn's rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a turn was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The database did not take it; nothing is stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The turn faulted and could not be buried; nothing is stored.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// One turn: something that changes rows. Implemented by the use cases.
pub trait Work: Send + 'static {
    /// What the caller gets after the commit.
    type Output: Send + 'static;

    /// Turns that say the same here keep to one lane, in the order in which they came: the phone, where it is
    /// known. The others go to the first lane, where claims and changes of set-up are.
    fn lane_key(&self) -> Option<&str> {
        None
    }

    /// Names what must be loaded. May query, inside the write transaction.
    ///
    /// # Errors
    /// [`StoreError`] of such a query.
    fn keys(&mut self, connection: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError>;

    /// Applies the turn in memory. May run more than once; only the last run counts.
    ///
    /// # Errors
    /// [`Fault`] when an invariant is broken.
    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Self::Output, Fault>;

    /// What to store instead when [`Work::run`] faulted, for example a dead letter.
    ///
    /// # Errors
    /// The fault itself, when there is nothing to store: the caller gets it.
    fn bury(&mut self, space: &mut Space, now: Timestamp, fault: &Fault) -> Result<Self::Output, Fault> {
        let _ = (space, now);
        Err(Fault::Invariant(fault.to_string()))
    }
}
