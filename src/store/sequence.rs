//! [`Sequence`]: the one sequence that orders inbound texts and send starts (RE8, RE11). On SQLite it is a counter
//! of the only process; on PostgreSQL it is a sequence of the database, so that one order holds between nodes. It
//! never gives a value twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tokio::sync::{mpsc, oneshot};

use super::held::Held;
use super::{AnyConnection, Connector, StoreError};

/// Most callers who share one question to the database.
const CALLERS_MAX: usize = 512;

/// Most callers waiting; more are refused with [`StoreError::Overloaded`] (RE36).
const WAITING_MAX: usize = 8192;

/// The one sequence. Cloning is cheap; all clones draw from it.
#[derive(Clone, Debug)]
pub struct Sequence {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Counter(Arc<AtomicI64>),
    Database(mpsc::Sender<Draw>),
}

/// How many values somebody wants.
#[derive(Debug)]
struct Draw {
    count: usize,
    answer: oneshot::Sender<Result<Vec<i64>, StoreError>>,
}

impl Sequence {
    /// A counter that starts above the highest value stored.
    pub(super) fn counter(highest: i64) -> Self {
        Self { source: Source::Counter(Arc::new(AtomicI64::new(highest))) }
    }

    /// The database's sequence, with a thread and a connection of its own: nobody waits for a writer to have his
    /// place (RE8). The thread ends with the last clone.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when the system gives us no thread.
    pub(super) fn of_database(connector: Connector) -> Result<(Self, JoinHandle<()>), StoreError> {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("antiphon-sequencer".to_owned())
            .spawn(move || serve(&mut Held::new(connector, None), receiver))
            .map_err(|error| StoreError::Setup(format!("the sequencer thread could not start: {error}")))?;
        Ok((Self { source: Source::Database(sender) }, thread))
    }

    /// Draws the next values, in order, each greater than all drawn before. Answers at once on SQLite.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer; then nothing may be received.
    pub async fn draw(&self, count: usize) -> Result<Vec<i64>, StoreError> {
        match &self.source {
            Source::Counter(counter) => Ok(count_on(counter, count)),
            Source::Database(_) if count == 0 => Ok(Vec::new()),
            Source::Database(sender) => {
                let (answer, answered) = oneshot::channel();
                sender.try_send(Draw { count, answer }).map_err(|error| match error {
                    mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
                    mpsc::error::TrySendError::Closed(_) => StoreError::Stopped,
                })?;
                answered.await.map_err(|_| StoreError::Stopped)?
            }
        }
    }

    /// Draws values inside a transaction.
    ///
    /// # Errors
    /// [`StoreError`] of the query.
    pub(super) fn draw_within(
        &self,
        connection: &mut AnyConnection,
        count: usize,
    ) -> Result<Vec<i64>, StoreError> {
        match &self.source {
            Source::Counter(counter) => Ok(count_on(counter, count)),
            Source::Database(_) => draw(connection, count),
        }
    }
}

fn count_on(counter: &AtomicI64, count: usize) -> Vec<i64> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let before = counter.fetch_add(count, Ordering::SeqCst);
    (before + 1..=before + count).collect()
}

/// Whoever waits is served by one question; each gets his values in the order in which he came.
fn serve(held: &mut Held, mut receiver: mpsc::Receiver<Draw>) {
    let mut draws = Vec::with_capacity(CALLERS_MAX);
    while receiver.blocking_recv_many(&mut draws, CALLERS_MAX) > 0 {
        let wanted = draws.iter().map(|draw: &Draw| draw.count).sum();
        match held.use_once(|connection| draw(connection, wanted)) {
            Ok(values) => {
                let mut values = values.into_iter();
                for draw in draws.drain(..) {
                    // Nobody is left to take the values of a caller who is gone.
                    let _ = draw.answer.send(Ok(values.by_ref().take(draw.count).collect()));
                }
            }
            Err(error) => {
                tracing::error!(%error, waiting = draws.len(), "no place in the sequence could be drawn");
                let text = error.to_string();
                for draw in draws.drain(..) {
                    let _ = draw.answer.send(Err(StoreError::Unavailable(text.clone())));
                }
            }
        }
    }
}

/// One value of the sequence.
#[derive(QueryableByName)]
struct Drawn {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

fn draw(connection: &mut AnyConnection, count: usize) -> Result<Vec<i64>, StoreError> {
    let AnyConnection::Postgres(postgres) = connection else {
        return Err(StoreError::Setup("SQLite has no sequence to draw from".to_owned()));
    };
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut drawn: Vec<i64> =
        diesel::sql_query("SELECT nextval('turn_sequence') AS value FROM generate_series(1, $1)")
            .bind::<BigInt, _>(i64::try_from(count).unwrap_or(i64::MAX))
            .load::<Drawn>(postgres)?
            .into_iter()
            .map(|drawn| drawn.value)
            .collect();
    drawn.sort_unstable();
    Ok(drawn)
}
