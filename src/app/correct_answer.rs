//! Corrects a registered answer. The raw text stays, the way through the survey is not taken again, and the
//! session's state does not matter (http-api.md 4.1).

use chrono::NaiveDate;
use serde_json::{Value as Json, json};

use super::apply_turn::Shown;
use super::audit::{self, Action, Actor};
use super::engine::Engine;
use super::event_kind::EventKind;
use super::expire_sessions::survey_of;
use super::moment::{Moment, session_mut};
use super::zone;
use crate::clock::Timestamp;
use crate::phone::Phone;
use crate::store::answers::AnswerRow;
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};
use crate::survey::element::{ChoiceOption, Direction};
use crate::survey::{AnswerState, Element, Kind, Language, Number, Value};

/// A value as a caller gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GivenValue {
    /// A text: a free text, the code of an option, a date.
    Text(String),
    /// A number with its digits.
    Number(String),
    /// True or false.
    Bool(bool),
    /// Codes of several options.
    Texts(Vec<String>),
}

/// Why an answer cannot be corrected like that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The survey has no such question.
    NoQuestion,
    /// Nothing is registered for this question and visit.
    NoAnswer,
    /// The value does not fit the question; what is wanted instead.
    Value(String),
}

/// What became of a correction.
#[derive(Clone, Debug)]
pub enum Corrected {
    /// The answer as it is now.
    Done(Box<AnswerRow>),
    /// There is no such session.
    NotFound,
    /// The request has a fault.
    Unfit(Unfit),
}

/// One correction.
#[derive(Debug)]
pub struct CorrectAnswer {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The session.
    pub session_id: String,
    /// The question.
    pub element_id: String,
    /// Its visit; `None` = the latest.
    pub visit: Option<i32>,
    /// The right value.
    pub value: GivenValue,
    /// Why.
    pub reason: String,
    /// Who asked for it.
    pub actor: Actor,
}

impl Work for CorrectAnswer {
    type Output = Corrected;

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.sessions.insert(self.session_id.clone());
        keys.answers_of.insert(self.session_id.clone());
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Corrected, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let Some(session) = moment.space.sessions.get(&self.session_id).cloned() else {
            return Ok(Corrected::NotFound);
        };
        let survey = survey_of(&moment, &self.session_id)?;
        let element = survey.element(&self.element_id).filter(|element| element.kind.is_question());
        let Some(element) = element else {
            return Ok(Corrected::Unfit(Unfit::NoQuestion));
        };
        let Some(mut row) = self.registered(&moment) else {
            return Ok(Corrected::Unfit(Unfit::NoAnswer));
        };
        let (default, at) = (engine.settings.default_timezone, row.answered_at.and_utc());
        let today = Phone::from_stored(&session.phone).map_or_else(
            || at.with_timezone(&default).date_naive(),
            |phone| zone::today(&phone, default, at),
        );
        let value = match fit(element, &self.value, today) {
            Ok(value) => value,
            Err(wanted) => return Ok(Corrected::Unfit(Unfit::Value(wanted))),
        };
        let invariant = |error: &dyn std::fmt::Display| Fault::Invariant(error.to_string());
        let language = Language::parse(&row.language).map_err(|error| invariant(&error))?;
        let shown = Shown::of(&value, element.kind.options(), &language);
        let before = row.value.take();
        AnswerState::Answered.as_str().clone_into(&mut row.state);
        row.value = Some(serde_json::to_string(&value).map_err(|error| invariant(&error))?);
        row.position = shown.position;
        row.code = shown.code;
        row.label = shown.label;
        row.corrected_at = Some(moment.at());
        row.correction_of = row.correction_of.or_else(|| before.clone());
        let event = json!({
            "elementId": row.element_id,
            "visit": row.visit,
            "reason": self.reason,
            "actor": self.actor.name,
        });
        self.keep(&mut moment, row, before.as_deref(), &event)
    }
}

impl CorrectAnswer {
    fn registered(&self, moment: &Moment<'_>) -> Option<AnswerRow> {
        let of_element = moment
            .space
            .answers
            .iter_from(&(self.session_id.clone(), self.element_id.clone(), 0))
            .map(|(_, row)| row)
            .take_while(|row| row.session_id == self.session_id && row.element_id == self.element_id);
        of_element
            .filter(|row| self.visit.is_none_or(|visit| row.visit == visit))
            .max_by_key(|row| row.visit)
            .cloned()
    }

    fn keep(
        &self,
        moment: &mut Moment<'_>,
        row: AnswerRow,
        before: Option<&str>,
        event: &Json,
    ) -> Result<Corrected, Fault> {
        let at = moment.at();
        let session = session_mut(moment.space, &self.session_id)?;
        session.updated_at = at;
        session.version += 1;
        moment.record_event(EventKind::AnswerChanged, Some(&self.session_id), event)?;
        let object = format!("session:{}", self.session_id);
        // The audit log holds no text (RS10): digests prove what was changed into what.
        let digests = json!({
            "elementId": row.element_id,
            "visit": row.visit,
            "before": before.map(audit::digest),
            "after": row.value.as_deref().map(audit::digest),
        });
        audit::record(moment.space, &self.actor, Action::AnswerCorrected, &object, &digests, moment.now)?;
        let key = (row.session_id.clone(), row.element_id.clone(), row.visit);
        moment.space.answers.put(key, row.clone());
        Ok(Corrected::Done(Box::new(row)))
    }
}

