//! An export as a workbook (X8): the rows asked for, and beside `responses` the codebook and the answers; the last sheet
//! says what all of it is.

use std::io::Write;

use super::options::{DateField, Kind};
use super::plan::World;
use super::{Export, ExportOptions, Plan};
use crate::app::report::DEFINITIONS;
use crate::store::{AnyConnection, StoreError};
use crate::tabular::{Cell, Column, Workbook, WorkbookFault};

/// Why a workbook could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    /// The rows could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file could not be written.
    #[error(transparent)]
    Fault(#[from] WorkbookFault),
    /// There is no room for the file.
    #[error("the file cannot be written: {0}")]
    File(#[source] std::io::Error),
}

/// Writes a whole workbook; gives the number of rows of its first sheet.
///
/// # Errors
/// [`WorkbookError`]: what was written is no workbook.
pub fn write_workbook(
    connection: &mut AnyConnection,
    world: &World,
    mut main: Export,
    out: impl Write + Send,
) -> Result<u64, WorkbookError> {
    let plan = main.plan().clone();
    let options = &plan.view.options;
    let mut book = Workbook::new(plan.now.naive_utc(), options.zone)?;
    let rows = write_sheet(connection, &mut main, &mut book, title(options.kind))?;
    if options.kind == Kind::Responses {
        for kind in [Kind::Codebook, Kind::Answers] {
            if let Some(mut beside) = beside(connection, world, &plan, kind)? {
                write_sheet(connection, &mut beside, &mut book, title(kind))?;
            }
        }
    }
    book.begin("About", ["what", "value"].map(column).to_vec())?;
    for (what, value) in about(&plan, rows) {
        book.row(&[Cell::Text(what), Cell::Text(value)])?;
    }
    book.save(out)?;
    Ok(rows)
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Responses => "Responses",
        Kind::Answers => "Answers",
        Kind::Messages => "Messages",
        Kind::Events => "Events",
        Kind::Deliveries => "Deliveries",
        Kind::Codebook => "Codebook",
    }
}

fn column(name: &str) -> Column {
    Column { name: name.to_owned(), path: None }
}

/// Another kind of the same sessions.
fn beside(
    connection: &mut AnyConnection,
    world: &World,
    plan: &Plan,
    kind: Kind,
) -> Result<Option<Export>, StoreError> {
    let asked = plan.view.options.clone();
    let is_codebook = kind == Kind::Codebook;
    let options = ExportOptions {
        kind,
        columns: None,
        cursor: asked.cursor.clone().filter(|_| !is_codebook),
        updated_after: asked.updated_after.filter(|_| !is_codebook),
        limit: asked.limit.filter(|_| !is_codebook),
        ..asked
    };
    let prepared = Export::prepare(connection, world, &plan.survey_id, options, None)?;
    Ok(prepared.ok())
}

fn write_sheet(
    connection: &mut AnyConnection,
    export: &mut Export,
    book: &mut Workbook,
    title: &str,
) -> Result<u64, WorkbookError> {
    book.begin(title, export.plan().columns())?;
    let mut count = 0;
    while let Some(rows) = export.next_rows(connection)? {
        for row in rows {
            book.row(&row)?;
            count += 1;
        }
    }
    Ok(count)
}

/// What the workbook is, and what the figures of such data mean.
fn about(plan: &Plan, rows: u64) -> Vec<(String, String)> {
    let options = &plan.view.options;
    let filter = &options.filter;
    let zone = options.zone;
    let at = |at: Option<chrono::NaiveDateTime>| {
        at.map_or_else(|| "any".to_owned(), |at| crate::tabular::shown_time(at, zone))
    };
    let list = |words: Vec<&str>| if words.is_empty() { "any".to_owned() } else { words.join(", ") };
    let field = match filter.date_field.unwrap_or(DateField::StartedAt) {
        DateField::StartedAt => "started_at",
        DateField::CompletedAt => "completed_at",
        DateField::UpdatedAt => "updated_at",
    };
    let mut lines = vec![
        ("survey".to_owned(), plan.survey_id.clone()),
        ("export".to_owned(), options.kind.as_str().to_owned()),
        ("rows".to_owned(), rows.to_string()),
        ("time zone of all times".to_owned(), zone.name().to_owned()),
        ("generated at".to_owned(), at(Some(plan.now.naive_utc()))),
        ("product version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        (format!("{field} from"), at(filter.from)),
        (format!("{field} before"), at(filter.to)),
        ("status".to_owned(), list(filter.statuses.iter().map(|status| status.as_str()).collect())),
        ("language".to_owned(), list(filter.language.iter().map(crate::survey::Language::code).collect())),
        ("test sessions".to_owned(), if filter.includes_test { "included" } else { "left out" }.to_owned()),
    ];
    for (key, value) in &filter.variables {
        lines.push((format!("var.{key}"), value.clone()));
    }
    lines.extend(DEFINITIONS.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
    lines
}
