//! [`Readers`]: the pool of connections that only read. They never wait for the writer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::{AnyConnection, Connector, StoreError};

/// A pool of reading connections, opened when first needed.
#[derive(Clone)]
pub struct Readers {
    inner: Arc<Inner>,
}

struct Inner {
    connector: Connector,
    wait_max: Duration,
    idle: Mutex<Vec<AnyConnection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    /// `size` connections, each waited for at most `wait_max` (RF6).
    pub(super) fn new(connector: Connector, size: usize, wait_max: Duration) -> Self {
        let permits = Arc::new(Semaphore::new(size));
        Self { inner: Arc::new(Inner { connector, wait_max, idle: Mutex::new(Vec::new()), permits }) }
    }

    /// Runs queries on a thread that may block.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] when none is free in time, or whatever `work` returns.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permits = Arc::clone(&self.inner.permits);
        let permit = tokio::time::timeout(self.inner.wait_max, permits.acquire_owned())
            .await
            .map_err(|_| StoreError::Overloaded)?
            .map_err(|_| StoreError::Stopped)?;
        let inner = Arc::clone(&self.inner);
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            inner.with_connection(work)
        });
        task.await.map_err(|error| StoreError::Corrupt(format!("a query panicked: {error}")))?
    }
}

impl Inner {
    fn with_connection<T>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.connector.reconnect()?,
        };
        let result = work(&mut connection);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if result.as_ref().is_err_and(StoreError::kills_connection) {
            // Those that wait beside it were opened to the same database, which may have been restarted.
            idle.clear();
        } else {
            idle.push(connection);
        }
        result
    }
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").finish_non_exhaustive()
    }
}
