//! Rows of `surveys` and their immutable `survey_revisions` (F6, A45).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::schema::{survey_revisions, surveys};

/// A survey and which revision is active.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = surveys, treat_none_as_null = true)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in http-api.md 3"
)]
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
#[diesel(table_name = survey_revisions)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in survey-file.md F6"
)]
pub struct RevisionRow {
    pub survey_id: String,
    pub revision: i32,
    pub hash: String,
    pub source: String,
    pub created_at: NaiveDateTime,
}
