//! [`Acknowledgements`]: who answers the callers of a committed batch, and when. PostgreSQL commits durably, so they
//! are answered at once. SQLite would have the lane wait for the disk in each commit; here a thread of its own waits
//! for it, while the lane is at work on the next batch. Nobody hears of a batch before the disk has it: no caller, no
//! dispatcher and no timer. A message is claimed by a turn as well, so nothing leaves the house before it is stored.
//! The log of SQLite is written in order, therefore one wait serves all batches that were committed before it began.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::job::Job;
use super::space::Space;
use super::{Signals, StoreError};
use crate::clock::Clock;

/// Batches that may wait for the disk; then the lane waits too.
const WAITING_MAX: usize = 2;

/// A committed batch.
pub(super) struct Committed {
    /// Its turns.
    pub batch: Vec<Box<dyn Job>>,
    /// Its rows, which say who is to be woken.
    pub space: Box<Space>,
}

enum Order {
    Answer(Committed),
    /// Somebody waits until everything before this is on the disk.
    Mark(SyncSender<bool>),
}

/// What the callers of committed batches are answered by.
pub(super) struct Acknowledgements {
    signals: Signals,
    clock: Clock,
    disk: Option<Disk>,
}

struct Disk {
    orders: SyncSender<Order>,
    is_lost: Arc<AtomicBool>,
}

impl Acknowledgements {
    /// Answers at once: a commit is durable, or need not be.
    pub(super) fn at_once(signals: Signals, clock: Clock) -> Self {
        Self { signals, clock, disk: None }
    }

    /// Answers when the log of this SQLite file is on the disk. The thread ends with the lane.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when the system gives us no thread.
    pub(super) fn of_log(
        database: &str,
        signals: Signals,
        clock: Clock,
    ) -> Result<(Self, JoinHandle<()>), StoreError> {
        let mut log = Log { path: format!("{database}-wal").into(), file: None };
        Self::by(move || log.sync(), signals, clock)
    }

    fn by(
        sync: impl FnMut() -> io::Result<()> + Send + 'static,
        signals: Signals,
        clock: Clock,
    ) -> Result<(Self, JoinHandle<()>), StoreError> {
        let (orders, received) = sync_channel(WAITING_MAX);
        let is_lost = Arc::new(AtomicBool::new(false));
        let mut syncer =
            Syncer { sync, signals: signals.clone(), clock: clock.clone(), is_lost: Arc::clone(&is_lost) };
        let thread = std::thread::Builder::new()
            .name("antiphon-sync".to_owned())
            .spawn(move || syncer.serve(&received))
            .map_err(|error| StoreError::Setup(format!("the sync thread could not start: {error}")))?;
        Ok((Self { signals, clock, disk: Some(Disk { orders, is_lost }) }, thread))
    }

    /// Answers the callers of a batch, now or when the disk has it.
    pub(super) fn committed(&self, committed: Committed) {
        match &self.disk {
            None => answer(committed, &self.signals, &self.clock),
            Some(disk) => {
                if let Err(refused) = disk.orders.send(Order::Answer(committed)) {
                    let Order::Answer(mut committed) = refused.0 else { return };
                    refuse(&mut committed.batch);
                }
            }
        }
    }

    /// Waits until everything that was committed is on the disk.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the disk failed.
    pub(super) fn settle(&self) -> Result<(), StoreError> {
        let Some(disk) = &self.disk else {
            return Ok(());
        };
        let (answer, answered) = sync_channel(1);
        let is_stored = disk.orders.send(Order::Mark(answer)).is_ok() && answered.recv().unwrap_or(false);
        if is_stored { Ok(()) } else { Err(lost()) }
    }

    /// Refuses all work once the disk has failed: what was written since may be gone or not, which only a new start
    /// finds out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] then.
    pub(super) fn require_disk(&self) -> Result<(), StoreError> {
        match &self.disk {
            Some(disk) if disk.is_lost.load(Ordering::Acquire) => Err(lost()),
            Some(_) | None => Ok(()),
        }
    }
}

fn lost() -> StoreError {
    StoreError::Unavailable("the disk did not keep what was written; restart antiphon".to_owned())
}

fn answer(committed: Committed, signals: &Signals, clock: &Clock) {
    let Committed { mut batch, space } = committed;
    batch.iter_mut().for_each(|job| job.finish(Ok(())));
    signals.tell(&space, clock.now());
}

fn refuse(batch: &mut [Box<dyn Job>]) {
    batch.iter_mut().for_each(|job| job.finish(Err(lost().into())));
}

/// The thread that waits for the disk.
struct Syncer<S> {
    sync: S,
    signals: Signals,
    clock: Clock,
    is_lost: Arc<AtomicBool>,
}

