//! [`Lane`]: the thread that owns a connection and writes. Turns that wait together share one write transaction
//! (HOUSE 4): it loads what they need, runs each in memory, writes all rows, commits, and only then answers. A
//! turn that faults is run again as its own dead letter; a batch that the database refuses is halved until the
//! poison turn is alone (RF25, RF26). On PostgreSQL several lanes, and those of other nodes, write at the same
//! time; the locks of `load.rs` keep the turns of one phone apart.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::acknowledge::{Acknowledgements, Committed};
use super::checkpoint::Checkpoints;
use super::held::Held;
use super::job::{ChangeJob, Job, Order};
use super::load::{Loading, load};
use super::sequence::Sequence;
use super::space::Space;
use super::wanted::Keys;
use super::{AnyConnection, Connector, Fault, PhoneHasher, Signals, StoreError, flush, meta};
use crate::clock::{Clock, Timestamp};
use crate::ids::Ids;

/// How often a transaction is repeated after a lock or serialisation failure (RE10).
const REPEATS_MAX: u32 = 3;
/// None is repeated later than this after the first: with the longest wait for a lock that makes five seconds.
const REPEATS_WITHIN: Duration = Duration::from_secs(3);
/// Longest pause before a repeat, in milliseconds; drawn at random, so that two nodes do not meet again.
const PAUSE_MAX: u64 = 40;

/// What every transaction of a lane needs.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// The one sequence.
    pub sequence: Sequence,
    /// Tells the time.
    pub clock: Clock,
    /// Who is told after a commit.
    pub signals: Signals,
    /// Knows erased phones again.
    pub hasher: PhoneHasher,
    /// Where chance comes from.
    pub ids: Ids,
    /// Who carries back what SQLite has written ahead.
    pub checkpoints: Option<Checkpoints>,
}

/// One lane: a thread with a connection of its own.
pub(super) struct Lane {
    held: Held,
    /// Other nodes may write at the same time.
    is_shared: bool,
    world: World,
    /// Most turns in one transaction.
    batch_max: usize,
    acknowledgements: Acknowledgements,
}

impl Lane {
    pub(super) fn new(
        connector: Connector,
        connection: AnyConnection,
        world: World,
        batch_max: usize,
        acknowledgements: Acknowledgements,
    ) -> Self {
        let is_shared = connector.url.is_shared();
        Self { held: Held::new(connector, Some(connection)), is_shared, world, batch_max, acknowledgements }
    }

    /// Starts the thread; it ends when nobody can send orders any more.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when the system gives us no thread.
    pub(super) fn start(mut self, receiver: mpsc::Receiver<Order>) -> Result<JoinHandle<()>, StoreError> {
        std::thread::Builder::new()
            .name("antiphon-writer".to_owned())
            .spawn(move || self.serve(receiver))
            .map_err(|error| StoreError::Setup(format!("the writer thread could not start: {error}")))
    }

    fn serve(&mut self, mut receiver: mpsc::Receiver<Order>) {
        let mut orders = Vec::with_capacity(self.batch_max);
        while receiver.blocking_recv_many(&mut orders, self.batch_max) > 0 {
            let mut batch: Vec<Box<dyn Job>> = Vec::with_capacity(orders.len());
            for order in orders.drain(..) {
                match order {
                    Order::Turn(job) => batch.push(job),
                    Order::Change(mut change) => {
                        self.commit(std::mem::take(&mut batch));
                        self.change(change.as_mut());
                    }
                }
            }
            self.commit(batch);
        }
    }

    /// Commits a batch and has every caller answered.
    fn commit(&mut self, mut batch: Vec<Box<dyn Job>>) {
        if batch.is_empty() {
            return;
        }
        let mut stored = self.attempt(&mut batch);
        if self.is_shared && matches!(stored, Err(StoreError::Constraint(_))) {
            // Another node may have stored the same at the same time; a second look will find it.
            stored = self.attempt(&mut batch);
        }
        self.answer(batch, stored);
    }

