//! Surveys from files become revisions at start and on reload (F6, T13). A file whose content is known makes
//! nothing new; a changed one makes a new active revision; running sessions keep theirs (A45).

use std::sync::Arc;

use super::engine::Engine;
use super::library::Library;
use super::survey_files::SurveyFile;
use crate::clock::Timestamp;
use crate::ids::Ids;
use crate::store::surveys::{self, RevisionRow, SurveyRow};
use crate::store::{AnyConnection, StoreError};
use crate::survey::Survey;
use crate::survey::check::{Context, FileName, check};
use crate::survey::finding::{Finding, Severity};

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// The survey is new.
    New,
    /// Its content changed: a new revision.
    Changed,
    /// Nothing changed.
    Same,
}

/// Surveys as stored, with the revisions that memory lacked.
#[derive(Clone, Debug, Default)]
pub struct StoredSurveys {
    surveys: Vec<SurveyRow>,
    revisions: Vec<(String, i32, Arc<Survey>)>,
}

impl StoredSurveys {
    /// Reads all surveys and those revisions that the library does not have: revisions never change.
    ///
    /// # Errors
    /// [`StoreError`] of the queries. A stored revision that no longer passes the check is left out and logged:
    /// only sessions pinned to it suffer.
    pub fn read(connection: &mut AnyConnection, library: &Library) -> Result<Self, StoreError> {
        let mut stored = Self { surveys: surveys::all(connection)?, revisions: Vec::new() };
        for (survey_id, revision) in surveys::all_revisions(connection)? {
            if library.has_revision(&survey_id, revision) {
                continue;
            }
            let row = surveys::find_revision(connection, &survey_id, revision)?;
            match row.and_then(|row| check_stored(&survey_id, &row.source)) {
                Some(survey) => stored.revisions.push((survey_id, revision, Arc::new(survey))),
                None => tracing::error!(
                    survey = %survey_id,
                    revision,
                    "a stored survey revision no longer passes the check; its sessions cannot go on"
                ),
            }
        }
        Ok(stored)
    }

    /// Puts them on the shelves: first the revisions, so that an active one is never missing.
    pub fn put_into(&self, library: &Library) {
        for (survey_id, revision, survey) in &self.revisions {
            library.put_revision(survey_id, *revision, Arc::clone(survey));
        }
        for row in &self.surveys {
            library.put_survey(row.clone());
        }
    }
}

/// A revision, for a turn that needs it. One that another node stored a moment ago, and that memory lacks since the
/// news are still under way, is read on a connection of its own: no turn is lost for that.
#[must_use]
pub fn revision_for_turn(engine: &Engine, survey_id: &str, revision: i32) -> Option<Arc<Survey>> {
    let known = engine.library.revision(survey_id, revision);
    if known.is_some() || !engine.store.is_shared() {
        return known;
    }
    let stored = engine
        .store
        .command_connection()
        .and_then(|mut connection| surveys::find_revision(&mut connection, survey_id, revision));
    match stored {
        Ok(row) => {
            let survey = Arc::new(check_stored(survey_id, &row?.source)?);
            engine.library.put_revision(survey_id, revision, Arc::clone(&survey));
            Some(survey)
        }
        Err(error) => {
            tracing::error!(survey = survey_id, revision, %error, "a survey revision could not be read");
            None
        }
    }
}

/// A revision that was loaded once runs on, whatever words the configuration has taken since (A45).
fn check_stored(survey_id: &str, source: &str) -> Option<Survey> {
    check(source, &FileName::new(format!("{survey_id}.yaml")), &Context::default()).survey
}

