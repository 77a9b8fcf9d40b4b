//! The wide export row of a conversation's end (X4, X5, `export` of F41), detail columns included.

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};

use super::super::{AnswerState, Element, Kind, Number, Value};
use super::{Answer, PlayStatus, Player};

/// One cell of an export row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing there.
    Empty,
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u32> for Cell {
    fn from(count: u32) -> Self {
        Number::whole(i64::from(count)).map_or(Self::Empty, Self::Number)
    }
}

impl Player<'_> {
    /// Name and value of every column: session columns, variables, then per question value, label, parts and
    /// details (http-api.md 9.1). Columns that need a gateway or a database are not there.
    #[must_use]
    pub fn row(&self) -> Vec<(String, Cell)> {
        let mut row = self.session_columns();
        for (key, value) in self.variables.iter() {
            row.push((format!("var_{key}"), Cell::from(value)));
        }
        for element in self.survey.elements.iter().filter(|element| element.kind.is_question()) {
            self.question_columns(element, &mut row);
        }
        row
    }

    /// How far the person came (M8).
    #[must_use]
    pub fn disposition(&self) -> &'static str {
        let answered = self.answered();
        let enough = answered >= self.survey.settings.partial_after.max(1);
        match self.status {
            PlayStatus::Completed => "completed",
            PlayStatus::OptedOut => "refused",
            PlayStatus::Active if answered == 0 => "contacted",
            PlayStatus::Active if enough => "interim_partial",
            PlayStatus::Active => "started",
            PlayStatus::Expired | PlayStatus::Exhausted if enough => "partial",
            PlayStatus::Expired | PlayStatus::Exhausted if self.count.received == 0 => "unresponsive",
            PlayStatus::Expired | PlayStatus::Exhausted => "breakoff",
        }
    }

    fn session_columns(&self) -> Vec<(String, Cell)> {
        let columns = [
            ("status", Cell::from(self.status.as_str())),
            ("disposition", Cell::from(self.disposition())),
            ("completed_at", time(self.count.completed_at)),
            ("survey_id", Cell::from(self.survey.id())),
            ("started_at", time(self.count.started_at)),
            ("expires_at", time(Some(self.expires_at.with_timezone(self.now.offset())))),
            ("language", Cell::from(self.progress.language.code())),
            ("questions_asked", count(self.count.asked.len())),
            ("questions_answered", Cell::from(self.answered())),
            ("invalid_replies", Cell::from(self.progress.invalid_total)),
            ("reminders_sent", Cell::from(self.count.reminders)),
            ("sms_sent", Cell::from(self.count.sent)),
            ("sms_received", Cell::from(self.count.received)),
            ("opted_out", Cell::from(if self.opted_out { "true" } else { "false" })),
        ];
        columns.map(|(name, cell)| (name.to_owned(), cell)).to_vec()
    }

    /// Valid answers, each visit of a question counted once.
    fn answered(&self) -> u32 {
        let answered = self.answers.iter().filter(|answer| answer.record.state == AnswerState::Answered);
        u32::try_from(answered.count()).unwrap_or(u32::MAX)
    }

    fn question_columns(&self, element: &Element, row: &mut Vec<(String, Cell)>) {
        let latest = self.answers.iter().rev().find(|answer| answer.record.element == element.id);
        let waiting = self.count.asked.contains(&element.id) && self.is_open_visit(element, latest);
        let latest = latest.filter(|_| !waiting);
        let record = latest.map(|answer| &answer.record);
        let value = record.and_then(|record| record.value.as_ref());
        let id = &element.export_as;
        row.push((id.clone(), value.map_or(Cell::Empty, |value| cell(element, value))));
        row.push((format!("{id}_label"), value.map_or(Cell::Empty, |value| self.label(element, value))));
        part_columns(element, value, row);
        let state = record.map(|record| record.state).or(waiting.then_some(AnswerState::Pending));
        let details = [
            (
                "raw",
                record.filter(|record| !record.raw.is_empty()).map(|record| Cell::from(record.raw.as_str())),
            ),
            ("comment", record.and_then(|record| record.comment.as_deref()).map(Cell::from)),
            ("method", record.and_then(|record| record.method).map(|method| Cell::Text(method_word(method)))),
            ("attempts", record.map(|record| Cell::from(record.attempts))),
            ("at", latest.filter(|answer| answered(answer)).map(|answer| time(Some(answer.at)))),
            ("state", state.map(|state| Cell::from(state.as_str()))),
        ];
        for (name, cell) in details {
            row.push((format!("{id}_{name}"), cell.unwrap_or(Cell::Empty)));
        }
    }

    /// Asked again, or for the first time, and nothing registered on this visit yet: the latest visit is what
    /// the wide export shows (X5).
    fn is_open_visit(&self, element: &Element, latest: Option<&Answer>) -> bool {
        let current = self.progress.position.element_id() == element.id;
        current && latest.is_none_or(|answer| answer.record.visit < self.progress.visit)
    }

    /// The label in the session's language: of the option, or of the named point of a scale (F13).
    fn label(&self, element: &Element, value: &Value) -> Cell {
        let language = &self.progress.language;
        let option = |index: &usize| {
            let option = element.kind.options().get(*index);
            option.map_or("", |option| option.label.in_language(language))
        };
        match (value, &element.kind) {
            (Value::Choice(index), _) => Cell::from(option(index)),
            (Value::Choices(indices), _) => {
                Cell::Text(indices.iter().map(option).collect::<Vec<_>>().join(";"))
            }
            (Value::Number(number), Kind::Scale { labels, .. } | Kind::Nps { labels }) => {
                labels.get(number).map_or(Cell::Empty, |label| Cell::from(label.in_language(language)))
            }
            (Value::Number(_) | Value::YesNo(_) | Value::Text(_) | Value::Date(_), _) => Cell::Empty,
        }
    }
}

