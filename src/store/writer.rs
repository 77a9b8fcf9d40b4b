//! [`Writer`]: the way in to the lanes that write. A caller hands over a turn or a change of set-up and waits for
//! its commit; what the lane makes of it is in `lane.rs`.

use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::job::{Change, Order, Pending};
use super::lane::{Lane, World};
use super::{AnyConnection, Connector, StoreError, Work, WriteError};
use crate::clock::Timestamp;

/// Most turns waiting; more are refused with [`StoreError::Overloaded`] (RE36).
const WAITING_MAX: usize = 8192;

/// A handle to the writing lane. Dropping the last one ends it after the work in hand.
#[derive(Clone)]
pub struct Writer {
    sender: mpsc::Sender<Order>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the lane on a connection of its own.
    pub(super) fn start(
        connector: Connector,
        connection: AnyConnection,
        world: World,
        batch_max: usize,
    ) -> Result<(Self, JoinHandle<()>), StoreError> {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let thread = Lane::new(connector, connection, world, batch_max).start(receiver)?;
        Ok((Self { sender }, thread))
    }

    /// Carries out one turn and answers after its commit.
    ///
    /// # Errors
    /// [`WriteError`]; then nothing of the turn is stored.
    pub async fn write<W: Work>(&self, work: W) -> Result<W::Output, WriteError> {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Turn(Box::new(Pending::new(work, answer))))?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }

    /// Carries out a change of set-up, alone in a write transaction, and answers after its commit. `work` may
    /// run more than once; only the last run counts. `applied` runs once, right after the commit and before any
    /// later change, so that what it does in memory keeps the order of the database.
    ///
    /// # Errors
    /// Whatever `work` returned; then nothing of it is stored.
    pub async fn change<T, W, A>(&self, work: W, applied: A) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&mut AnyConnection, Timestamp) -> Result<T, StoreError> + Send + 'static,
        A: Fn(&T) + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Change(Box::new(Change::new(work, applied, answer))))?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }

    fn order(&self, order: Order) -> Result<(), StoreError> {
        self.sender.try_send(order).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Stopped,
        })
    }

    /// Turns waiting for the writer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }
}
