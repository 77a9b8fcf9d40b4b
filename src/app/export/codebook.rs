//! `codebook`: one row per column of `responses`: what was asked, in which type, with which codes and labels, and how
//! many answered (X7, X8), with notes on what analysts' tools do to such columns (X20 to X22).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::plan::Plan;
use super::responses::{Part, Planned, Source, fixed};
use crate::survey::{Element, Kind, Language, Survey};
use crate::tabular::{Cell, Column};

/// Columns before the wordings, and after them.
const BEFORE: [&str; 4] = ["column", "type", "question_id", "question_type"];
const AFTER: [&str; 4] = ["codes", "labels", "answered", "note"];

/// The columns of a codebook: one wording for each language of the survey.
#[must_use]
pub fn columns(revisions: &BTreeMap<i32, Arc<Survey>>) -> Vec<Planned> {
    let mut columns = fixed(BEFORE.into_iter());
    let mut after = fixed(AFTER.into_iter());
    for language in languages(revisions) {
        columns.push(Planned {
            column: Column {
                name: format!("text_{}", language.code().replace('-', "_")),
                path: Some(vec!["text".to_owned(), language.code().to_owned()]),
            },
            is_detail: false,
            source: Source::Variable(language.code().to_owned()),
        });
    }
    for column in &mut after {
        if let Source::Fixed(place) = &mut column.source {
            *place += BEFORE.len();
        }
    }
    columns.append(&mut after);
    columns
}

fn languages(revisions: &BTreeMap<i32, Arc<Survey>>) -> Vec<Language> {
    let mut languages: Vec<Language> = Vec::new();
    for language in revisions.values().rev().flat_map(|survey| &survey.languages) {
        if !languages.contains(language) {
            languages.push(language.clone());
        }
    }
    languages
}

/// All rows.
#[must_use]
pub fn rows(plan: &Plan) -> Vec<Vec<Cell>> {
    let row = |described: &Planned| plan.columns.iter().map(|column| cell(plan, described, column)).collect();
    plan.described.iter().map(row).collect()
}

fn cell(plan: &Plan, described: &Planned, column: &Planned) -> Cell {
    let question = match &described.source {
        Source::Question(place, part) => plan.questions.elements.get(*place).map(|element| (element, part)),
        Source::Fixed(_) | Source::Variable(_) => None,
    };
    let place = match &column.source {
        Source::Variable(language) => return wording(question, language),
        Source::Fixed(place) => *place,
        Source::Question(..) => return Cell::Empty,
    };
    let of_element = question.map(|(element, _)| element);
    match place {
        0 => Cell::Text(described.column.name.clone()),
        1 => Cell::text(Some(type_of(described, question))),
        2 => Cell::text(of_element.map(|element| element.id.as_str())),
        3 => Cell::text(of_element.map(|element| element.kind.name())),
        4 => Cell::List(coded(question).into_iter().map(|(code, _)| code).collect()),
        5 => Cell::List(labels(plan, question)),
        6 => match question {
            Some((element, Part::Value)) => {
                let answered = plan.counted.answered.get(&element.id).copied().unwrap_or(0);
                Cell::Integer(i64::try_from(answered).unwrap_or(i64::MAX))
            }
            Some(_) | None => Cell::Empty,
        },
        _ => Cell::text(note(described, question)),
    }
}

/// What was asked, in a language, for the column that holds the value.
fn wording(question: Option<(&Element, &Part)>, language: &str) -> Cell {
    match (question, Language::parse(language)) {
        (Some((element, Part::Value)), Ok(language)) => {
            Cell::Prose(element.text.in_language(&language).trim().to_owned())
        }
        _ => Cell::Empty,
    }
}

