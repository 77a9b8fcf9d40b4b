//! Names of files and words: [`FileName`], identifiers (F12, F14) and durations (F5), and what is written
//! twice in several files of a folder (E15).

use crate::survey::Survey;
use crate::survey::definition::{Fault, Place};
use crate::survey::finding::{Code, Finding};

use super::Checked;

/// The name of a survey file, with or without its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// From a path as the author gave it; it is shown in findings.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        Self(path.into())
    }

    /// An upload: its `id` stands alone, and only JSON is read as JSON.
    #[must_use]
    pub fn unnamed(is_json: bool) -> Self {
        Self(if is_json { ".json" } else { ".yaml" }.to_owned())
    }

    /// Whether there is a file name that `id` must be (E15).
    #[must_use]
    pub fn is_named(&self) -> bool {
        !self.stem().is_empty()
    }

    /// The name as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file name without folder and extension: what `id` must be (E15).
    #[must_use]
    pub fn stem(&self) -> &str {
        let name = self.0.rsplit(['/', '\\']).next().unwrap_or(&self.0);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// Whether the file is JSON by its name.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.extension() == Some("json")
    }

    /// Whether the loader reads a file of this name: `*.yaml`, `*.yml`, `*.json`, but neither `*.test.yaml`
    /// nor `*.schema.json` (F1).
    #[must_use]
    pub fn is_survey(&self) -> bool {
        matches!(self.extension(), Some("yaml" | "yml" | "json"))
            && !self.stem().is_empty()
            && !matches!(self.stem().rsplit_once('.'), Some((_, "test" | "schema")))
    }

    fn extension(&self) -> Option<&str> {
        let name = self.0.rsplit(['/', '\\']).next()?;
        name.rsplit_once('.').map(|(_, extension)| extension)
    }
}

/// Errors of a survey that shares its id or uuid with an earlier one of the folder (E15).
#[must_use]
pub fn duplicates<'s>(
    checked: &Checked,
    name: &FileName,
    earlier: impl IntoIterator<Item = &'s Survey>,
) -> Vec<Finding> {
    let Some(survey) = &checked.survey else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for other in earlier {
        let shared = [
            ("id", Some(survey.id()), Some(other.id())),
            ("uuid", survey.uuid.as_deref(), other.uuid.as_deref()),
        ];
        for (key, own, others) in shared {
            let Some(value) = own.filter(|_| own == others) else {
                continue;
            };
            let fault = Fault::new(
                Code::E15,
                place_of_value(&survey.source, key, value),
                format!("the {key} `{value}` is also that of another file, survey `{}`", other.id()),
                format!("give each survey its own {key}"),
            );
            findings.push(fault.locate(&survey.source, name.as_str()));
        }
    }
    findings
}

fn place_of_value(source: &str, key: &str, value: &str) -> Place {
    let lower = source.to_ascii_lowercase();
    let start = lower
        .find(&format!("{key}:"))
        .and_then(|at| lower.get(at..)?.find(value).map(|within| at + within))
        .unwrap_or(0);
    Place { start, end: start + value.len() }
}

/// Words SPSS reserves (F12).
pub(super) const RESERVED_WORDS: [&str; 13] =
    ["all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"];

/// `[a-z][a-z0-9_]{0,max - 1}` (F12, F14).
pub(super) fn is_identifier(text: &str, chars_max: usize) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= chars_max
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// `[a-z0-9][a-z0-9-]{0,62}`: the id of a survey.
pub(super) fn is_slug(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.len() <= 63
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_reads_survey_files_only() {
        for name in ["a.yaml", "surveys/a.yml", "a.json"] {
            assert!(FileName::new(name).is_survey(), "{name}");
        }
        for name in ["a.test.yaml", "survey.schema.json", "a.txt", "README", ".yaml", "a.yaml.bak"] {
            assert!(!FileName::new(name).is_survey(), "{name}");
        }
        assert_eq!(FileName::new("surveys/csat-after-call.yaml").stem(), "csat-after-call");
    }
}
