//! [`TextFile`]: an export as text, from its first byte to its last.

use super::{Export, Format};
use crate::app::cursor::Cursor;
use crate::store::{AnyConnection, StoreError};
use crate::tabular::{TextFormat, TextWriter};

/// A file of text in the making.
#[derive(Debug)]
pub struct TextFile {
    export: Export,
    writer: TextWriter,
    has_begun: bool,
    has_ended: bool,
}

impl TextFile {
    /// For an export; gives it back when its format is no text.
    ///
    /// # Errors
    /// The export, for [`super::write_workbook`].
    pub fn of(export: Export) -> Result<Self, Box<Export>> {
        let plan = export.plan();
        let options = &plan.view.options;
        let format = match options.format {
            Format::Csv => TextFormat::Csv(options.csv_style()),
            Format::JsonLines => TextFormat::JsonLines(options.zone),
            Format::Json => TextFormat::Json {
                zone: options.zone,
                next_cursor: plan.next_cursor.as_ref().map(Cursor::encode),
                has_more: plan.counted.has_more,
            },
            Format::Xlsx => return Err(Box::new(export)),
        };
        let writer = TextWriter::new(format, plan.columns());
        Ok(Self { export, writer, has_begun: false, has_ended: false })
    }

    /// Rows written so far.
    #[must_use]
    pub fn rows_written(&self) -> u64 {
        self.writer.rows()
    }

    /// The next bytes of the file; `None` after the last.
    ///
    /// # Errors
    /// [`StoreError`] of a query: the file is not complete, and whoever reads it must be able to tell.
    pub fn next(&mut self, connection: &mut AnyConnection) -> Result<Option<Vec<u8>>, StoreError> {
        if self.has_ended {
            return Ok(None);
        }
        let mut out = String::new();
        if !self.has_begun {
            self.has_begun = true;
            self.writer.begin(&mut out);
        }
        match self.export.next_rows(connection)? {
            Some(rows) => rows.iter().for_each(|row| self.writer.row(&mut out, row)),
            None => {
                self.has_ended = true;
                self.writer.end(&mut out);
            }
        }
        Ok(Some(out.into_bytes()))
    }
}
