//! [`AnyConnection`]: one enum for both databases, opened by URL scheme (RP12). The only file that knows pragmas.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::checkpoint::LOG_PAGES_MAX;
use super::{ConnectionSettings, StoreError};

/// Held by a change of set-up until its commit; the number is ours alone.
const CHANGES_LOCK: &str = "SELECT pg_advisory_xact_lock(4820174)";

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// The embedded default.
    Sqlite(SqliteConnection),
    /// For many nodes.
    Postgres(PgConnection),
}

/// Where the data lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:PATH`.
    Sqlite(String),
    /// `postgres://…`.
    Postgres(String),
}

impl DatabaseUrl {
    /// Decides by scheme, never by trial (RP12).
    ///
    /// # Errors
    /// [`StoreError::BadUrl`] for any other scheme.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        match url.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() => {
                Ok(Self::Sqlite(path.strip_prefix("//").unwrap_or(path).to_owned()))
            }
            _ => Err(StoreError::BadUrl(url.to_owned())),
        }
    }

    /// Whether it names a SQLite file that is not there yet; opening it would make it.
    #[must_use]
    pub fn is_missing_file(&self) -> bool {
        match self {
            Self::Sqlite(path) => path != ":memory:" && !std::path::Path::new(path).exists(),
            Self::Postgres(_) => false,
        }
    }

    /// Whether several nodes may share it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Opens one connection with the default settings, for a short command.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when the database cannot be reached.
    pub fn connect(&self) -> Result<AnyConnection, StoreError> {
        self.connect_with(&ConnectionSettings::default())
    }

    fn connect_with(&self, settings: &ConnectionSettings) -> Result<AnyConnection, StoreError> {
        let setup =
            |error: &dyn std::fmt::Display| StoreError::Setup(format!("cannot open the database: {error}"));
        match self {
            Self::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(path).map_err(|e| setup(&e))?;
                connection.batch_execute(&sqlite_pragmas(settings)).map_err(|e| setup(&e))?;
                Ok(AnyConnection::Sqlite(connection))
            }
            Self::Postgres(url) if insists_on_tls(url) && !cfg!(feature = "postgres-tls") => Err(setup(
                &"its URL insists on TLS, and this antiphon was built without TLS to PostgreSQL; build it with \
                  --features postgres-tls",
            )),
            Self::Postgres(url) => {
                let mut connection =
                    PgConnection::establish(&with_connect_timeout(url)).map_err(|e| setup(&e))?;
                connection.batch_execute(&postgres_settings(settings)).map_err(|e| setup(&e))?;
                Ok(AnyConnection::Postgres(connection))
            }
        }
    }
}

/// Whether a URL takes nothing less than TLS.
fn insists_on_tls(url: &str) -> bool {
    ["sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"].iter().any(|mode| url.contains(mode))
}

/// A host that does not answer at all is given up after five seconds, unless the URL says otherwise.
fn with_connect_timeout(url: &str) -> String {
    if url.contains("connect_timeout=") {
        return url.to_owned();
    }
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}connect_timeout=5")
}

/// Opens the connections of a server: one database, one way to use it.
#[derive(Clone, Debug)]
pub struct Connector {
    /// The database.
    pub url: DatabaseUrl,
    /// How each connection is set up.
    pub settings: ConnectionSettings,
}

impl Connector {
    /// Opens one connection.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when the database cannot be reached.
    pub fn connect(&self) -> Result<AnyConnection, StoreError> {
        self.url.connect_with(&self.settings)
    }

