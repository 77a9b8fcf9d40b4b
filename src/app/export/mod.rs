//! What analysts take home (issue 6): the rows of a survey as a file, by the same options and with the same bytes from
//! the API, a job and the command line. [`Export`] is one file: settled first, then read by key, chunk by chunk, in
//! constant memory; between two chunks it holds no snapshot of the database (X14). It changes nothing.

mod codebook;
mod count;
pub mod lines;
mod names;
pub mod options;
mod plan;
pub mod responses;
mod text_file;
mod variables;
mod view;
mod workbook;

use std::collections::BTreeMap;

use serde_json::json;

pub use self::count::fitting;
pub use self::options::{ExportOptions, Format, Kind, OptionFault, Wrong};
pub use self::plan::{Plan, World, session_wish};
pub use self::text_file::TextFile;
pub use self::variables::VariableNames;
pub use self::view::read_value;
pub use self::workbook::{WorkbookError, write_workbook};
use super::audit::{self, Action, Actor};
use super::open_texts::open_texts;
use super::session_facts::{self, SessionFacts, keys_of};
use crate::clock::Timestamp;
use crate::store::events::EventRow;
use crate::store::export_rows::{self, Stretch};
use crate::store::inbound::InboundRow;
use crate::store::messages::MessageRow;
use crate::store::{AnyConnection, SessionRow, StoreError, answers};
use crate::tabular::Cell;
use lines::{AnswerLine, EventLine, MessageLine};
use responses::{Planned, Source};

/// One file in the making.
#[derive(Debug)]
pub struct Export {
    plan: Plan,
    place: Place,
}

/// What is read next.
#[derive(Debug)]
enum Place {
    /// Sessions of a stretch; of those, at most so many.
    Sessions(Stretch),
    /// Events after this one.
    Events { after: String, until: String },
    /// The codebook, all at once.
    Codebook,
    /// Nothing more.
    End,
}

impl Export {
    /// Settles what will be in the file. `rows_max` refuses a file of more rows.
    ///
    /// # Errors
    /// [`StoreError`] of a query; the faults of the options inside.
    pub fn prepare(
        connection: &mut AnyConnection,
        world: &World,
        survey_id: &str,
        options: ExportOptions,
        rows_max: Option<u64>,
    ) -> Result<Result<Self, Vec<OptionFault>>, StoreError> {
        Ok(plan::plan(connection, world, survey_id, options, rows_max)?.map(Self::of))
    }

    fn of(plan: Plan) -> Self {
        let options = &plan.view.options;
        let is_empty = options.is_incremental() && plan.counted.rows == 0;
        let until = match &plan.counted.last {
            Some((_, id)) if options.is_incremental() => id.clone(),
            Some(_) | None => plan.event_until.clone(),
        };
        let place = match options.kind {
            _ if is_empty => Place::End,
            Kind::Responses | Kind::Answers | Kind::Messages | Kind::Deliveries => {
                Place::Sessions(count::stretch(&plan))
            }
            Kind::Events => Place::Events { after: count::events_after(&plan), until },
            Kind::Codebook => Place::Codebook,
        };
        Self { plan, place }
    }

    /// What was settled beforehand.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The next rows; `None` after the last.
    ///
    /// # Errors
    /// [`StoreError`] of a query: what was read so far is not complete.
    pub fn next_rows(
        &mut self,
        connection: &mut AnyConnection,
    ) -> Result<Option<Vec<Vec<Cell>>>, StoreError> {
        if matches!(self.place, Place::End) {
            return Ok(None);
        }
        self.rows(connection).map(Some)
    }

    /// The next rows, and moves on.
    fn rows(&mut self, connection: &mut AnyConnection) -> Result<Vec<Vec<Cell>>, StoreError> {
        match std::mem::replace(&mut self.place, Place::End) {
            Place::End => Ok(Vec::new()),
            Place::Codebook => Ok(codebook::rows(&self.plan)),
            Place::Sessions(stretch) => {
                let found =
                    export_rows::sessions_of(connection, &self.plan.wish, &stretch, count::SESSIONS_AT_ONCE)?;
                if let Some(last) = found.last() {
                    self.place = Place::Sessions(count::stretch_after(stretch, last));
                }
                let sessions = fitting(connection, &self.plan.view.options.filter, found)?;
                self.plan.rows_of(connection, sessions)
            }
            Place::Events { after, until } => {
                let found = export_rows::events_after(connection, &after, &until, count::EVENTS_AT_ONCE)?;
                if let Some(last) = found.last() {
                    self.place = Place::Events { after: last.id.clone(), until };
                }
                let sessions = count::sessions_of_events(connection, &self.plan, &found)?;
                Ok(self.plan.event_rows(&found, &sessions))
            }
        }
    }
}

