//! Which sessions and events an export takes, and how many rows they make: looked through before the first row is
//! written (X14).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;

use super::options::{DateField, Filter, Kind};
use super::plan::{Plan, first_id_at};
use crate::app::session_facts::keys_of;
use crate::session::Status;
use crate::store::events::EventRow;
use crate::store::export_rows::{self, Stretch};
use crate::store::{AnyConnection, SessionRow, StoreError};
use crate::survey::AnswerState;

/// Sessions read at a time.
pub const SESSIONS_AT_ONCE: i64 = 500;
/// Events read at a time.
pub const EVENTS_AT_ONCE: i64 = 2_000;

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Rows of the file.
    pub rows: u64,
    /// Place of the last session, or event, of it.
    pub last: Option<(NaiveDateTime, String)>,
    /// More are there now, beyond `limit`.
    pub has_more: bool,
    /// Sessions with a valid answer, by question; for the codebook.
    pub answered: BTreeMap<String, u64>,
}

/// Where the sessions of a plan lie.
#[must_use]
pub fn stretch(plan: &Plan) -> Stretch {
    let options = &plan.view.options;
    if !options.is_incremental() {
        return Stretch::ById { after: None };
    }
    let after = options.cursor.as_ref().map(|cursor| (cursor.updated_at.naive_utc(), cursor.id.clone()));
    // No id is greater than this.
    let changed_after = options.updated_after.map(|at| (at, "~".to_owned()));
    Stretch::ByChange { after: after.max(changed_after), until: plan.counted.last.clone() }
}

/// The stretch after these sessions.
#[must_use]
pub fn stretch_after(stretch: Stretch, last: &SessionRow) -> Stretch {
    match stretch {
        Stretch::ById { .. } => Stretch::ById { after: Some(last.id.clone()) },
        Stretch::ByChange { until, .. } => {
            Stretch::ByChange { after: Some((last.updated_at, last.id.clone())), until }
        }
    }
}

/// Those sessions that fit what no column can tell: variables, and when the first SMS was accepted.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn fitting(
    connection: &mut AnyConnection,
    filter: &Filter,
    sessions: Vec<SessionRow>,
) -> Result<Vec<SessionRow>, StoreError> {
    let within = |at: Option<NaiveDateTime>| {
        at.is_some_and(|at| filter.from.is_none_or(|from| at >= from) && filter.to.is_none_or(|to| at < to))
    };
    let has_span = filter.from.is_some() || filter.to.is_some();
    let mut sessions = sessions;
    sessions.retain(|session| {
        let variables = session.variables().ok();
        let mut wanted = filter.variables.iter();
        wanted.all(|(key, value)| variables.and_then(|given| given.get(key)).unwrap_or("") == value)
    });
    if !has_span {
        return Ok(sessions);
    }
    match filter.date_field.unwrap_or(DateField::StartedAt) {
        DateField::UpdatedAt => {}
        DateField::CompletedAt => sessions
            .retain(|session| within(session.closed_at.filter(|_| session.status == Status::Completed))),
        DateField::StartedAt => {
            let (ids, _) = keys_of(&sessions);
            let accepted = export_rows::first_accepted(connection, &ids)?;
            sessions.retain(|session| within(accepted.get(&session.id).copied()));
        }
    }
    Ok(sessions)
}

/// Counts. With `rows_max` it stops when there are more.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn count(
    connection: &mut AnyConnection,
    plan: &Plan,
    rows_max: Option<u64>,
) -> Result<Counted, StoreError> {
    let options = &plan.view.options;
    if options.kind == Kind::Events && options.is_incremental() {
        return count_events(connection, plan);
    }
    let filter = &options.filter;
    let is_plain = filter.variables.is_empty() && filter.from.is_none() && filter.to.is_none();
    if options.kind == Kind::Responses && !options.is_incremental() && is_plain {
        let rows = export_rows::count_sessions(connection, &plan.wish)?;
        return Ok(Counted { rows: u64::try_from(rows).unwrap_or(0), ..Counted::default() });
    }
    count_by_session(connection, plan, rows_max)
}

