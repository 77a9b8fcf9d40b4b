//! `responses`: one row per session, wide (X4, X5). The list of its columns, and a row of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::names::{Names, camel_case};
use super::view::{View, read_value};
use crate::app::session_facts::SessionFacts;
use crate::session::{MessageState, Status};
use crate::store::answers::AnswerRow;
use crate::survey::{AnswerState, Element, Kind, Survey, Value};
use crate::tabular::{Cell, Column};

/// A column by its name, and how its cell is told from a row.
pub type Named<R> = (&'static str, fn(&R, &View) -> Cell);

/// The columns of the session, status and dates in front (http-api.md 9.1, U50).
pub const COLUMNS: &[Named<SessionFacts>] = &[
    ("session_id", |row, _| Cell::Text(row.session.id.clone())),
    ("status", |row, _| Cell::text(Some(row.session.status.as_str()))),
    ("completed_at", |row, _| Cell::time(row.completed_at())),
    ("survey_id", |row, _| Cell::Text(row.session.survey_id.clone())),
    ("revision", |row, _| Cell::Integer(i64::from(row.session.revision))),
    ("started_at", |row, _| Cell::time(row.started_at())),
    ("first_reply_at", |row, _| Cell::time(row.first_reply_at())),
    ("last_activity_at", |row, _| Cell::time(row.last_activity_at())),
    ("expires_at", |row, _| Cell::time(row.session.expires_at)),
    ("language", |row, _| Cell::Text(row.session.language.clone())),
    ("phone", |row, view| view.phone(&row.session.phone)),
    ("client_reference", |row, _| Cell::text(row.session.client_reference.as_deref())),
    ("identifier_type", |_, _| Cell::text(Some("Phone"))),
    ("channel", |_, _| Cell::text(Some("SMS"))),
    ("gateway", |row, view| view.gateway(&row.session.channel_id)),
    ("delivery_status", |row, _| Cell::text(row.delivery_status().map(MessageState::as_str))),
    ("questions_asked", |row, _| Cell::count(row.questions_asked())),
    ("questions_answered", |row, _| Cell::count(row.questions_answered())),
    ("invalid_replies", |row, _| Cell::Integer(row.invalid_replies())),
    ("reminders_sent", |row, _| Cell::count(row.reminders_sent())),
    ("sms_sent", |row, _| Cell::count(row.accepted().count())),
    ("sms_received", |row, _| Cell::count(row.received.len())),
    ("segments_sent", |row, _| Cell::Integer(row.segments_sent())),
    ("response_seconds", |row, _| Cell::seconds(row.started_at(), row.first_reply_at())),
    ("duration_seconds", |row, _| Cell::seconds(row.first_reply_at(), row.completed_at())),
    ("opted_out", |row, _| Cell::Flag(row.session.status == Status::OptedOut)),
    ("is_test", |row, _| Cell::Flag(row.session.is_test)),
    ("disposition", |row, _| Cell::text(Some(row.disposition().as_str()))),
];

/// The one among them that is detail (X4).
pub const DETAIL: &str = "disposition";

/// What a column of a question shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its value.
    Value,
    /// Promoter, passive or detractor.
    Group,
    /// 1 when this option was chosen, else 0.
    Selected(String),
    /// Its label.
    Label,
    /// What the person wrote.
    Raw,
    /// What else he wrote.
    Comment,
    /// How it was understood.
    Method,
    /// Replies to it.
    Attempts,
    /// When it was answered.
    At,
    /// What became of the question.
    State,
}

/// What a column is told from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The column of that place in the list of the kind.
    Fixed(usize),
    /// A session variable, by its key.
    Variable(String),
    /// A question, by its place in [`Questions`].
    Question(usize, Part),
}

/// A column of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Name and place in JSON.
    pub column: Column,
    /// Only with the option `detail`, or when asked for by name.
    pub is_detail: bool,
    /// What it is told from.
    pub source: Source,
}

/// The questions of all revisions of a survey in the order of their columns.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    /// Their newest wording, and their places by id.
    pub elements: Vec<Element>,
    places: BTreeMap<String, usize>,
}

