//! Surveys and what the checker says, as answers show them (http-api.md 3).

use serde::Serialize;

use crate::app::manage_surveys::SurveyRow;
use crate::http::problem::Fault;
use crate::http::times::shown;
use crate::survey::Survey;
use crate::survey::check::{Checked, PathRow};
use crate::survey::finding::{Finding, Severity};

/// A survey.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Survey)]
pub struct SurveyShape {
    /// Its slug.
    #[schema(example = "csat-after-call")]
    pub id: String,
    /// Its UUID.
    pub uuid: String,
    /// Its title.
    pub title: String,
    /// `draft`, `active` or `archived`.
    #[schema(example = "active")]
    pub status: String,
    /// The revision new sessions start with; `null` for a draft.
    pub active_revision: Option<i32>,
    /// The newest revision.
    pub latest_revision: i32,
    /// Its languages.
    pub languages: Vec<String>,
    /// The language of a session that wishes for none.
    pub default_language: Option<String>,
    /// Ids of its questions in file order.
    pub questions: Vec<String>,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
    /// What the checker advises; given to an upload.
    pub warnings: Vec<Fault>,
}

impl SurveyShape {
    /// A survey with the content of one revision.
    #[must_use]
    pub fn new(row: &SurveyRow, survey: Option<&Survey>, warnings: Vec<Fault>) -> Self {
        let elements = survey.map_or(&[][..], |survey| survey.elements.as_slice());
        let languages = survey.map_or(&[][..], |survey| survey.languages.as_slice());
        Self {
            id: row.id.clone(),
            uuid: row.uuid.clone(),
            title: row.title.clone(),
            status: row.status.clone(),
            active_revision: row.active_revision,
            latest_revision: row.latest_revision,
            languages: languages.iter().map(|language| language.code().to_owned()).collect(),
            default_language: survey.map(|survey| survey.default_language.code().to_owned()),
            questions: elements
                .iter()
                .filter(|element| element.kind.is_question())
                .map(|element| element.id.clone())
                .collect(),
            created_at: shown(row.created_at),
            updated_at: shown(row.updated_at),
            warnings,
        }
    }
}

/// What the checker says about a file.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SurveyCheck)]
pub struct CheckShape {
    /// Whether it could be uploaded.
    pub valid: bool,
    /// Why not.
    pub errors: Vec<Fault>,
    /// Advice.
    pub warnings: Vec<Fault>,
    /// Which answer leads where, by element in file order.
    #[schema(value_type = Vec<Object>)]
    pub paths: Vec<PathRow>,
}

impl CheckShape {
    /// The shape of a check.
    #[must_use]
    pub fn of(checked: &Checked) -> Self {
        Self {
            valid: checked.survey.is_some(),
            errors: errors(&checked.findings),
            warnings: warnings(&checked.findings),
            paths: checked.paths.rows.clone(),
        }
    }
}

/// The errors among findings.
pub(super) fn errors(findings: &[Finding]) -> Vec<Fault> {
    of_severity(findings, Severity::Error)
}

/// The warnings among findings.
pub(super) fn warnings(findings: &[Finding]) -> Vec<Fault> {
    of_severity(findings, Severity::Warning)
}

/// Files have lines, not pointers: the place is in the detail.
fn of_severity(findings: &[Finding], severity: Severity) -> Vec<Fault> {
    findings
        .iter()
        .filter(|finding| finding.severity == severity)
        .map(|finding| {
            let Finding { line, column, message, hint, .. } = finding;
            let detail = format!("line {line}, column {column}: {message}; {hint}");
            Fault::of_checker("", finding.code.as_str(), detail)
        })
        .collect()
}
