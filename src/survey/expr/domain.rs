//! Decides what a condition can be, by trying every answer that makes a difference (E06, W08).
//!
//! The domains of scale, nps, choice and `yes_no` are finite; of numbers, dates, texts and variables only the
//! values next to those a condition names are tried, and a regular expression is taken as true and as false.
//! So the tried values cover every outcome: what never happens here never happens. When there would be too
//! many combinations nothing is decided.

use std::borrow::Cow;

use chrono::NaiveDate;

use crate::survey::{AnswerState, Number};

use super::Expr;
use super::datum::Datum;
use super::eval::{self, View};
use super::named::{Named, Uses};
use super::typing::{Scope, Type};

/// Most combinations tried for one question; above, nothing is decided.
const COMBINATIONS_MAX: usize = 10_000;

/// Points of a scale that are tried one by one; above, only those next to a named value.
const POINTS_MAX: i64 = 101;

/// Options of a multiple choice whose subsets are tried.
const SUBSET_OPTIONS_MAX: usize = 10;

/// What may have become of an element when a condition is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::survey) struct Standing {
    pub(in crate::survey) answered: bool,
    pub(in crate::survey) skipped: bool,
    /// Not asked, or asked without a valid reply.
    pub(in crate::survey) unanswered: bool,
}

/// A value an element may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::survey) enum Guess {
    Unanswered,
    Skipped,
    Number(Number),
    Text(String),
    Date(NaiveDate),
    Choices(Vec<usize>),
    /// Some answer; which one makes no difference.
    Any,
}

/// The combinations of values that some conditions can meet.
#[derive(Debug)]
pub(in crate::survey) struct Space {
    elements: Vec<(String, Vec<Guess>)>,
    variables: Vec<(String, Vec<String>)>,
    languages: Vec<String>,
    patterns: Vec<(String, String)>,
    combinations: usize,
}

/// One combination.
#[derive(Debug)]
pub(in crate::survey) struct Combination<'s> {
    elements: Vec<(&'s str, &'s Guess)>,
    variables: Vec<(&'s str, &'s str)>,
    language: &'s str,
    patterns: Vec<(&'s str, &'s str, bool)>,
}

impl Space {
    /// All combinations that make a difference to the conditions. `standing` says what may have become of an
    /// element. `None` when there are too many, or an element is broken.
    pub(in crate::survey) fn new(
        conditions: &[&Expr],
        scope: &Scope,
        standing: impl Fn(&str) -> Standing,
    ) -> Option<Self> {
        let mut uses = Uses::default();
        for condition in conditions {
            uses.test(&condition.test);
        }
        let named = uses.named_values(scope);
        let mut elements = Vec::new();
        for id in &uses.elements {
            let found = scope.elements.get(id)?;
            elements.push((
                id.clone(),
                guesses(found, standing(id), &named, uses.values.contains(id))?,
            ));
        }
        let variables: Vec<(String, Vec<String>)> = uses
            .variables
            .iter()
            .map(|name| (name.clone(), named.texts()))
            .collect();
        let languages = if uses.language && !scope.languages.is_empty() {
            scope
                .languages
                .iter()
                .map(|language| language.code().to_owned())
                .collect()
        } else {
            vec![String::new()]
        };
        let patterns: Vec<(String, String)> = uses.patterns.into_iter().collect();
        let sizes = elements
            .iter()
            .map(|(_, guesses)| guesses.len())
            .chain(variables.iter().map(|(_, texts)| texts.len()))
            .chain([languages.len()])
            .chain(patterns.iter().map(|_| 2));
        let combinations = sizes.into_iter().try_fold(1_usize, |product, size| {
            product
                .checked_mul(size)
                .filter(|product| *product <= COMBINATIONS_MAX)
        })?;
        Some(Self {
            elements,
            variables,
            languages,
            patterns,
            combinations,
        })
    }

    /// How many combinations there are.
    pub(in crate::survey) fn combinations(&self) -> usize {
        self.combinations
    }

    /// Every combination, the same order every time; the last axis turns fastest.
    pub(in crate::survey) fn iter(&self) -> impl Iterator<Item = Combination<'_>> {
        (0..self.combinations).filter_map(|number| self.combination(number))
    }

    fn combination(&self, number: usize) -> Option<Combination<'_>> {
        let mut rest = number;
        let mut digit = |size: usize| {
            let digit = rest % size;
            rest /= size;
            digit
        };
        let mut patterns = Vec::new();
        for (variable, pattern) in &self.patterns {
            patterns.push((variable.as_str(), pattern.as_str(), digit(2) == 1));
        }
        let language = self.languages.get(digit(self.languages.len()))?;
        let mut variables = Vec::new();
        for (name, texts) in &self.variables {
            variables.push((name.as_str(), texts.get(digit(texts.len()))?.as_str()));
        }
        let mut elements = Vec::new();
        for (id, guesses) in &self.elements {
            elements.push((id.as_str(), guesses.get(digit(guesses.len()))?));
        }
        Some(Combination {
            elements,
            variables,
            language,
            patterns,
        })
    }
}

