//! The writer: turns that wait together share one write transaction (HOUSE 4). It loads what they need, runs
//! each in memory, writes all rows, commits, and only then answers. A turn that faults is run again as its own
//! dead letter; a batch that the database refuses is halved until the poison turn is alone (RF25, RF26).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;

use diesel::connection::SimpleConnection;
use tokio::sync::{Notify, mpsc, oneshot};

use super::load::load;
use super::space::{Keys, Sequence, Space};
use super::{AnyConnection, DatabaseUrl, PhoneHasher, StoreError, flush};
use crate::clock::{Clock, Timestamp};

/// Most turns in one transaction.
const BATCH_MAX: usize = 512;
/// Most turns waiting; more are refused with [`StoreError::Overloaded`] (RE36).
const WAITING_MAX: usize = 8192;
/// How often a transaction is repeated after a lock or serialisation failure (RE10).
const REPEATS_MAX: u32 = 3;
/// Held by a change of set-up until its commit; the number is ours alone.
const CHANGES_LOCK: &str = "SELECT pg_advisory_xact_lock(4820174)";

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

/// Woken after each commit that may have made a message or a timer due.
#[derive(Clone, Debug)]
pub struct Signals {
    /// Messages were queued or moved.
    pub outbox: Arc<Notify>,
    /// A timer is due before the one that was waited for.
    pub timers: Arc<Notify>,
    /// The timer that is waited for, in microseconds since 1970.
    expected_timer: Arc<AtomicI64>,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            outbox: Arc::default(),
            timers: Arc::default(),
            expected_timer: Arc::new(AtomicI64::new(i64::MAX)),
        }
    }
}

impl Signals {
    /// Says until when the timer task sleeps; commits that need it earlier wake it.
    pub fn expect_timer_at(&self, instant: Timestamp) {
        self.expected_timer
            .store(instant.timestamp_micros(), Ordering::SeqCst);
    }

    /// Says that the timer task is looking: until it says again how long it sleeps, every commit that sets a
    /// timer wakes it, since it may have read the timers before that commit.
    pub fn expect_any_timer(&self) {
        self.expected_timer.store(i64::MAX, Ordering::SeqCst);
    }

    fn tell(&self, space: &Space) {
        if space.concerns_dispatcher() {
            self.outbox.notify_one();
        }
        let expected = self.expected_timer.load(Ordering::SeqCst);
        if space
            .earliest_timer()
            .is_some_and(|at| at.and_utc().timestamp_micros() < expected)
        {
            self.timers.notify_one();
        }
    }
}

/// A handle to the writer thread. Dropping the last one ends it after the work in hand.
#[derive(Clone)]
pub struct Writer {
    sender: mpsc::Sender<Order>,
}

/// What a writer thread is asked to do.
enum Order {
    /// A turn; those that wait together share a transaction.
    Turn(Box<dyn Job>),
    /// A change of set-up, alone in its transaction.
    Change(Box<dyn ChangeJob>),
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the writer thread on a connection of its own.
    pub(super) fn start(
        url: DatabaseUrl,
        connection: AnyConnection,
        world: World,
    ) -> Result<(Self, JoinHandle<()>), StoreError> {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let mut lane = Lane {
            url,
            connection: Some(connection),
            world,
        };
        let thread = std::thread::Builder::new()
            .name("antiphon-writer".to_owned())
            .spawn(move || lane.serve(receiver))
            .map_err(|error| StoreError::Setup(format!("the writer thread could not start: {error}")))?;
        Ok((Self { sender }, thread))
    }

