//! Rows of cells into files: CSV in three dialects, JSON Lines, JSON and XLSX. It knows what a cell is and how each format
//! writes it; it knows neither surveys nor the store, and reads nothing.

pub mod cell;
mod csv;
mod json;
mod writer;
mod xlsx;

pub use cell::{Cell, Column, shown_time};
pub use csv::{CsvStyle, Dialect, Newlines};
pub use writer::{TextFormat, TextWriter};
pub use xlsx::{Workbook, WorkbookFault};
