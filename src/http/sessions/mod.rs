//! Sessions, their answers and their messages (http-api.md 4): the shapes, and the routes that read and change
//! them.

pub mod answers;
pub mod change;
pub mod read;
pub mod shape;
pub mod transcript;

use super::caller::Caller;
use super::problem::{Problem, ProblemCode};
use crate::app::engine::Engine;
use crate::app::sessions::{self, SessionRow};

/// A session that exists for this caller; foreign ones and absent ones are the same (RS12).
///
/// # Errors
/// 404 `session_not_found`; 503 and 500 for faults of ours.
pub async fn visible(engine: &Engine, caller: &Caller, id: &str) -> Result<SessionRow, Problem> {
    let found = sessions::find(engine, &id.to_ascii_lowercase()).await?;
    found.filter(|row| is_visible(engine, caller, row)).ok_or_else(not_found)
}

/// Whether a session exists for this caller.
#[must_use]
pub fn is_visible(engine: &Engine, caller: &Caller, row: &SessionRow) -> bool {
    let uuid = engine.library.find(&row.survey_id).map(|survey| survey.uuid).unwrap_or_default();
    caller.sees_survey(&row.survey_id, &uuid) && caller.sees_channel(&row.channel_id)
}

fn not_found() -> Problem {
    Problem::new(ProblemCode::SessionNotFound, "no session has this id")
}
