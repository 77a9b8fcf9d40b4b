//! [`VariableNames`]: which session variables the sessions of a survey have: the columns `var_<key>` of its exports.
//! Variables never change once a session is made, so what was looked through is not looked through again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{Duration, NaiveDateTime};

use crate::store::{AnyConnection, StoreError, export_rows};
use crate::survey::Survey;
use crate::survey::variables::KNOWN_KEYS;

/// Sessions looked through at a time.
const CHUNK: i64 = 5_000;

/// Younger sessions are looked at again: another writer may commit an older one later.
const SETTLED_AFTER: Duration = Duration::minutes(1);

/// What is known of each survey. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct VariableNames {
    seen: Arc<Mutex<BTreeMap<String, Seen>>>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    /// The last session that need not be looked at again.
    after: String,
    /// Keys as given, by their lower-case form.
    keys: BTreeMap<String, String>,
}

impl VariableNames {
    /// The keys of all sessions of a survey and those it declares: the known ones first, the others sorted, each in
    /// one spelling (http-api.md 9.1).
    ///
    /// # Errors
    /// [`StoreError`] of a query.
    pub fn of<'s>(
        &self,
        connection: &mut AnyConnection,
        survey_id: &str,
        revisions: impl Iterator<Item = &'s Survey>,
        now: NaiveDateTime,
    ) -> Result<Vec<String>, StoreError> {
        let mut keys = self.look(connection, survey_id, now)?;
        for variable in revisions.flat_map(|survey| &survey.variables) {
            keys.entry(variable.name.to_lowercase()).or_insert_with(|| variable.name.clone());
        }
        for known in KNOWN_KEYS {
            keys.remove(&known.to_lowercase());
        }
        let known = KNOWN_KEYS.iter().map(|&key| key.to_owned());
        Ok(known.chain(keys.into_values()).collect())
    }

    fn look(
        &self,
        connection: &mut AnyConnection,
        survey_id: &str,
        now: NaiveDateTime,
    ) -> Result<BTreeMap<String, String>, StoreError> {
        let known = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(survey_id).cloned();
        let mut seen = known.unwrap_or_default();
        let mut after = seen.after.clone();
        loop {
            let rows = export_rows::variables_after(connection, survey_id, &after, CHUNK)?;
            let Some(last) = rows.last() else {
                break;
            };
            after.clone_from(&last.id);
            for row in rows {
                // Text that cannot be read has no keys; whoever reads the session is told.
                for (key, _) in row.variables.get().iter().flat_map(|variables| variables.iter()) {
                    seen.keys.entry(key.to_lowercase()).or_insert_with(|| key.to_owned());
                }
                if row.created_at + SETTLED_AFTER <= now {
                    seen.after = row.id;
                }
            }
        }
        let keys = seen.keys.clone();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(survey_id.to_owned(), seen);
        Ok(keys)
    }
}