fn count_by_session(
    connection: &mut AnyConnection,
    plan: &Plan,
    rows_max: Option<u64>,
) -> Result<Counted, StoreError> {
    let options = &plan.view.options;
    let mut counted = Counted::default();
    let mut left = options.limit.unwrap_or(usize::MAX);
    let mut at = stretch(plan);
    loop {
        let found = export_rows::sessions_of(connection, &plan.wish, &at, SESSIONS_AT_ONCE)?;
        let Some(last) = found.last() else {
            break;
        };
        at = stretch_after(at, last);
        let mut sessions = fitting(connection, &options.filter, found)?;
        if sessions.len() > left {
            sessions.truncate(left);
            counted.has_more = true;
        }
        left -= sessions.len();
        if let Some(last) = sessions.last() {
            counted.last = Some((last.updated_at, last.id.clone()));
        }
        counted.rows += rows_of(connection, plan, &sessions, &mut counted.answered)?;
        if counted.has_more || rows_max.is_some_and(|most| counted.rows > most) {
            break;
        }
    }
    if options.kind == Kind::Codebook {
        counted.rows = u64::try_from(plan.described.len()).unwrap_or(u64::MAX);
    }
    Ok(counted)
}

/// Rows that sessions make.
fn rows_of(
    connection: &mut AnyConnection,
    plan: &Plan,
    sessions: &[SessionRow],
    answered: &mut BTreeMap<String, u64>,
) -> Result<u64, StoreError> {
    let (ids, phones) = keys_of(sessions);
    let positive = |count: i64| u64::try_from(count).unwrap_or(0);
    Ok(match plan.view.options.kind {
        Kind::Responses => u64::try_from(sessions.len()).unwrap_or(u64::MAX),
        Kind::Answers => {
            let counts = export_rows::count_answers(connection, &ids)?;
            let shown = counts.iter().filter(|(element_id, ..)| !plan.view.hides(element_id));
            let stored: u64 = shown.map(|(.., count)| positive(*count)).sum();
            stored + u64::try_from(waiting(plan, sessions)).unwrap_or(0)
        }
        Kind::Messages => {
            let sent = export_rows::count_messages(connection, &ids)?;
            positive(sent) + positive(export_rows::count_inbound(connection, &phones, &ids)?)
        }
        Kind::Deliveries => positive(export_rows::count_messages(connection, &ids)?),
        Kind::Events => sessions.iter().map(|session| positive(i64::from(session.events_count))).sum(),
        Kind::Codebook => {
            for (element_id, state, count) in export_rows::count_answers(connection, &ids)? {
                if state == AnswerState::Answered.as_str() {
                    *answered.entry(element_id).or_default() += positive(count);
                }
            }
            0
        }
    })
}

/// Questions that wait for a reply.
fn waiting(plan: &Plan, sessions: &[SessionRow]) -> usize {
    let is_question = |session: &&SessionRow| {
        let survey = plan.revisions.get(&session.revision);
        session.current_element_id.as_deref().is_some_and(|id| {
            !plan.view.hides(id)
                && survey
                    .and_then(|survey| survey.element(id))
                    .is_some_and(|element| element.kind.is_question())
        })
    };
    sessions.iter().filter(|session| session.status == Status::Active).filter(is_question).count()
}

/// Where the events of a plan begin.
#[must_use]
pub fn events_after(plan: &Plan) -> String {
    let options = &plan.view.options;
    let after = options.cursor.as_ref().map(|cursor| cursor.id.clone()).unwrap_or_default();
    let changed_after = options.updated_after.map(|at| first_id_at(at + chrono::Duration::milliseconds(1)));
    after.max(changed_after.unwrap_or_default())
}

fn count_events(connection: &mut AnyConnection, plan: &Plan) -> Result<Counted, StoreError> {
    let mut counted = Counted::default();
    let limit = u64::try_from(plan.view.options.limit.unwrap_or(usize::MAX)).unwrap_or(u64::MAX);
    let mut after = events_after(plan);
    loop {
        let found = export_rows::events_after(connection, &after, &plan.event_until, EVENTS_AT_ONCE)?;
        let Some(last) = found.last() else {
            return Ok(counted);
        };
        after.clone_from(&last.id);
        let sessions = sessions_of_events(connection, plan, &found)?;
        for event in found {
            if !event.session_id.as_ref().is_some_and(|id| sessions.contains_key(id)) {
                continue;
            }
            if counted.rows == limit {
                counted.has_more = true;
                return Ok(counted);
            }
            counted.rows += 1;
            counted.last = Some((event.created_at, event.id));
        }
    }
}

/// The sessions of events that an export takes, by id.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn sessions_of_events(
    connection: &mut AnyConnection,
    plan: &Plan,
    events: &[EventRow],
) -> Result<BTreeMap<String, SessionRow>, StoreError> {
    let ids: BTreeSet<&String> = events.iter().filter_map(|event| event.session_id.as_ref()).collect();
    let ids: Vec<String> = ids.into_iter().cloned().collect();
    let sessions = export_rows::sessions_named(connection, &plan.wish, &ids)?;
    let sessions = fitting(connection, &plan.view.options.filter, sessions)?;
    Ok(sessions.into_iter().map(|session| (session.id.clone(), session)).collect())
}
