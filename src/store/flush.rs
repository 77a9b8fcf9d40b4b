//! Writes a [`Space`] back: inserts, then updates, table by table. SQLite gets one prepared statement row by
//! row, PostgreSQL multi-row inserts (HOUSE 4).

use diesel::prelude::*;

use super::schema::{
    answers, channel_buckets, consent_events, consents, contacts, counters, delivery_reports, events,
    idempotency, inbound, messages, send_attempts, send_requests, session_handles, sessions,
};
use super::space::Space;
use super::{AnyConnection, StoreError, audit};

/// Rows of one multi-row statement: PostgreSQL takes at most 65,535 binds, and our widest row has 33.
const ROWS_PER_STATEMENT: usize = 1000;

/// Inserts rows by reference.
macro_rules! insert_rows {
    ($connection:expr, $table:expr, $rows:expr) => {{
        match $connection {
            AnyConnection::Sqlite(sqlite) => {
                for row in $rows {
                    diesel::insert_into($table).values(row).execute(sqlite)?;
                }
            }
            AnyConnection::Postgres(postgres) => {
                let rows: Vec<_> = $rows.collect();
                for chunk in rows.chunks(ROWS_PER_STATEMENT) {
                    diesel::insert_into($table).values(chunk.to_vec()).execute(postgres)?;
                }
            }
        }
    }};
}

/// Updates whole rows by primary key.
macro_rules! update_rows {
    ($connection:expr, $rows:expr, $row:ident => $find:expr) => {{
        for $row in $rows {
            diesel::update($find).set($row).execute($connection)?;
        }
    }};
}

/// Writes everything that the batch made or changed.
///
/// # Errors
/// [`StoreError::Constraint`] when a row breaks an invariant; other [`StoreError`]s of the statements.
pub fn flush(connection: &mut AnyConnection, space: &Space) -> Result<(), StoreError> {
    flush_phones(connection, space)?;
    flush_sessions(connection, space)?;
    flush_outbox(connection, space)?;
    flush_requests(connection, space)?;
    audit::append(connection, space.audit())
}

fn flush_phones(connection: &mut AnyConnection, space: &Space) -> Result<(), StoreError> {
    insert_rows!(connection, contacts::table, space.contacts.inserts());
    update_rows!(connection, space.contacts.updates(), row => contacts::table.find(&row.phone));
    insert_rows!(connection, consents::table, space.consents.inserts());
    update_rows!(connection, space.consents.updates(), row => consents::table.find((&row.phone, &row.scope)));
    insert_rows!(connection, consent_events::table, space.consent_events().iter());
    insert_rows!(connection, inbound::table, space.inbound.inserts());
    update_rows!(connection, space.inbound.updates(), row => inbound::table.find(&row.id));
    Ok(())
}

fn flush_sessions(connection: &mut AnyConnection, space: &Space) -> Result<(), StoreError> {
    // Updates first: a superseded session gives its open slot to the new one.
    update_rows!(connection, space.sessions.updates(), row => sessions::table.find(&row.id));
    insert_rows!(connection, sessions::table, space.sessions.inserts());
    insert_rows!(connection, session_handles::table, space.handles.inserts());
    insert_rows!(connection, answers::table, space.answers.inserts());
    update_rows!(connection, space.answers.updates(), row => {
        answers::table.find((&row.session_id, &row.element_id, row.visit))
    });
    insert_rows!(connection, events::table, space.events().iter());
    Ok(())
}

fn flush_outbox(connection: &mut AnyConnection, space: &Space) -> Result<(), StoreError> {
    insert_rows!(connection, messages::table, space.messages.inserts());
    update_rows!(connection, space.messages.updates(), row => messages::table.find(&row.id));
    insert_rows!(connection, send_attempts::table, space.attempts.inserts());
    for row in space.attempts.updates() {
        diesel::update(send_attempts::table.find((&row.message_id, row.attempt)))
            .set((
                send_attempts::finished_at.eq(row.finished_at),
                send_attempts::result.eq(&row.result),
                send_attempts::code.eq(&row.code),
                send_attempts::external_id.eq(&row.external_id),
            ))
            .execute(connection)?;
    }
    insert_rows!(connection, delivery_reports::table, space.reports.inserts());
    for row in space.reports.updates() {
        diesel::update(delivery_reports::table.find(&row.id))
            .set(delivery_reports::message_id.eq(&row.message_id))
            .execute(connection)?;
    }
    insert_rows!(connection, channel_buckets::table, space.buckets.inserts());
    update_rows!(connection, space.buckets.updates(), row => channel_buckets::table.find(&row.channel_id));
    Ok(())
}

fn flush_requests(connection: &mut AnyConnection, space: &Space) -> Result<(), StoreError> {
    insert_rows!(connection, send_requests::table, space.send_requests.inserts());
    update_rows!(connection, space.send_requests.updates(), row => {
        send_requests::table.find((&row.survey_id, &row.phone, &row.client_reference))
    });
    insert_rows!(connection, idempotency::table, space.idempotency.inserts());
    insert_rows!(connection, counters::table, space.counters.inserts());
    update_rows!(connection, space.counters.updates(), row => counters::table.find(&row.name));
    Ok(())
}
