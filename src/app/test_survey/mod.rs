//! `survey test`: plays the conversations of a `.test.yaml` file through the real interpreter and reply parser
//! on a virtual clock (F41). It reads and writes no file, needs no gateway and no database.

mod compare;
mod file;

use std::collections::BTreeSet;
use std::fmt;

use super::classify_inbound::classify_inbound;
use crate::session::Keywords;
use crate::survey::play::{Happened, Player, QuietHours, Sent, Start};
use crate::survey::turn::{Branch, Effect, Misfit};
use crate::survey::{AnswerState, Survey, Variables, messages};
pub use file::{Case, Scalar, Step, TestFile, TestFileError};

use compare::{answer_lines, cell_line, scalar_line, value_line};

/// The outcome of a test file.
#[derive(Clone, Debug)]
pub struct Report {
    /// Id of the survey.
    pub survey: String,
    /// One per case, in file order.
    pub cases: Vec<CaseReport>,
    /// Every way taken through the survey by some case.
    pub taken: BTreeSet<Branch>,
}

/// The outcome of one case.
#[derive(Clone, Debug)]
pub struct CaseReport {
    /// The case's name.
    pub name: String,
    /// What was not as expected; empty = passed.
    pub failures: Vec<Failure>,
}

/// One thing that was not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The step, from 1; `None` for the export row.
    pub step: Option<usize>,
    /// What was compared: `expect`, `answer`, `reask`, `export`.
    pub what: &'static str,
    /// One line per thing expected.
    pub expected: Vec<String>,
    /// One line per thing that happened.
    pub actual: Vec<String>,
}

impl Report {
    /// Whether every case passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.cases.iter().all(|case| case.failures.is_empty())
    }
}

/// Plays every case of the file.
///
/// # Errors
/// [`TestFileError::OtherSurvey`] when the file is for another survey; [`TestFileError::Language`] when a case
/// speaks a language the survey lacks; [`TestFileError::Step`] when a step cannot be read.
pub fn test_survey(survey: &Survey, file: &TestFile, keywords: &Keywords) -> Result<Report, TestFileError> {
    if file.survey != survey.id() {
        return Err(TestFileError::OtherSurvey { named: file.survey.clone(), given: survey.id().to_owned() });
    }
    let mut report = Report { survey: survey.id().to_owned(), cases: Vec::new(), taken: BTreeSet::new() };
    for case in &file.cases {
        let mut run = Run::start(survey, case, keywords)?;
        run.steps(case)?;
        report.taken.extend(run.player.path().iter().cloned());
        report.cases.push(run.finish(case));
    }
    Ok(report)
}

/// A case being played.
struct Run<'a> {
    player: Player<'a>,
    keywords: &'a Keywords,
    last: Happened,
    failures: Vec<Failure>,
}

impl<'a> Run<'a> {
    fn start(survey: &'a Survey, case: &Case, keywords: &'a Keywords) -> Result<Self, TestFileError> {
        let language = survey.language_for(case.language.as_ref());
        if case.language.as_ref().is_some_and(|wish| *wish != language) {
            return Err(TestFileError::Language { case: case.name.clone(), language });
        }
        let pairs = case.vars.iter().map(|(key, value)| (key.clone(), value.to_text()));
        let start = Start {
            language,
            variables: Variables::new(pairs.collect()),
            content: case.content.clone(),
            now: case.start()?,
            quiet_hours: QuietHours::default(),
            lexicons: keywords.lexicons(),
        };
        let (player, last) = Player::start(survey, start);
        Ok(Self { player, keywords, last, failures: Vec::new() })
    }

    fn steps(&mut self, case: &Case) -> Result<(), TestFileError> {
        for (number, step) in (1..).zip(&case.steps) {
            let misfit = |fault: Misfit| TestFileError::Step {
                case: case.name.clone(),
                step: number,
                fault: fault.to_string(),
            };
            if let Some(time) = step.wait_time(&case.name, number)? {
                self.last = self.player.wait(time).map_err(misfit)?;
            }
            if let Some(reply) = &step.reply {
                let raw = reply.to_text();
                let inbound = classify_inbound(self.keywords, &self.player, &raw);
                self.last = self.player.receive(&raw, inbound).map_err(misfit)?;
            }
            self.check(number, step);
        }
        Ok(())
    }

