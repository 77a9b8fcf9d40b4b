//! Writes a [`Space`] back: inserts, then updates, table by table. SQLite gets one prepared statement row by
//! row, PostgreSQL one statement for all rows of a table (HOUSE 4). Each is prepared once in the life of a
//! connection.

use std::hash::Hash;

use diesel::prelude::*;

use super::columns::Stored;
use super::one_row::{DeleteRow, InsertRow, UpdateOften, UpdateRow};
use super::people::delete_terms;
use super::sessions::SessionUpdateRow;
use super::space::Space;
use super::table::{Change, Held, Rows, Table};
use super::unnest::{DeleteAll, InsertAll, UpdateAll};
use super::{AnyConnection, SessionRow, StoreError, audit};

/// Writes everything that the batch made or changed.
///
/// # Errors
/// [`StoreError::Constraint`] when a row breaks an invariant; other [`StoreError`]s of the statements.
pub fn flush(connection: &mut AnyConnection, space: &Space) -> Result<(), StoreError> {
    write_back(connection, &space.contacts)?;
    write_back(connection, &space.consents)?;
    flush_people(connection, space)?;
    insert(connection, space.consent_events())?;
    write_back(connection, &space.inbound)?;
    write_back(connection, &space.parts)?;
    flush_sessions(connection, space)?;
    write_back(connection, &space.messages)?;
    write_back(connection, &space.attempts)?;
    write_back(connection, &space.reports)?;
    write_back(connection, &space.buckets)?;
    write_back(connection, &space.gateway_buckets)?;
    write_back(connection, &space.send_requests)?;
    insert(connection, space.idempotency.inserts())?;
    write_back(connection, &space.counters)?;
    update(connection, space.webhooks.updates())?;
    write_back(connection, &space.deliveries)?;
    insert(connection, space.webhook_attempts())?;
    audit::append(connection, space.audit())
}

fn flush_people(connection: &mut AnyConnection, space: &Space) -> Result<(), StoreError> {
    let people = &space.people;
    write_back(connection, &people.customers)?;
    write_back(connection, people.phone_table())?;
    delete_terms(connection, people)?;
    insert(connection, people.new_terms())?;
    insert(connection, people.new_feed())?;
    write_back(connection, &people.floods)
}

fn flush_sessions(connection: &mut AnyConnection, space: &Space) -> Result<(), StoreError> {
    let changes: Vec<Change<'_, SessionRow>> = space.sessions.updates().collect();
    let moved: Vec<(Option<&SessionRow>, &SessionRow)> = changes
        .iter()
        .map(|change| (change.before, change.row))
        .filter(|(before, row)| before.is_none_or(|before| before.updated_at != row.updated_at))
        .collect();
    // Whoever gives an open slot up goes before who takes it: the new session that supersedes another, or the
    // one that waited. A statement with both would meet the unique index in any order.
    let (taking, giving): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|change| change.row.open_slot.is_some());
    update(connection, giving.into_iter())?;
    update(connection, taking.into_iter())?;
    insert(connection, space.sessions.inserts())?;
    flush_session_updates(connection, space, &moved)?;
    write_back(connection, &space.handles)?;
    write_back(connection, &space.answers)?;
    insert(connection, space.events())
}

/// Sessions take their new places in the lists: new ones, and those that `moved`, as they were and as they are.
fn flush_session_updates(
    connection: &mut AnyConnection,
    space: &Space,
    moved: &[(Option<&SessionRow>, &SessionRow)],
) -> Result<(), StoreError> {
    let left: Vec<SessionUpdateRow> =
        moved.iter().filter_map(|(before, _)| *before).map(SessionUpdateRow::from).collect();
    delete(connection, &left)?;
    let taken = space.sessions.inserts().chain(moved.iter().map(|(_, row)| *row));
    let taken: Vec<SessionUpdateRow> = taken.map(SessionUpdateRow::from).collect();
    insert(connection, &taken)
}

/// Inserts what is new in a table, then updates what is changed.
fn write_back<K: Ord + Hash, R: Stored + Clone, M: Rows<K, Held<R>>>(
    connection: &mut AnyConnection,
    table: &Table<K, R, M>,
) -> Result<(), StoreError> {
    insert(connection, table.inserts())?;
    update(connection, table.updates())
}

/// Inserts rows.
///
/// # Errors
/// [`StoreError::Constraint`] when a row breaks an invariant; other [`StoreError`]s of the statement.
pub(super) fn insert<'a, R: Stored>(
    connection: &mut AnyConnection,
    rows: impl IntoIterator<Item = &'a R>,
) -> Result<(), StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            for row in rows {
                InsertRow(row).execute(sqlite)?;
            }
        }
        AnyConnection::Postgres(postgres) => {
            let rows: Vec<&R> = rows.into_iter().collect();
            if !rows.is_empty() {
                InsertAll::new(&rows).execute(postgres)?;
            }
        }
    }
    Ok(())
}

/// Deletes the rows with the keys of these.
fn delete<R: Stored>(connection: &mut AnyConnection, rows: &[R]) -> Result<(), StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            for row in rows {
                DeleteRow(row).execute(sqlite)?;
            }
        }
        AnyConnection::Postgres(postgres) => {
            let rows: Vec<&R> = rows.iter().collect();
            if !rows.is_empty() {
                DeleteAll::new(&rows).execute(postgres)?;
            }
        }
    }
    Ok(())
}

/// Writes back what may change of rows that the database has.
fn update<'a, R: Stored>(
    connection: &mut AnyConnection,
    changes: impl Iterator<Item = Change<'a, R>>,
) -> Result<(), StoreError> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            for Change { row, is_rare, .. } in changes {
                if is_rare {
                    UpdateRow(row).execute(sqlite)?;
                } else {
                    UpdateOften(row).execute(sqlite)?;
                }
            }
        }
        AnyConnection::Postgres(postgres) => {
            let rows: Vec<&R> = changes.map(|change| change.row).collect();
            if !rows.is_empty() {
                UpdateAll::new(&rows).execute(postgres)?;
            }
        }
    }
    Ok(())
}
