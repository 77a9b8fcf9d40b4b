//! [`Plan`]: everything about an export that is settled before its first row: sessions, columns, how many rows there
//! will be, and where the next reading begins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{Duration, NaiveDateTime};

use super::codebook;
use super::count::{self, Counted};
use super::lines;
use super::names::Names;
use super::options::{DateField, ExportOptions, Filter, Kind, OptionFault, Wrong};
use super::responses::{self, Planned, Questions};
use super::variables::VariableNames;
use super::view::View;
use crate::app::cursor::Cursor;
use crate::app::engine::Engine;
use crate::app::library::Library;
use crate::app::load_surveys::StoredSurveys;
use crate::clock::Timestamp;
use crate::ids::Ids;
use crate::session::Status;
use crate::store::export_rows::{self, SessionWish};
use crate::store::{AnyConnection, PhoneHasher, StoreError, channels};
use crate::survey::Survey;
use crate::tabular::Column;

/// Turns of other nodes commit this late at most: a cursor stays behind, so that a poller misses nothing (X13). On one
/// node turns commit in the order of their times.
const COMMITTED_AFTER: Duration = Duration::seconds(30);

/// What exports need beside the database.
#[derive(Clone, Debug)]
pub struct World {
    /// The surveys.
    pub library: Library,
    /// Names of gateways, by channel.
    pub gateways: BTreeMap<String, String>,
    /// Hashes phones.
    pub hasher: PhoneHasher,
    /// Variables seen so far.
    pub variable_names: VariableNames,
    /// The present instant.
    pub now: Timestamp,
    /// Whether several nodes may write.
    pub is_shared: bool,
}

impl World {
    /// That of a running server.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let channels = engine.channels.all();
        Self {
            library: engine.library.clone(),
            gateways: channels
                .iter()
                .map(|channel| (channel.row.id.clone(), channel.row.gateway.clone()))
                .collect(),
            hasher: engine.store.phone_hasher(),
            variable_names: engine.variable_names.clone(),
            now: engine.clock.now(),
            is_shared: engine.store.is_shared(),
        }
    }

    /// As a database says, for a command beside a running server.
    ///
    /// # Errors
    /// [`StoreError`] of a query.
    pub fn read(connection: &mut AnyConnection, ids: &Ids, now: Timestamp) -> Result<Self, StoreError> {
        let library = Library::default();
        StoredSurveys::read(connection, &library)?.put_into(&library);
        let gateways = channels::all(connection)?.into_iter().map(|row| (row.id, row.gateway)).collect();
        Ok(Self {
            library,
            gateways,
            hasher: PhoneHasher::for_command(connection, ids)?,
            variable_names: VariableNames::default(),
            now,
            is_shared: matches!(connection, AnyConnection::Postgres(_)),
        })
    }

    /// The revisions of a survey, oldest first.
    #[must_use]
    pub fn revisions(&self, survey_id: &str) -> BTreeMap<i32, Arc<Survey>> {
        let latest = self.library.find(survey_id).map_or(0, |row| row.latest_revision);
        let revision = |number: i32| Some((number, self.library.revision(survey_id, number)?));
        (1..=latest).filter_map(revision).collect()
    }
}

/// What is settled before the first row.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The survey, by slug.
    pub survey_id: String,
    /// How things are shown; what was asked.
    pub view: View,
    /// The columns, in order.
    pub columns: Vec<Planned>,
    /// The questions behind them.
    pub questions: Questions,
    /// Which sessions, as far as columns of the database can tell.
    pub wish: SessionWish,
    /// What was counted beforehand.
    pub counted: Counted,
    /// When it was asked.
    pub now: Timestamp,
    /// Surveys by revision.
    pub library: Library,
    /// What the library has of this survey.
    pub revisions: BTreeMap<i32, Arc<Survey>>,
    /// Where the next reading begins (X13); `None` when nothing was ever read.
    pub next_cursor: Option<Cursor>,
    /// The last event there is.
    pub event_until: String,
    /// The columns of `responses` that a codebook describes.
    pub described: Vec<Planned>,
}

