//! Schema migrations, embedded for both databases. Never run on a schema newer than this binary knows, and on
//! PostgreSQL by one node at a time (RE42).

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::on_backend;
use super::{AnyConnection, StoreError};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Taken while a node migrates; others wait, and then find nothing to do. The number is ours alone. A migration
/// itself waits for no lock longer than 2 s, so as not to hold up the nodes at work.
const ALONE: &str = "SET statement_timeout = 0; SET lock_timeout = '10min'; SELECT pg_advisory_lock(4820175); \
                     SET lock_timeout = '2s'";
const ALONE_NO_MORE: &str = "SELECT pg_advisory_unlock(4820175)";

/// Brings the schema up to this binary's; gives the names of the migrations run. On PostgreSQL it changes the time
/// limits of the connection: give it one of its own.
///
/// # Errors
/// [`StoreError::Setup`] when a migration fails or the schema is newer than this binary.
pub fn migrate(connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    if let AnyConnection::Postgres(postgres) = connection {
        postgres.batch_execute(ALONE)?;
    }
    let run = refuse_newer(connection).and_then(|()| run_pending(connection));
    if let AnyConnection::Postgres(postgres) = connection {
        postgres.batch_execute(ALONE_NO_MORE)?;
    }
    run
}

/// Refuses a schema that is older or newer than this binary's.
///
/// # Errors
/// [`StoreError::Pending`] when migrations wait; [`StoreError::Setup`] when the schema is newer or cannot be read.
pub fn require_current(connection: &mut AnyConnection) -> Result<(), StoreError> {
    refuse_newer(connection)?;
    let pending = pending(connection)?;
    if pending.is_empty() { Ok(()) } else { Err(StoreError::Pending(pending.join(", "))) }
}

fn run_pending(connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    let run = match connection {
        AnyConnection::Sqlite(sqlite) => names(sqlite.run_pending_migrations(SQLITE)),
        AnyConnection::Postgres(postgres) => names(postgres.run_pending_migrations(POSTGRES)),
    };
    run.map_err(|error| StoreError::Setup(format!("a migration failed: {error}")))
}

/// The migrations that [`migrate`] would run.
///
/// # Errors
/// [`StoreError::Setup`] when the schema cannot be read.
pub fn pending(connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    let names = match connection {
        AnyConnection::Sqlite(sqlite) => sqlite
            .pending_migrations(SQLITE)
            .map(|found| found.iter().map(|migration| migration.name().to_string()).collect()),
        AnyConnection::Postgres(postgres) => postgres
            .pending_migrations(POSTGRES)
            .map(|found| found.iter().map(|migration| migration.name().to_string()).collect()),
    };
    names.map_err(|error| StoreError::Setup(format!("the schema version cannot be read: {error}")))
}

/// Undoes every migration; for the up-down-up test and nothing else.
///
/// # Errors
/// [`StoreError::Setup`] when a migration fails.
pub fn revert_all(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let reverted = match connection {
        AnyConnection::Sqlite(sqlite) => sqlite.revert_all_migrations(SQLITE).map(|_| ()),
        AnyConnection::Postgres(postgres) => postgres.revert_all_migrations(POSTGRES).map(|_| ()),
    };
    reverted.map_err(|error| StoreError::Setup(format!("a migration could not be undone: {error}")))
}

fn names<E>(run: Result<Vec<diesel::migration::MigrationVersion<'_>>, E>) -> Result<Vec<String>, E> {
    run.map(|versions| versions.iter().map(ToString::to_string).collect())
}

/// A schema that an older binary would misread is refused (RE42).
fn refuse_newer(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let applied = match connection {
        AnyConnection::Sqlite(sqlite) => sqlite.applied_migrations(),
        AnyConnection::Postgres(postgres) => postgres.applied_migrations(),
    }
    .map_err(|error| StoreError::Setup(format!("the schema version cannot be read: {error}")))?;
    let known = known_versions()?;
    match applied.iter().map(ToString::to_string).find(|version| !known.contains(version)) {
        Some(version) => Err(StoreError::Setup(format!(
            "the database has migration {version}, which this antiphon does not know; run a newer antiphon"
        ))),
        None => Ok(()),
    }
}

fn known_versions() -> Result<Vec<String>, StoreError> {
    use diesel::migration::MigrationSource;
    let migrations = MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE)
        .map_err(|error| StoreError::Setup(error.to_string()))?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// Runs a statement that answers one row, to prove that the database answers.
///
/// # Errors
/// [`StoreError`] when it does not.
pub fn ping(connection: &mut AnyConnection) -> Result<(), StoreError> {
    on_backend!(connection, concrete => diesel::sql_query("SELECT 1").execute(concrete))?;
    Ok(())
}
