//! Elements become SMS texts here (F21, P43, P44): wording, placeholders, option lines, error texts.
//! This is the only place that adds 1 to the position of an option; it never subtracts, and it never expands
//! a value that was put into a text.

#[cfg(test)]
mod tests;

use chrono::NaiveDate;

use super::element::{ChoiceOption, Variant};
use super::expr::Facts;
use super::messages::{self, SessionText};
use super::survey::OptionStyle;
use super::{Element, Kind, Language, Number, Reason, Survey, Text, Value};
use crate::text::Composed;

/// Characters of a variable that the survey does not declare, as for a declared one without `max_length`.
const VARIABLE_MAX_LENGTH: usize = 30;

/// A text, and the wording it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: Composed,
    /// Which variant gave the wording, from 0; `None` = the element's `text` (F19).
    pub variant: Option<usize>,
}

/// An element as it is sent: its wording, then for choices one numbered line per option (F21, P44).
#[must_use]
pub fn element(facts: &Facts<'_>, element: &Element) -> Rendered {
    let (wording, variant) = wording(facts, &element.text, &element.variants);
    let body = expand(wording, |name| session_value(facts, name));
    let lines = option_lines(facts.survey.settings.option_style, facts.language, element.kind.options());
    Rendered { text: Composed::join(std::iter::once(&body).chain(&lines)), variant }
}

/// The closing text (P60).
#[must_use]
pub fn completion(facts: &Facts<'_>) -> Rendered {
    let completion = &facts.survey.completion;
    let (wording, variant) = wording(facts, &completion.text, &completion.variants);
    let body = expand(wording, |name| session_value(facts, name));
    Rendered { text: Composed::join([&body]), variant }
}

/// Error text, newline, question: one SMS (P55, F36).
#[must_use]
pub fn reask(facts: &Facts<'_>, question: &Element, reason: Reason) -> Composed {
    Composed::join([&error_text(facts, question, reason), &element(facts, question).text])
}

/// Reminder text, newline, question (F8).
#[must_use]
pub fn reminder(facts: &Facts<'_>, text: &Text, question: &Element) -> Composed {
    let lead = expand(text.in_language(facts.language), |name| session_value(facts, name));
    Composed::join([&lead, &element(facts, question).text])
}

/// Which text answers: `expired` is the survey's own, else its `unavailable` (A29), else the built-in `expired`.
#[must_use]
pub fn session_key(survey: &Survey, key: SessionText) -> SessionText {
    let has = |key: SessionText| survey.messages.contains_key(key.as_str());
    match key {
        SessionText::Expired if !has(SessionText::Expired) && has(SessionText::Unavailable) => {
            SessionText::Unavailable
        }
        SessionText::Expired
        | SessionText::Unavailable
        | SessionText::Exhausted
        | SessionText::OptedOut
        | SessionText::Help => key,
    }
}

/// A text about the session as a whole, such as `unavailable` (§5), by [`session_key`].
#[must_use]
pub fn session_text(facts: &Facts<'_>, key: SessionText) -> Composed {
    let key = session_key(facts.survey, key);
    let wording = facts
        .survey
        .messages
        .get(key.as_str())
        .map_or_else(|| messages::session(key, facts.language), |text| text.in_language(facts.language));
    let body = expand(wording, |name| session_value(facts, name));
    Composed::join([&body])
}

/// The number a person sees for the option at `index`.
fn shown(index: usize) -> usize {
    index + 1
}

/// The numbered lines of a choice, also for the checker's lengths.
pub(in crate::survey) fn option_lines(
    style: OptionStyle,
    language: &Language,
    options: &[ChoiceOption],
) -> Vec<Composed> {
    let line = |(index, option): (usize, &ChoiceOption)| {
        Composed::literal(&option_line(style, shown(index), option.label.in_language(language)))
    };
    options.iter().enumerate().map(line).collect()
}

fn option_line(style: OptionStyle, number: usize, label: &str) -> String {
    match style {
        OptionStyle::Colon => format!("{number}: {label}"),
        OptionStyle::Point => format!("{number}. {label}"),
        OptionStyle::Bracket => format!("{number}) {label}"),
        OptionStyle::Equals => format!("{number} = {label}"),
    }
}

/// The first variant whose condition holds, else the text (F19), in the session's language (F4).
fn wording<'a>(facts: &Facts<'a>, text: &'a Text, variants: &'a [Variant]) -> (&'a str, Option<usize>) {
    let found = variants.iter().enumerate().find(|(_, variant)| variant.condition.eval(facts));
    found.map_or_else(
        || (text.in_language(facts.language), None),
        |(index, variant)| (variant.text.in_language(facts.language), Some(index)),
    )
}

/// The survey's text for the reason, else the built-in one, else `unrecognised` (§5).
fn error_text(facts: &Facts<'_>, question: &Element, reason: Reason) -> Composed {
    let language = facts.language;
    let key = messages::key(reason);
    let own = |key: &str| facts.survey.messages.get(key).map(|text| text.in_language(language));
    let wording = own(key)
        .or_else(|| messages::error(reason, &question.kind, language))
        .or_else(|| own("unrecognised"))
        .unwrap_or_else(|| messages::error_in_english(reason, &question.kind));
    expand(wording, |name| {
        limit(&question.kind, reason, language, name).or_else(|| session_value(facts, name))
    })
}