impl<S: FnMut() -> io::Result<()>> Syncer<S> {
    fn serve(&mut self, orders: &Receiver<Order>) {
        while let Ok(first) = orders.recv() {
            // Whatever is committed by now is served by the same wait.
            let waiting: Vec<Order> = std::iter::once(first).chain(orders.try_iter()).collect();
            self.sync_once();
            let is_lost = self.is_lost.load(Ordering::Acquire);
            for order in waiting {
                match order {
                    Order::Answer(mut committed) if is_lost => refuse(&mut committed.batch),
                    Order::Answer(committed) => answer(committed, &self.signals, &self.clock),
                    Order::Mark(waits) => {
                        // Who no longer waits need not be told.
                        let _ = waits.send(!is_lost);
                    }
                }
            }
        }
    }

    /// A disk that failed once is not asked again: the system may have thrown away what it could not write.
    fn sync_once(&mut self) {
        if self.is_lost.load(Ordering::Acquire) {
            return;
        }
        if let Err(error) = (self.sync)() {
            tracing::error!(%error, "the disk did not keep what was written; nothing is taken until antiphon is restarted");
            self.is_lost.store(true, Ordering::Release);
        }
    }
}

/// The log of a SQLite file, beside SQLite's own handle of it.
struct Log {
    path: PathBuf,
    file: Option<File>,
}

impl Log {
    fn sync(&mut self) -> io::Result<()> {
        match &self.file {
            Some(file) => file.sync_data(),
            None => {
                let file = File::options().write(true).open(&self.path)?;
                file.sync_data()?;
                self.file = Some(file);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;
    use crate::clock::Timestamp;
    use crate::store::{AnyConnection, Fault, Keys, WriteError};

    /// A turn that notes how its caller is answered.
    struct Noted(Sender<bool>);

    impl Job for Noted {
        fn keys(&mut self, _: &mut AnyConnection, _: &mut Keys) -> Result<(), StoreError> {
            Ok(())
        }

        fn run(&mut self, _: &mut Space, _: Timestamp) -> bool {
            true
        }

        fn condemn(&mut self, _: Fault) {}

        fn is_condemned(&self) -> bool {
            false
        }

        fn finish(&mut self, result: Result<(), WriteError>) {
            self.0.send(result.is_ok()).unwrap();
        }
    }

    fn batch(answers: &Sender<bool>) -> Committed {
        Committed { batch: vec![Box::new(Noted(answers.clone()))], space: Box::default() }
    }

    /// Acknowledgements whose disk is asked by `may_sync`: each message of it is what one wait for the disk says.
    /// The receiver hears of each wait that begins.
    fn with_disk() -> (Acknowledgements, Sender<bool>, Receiver<()>) {
        let (may_sync, told) = channel::<bool>();
        let (begins, begun) = channel();
        let sync = move || {
            // Not every test listens.
            let _ = begins.send(());
            if told.recv().unwrap_or(false) { Ok(()) } else { Err(io::Error::other("broken")) }
        };
        let (acknowledgements, _) = Acknowledgements::by(sync, Signals::default(), Clock::system()).unwrap();
        (acknowledgements, may_sync, begun)
    }

    #[test]
    fn nobody_is_answered_before_the_disk_has_the_batch() {
        let (acknowledgements, may_sync, _) = with_disk();
        let (answers, answered) = channel();
        acknowledgements.committed(batch(&answers));
        assert!(answered.try_recv().is_err(), "RE1: acknowledged before it is stored");
        may_sync.send(true).unwrap();
        assert_eq!(answered.recv(), Ok(true));
    }

    #[test]
    fn batches_that_wait_together_share_one_wait() {
        let (acknowledgements, may_sync, begun) = with_disk();
        let (answers, answered) = channel();
        acknowledgements.committed(batch(&answers));
        begun.recv().unwrap();
        // The first wait is on; these two come too late for it.
        for _ in 0..2 {
            acknowledgements.committed(batch(&answers));
        }
        may_sync.send(true).unwrap();
        assert_eq!(answered.recv(), Ok(true));
        begun.recv().unwrap();
        assert!(answered.try_recv().is_err(), "RE1: a wait that began earlier says nothing of them");
        may_sync.send(true).unwrap();
        assert_eq!([answered.recv(), answered.recv()], [Ok(true), Ok(true)]);
        assert!(begun.try_recv().is_err(), "one wait served both");
    }

    #[test]
    fn after_the_disk_has_failed_nothing_is_taken_any_more() {
        let (acknowledgements, may_sync, _) = with_disk();
        let (answers, answered) = channel();
        acknowledgements.committed(batch(&answers));
        may_sync.send(false).unwrap();
        assert_eq!(answered.recv(), Ok(false));
        assert!(acknowledgements.require_disk().is_err());
        may_sync.send(true).unwrap();
        acknowledgements.committed(batch(&answers));
        assert_eq!(answered.recv(), Ok(false), "a later success says nothing of what was lost");
        assert!(acknowledgements.settle().is_err());
    }
}