/// Settles everything. `rows_max` refuses more rows than can be answered at once.
///
/// # Errors
/// [`StoreError`] of a query; the faults of the options inside.
pub fn plan(
    connection: &mut AnyConnection,
    world: &World,
    survey_id: &str,
    options: ExportOptions,
    rows_max: Option<u64>,
) -> Result<Result<Plan, Vec<OptionFault>>, StoreError> {
    let revisions = world.revisions(survey_id);
    let pii: BTreeSet<String> = revisions
        .values()
        .flat_map(|survey| survey.elements.iter().filter(|element| element.pii))
        .map(|element| element.id.clone())
        .collect();
    let view = View { options, hasher: world.hasher.clone(), gateways: world.gateways.clone(), pii };
    let now = world.now.naive_utc();
    let keys = world.variable_names.of(connection, survey_id, revisions.values().map(|s| &**s), now)?;
    let (mut questions, all) = columns(&revisions, &view, &keys);
    let mut described = Vec::new();
    if view.options.kind == Kind::Codebook {
        let options = ExportOptions { kind: Kind::Responses, ..view.options.clone() };
        (questions, described) = columns(&revisions, &View { options, ..view.clone() }, &keys);
    }
    let columns = match chosen(all, &view.options) {
        Ok(columns) => columns,
        Err(fault) => return Ok(Err(vec![fault])),
    };
    // In this order: what is made between the two is behind the cursor.
    let changed_last = export_rows::newest_change(connection, survey_id)?;
    let (session_until, event_until) = export_rows::newest(connection)?;
    let mut wish = session_wish(survey_id, &view.options.filter);
    if !view.options.is_incremental() {
        wish.id_until = session_until;
    }
    let mut plan = Plan {
        survey_id: survey_id.to_owned(),
        view,
        columns,
        questions,
        wish,
        counted: Counted::default(),
        now: world.now,
        library: world.library.clone(),
        revisions,
        next_cursor: None,
        event_until: event_until.unwrap_or_default(),
        described,
    };
    plan.counted = count::count(connection, &plan, rows_max)?;
    if !plan.view.options.is_incremental() {
        plan.counted.last = match plan.view.options.kind {
            Kind::Responses | Kind::Answers | Kind::Messages | Kind::Deliveries => changed_last,
            Kind::Events => Some((now, plan.event_until.clone())).filter(|(_, id)| !id.is_empty()),
            Kind::Codebook => None,
        };
    }
    if let Some(fault) = too_large(&plan, rows_max) {
        return Ok(Err(vec![fault]));
    }
    plan.next_cursor = plan.next_cursor(world.is_shared);
    Ok(Ok(plan))
}

fn too_large(plan: &Plan, rows_max: Option<u64>) -> Option<OptionFault> {
    let rows = plan.counted.rows;
    rows_max.filter(|most| rows > *most).map(|most| OptionFault {
        name: "limit".to_owned(),
        wrong: Wrong::TooLarge,
        detail: format!(
            "more than {most} rows: read with limit and cursor, narrow the filter, or use `antiphon export`, which has no limit"
        ),
    })
}

/// Every column there is, of all revisions.
fn columns(
    revisions: &BTreeMap<i32, Arc<Survey>>,
    view: &View,
    keys: &[String],
) -> (Questions, Vec<Planned>) {
    let fixed = match view.options.kind {
        Kind::Responses => responses::fixed(responses::COLUMNS.iter().map(|(name, _)| *name)),
        Kind::Answers => responses::fixed(lines::ANSWERS.iter().map(|(name, _)| *name)),
        Kind::Messages => responses::fixed(lines::MESSAGES.iter().map(|(name, _)| *name)),
        Kind::Deliveries => responses::fixed(lines::DELIVERIES.iter().map(|(name, _)| *name)),
        Kind::Events => responses::fixed(lines::EVENTS.iter().map(|(name, _)| *name)),
        Kind::Codebook => codebook::columns(revisions),
    };
    let mut names = Names::with(fixed.iter().map(|column| column.column.name.as_str()));
    match view.options.kind {
        Kind::Responses => {
            let mut all = fixed;
            all.extend(responses::variables(keys, &mut names));
            let (questions, of_questions) = responses::questions(revisions, &mut names, |id| view.hides(id));
            all.extend(of_questions);
            (questions, all)
        }
        Kind::Answers => {
            let mut all = fixed;
            all.extend(responses::variables(keys, &mut names));
            (Questions::default(), all)
        }
        Kind::Messages | Kind::Deliveries | Kind::Events | Kind::Codebook => (Questions::default(), fixed),
    }
}

