//! [`Workbook`]: XLSX, sheet after sheet and row after row; what is written leaves memory for a temporary file (X8).
//! Texts, codes, phones and variables are text cells, so that no zero and no plus sign is lost (U48); instants are real
//! date cells in the zone asked for.

use std::io::Write;

use chrono::TimeZone as _;
use chrono_tz::Tz;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook as Book, Worksheet, XlsxError};

use super::cell::{Cell, Column};

/// Rows of a sheet, the headings among them; the next ones stand on another sheet.
const ROWS_MAX: u32 = 1_048_576;
/// Most characters of a cell, and what stands at the end of a text that is longer.
const CHARS_MAX: usize = 32_767;
const CUT: &str = " [cut: a cell of a workbook holds 32767 characters]";

/// Why a workbook could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the workbook cannot be written: {0}")]
pub struct WorkbookFault(String);

impl From<XlsxError> for WorkbookFault {
    fn from(error: XlsxError) -> Self {
        Self(error.to_string())
    }
}

/// A file of several sheets in the making.
pub struct Workbook {
    book: Book,
    zone: Tz,
    time: Format,
    date: Format,
    heading: Format,
    sheet: Option<Sheet>,
    sheets: usize,
}

/// The sheet that is written now.
struct Sheet {
    title: String,
    columns: Vec<Column>,
    /// How many sheets of this title there are.
    part: u32,
    /// The next row, counted from 0.
    row: u32,
}

impl std::fmt::Debug for Workbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workbook").finish_non_exhaustive()
    }
}

impl Workbook {
    /// An empty one, made at an instant, with times in a zone.
    ///
    /// # Errors
    /// [`WorkbookFault`] for an instant that no workbook can name.
    pub fn new(made_at: chrono::NaiveDateTime, zone: Tz) -> Result<Self, WorkbookFault> {
        let mut book = Book::new();
        let seconds = made_at.and_utc().timestamp();
        let made = ExcelDateTime::from_timestamp(seconds)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&made));
        Ok(Self {
            book,
            zone,
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            date: Format::new().set_num_format("yyyy-mm-dd"),
            heading: Format::new().set_bold(),
            sheet: None,
            sheets: 0,
        })
    }

    /// Begins a sheet with its headings.
    ///
    /// # Errors
    /// [`WorkbookFault`] when it cannot be written.
    pub fn begin(&mut self, title: &str, columns: Vec<Column>) -> Result<(), WorkbookFault> {
        self.end()?;
        self.open(Sheet { title: title.to_owned(), columns, part: 1, row: 0 })
    }

    fn open(&mut self, mut sheet: Sheet) -> Result<(), WorkbookFault> {
        let name =
            if sheet.part == 1 { sheet.title.clone() } else { format!("{} {}", sheet.title, sheet.part) };
        let page = self.book.add_worksheet_with_constant_memory()?;
        page.set_name(name)?.set_freeze_panes(1, 0)?;
        for (place, column) in sheet.columns.iter().enumerate() {
            page.write_string_with_format(0, place_of(place)?, column.name.as_str(), &self.heading)?;
        }
        self.sheets += 1;
        sheet.row = 1;
        self.sheet = Some(sheet);
        Ok(())
    }

    /// Writes a row.
    ///
    /// # Errors
    /// [`WorkbookFault`] when it cannot be written.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), WorkbookFault> {
        let is_full = self.sheet.as_ref().is_some_and(|sheet| sheet.row == ROWS_MAX);
        if is_full && let Some(sheet) = self.end()? {
            self.open(Sheet { part: sheet.part + 1, row: 0, ..sheet })?;
        }
        let Some(sheet) = &mut self.sheet else {
            return Err(WorkbookFault("a row without a sheet".to_owned()));
        };
        let row = sheet.row;
        sheet.row += 1;
        let page = self.book.worksheet_from_index(self.sheets - 1)?;
        for (place, cell) in cells.iter().enumerate() {
            let place = place_of(place)?;
            if let Cell::Time(at) = cell {
                let local = self.zone.from_utc_datetime(at).naive_local();
                page.write_datetime_with_format(row, place, local, &self.time)?;
            } else if let Cell::Date(day) = cell {
                page.write_date_with_format(row, place, *day, &self.date)?;
            } else {
                write(page, row, place, cell)?;
            }
        }
        Ok(())
    }

    /// Ends the sheet that is written now.
    fn end(&mut self) -> Result<Option<Sheet>, WorkbookFault> {
        let Some(sheet) = self.sheet.take() else {
            return Ok(None);
        };
        let last = place_of(sheet.columns.len().saturating_sub(1))?;
        self.book.worksheet_from_index(self.sheets - 1)?.autofilter(0, 0, sheet.row - 1, last)?;
        Ok(Some(sheet))
    }

    /// Writes the whole file.
    ///
    /// # Errors
    /// [`WorkbookFault`] when it cannot be written.
    pub fn save(mut self, out: impl Write + Send) -> Result<(), WorkbookFault> {
        self.end()?;
        Ok(self.book.save_to_writer(out)?)
    }
}

fn place_of(place: usize) -> Result<u16, WorkbookFault> {
    u16::try_from(place).map_err(|_| WorkbookFault("too many columns for a sheet".to_owned()))
}

fn write(page: &mut Worksheet, row: u32, place: u16, cell: &Cell) -> Result<(), WorkbookFault> {
    match cell {
        // Times and days have formats of their own.
        Cell::Empty | Cell::Time(_) | Cell::Date(_) => {}
        Cell::Text(text) | Cell::Prose(text) | Cell::Phone(text) => {
            page.write_string(row, place, fitted(text))?;
        }
        Cell::List(words) => {
            page.write_string(row, place, fitted(&words.join(";")))?;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        Cell::Integer(value) => {
            page.write_number(row, place, *value as f64)?;
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds and answers are far below 2^53 thousandths")]
        Cell::Decimal(thousandths) => {
            page.write_number(row, place, *thousandths as f64 / 1_000.0)?;
        }
        Cell::Flag(value) => {
            page.write_boolean(row, place, *value)?;
        }
    }
    Ok(())
}

/// A text that fits a cell; a longer one says that it was cut (U56).
fn fitted(text: &str) -> String {
    // Excel counts UTF-16.
    if text.encode_utf16().count() <= CHARS_MAX {
        return text.to_owned();
    }
    let room = CHARS_MAX - CUT.len();
    let mut used = 0;
    let kept: String = text
        .chars()
        .take_while(|letter| {
            used += letter.len_utf16();
            used <= room
        })
        .collect();
    format!("{kept}{CUT}")
}
