//! Reminders (F8, F9) and the current question once more. Neither uses an attempt or moves the session. Hours
//! in which reminders may leave are the caller's.

use chrono::{DateTime, Duration, Utc};

use super::super::survey::ReminderWhen;
use super::super::{Position, Progress, Survey, Variables, prompt};
use super::{Effect, Misfit, Send, SendKind, Turn, current};
use crate::text::Composed;

/// When the next reminder is due; `None` when none is left. One that would fall at `expires_at` or later is
/// dropped (F9).
#[must_use]
pub fn next_reminder(
    survey: &Survey,
    progress: &Progress,
    expires_at: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    waiting(survey, progress).map(|(_, due)| due).filter(|due| *due < expires_at).min()
}

/// Sends the reminder that is due at `now`: its text, a newline and the current question (F8). `None` when none
/// is due. Of several due at once only the latest is sent, the others are dropped; none is ever sent twice.
///
/// # Errors
/// [`Misfit`] when the progress belongs to another survey or revision.
pub fn remind(
    survey: &Survey,
    mut progress: Progress,
    variables: &Variables,
    now: DateTime<Utc>,
) -> Result<Option<Turn>, Misfit> {
    let Some(question) = current(survey, &progress)? else {
        return Ok(None);
    };
    let mut due: Vec<(usize, DateTime<Utc>)> =
        waiting(survey, &progress).filter(|(_, due)| *due <= now).collect();
    due.sort_by_key(|(number, due)| (*due, *number));
    let latest = due.last().and_then(|(number, _)| survey.reminders.get(*number));
    let Some(latest) = latest else {
        return Ok(None);
    };
    progress.reminded.extend(due.iter().map(|(number, _)| *number));
    let text = prompt::reminder(&progress.facts(survey, variables), &latest.text, question);
    let send = Send {
        kind: SendKind::Reminder,
        element: Some(question.id.clone()),
        visit: progress.visit,
        text,
        after: Duration::zero(),
    };
    Ok(Some(Turn { progress, effects: vec![Effect::Send(send)], path: Vec::new() }))
}

/// The current question as it is asked, for a resend; `None` once the survey is completed.
#[must_use]
pub fn prompt_again(survey: &Survey, progress: &Progress, variables: &Variables) -> Option<Composed> {
    let question = current(survey, progress).ok()??;
    Some(prompt::element(&progress.facts(survey, variables), question).text)
}

/// Reminders neither sent nor dropped that fit the session, with the time each is due.
fn waiting<'a>(
    survey: &'a Survey,
    progress: &'a Progress,
) -> impl Iterator<Item = (usize, DateTime<Utc>)> + 'a {
    let asking = !progress.muted && matches!(progress.position, Position::Question(_));
    survey
        .reminders
        .iter()
        .enumerate()
        .filter(move |(number, _)| asking && !progress.reminded.contains(number))
        .filter_map(|(number, reminder)| {
            let from = match (reminder.when, progress.answered_at) {
                (ReminderWhen::NoReply, None) => progress.began_at,
                (ReminderWhen::Started, Some(answered_at)) => answered_at,
                (ReminderWhen::NoReply, Some(_)) | (ReminderWhen::Started, None) => return None,
            };
            Some((number, from.checked_add_signed(reminder.after)?))
        })
}
