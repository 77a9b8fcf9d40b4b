//! [`InFlight`]: the `Idempotency-Key`s whose first request is still running on this node (RE25). A turn stores
//! its answer in its own transaction and turns of one key are serial, so no second effect is possible; but while
//! the database keeps a request waiting, its repeat is told so rather than kept as well. It stores nothing.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::problem::{Problem, ProblemCode};

/// How long a repeat waits for the first request to end (RE25).
const WAIT: Duration = Duration::from_secs(2);

/// Seconds after which a repeat may ask again.
const RETRY_AFTER_SECONDS: u64 = 2;

/// API key and `Idempotency-Key`.
type Name = (String, String);

/// The keys in use. Cloning is cheap; all clones share them.
#[derive(Clone, Default)]
pub struct InFlight {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    names: Mutex<HashSet<Name>>,
    freed: Notify,
}

/// The right to carry out the request of one key; given back when the last clone of its `Arc` is dropped.
pub struct Claim {
    shared: Arc<Shared>,
    name: Name,
}

impl InFlight {
    /// Claims a key, after the requests that hold it.
    ///
    /// # Errors
    /// 409 `idempotency_in_progress` with `Retry-After` when it is still held after 2 s.
    pub async fn claim(&self, key_id: &str, key: &str) -> Result<Arc<Claim>, Problem> {
        let name = (key_id.to_owned(), key.to_owned());
        let deadline = Instant::now() + WAIT;
        loop {
            let mut freed = std::pin::pin!(self.shared.freed.notified());
            freed.as_mut().enable();
            if self.shared.locked().insert(name.clone()) {
                return Ok(Arc::new(Claim { shared: Arc::clone(&self.shared), name }));
            }
            if timeout_at(deadline, freed).await.is_err() {
                let detail = "the first request with this Idempotency-Key has no answer yet; ask again";
                let problem = Problem::new(ProblemCode::IdempotencyInProgress, detail);
                return Err(problem.retry_after(RETRY_AFTER_SECONDS));
            }
        }
    }
}

impl Shared {
    fn locked(&self) -> std::sync::MutexGuard<'_, HashSet<Name>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.shared.locked().remove(&self.name);
        self.shared.freed.notify_waiters();
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight").field("keys", &self.shared.locked().len()).finish()
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").finish_non_exhaustive()
    }
}
