//! [`Store`]: the open database, with its writer, its readers and the lock that keeps a second process out.

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::bell::{Bell, Listening};
use super::checkpoint::Checkpoints;
use super::disk::{self, DiskRoom};
use super::lane::World;
use super::load::{Loading, load};
use super::sequence::Sequence;
use super::wanted::Keys;
use super::work::{Fault, Work, WriteError};
use super::writer::Writer;
use super::{
    AnyConnection, Connector, DatabaseUrl, PhoneHasher, Readers, Signals, StoreError, StoreSettings, flush,
    meta, migrate,
};
use crate::clock::{Clock, Timestamp};
use crate::ids::Ids;

/// The name under which the installation knows itself; part of every message reference (RE17).
const INSTALL_ID: &str = "install_id";

/// The open database of a running server.
#[derive(Clone, Debug)]
pub struct Store {
    writer: Writer,
    readers: Readers,
    sequence: Sequence,
    signals: Signals,
    install_id: Arc<str>,
    hasher: PhoneHasher,
    open: Arc<Open>,
}

/// What is closed when the last handle goes.
#[derive(Debug)]
struct Open {
    connector: Connector,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Hears the other nodes; none on SQLite.
    listening: Option<Listening>,
    _lock: Option<File>,
}

impl Store {
    /// Opens the database for serving: takes the instance lock (SQLite), brings the schema up to date, restores
    /// the sequence and the clock, starts the writer and listens to the other nodes (PostgreSQL).
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process serves this SQLite file; [`StoreError::Pending`] when a
    /// PostgreSQL database waits for migrations that nobody asked for; [`StoreError::Setup`] otherwise.
    pub fn open(url: &str, settings: &StoreSettings, clock: &Clock, ids: &Ids) -> Result<Self, StoreError> {
        let connector = Connector { url: DatabaseUrl::parse(url)?, settings: settings.connection.clone() };
        let lock = take_lock(&connector.url)?;
        bring_up(&connector.url, settings.migrates)?;
        let mut connection = connector.connect()?;
        meta::follow_clock(&mut connection, clock)?;
        // Two nodes that open an empty database must agree on its name.
        let (install_id, hasher) = connection.change(|connection| {
            let install_id = match meta::get(connection, INSTALL_ID)? {
                Some(known) => known,
                None => {
                    let new = ids.next(clock.now());
                    meta::set(connection, INSTALL_ID, &new)?;
                    new
                }
            };
            Ok((install_id, PhoneHasher::open(connection, ids)?))
        })?;
        if let Some(mark) = meta::clock_high_water(&mut connection)? {
            clock.raise_to(mark);
        }
        let (sequence, sequencer) = match &connector.url {
            DatabaseUrl::Sqlite(_) => (Sequence::counter(meta::highest_sequence(&mut connection)?), None),
            DatabaseUrl::Postgres(_) => {
                let (sequence, thread) = Sequence::of_database(connector.clone())?;
                (sequence, Some(thread))
            }
        };
        let bell = connector.url.is_shared().then(Bell::default);
        let signals = bell.clone().map_or_else(Signals::default, Signals::with_bell);
        let (checkpoints, checkpointer) = match &connector.url {
            DatabaseUrl::Sqlite(_) => {
                Checkpoints::start(connector.clone()).map(|(c, thread)| (Some(c), Some(thread)))?
            }
            DatabaseUrl::Postgres(_) => (None, None),
        };
        let world = World {
            sequence: sequence.clone(),
            clock: clock.clone(),
            signals: signals.clone(),
            hasher: hasher.clone(),
            ids: ids.clone(),
            checkpoints,
        };
        let other_lanes = if connector.url.is_shared() { settings.writers.saturating_sub(1) } else { 0 };
        let (writer, mut threads) = Writer::start(&connector, &world, settings.writer_batch, other_lanes)?;
        threads.extend(sequencer.into_iter().chain(checkpointer));
        let listening = bell.map(|bell| bell.start(connector.clone(), signals.clone())).transpose()?;
        let threads = Mutex::new(threads);
        let open = Open { connector: connector.clone(), threads, listening, _lock: lock };
        Ok(Self {
            writer,
            readers: Readers::new(connector, settings.readers, settings.pool_wait),
            sequence,
            signals,
            install_id: install_id.into(),
            hasher,
            open: Arc::new(open),
        })
    }

    /// Carries out one turn and answers after its commit.
    ///
    /// # Errors
    /// [`WriteError`]; then nothing of the turn is stored.
    pub async fn write<W: Work>(&self, work: W) -> Result<W::Output, WriteError> {
        self.writer.write(work).await
    }

