//! Surveys by API: upload, publish, archive (http-api.md 3, 13.1). An upload makes a draft revision and changes
//! no state; what is published is what sessions start with. The checker has seen a survey before it comes here.

use std::sync::Arc;

use serde_json::json;

use super::audit::{self, Action, Actor};
use super::library::Library;
use super::load_surveys::{Loaded, Release, store_revision};
use crate::clock::Timestamp;
use crate::ids::Ids;
use crate::store::surveys;
use crate::store::{AnyConnection, StoreError};
use crate::survey::Survey;

pub use crate::store::surveys::SurveyRow;

/// A survey as it stands after a change.
#[derive(Clone, Debug)]
pub struct ManagedSurvey {
    /// Its row.
    pub row: SurveyRow,
    /// The revision the change was about.
    pub revision: i32,
    /// That revision.
    pub survey: Arc<Survey>,
}

impl ManagedSurvey {
    /// Shows memory what the database holds now.
    pub fn apply(&self, library: &Library) {
        library.put_revision(&self.row.id, self.revision, Arc::clone(&self.survey));
        library.put_survey(self.row.clone());
    }
}

/// Why a survey is not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SurveyRefused {
    /// Another survey has this id.
    IdTaken,
    /// The UUID is another survey's, or the survey has another UUID already (F7).
    UuidTaken,
    /// No such survey.
    NotFound,
    /// No such revision.
    RevisionNotFound,
    /// `If-Match` names another revision than the latest.
    RevisionChanged {
        /// The latest revision.
        latest: i32,
    },
    /// The stored revision does not pass the check any more.
    Unchecked {
        /// Its number.
        revision: i32,
    },
    /// The state forbids it.
    WrongState {
        /// The state.
        current: String,
    },
}

/// What is done to a survey's content.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The checked survey.
    pub survey: Arc<Survey>,
    /// Makes the ids.
    pub ids: Ids,
    /// Who does it.
    pub actor: Actor,
}

impl Upload {
    /// A new survey: revision 1, draft.
    ///
    /// # Errors
    /// [`StoreError`] of a statement.
    pub fn create(
        &self,
        connection: &mut AnyConnection,
        now: Timestamp,
    ) -> Result<Result<ManagedSurvey, SurveyRefused>, StoreError> {
        if surveys::find(connection, self.survey.id())?.is_some() {
            return Ok(Err(SurveyRefused::IdTaken));
        }
        if let Some(uuid) = &self.survey.uuid
            && surveys::find_by_uuid(connection, uuid)?.is_some()
        {
            return Ok(Err(SurveyRefused::UuidTaken));
        }
        self.store(connection, now).map(Ok)
    }

    /// A new revision of a survey, or none when the content is that of the latest. `expected` holds the
    /// revisions of `If-Match`.
    ///
    /// # Errors
    /// [`StoreError`] of a statement.
    pub fn revise(
        &self,
        connection: &mut AnyConnection,
        expected: Option<&[i32]>,
        now: Timestamp,
    ) -> Result<Result<ManagedSurvey, SurveyRefused>, StoreError> {
        let Some(row) = surveys::find(connection, self.survey.id())? else {
            return Ok(Err(SurveyRefused::NotFound));
        };
        let latest = row.latest_revision;
        if expected.is_some_and(|expected| !expected.contains(&latest)) {
            return Ok(Err(SurveyRefused::RevisionChanged { latest }));
        }
        if self.survey.uuid.as_ref().is_some_and(|uuid| *uuid != row.uuid) {
            return Ok(Err(SurveyRefused::UuidTaken));
        }
        self.store(connection, now).map(Ok)
    }

    fn store(&self, connection: &mut AnyConnection, now: Timestamp) -> Result<ManagedSurvey, StoreError> {
        let (row, loaded) = store_revision(connection, &self.survey, Release::WhenPublished, &self.ids, now)?;
        if loaded != Loaded::Same {
            let detail = json!({"revision": row.latest_revision, "after": self.survey.hash});
            let object = format!("survey:{}", row.id);
            audit::record(connection, &self.actor, Action::SurveyUploaded, &object, &detail, now)?;
        }
        let revision = row.latest_revision;
        Ok(ManagedSurvey { row, revision, survey: Arc::clone(&self.survey) })
    }
}

/// Makes a revision active, the latest one if none is named. Legal from every state; published again, a
/// revision stays active.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn publish_survey(
    connection: &mut AnyConnection,
    library: &Library,
    id: &str,
    revision: Option<i32>,
    actor: &Actor,
    now: Timestamp,
) -> Result<Result<ManagedSurvey, SurveyRefused>, StoreError> {
    let Some(mut row) = surveys::find(connection, id)? else {
        return Ok(Err(SurveyRefused::NotFound));
    };
    let revision = revision.unwrap_or(row.latest_revision);
    if surveys::find_revision(connection, id, revision)?.is_none() {
        return Ok(Err(SurveyRefused::RevisionNotFound));
    }
    let Some(survey) = library.revision(id, revision) else {
        return Ok(Err(SurveyRefused::Unchecked { revision }));
    };
    if row.status != "active" || row.active_revision != Some(revision) {
        let detail = json!({"before": row.active_revision, "after": revision, "state": row.status});
        "active".clone_into(&mut row.status);
        row.active_revision = Some(revision);
        row.title.clone_from(&survey.title);
        row.updated_at = now.naive_utc();
        surveys::update(connection, &row)?;
        audit::record(connection, actor, Action::SurveyPublished, &format!("survey:{id}"), &detail, now)?;
    }
    Ok(Ok(ManagedSurvey { row, revision, survey }))
}

/// Archives an active survey: no new sessions; running ones go on.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn archive_survey(
    connection: &mut AnyConnection,
    library: &Library,
    id: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<Result<ManagedSurvey, SurveyRefused>, StoreError> {
    let Some(mut row) = surveys::find(connection, id)? else {
        return Ok(Err(SurveyRefused::NotFound));
    };
    if row.status != "active" {
        return Ok(Err(SurveyRefused::WrongState { current: row.status }));
    }
    let revision = row.active_revision.unwrap_or(row.latest_revision);
    let Some(survey) = library.revision(id, revision) else {
        return Ok(Err(SurveyRefused::Unchecked { revision }));
    };
    "archived".clone_into(&mut row.status);
    row.updated_at = now.naive_utc();
    surveys::update(connection, &row)?;
    let detail = json!({"activeRevision": row.active_revision});
    audit::record(connection, actor, Action::SurveyArchived, &format!("survey:{id}"), &detail, now)?;
    Ok(Ok(ManagedSurvey { row, revision, survey }))
}

/// The file of a revision as it was loaded or uploaded.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn survey_source(
    connection: &mut AnyConnection,
    id: &str,
    revision: i32,
) -> Result<Option<String>, StoreError> {
    Ok(surveys::find_revision(connection, id, revision)?.map(|row| row.source))
}