    /// Carries out one turn and answers after its commit.
    ///
    /// # Errors
    /// [`WriteError`]; then nothing of the turn is stored.
    pub async fn write<W: Work>(&self, work: W) -> Result<W::Output, WriteError> {
        let (answer, answered) = oneshot::channel();
        let job = Pending {
            work,
            fault: None,
            output: None,
            answer: Some(answer),
        };
        self.order(Order::Turn(Box::new(job)))?;
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
        let change = Change {
            work,
            applied,
            output: None,
            answer: Some(answer),
        };
        self.order(Order::Change(Box::new(change)))?;
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

/// A [`Work`] with its type forgotten, so that turns of all kinds share a batch.
trait Job: Send {
    fn keys(&mut self, connection: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError>;
    /// Runs the turn, or its burial if it has faulted; `false` if it faulted just now.
    fn run(&mut self, space: &mut Space, now: Timestamp) -> bool;
    fn condemn(&mut self, fault: Fault);
    fn is_condemned(&self) -> bool;
    fn finish(&mut self, result: Result<(), WriteError>);
}

struct Pending<W: Work> {
    work: W,
    fault: Option<Fault>,
    output: Option<Result<W::Output, Fault>>,
    answer: Option<oneshot::Sender<Result<W::Output, WriteError>>>,
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
            (Ok(()), None) => Err(WriteError::Fault(Fault::Invariant(
                "the turn never ran".to_owned(),
            ))),
        };
        // A caller that is gone does not undo the turn.
        let _ = answer.send(outcome);
    }
}

/// A change of set-up with its type forgotten.
trait ChangeJob: Send {
    fn run(&mut self, connection: &mut AnyConnection, now: Timestamp) -> Result<(), StoreError>;
    fn finish(&mut self, result: Result<(), StoreError>);
}

struct Change<T, W, A> {
    work: W,
    applied: A,
    output: Option<T>,
    answer: Option<oneshot::Sender<Result<T, StoreError>>>,
}

impl<T, W, A> ChangeJob for Change<T, W, A>
where
    T: Send,
    W: Fn(&mut AnyConnection, Timestamp) -> Result<T, StoreError> + Send,
    A: Fn(&T) + Send,
{
    fn run(&mut self, connection: &mut AnyConnection, now: Timestamp) -> Result<(), StoreError> {
        if let AnyConnection::Postgres(postgres) = connection {
            // Changes of set-up are serial between nodes too; on one node the writer sees to it.
            postgres.batch_execute(CHANGES_LOCK)?;
        }
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

/// What every transaction of a writer needs.
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
}

/// One writer: the thread that owns a connection.
struct Lane {
    url: DatabaseUrl,
    connection: Option<AnyConnection>,
    world: World,
}

impl Lane {
    fn serve(&mut self, mut receiver: mpsc::Receiver<Order>) {
        let mut orders = Vec::with_capacity(BATCH_MAX);
        let mut batch: Vec<Box<dyn Job>> = Vec::with_capacity(BATCH_MAX);
        while receiver.blocking_recv_many(&mut orders, BATCH_MAX) > 0 {
            for order in orders.drain(..) {
                match order {
                    Order::Turn(job) => batch.push(job),
                    Order::Change(mut change) => {
                        self.commit(&mut batch);
                        batch.clear();
                        self.change(change.as_mut());
                    }
                }
            }
            self.commit(&mut batch);
            batch.clear();
        }
    }

    /// Commits a batch, or halves it, and answers every caller.
    fn commit(&mut self, batch: &mut [Box<dyn Job>]) {
        if batch.is_empty() {
            return;
        }
        match self.attempt(batch) {
            Ok(()) => finish_all(batch, || Ok(())),
            Err(StoreError::Constraint(refusal)) => match batch {
                [] => {}
                [job] if job.is_condemned() => job.finish(Err(StoreError::Constraint(refusal).into())),
                [job] => {
                    tracing::error!(error = %refusal, "the database refused a turn; it becomes a dead letter");
                    job.condemn(Fault::Store(StoreError::Constraint(refusal)));
                    self.commit(batch);
                }
                _ => {
                    let (left, right) = batch.split_at_mut(batch.len() / 2);
                    self.commit(left);
                    self.commit(right);
                }
            },
            Err(error) => {
                tracing::error!(%error, turns = batch.len(), "a batch was not stored");
                let text = error.to_string();
                finish_all(batch, || Err(StoreError::Unavailable(text.clone()).into()));
            }
        }
    }

    /// Carries out one change of set-up and answers its caller.
    fn change(&mut self, change: &mut dyn ChangeJob) {
        let result = self.transaction(|connection, now| change.run(connection, now));
        let is_stored = result.is_ok();
        change.finish(result);
        if is_stored {
            // A change may free, cancel or hasten anything: whoever waits looks again, now that memory shows it.
            self.world.signals.outbox.notify_one();
            self.world.signals.timers.notify_one();
        }
    }

    /// One batch: its transaction is repeated after a turn that faulted.
    fn attempt(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        loop {
            let world = self.world.clone();
            match self.transaction(|connection, now| transact(connection, batch, &world, now))? {
                Run::Done(space) => {
                    self.world.signals.tell(&space);
                    return Ok(());
                }
                // A faulted turn left half its effects in the space: nothing was written, begin again.
                Run::Faulted => {}
            }
        }
    }

    /// One write transaction, repeated after locks (RE10).
    fn transaction<T>(
        &mut self,
        mut work: impl FnMut(&mut AnyConnection, Timestamp) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut repeats = 0;
        loop {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => self.url.connect()?,
            };
            let now = self.world.clock.now();
            let result = connection.write(|connection| work(connection, now));
            if !result.as_ref().is_err_and(StoreError::kills_connection) {
                self.connection = Some(connection);
            }
            match result {
                Err(error) if error.is_transient() && repeats < REPEATS_MAX => repeats += 1,
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
    let mut space = load(
        connection,
        keys,
        world.sequence.clone(),
        &world.hasher,
        now.naive_utc(),
    )?;
    for job in batch.iter_mut() {
        if !job.run(&mut space, now) {
            return Ok(Run::Faulted);
        }
    }
    flush::flush(connection, &space)?;
    Ok(Run::Done(Box::new(space)))
}

fn finish_all(batch: &mut [Box<dyn Job>], result: impl Fn() -> Result<(), WriteError>) {
    for job in batch {
        job.finish(result());
    }
}
