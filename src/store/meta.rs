//! Facts about this installation: its id, epoch, the clock's high-water mark, the start counter (RE7), and the
//! version of its set-up.

use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types;

use super::bell::{CHANNEL, SETUP};
use super::connection::on_backend;
use super::schema::{inbound, messages, meta};
use super::{AnyConnection, StoreError};
use crate::clock::{Clock, Timestamp};

/// The value of a fact.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn get(connection: &mut AnyConnection, name: &str) -> Result<Option<String>, StoreError> {
    Ok(meta::table.find(name).select(meta::value).first(connection).optional()?)
}

/// Sets a fact.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn set(connection: &mut AnyConnection, name: &str, value: &str) -> Result<(), StoreError> {
    on_backend!(connection, concrete => {
        diesel::insert_into(meta::table)
            .values((meta::name.eq(name), meta::value.eq(value)))
            .on_conflict(meta::name)
            .do_update()
            .set(meta::value.eq(value))
            .execute(concrete)
    })?;
    Ok(())
}

/// The clock's high-water mark (RF29).
const CLOCK_HIGH_WATER: &str = "clock_high_water_micros";

/// The latest time this installation told before it last stopped (RF29); `None` before its first stop.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn clock_high_water(connection: &mut AnyConnection) -> Result<Option<Timestamp>, StoreError> {
    let micros = get(connection, CLOCK_HIGH_WATER)?.and_then(|text| text.parse().ok());
    Ok(micros.and_then(chrono::DateTime::from_timestamp_micros))
}

/// Keeps the latest time told.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn keep_clock_high_water(connection: &mut AnyConnection, told: Timestamp) -> Result<(), StoreError> {
    set(connection, CLOCK_HIGH_WATER, &told.timestamp_micros().to_string())
}

/// The highest value of the one sequence that is stored anywhere (RE8).
///
/// # Errors
/// [`StoreError`] of a query.
pub fn highest_sequence(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let received: Option<i64> =
        inbound::table.select(diesel::dsl::max(inbound::recv_seq)).first(connection)?;
    let sent: Option<i64> = messages::table.select(diesel::dsl::max(messages::send_seq)).first(connection)?;
    Ok(received.unwrap_or(0).max(sent.unwrap_or(0)))
}

/// How often surveys, channels, keys or gateways were changed.
const SETUP_VERSION: &str = "setup_version";

/// How often surveys, channels, keys or gateways were changed: a node whose memory is of another version reads
/// them again.
///
/// # Errors
/// [`StoreError`] of the query; [`StoreError::Corrupt`] when it is no number.
pub fn setup_version(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let stored = get(connection, SETUP_VERSION)?;
    let version = stored.map_or(Ok(0), |text| text.parse());
    version.map_err(|error| StoreError::Corrupt(format!("{SETUP_VERSION}: {error}")))
}

/// Counts a change of set-up and tells the other nodes of it when it is committed. Whatever writes a row that nodes
/// keep in memory calls it, in the same transaction.
pub(super) fn note_setup_change(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let version = setup_version(connection)? + 1;
    set(connection, SETUP_VERSION, &version.to_string())?;
    if let AnyConnection::Postgres(postgres) = connection {
        // Within the transaction, unlike other news (`bell.rs`): it is rare, and comes from commands too.
        postgres.batch_execute(&format!("NOTIFY {CHANNEL}, '{SETUP}'"))?;
    }
    Ok(())
}

/// Lets our clock follow that of the database that several nodes share (RE16); SQLite has none of its own.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn follow_clock(connection: &mut AnyConnection, clock: &Clock) -> Result<(), StoreError> {
    let AnyConnection::Postgres(postgres) = connection else {
        return Ok(());
    };
    clock.follow(|| {
        let theirs: NaiveDateTime =
            diesel::select(sql::<sql_types::Timestamp>("clock_timestamp()::timestamp"))
                .get_result(postgres)?;
        Ok(theirs.and_utc())
    })
}
