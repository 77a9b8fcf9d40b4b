//! The end by expiry (A30). It sends nothing.

use super::super::{AnswerState, Given, Progress, Survey};
use super::{CloseReason, Effect, Misfit, Record, Turn, current};

/// Ends a session whose expiry was reached: the open question is recorded `expired`. No SMS (A30). A
/// completed session yields no effects.
///
/// # Errors
/// [`Misfit`] when the progress belongs to another survey or revision.
pub fn expire(survey: &Survey, progress: Progress) -> Result<Turn, Misfit> {
    let mut turn = Turn { progress, effects: Vec::new(), path: Vec::new() };
    let Some(question) = current(survey, &turn.progress)? else {
        return Ok(turn);
    };
    let progress = &mut turn.progress;
    let given = Given { state: AnswerState::Expired, value: None };
    progress.given.insert(question.id.clone(), given);
    progress.appending = None;
    turn.effects = vec![
        Effect::Record(Record {
            element: question.id.clone(),
            visit: progress.visit,
            state: AnswerState::Expired,
            value: None,
            method: None,
            comment: None,
            raw: String::new(),
            attempts: progress.invalid,
        }),
        Effect::Close(CloseReason::Expired),
    ];
    Ok(turn)
}
