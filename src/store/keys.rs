//! Rows of `api_keys` (RS1).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::schema::api_keys;
use super::{AnyConnection, StoreError, meta};

/// An API key; only its hash is stored. Lists are JSON.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = api_keys, treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RS1"
)]
pub struct KeyRow {
    pub id: String,
    pub name: String,
    pub hash: String,
    pub scopes: String,
    pub surveys: String,
    pub channels: String,
    pub created_at: NaiveDateTime,
    pub expires_at: NaiveDateTime,
    pub revoked_at: Option<NaiveDateTime>,
    pub last_used_at: Option<NaiveDateTime>,
}

/// One key by its 8-character id.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn find(connection: &mut AnyConnection, id: &str) -> Result<Option<KeyRow>, StoreError> {
    Ok(api_keys::table.find(id).first(connection).optional()?)
}

/// All keys, oldest first.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn all(connection: &mut AnyConnection) -> Result<Vec<KeyRow>, StoreError> {
    Ok(api_keys::table.order((api_keys::created_at, api_keys::id)).load(connection)?)
}

/// Stores a new key.
///
/// # Errors
/// [`StoreError::Constraint`] when the id is taken; other [`StoreError`]s of the statement.
pub fn insert(connection: &mut AnyConnection, row: &KeyRow) -> Result<(), StoreError> {
    diesel::insert_into(api_keys::table).values(row).execute(connection)?;
    Ok(())
}

/// Notes a use of a key; an earlier use than the one on record changes nothing.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn touch(connection: &mut AnyConnection, id: &str, at: NaiveDateTime) -> Result<(), StoreError> {
    let is_later = api_keys::last_used_at.is_null().or(api_keys::last_used_at.lt(at));
    let row = api_keys::table.filter(api_keys::id.eq(id)).filter(is_later);
    diesel::update(row).set(api_keys::last_used_at.eq(at)).execute(connection)?;
    Ok(())
}

/// Writes a key back.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn update(connection: &mut AnyConnection, row: &KeyRow) -> Result<(), StoreError> {
    diesel::update(api_keys::table.find(&row.id)).set(row).execute(connection)?;
    meta::note_setup_change(connection)
}