/// The named columns of a kind.
#[must_use]
pub fn fixed(names: impl Iterator<Item = &'static str>) -> Vec<Planned> {
    let planned = |(place, name): (usize, &'static str)| Planned {
        column: Column { name: name.to_owned(), path: Some(vec![camel_case(name)]) },
        is_detail: name == DETAIL,
        source: Source::Fixed(place),
    };
    names.enumerate().map(planned).collect()
}

/// The columns of session variables.
pub fn variables<'k>(keys: &'k [String], names: &'k mut Names) -> impl Iterator<Item = Planned> + 'k {
    keys.iter().map(|key| Planned {
        column: Column {
            name: names.free(&format!("var_{key}")),
            path: Some(vec!["variables".to_owned(), key.clone()]),
        },
        is_detail: false,
        source: Source::Variable(key.clone()),
    })
}

/// The columns of the questions: in the order of the first file, those of later revisions after them (X3).
pub fn questions(
    revisions: &BTreeMap<i32, Arc<Survey>>,
    names: &mut Names,
    hides: impl Fn(&str) -> bool,
) -> (Questions, Vec<Planned>) {
    let mut known = Questions::default();
    let mut bases: Vec<String> = Vec::new();
    let mut columns: Vec<Planned> = Vec::new();
    for survey in revisions.values() {
        let elements = survey.elements.iter().filter(|element| element.kind.is_question());
        for element in elements.filter(|element| !hides(&element.id)) {
            let place = match known.places.get(&element.id) {
                Some(&place) => place,
                None => {
                    let place = known.elements.len();
                    known.places.insert(element.id.clone(), place);
                    known.elements.push(element.clone());
                    bases.push(names.question(&element.export_as));
                    place
                }
            };
            if let Some(newest) = known.elements.get_mut(place) {
                newest.clone_from(element);
            }
            let Some(base) = bases.get(place) else {
                continue;
            };
            for (part, suffix) in parts_of(element) {
                let source = Source::Question(place, part);
                if columns.iter().any(|column| column.source == source) {
                    continue;
                }
                columns.push(question_column(source, base, &suffix, names));
            }
        }
    }
    (known, columns)
}

fn question_column(source: Source, base: &str, suffix: &str, names: &mut Names) -> Planned {
    let Source::Question(_, part) = &source else {
        return Planned { column: Column { name: base.to_owned(), path: None }, is_detail: false, source };
    };
    let word = suffix.trim_start_matches('_');
    let path = |word: &str| Some(vec!["answers".to_owned(), base.to_owned(), word.to_owned()]);
    Planned {
        column: Column {
            name: match part {
                Part::Value => base.to_owned(),
                Part::Group
                | Part::Selected(_)
                | Part::Label
                | Part::Raw
                | Part::Comment
                | Part::Method
                | Part::Attempts
                | Part::At
                | Part::State => names.free(&format!("{base}{suffix}")),
            },
            path: match part {
                Part::Value => path("value"),
                // The list of codes says it.
                Part::Selected(_) => None,
                Part::At => path("answeredAt"),
                Part::Group
                | Part::Label
                | Part::Raw
                | Part::Comment
                | Part::Method
                | Part::Attempts
                | Part::State => path(word),
            },
        },
        is_detail: matches!(
            part,
            Part::Raw | Part::Comment | Part::Method | Part::Attempts | Part::At | Part::State
        ),
        source,
    }
}

fn parts_of(element: &Element) -> Vec<(Part, String)> {
    let named = |(part, suffix): (Part, &str)| (part, suffix.to_owned());
    let mut parts = vec![named((Part::Value, "")), named((Part::Label, "_label"))];
    match &element.kind {
        Kind::Nps { .. } => parts.push(named((Part::Group, "_group"))),
        Kind::MultipleChoice { options, .. } => parts.extend(
            options.iter().map(|option| (Part::Selected(option.code.clone()), format!("__{}", option.code))),
        ),
        Kind::Text
        | Kind::SingleChoice { .. }
        | Kind::Scale { .. }
        | Kind::Number { .. }
        | Kind::YesNo
        | Kind::FreeText { .. }
        | Kind::Date { .. } => {}
    }
    parts.extend(
        [
            (Part::Raw, "_raw"),
            (Part::Comment, "_comment"),
            (Part::Method, "_method"),
            (Part::Attempts, "_attempts"),
            (Part::At, "_at"),
            (Part::State, "_state"),
        ]
        .map(named),
    );
    parts
}

