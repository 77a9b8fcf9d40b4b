//! The start of a session (P38–P42).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::super::{Position, Progress, Survey, Target};
use super::walk::Walk;
use super::{Begin, Turn};

/// Starts a session: the texts before the first question and the question, or at once the completion when
/// every question is passed over.
#[must_use]
pub fn begin(survey: &Survey, begin: &Begin<'_>, now: DateTime<Utc>) -> Turn {
    let progress = Progress {
        revision: survey.hash.clone(),
        language: begin.language.clone(),
        position: Position::Completion,
        visit: 0,
        invalid: 0,
        invalid_total: 0,
        visits: BTreeMap::new(),
        given: BTreeMap::new(),
        rejected: Vec::new(),
        previous: None,
        appending: None,
        reminded: Vec::new(),
        muted: false,
        began_at: now,
        answered_at: None,
    };
    let mut walk = Walk::new(survey, begin.variables, progress);
    walk.go(Target::Element(0));
    walk.finish(begin.content)
}
