//! [`Writer`]: the way in to the lanes that write. A caller hands over a turn or a change of set-up and waits for
//! its commit; what the lane makes of it is in `lane.rs`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::acknowledge::Acknowledgements;
use super::job::{Change, Order, Pending};
use super::lane::{Lane, World};
use super::{AnyConnection, Connector, DatabaseUrl, StoreError, Work, WriteError};
use crate::clock::Timestamp;

/// Most turns waiting, in all lanes together; more are refused with [`StoreError::Overloaded`] (RE36).
const WAITING_MAX: usize = 8192;

/// A handle to the writing lanes. Dropping the last one ends them after the work in hand.
#[derive(Clone)]
pub struct Writer {
    first: mpsc::Sender<Order>,
    others: Arc<[mpsc::Sender<Order>]>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the lanes, each on a connection of its own: the first and `others` more.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when a connection or a thread is not to be had.
    pub(super) fn start(
        connector: &Connector,
        world: &World,
        batch_max: usize,
        others: usize,
    ) -> Result<(Self, Vec<JoinHandle<()>>), StoreError> {
        let mut threads = Vec::new();
        let mut start = || {
            let (sender, receiver) = mpsc::channel(WAITING_MAX / (others + 1));
            let (connector, acknowledgements, syncer) = durable(connector, world)?;
            let connection = connector.connect()?;
            let lane = Lane::new(connector, connection, world.clone(), batch_max, acknowledgements);
            threads.push(lane.start(receiver)?);
            threads.extend(syncer);
            Ok::<_, StoreError>(sender)
        };
        let first = start()?;
        let others = (0..others).map(|_| start()).collect::<Result<Vec<_>, StoreError>>()?.into();
        Ok((Self { first, others }, threads))
    }

    /// Carries out one turn and answers after its commit.
    ///
    /// # Errors
    /// [`WriteError`]; then nothing of the turn is stored.
    pub async fn write<W: Work>(&self, work: W) -> Result<W::Output, WriteError> {
        let (answer, answered) = oneshot::channel();
        let lane = self.lane(work.lane_key());
        order(lane, Order::Turn(Box::new(Pending::new(work, answer))))?;
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
        order(&self.first, Order::Change(Box::new(Change::new(work, applied, answer))))?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }

    /// Equal keys, equal lane; without a key the first.
    fn lane(&self, key: Option<&str>) -> &mpsc::Sender<Order> {
        let Some(key) = key.filter(|_| !self.others.is_empty()) else {
            return &self.first;
        };
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let lanes = u64::try_from(self.others.len() + 1).unwrap_or(u64::MAX);
        let number = usize::try_from(hasher.finish() % lanes).unwrap_or(0);
        number.checked_sub(1).and_then(|other| self.others.get(other)).unwrap_or(&self.first)
    }

    /// Turns waiting for a lane.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let lanes = std::iter::once(&self.first).chain(self.others.iter());
        lanes.map(|lane| lane.max_capacity() - lane.capacity()).sum()
    }
}

/// How a lane connects and has its callers answered. A lane of SQLite leaves it to the [`Acknowledgements`] to wait
/// for the disk; commits of PostgreSQL wait by themselves.
fn durable(
    connector: &Connector,
    world: &World,
) -> Result<(Connector, Acknowledgements, Option<JoinHandle<()>>), StoreError> {
    let (signals, clock) = (world.signals.clone(), world.clock.clone());
    let mut own = connector.clone();
    own.settings.for_turns = true;
    match &connector.url {
        DatabaseUrl::Sqlite(path) if connector.settings.survives_power_loss => {
            own.settings.survives_power_loss = false;
            let (acknowledgements, thread) = Acknowledgements::of_log(path, signals, clock)?;
            Ok((own, acknowledgements, Some(thread)))
        }
        DatabaseUrl::Sqlite(_) | DatabaseUrl::Postgres(_) => {
            Ok((own, Acknowledgements::at_once(signals, clock), None))
        }
    }
}

fn order(lane: &mpsc::Sender<Order>, order: Order) -> Result<(), StoreError> {
    lane.try_send(order).map_err(|error| match error {
        mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
        mpsc::error::TrySendError::Closed(_) => StoreError::Stopped,
    })
}
