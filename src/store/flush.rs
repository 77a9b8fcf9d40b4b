//! Writes a [`Space`] back: inserts, then updates, table by table. SQLite gets one prepared statement row by
//! row, PostgreSQL multi-row inserts (HOUSE 4). Each statement is prepared once in the life of a connection:
//! its columns never vary, so rows say `treat_none_as_default_value = false`, and updates are [`update_row`]'s.

use diesel::prelude::*;

use super::answers::AnswerRow;
use super::channels::BucketRow;
use super::connection::on_backend;
use super::consents::{ConsentRow, ContactRow};
use super::events::CounterRow;
use super::inbound::InboundRow;
use super::messages::{AttemptRow, MessageRow, ReportRow};
use super::requests::SendRequestRow;
use super::schema::{
    answers, channel_buckets, consent_events, consents, contacts, counters, delivery_reports, events,
    idempotency, inbound, messages, send_attempts, send_requests, session_handles, sessions,
};
use super::space::Space;
use super::update_row::update_row;
use super::{AnyConnection, SessionRow, StoreError, audit};

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

/// Updates rows of one type by primary key: the whole row, or the columns of it that can change.
macro_rules! update_rows {
    ($connection:expr, $kind:ty, $table:expr, $rows:expr, $row:ident => $key:expr) => {
        update_rows!($connection, $kind, $table, $rows, $row => $key, $row)
    };
    ($connection:expr, $kind:ty, $table:expr, $rows:expr, $row:ident => $key:expr, $changes:expr) => {
        on_backend!($connection, concrete => {
            for $row in $rows {
                update_row::<$kind, _, _, _>(&$table, $key, $changes).execute(concrete)?;
            }
        })
    };
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
    update_rows!(connection, ContactRow, contacts::table, space.contacts.updates(), row => {
        contacts::phone.eq(&row.phone)
    });
    insert_rows!(connection, consents::table, space.consents.inserts());
    update_rows!(connection, ConsentRow, consents::table, space.consents.updates(), row => {
        consents::phone.eq(&row.phone).and(consents::scope.eq(&row.scope))
    });
    insert_rows!(connection, consent_events::table, space.consent_events().iter());
    insert_rows!(connection, inbound::table, space.inbound.inserts());
    update_rows!(connection, InboundRow, inbound::table, space.inbound.updates(), row => {
        inbound::id.eq(&row.id)
    });
    Ok(())
}

fn flush_sessions(connection: &mut AnyConnection, space: &Space) -> Result<(), StoreError> {
    // Updates first: a superseded session gives its open slot to the new one.
    update_rows!(connection, SessionRow, sessions::table, space.sessions.updates(), row => {
        sessions::id.eq(&row.id)
    });
    insert_rows!(connection, sessions::table, space.sessions.inserts());
    insert_rows!(connection, session_handles::table, space.handles.inserts());
    insert_rows!(connection, answers::table, space.answers.inserts());
    update_rows!(connection, AnswerRow, answers::table, space.answers.updates(), row => {
        answers::session_id
            .eq(&row.session_id)
            .and(answers::element_id.eq(&row.element_id))
            .and(answers::visit.eq(row.visit))
    });
    insert_rows!(connection, events::table, space.events().iter());
    Ok(())
}

fn flush_outbox(connection: &mut AnyConnection, space: &Space) -> Result<(), StoreError> {
    insert_rows!(connection, messages::table, space.messages.inserts());
    update_rows!(connection, MessageRow, messages::table, space.messages.updates(), row => {
        messages::id.eq(&row.id)
    });
    insert_rows!(connection, send_attempts::table, space.attempts.inserts());
    update_rows!(connection, AttemptRow, send_attempts::table, space.attempts.updates(), row => {
        send_attempts::message_id.eq(&row.message_id).and(send_attempts::attempt.eq(row.attempt))
    }, (
        send_attempts::finished_at.eq(row.finished_at),
        send_attempts::result.eq(&row.result),
        send_attempts::code.eq(&row.code),
        send_attempts::external_id.eq(&row.external_id),
    ));
    insert_rows!(connection, delivery_reports::table, space.reports.inserts());
    update_rows!(connection, ReportRow, delivery_reports::table, space.reports.updates(), row => {
        delivery_reports::id.eq(&row.id)
    }, delivery_reports::message_id.eq(&row.message_id));
    insert_rows!(connection, channel_buckets::table, space.buckets.inserts());
    update_rows!(connection, BucketRow, channel_buckets::table, space.buckets.updates(), row => {
        channel_buckets::channel_id.eq(&row.channel_id)
    });
    Ok(())
}

fn flush_requests(connection: &mut AnyConnection, space: &Space) -> Result<(), StoreError> {
    insert_rows!(connection, send_requests::table, space.send_requests.inserts());
    update_rows!(connection, SendRequestRow, send_requests::table, space.send_requests.updates(), row => {
        send_requests::survey_id
            .eq(&row.survey_id)
            .and(send_requests::phone.eq(&row.phone))
            .and(send_requests::client_reference.eq(&row.client_reference))
    });
    insert_rows!(connection, idempotency::table, space.idempotency.inserts());
    insert_rows!(connection, counters::table, space.counters.inserts());
    update_rows!(connection, CounterRow, counters::table, space.counters.updates(), row => {
        counters::name.eq(&row.name)
    });
    Ok(())
}
