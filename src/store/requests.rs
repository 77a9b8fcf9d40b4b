//! Rows of `idempotency` and `send_requests`: what makes a repeated call harmless (RE24, RE25).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::columns::stored;
use super::schema::{idempotency, send_requests};
use super::{AnyConnection, StoreError, flush};

/// A stored answer to a POST.
#[derive(Clone, Debug, Queryable)]
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

stored!(
    IdempotencyRow,
    idempotency,
    key [key_id, idempotency_key],
    fixed [fingerprint, status, location, body, created_at],
    changing [],
);

/// Natural key of a SendSurvey (A03).
#[derive(Clone, Debug, Queryable)]
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

stored!(
    SendRequestRow,
    send_requests,
    key [survey_id, phone, client_reference],
    fixed [],
    changing [session_id, fingerprint, created_at],
);

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
    flush::insert(connection, [row])
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
