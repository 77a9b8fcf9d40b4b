//! `survey diff`: which export columns change between two revisions of a survey (X3, http-api.md 9.1). It
//! compares meanings, not texts of questions.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::{Element, Kind, Survey};

/// A column that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The column.
    pub column: String,
    /// What changes.
    pub change: Change,
}

/// What changes about a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// New; it stands after the columns of earlier revisions.
    Added,
    /// No longer filled; the column itself stays (X3).
    Removed,
    /// Holds something else from now on.
    Changed {
        /// What it held.
        old: String,
        /// What it holds now.
        new: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.change {
            Change::Added => write!(f, "+ {}", self.column),
            Change::Removed => write!(f, "- {} (stays in exports, no longer filled)", self.column),
            Change::Changed { old, new } => write!(f, "~ {}: {old} -> {new}", self.column),
        }
    }
}

/// The columns that change, in the order of the newer survey, removed ones last.
#[must_use]
pub fn columns(old: &Survey, new: &Survey) -> Vec<Difference> {
    let (old, new) = (columns_of(old), columns_of(new));
    let known: BTreeMap<&str, &str> =
        old.iter().map(|(name, holds)| (name.as_str(), holds.as_str())).collect();
    let mut differences = Vec::new();
    for (column, holds) in &new {
        let change = match known.get(column.as_str()) {
            None => Change::Added,
            Some(before) if before == holds => continue,
            Some(before) => Change::Changed { old: (*before).to_owned(), new: holds.clone() },
        };
        differences.push(Difference { column: column.clone(), change });
    }
    for (column, _) in &old {
        if !new.iter().any(|(name, _)| name == column) {
            differences.push(Difference { column: column.clone(), change: Change::Removed });
        }
    }
    differences
}

/// The columns of a survey's questions and what they hold, in export order.
fn columns_of(survey: &Survey) -> Vec<(String, String)> {
    let mut columns = Vec::new();
    for element in survey.elements.iter().filter(|element| element.kind.is_question()) {
        let name = &element.export_as;
        columns.push((name.clone(), holds(element)));
        columns.push((format!("{name}_label"), format!("label of {}", element.kind.name())));
        match &element.kind {
            Kind::MultipleChoice { options, .. } => {
                let chosen =
                    options.iter().map(|option| (format!("{name}__{}", option.code), "0 or 1".to_owned()));
                columns.extend(chosen);
            }
            Kind::Nps { .. } => {
                columns.push((format!("{name}_group"), "promoter, passive or detractor".to_owned()));
            }
            Kind::Text
            | Kind::SingleChoice { .. }
            | Kind::Scale { .. }
            | Kind::Number { .. }
            | Kind::YesNo
            | Kind::FreeText { .. }
            | Kind::Date { .. } => {}
        }
    }
    columns
}

/// What a column holds, in words: type, limits, codes in order.
fn holds(element: &Element) -> String {
    let codes = |options: &[super::element::ChoiceOption]| {
        options.iter().map(|option| option.code.as_str()).collect::<Vec<_>>().join(", ")
    };
    let kind = match &element.kind {
        Kind::Text | Kind::YesNo | Kind::Nps { .. } | Kind::FreeText { .. } | Kind::Date { .. } => {
            element.kind.name().to_owned()
        }
        Kind::SingleChoice { options } => format!("single_choice of {}", codes(options)),
        Kind::MultipleChoice { options, max_select, .. } => {
            format!("multiple_choice of up to {max_select} of {}", codes(options))
        }
        Kind::Scale { min, max, .. } => format!("scale {min} to {max}"),
        Kind::Number { unit, .. } => match unit {
            Some(unit) => format!("number in {unit}"),
            None => "number".to_owned(),
        },
    };
    if element.pii { format!("{kind}, personal data") } else { kind }
}
