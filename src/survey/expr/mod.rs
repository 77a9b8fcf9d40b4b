//! The expression language of rules, `when` and variants (survey-file.md §4): typed, total, no arithmetic.
//!
//! [`lexer`] and [`parser`] make a tree with positions, [`typing`] checks it against the elements of the
//! survey, [`eval`] gives its value for a session and [`domain`] decides what can never be true. It never
//! fails at run time: every checked expression is true or false for every session (F29).

mod comparison;
mod datum;
pub(in crate::survey) mod domain;
mod eval;
mod family;
mod lexer;
mod named;
mod parser;
pub(in crate::survey) mod typing;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Given, Language, Number, Survey, Variables};

/// Longest expression in characters; longer ones are refused by the checker.
pub const EXPRESSION_CHARS_MAX: usize = 2_000;

/// Longest regular expression of `matches` in characters (F33).
pub const MATCHES_CHARS_MAX: usize = 200;

/// Longest pattern in bytes (RP8).
pub const PATTERN_BYTES_MAX: usize = 512;

/// A checked expression: it has a value for every session (F29). Valid with the survey it was checked against.
#[derive(Clone, Debug)]
pub struct Expr {
    test: Test,
    source: String,
}

/// What an expression sees of a session.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The survey the expression belongs to.
    pub survey: &'a Survey,
    /// The latest answer to each element, by element id.
    pub given: &'a BTreeMap<String, Given>,
    /// The caller's variables.
    pub variables: &'a Variables,
    /// Language of the session.
    pub language: &'a Language,
}

/// Compiles a pattern under the limits of RP8: at most 512 bytes, 256 KiB compiled, 50 levels deep.
///
/// # Errors
/// A short reason, when it is no regular expression of linear time or too large.
pub(in crate::survey) fn compile_pattern(pattern: &str) -> Result<regex::Regex, String> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(format!("it is longer than {PATTERN_BYTES_MAX} bytes"));
    }
    regex::RegexBuilder::new(pattern).size_limit(256 * 1024).nest_limit(50).build().map_err(|error| {
        match error {
            regex::Error::CompiledTooBig(_) => "it is too large when compiled".to_owned(),
            regex::Error::Syntax(reason) => {
                reason.lines().last().unwrap_or("it cannot be read").trim_start_matches("error: ").to_owned()
            }
            // The library may learn to refuse for more reasons.
            other => other.to_string(),
        }
    })
}

impl Expr {
    /// The value of the expression for a session. An element without an answer makes its comparison false
    /// whatever the operator, so `not` in front of it gives true (F31).
    #[must_use]
    pub fn eval(&self, facts: &Facts<'_>) -> bool {
        eval::eval(&self.test, facts)
    }

    /// The expression as written, for reports.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// A checked condition.
#[derive(Clone, Debug)]
pub(in crate::survey) enum Test {
    /// One of them is true.
    Or(Vec<Test>),
    /// All of them are true.
    And(Vec<Test>),
    /// It is false.
    Not(Box<Test>),
    /// Two operands compare.
    Compare { left: Operand, operator: Operator, right: Operand },
    /// The operand is (not) one of the literals.
    In { operand: Operand, negated: bool, list: Vec<Literal> },
    /// The element has an answer.
    Answered(String),
    /// The person skipped the element (F28).
    Skipped(String),
    /// The multiple choice has this option, by 0-based position, among its answers.
    Contains { element: String, option: usize },
    /// The number of options chosen compares.
    Count { element: String, operator: Operator, number: Number },
    /// The variable matches a pattern of linear time (F33).
    Matches { variable: String, pattern: regex::Regex },
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::survey) enum Operand {
    /// The latest answer to an element, by id.
    Element(String),
    /// A session variable.
    Variable(String),
    /// The language of the session.
    Language,
    /// The channel; always `sms`.
    Channel,
    /// A fixed value.
    Literal(Literal),
}

/// A fixed value; option codes, `yes` and `no` are texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::survey) enum Literal {
    Number(Number),
    Text(String),
    Date(NaiveDate),
}

/// How two operands compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::survey) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// Whether the operands must have an order: numbers or dates (F29).
    pub(in crate::survey) fn needs_order(self) -> bool {
        match self {
            Self::Equal | Self::Unequal => false,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => true,
        }
    }

    /// Whether an ordering of left to right satisfies the operator.
    pub(in crate::survey) fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Unequal => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}