impl<'s> Combination<'s> {
    /// The value of a condition in this combination.
    pub(in crate::survey) fn holds(&self, condition: &Expr) -> bool {
        eval::eval(&condition.test, self)
    }

    /// The value an element has here; `None` when no condition looks at it.
    pub(in crate::survey) fn guess(&self, element: &str) -> Option<&'s Guess> {
        self.elements
            .iter()
            .find(|(id, _)| *id == element)
            .map(|(_, guess)| *guess)
    }
}

impl View for Combination<'_> {
    fn state(&self, element: &str) -> Option<AnswerState> {
        match self.guess(element)? {
            Guess::Unanswered => None,
            Guess::Skipped => Some(AnswerState::Skipped),
            Guess::Number(_) | Guess::Text(_) | Guess::Date(_) | Guess::Choices(_) | Guess::Any => {
                Some(AnswerState::Answered)
            }
        }
    }

    fn answer(&self, element: &str) -> Datum<'_> {
        match self.guess(element) {
            Some(Guess::Number(number)) => Datum::Number(*number),
            Some(Guess::Text(text)) => Datum::Text(Cow::Borrowed(text)),
            Some(Guess::Date(date)) => Datum::Date(*date),
            Some(Guess::Unanswered | Guess::Skipped | Guess::Choices(_) | Guess::Any) | None => {
                Datum::Unanswered
            }
        }
    }

    fn chosen(&self, element: &str) -> Option<&[usize]> {
        match self.guess(element)? {
            Guess::Choices(chosen) => Some(chosen),
            Guess::Unanswered
            | Guess::Skipped
            | Guess::Number(_)
            | Guess::Text(_)
            | Guess::Date(_)
            | Guess::Any => None,
        }
    }

    fn variable(&self, name: &str) -> Cow<'_, str> {
        let folded = name.to_lowercase();
        let found = self.variables.iter().find(|(known, _)| *known == folded);
        Cow::Borrowed(found.map_or("", |(_, text)| *text))
    }

    fn language(&self) -> &str {
        self.language
    }

    fn matches(&self, variable: &str, pattern: &regex::Regex) -> bool {
        let folded = variable.to_lowercase();
        self.patterns
            .iter()
            .any(|(name, written, holds)| *holds && *name == folded && *written == pattern.as_str())
    }
}

/// The values to try for an element; `None` when they cannot be listed.
fn guesses(found: &Type, standing: Standing, named: &Named, value_matters: bool) -> Option<Vec<Guess>> {
    let mut guesses = Vec::new();
    if standing.answered {
        match found {
            Type::Unknown => return None,
            Type::Nothing => {}
            Type::Choice(codes) => guesses.extend(codes.iter().cloned().map(Guess::Text)),
            _ if !value_matters => guesses.push(Guess::Any),
            Type::Choices {
                codes,
                min_select,
                max_select,
            } => guesses.extend(subsets(codes.len(), *min_select, *max_select)?),
            Type::Number { min, max, decimals } => {
                let numbers =
                    points(*min, *max, *decimals).unwrap_or_else(|| named.numbers(*min, *max, *decimals));
                guesses.extend(numbers.into_iter().map(Guess::Number));
            }
            Type::YesNo => guesses.extend(["yes", "no"].map(|word| Guess::Text(word.to_owned()))),
            Type::Text => guesses.extend(named.texts().into_iter().map(Guess::Text)),
            Type::Date { min, max } => guesses.extend(named.dates(*min, *max).into_iter().map(Guess::Date)),
        }
    }
    if standing.skipped {
        guesses.push(Guess::Skipped);
    }
    if standing.unanswered || guesses.is_empty() {
        guesses.push(Guess::Unanswered);
    }
    Some(guesses)
}

/// Every point of a scale, if there are few.
pub(in crate::survey) fn points(
    min: Option<Number>,
    max: Option<Number>,
    decimals: u8,
) -> Option<Vec<Number>> {
    let (min, max) = (min?.hundredths(), max?.hundredths());
    let step = match decimals {
        0 => 100,
        1 => 10,
        _ => 1,
    };
    let count = (max - min) / step + 1;
    (1..=POINTS_MAX).contains(&count).then(|| {
        (0..count)
            .filter_map(|at| Number::from_hundredths(min + at * step))
            .collect()
    })
}

/// Every set of options that may be chosen.
fn subsets(count: usize, min_select: usize, max_select: usize) -> Option<Vec<Guess>> {
    if count > SUBSET_OPTIONS_MAX {
        return None;
    }
    let chosen = |bits: u32| -> Vec<usize> { (0..count).filter(|at| bits & (1 << at) != 0).collect() };
    let sets = (1..1_u32 << count).map(chosen);
    let fitting = sets.filter(|set| (min_select..=max_select).contains(&set.len()));
    Some(fitting.map(Guess::Choices).collect())
}
