//! What a lane is handed: turns of all kinds, and changes of set-up, each with its type forgotten and with the
//! caller who waits for its answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use super::{AnyConnection, Fault, Keys, Space, StoreError, Work, WriteError};
use crate::clock::Timestamp;

/// What a writer thread is asked to do.
pub(super) enum Order {
    /// A turn; those that wait together share a transaction.
    Turn(Box<dyn Job>),
    /// A change of set-up, alone in its transaction.
    Change(Box<dyn ChangeJob>),
}

/// A [`Work`] with its type forgotten, so that turns of all kinds share a batch.
pub(super) trait Job: Send {
    /// Names what must be loaded.
    fn keys(&mut self, connection: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError>;
    /// Runs the turn, or its burial if it has faulted; `false` if it faulted just now.
    fn run(&mut self, space: &mut Space, now: Timestamp) -> bool;
    /// Has its burial run from now on.
    fn condemn(&mut self, fault: Fault);
    /// Whether its burial runs instead of itself.
    fn is_condemned(&self) -> bool;
    /// Answers the caller.
    fn finish(&mut self, result: Result<(), WriteError>);
}

/// A turn and the caller who waits for it.
pub(super) struct Pending<W: Work> {
    work: W,
    fault: Option<Fault>,
    output: Option<Result<W::Output, Fault>>,
    answer: Option<oneshot::Sender<Result<W::Output, WriteError>>>,
}

impl<W: Work> Pending<W> {
    pub(super) fn new(work: W, answer: oneshot::Sender<Result<W::Output, WriteError>>) -> Self {
        Self { work, fault: None, output: None, answer: Some(answer) }
    }
}

impl<W: Work> Job for Pending<W> {
    fn keys(&mut self, connection: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        self.work.keys(connection, keys)
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> bool {
        if let Some(fault) = &self.fault {
            self.output = Some(self.work.bury(space, now, fault));
            return true;
        }
        let work = &mut self.work;
        match catch_unwind(AssertUnwindSafe(|| work.run(space, now))) {
            Ok(Ok(output)) => {
                self.output = Some(Ok(output));
                true
            }
            Ok(Err(fault)) => {
                self.fault = Some(fault);
                false
            }
            Err(panic) => {
                self.fault = Some(Fault::Panic(panic_text(panic.as_ref())));
                false
            }
        }
    }

    fn condemn(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    fn is_condemned(&self) -> bool {
        self.fault.is_some()
    }

    fn finish(&mut self, result: Result<(), WriteError>) {
        let Some(answer) = self.answer.take() else { return };
        let outcome = match (result, self.output.take()) {
            (Err(error), _) => Err(error),
            (Ok(()), Some(Ok(output))) => Ok(output),
            (Ok(()), Some(Err(fault))) => Err(WriteError::Fault(fault)),
            (Ok(()), None) => Err(WriteError::Fault(Fault::Invariant("the turn never ran".to_owned()))),
        };
        // A caller that is gone does not undo the turn.
        let _ = answer.send(outcome);
    }
}

/// A change of set-up with its type forgotten.
pub(super) trait ChangeJob: Send {
    /// Makes the change, inside its transaction.
    fn run(&mut self, connection: &mut AnyConnection, now: Timestamp) -> Result<(), StoreError>;
    /// Brings memory up to date and answers the caller.
    fn finish(&mut self, result: Result<(), StoreError>);
}

/// A change of set-up and the caller who waits for it.
pub(super) struct Change<T, W, A> {
    work: W,
    applied: A,
    output: Option<T>,
    answer: Option<oneshot::Sender<Result<T, StoreError>>>,
}

impl<T, W, A> Change<T, W, A> {
    pub(super) fn new(work: W, applied: A, answer: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Self { work, applied, output: None, answer: Some(answer) }
    }
}

impl<T, W, A> ChangeJob for Change<T, W, A>
where
    T: Send,
    W: Fn(&mut AnyConnection, Timestamp) -> Result<T, StoreError> + Send,
    A: Fn(&T) + Send,
{
    fn run(&mut self, connection: &mut AnyConnection, now: Timestamp) -> Result<(), StoreError> {
        connection.lock_changes()?;
        let run = catch_unwind(AssertUnwindSafe(|| (self.work)(connection, now)));
        let output = run.map_err(|panic| {
            StoreError::Corrupt(format!("a change panicked: {}", panic_text(panic.as_ref())))
        })??;
        self.output = Some(output);
        Ok(())
    }

    fn finish(&mut self, result: Result<(), StoreError>) {
        let Some(answer) = self.answer.take() else { return };
        let output = match (result, self.output.take()) {
            (Err(error), _) => Err(error),
            (Ok(()), None) => Err(StoreError::Corrupt("the change never ran".to_owned())),
            (Ok(()), Some(output)) => {
                if catch_unwind(AssertUnwindSafe(|| (self.applied)(&output))).is_err() {
                    tracing::error!("a change is stored, but memory does not show it");
                }
                Ok(output)
            }
        };
        // A caller that is gone does not undo the change.
        let _ = answer.send(output);
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
