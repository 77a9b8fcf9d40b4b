//! Decides what a condition can be, by trying every answer that makes a difference (E06, W08).
//!
//! The domains of scale, nps, choice and `yes_no` are finite; of numbers, dates, texts and variables only the
//! values next to those a condition names are tried, and a regular expression is taken as true and as false.
//! So the tried values cover every outcome: what never happens here never happens. When there would be too
//! many combinations nothing is decided.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use crate::survey::{AnswerState, Number};

use super::datum::Datum;
use super::eval::{self, View};
use super::typing::{Scope, Type};
use super::{Expr, Literal, Operand, Test};

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

/// What the conditions look at.
#[derive(Debug, Default)]
struct Uses {
    elements: BTreeSet<String>,
    /// Elements whose value matters, not only whether there is one.
    values: BTreeSet<String>,
    variables: BTreeSet<String>,
    language: bool,
    /// Something is compared by order.
    order: bool,
    patterns: BTreeSet<(String, String)>,
    literals: Vec<Literal>,
}

impl Uses {
    fn test(&mut self, test: &Test) {
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
    fn named_values(&self, scope: &Scope) -> Named {
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
struct Named {
    numbers: BTreeSet<Number>,
    words: BTreeSet<String>,
    dates: BTreeSet<NaiveDate>,
}

impl Named {
    /// The numbers around those named, and the bounds.
    fn numbers(&self, min: Option<Number>, max: Option<Number>, decimals: u8) -> Vec<Number> {
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

    fn dates(&self, min: Option<NaiveDate>, max: Option<NaiveDate>) -> Vec<NaiveDate> {
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
    fn texts(&self) -> Vec<String> {
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
