//! Rows of `idempotency` and `send_requests`: what makes a repeated call harmless (RE24, RE25).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::schema::{idempotency, send_requests};
use super::{AnyConnection, StoreError};

/// A stored answer to a POST.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = idempotency, treat_none_as_default_value = false)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RE25"
)]
pub struct IdempotencyRow {
    pub key_id: String,
    pub idempotency_key: String,
    pub fingerprint: String,
    pub status: i32,
    pub location: Option<String>,
    pub body: String,
    pub created_at: NaiveDateTime,
}

/// Natural key of a SendSurvey (A03).
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = send_requests, treat_none_as_null = true, treat_none_as_default_value = false, primary_key(survey_id, phone, client_reference))]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RE24"
)]
pub struct SendRequestRow {
    pub survey_id: String,
    pub phone: String,
    pub client_reference: String,
    pub session_id: String,
    pub fingerprint: String,
    pub created_at: NaiveDateTime,
}

/// The answer stored under an API key's idempotency key.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn find_answer(
    connection: &mut AnyConnection,
    key_id: &str,
    key: &str,
) -> Result<Option<IdempotencyRow>, StoreError> {
    Ok(idempotency::table.find((key_id, key)).first(connection).optional()?)
}

/// Stores an answer under an API key's idempotency key.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn insert_answer(connection: &mut AnyConnection, row: &IdempotencyRow) -> Result<(), StoreError> {
    diesel::insert_into(idempotency::table).values(row).execute(connection)?;
    Ok(())
}

/// Forgets stored answers made before an instant; gives how many.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn delete_answers_before(
    connection: &mut AnyConnection,
    instant: NaiveDateTime,
) -> Result<usize, StoreError> {
    Ok(diesel::delete(idempotency::table.filter(idempotency::created_at.lt(instant))).execute(connection)?)
}