/// The value, if the question takes it; else what it takes.
fn fit(element: &Element, given: &GivenValue, today: NaiveDate) -> Result<Value, String> {
    match &element.kind {
        Kind::Text => Err("this element is not a question".to_owned()),
        Kind::SingleChoice { options } => match given {
            GivenValue::Text(code) => choice(options, code).map(Value::Choice),
            GivenValue::Number(_) | GivenValue::Bool(_) | GivenValue::Texts(_) => Err(codes(options)),
        },
        Kind::MultipleChoice { options, min_select, max_select } => match given {
            GivenValue::Texts(given) => choices(options, given, *min_select, *max_select),
            GivenValue::Text(_) | GivenValue::Number(_) | GivenValue::Bool(_) => {
                Err(format!("a list: {}", codes(options)))
            }
        },
        Kind::Scale { min, max, decimals, .. } => {
            number(given, Some(*min), Some(*max), *decimals).map(Value::Number)
        }
        Kind::Nps { .. } => {
            number(given, Some(Number::small(0)), Some(Number::small(10)), 0).map(Value::Number)
        }
        Kind::Number { min, max, decimals, .. } => number(given, *min, *max, *decimals).map(Value::Number),
        Kind::YesNo => match given {
            GivenValue::Bool(value) => Ok(Value::YesNo(*value)),
            GivenValue::Text(word) if word == "yes" => Ok(Value::YesNo(true)),
            GivenValue::Text(word) if word == "no" => Ok(Value::YesNo(false)),
            GivenValue::Text(_) | GivenValue::Number(_) | GivenValue::Texts(_) => Err("yes or no".to_owned()),
        },
        Kind::FreeText { min_length, max_length, pattern, .. } => match given {
            GivenValue::Text(text) => {
                let length = text.chars().count();
                let fits = (*min_length..=*max_length).contains(&length)
                    && !text.trim().is_empty()
                    && pattern.as_ref().is_none_or(|pattern| pattern.is_match(text));
                let wanted =
                    || format!("a text of {min_length} to {max_length} characters that fits the question");
                fits.then(|| Value::Text(text.clone())).ok_or_else(wanted)
            }
            GivenValue::Number(_) | GivenValue::Bool(_) | GivenValue::Texts(_) => Err("a text".to_owned()),
        },
        Kind::Date { direction, min, max, .. } => date(given, *direction, (*min, *max), today),
    }
}

fn codes(options: &[ChoiceOption]) -> String {
    let codes: Vec<&str> = options.iter().map(|option| option.code.as_str()).collect();
    format!("one of {}", codes.join(", "))
}

fn choice(options: &[ChoiceOption], code: &str) -> Result<usize, String> {
    options.iter().position(|option| option.code == code).ok_or_else(|| codes(options))
}

fn choices(options: &[ChoiceOption], given: &[String], min: usize, max: usize) -> Result<Value, String> {
    let mut positions =
        given.iter().map(|code| choice(options, code)).collect::<Result<Vec<usize>, String>>()?;
    positions.sort_unstable();
    positions.dedup();
    let exclusive = |position: &usize| options.get(*position).is_some_and(|option| option.exclusive);
    if positions.len() > 1 && positions.iter().any(exclusive) {
        return Err("an option that stands alone cannot be combined".to_owned());
    }
    let is_alone = positions.iter().any(exclusive);
    if !is_alone && !(min..=max).contains(&positions.len()) || positions.len() < given.len() {
        return Err(format!("{min} to {max} different options: {}", codes(options)));
    }
    Ok(Value::Choices(positions))
}

fn number(
    given: &GivenValue,
    min: Option<Number>,
    max: Option<Number>,
    decimals: u8,
) -> Result<Number, String> {
    let wanted = || {
        let shown = |limit: Option<Number>| limit.map_or_else(|| "any".to_owned(), |limit| limit.to_string());
        format!("a number from {} to {} with at most {decimals} decimals", shown(min), shown(max))
    };
    let GivenValue::Number(digits) = given else {
        return Err(wanted());
    };
    Number::parse(digits)
        .filter(|number| min.is_none_or(|min| *number >= min) && max.is_none_or(|max| *number <= max))
        .filter(|number| number.decimals() <= decimals)
        .ok_or_else(wanted)
}

fn date(
    given: &GivenValue,
    direction: Direction,
    (min, max): (Option<NaiveDate>, Option<NaiveDate>),
    today: NaiveDate,
) -> Result<Value, String> {
    let wanted = "a date such as 2026-11-21 that the question allows";
    let GivenValue::Text(text) = given else {
        return Err(wanted.to_owned());
    };
    let has_form = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|_| has_form)
        .filter(|date| min.is_none_or(|min| *date >= min) && max.is_none_or(|max| *date <= max))
        .filter(|date| match direction {
            Direction::Past => *date <= today,
            Direction::Future => *date >= today,
            Direction::Any => true,
        })
        .map(Value::Date)
        .ok_or_else(|| wanted.to_owned())
}
