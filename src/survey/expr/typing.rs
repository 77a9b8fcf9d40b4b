//! Checks an expression against the elements, options and languages of its survey (F29, F30, F33) and lowers
//! it. Every fault has a place; as many as possible are found at once.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDate;

use crate::survey::{Language, Number};
use crate::yaml::closest;

use super::parser::{self, Node, Written};
use super::{Expr, MATCHES_CHARS_MAX, Test};

/// What a survey offers to its expressions.
#[derive(Clone, Debug)]
pub(in crate::survey) struct Scope {
    /// The type of every element, by id.
    pub(in crate::survey) elements: BTreeMap<String, Type>,
    /// Languages of the survey.
    pub(in crate::survey) languages: Vec<Language>,
}

/// The type of an element's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::survey) enum Type {
    /// The element is broken elsewhere: anything fits.
    Unknown,
    /// A text element has no answer.
    Nothing,
    /// Option codes of a single choice.
    Choice(Vec<String>),
    /// Option codes of a multiple choice, and how many may be chosen.
    Choices {
        codes: Vec<String>,
        min_select: usize,
        max_select: usize,
    },
    /// Bounds and decimal places.
    Number {
        min: Option<Number>,
        max: Option<Number>,
        decimals: u8,
    },
    YesNo,
    Text,
    Date {
        min: Option<NaiveDate>,
        max: Option<NaiveDate>,
    },
}

impl Type {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Nothing => "a text without an answer",
            Self::Choice(_) => "a single choice",
            Self::Choices { .. } => "a multiple choice",
            Self::Number { .. } => "a number",
            Self::YesNo => "yes or no",
            Self::Text => "a free text",
            Self::Date { .. } => "a date",
        }
    }
}

/// What kind of fault an expression has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::survey) enum ExprFaultKind {
    /// An element that does not exist (E01).
    UnknownElement,
    /// Grammar, types, patterns (E05).
    Type,
    /// An unknown code, language or channel (E06).
    NeverTrue,
}

/// One fault of an expression.
#[derive(Clone, Debug)]
pub(in crate::survey) struct ExprFault {
    pub(in crate::survey) kind: ExprFaultKind,
    pub(in crate::survey) message: String,
    pub(in crate::survey) hint: String,
    /// Bytes of the expression it concerns.
    pub(in crate::survey) range: Range<usize>,
}

/// Parses and checks an expression.
///
/// # Errors
/// All its faults, at least one.
pub(in crate::survey) fn check(source: &str, scope: &Scope) -> Result<Expr, Vec<ExprFault>> {
    let tree = parser::parse(source).map_err(|fault| {
        vec![ExprFault {
            kind: ExprFaultKind::Type,
            message: fault.message,
            hint: fault.hint,
            range: fault.range,
        }]
    })?;
    let mut typing = Typing { scope, faults: Vec::new() };
    let test = typing.test(&tree);
    match test {
        Some(test) if typing.faults.is_empty() => Ok(Expr { test, source: source.to_owned() }),
        _ => Err(typing.faults),
    }
}

pub(super) struct Typing<'s> {
    pub(super) scope: &'s Scope,
    faults: Vec<ExprFault>,
}

impl<'s> Typing<'s> {
    pub(super) fn fault(&mut self, kind: ExprFaultKind, range: &Range<usize>, message: String, hint: String) {
        self.faults.push(ExprFault { kind, message, hint, range: range.clone() });
    }

    fn test(&mut self, node: &Node<Written>) -> Option<Test> {
        match &node.value {
            Written::Or(parts) => self.tests(parts).map(Test::Or),
            Written::And(parts) => self.tests(parts).map(Test::And),
            Written::Not(inner) => self.test(inner).map(|test| Test::Not(Box::new(test))),
            Written::Compare(left, operator, right) => self.compare(left, *operator, right, &node.range),
            Written::In { operand, negated, list } => self.list(operand, *negated, list),
            Written::Answered(id) => self.question(id).map(|_| Test::Answered(id.value.clone())),
            Written::Skipped(id) => self.question(id).map(|_| Test::Skipped(id.value.clone())),
            Written::Contains(id, code) => self.contains(id, code),
            Written::Count(id, operator, number) => {
                self.multiple_choice(id, "count")?;
                Some(Test::Count { element: id.value.clone(), operator: *operator, number: number.value })
            }
            Written::Matches(variable, pattern) => self.matches(variable, pattern),
        }
    }

