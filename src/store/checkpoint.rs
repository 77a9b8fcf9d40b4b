//! [`Checkpoints`]: the thread that carries what SQLite has written ahead back into the database file, while the
//! writer goes on. Left to the writer, it would be the longest pause of all: whoever's commit fills the log would wait
//! for thousands of pages (SQLite, "Write-Ahead Logging", 2.1). It is done seldom, since a page that many turns change
//! is then carried back but once. Only the writer can know that nothing is left, which lets the log begin anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use super::held::Held;
use super::{AnyConnection, Connector, StoreError};

/// Turns after which the thread looks at the log.
const TURNS: usize = 500;

/// Pages of the log after which it is carried back and begins anew: 16 MB.
const LOG_PAGES: i64 = 4_096;

/// Pages of the log after which the writer carries it back itself, should the thread not do it: 128 MB.
pub(super) const LOG_PAGES_MAX: i64 = 8 * LOG_PAGES;

/// A way to say how much was written.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    bell: SyncSender<()>,
    turns: usize,
    /// Little is left to carry back, which the writer does before its next turn.
    is_nearly_done: Arc<AtomicBool>,
}

impl Checkpoints {
    /// Starts the thread; it ends when nobody can tell it anything any more.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when the system gives us no thread.
    pub(super) fn start(connector: Connector) -> Result<(Self, JoinHandle<()>), StoreError> {
        let (bell, rung) = sync_channel(1);
        let is_nearly_done = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_nearly_done);
        let thread = std::thread::Builder::new()
            .name("antiphon-log".to_owned())
            .spawn(move || serve(Held::new(connector, None), &rung, &flag))
            .map_err(|error| StoreError::Setup(format!("the checkpoint thread could not start: {error}")))?;
        Ok((Self { bell, turns: 0, is_nearly_done }, thread))
    }

    /// So many turns were committed by the writer with this connection: it tells the thread, or does what is left.
    pub(super) fn written(&mut self, turns: usize, held: &mut Held) {
        self.turns += turns;
        if self.is_nearly_done.swap(false, Ordering::AcqRel) {
            report(held.use_once(carry_back));
        }
        if self.turns >= TURNS {
            self.turns = 0;
            // It may be at work and know already; or its thread has ended, and the writer does it by itself.
            let _ = self.bell.try_send(());
        }
    }
}

fn serve(mut held: Held, rung: &Receiver<()>, is_nearly_done: &AtomicBool) {
    while rung.recv().is_ok() {
        match held.use_once(pages) {
            Ok(pages) if pages >= LOG_PAGES => {
                // The second time it is what the writer has added in the first.
                let done = held.use_once(|connection| {
                    carry_back(connection)?;
                    carry_back(connection)
                });
                is_nearly_done.store(done.is_ok(), Ordering::Release);
                report(done);
            }
            Ok(_) => {}
            Err(error) => report(Err(error)),
        }
    }
}

fn report(done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::warn!(%error, "the log of the database was not carried back");
    }
}

/// Carries back what nobody is still reading, and waits for nobody.
fn carry_back(connection: &mut AnyConnection) -> Result<(), StoreError> {
    Ok(connection.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")?)
}

/// What `PRAGMA wal_checkpoint` answers.
#[derive(QueryableByName)]
struct Log {
    /// Pages in the log.
    #[diesel(sql_type = BigInt)]
    log: i64,
}

fn pages(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            Ok(sql_query("PRAGMA wal_checkpoint(NOOP)").get_result::<Log>(sqlite)?.log)
        }
        AnyConnection::Postgres(_) => Ok(0),
    }
}
