//! [`StoreSettings`] and [`ConnectionSettings`]: how the database is used. Each has its documented key under
//! `[database]`; they decide nothing about rows.

use std::time::Duration;

/// What every connection of a server is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// A commit survives power loss, not only the end of the process (`database.durability`, RF3); default true.
    pub survives_power_loss: bool,
    /// Longest statement (`database.statement_timeout`, RF6); default 5 s. PostgreSQL alone knows such a limit;
    /// there a transaction that does nothing for twice as long is ended too.
    pub statement_timeout: Duration,
    /// Longest wait for a lock (`database.lock_timeout`, RF6); default 2 s.
    pub lock_timeout: Duration,
    /// Its statements are those of turns: prepared once, and each row found by an index (`tests/it/store/plans.rs`).
    /// PostgreSQL is told so, since it would keep a plan that it made while a table was small.
    pub for_turns: bool,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            survives_power_loss: true,
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            for_turns: false,
        }
    }
}

/// How a server uses its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// For each connection.
    pub connection: ConnectionSettings,
    /// A PostgreSQL database is brought up to date at the start (`database.migrate`, RE42); default false. A SQLite
    /// file always is: one process uses it.
    pub migrates: bool,
    /// Transactions that are written at the same time on PostgreSQL (`database.writers`); default 2. SQLite has
    /// one writer.
    pub writers: usize,
    /// Most turns in one write transaction (`database.writer_batch`); default 512.
    pub writer_batch: usize,
    /// Connections that only read (`database.readers`); default 4.
    pub readers: usize,
    /// Longest wait for one of them (`database.pool_wait`, RF6); default 2 s.
    pub pool_wait: Duration,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            connection: ConnectionSettings::default(),
            migrates: false,
            writers: 2,
            writer_batch: 512,
            readers: 4,
            pool_wait: Duration::from_secs(2),
        }
    }
}
