//! [`TextWriter`]: one file of text, from its first byte to its last. It holds no row longer than it takes to write it.

use serde_json::json;

use super::cell::{Cell, Column};
use super::csv::CsvStyle;
use super::json::object;

/// Formats that are written as text, row by row.
#[derive(Clone, Debug)]
pub enum TextFormat {
    /// One row a line, with headings.
    Csv(CsvStyle),
    /// One object a line; times in the zone.
    JsonLines(chrono_tz::Tz),
    /// One object with all rows in `data`, as lists are answered (http-api.md 1.5).
    Json {
        /// Zone of times.
        zone: chrono_tz::Tz,
        /// Where reading goes on.
        next_cursor: Option<String>,
        /// Whether more rows are there now.
        has_more: bool,
    },
}

/// Writes a file.
#[derive(Clone, Debug)]
pub struct TextWriter {
    format: TextFormat,
    columns: Vec<Column>,
    rows: u64,
}

impl TextWriter {
    /// For a file of these columns.
    #[must_use]
    pub fn new(format: TextFormat, columns: Vec<Column>) -> Self {
        Self { format, columns, rows: 0 }
    }

    /// Rows written so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What stands before the first row.
    pub fn begin(&mut self, out: &mut String) {
        match &self.format {
            TextFormat::Csv(style) => style.headings(out, self.columns.iter()),
            TextFormat::JsonLines(_) => {}
            TextFormat::Json { .. } => out.push_str("{\"data\":["),
        }
    }

    /// One row.
    pub fn row(&mut self, out: &mut String, cells: &[Cell]) {
        match &self.format {
            TextFormat::Csv(style) => style.row(out, cells),
            TextFormat::JsonLines(zone) => {
                out.push_str(&object(&self.columns, cells, *zone).to_string());
                out.push('\n');
            }
            TextFormat::Json { zone, .. } => {
                out.push_str(if self.rows == 0 { "\n" } else { ",\n" });
                out.push_str(&object(&self.columns, cells, *zone).to_string());
            }
        }
        self.rows += 1;
    }

    /// What stands after the last row.
    pub fn end(&mut self, out: &mut String) {
        match &self.format {
            TextFormat::Csv(_) | TextFormat::JsonLines(_) => {}
            TextFormat::Json { next_cursor, has_more, .. } => {
                let (cursor, more) = (json!(next_cursor), json!(has_more));
                out.push_str(&format!("\n],\"nextCursor\":{cursor},\"hasMore\":{more}}}\n"));
            }
        }
    }
}