    /// Opens a connection in place of one that was lost, while the server runs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: it may be there again later.
    pub(super) fn reconnect(&self) -> Result<AnyConnection, StoreError> {
        self.connect().map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}

/// WAL, and how long to wait for the lock; SQLite has no limit for a statement.
fn sqlite_pragmas(settings: &ConnectionSettings) -> String {
    let lock_timeout = settings.lock_timeout.as_millis();
    let synchronous = if settings.survives_power_loss { "FULL" } else { "NORMAL" };
    // What a reader does not find here the system has in its own cache.
    let cache_kib = if settings.for_turns { 32_768 } else { 8_192 };
    format!(
        "PRAGMA busy_timeout = {lock_timeout}; PRAGMA journal_mode = WAL; \
         PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; \
         PRAGMA cache_size = -{cache_kib}; PRAGMA wal_autocheckpoint = {LOG_PAGES_MAX};"
    )
}

/// Time-outs in milliseconds; UTC, whatever the server's zone is.
fn postgres_settings(settings: &ConnectionSettings) -> String {
    let statement_timeout = settings.statement_timeout.as_millis();
    let lock_timeout = settings.lock_timeout.as_millis();
    let idle = statement_timeout.saturating_mul(2);
    let commit = if settings.survives_power_loss { "" } else { " SET synchronous_commit = off;" };
    let plans = if settings.for_turns {
        // The planner knows nothing of the arrays and limits it will be given: it would read and sort whatever is due.
        " SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off; \
         SET plan_cache_mode = force_generic_plan;"
    } else {
        ""
    };
    format!(
        "SET statement_timeout = {statement_timeout}; SET lock_timeout = {lock_timeout}; \
         SET idle_in_transaction_session_timeout = {idle}; SET timezone = 'UTC';{commit}{plans}"
    )
}

impl AnyConnection {
    /// Runs `work` in one write transaction: `BEGIN IMMEDIATE` on SQLite (RP3), READ COMMITTED on PostgreSQL.
    /// The only way to write.
    ///
    /// # Errors
    /// Whatever `work` returns, after a roll back; or a [`StoreError`] of the commit.
    pub fn write<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.begin()?;
        self.complete(work)
    }

    /// The first half of [`Self::write`]: after an error nothing has happened.
    pub(super) fn begin(&mut self) -> Result<(), StoreError> {
        Ok(self.batch_execute(match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN",
        })?)
    }

    /// The second half of [`Self::write`].
    pub(super) fn complete<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = work(self).and_then(|value| {
            self.batch_execute("COMMIT")?;
            Ok(value)
        });
        if result.is_err() {
            // On a full disk SQLite has already rolled back by itself; the error we report is the first one.
            let _ = self.batch_execute("ROLLBACK");
        }
        result
    }
}

impl AnyConnection {
    /// Changes set-up (surveys, channels, keys, gateways) in a write transaction of its own, as [`Self::write`]; for
    /// whoever has no [`Store`](super::Store) at hand.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn change<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.write(|connection| {
            connection.lock_changes()?;
            work(connection)
        })
    }

    /// Changes of set-up are serial between nodes too; on one node the writer sees to it.
    pub(super) fn lock_changes(&mut self) -> Result<(), StoreError> {
        if let Self::Postgres(postgres) = self {
            postgres.batch_execute(CHANGES_LOCK)?;
        }
        Ok(())
    }
}

/// Runs the same diesel code on the concrete connection of either database, for the few statements that do not
/// compile through the enum (ON CONFLICT) or must be prepared per backend.
macro_rules! on_backend {
    ($connection:expr, $concrete:ident => $body:expr) => {
        match $connection {
            $crate::store::AnyConnection::Sqlite($concrete) => $body,
            $crate::store::AnyConnection::Postgres($concrete) => $body,
        }
    };
}
pub(crate) use on_backend;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn postgres_is_told_every_limit_and_how_much_a_commit_survives() {
        let strict = postgres_settings(&ConnectionSettings::default());
        assert_eq!(
            strict,
            "SET statement_timeout = 5000; SET lock_timeout = 2000; \
             SET idle_in_transaction_session_timeout = 10000; SET timezone = 'UTC';"
        );
        let relaxed = postgres_settings(&ConnectionSettings {
            survives_power_loss: false,
            statement_timeout: Duration::from_mins(10),
            lock_timeout: Duration::from_secs(1),
            for_turns: true,
        });
        for told in [
            "SET statement_timeout = 600000;",
            "SET lock_timeout = 1000;",
            "SET idle_in_transaction_session_timeout = 1200000;",
            "SET synchronous_commit = off;",
            "SET plan_cache_mode = force_generic_plan;",
        ] {
            assert!(relaxed.contains(told), "RF3, RF6: {told}: {relaxed}");
        }
    }
}