/// One row.
#[must_use]
pub fn row(columns: &[Planned], questions: &Questions, facts: &SessionFacts, view: &View) -> Vec<Cell> {
    let mut latest: Vec<Option<&AnswerRow>> = vec![None; questions.elements.len()];
    for answer in &facts.answers {
        let slot = questions.places.get(&answer.element_id).and_then(|place| latest.get_mut(*place));
        if let Some(slot) = slot
            && slot.is_none_or(|known| known.visit <= answer.visit)
        {
            *slot = Some(answer);
        }
    }
    let cell = |planned: &Planned| match &planned.source {
        Source::Fixed(place) => COLUMNS.get(*place).map_or(Cell::Empty, |(_, cell)| cell(facts, view)),
        Source::Variable(key) => variable(facts, key, view),
        Source::Question(place, part) => {
            let answer = latest.get(*place).copied().flatten();
            match (part, answer, questions.elements.get(*place)) {
                (Part::State, answer, Some(element)) => state(facts, &element.id, answer),
                (_, Some(answer), _) => part_of(part, answer, facts, view),
                (_, None, _) => Cell::Empty,
            }
        }
    };
    columns.iter().map(cell).collect()
}

/// The cell of a session variable.
#[must_use]
pub fn variable(facts: &SessionFacts, key: &str, view: &View) -> Cell {
    view.variable(facts.session.variables().ok().and_then(|variables| variables.get(key)))
}

/// What became of a question; one that nobody came to was not asked.
fn state(facts: &SessionFacts, element_id: &str, answer: Option<&AnswerRow>) -> Cell {
    if let Some((pending, visit)) = facts.pending()
        && pending == element_id
        && answer.is_none_or(|answer| answer.visit < visit)
    {
        return Cell::text(Some(AnswerState::Pending.as_str()));
    }
    Cell::text(Some(answer.map_or(AnswerState::NotAsked.as_str(), |answer| answer.state.as_str())))
}

fn part_of(part: &Part, answer: &AnswerRow, facts: &SessionFacts, view: &View) -> Cell {
    let survey = facts.survey.as_deref();
    match part {
        Part::Value => view.value(answer, survey, view.options.codes),
        Part::Label => view.label(answer, survey),
        Part::Group => group(answer),
        Part::Selected(code) => selected(answer, code),
        Part::Raw => raw(answer),
        Part::Comment => Cell::prose(answer.comment.as_deref()),
        Part::Method => Cell::text(answer.method.as_deref()),
        Part::Attempts => Cell::Integer(i64::from(answer.attempts)),
        Part::At => answered_at(answer),
        Part::State => Cell::text(Some(&answer.state)),
    }
}

/// The reply as received; nothing when there was none.
#[must_use]
pub fn raw(answer: &AnswerRow) -> Cell {
    let has_reply = !answer.raw.is_empty() || answer.inbound_id.is_some();
    Cell::prose(Some(answer.raw.as_str()).filter(|_| has_reply))
}

/// When a reply settled the question.
#[must_use]
pub fn answered_at(answer: &AnswerRow) -> Cell {
    let by_reply =
        [AnswerState::Answered, AnswerState::Skipped].iter().any(|state| state.as_str() == answer.state);
    Cell::time(by_reply.then_some(answer.answered_at))
}

fn group(answer: &AnswerRow) -> Cell {
    match read_value(answer) {
        Some(Value::Number(number)) => Cell::text(Some(match number.hundredths() {
            900.. => "promoter",
            700..900 => "passive",
            ..700 => "detractor",
        })),
        _ => Cell::Empty,
    }
}

/// 1 or 0; nothing when the question was not answered (X5).
fn selected(answer: &AnswerRow, code: &str) -> Cell {
    let Some(Value::Choices(_)) = read_value(answer) else {
        return Cell::Empty;
    };
    let codes: Vec<String> =
        answer.code.as_deref().and_then(|codes| serde_json::from_str(codes).ok()).unwrap_or_default();
    Cell::Integer(i64::from(codes.iter().any(|chosen| chosen == code)))
}