/// Loads every survey file that has no errors; a broken one never takes the others down (F38). What is left out
/// is logged in the words of `survey check`.
///
/// # Errors
/// [`StoreError`] when nothing can be stored.
pub fn load_files(engine: &Engine, files: Vec<SurveyFile>, now: Timestamp) -> Result<(), StoreError> {
    let mut connection = engine.store.command_connection()?;
    for SurveyFile { path, checked } in files {
        let file = path.display();
        let (survey, findings) = match checked {
            Ok(checked) => (checked.survey, checked.findings),
            Err(error) => {
                tracing::error!(%file, %error, "a survey file cannot be read; it is not loaded");
                continue;
            }
        };
        let Some(survey) = survey else {
            log_errors(&findings);
            tracing::error!(%file, "a survey file has errors; it is not loaded");
            continue;
        };
        match load_survey(&mut connection, &engine.library, survey, &engine.ids, now) {
            Ok(loaded) => tracing::info!(%file, ?loaded, "survey"),
            Err(StoreError::Constraint(refusal)) => {
                tracing::error!(%file, refusal, "a survey was refused; is its uuid another survey's?");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn log_errors(findings: &[Finding]) {
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
        let Finding { code, message, hint, file, line, column, excerpt, .. } = finding;
        tracing::error!(file, line, column, excerpt, hint, "error {code}: {message}");
    }
}

/// When a new revision comes into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// At once: a file of the folder (F6).
    AtOnce,
    /// When it is published: an upload (http-api.md 13.1).
    WhenPublished,
}

/// Stores a checked survey file as the active revision of its survey, if its content is new.
///
/// # Errors
/// [`StoreError::Constraint`] when its UUID belongs to another survey; other [`StoreError`]s of the statements.
pub fn load_survey(
    connection: &mut AnyConnection,
    library: &Library,
    survey: Survey,
    ids: &Ids,
    now: Timestamp,
) -> Result<Loaded, StoreError> {
    let survey = Arc::new(survey);
    let (row, loaded) =
        connection.change(|connection| store_revision(connection, &survey, Release::AtOnce, ids, now))?;
    if loaded != Loaded::Same {
        library.put_revision(&row.id, row.latest_revision, Arc::clone(&survey));
        library.put_survey(row);
    }
    Ok(loaded)
}

/// Stores a checked survey as the latest revision of its survey, if its content is new. The only way a revision
/// is stored; call it in a write transaction.
///
/// # Errors
/// [`StoreError::Constraint`] when its UUID belongs to another survey; other [`StoreError`]s of the statements.
pub fn store_revision(
    connection: &mut AnyConnection,
    survey: &Survey,
    release: Release,
    ids: &Ids,
    now: Timestamp,
) -> Result<(SurveyRow, Loaded), StoreError> {
    let Some(mut row) = surveys::find(connection, survey.id())? else {
        let row = new_row(survey, release, ids, now);
        surveys::insert(connection, &row)?;
        surveys::insert_revision(connection, &revision_row(survey, 1, now))?;
        return Ok((row, Loaded::New));
    };
    let is_same = |revision: Option<RevisionRow>| revision.is_some_and(|known| known.hash == survey.hash);
    let is_latest = is_same(surveys::find_revision(connection, &row.id, row.latest_revision)?);
    let is_active = match row.active_revision {
        Some(active) => is_same(surveys::find_revision(connection, &row.id, active)?),
        None => false,
    };
    // A file that is in force stays so, even when a later draft waits to be published. An archived survey stays
    // archived: a file never reopens what an operator closed.
    let is_settled = match release {
        Release::AtOnce => is_active || (is_latest && row.status == "archived"),
        Release::WhenPublished => is_latest,
    };
    if is_settled {
        return Ok((row, Loaded::Same));
    }
    if !is_latest {
        row.latest_revision += 1;
        surveys::insert_revision(connection, &revision_row(survey, row.latest_revision, now))?;
    }
    if release == Release::AtOnce {
        row.active_revision = Some(row.latest_revision);
        if row.status == "draft" {
            "active".clone_into(&mut row.status);
        }
    }
    if row.active_revision.is_none_or(|active| active == row.latest_revision) {
        row.title.clone_from(&survey.title);
    }
    row.updated_at = now.naive_utc();
    surveys::update(connection, &row)?;
    Ok((row, Loaded::Changed))
}

/// The row of a survey seen for the first time; one without a UUID gets one for good (F7).
fn new_row(survey: &Survey, release: Release, ids: &Ids, now: Timestamp) -> SurveyRow {
    let (status, active_revision) = match release {
        Release::AtOnce => ("active", Some(1)),
        Release::WhenPublished => ("draft", None),
    };
    SurveyRow {
        id: survey.id().to_owned(),
        uuid: survey.uuid.clone().unwrap_or_else(|| ids.next(now)),
        title: survey.title.clone(),
        status: status.to_owned(),
        active_revision,
        latest_revision: 1,
        created_at: now.naive_utc(),
        updated_at: now.naive_utc(),
    }
}

/// The row of a revision.
fn revision_row(survey: &Survey, revision: i32, now: Timestamp) -> RevisionRow {
    RevisionRow {
        survey_id: survey.id().to_owned(),
        revision,
        hash: survey.hash.clone(),
        source: survey.source.clone(),
        created_at: now.naive_utc(),
    }
}
