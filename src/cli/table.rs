//! [`Table`]: columns for people. Every cell is printed whole, on one line; nothing is shortened (U56).

use unicode_normalization::UnicodeNormalization as _;

/// Shown for a cell without a value.
const EMPTY: &str = "-";

/// Rows under headings.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| one_line(&cell)).collect());
    }

    /// The table, each line with a line end.
    pub(super) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| width_of(cell)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let padded = row.iter().zip(&widths).map(|(cell, width)| {
                let padding = " ".repeat(width.saturating_sub(width_of(cell)));
                format!("{cell}{padding}")
            });
            format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
        };
        self.rows.iter().map(line).collect()
    }
}

/// Characters a cell takes; accents that stand alone count with their letter.
fn width_of(cell: &str) -> usize {
    cell.nfc().count()
}

/// A cell on one line, without control characters: what people text must not move the cursor.
fn one_line(cell: &str) -> String {
    let shown: String = cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if shown.trim().is_empty() { EMPTY.to_owned() } else { shown }
}

/// A JSON value as a cell: lists joined by commas, `null` empty.
pub(super) fn cell(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) | serde_json::Value::Object(_) => {
            value.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Table, cell};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_cells_stay_on_one_line() {
        let mut table = Table::new(&["question", "reply"]);
        table.row(vec!["csat".into(), "2,\nventet\u{1b}[31m".into()]);
        table.row(vec!["a".into(), String::new()]);
        assert_eq!(table.render(), "question  reply\ncsat      2, ventet [31m\na         -\n");
    }

    #[test]
    fn letters_of_any_alphabet_take_one_column() {
        let mut table = Table::new(&["reply", "comment"]);
        for reply in ["blåbær", "ol", "ærlig talt", "a\u{30a}l"] {
            table.row(vec![reply.into(), "x".into()]);
        }
        let shown = table.render();
        let column = |line: &str| unicode_normalization::UnicodeNormalization::nfc(line).count();
        assert!(shown.lines().skip(1).all(|line| column(line) == 13 && line.ends_with("  x")), "{shown}");
    }

    #[test]
    fn values_are_shown_as_people_write_them() {
        let shown: Vec<String> =
            [json!(null), json!(2), json!(["wait", "billing"]), json!([0, 2])].iter().map(cell).collect();
        assert_eq!(shown, ["", "2", "wait, billing", "0, 2"]);
    }
}
