//! Rows of `answers`: one per element and visit (RE2).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::among::among;
use super::columns::stored;
use super::schema::answers;
use super::{AnyConnection, StoreError};

/// One registered answer. `position` is 0-based.
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 4.1")]
pub struct AnswerRow {
    pub session_id: String,
    pub element_id: String,
    pub visit: i32,
    pub seq: i32,
    pub element_type: String,
    pub state: String,
    pub value: Option<String>,
    pub position: Option<String>,
    pub code: Option<String>,
    pub label: Option<String>,
    pub raw: String,
    pub comment: Option<String>,
    pub method: Option<String>,
    pub attempts: i32,
    pub language: String,
    pub asked_at: Option<NaiveDateTime>,
    pub answered_at: NaiveDateTime,
    pub inbound_id: Option<String>,
    pub corrected_at: Option<NaiveDateTime>,
    pub correction_of: Option<String>,
}

stored!(
    AnswerRow,
    answers,
    key [session_id, element_id, visit],
    fixed [],
    changing [
        seq, element_type, state, value, position, code, label, raw, comment, method, attempts, language,
        asked_at, answered_at, inbound_id, corrected_at, correction_of,
    ],
);

/// The answers of a session in the order they were registered.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn of_session(connection: &mut AnyConnection, session_id: &str) -> Result<Vec<AnswerRow>, StoreError> {
    Ok(answers::table
        .filter(answers::session_id.eq(session_id))
        .order((answers::seq, answers::element_id, answers::visit))
        .load(connection)?)
}

/// The answers of several sessions.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn of_sessions(
    connection: &mut AnyConnection,
    session_ids: &[String],
) -> Result<Vec<AnswerRow>, StoreError> {
    Ok(answers::table.filter(among(answers::session_id, session_ids)).load(connection)?)
}