    fn check(&mut self, number: usize, step: &Step) {
        if let Some(expected) = &step.expect {
            let actual = self.last.sent.iter().map(Sent::name).collect();
            self.compare(Some(number), "expect", expected.clone(), actual);
            self.last.sent.clear();
        }
        if let Some(expected) = &step.answer {
            let (expected, actual) = answer_lines(expected, &self.registered());
            self.compare(Some(number), "answer", expected, actual);
        }
        if let Some(reason) = step.reask {
            let expected = vec![messages::key(reason).to_owned()];
            self.compare(Some(number), "reask", expected, self.refused());
        }
    }

    /// Element and what was registered for it by the last event, a fragment counted as the whole.
    fn registered(&self) -> Vec<compare::Registered> {
        let element = |id: &str| self.player.survey().element(id);
        self.last
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Record(record) if record.state != AnswerState::NotAsked => {
                    Some(compare::Registered {
                        element: record.element.clone(),
                        value: value_line(element(&record.element)?, record.value.as_ref()),
                        method: record.method,
                        comment: record.comment.clone(),
                        state: record.state,
                    })
                }
                Effect::Append { element: id, value, .. } => Some(compare::Registered {
                    element: id.clone(),
                    value: value_line(element(id)?, Some(value)),
                    method: None,
                    comment: None,
                    state: AnswerState::Answered,
                }),
                Effect::Record(_)
                | Effect::Send(_)
                | Effect::Reject { .. }
                | Effect::Extra { .. }
                | Effect::Tag { .. }
                | Effect::Mute
                | Effect::Muted
                | Effect::VisitLimit { .. }
                | Effect::Complete
                | Effect::Close(_) => None,
            })
            .collect()
    }

    fn refused(&self) -> Vec<String> {
        let reasons = self.last.effects.iter().filter_map(|effect| match effect {
            Effect::Reject { reason, .. } => Some(messages::key(*reason).to_owned()),
            Effect::Send(_)
            | Effect::Record(_)
            | Effect::Append { .. }
            | Effect::Extra { .. }
            | Effect::Tag { .. }
            | Effect::Mute
            | Effect::Muted
            | Effect::VisitLimit { .. }
            | Effect::Complete
            | Effect::Close(_) => None,
        });
        reasons.collect()
    }

    fn compare(
        &mut self,
        step: Option<usize>,
        what: &'static str,
        expected: Vec<String>,
        actual: Vec<String>,
    ) {
        if expected != actual {
            self.failures.push(Failure { step, what, expected, actual });
        }
    }

    fn finish(mut self, case: &Case) -> CaseReport {
        let row = self.player.row();
        let (mut expected, mut actual) = (Vec::new(), Vec::new());
        for (column, wanted) in &case.export {
            let found = row.iter().find(|(name, _)| name == column);
            expected.push(format!("{column}: {}", scalar_line(wanted)));
            actual.push(found.map_or_else(
                || format!("{column}: no such column"),
                |(_, cell)| format!("{column}: {}", cell_line(cell)),
            ));
        }
        self.compare(None, "export", expected, actual);
        CaseReport { name: case.name.clone(), failures: self.failures }
    }
}

/// Expected and actual side by side, lines that differ marked with `*`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => writeln!(f, "step {step}: {}", self.what)?,
            None => writeln!(f, "at the end: {}", self.what)?,
        }
        let width = self.expected.iter().map(|line| line.chars().count()).max();
        let width = width.unwrap_or(0).max("expected".len());
        writeln!(f, "    {:width$}   actual", "expected")?;
        let lines = self.expected.len().max(self.actual.len());
        for number in 0..lines {
            let line = |lines: &[String]| lines.get(number).cloned().unwrap_or_default();
            let (expected, actual) = (line(&self.expected), line(&self.actual));
            let mark = if expected == actual { ' ' } else { '*' };
            writeln!(f, "  {mark} {expected:width$} | {actual}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for case in &self.cases {
            let verdict = if case.failures.is_empty() { "ok  " } else { "FAIL" };
            writeln!(f, "{verdict} {}: {}", self.survey, case.name)?;
            for failure in &case.failures {
                write!(f, "{failure}")?;
            }
        }
        Ok(())
    }
}