/// One pass over `{{name}}` and `{{name|fallback}}`; what is put in is never looked at again (F34, F35).
/// A value that is absent or blank gives the fallback, without one nothing.
pub(in crate::survey) fn expand(text: &str, value: impl Fn(&str) -> Option<String>) -> Composed {
    let mut out = Composed::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_literal(before);
        let Some((inside, following)) = after.split_once("}}") else {
            out.push_literal("{{");
            rest = after;
            continue;
        };
        let (name, fallback) = inside.split_once('|').unwrap_or((inside, ""));
        match value(name.trim()).filter(|found| !found.trim().is_empty()) {
            Some(found) => out.push_value(&found),
            None => out.push_literal(fallback),
        }
        rest = following;
    }
    out.push_literal(rest);
    out
}

/// The value of an answer or a variable as it stands in a text: no control characters, cut to its length.
fn session_value(facts: &Facts<'_>, name: &str) -> Option<String> {
    if let Some(element) = facts.survey.element(name) {
        let value = facts.given.get(name)?.value.as_ref()?;
        return Some(answer(element, value, facts.language));
    }
    let declared = facts.survey.variable(name);
    let max_length = declared.map_or(VARIABLE_MAX_LENGTH, |variable| variable.max_length);
    facts
        .variables
        .get(name)
        .map(|given| clean(given, max_length))
        .filter(|given| !given.trim().is_empty())
        .or_else(|| {
            let default = declared?.default.as_ref()?;
            Some(clean(default.in_language(facts.language), max_length))
        })
}

/// An answer as a person reads it: the label of a choice, the local form of a number or date (F34).
#[must_use]
pub fn answer(element: &Element, value: &Value, language: &Language) -> String {
    let label = |index: &usize| {
        let option = element.kind.options().get(*index);
        option.map_or("", |option| option.label.in_language(language))
    };
    match value {
        Value::Number(number) => number_text(*number, language),
        Value::Choice(index) => label(index).to_owned(),
        Value::Choices(indices) => indices.iter().map(label).collect::<Vec<_>>().join(", "),
        Value::YesNo(yes) => messages::yes_no(*yes, language).to_owned(),
        Value::Text(text) => match &element.kind {
            Kind::FreeText { max_length, .. } => clean(text, *max_length),
            Kind::Text
            | Kind::SingleChoice { .. }
            | Kind::MultipleChoice { .. }
            | Kind::Scale { .. }
            | Kind::Nps { .. }
            | Kind::Number { .. }
            | Kind::YesNo
            | Kind::Date { .. } => clean(text, VARIABLE_MAX_LENGTH),
        },
        Value::Date(date) => date_text(*date, language),
    }
}

/// Control characters go, then everything beyond `max_length` characters (F35).
fn clean(value: &str, max_length: usize) -> String {
    value.chars().filter(|c| !c.is_control()).take(max_length).collect()
}

fn number_text(number: Number, language: &Language) -> String {
    let text = number.to_string();
    if language.code() == "no" { text.replace('.', ",") } else { text }
}

fn date_text(date: NaiveDate, language: &Language) -> String {
    let form = if language.code() == "no" { "%d.%m.%Y" } else { "%-d %b %Y" };
    date.format(form).to_string()
}

/// `{{min}}`, `{{max}}`, `{{options}}` and `{{unit}}` of an error text (F34).
pub(in crate::survey) fn limit(
    kind: &Kind,
    reason: Reason,
    language: &Language,
    name: &str,
) -> Option<String> {
    match name {
        "min" => bounds(kind, reason, language).0,
        "max" => bounds(kind, reason, language).1,
        "options" => allowed(kind, language),
        "unit" => match kind {
            Kind::Number { unit, .. } => unit.clone(),
            Kind::Text
            | Kind::SingleChoice { .. }
            | Kind::MultipleChoice { .. }
            | Kind::Scale { .. }
            | Kind::Nps { .. }
            | Kind::YesNo
            | Kind::FreeText { .. }
            | Kind::Date { .. } => None,
        },
        _ => None,
    }
}

/// Lower and upper limit that the reason is about: number of options, of characters, or the value itself.
fn bounds(kind: &Kind, reason: Reason, language: &Language) -> (Option<String>, Option<String>) {
    let count = matches!(reason, Reason::TooFew | Reason::TooMany);
    let number = |number: &Number| number_text(*number, language);
    match kind {
        Kind::MultipleChoice { min_select, max_select, .. } if count => {
            (Some(min_select.to_string()), Some(max_select.to_string()))
        }
        Kind::SingleChoice { options } | Kind::MultipleChoice { options, .. } => {
            (Some(shown(0).to_string()), options.len().checked_sub(1).map(|last| shown(last).to_string()))
        }
        Kind::Scale { min, max, .. } => (Some(number(min)), Some(number(max))),
        Kind::Nps { .. } => (Some("0".to_owned()), Some("10".to_owned())),
        Kind::Number { min, max, .. } => (min.as_ref().map(number), max.as_ref().map(number)),
        Kind::FreeText { min_length, max_length, .. } => {
            (Some(min_length.to_string()), Some(max_length.to_string()))
        }
        Kind::Date { min, max, .. } => {
            (min.map(|day| date_text(day, language)), max.map(|day| date_text(day, language)))
        }
        Kind::YesNo => (Some(shown(0).to_string()), Some(shown(1).to_string())),
        Kind::Text => (None, None),
    }
}

/// The replies a closed question takes, shortly: `1-4`, `YES or NO`.
fn allowed(kind: &Kind, language: &Language) -> Option<String> {
    match kind {
        Kind::YesNo => Some(messages::yes_or_no(language).to_owned()),
        Kind::SingleChoice { .. }
        | Kind::MultipleChoice { .. }
        | Kind::Scale { .. }
        | Kind::Nps { .. }
        | Kind::Number { .. } => {
            let (min, max) = bounds(kind, Reason::OutOfRange, language);
            Some(format!("{}-{}", min?, max?))
        }
        Kind::Text | Kind::FreeText { .. } | Kind::Date { .. } => None,
    }
}