    /// Carries out a change of set-up (surveys, channels, keys, erasure), alone in a write transaction, and
    /// answers after its commit. `work` may run more than once; only the last run counts. `applied` runs once,
    /// after the commit, in the order of the commits: it brings what is kept in memory up to date.
    ///
    /// # Errors
    /// Whatever `work` returned; then nothing of it is stored.
    pub async fn change<T, W, A>(&self, work: W, applied: A) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&mut AnyConnection, Timestamp) -> Result<T, StoreError> + Send + 'static,
        A: Fn(&T) + Send + 'static,
    {
        self.writer.change(work, applied).await
    }

    /// Carries out a turn inside a change, in the change's own transaction.
    ///
    /// # Errors
    /// [`StoreError`] of the statements; [`StoreError::Corrupt`] when the turn faulted.
    pub fn turn_within<W: Work>(
        &self,
        connection: &mut AnyConnection,
        mut work: W,
        now: Timestamp,
    ) -> Result<W::Output, StoreError> {
        let mut keys = Keys::default();
        work.keys(connection, &mut keys)?;
        let mut space = load(connection, keys, self.loading(now, true))?;
        let output = work.run(&mut space, now).map_err(|fault| match fault {
            Fault::Store(error) => error,
            Fault::Panic(_) | Fault::Invariant(_) => StoreError::Corrupt(fault.to_string()),
        })?;
        flush::flush(connection, &space)?;
        Ok(output)
    }

    /// The keyed hash of a phone under the secret of this installation (RS11).
    #[must_use]
    pub fn phone_hash(&self, phone: &str) -> String {
        self.hasher.hash(phone)
    }

    /// What makes those hashes.
    #[must_use]
    pub fn phone_hasher(&self) -> PhoneHasher {
        self.hasher.clone()
    }

    /// Runs a turn on what the database holds now and stores nothing of it: a dry run (A89).
    ///
    /// # Errors
    /// [`WriteError`] as for a real turn.
    pub async fn rehearse<W: Work>(&self, mut work: W, clock: &Clock) -> Result<W::Output, WriteError> {
        let now = clock.now();
        let store = self.clone();
        let rehearsed = self.readers.read(move |connection| {
            let mut keys = Keys::default();
            work.keys(connection, &mut keys)?;
            let mut space = load(connection, keys, store.loading(now, false))?;
            Ok(work.run(&mut space, now))
        });
        Ok(rehearsed.await??)
    }

    /// Runs queries that change nothing.
    ///
    /// # Errors
    /// [`StoreError`] of the pool or of a query.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.read(work).await
    }

    /// The next values of the one sequence; drawn for inbound texts before they wait for a writer (RE8).
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn draw_places(&self, count: usize) -> Result<Vec<i64>, StoreError> {
        self.sequence.draw(count).await
    }

    fn loading(&self, now: Timestamp, is_write: bool) -> Loading<'_> {
        Loading { sequence: &self.sequence, hasher: &self.hasher, now: now.naive_utc(), is_write }
    }

    /// What is woken after each commit.
    #[must_use]
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Turns waiting for the writer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.writer.waiting()
    }

    /// The installation's id.
    #[must_use]
    pub fn install_id(&self) -> &str {
        &self.install_id
    }

    /// A connection of its own for work that is neither a turn nor a read, such as loading surveys.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when the database cannot be reached.
    pub fn command_connection(&self) -> Result<AnyConnection, StoreError> {
        self.open.connector.connect()
    }

    /// Whether several nodes may share this database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.open.connector.url.is_shared()
    }

    /// Room on the disk of the database; `None` when it is on another machine (RF4).
    ///
    /// # Errors
    /// What the machine said.
    pub fn disk_room(&self) -> std::io::Result<Option<DiskRoom>> {
        disk::room(&self.open.connector.url)
    }

    /// Waits for the writers to commit what they hold, and keeps the clock's mark. Call it last, with no other
    /// handle in use.
    pub fn close(self, clock: &Clock) {
        let Self { writer, sequence, open, .. } = self;
        drop((writer, sequence));
        if let Some(listening) = &open.listening {
            listening.end();
        }
        let threads = std::mem::take(&mut *open.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the database ended with a panic");
            }
        }
        let mark = clock.now();
        let kept = open.connector.connect().and_then(|mut connection| {
            connection.write(|connection| meta::keep_clock_high_water(connection, mark))
        });
        if let Err(error) = kept {
            tracing::warn!(%error, "the clock's high-water mark was not kept");
        }
    }
}

/// Opens the database for one short command beside a running server, such as creating a key. Takes no
/// instance lock; a SQLite file is made or brought up to date.
///
/// # Errors
/// [`StoreError`] of opening or migrating; [`StoreError::Pending`] as [`Store::open`].
pub fn open_for_command(url: &str) -> Result<AnyConnection, StoreError> {
    let url = DatabaseUrl::parse(url)?;
    bring_up(&url, false)?;
    url.connect()
}

/// Migrates, on a connection of its own; a database that other nodes may be using only if somebody asked for it
/// (RE42).
fn bring_up(url: &DatabaseUrl, migrates: bool) -> Result<(), StoreError> {
    let mut connection = url.connect()?;
    if migrates || !url.is_shared() {
        let run = migrate::migrate(&mut connection)?;
        if !run.is_empty() {
            tracing::info!(migrations = run.join(", "), "the database was brought up to date");
        }
        return Ok(());
    }
    migrate::require_current(&mut connection)
}

/// SQLite files are served by one process at a time (RF32).
fn take_lock(url: &DatabaseUrl) -> Result<Option<File>, StoreError> {
    let DatabaseUrl::Sqlite(path) = url else {
        return Ok(None);
    };
    let lock_path = format!("{path}.lock");
    let setup = |error: std::io::Error| StoreError::Setup(format!("cannot open {lock_path}: {error}"));
    let file = File::options().create(true).truncate(false).write(true).open(&lock_path).map_err(setup)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse(path.clone())),
        Err(std::fs::TryLockError::Error(error)) => Err(setup(error)),
    }
}