impl Plan {
    /// The rows that sessions make, in their order.
    fn rows_of(
        &self,
        connection: &mut AnyConnection,
        sessions: Vec<SessionRow>,
    ) -> Result<Vec<Vec<Cell>>, StoreError> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        match self.view.options.kind {
            Kind::Responses => {
                let facts = session_facts::load(connection, &self.library, sessions)?;
                let row =
                    |facts: &SessionFacts| responses::row(&self.columns, &self.questions, facts, &self.view);
                Ok(facts.iter().map(row).collect())
            }
            Kind::Answers => {
                let facts = session_facts::load(connection, &self.library, sessions)?;
                Ok(facts.iter().flat_map(|facts| self.answer_rows(facts)).collect())
            }
            Kind::Messages => self.message_rows(connection, &sessions),
            Kind::Deliveries => {
                let (ids, _) = keys_of(&sessions);
                let messages = by_session(export_rows::messages_of(connection, &ids)?);
                let rows = ids.iter().filter_map(|id| messages.get(id)).flatten();
                Ok(rows.map(|row| self.cells(lines::DELIVERIES, |cell| cell(row, &self.view))).collect())
            }
            Kind::Events | Kind::Codebook => Ok(Vec::new()),
        }
    }

    /// One row of a kind whose columns all have names.
    fn cells<F: Copy>(&self, named: &[(&str, F)], cell: impl Fn(F) -> Cell) -> Vec<Cell> {
        let told = |planned: &Planned| match &planned.source {
            Source::Fixed(place) => named.get(*place).map_or(Cell::Empty, |(_, told)| cell(*told)),
            Source::Variable(_) | Source::Question(..) => Cell::Empty,
        };
        self.columns.iter().map(told).collect()
    }

    fn answer_rows(&self, facts: &SessionFacts) -> Vec<Vec<Cell>> {
        let pending = lines::pending(facts);
        let shown = facts.answers.iter().chain(&pending).filter(|row| !self.view.hides(&row.element_id));
        let row = |row| {
            let line = AnswerLine { facts, row };
            let told = |planned: &Planned| match &planned.source {
                Source::Fixed(place) => {
                    lines::ANSWERS.get(*place).map_or(Cell::Empty, |(_, cell)| cell(&line, &self.view))
                }
                Source::Variable(key) => responses::variable(facts, key, &self.view),
                Source::Question(..) => Cell::Empty,
            };
            self.columns.iter().map(told).collect()
        };
        shown.map(row).collect()
    }

    fn message_rows(
        &self,
        connection: &mut AnyConnection,
        sessions: &[SessionRow],
    ) -> Result<Vec<Vec<Cell>>, StoreError> {
        let (ids, phones) = keys_of(sessions);
        let sent = by_session(export_rows::messages_of(connection, &ids)?);
        let mut received: BTreeMap<String, Vec<InboundRow>> = BTreeMap::new();
        for row in export_rows::inbound_of(connection, &phones, &ids)? {
            if let Some(id) = &row.session_id {
                received.entry(id.clone()).or_default().push(row);
            }
        }
        let mut answered: BTreeMap<String, Vec<answers::AnswerRow>> = BTreeMap::new();
        for row in answers::of_sessions(connection, &ids)? {
            answered.entry(row.session_id.clone()).or_default().push(row);
        }
        let mut rows = Vec::new();
        for session in sessions {
            let answers = answered.get(&session.id).map(Vec::as_slice).unwrap_or_default();
            let open = open_texts(self.revisions.get(&session.revision).map(|survey| &**survey), answers);
            let shows = |row: &InboundRow| {
                self.view.options.includes_pii
                    || open.as_ref().is_none_or(|open| open.contains(row.id.as_str()))
            };
            let outbound = sent.get(&session.id).into_iter().flatten().map(|row| {
                let at = row.started_at.unwrap_or(row.due_at);
                ((at, row.send_seq.unwrap_or(i64::MAX), row.seq), MessageLine::Outbound(row))
            });
            let inbound = received
                .get(&session.id)
                .into_iter()
                .flatten()
                .map(|row| ((row.received_at, row.recv_seq, 0), MessageLine::Inbound(row, shows(row))));
            let mut lines: Vec<_> = outbound.chain(inbound).collect();
            lines.sort_by_key(|(order, _)| *order);
            rows.extend(
                lines.iter().map(|(_, line)| self.cells(lines::MESSAGES, |cell| cell(line, &self.view))),
            );
        }
        Ok(rows)
    }

    fn event_rows(&self, events: &[EventRow], sessions: &BTreeMap<String, SessionRow>) -> Vec<Vec<Cell>> {
        let line = |row: &EventRow| {
            let session = sessions.get(row.session_id.as_ref()?)?;
            let line = EventLine { row, session, data: serde_json::from_str(&row.data).unwrap_or_default() };
            Some(self.cells(lines::EVENTS, |cell| cell(&line, &self.view)))
        };
        events.iter().filter_map(line).collect()
    }
}

fn by_session(rows: Vec<MessageRow>) -> BTreeMap<String, Vec<MessageRow>> {
    let mut of_session: BTreeMap<String, Vec<MessageRow>> = BTreeMap::new();
    for row in rows {
        if let Some(id) = &row.session_id {
            of_session.entry(id.clone()).or_default().push(row);
        }
    }
    of_session
}

/// Notes in the audit log that personal data leave the house (X11).
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn note_personal(
    connection: &mut AnyConnection,
    actor: &Actor,
    survey_id: &str,
    options: &ExportOptions,
    now: Timestamp,
) -> Result<(), StoreError> {
    let detail = json!({
        "kind": options.kind,
        "format": options.format,
        "phone": if options.phone == options::PhoneStyle::E164 { "e164" } else { "hidden" },
        "pii": if options.includes_pii { "include" } else { "none" },
    });
    audit::record(
        connection,
        actor,
        Action::PersonalDataExported,
        &format!("survey:{survey_id}"),
        &detail,
        now,
    )
}