/// Codes of a column, and the places of the options they stand for.
fn coded(question: Option<(&Element, &Part)>) -> Vec<(String, Option<usize>)> {
    match question {
        Some((element, Part::Value)) => match &element.kind {
            Kind::YesNo => ["yes", "no"].map(|word| (word.to_owned(), None)).to_vec(),
            Kind::Scale { labels, .. } | Kind::Nps { labels } => {
                labels.keys().map(|point| (point.to_string(), None)).collect()
            }
            Kind::SingleChoice { .. } | Kind::MultipleChoice { .. } => {
                let options = element.kind.options().iter().enumerate();
                options.map(|(place, option)| (option.code.clone(), Some(place))).collect()
            }
            Kind::Text | Kind::Number { .. } | Kind::FreeText { .. } | Kind::Date { .. } => Vec::new(),
        },
        Some((_, Part::Selected(_))) => ["0", "1"].map(|word| (word.to_owned(), None)).to_vec(),
        Some((_, Part::Group)) => {
            ["detractor", "passive", "promoter"].map(|word| (word.to_owned(), None)).to_vec()
        }
        Some(_) | None => Vec::new(),
    }
}

/// Labels in the order of the codes.
fn labels(plan: &Plan, question: Option<(&Element, &Part)>) -> Vec<String> {
    let Some((element, part)) = question else {
        return Vec::new();
    };
    let newest = plan.revisions.values().next_back();
    let language = plan.view.options.labels_language.as_ref();
    let language = language.or(newest.map(|survey| &survey.default_language));
    let shown = |text: &crate::survey::Text| {
        language.map_or(text.default_text(), |language| text.in_language(language)).to_owned()
    };
    match (part, &element.kind) {
        (Part::Value, Kind::Scale { labels, .. } | Kind::Nps { labels }) => {
            labels.values().map(shown).collect()
        }
        (Part::Value, _) => element.kind.options().iter().map(|option| shown(&option.label)).collect(),
        (Part::Selected(code), _) => {
            let option = element.kind.options().iter().find(|option| option.code == *code);
            option.map(|option| shown(&option.label)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// What a column holds.
fn type_of(described: &Planned, question: Option<(&Element, &Part)>) -> &'static str {
    match question {
        Some((element, Part::Value)) => match element.kind {
            Kind::Scale { .. } | Kind::Nps { .. } | Kind::Number { .. } => "number",
            Kind::Date { .. } => "date",
            Kind::Text
            | Kind::SingleChoice { .. }
            | Kind::MultipleChoice { .. }
            | Kind::YesNo
            | Kind::FreeText { .. } => "text",
        },
        Some((_, Part::Selected(_) | Part::Attempts)) => "number",
        Some((_, Part::At)) => "time",
        Some((_, Part::Group | Part::Label | Part::Raw | Part::Comment | Part::Method | Part::State)) => {
            "text"
        }
        None => match described.column.name.as_str() {
            name if name.ends_with("_at") => "time",
            "revision" | "questions_asked" | "questions_answered" | "invalid_replies" | "reminders_sent"
            | "sms_sent" | "sms_received" | "segments_sent" | "response_seconds" | "duration_seconds" => {
                "number"
            }
            "opted_out" | "is_test" => "true_or_false",
            _ => "text",
        },
    }
}

/// What to tell a tool that reads the column (X20 to X22).
fn note(described: &Planned, question: Option<(&Element, &Part)>) -> Option<&'static str> {
    match (question, &described.source) {
        (None, Source::Variable(_)) => {
            Some("text: read it as such, or 00123 becomes 123 and 1E10 a number; pandas: dtype=str")
        }
        (None, _) if described.column.name == "phone" => Some("pandas: dtype={'phone': str}"),
        (Some((element, Part::Value)), _) => match element.kind {
            Kind::FreeText { .. } => {
                Some("pandas: keep_default_na=False, or NA and null are read as missing")
            }
            Kind::MultipleChoice { .. } => Some("codes joined by ;"),
            Kind::Text
            | Kind::SingleChoice { .. }
            | Kind::Scale { .. }
            | Kind::Nps { .. }
            | Kind::Number { .. }
            | Kind::YesNo
            | Kind::Date { .. } => None,
        },
        (Some((_, Part::Selected(_))), _) => Some("empty when the question was not answered"),
        (Some((_, Part::Raw | Part::Comment)), _) => {
            Some("pandas: keep_default_na=False, or NA and null are read as missing")
        }
        (Some(_) | None, _) => None,
    }
}
