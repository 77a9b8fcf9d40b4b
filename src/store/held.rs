//! [`Held`]: the connection that one thread keeps to itself. A connection that is lost is thrown away and opened
//! again when it is next needed, never in a tight loop (RP5); it decides nothing about what is written.

use std::time::{Duration, Instant};

use super::{AnyConnection, Connector, StoreError};

/// After a failed attempt to connect nobody tries again for this long: callers hear at once that the database is
/// away.
const CONNECT_PAUSE: Duration = Duration::from_millis(250);

/// A connection and the way to another.
pub(super) struct Held {
    connector: Connector,
    connection: Option<AnyConnection>,
    failed: Option<Instant>,
}

impl Held {
    /// Starts with this connection; without one it is opened when first needed.
    pub(super) fn new(connector: Connector, connection: Option<AnyConnection>) -> Self {
        Self { connector, connection, failed: None }
    }

    /// Runs `work`, which may be run again: a connection that was lost while nobody used it is replaced first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a connection, or whatever `work` returns.
    pub(super) fn use_once<T>(
        &mut self,
        mut work: impl FnMut(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(mut connection) = self.connection.take() {
            match work(&mut connection) {
                Err(error) if error.kills_connection() => {}
                done => {
                    self.connection = Some(connection);
                    return done;
                }
            }
        }
        let mut connection = self.open()?;
        let done = work(&mut connection);
        if !done.as_ref().is_err_and(StoreError::kills_connection) {
            self.connection = Some(connection);
        }
        done
    }

    /// Runs `work` in one write transaction, once: only a connection that cannot even begin is replaced.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a connection, or whatever `work` or the commit returns.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.use_once(AnyConnection::begin)?;
        let Some(mut connection) = self.connection.take() else {
            return Err(StoreError::Unavailable("the connection is lost".to_owned()));
        };
        let done = connection.complete(work);
        if !done.as_ref().is_err_and(StoreError::kills_connection) {
            self.connection = Some(connection);
        }
        done
    }

    fn open(&mut self) -> Result<AnyConnection, StoreError> {
        if self.failed.is_some_and(|failed| failed.elapsed() < CONNECT_PAUSE) {
            return Err(StoreError::Unavailable("the database could not be reached a moment ago".to_owned()));
        }
        let opened = self.connector.reconnect();
        self.failed = opened.is_err().then(Instant::now);
        opened
    }
}
