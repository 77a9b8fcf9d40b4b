//! CSV as RFC 4180 has it, in the dialects of analysts and of spreadsheets (X25). Text is guarded against formulas in
//! cells and headings (X24), and what people wrote is always quoted (X21). The `csv` crate quotes all fields of a file
//! or none but those that need it; here it goes by the cell.

use chrono_tz::Tz;

use super::cell::{Cell, Column, shown_decimal, shown_time};

/// First characters that make a spreadsheet take a text for a formula (CWE-1236), wide forms too.
const FORMULA_STARTS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Who the file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Comma, no byte-order mark: pandas, R.
    Analysis,
    /// Comma and byte-order mark.
    Excel,
    /// Norwegian Excel: byte-order mark, semicolon, decimal comma.
    ExcelNo,
}

/// What becomes of line breaks in texts (X26).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newlines {
    /// Kept, in quotes.
    Keep,
    /// Each becomes a space.
    Space,
}

/// How cells are written.
#[derive(Clone, Debug)]
pub struct CsvStyle {
    /// Delimiter, byte-order mark and decimal sign.
    pub dialect: Dialect,
    /// Line breaks in texts.
    pub newlines: Newlines,
    /// Texts are guarded against formulas.
    pub guarded: bool,
    /// Zone of times.
    pub zone: Tz,
}

impl CsvStyle {
    /// Appends the byte-order mark, if there is one, and the headings.
    pub fn headings<'c>(&self, out: &mut String, columns: impl Iterator<Item = &'c Column>) {
        if self.dialect != Dialect::Analysis {
            out.push('\u{feff}');
        }
        self.line(out, columns.map(|column| Cell::Text(column.name.clone())));
    }

    /// Appends a row.
    pub fn row(&self, out: &mut String, cells: &[Cell]) {
        self.line(out, cells.iter());
    }

    fn line<C: std::borrow::Borrow<Cell>>(&self, out: &mut String, cells: impl Iterator<Item = C>) {
        for (place, cell) in cells.enumerate() {
            if place > 0 {
                out.push(self.delimiter());
            }
            self.field(out, cell.borrow());
        }
        out.push_str("\r\n");
    }

    fn delimiter(&self) -> char {
        match self.dialect {
            Dialect::Analysis | Dialect::Excel => ',',
            Dialect::ExcelNo => ';',
        }
    }

    fn field(&self, out: &mut String, cell: &Cell) {
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => self.text(out, text, false),
            Cell::Prose(text) => self.text(out, text, true),
            Cell::List(words) => self.text(out, &words.join(";"), false),
            Cell::Phone(phone) => self.quoted_if_needed(out, phone, false),
            Cell::Integer(value) => out.push_str(&value.to_string()),
            Cell::Decimal(thousandths) => {
                let shown = shown_decimal(*thousandths);
                match self.dialect {
                    Dialect::Analysis | Dialect::Excel => out.push_str(&shown),
                    Dialect::ExcelNo => out.push_str(&shown.replace('.', ",")),
                }
            }
            Cell::Flag(value) => out.push_str(if *value { "true" } else { "false" }),
            Cell::Time(at) => out.push_str(&shown_time(*at, self.zone)),
            Cell::Date(day) => out.push_str(&day.to_string()),
        }
    }

    fn text(&self, out: &mut String, text: &str, always_quoted: bool) {
        let text = match self.newlines {
            Newlines::Keep => text.to_owned(),
            Newlines::Space => text.replace("\r\n", " ").replace(['\r', '\n'], " "),
        };
        if self.guarded && text.starts_with(FORMULA_STARTS) {
            self.quoted_if_needed(out, &format!("'{text}"), always_quoted);
        } else {
            self.quoted_if_needed(out, &text, always_quoted);
        }
    }

    fn quoted_if_needed(&self, out: &mut String, text: &str, always: bool) {
        let delimiter = self.delimiter();
        let needs =
            text.contains([delimiter, '"', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ');
        if !always && !needs {
            out.push_str(text);
            return;
        }
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(dialect: Dialect, newlines: Newlines, guarded: bool, cell: Cell) -> String {
        let mut out = String::new();
        CsvStyle { dialect, newlines, guarded, zone: Tz::UTC }.row(&mut out, &[cell, Cell::Empty]);
        out
    }

    #[test]
    fn x24_formulas_are_text_but_numbers_and_phones_stay_as_they_are() {
        let guarded = |cell| line(Dialect::Analysis, Newlines::Keep, true, cell);
        for text in ["=1+1", "+x", "-x", "@x", "\tx", "＝x", "＋x", "－x", "＠x"] {
            assert_eq!(guarded(Cell::Text(text.into())), format!("'{text},\r\n"));
            assert_eq!(guarded(Cell::Prose(text.into())), format!("\"'{text}\",\r\n"));
            assert_eq!(
                line(Dialect::Analysis, Newlines::Keep, false, Cell::Text(text.into())),
                format!("{text},\r\n")
            );
        }
        assert_eq!(guarded(Cell::Text("\rx".into())), "\"'\rx\",\r\n");
        assert_eq!(guarded(Cell::Integer(-5)), "-5,\r\n");
        assert_eq!(guarded(Cell::Decimal(-2_500)), "-2.5,\r\n");
        assert_eq!(guarded(Cell::Phone("+4799999999".into())), "+4799999999,\r\n");
        assert_eq!(guarded(Cell::List(vec!["-a".into(), "b".into()])), "'-a;b,\r\n");
    }

    #[test]
    fn x25_x26_each_dialect_quotes_what_its_readers_would_split() {
        let cell = || Cell::Text("a,b;\"c\"\r\nd".into());
        assert_eq!(line(Dialect::Analysis, Newlines::Keep, true, cell()), "\"a,b;\"\"c\"\"\r\nd\",\r\n");
        assert_eq!(line(Dialect::ExcelNo, Newlines::Space, true, Cell::Text("a,b\nc".into())), "a,b c;\r\n");
        assert_eq!(line(Dialect::ExcelNo, Newlines::Keep, true, Cell::Decimal(4_500)), "4,5;\r\n");
        assert_eq!(
            line(Dialect::ExcelNo, Newlines::Keep, true, Cell::List(vec!["a".into(), "b".into()])),
            "\"a;b\";\r\n"
        );
        let columns = [Column { name: "a".into(), path: None }, Column { name: "b".into(), path: None }];
        for (dialect, headings) in [
            (Dialect::Analysis, "a,b\r\n"),
            (Dialect::Excel, "\u{feff}a,b\r\n"),
            (Dialect::ExcelNo, "\u{feff}a;b\r\n"),
        ] {
            let mut out = String::new();
            CsvStyle { dialect, newlines: Newlines::Keep, guarded: true, zone: Tz::UTC }
                .headings(&mut out, columns.iter());
            assert_eq!(out, headings);
        }
    }
}
