//! Rows as JSON objects: camelCase, values nested by the path of their column, nothing shortened or guarded.

use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::cell::{Cell, Column, shown_time};

/// One row as an object.
#[must_use]
pub fn object(columns: &[Column], cells: &[Cell], zone: Tz) -> Value {
    let mut whole = Map::new();
    for (column, cell) in columns.iter().zip(cells) {
        if let Some((last, outer)) = column.path.as_deref().and_then(<[String]>::split_last) {
            put(&mut whole, outer, last, value(cell, zone));
        }
    }
    Value::Object(whole)
}

fn put(object: &mut Map<String, Value>, outer: &[String], last: &str, value: Value) {
    let Some((first, rest)) = outer.split_first() else {
        object.insert(last.to_owned(), value);
        return;
    };
    let inner = object.entry(first.clone()).or_insert_with(|| json!({}));
    if let Value::Object(inner) = inner {
        put(inner, rest, last, value);
    }
}

fn value(cell: &Cell, zone: Tz) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) | Cell::Prose(text) | Cell::Phone(text) => json!(text),
        Cell::Integer(value) => json!(value),
        Cell::Decimal(thousandths) if thousandths % 1_000 == 0 => json!(thousandths / 1_000),
        #[expect(clippy::cast_precision_loss, reason = "seconds and answers are far below 2^53 thousandths")]
        Cell::Decimal(thousandths) => json!(*thousandths as f64 / 1_000.0),
        Cell::Flag(value) => json!(value),
        Cell::Time(at) => json!(shown_time(*at, zone)),
        Cell::Date(day) => json!(day.to_string()),
        Cell::List(words) => json!(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_where_their_columns_say() {
        let column = |path: Option<&[&str]>| Column {
            name: "x".into(),
            path: path.map(|names| names.iter().map(|&name| name.to_owned()).collect()),
        };
        let columns = [
            column(Some(&["sessionId"])),
            column(Some(&["answers", "csat", "value"])),
            column(Some(&["answers", "csat", "label"])),
            column(None),
        ];
        let cells = [Cell::Text("a".into()), Cell::Decimal(4_500), Cell::Empty, Cell::Integer(1)];
        let row = object(&columns, &cells, Tz::UTC);
        assert_eq!(row.to_string(), r#"{"sessionId":"a","answers":{"csat":{"value":4.5,"label":null}}}"#);
    }
}
