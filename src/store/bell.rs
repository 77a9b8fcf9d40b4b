//! [`Bell`]: the nodes of one PostgreSQL database wake each other by LISTEN and NOTIFY, on a connection and a
//! thread of their own. News are sent outside write transactions and put together, since every commit that
//! notifies waits for every other one; only changes of set-up, which are rare, are told by their own transaction
//! (`meta.rs`). Nothing depends on it: what is not heard is found by the slow poll.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use super::{AnyConnection, Connector, Signals, StoreError};

/// The channel of PostgreSQL that all nodes listen to, and what may be told on it.
pub(super) const CHANNEL: &str = "antiphon";
pub(super) const SETUP: &str = "setup";
const OUTBOX: &str = "outbox";
const TIMERS: &str = "timers";
const WEBHOOKS: &str = "webhooks";

/// Between two looks for news while there were some lately, and while there were none: libpq can be asked whether
/// something came, not waited for. A look costs about 10 µs.
const LOOK_BUSY: Duration = Duration::from_millis(10);
const LOOK_IDLE: Duration = Duration::from_millis(100);
/// How long some news make the next ones likely.
const BUSY_FOR: Duration = Duration::from_secs(2);
/// Least time between two NOTIFY of a node that does not send itself: the others must hear of each message.
const GAP_WITHOUT_WORKER: Duration = Duration::from_millis(5);
/// The same for a node that sends: it takes its messages itself, the others only help when it has too many.
const GAP_WITH_WORKER: Duration = Duration::from_millis(250);
/// Wait before the next try to connect.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What waits to be told to the other nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct News {
    outbox: bool,
    timers: bool,
    webhooks: bool,
}

impl News {
    fn any(self) -> bool {
        self.outbox || self.timers || self.webhooks
    }
}

#[derive(Debug, Default)]
struct State {
    untold: News,
    is_closed: bool,
    /// This process claims and fires itself.
    works_here: bool,
}

/// Tells the other nodes of one database what there is to do. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub(super) struct Bell {
    state: Arc<Mutex<State>>,
    changed: Arc<Condvar>,
}

impl Bell {
    /// Starts to listen, and to tell what is rung, until the bell is closed.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when the system gives us no thread.
    pub(super) fn start(&self, connector: Connector, signals: Signals) -> Result<Listening, StoreError> {
        let mut ringer = Ringer { bell: self.clone(), connector, signals, line: None };
        let thread = std::thread::Builder::new()
            .name("antiphon-bell".to_owned())
            .spawn(move || ringer.serve())
            .map_err(|error| StoreError::Setup(format!("the bell's thread could not start: {error}")))?;
        Ok(Listening { bell: self.clone(), thread: Mutex::new(Some(thread)) })
    }

    /// Messages were queued or moved.
    pub(super) fn ring_outbox(&self) {
        self.ring(News { outbox: true, ..News::default() });
    }

    /// A timer is due earlier than the others know.
    pub(super) fn ring_timers(&self) {
        self.ring(News { timers: true, ..News::default() });
    }

    /// Something is to be told to a webhook.
    pub(super) fn ring_webhooks(&self) {
        self.ring(News { webhooks: true, ..News::default() });
    }

    fn ring(&self, news: News) {
        let mut state = self.locked();
        let was_silent = !state.untold.any();
        state.untold.outbox |= news.outbox;
        state.untold.timers |= news.timers;
        state.untold.webhooks |= news.webhooks;
        drop(state);
        if was_silent {
            self.changed.notify_one();
        }
    }

    /// Says that this process claims messages and fires timers itself.
    pub(super) fn work_here(&self) {
        self.locked().works_here = true;
    }

