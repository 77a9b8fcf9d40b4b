//! Gives the value of a checked condition. [`View`] is what it looks at: a session through
//! [`super::Facts`], or an imagined one while the checker enumerates.

use std::borrow::Cow;

use crate::survey::{AnswerState, Kind, Number, Value};

use super::datum::Datum;
use super::{Facts, Operand, Test};

/// What a condition sees.
pub(super) trait View {
    /// What became of an element, if anything yet.
    fn state(&self, element: &str) -> Option<AnswerState>;
    /// The answer to an element, as it compares.
    fn answer(&self, element: &str) -> Datum<'_>;
    /// The 0-based options chosen in a multiple choice; `None` = unanswered.
    fn chosen(&self, element: &str) -> Option<&[usize]>;
    /// The text of a variable: its value, else its default, else empty (F31).
    fn variable(&self, name: &str) -> Cow<'_, str>;
    /// The language code of the session.
    fn language(&self) -> &str;
    /// Whether the variable matches the pattern.
    fn matches(&self, variable: &str, pattern: &regex::Regex) -> bool {
        pattern.is_match(&self.variable(variable))
    }
}

/// The value of a condition.
pub(super) fn eval(test: &Test, view: &impl View) -> bool {
    match test {
        Test::Or(parts) => parts.iter().any(|part| eval(part, view)),
        Test::And(parts) => parts.iter().all(|part| eval(part, view)),
        Test::Not(inner) => !eval(inner, view),
        Test::Compare { left, operator, right } => datum(left, view).compares(*operator, &datum(right, view)),
        Test::In { operand, negated, list } => {
            let value = datum(operand, view);
            if value == Datum::Unanswered {
                return false;
            }
            let found = list
                .iter()
                .any(|literal| value.compares(super::Operator::Equal, &Datum::of_literal(literal)));
            found != *negated
        }
        Test::Answered(element) => view.state(element) == Some(AnswerState::Answered),
        Test::Skipped(element) => view.state(element) == Some(AnswerState::Skipped),
        Test::Contains { element, option } => {
            view.chosen(element).is_some_and(|chosen| chosen.contains(option))
        }
        Test::Count { element, operator, number } => view
            .chosen(element)
            .and_then(|chosen| Number::whole(i64::try_from(chosen.len()).ok()?))
            .is_some_and(|count| operator.holds(count.cmp(number))),
        Test::Matches { variable, pattern } => view.matches(variable, pattern),
    }
}

fn datum<'a>(operand: &'a Operand, view: &'a impl View) -> Datum<'a> {
    match operand {
        Operand::Element(id) => view.answer(id),
        Operand::Variable(name) => Datum::Loose(view.variable(name)),
        Operand::Language => Datum::Text(Cow::Borrowed(view.language())),
        Operand::Channel => Datum::Text(Cow::Borrowed("sms")),
        Operand::Literal(literal) => Datum::of_literal(literal),
    }
}

impl View for Facts<'_> {
    fn state(&self, element: &str) -> Option<AnswerState> {
        self.given.get(element).map(|given| given.state)
    }

    fn answer(&self, element: &str) -> Datum<'_> {
        let Some(given) = self.given.get(element) else {
            return Datum::Unanswered;
        };
        match (given.state, &given.value) {
            (AnswerState::Answered, Some(value)) => self.answer_of(element, value),
            (
                AnswerState::Answered
                | AnswerState::Skipped
                | AnswerState::NotAsked
                | AnswerState::Pending
                | AnswerState::Exhausted
                | AnswerState::Expired,
                _,
            ) => Datum::Unanswered,
        }
    }

    fn chosen(&self, element: &str) -> Option<&[usize]> {
        let given = self.given.get(element)?;
        match &given.value {
            Some(Value::Choices(chosen)) if given.state == AnswerState::Answered => Some(chosen),
            _ => None,
        }
    }

    fn variable(&self, name: &str) -> Cow<'_, str> {
        let default = || {
            self.survey
                .variable(name)
                .and_then(|variable| variable.default.as_ref())
                .map_or("", |text| text.in_language(self.language))
        };
        Cow::Borrowed(self.variables.get(name).unwrap_or_else(default))
    }

    fn language(&self) -> &str {
        self.language.code()
    }
}

impl Facts<'_> {
    fn answer_of<'v>(&'v self, element: &str, value: &'v Value) -> Datum<'v> {
        match value {
            Value::Number(number) => Datum::Number(*number),
            Value::Choice(position) => self
                .survey
                .element(element)
                .map(|element| &element.kind)
                .map(Kind::options)
                .and_then(|options| options.get(*position))
                .map_or(Datum::Unanswered, |option| Datum::Text(Cow::Borrowed(&option.code))),
            // Multiple choices are used only in contains and count (F30).
            Value::Choices(_) => Datum::Unanswered,
            Value::YesNo(yes) => Datum::Text(Cow::Borrowed(if *yes { "yes" } else { "no" })),
            Value::Text(text) => Datum::Text(Cow::Borrowed(text)),
            Value::Date(date) => Datum::Date(*date),
        }
    }
}
