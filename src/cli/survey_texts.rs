//! What `survey list`, `survey diff` and `survey lint` print, as text or JSON.

use std::fmt::Write as _;

use serde_json::json;

use crate::app::survey_files::SurveyFile;
use crate::survey::Survey;
use crate::survey::check::{TextLength, text_lengths};
use crate::survey::diff::Difference;
use crate::survey::finding::Severity;

/// One survey a line.
pub(super) fn list(files: &[SurveyFile], json: bool) -> String {
    let mut rows = Vec::new();
    for file in files {
        let Ok(checked) = &file.checked else { continue };
        let count = |severity| {
            let findings = checked.findings.iter();
            findings.filter(|finding| finding.severity == severity).count()
        };
        let survey = checked.survey.as_ref();
        let questions = survey.map(|survey| {
            let elements = survey.elements.iter();
            elements.filter(|element| element.kind.is_question()).count()
        });
        let languages: Vec<&str> = survey
            .map(|survey| survey.languages.iter().map(crate::survey::Language::code).collect())
            .unwrap_or_default();
        rows.push(json!({
            "file": file.path.to_string_lossy(),
            "id": survey.map(Survey::id),
            "uuid": survey.and_then(|survey| survey.uuid.clone()),
            "title": survey.map(|survey| survey.title.clone()),
            "revision": survey.map(|survey| survey.hash.chars().take(12).collect::<String>()),
            "languages": languages,
            "questions": questions,
            "errors": count(Severity::Error),
            "warnings": count(Severity::Warning),
        }));
    }
    if json {
        return format!("{:#}\n", serde_json::Value::Array(rows));
    }
    let text = |row: &serde_json::Value, key: &str| match row.get(key) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Array(list)) => {
            let words: Vec<&str> = list.iter().filter_map(|word| word.as_str()).collect();
            words.join(",")
        }
        Some(serde_json::Value::Null) | None => "-".to_owned(),
        Some(other) => other.to_string(),
    };
    let keys = ["id", "revision", "languages", "questions", "errors", "warnings", "title", "file"];
    let mut table = vec![keys.map(str::to_owned).to_vec()];
    table.extend(rows.iter().map(|row| keys.map(|key| text(row, key)).to_vec()));
    columns(&table)
}

/// The columns that change between two revisions.
pub(super) fn diff(differences: &[Difference], json: bool) -> String {
    if json {
        return format!("{:#}\n", json!(differences));
    }
    if differences.is_empty() {
        return "no export column changes\n".to_owned();
    }
    let mut out = String::new();
    for difference in differences {
        let _ = writeln!(out, "{difference}");
    }
    out
}

/// Segments and cost per text and language, and the sum of a language.
pub(super) fn segments(surveys: &[&Survey], price: f64, json: bool) -> String {
    let rows: Vec<(&str, TextLength)> = surveys
        .iter()
        .flat_map(|survey| text_lengths(survey).into_iter().map(|length| (survey.id(), length)))
        .collect();
    if json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(survey, length)| {
                json!({
                    "survey": survey,
                    "text": length.text,
                    "language": length.language,
                    "encoding": length.encoding,
                    "units": length.units,
                    "segments": length.segments,
                    "cost": cost(length.segments, price),
                })
            })
            .collect();
        return format!("{:#}\n", serde_json::Value::Array(rows));
    }
    let heads = ["survey", "text", "language", "encoding", "units", "segments", "cost"];
    let mut table = vec![heads.map(str::to_owned).to_vec()];
    for (survey, length) in &rows {
        table.push(vec![
            (*survey).to_owned(),
            length.text.clone(),
            length.language.to_string(),
            length.encoding.as_str().to_owned(),
            length.units.to_string(),
            length.segments.to_string(),
            format!("{:.2}", cost(length.segments, price)),
        ]);
    }
    columns(&table)
}

fn cost(segments: usize, price: f64) -> f64 {
    u32::try_from(segments).map_or(f64::INFINITY, f64::from) * price
}

/// A table with two spaces between its columns.
fn columns(table: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in table {
        for (at, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(at) {
                Some(known) => *known = (*known).max(width),
                None => widths.push(width),
            }
        }
    }
    let mut out = String::new();
    for row in table {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
