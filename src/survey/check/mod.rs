//! The checker (survey-file.md §7): every fault of a survey file at once, and a [`Survey`] if there is none.
//! The loader uses this very code, so what it accepts can run (RF27). It reads no files itself.

mod advice;
mod conditions;
mod drafts;
mod flow;
mod identity;
mod kinds;
mod lengths;
mod lint;
mod names;
mod options;
mod paths;
mod placeholders;
mod repeats;
mod settings;
mod steps;
mod texts;
mod walk;

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::definition::file::SurveyFile;
use super::definition::{self, Fault, Place};
use super::finding::{Code, Finding, Severity};
use super::survey::SurveyParts;
use super::{Language, Survey};
use crate::yaml;

pub use crate::yaml::duration;
pub use lint::{TextLength, text_lengths};
pub use names::{FileName, duplicates};
pub use paths::{NextRow, PATHS_MAX, PathRow, Paths};
pub(in crate::survey) use settings::METHODS;

/// Most elements of a survey (RF27).
pub const ELEMENTS_MAX: usize = 500;

/// Most text elements in a row (RF27).
pub const TEXTS_IN_A_ROW_MAX: usize = 10;

/// Combinations of answers tried for one file, all conditions together.
const EFFORT_MAX: usize = 2_000_000;

/// What the installation adds to the check.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The configured sender name, which W04 looks for when the survey sets none.
    pub sender_name: Option<&'a str>,
    /// Opt-out words of the configuration beside the fixed ones (E08, W04).
    pub stop_words: &'a [String],
    /// Help words of the configuration beside the fixed ones (E08).
    pub help_words: &'a [String],
}

/// What the checker says about one file.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The survey; `None` when the file has errors.
    pub survey: Option<Survey>,
    /// Everything found, in file order.
    pub findings: Vec<Finding>,
    /// The reachable paths (A51); empty when the flow could not be read.
    pub paths: Paths,
}

impl Checked {
    /// Whether the file has errors.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

/// Checks the text of a survey file, YAML or JSON. Pure: the caller reads the file.
#[must_use]
pub fn check(source: &str, name: &FileName, context: &Context<'_>) -> Checked {
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    let (file, faults) = definition::read(text);
    let mut survey = None;
    let mut paths = Paths::default();
    let mut faults = faults;
    if name.is_json() {
        faults.extend(yaml::json_fault(text).map(Fault::from));
    }
    if let Some(file) = file {
        let mut checker = Checker {
            file: &file,
            source: text,
            context: *context,
            faults,
            languages: Vec::new(),
            default_language: None,
            effort_left: EFFORT_MAX,
        };
        let parts = checker.parts(name, &mut paths);
        let whole = checker.faults.iter().all(|fault| fault.code.severity() == Severity::Warning);
        survey = parts.filter(|_| whole).map(Survey::seal);
        faults = checker.faults;
    }
    Checked { survey, findings: located(faults, text, name), paths }
}

/// Findings in file order, without repeats.
fn located(faults: Vec<Fault>, source: &str, name: &FileName) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        faults.into_iter().map(|fault| fault.locate(source, name.as_str())).collect();
    findings.sort_by_key(|finding| (finding.line, finding.column, finding.code));
    findings.dedup();
    findings
}

/// The state of one check: the file, what is known of it, and the faults so far.
struct Checker<'f> {
    file: &'f SurveyFile,
    source: &'f str,
    context: Context<'f>,
    faults: Vec<Fault>,
    /// Languages of the survey; empty when the list is broken.
    languages: Vec<Language>,
    default_language: Option<Language>,
    /// Combinations still tried; when they run out, flow questions stay undecided.
    effort_left: usize,
}

impl Checker<'_> {
    fn fault(&mut self, code: Code, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.faults.push(Fault::new(code, place, message, hint));
    }

    /// Lowers the whole file. Every part is checked even when another is broken.
    fn parts(&mut self, name: &FileName, paths: &mut Paths) -> Option<SurveyParts> {
        self.format();
        let id = self.id(name);
        let uuid = self.uuid();
        self.languages();
        let settings = self.settings();
        let variables = self.variables();
        let reminders = self.reminders();
        let messages = self.messages();
        let mut steps = self.steps();
        let scope = self.scope(&steps);
        self.conditions(&mut steps, &scope);
        let completion = self.completion(&scope);
        let flow = self.flow(&steps, &scope, &settings);
        self.domains(&steps, completion.as_ref(), &flow, &scope, &settings);
        *paths = self.paths(&steps, &flow, &scope, &settings);
        self.placeholders(&steps);
        self.lengths(&steps, completion.as_ref(), &settings);
        self.advice(&steps, &settings);

        let elements: Option<Vec<_>> = steps.into_iter().map(steps::Step::into_element).collect();
        let title = self.file.title.as_ref().map(|title| title.value.clone());
        Some(SurveyParts {
            title: title.or_else(|| id.clone())?,
            id: id?,
            uuid,
            languages: self.languages.clone(),
            default_language: self.default_language.clone()?,
            settings,
            variables,
            reminders: reminders?,
            elements: elements?,
            completion: completion?.into_completion()?,
            messages,
            hash: hash(self.source),
            source: self.source.to_owned(),
        })
    }
}

/// SHA-256 of the file in hex: the name of the revision (F6).
fn hash(source: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(source.as_bytes()) {
        // Writing to a text never fails.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
