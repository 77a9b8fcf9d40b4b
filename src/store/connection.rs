//! [`AnyConnection`]: one enum for both databases, opened by URL scheme (RP12). The only file that knows pragmas.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::StoreError;

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

    /// Opens one connection with our settings: WAL and FULL durability on SQLite, time-outs on both (RF6).
    ///
    /// # Errors
    /// [`StoreError::Setup`] when the database cannot be reached.
    pub fn connect(&self) -> Result<AnyConnection, StoreError> {
        let setup =
            |error: &dyn std::fmt::Display| StoreError::Setup(format!("cannot open the database: {error}"));
        match self {
            Self::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(path).map_err(|e| setup(&e))?;
                connection.batch_execute(SQLITE_PRAGMAS).map_err(|e| setup(&e))?;
                Ok(AnyConnection::Sqlite(connection))
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::establish(url).map_err(|e| setup(&e))?;
                connection.batch_execute(POSTGRES_SETTINGS).map_err(|e| setup(&e))?;
                Ok(AnyConnection::Postgres(connection))
            }
        }
    }
}

const SQLITE_PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; \
    PRAGMA wal_autocheckpoint = 4000;";

const POSTGRES_SETTINGS: &str = "SET statement_timeout = '5s'; SET lock_timeout = '2s'; \
    SET idle_in_transaction_session_timeout = '10s'; SET timezone = 'UTC';";

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
        self.batch_execute(match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN",
        })?;
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