/// Those asked for, in the order asked for.
fn chosen(all: Vec<Planned>, options: &ExportOptions) -> Result<Vec<Planned>, OptionFault> {
    let Some(wanted) = &options.columns else {
        return Ok(all.into_iter().filter(|column| options.detail || !column.is_detail).collect());
    };
    let mut columns = Vec::with_capacity(wanted.len());
    for name in wanted {
        match all.iter().find(|column| column.column.name == *name) {
            Some(column) => columns.push(column.clone()),
            None => {
                let there: Vec<&str> = all.iter().map(|column| column.column.name.as_str()).collect();
                return Err(OptionFault {
                    name: "columns".to_owned(),
                    wrong: Wrong::Value,
                    detail: format!("there is no column {name}; there are: {}", there.join(", ")),
                });
            }
        }
    }
    Ok(columns)
}

/// Which sessions, as far as columns of the database can tell.
#[must_use]
pub fn session_wish(survey_id: &str, filter: &Filter) -> SessionWish {
    let mut wish = SessionWish {
        survey_id: survey_id.to_owned(),
        statuses: filter.statuses.clone(),
        language: filter.language.as_ref().map(|language| language.code().to_owned()),
        channel_ids: filter.channel_ids.clone(),
        includes_test: filter.includes_test,
        ..SessionWish::default()
    };
    if filter.from.is_none() && filter.to.is_none() {
        return wish;
    }
    match filter.date_field.unwrap_or(DateField::StartedAt) {
        // An SMS is accepted after it was queued.
        DateField::StartedAt => wish.started_before = filter.to,
        DateField::CompletedAt => {
            wish.closed = (filter.from, filter.to);
            if wish.statuses.is_empty() {
                wish.statuses = vec![Status::Completed];
            }
        }
        DateField::UpdatedAt => wish.updated = (filter.from, filter.to),
    }
    wish
}

impl Plan {
    /// Names and places of the columns.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        self.columns.iter().map(|planned| planned.column.clone()).collect()
    }

    /// Rows there will be, if nothing changes meanwhile.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.counted.rows
    }

    /// The name of the file: survey, kind, the time it was asked, and the zone of its times (X12).
    #[must_use]
    pub fn file_name(&self) -> String {
        let options = &self.view.options;
        let zone = options.zone;
        let at = self.now.with_timezone(&zone).format("%Y%m%dT%H%M%S");
        let zone = zone.name().replace('/', "-");
        format!("{}_{}_{at}_{zone}.{}", self.survey_id, options.kind, options.format)
    }

    /// Where the next reading begins: after the last row, but not after what others may still commit.
    fn next_cursor(&self, is_shared: bool) -> Option<Cursor> {
        let given = self.view.options.cursor.clone();
        let Some((at, id)) = self.counted.last.clone() else {
            return given;
        };
        let settled = if is_shared { self.now - COMMITTED_AFTER } else { self.now };
        let last = Cursor { updated_at: at.and_utc(), id };
        let next = if last.updated_at >= settled && is_shared {
            // What comes at this very instant sorts behind it.
            Cursor { updated_at: settled, id: id_floor(self.view.options.kind, settled.naive_utc()) }
        } else {
            last
        };
        match given {
            Some(given) if given > next => Some(given),
            Some(_) | None => Some(next),
        }
    }
}

/// An id before all others of an instant. Events are found by their ids alone, and those begin with the time.
fn id_floor(kind: Kind, at: NaiveDateTime) -> String {
    match kind {
        Kind::Events => first_id_at(at),
        Kind::Responses | Kind::Answers | Kind::Messages | Kind::Deliveries | Kind::Codebook => {
            "0".to_owned()
        }
    }
}

/// What every UUIDv7 made at an instant or later is greater than.
#[must_use]
pub fn first_id_at(at: NaiveDateTime) -> String {
    let millis = u64::try_from(at.and_utc().timestamp_millis()).unwrap_or(0);
    format!("{:08x}-{:04x}-", millis >> 16, millis & 0xffff)
}
