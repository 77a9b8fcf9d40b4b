//! `Idempotency-Key`: the answer to a POST is stored in the transaction that does the work, so that a repeat
//! gets the same answer and no second effect (RE25).

use std::fmt;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::store::Space;
use crate::store::requests::IdempotencyRow;

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
        f.debug_struct("Idempotent")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
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
        let row = space.idempotency.get(&self.storage_key())?;
        if row.fingerprint != self.fingerprint {
            return Some(Replay::Reused);
        }
        Some(Replay::Same {
            status: u16::try_from(row.status).unwrap_or(200),
            location: row.location.clone(),
            body: row.body.clone(),
        })
    }

    /// Stores the answer with the effect.
    pub fn keep(&self, space: &mut Space, done: &D, now: Timestamp) {
        let (status, location, body) = (self.render)(done);
        let row = IdempotencyRow {
            key_id: self.key_id.clone(),
            idempotency_key: self.key.clone(),
            fingerprint: self.fingerprint.clone(),
            status: i32::from(status),
            location,
            body,
            created_at: now.naive_utc(),
        };
        space.idempotency.insert(self.storage_key(), row);
    }
}
