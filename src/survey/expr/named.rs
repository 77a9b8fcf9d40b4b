//! What conditions look at and name: the values next to which an answer makes a difference. See
//! [`super::domain`], which tries them.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use crate::survey::Number;

use super::typing::{Scope, Type};
use super::{Literal, Operand, Test};

/// What the conditions look at.
#[derive(Debug, Default)]
pub(super) struct Uses {
    pub(super) elements: BTreeSet<String>,
    /// Elements whose value matters, not only whether there is one.
    pub(super) values: BTreeSet<String>,
    pub(super) variables: BTreeSet<String>,
    pub(super) language: bool,
    /// Something is compared by order.
    order: bool,
    pub(super) patterns: BTreeSet<(String, String)>,
    literals: Vec<Literal>,
}

impl Uses {
    pub(super) fn test(&mut self, test: &Test) {
        match test {
            Test::Or(parts) | Test::And(parts) => parts.iter().for_each(|part| self.test(part)),
            Test::Not(inner) => self.test(inner),
            Test::Compare {
                left,
                operator,
                right,
            } => {
                self.order |= operator.needs_order();
                self.operand(left);
                self.operand(right);
            }
            Test::In { operand, list, .. } => {
                self.operand(operand);
                self.literals.extend(list.iter().cloned());
            }
            Test::Answered(element) | Test::Skipped(element) => {
                self.elements.insert(element.clone());
            }
            Test::Contains { element, .. } | Test::Count { element, .. } => {
                self.elements.insert(element.clone());
                self.values.insert(element.clone());
            }
            Test::Matches { variable, pattern } => {
                self.patterns
                    .insert((variable.to_lowercase(), pattern.as_str().to_owned()));
            }
        }
    }

    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Element(id) => {
                self.elements.insert(id.clone());
                self.values.insert(id.clone());
            }
            Operand::Variable(name) => {
                self.variables.insert(name.to_lowercase());
            }
            Operand::Language => self.language = true,
            Operand::Channel => {}
            Operand::Literal(literal) => self.literals.push(literal.clone()),
        }
    }

    /// Values that the conditions name, and the bounds of the elements they compare.
    pub(super) fn named_values(&self, scope: &Scope) -> Named {
        let mut named = Named::default();
        for literal in &self.literals {
            match literal {
                Literal::Number(number) => {
                    named.numbers.insert(*number);
                }
                Literal::Text(text) => {
                    named.words.insert(text.clone());
                }
                Literal::Date(date) => {
                    named.dates.insert(*date);
                }
            }
        }
        if self.order && !self.variables.is_empty() {
            // Two variables may both be numbers or both be dates.
            named.numbers.insert(Number::small(0));
            named.dates.insert(NaiveDate::default());
        }
        // Only a comparison with a variable or another element needs the element's own values.
        if self.variables.is_empty() && self.values.len() < 2 {
            return named;
        }
        for id in &self.values {
            match scope.elements.get(id) {
                Some(Type::Choice(codes)) => named.words.extend(codes.iter().cloned()),
                Some(Type::YesNo) => named.words.extend(["yes".to_owned(), "no".to_owned()]),
                Some(Type::Number { min, max, .. }) => named.numbers.extend(min.iter().chain(max)),
                Some(Type::Date { min, max }) => named.dates.extend(min.iter().chain(max)),
                Some(Type::Unknown | Type::Nothing | Type::Choices { .. } | Type::Text) | None => {}
            }
        }
        named
    }
}

/// Values that the conditions name.
#[derive(Debug, Default)]
pub(super) struct Named {
    numbers: BTreeSet<Number>,
    words: BTreeSet<String>,
    dates: BTreeSet<NaiveDate>,
}

impl Named {
    /// The numbers around those named, and the bounds.
    pub(super) fn numbers(&self, min: Option<Number>, max: Option<Number>, decimals: u8) -> Vec<Number> {
        let step = match decimals {
            0 => 100,
            1 => 10,
            _ => 1,
        };
        let around = |number: &Number| {
            let at = number.hundredths();
            [-2 * step, -step, -1, 0, 1, step, 2 * step].map(|offset| Number::from_hundredths(at + offset))
        };
        let bounds = min.into_iter().chain(max).chain([Number::small(0)]);
        let tried: BTreeSet<Number> = self
            .numbers
            .iter()
            .copied()
            .chain(bounds)
            .flat_map(|number| around(&number))
            .flatten()
            .filter(|number| min.is_none_or(|min| min <= *number) && max.is_none_or(|max| *number <= max))
            .filter(|number| number.decimals() <= decimals)
            .collect();
        tried.into_iter().collect()
    }

    pub(super) fn dates(&self, min: Option<NaiveDate>, max: Option<NaiveDate>) -> Vec<NaiveDate> {
        let around = |date: NaiveDate| {
            [0, 1, 2]
                .into_iter()
                .flat_map(move |days| {
                    [
                        date.checked_sub_days(Days::new(days)),
                        date.checked_add_days(Days::new(days)),
                    ]
                })
                .flatten()
        };
        let bounds = min.into_iter().chain(max).chain([NaiveDate::default()]);
        let tried: BTreeSet<NaiveDate> = self
            .dates
            .iter()
            .copied()
            .chain(bounds)
            .flat_map(around)
            .filter(|date| min.is_none_or(|min| min <= *date) && max.is_none_or(|max| *date <= max))
            .collect();
        tried.into_iter().collect()
    }

    /// Texts a variable may have: those named, those beside a named number or date, none, and another.
    pub(super) fn texts(&self) -> Vec<String> {
        let mut texts: BTreeSet<String> = self.words.clone();
        if !self.numbers.is_empty() {
            texts.extend(self.numbers(None, None, 2).iter().map(Number::to_string));
            // The same number may be written otherwise, which is another text (F32).
            texts.extend(self.numbers.iter().map(|number| match number.decimals() {
                0 => format!("{number}.0"),
                _ => format!("{number}0"),
            }));
        }
        if !self.dates.is_empty() {
            texts.extend(self.dates(None, None).iter().map(NaiveDate::to_string));
        }
        texts.insert(String::new());
        texts.insert(OTHER_TEXT.to_owned());
        texts.into_iter().collect()
    }
}

/// A text no condition names.
const OTHER_TEXT: &str = "\u{1}";
