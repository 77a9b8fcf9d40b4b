//! The long kinds, one row per thing: answers, SMS in either direction, deliveries and events (X6, X7). The lists of
//! their columns.

use serde_json::Value as Json;

use super::options::Codes;
use super::responses::{Named, answered_at, raw};
use super::view::{View, read_value};
use crate::app::session_facts::SessionFacts;
use crate::session::Receipt;
use crate::store::SessionRow;
use crate::store::answers::AnswerRow;
use crate::store::events::EventRow;
use crate::store::inbound::InboundRow;
use crate::store::messages::MessageRow;
use crate::survey::{AnswerState, Value};
use crate::tabular::Cell;

/// One answer with its session.
#[derive(Clone, Copy, Debug)]
pub struct AnswerLine<'a> {
    /// The session.
    pub facts: &'a SessionFacts,
    /// The answer, or what stands for the question that waits.
    pub row: &'a AnswerRow,
}

/// A column of `answers`.
pub type AnswerColumn = (&'static str, for<'a> fn(&AnswerLine<'a>, &View) -> Cell);

/// Columns of `answers`; the session variables follow (http-api.md 9.1).
pub const ANSWERS: &[AnswerColumn] = &[
    ("session_id", |line, _| Cell::Text(line.row.session_id.clone())),
    ("seq", |line, _| Cell::Integer(i64::from(line.row.seq))),
    ("question_id", |line, _| Cell::Text(line.row.element_id.clone())),
    ("question_type", |line, _| Cell::Text(line.row.element_type.clone())),
    ("visit", |line, _| Cell::Integer(i64::from(line.row.visit))),
    ("state", |line, _| Cell::Text(line.row.state.clone())),
    ("value", |line, view| view.value(line.row, line.facts.survey.as_deref(), Codes::Code)),
    ("value_num", |line, _| number(line.row)),
    ("code", |line, view| code(line, view)),
    ("label", |line, view| view.label(line.row, line.facts.survey.as_deref())),
    ("index0", |line, view| index(line, view, Codes::Index0)),
    ("index1", |line, view| index(line, view, Codes::Index1)),
    ("raw", |line, _| raw(line.row)),
    ("comment", |line, _| Cell::prose(line.row.comment.as_deref())),
    ("method", |line, _| Cell::text(line.row.method.as_deref())),
    ("attempts", |line, _| Cell::Integer(i64::from(line.row.attempts))),
    ("asked_at", |line, _| Cell::time(line.row.asked_at)),
    ("answered_at", |line, _| answered_at(line.row)),
    ("latency_seconds", |line, _| latency(line)),
    ("revision", |line, _| Cell::Integer(i64::from(line.facts.session.revision))),
    ("language", |line, _| Cell::Text(line.row.language.clone())),
];

fn number(row: &AnswerRow) -> Cell {
    match read_value(row) {
        Some(Value::Number(number)) => Cell::Decimal(number.hundredths() * 10),
        Some(Value::Choice(_) | Value::Choices(_) | Value::YesNo(_) | Value::Text(_) | Value::Date(_))
        | None => Cell::Empty,
    }
}

fn is_choice(row: &AnswerRow) -> bool {
    matches!(read_value(row), Some(Value::Choice(_) | Value::Choices(_)))
}

fn code(line: &AnswerLine<'_>, view: &View) -> Cell {
    index(line, view, Codes::Code)
}

fn index(line: &AnswerLine<'_>, view: &View, codes: Codes) -> Cell {
    if is_choice(line.row) { view.value(line.row, line.facts.survey.as_deref(), codes) } else { Cell::Empty }
}

/// From the first prompt of the visit, as accepted, to the answer (X6).
fn latency(line: &AnswerLine<'_>) -> Cell {
    let row = line.row;
    let by_reply =
        [AnswerState::Answered, AnswerState::Skipped].iter().any(|state| state.as_str() == row.state);
    Cell::seconds(prompted_at(line.facts, &row.element_id, row.visit), by_reply.then_some(row.answered_at))
}

/// When the gateway accepted the first prompt of a visit.
#[must_use]
pub fn prompted_at(facts: &SessionFacts, element_id: &str, visit: i32) -> Option<chrono::NaiveDateTime> {
    let prompts = facts.sent.iter().filter(|sent| {
        sent.kind == "question" && sent.element_id.as_deref() == Some(element_id) && sent.visit == Some(visit)
    });
    prompts.filter_map(|sent| sent.accepted_at).min()
}

/// The answer that a session waits for, as a row; `None` when it waits for none.
#[must_use]
pub fn pending(facts: &SessionFacts) -> Option<AnswerRow> {
    let (element_id, visit) = facts.pending()?;
    let element = facts.survey.as_deref()?.element(element_id)?;
    let progress = facts.session.progress().ok().flatten()?;
    let asked = facts.sent.iter().find(|sent| {
        sent.kind == "question" && sent.element_id.as_deref() == Some(element_id) && sent.visit == Some(visit)
    });
    Some(AnswerRow {
        session_id: facts.session.id.clone(),
        element_id: element_id.to_owned(),
        visit,
        seq: facts.session.answers_count.saturating_add(1),
        element_type: element.kind.name().to_owned(),
        state: AnswerState::Pending.as_str().to_owned(),
        value: None,
        position: None,
        code: None,
        label: None,
        raw: String::new(),
        comment: None,
        method: None,
        attempts: i32::try_from(progress.invalid).unwrap_or(i32::MAX),
        language: facts.session.language.clone(),
        asked_at: asked.and_then(|asked| asked.started_at),
        answered_at: facts.session.updated_at,
        inbound_id: None,
        corrected_at: None,
        correction_of: None,
    })
}

/// One SMS of a session, in either direction.
#[derive(Clone, Copy, Debug)]
pub enum MessageLine<'a> {
    /// To the person.
    Outbound(&'a MessageRow),
    /// From the person, and whether its text may be shown.
    Inbound(&'a InboundRow, bool),
}

/// A column of `messages`.
pub type MessageColumn = (&'static str, for<'a> fn(&MessageLine<'a>, &View) -> Cell);

/// Columns of `messages`.
pub const MESSAGES: &[MessageColumn] = &[
    ("session_id", |line, _| match line {
        MessageLine::Outbound(row) => Cell::text(row.session_id.as_deref()),
        MessageLine::Inbound(row, _) => Cell::text(row.session_id.as_deref()),
    }),
    ("message_id", |line, _| match line {
        MessageLine::Outbound(row) => Cell::Text(row.id.clone()),
        MessageLine::Inbound(row, _) => Cell::Text(row.id.clone()),
    }),
    ("direction", |line, _| {
        Cell::text(Some(match line {
            MessageLine::Outbound(_) => "outbound",
            MessageLine::Inbound(..) => "inbound",
        }))
    }),
    ("at", |line, _| match line {
        MessageLine::Outbound(row) => Cell::Time(row.started_at.unwrap_or(row.due_at)),
        MessageLine::Inbound(row, _) => Cell::Time(row.received_at),
    }),
    ("sequence", |line, _| outbound(line, |row| Cell::Integer(i64::from(row.seq)))),
    ("class", |line, _| outbound(line, |row| Cell::text(Some(row.class.as_str())))),
    ("kind", |line, _| outbound(line, |row| Cell::Text(row.kind.clone()))),
    ("element_id", |line, _| outbound(line, |row| Cell::text(row.element_id.as_deref()))),
    ("visit", |line, _| outbound(line, |row| visit(row.visit))),
    ("text", |line, _| match line {
        MessageLine::Outbound(row) => Cell::Prose(row.body.clone()),
        MessageLine::Inbound(row, shows_text) => Cell::prose(shows_text.then_some(row.body.as_str())),
    }),
    ("encoding", |line, _| outbound(line, |row| Cell::Text(row.encoding.clone()))),
    ("segments", |line, _| outbound(line, |row| Cell::Integer(i64::from(row.segments)))),
    ("state", |line, _| outbound(line, |row| Cell::text(Some(row.state.as_str())))),
    ("state_reason", |line, _| outbound(line, |row| Cell::text(row.state_reason.as_deref()))),
    ("outcome", |line, _| match line {
        MessageLine::Outbound(_) => Cell::Empty,
        MessageLine::Inbound(row, _) => Cell::text(Some(row.outcome.as_str())),
    }),
    ("outcome_reason", |line, _| match line {
        MessageLine::Outbound(_) => Cell::Empty,
        MessageLine::Inbound(row, _) => Cell::text(row.outcome_reason.as_deref()),
    }),
    ("phone", |line, view| match line {
        MessageLine::Outbound(row) => view.phone(&row.phone),
        MessageLine::Inbound(row, _) => view.phone(&row.sender),
    }),
    ("gateway", |line, view| match line {
        MessageLine::Outbound(row) => view.gateway(&row.channel_id),
        MessageLine::Inbound(row, _) => Cell::Text(row.gateway.clone()),
    }),
];

fn outbound(line: &MessageLine<'_>, cell: impl Fn(&MessageRow) -> Cell) -> Cell {
    match line {
        MessageLine::Outbound(row) => cell(row),
        MessageLine::Inbound(..) => Cell::Empty,
    }
}

fn visit(visit: Option<i32>) -> Cell {
    visit.map_or(Cell::Empty, |visit| Cell::Integer(i64::from(visit)))
}

/// Columns of `deliveries`.
pub const DELIVERIES: &[Named<MessageRow>] = &[
    ("session_id", |row, _| Cell::text(row.session_id.as_deref())),
    ("message_id", |row, _| Cell::Text(row.id.clone())),
    ("state", |row, _| Cell::text(Some(row.state.as_str()))),
    ("state_reason", |row, _| Cell::text(row.state_reason.as_deref())),
    ("receipt", |row, _| Cell::text(row.receipt.map(Receipt::as_str))),
    ("gateway", |row, view| view.gateway(&row.channel_id)),
    ("gateway_code", |row, _| Cell::text(row.gateway_code.as_deref())),
    ("gateway_message_id", |row, _| Cell::text(row.external_id.as_deref())),
    ("class", |row, _| Cell::text(Some(row.class.as_str()))),
    ("kind", |row, _| Cell::Text(row.kind.clone())),
    ("element_id", |row, _| Cell::text(row.element_id.as_deref())),
    ("visit", |row, _| visit(row.visit)),
    ("sequence", |row, _| Cell::Integer(i64::from(row.seq))),
    ("attempts", |row, _| Cell::Integer(i64::from(row.attempts))),
    ("possible_duplicate", |row, _| Cell::Flag(row.possible_duplicate)),
    ("encoding", |row, _| Cell::Text(row.encoding.clone())),
    ("segments", |row, _| Cell::Integer(i64::from(row.segments))),
    ("due_at", |row, _| Cell::Time(row.due_at)),
    ("accepted_at", |row, _| Cell::time(row.accepted_at)),
    ("settled_at", |row, _| Cell::time(row.settled_at)),
    ("phone", |row, view| view.phone(&row.phone)),
];

/// One event with its session.
#[derive(Clone, Debug)]
pub struct EventLine<'a> {
    /// The event.
    pub row: &'a EventRow,
    /// Its session.
    pub session: &'a SessionRow,
    /// Its particulars, read.
    pub data: Json,
}

/// A column of `events`.
pub type EventColumn = (&'static str, for<'a> fn(&EventLine<'a>, &View) -> Cell);

/// Columns of `events`. Events hold no values: those stand with the answers alone.
pub const EVENTS: &[EventColumn] = &[
    ("session_id", |line, _| Cell::text(line.row.session_id.as_deref())),
    ("event_id", |line, _| Cell::Text(line.row.id.clone())),
    ("sequence", |line, _| Cell::Integer(i64::from(line.row.sequence))),
    ("event", |line, _| Cell::Text(line.row.kind.clone())),
    ("at", |line, _| Cell::Time(line.row.created_at)),
    ("status", |line, _| told(line, "status")),
    ("reason", |line, _| told(line, "reason")),
    ("element_id", |line, _| told(line, "elementId")),
    ("visit", |line, _| told(line, "visit")),
    ("method", |line, _| told(line, "method")),
    ("attempt", |line, _| told(line, "attempt")),
    ("tag", |line, _| told(line, "tag")),
    ("message_id", |line, _| told(line, "messageId")),
    ("code", |line, _| told(line, "code")),
    ("revision", |line, _| Cell::Integer(i64::from(line.session.revision))),
    ("language", |line, _| Cell::Text(line.session.language.clone())),
];

fn told(line: &EventLine<'_>, name: &str) -> Cell {
    match line.data.get(name) {
        Some(Json::String(text)) => Cell::Text(text.clone()),
        Some(Json::Number(number)) => number.as_i64().map_or(Cell::Empty, Cell::Integer),
        Some(Json::Bool(value)) => Cell::Flag(*value),
        Some(Json::Null | Json::Array(_) | Json::Object(_)) | None => Cell::Empty,
    }
}