/// The group of an nps answer (F17), and 0 or 1 per option of a multiple choice (X5).
fn part_columns(element: &Element, value: Option<&Value>, row: &mut Vec<(String, Cell)>) {
    let id = &element.export_as;
    match &element.kind {
        Kind::Nps { .. } => {
            let group = if let Some(Value::Number(score)) = value {
                Cell::from(nps_group(*score))
            } else {
                Cell::Empty
            };
            row.push((format!("{id}_group"), group));
        }
        Kind::MultipleChoice { options, .. } => {
            for (index, option) in options.iter().enumerate() {
                let cell = if let Some(Value::Choices(chosen)) = value {
                    Cell::from(u32::from(chosen.contains(&index)))
                } else {
                    Cell::Empty
                };
                row.push((format!("{id}__{}", option.code), cell));
            }
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

/// The value as exported: numbers as they are, choices by code (X5), `yes_no` by word.
#[must_use]
pub fn cell(element: &Element, value: &Value) -> Cell {
    let option = |index: &usize| element.kind.options().get(*index).map_or("", |option| option.code.as_str());
    match value {
        Value::Number(number) => Cell::Number(*number),
        Value::Choice(index) => Cell::from(option(index)),
        Value::Choices(indices) => Cell::Text(indices.iter().map(option).collect::<Vec<_>>().join(";")),
        Value::YesNo(yes) => Cell::from(if *yes { "yes" } else { "no" }),
        Value::Text(text) => Cell::Text(text.clone()),
        Value::Date(date) => Cell::Text(date.to_string()),
    }
}

/// Promoter 9–10, passive 7–8, detractor 0–6 (F17).
fn nps_group(score: Number) -> &'static str {
    if score >= Number::small(9) {
        "promoter"
    } else if score >= Number::small(7) {
        "passive"
    } else {
        "detractor"
    }
}

fn answered(answer: &Answer) -> bool {
    matches!(answer.record.state, AnswerState::Answered | AnswerState::Skipped)
}

fn count(number: usize) -> Cell {
    u32::try_from(number).map_or(Cell::Empty, Cell::from)
}

/// RFC 3339 in UTC (X12).
fn time(at: Option<DateTime<FixedOffset>>) -> Cell {
    at.map_or(Cell::Empty, |at| Cell::Text(at.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Secs, true)))
}

/// A cell as text; empty for an empty one.
#[must_use]
pub fn cell_text(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
    }
}

/// The method's word in exports (N90).
#[must_use]
pub fn method_word(method: super::super::Method) -> String {
    serde_json::to_value(method).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
