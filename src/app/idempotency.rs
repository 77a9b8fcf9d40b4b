//! `Idempotency-Key`: the answer to a POST is stored in the transaction that does the work, so that a repeat
//! gets the same answer and no second effect (RE25).

use std::fmt;
use std::sync::Arc;

use super::engine::Engine;
use super::failure::Failure;
use crate::clock::Timestamp;
use crate::store::requests::{self, IdempotencyRow};
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError};

pub use crate::store::Work;

/// A stored answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// The same request came before: its answer again.
    Same {
        /// HTTP status.
        status: u16,
        /// `Location`, if it had one.
        location: Option<String>,
        /// The body.
        body: String,
    },
    /// The key was used for another request.
    Reused,
}

/// Status, `Location` and body of an answer, made from what the use case did.
pub type Render<D> = Arc<dyn Fn(&D) -> (u16, Option<String>, String) + Send + Sync>;

/// The key of a request, and how its answer is written down. `D` is what the use case did.
#[derive(Clone)]
pub struct Idempotent<D> {
    /// The API key's id.
    pub key_id: String,
    /// 1 to 255 characters.
    pub key: String,
    /// Hash of method, path and body.
    pub fingerprint: String,
    /// Renders the answer: status, location and body.
    pub render: Render<D>,
}

impl<D> fmt::Debug for Idempotent<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotent").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl<D> Idempotent<D> {
    /// Under which it is stored.
    #[must_use]
    pub fn storage_key(&self) -> (String, String) {
        (self.key_id.clone(), self.key.clone())
    }

    /// The answer stored under this key, if any.
    #[must_use]
    pub fn find(&self, space: &Space) -> Option<Replay> {
        space.idempotency.get(&self.storage_key()).map(|row| replay(row, &self.fingerprint))
    }

    /// Stores the answer with the effect; only an answer that says yes (http-api.md 1.4).
    pub fn keep(&self, space: &mut Space, done: &D, now: Timestamp) {
        if let Some(row) = self.row(done, now) {
            space.idempotency.insert(self.storage_key(), row);
        }
    }

    /// As [`Idempotent::find`], in a change of set-up.
    ///
    /// # Errors
    /// [`StoreError`] of the query.
    pub fn find_stored(&self, connection: &mut AnyConnection) -> Result<Option<Replay>, StoreError> {
        let row = requests::find_answer(connection, &self.key_id, &self.key)?;
        Ok(row.map(|row| replay(&row, &self.fingerprint)))
    }

    /// As [`Idempotent::keep`], in a change of set-up.
    ///
    /// # Errors
    /// [`StoreError`] of the statement.
    pub fn keep_stored(
        &self,
        connection: &mut AnyConnection,
        done: &D,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match self.row(done, now) {
            Some(row) => requests::insert_answer(connection, &row),
            None => Ok(()),
        }
    }

    fn row(&self, done: &D, now: Timestamp) -> Option<IdempotencyRow> {
        let (status, location, body) = (self.render)(done);
        (200..300).contains(&status).then(|| IdempotencyRow {
            key_id: self.key_id.clone(),
            idempotency_key: self.key.clone(),
            fingerprint: self.fingerprint.clone(),
            status: i32::from(status),
            location,
            body,
            created_at: now.naive_utc(),
        })
    }
}

fn replay(row: &IdempotencyRow, fingerprint: &str) -> Replay {
    if row.fingerprint != fingerprint {
        return Replay::Reused;
    }
    Replay::Same {
        status: u16::try_from(row.status).unwrap_or(200),
        location: row.location.clone(),
        body: row.body.clone(),
    }
}

/// Looks for an answer before anything else is looked at; the turn itself looks once more.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn find_replay(
    engine: &Engine,
    key_id: &str,
    key: &str,
    fingerprint: &str,
) -> Result<Option<Replay>, Failure> {
    let (key_id, key) = (key_id.to_owned(), key.to_owned());
    let row = engine.store.read(move |connection| requests::find_answer(connection, &key_id, &key)).await?;
    Ok(row.map(|row| replay(&row, fingerprint)))
}

/// What a turn under a key came to.
#[derive(Clone, Debug)]
pub enum Keyed<D> {
    /// It was carried out.
    Done(D),
    /// The key was used before.
    Replayed(Replay),
}

/// A turn whose answer is stored under the caller's key, if he gave one.
#[derive(Debug)]
pub struct WithKey<W: Work> {
    /// The turn.
    pub work: W,
    /// The key.
    pub idempotent: Option<Idempotent<W::Output>>,
}

impl<W: Work> Work for WithKey<W>
where
    W::Output: Clone,
{
    type Output = Keyed<W::Output>;

    fn lane_key(&self) -> Option<&str> {
        self.work.lane_key()
    }

    fn keys(&mut self, connection: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.idempotency.extend(self.idempotent.as_ref().map(Idempotent::storage_key));
        self.work.keys(connection, keys)
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Self::Output, Fault> {
        if let Some(replay) = self.idempotent.as_ref().and_then(|idempotent| idempotent.find(space)) {
            return Ok(Keyed::Replayed(replay));
        }
        let done = self.work.run(space, now)?;
        if let Some(idempotent) = &self.idempotent {
            idempotent.keep(space, &done, now);
        }
        Ok(Keyed::Done(done))
    }

    fn bury(&mut self, space: &mut Space, now: Timestamp, fault: &Fault) -> Result<Self::Output, Fault> {
        self.work.bury(space, now, fault).map(Keyed::Done)
    }
}

/// A turn that changes nothing: only its answer is stored, such as that of a duplicate.
#[derive(Clone, Copy, Debug)]
pub struct NoEffect;

impl Work for NoEffect {
    type Output = ();

    fn keys(&mut self, _: &mut AnyConnection, _: &mut Keys) -> Result<(), StoreError> {
        Ok(())
    }

    fn run(&mut self, _: &mut Space, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }
}
