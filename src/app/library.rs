//! [`Library`]: the surveys in memory, each checked revision once, and which revision is active. Reads of it
//! never wait for the database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use crate::store::surveys::SurveyRow;
use crate::survey::{Language, Survey};

/// All surveys and their revisions.
#[derive(Clone, Debug, Default)]
pub struct Library {
    shelves: Arc<RwLock<Shelves>>,
}

#[derive(Debug, Default)]
struct Shelves {
    surveys: BTreeMap<String, SurveyRow>,
    revisions: BTreeMap<(String, i32), Arc<Survey>>,
    languages: BTreeSet<Language>,
}

impl Library {
    /// Puts a survey's row on the shelf, or replaces it.
    pub fn put_survey(&self, row: SurveyRow) {
        self.write().surveys.insert(row.id.clone(), row);
    }

    /// Puts a checked revision on the shelf. Revisions never change (F6).
    pub fn put_revision(&self, survey_id: &str, revision: i32, survey: Arc<Survey>) {
        let mut shelves = self.write();
        shelves.languages.extend(survey.languages.iter().cloned());
        shelves.revisions.entry((survey_id.to_owned(), revision)).or_insert(survey);
    }

    /// The survey with this slug or UUID; the UUID in any case (P09, F7).
    #[must_use]
    pub fn find(&self, slug_or_uuid: &str) -> Option<SurveyRow> {
        let shelves = self.read();
        let by_slug = shelves.surveys.get(slug_or_uuid);
        let uuid = slug_or_uuid.to_ascii_lowercase();
        by_slug.or_else(|| shelves.surveys.values().find(|row| row.uuid == uuid)).cloned()
    }

    /// Whether a revision is on the shelf.
    #[must_use]
    pub fn has_revision(&self, survey_id: &str, revision: i32) -> bool {
        self.read().revisions.contains_key(&(survey_id.to_owned(), revision))
    }

    /// A revision of a survey.
    #[must_use]
    pub fn revision(&self, survey_id: &str, revision: i32) -> Option<Arc<Survey>> {
        self.read().revisions.get(&(survey_id.to_owned(), revision)).cloned()
    }

    /// The active revision of a survey, with its number.
    #[must_use]
    pub fn active(&self, survey_id: &str) -> Option<(i32, Arc<Survey>)> {
        let shelves = self.read();
        let revision = shelves.surveys.get(survey_id)?.active_revision?;
        let survey = shelves.revisions.get(&(survey_id.to_owned(), revision))?;
        Some((revision, Arc::clone(survey)))
    }

    /// Every language some revision is written in.
    #[must_use]
    pub fn languages(&self) -> BTreeSet<Language> {
        self.read().languages.clone()
    }

    /// All surveys in order of their slugs.
    #[must_use]
    pub fn all(&self) -> Vec<SurveyRow> {
        self.read().surveys.values().cloned().collect()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Shelves> {
        self.shelves.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Shelves> {
        self.shelves.write().unwrap_or_else(PoisonError::into_inner)
    }
}