    fn close(&self) {
        self.locked().is_closed = true;
        self.changed.notify_one();
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bell at work; it listens until this goes.
#[derive(Debug)]
pub(super) struct Listening {
    bell: Bell,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Listening {
    /// Stops to listen and waits for the thread's end.
    pub(super) fn end(&self) {
        self.bell.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the bell's thread ended with a panic");
        }
    }
}

impl Drop for Listening {
    /// Nobody can end it any more: it ends by itself.
    fn drop(&mut self) {
        self.bell.close();
    }
}

/// A connection that listens.
struct Line {
    connection: PgConnection,
    /// Its process in the server: what we tell comes back to us.
    process_id: i32,
}

/// The thread's own state.
struct Ringer {
    bell: Bell,
    connector: Connector,
    signals: Signals,
    line: Option<Line>,
}

#[derive(QueryableByName)]
struct Process {
    #[diesel(sql_type = Integer)]
    id: i32,
}

impl Ringer {
    fn serve(&mut self) {
        let mut told_at: Option<Instant> = None;
        let mut busy_until = Instant::now();
        let mut news = News::default();
        loop {
            match self.tend(news) {
                Ok(is_busy) => {
                    if news.any() {
                        told_at = Some(Instant::now());
                    }
                    if is_busy {
                        busy_until = Instant::now() + BUSY_FOR;
                    }
                }
                Err(error) => {
                    // Said once; the tries to connect again are quiet.
                    if self.line.take().is_some() {
                        tracing::warn!(%error, "the other nodes are not heard; the slow poll stands in");
                    }
                    self.bell.ring(news);
                }
            }
            let look = if Instant::now() < busy_until { LOOK_BUSY } else { LOOK_IDLE };
            let pause = if self.line.is_some() { look } else { AFTER_FAILURE };
            match self.next(pause, told_at) {
                Some(next) => news = next,
                None => return,
            }
        }
    }

    /// Waits until something may be told, or for the next look; `None` when the bell is closed.
    fn next(&self, pause: Duration, told_at: Option<Instant>) -> Option<News> {
        let mut state = self.bell.locked();
        let gap = if state.works_here { GAP_WITH_WORKER } else { GAP_WITHOUT_WORKER };
        let silence = told_at.map_or(Duration::ZERO, |at| gap.saturating_sub(at.elapsed()));
        // Without a line nothing can be told: then every wait is a whole one.
        let may_tell = |state: &State| self.line.is_some() && state.untold.any() && silence.is_zero();
        if !state.is_closed && !may_tell(&state) {
            let wait = if silence.is_zero() { pause } else { pause.min(silence) };
            let waited = self
                .bell
                .changed
                .wait_timeout_while(state, wait, |state| !state.is_closed && !may_tell(state));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.is_closed {
            return None;
        }
        let is_time = told_at.is_none_or(|at| at.elapsed() >= gap);
        Some(if self.line.is_some() && is_time { std::mem::take(&mut state.untold) } else { News::default() })
    }

    /// Tells our news and hears those of others; whether there were any.
    fn tend(&mut self, news: News) -> Result<bool, StoreError> {
        let line = match &mut self.line {
            Some(line) => line,
            None => {
                let line = self.line.insert(open_line(&self.connector)?);
                // What was told in the meantime is lost: everybody looks.
                self.signals.wake_all();
                self.signals.setup.notify_one();
                line
            }
        };
        for (is_rung, payload) in [(news.outbox, OUTBOX), (news.timers, TIMERS), (news.webhooks, WEBHOOKS)] {
            if is_rung {
                line.connection.batch_execute(&format!("NOTIFY {CHANNEL}, '{payload}'"))?;
            }
        }
        let mut is_busy = news.any();
        for heard in line.connection.notifications_iter() {
            let heard = heard?;
            if heard.process_id == line.process_id {
                continue;
            }
            is_busy = true;
            match heard.payload.as_str() {
                OUTBOX => self.signals.outbox.notify_one(),
                TIMERS => self.signals.timers.notify_one(),
                WEBHOOKS => self.signals.webhooks.notify_one(),
                SETUP => self.signals.setup.notify_one(),
                // A newer node tells something that we do not know (RE42).
                _ => {}
            }
        }
        Ok(is_busy)
    }
}

fn open_line(connector: &Connector) -> Result<Line, StoreError> {
    let AnyConnection::Postgres(mut connection) = connector.connect()? else {
        return Err(StoreError::Setup("only PostgreSQL has a bell".to_owned()));
    };
    // A NOTIFY is a commit; it need not survive anything.
    connection.batch_execute(&format!("SET synchronous_commit = off; LISTEN {CHANNEL}"))?;
    let process: Process = diesel::sql_query("SELECT pg_backend_pid() AS id").get_result(&mut connection)?;
    Ok(Line { connection, process_id: process.id })
}