    /// All parts are checked even when one is broken.
    fn tests(&mut self, parts: &[Node<Written>]) -> Option<Vec<Test>> {
        let tests: Vec<Option<Test>> = parts.iter().map(|part| self.test(part)).collect();
        tests.into_iter().collect()
    }

    /// The type of an element that asks something.
    fn question(&mut self, id: &Node<String>) -> Option<&'s Type> {
        match self.scope.elements.get(&id.value) {
            None => {
                self.unknown_element(&id.value, &id.range);
                None
            }
            Some(Type::Nothing) => {
                self.no_answer(&id.value, &id.range);
                None
            }
            Some(found) => Some(found),
        }
    }

    pub(super) fn unknown_element(&mut self, id: &str, range: &Range<usize>) {
        let hint = match closest(id, self.scope.elements.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write the id of an element, or put a text in double quotes".to_owned(),
        };
        let message = format!("`{id}` names no element");
        self.fault(ExprFaultKind::UnknownElement, range, message, hint);
    }

    pub(super) fn no_answer(&mut self, id: &str, range: &Range<usize>) {
        self.fault(
            ExprFaultKind::Type,
            range,
            format!("`{id}` is a text element, which has no answer"),
            "use the id of a question".to_owned(),
        );
    }

    pub(super) fn unknown_code(&mut self, code: &str, element: &str, codes: &[String], range: &Range<usize>) {
        let hint = match closest(code, codes.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its codes are {}", codes.join(", ")),
        };
        let message = format!("`{element}` has no option with the code `{code}`, so this is never true");
        self.fault(ExprFaultKind::NeverTrue, range, message, hint);
    }

    /// The codes of a multiple choice; nothing is said when the element is broken elsewhere.
    fn multiple_choice(&mut self, id: &Node<String>, function: &str) -> Option<&'s [String]> {
        match self.question(id)? {
            Type::Choices { codes, .. } => Some(codes),
            Type::Unknown => None,
            other @ (Type::Nothing
            | Type::Choice(_)
            | Type::Number { .. }
            | Type::YesNo
            | Type::Text
            | Type::Date { .. }) => {
                let name = other.name();
                self.fault(
                    ExprFaultKind::Type,
                    &id.range,
                    format!("`{function}` is for multiple choices, but `{}` is {name}", id.value),
                    "compare it with `==` instead".to_owned(),
                );
                None
            }
        }
    }

    fn contains(&mut self, id: &Node<String>, code: &Node<String>) -> Option<Test> {
        let codes = self.multiple_choice(id, "contains")?;
        let Some(option) = codes.iter().position(|known| *known == code.value) else {
            self.unknown_code(&code.value, &id.value, codes, &code.range);
            return None;
        };
        Some(Test::Contains { element: id.value.clone(), option })
    }

    fn matches(&mut self, variable: &str, pattern: &Node<String>) -> Option<Test> {
        if pattern.value.chars().count() > MATCHES_CHARS_MAX {
            self.fault(
                ExprFaultKind::Type,
                &pattern.range,
                format!("the regular expression is longer than {MATCHES_CHARS_MAX} characters"),
                "shorten it".to_owned(),
            );
            return None;
        }
        match super::compile_pattern(&pattern.value) {
            Ok(compiled) => Some(Test::Matches { variable: variable.to_owned(), pattern: compiled }),
            Err(reason) => {
                self.fault(
                    ExprFaultKind::Type,
                    &pattern.range,
                    format!("the regular expression does not work: {reason}"),
                    "it takes no look-around and no back-references".to_owned(),
                );
                None
            }
        }
    }
}
