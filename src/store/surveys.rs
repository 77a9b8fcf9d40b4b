//! Rows of `surveys` and their immutable `survey_revisions` (F6, A45).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::schema::{survey_revisions, surveys};
use super::{AnyConnection, StoreError, meta};

/// A survey and which revision is active.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = surveys, treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 3")]
pub struct SurveyRow {
    pub id: String,
    pub uuid: String,
    pub title: String,
    pub status: String,
    pub active_revision: Option<i32>,
    pub latest_revision: i32,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

/// One immutable revision with its source.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = survey_revisions, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "columns are documented in migrations and in survey-file.md F6")]
pub struct RevisionRow {
    pub survey_id: String,
    pub revision: i32,
    pub hash: String,
    pub source: String,
    pub created_at: NaiveDateTime,
}

/// All surveys.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn all(connection: &mut AnyConnection) -> Result<Vec<SurveyRow>, StoreError> {
    Ok(surveys::table.order(surveys::id).load(connection)?)
}

/// Which revisions of which surveys there are, oldest first.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn all_revisions(connection: &mut AnyConnection) -> Result<Vec<(String, i32)>, StoreError> {
    let name = (survey_revisions::survey_id, survey_revisions::revision);
    Ok(survey_revisions::table.select(name).order(name).load(connection)?)
}

/// One survey.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn find(connection: &mut AnyConnection, id: &str) -> Result<Option<SurveyRow>, StoreError> {
    Ok(surveys::table.find(id).first(connection).optional()?)
}

/// The survey with a UUID.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn find_by_uuid(connection: &mut AnyConnection, uuid: &str) -> Result<Option<SurveyRow>, StoreError> {
    Ok(surveys::table.filter(surveys::uuid.eq(uuid)).first(connection).optional()?)
}

/// One revision.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn find_revision(
    connection: &mut AnyConnection,
    survey_id: &str,
    revision: i32,
) -> Result<Option<RevisionRow>, StoreError> {
    Ok(survey_revisions::table.find((survey_id, revision)).first(connection).optional()?)
}

/// Stores a new survey.
///
/// # Errors
/// [`StoreError::Constraint`] when the slug or the UUID is taken; other [`StoreError`]s of the statement.
pub fn insert(connection: &mut AnyConnection, row: &SurveyRow) -> Result<(), StoreError> {
    diesel::insert_into(surveys::table).values(row).execute(connection)?;
    meta::note_setup_change(connection)
}

/// Stores a new revision.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn insert_revision(connection: &mut AnyConnection, row: &RevisionRow) -> Result<(), StoreError> {
    diesel::insert_into(survey_revisions::table).values(row).execute(connection)?;
    meta::note_setup_change(connection)
}

/// Writes a survey back.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn update(connection: &mut AnyConnection, row: &SurveyRow) -> Result<(), StoreError> {
    diesel::update(surveys::table.find(&row.id)).set(row).execute(connection)?;
    meta::note_setup_change(connection)
}
