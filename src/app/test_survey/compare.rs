//! What a test file expects and what happened, as lines that can stand side by side (F41).

use std::collections::BTreeMap;

use super::file::Scalar;
use crate::survey::play::{self, Cell};
use crate::survey::{AnswerState, Element, Method, Value};

/// One registered answer.
pub(super) struct Registered {
    pub element: String,
    pub value: String,
    pub method: Option<Method>,
    pub comment: Option<String>,
    pub state: AnswerState,
}

/// `null` and the empty text are the same: nothing there.
pub(super) fn scalar_line(scalar: &Scalar) -> String {
    line(&scalar.to_text())
}

pub(super) fn cell_line(cell: &Cell) -> String {
    match cell {
        Cell::Empty => line(""),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => line(text),
    }
}

pub(super) fn value_line(element: &Element, value: Option<&Value>) -> String {
    value.map_or_else(|| line(""), |value| cell_line(&play::cell(element, value)))
}

fn line(text: &str) -> String {
    if text.is_empty() { "null".to_owned() } else { text.to_owned() }
}

/// Expected and actual lines: only what the file names is compared.
pub(super) fn answer_lines(
    wanted: &BTreeMap<String, Scalar>,
    registered: &[Registered],
) -> (Vec<String>, Vec<String>) {
    let mut expected = Vec::new();
    let mut actual = Vec::new();
    let named = |key: &str| matches!(key, "method" | "comment" | "state");
    let element = wanted.keys().find(|key| !named(key));
    let found = registered.iter().find(|answer| element.is_none_or(|element| answer.element == *element));
    for (key, scalar) in wanted {
        expected.push(format!("{key}: {}", scalar_line(scalar)));
        let value = match (found, key.as_str()) {
            (Some(answer), "method") => line(answer.method.map(play::method_word).as_deref().unwrap_or("")),
            (Some(answer), "comment") => line(answer.comment.as_deref().unwrap_or("")),
            (Some(answer), "state") => answer.state.as_str().to_owned(),
            (Some(answer), key) if answer.element == key => answer.value.clone(),
            (Some(_) | None, _) => "nothing registered".to_owned(),
        };
        actual.push(format!("{key}: {value}"));
    }
    (expected, actual)
}