    /// Has every caller of a batch that was stored answered; halves one that was refused.
    fn answer(&mut self, mut batch: Vec<Box<dyn Job>>, stored: Result<Box<Space>, StoreError>) {
        match stored {
            Ok(space) => self.acknowledgements.committed(Committed { batch, space }),
            Err(StoreError::Constraint(refusal)) => match batch.as_mut_slice() {
                [] => {}
                [job] if job.is_condemned() => job.finish(Err(StoreError::Constraint(refusal).into())),
                [job] => {
                    tracing::error!(error = %refusal, "the database refused a turn; it becomes a dead letter");
                    job.condemn(Fault::Store(StoreError::Constraint(refusal)));
                    let stored = self.attempt(&mut batch);
                    self.answer(batch, stored);
                }
                _ => {
                    let right = batch.split_off(batch.len() / 2);
                    for mut half in [batch, right] {
                        let stored = self.attempt(&mut half);
                        self.answer(half, stored);
                    }
                }
            },
            Err(error) => {
                tracing::error!(%error, turns = batch.len(), "a batch was not stored");
                let text = error.to_string();
                for job in &mut batch {
                    job.finish(Err(StoreError::Unavailable(text.clone()).into()));
                }
            }
        }
    }

    /// Carries out one change of set-up and answers its caller.
    fn change(&mut self, change: &mut dyn ChangeJob) {
        let result = self
            .transaction(|connection, now| change.run(connection, now))
            .and_then(|()| self.acknowledgements.settle());
        let is_stored = result.is_ok();
        change.finish(result);
        if is_stored {
            // A change may free, cancel or hasten anything: whoever waits looks again, now that memory shows it.
            self.world.signals.wake_all();
        }
    }

    /// One batch: its transaction is repeated after a turn that faulted.
    fn attempt(&mut self, batch: &mut [Box<dyn Job>]) -> Result<Box<Space>, StoreError> {
        loop {
            let world = self.world.clone();
            match self.transaction(|connection, now| transact(connection, batch, &world, now))? {
                Run::Done(space) => {
                    if let Some(checkpoints) = &mut self.world.checkpoints {
                        checkpoints.written(batch.len(), &mut self.held);
                    }
                    return Ok(space);
                }
                // A faulted turn left half its effects in the space: nothing was written, begin again.
                Run::Faulted => {}
            }
        }
    }

    /// One write transaction, repeated after locks (RE10). All nodes of one database go by its clock (RE16).
    fn transaction<T>(
        &mut self,
        mut work: impl FnMut(&mut AnyConnection, Timestamp) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.acknowledgements.require_disk()?;
        let began = Instant::now();
        let mut repeats = 0;
        loop {
            let clock = &self.world.clock;
            let result = self.held.write(|connection| {
                meta::follow_clock(connection, clock)?;
                work(connection, clock.now())
            });
            match result {
                Err(error)
                    if error.is_transient() && repeats < REPEATS_MAX && began.elapsed() < REPEATS_WITHIN =>
                {
                    repeats += 1;
                    std::thread::sleep(Duration::from_millis(self.world.ids.below(PAUSE_MAX)));
                }
                done => return done,
            }
        }
    }
}

enum Run {
    Done(Box<Space>),
    Faulted,
}

fn transact(
    connection: &mut AnyConnection,
    batch: &mut [Box<dyn Job>],
    world: &World,
    now: Timestamp,
) -> Result<Run, StoreError> {
    let mut keys = Keys::default();
    for job in batch.iter_mut() {
        job.keys(connection, &mut keys)?;
    }
    let loading =
        Loading { sequence: &world.sequence, hasher: &world.hasher, now: now.naive_utc(), is_write: true };
    let mut space = load(connection, keys, loading)?;
    for job in batch.iter_mut() {
        if !job.run(&mut space, now) {
            return Ok(Run::Faulted);
        }
    }
    flush::flush(connection, &space)?;
    Ok(Run::Done(Box::new(space)))
}
