//! Makes the tree of an expression from its tokens. It checks the grammar only; whether the names exist and
//! the types fit is decided by [`super::typing`].

use std::ops::Range;

use chrono::NaiveDate;

use crate::survey::Number;

use super::lexer::{self, LexFault, Token, TokenKind};
use super::{EXPRESSION_CHARS_MAX, Operator};

/// Deepest nesting of parentheses.
const DEPTH_MAX: usize = 32;

/// A node and its byte range in the expression.
#[derive(Clone, Debug)]
pub(super) struct Node<T> {
    pub(super) value: T,
    pub(super) range: Range<usize>,
}

/// A condition as written.
#[derive(Clone, Debug)]
pub(super) enum Written {
    Or(Vec<Node<Written>>),
    And(Vec<Node<Written>>),
    Not(Box<Node<Written>>),
    Compare(Node<Side>, Operator, Node<Side>),
    In { operand: Node<Side>, negated: bool, list: Vec<Node<Side>> },
    Answered(Node<String>),
    Skipped(Node<String>),
    Contains(Node<String>, Node<String>),
    Count(Node<String>, Operator, Node<Number>),
    Matches(String, Node<String>),
}

/// An operand as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// An element id or an option code.
    Word(String),
    Variable(String),
    Language,
    Channel,
    Number(Number),
    Text(String),
    Date(NaiveDate),
    Yes,
    No,
}

const FUNCTIONS: [&str; 5] = ["answered", "skipped", "contains", "count", "matches"];

/// Parses an expression.
pub(super) fn parse(source: &str) -> Result<Node<Written>, LexFault> {
    if source.chars().count() > EXPRESSION_CHARS_MAX {
        return Err(LexFault {
            message: format!("the expression is longer than {EXPRESSION_CHARS_MAX} characters"),
            hint: "use several rules instead".to_owned(),
            range: 0..source.len(),
        });
    }
    let tokens = lexer::tokens(source)?;
    let mut parser = Parser { tokens: &tokens, at: 0, end: source.len(), depth: 0 };
    if tokens.is_empty() {
        return Err(parser.fault("the expression is empty", "write a condition such as `csat <= 2`"));
    }
    let tree = parser.or()?;
    match parser.peek() {
        None => Ok(tree),
        Some(TokenKind::Close) => Err(parser.fault("a `)` has no `(`", "remove it")),
        Some(_) => Err(parser
            .fault("the condition ends here, but the text goes on", "join conditions with `and` or `or`")),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    end: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn peek_second(&self) -> Option<&TokenKind> {
        self.tokens.get(self.at + 1).map(|token| &token.kind)
    }

    /// The place of the next token, or the end of the expression.
    fn here(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.end..self.end, |token| token.range.clone())
    }

    /// From `start` to the end of the last token taken.
    fn since(&self, start: usize) -> Range<usize> {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        start..last.map_or(start, |token| token.range.end)
    }

    fn fault(&self, message: impl Into<String>, hint: impl Into<String>) -> LexFault {
        LexFault { message: message.into(), hint: hint.into(), range: self.here() }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(TokenKind::Word(written)) if written == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, kind: &TokenKind, written: &str) -> Result<(), LexFault> {
        if self.peek() == Some(kind) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.fault(format!("`{written}` is missing here"), format!("add `{written}`")))
        }
    }

    fn or(&mut self) -> Result<Node<Written>, LexFault> {
        self.joined("or", Written::Or, Self::and)
    }

    fn and(&mut self) -> Result<Node<Written>, LexFault> {
        self.joined("and", Written::And, Self::not)
    }

    fn joined(
        &mut self,
        word: &str,
        join: fn(Vec<Node<Written>>) -> Written,
        part: fn(&mut Self) -> Result<Node<Written>, LexFault>,
    ) -> Result<Node<Written>, LexFault> {
        let start = self.here().start;
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_word(word) {
            parts.push(part(self)?);
        }
        Ok(Node { value: join(parts), range: self.since(start) })
    }

    fn not(&mut self) -> Result<Node<Written>, LexFault> {
        let start = self.here().start;
        if !self.take_word("not") {
            return self.single();
        }
        let inner = self.single()?;
        Ok(Node { value: Written::Not(Box::new(inner)), range: self.since(start) })
    }

    fn single(&mut self) -> Result<Node<Written>, LexFault> {
        if self.peek() == Some(&TokenKind::Open) {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err(self.fault(
                    format!("more than {DEPTH_MAX} parentheses inside each other"),
                    "write the condition more simply",
                ));
            }
            self.at += 1;
            let inner = self.or()?;
            self.expect(&TokenKind::Close, ")")?;
            self.depth -= 1;
            return Ok(inner);
        }
        let start = self.here().start;
        let value = match self.peek() {
            Some(TokenKind::Word(word))
                if self.peek_second() == Some(&TokenKind::Open) && word != "not" && word != "in" =>
            {
                let name = word.clone();
                self.function(&name)?
            }
            _ => self.comparison()?,
        };
        Ok(Node { value, range: self.since(start) })
    }

    fn function(&mut self, name: &str) -> Result<Written, LexFault> {
        if !FUNCTIONS.contains(&name) {
            return Err(self.fault(
                format!("`{name}` is not a function"),
                format!("the functions are {}", FUNCTIONS.join(", ")),
            ));
        }
        self.at += 2;
        let written = match name {
            "answered" => Written::Answered(self.word("an element id")?),
            "skipped" => Written::Skipped(self.word("an element id")?),
            "contains" => {
                let element = self.word("an element id")?;
                self.expect(&TokenKind::Comma, ",")?;
                Written::Contains(element, self.word("an option code")?)
            }
            "count" => {
                let element = self.word("an element id")?;
                self.expect(&TokenKind::Close, ")")?;
                let operator = self.operator("`count(…)` must be compared with a number")?;
                return Ok(Written::Count(element, operator, self.number()?));
            }
            _ => self.matches_arguments()?,
        };
        self.expect(&TokenKind::Close, ")")?;
        Ok(written)
    }

    fn matches_arguments(&mut self) -> Result<Written, LexFault> {
        let Some(TokenKind::Variable(variable)) = self.peek().cloned() else {
            return Err(self.fault(
                "`matches` takes a session variable first",
                "write for example `matches($segment, \"^gold\")`",
            ));
        };
        self.at += 1;
        self.expect(&TokenKind::Comma, ",")?;
        let range = self.here();
        let Some(TokenKind::Text(pattern)) = self.peek().cloned() else {
            return Err(
                self.fault("the regular expression of `matches` stands in quotes", "put it in double quotes")
            );
        };
        self.at += 1;
        Ok(Written::Matches(variable, Node { value: pattern, range }))
    }

    fn word(&mut self, what: &str) -> Result<Node<String>, LexFault> {
        let range = self.here();
        let Some(TokenKind::Word(word)) = self.peek().cloned() else {
            return Err(self.fault(format!("{what} is missing here"), format!("write {what}")));
        };
        self.at += 1;
        Ok(Node { value: word, range })
    }

    fn number(&mut self) -> Result<Node<Number>, LexFault> {
        let range = self.here();
        let Some(TokenKind::Number(number)) = self.peek().cloned() else {
            return Err(self.fault("a number is missing here", "write a number such as 2"));
        };
        self.at += 1;
        Ok(Node { value: number, range })
    }

    fn operator(&mut self, message: &str) -> Result<Operator, LexFault> {
        let Some(TokenKind::Operator(operator)) = self.peek().cloned() else {
            return Err(self.fault(message, "use ==, !=, <, <=, > or >="));
        };
        self.at += 1;
        Ok(operator)
    }

    fn comparison(&mut self) -> Result<Written, LexFault> {
        let operand = self.side()?;
        if self.is_word("in") {
            self.at += 1;
            return self.list(operand, false);
        }
        let not_in =
            self.is_word("not") && matches!(self.peek_second(), Some(TokenKind::Word(word)) if word == "in");
        if not_in {
            self.at += 2;
            return self.list(operand, true);
        }
        let operator = self.operator("a value alone is not a condition")?;
        let right = self.side()?;
        if matches!(self.peek(), Some(TokenKind::Operator(_))) {
            return Err(self.fault("comparisons cannot be chained", "join two comparisons with `and`"));
        }
        Ok(Written::Compare(operand, operator, right))
    }

    fn list(&mut self, operand: Node<Side>, negated: bool) -> Result<Written, LexFault> {
        self.expect(&TokenKind::OpenList, "[")?;
        let mut list = vec![self.side()?];
        while self.peek() == Some(&TokenKind::Comma) {
            self.at += 1;
            list.push(self.side()?);
        }
        self.expect(&TokenKind::CloseList, "]")?;
        Ok(Written::In { operand, negated, list })
    }

    fn side(&mut self) -> Result<Node<Side>, LexFault> {
        let range = self.here();
        let value = match self.peek() {
            Some(TokenKind::Word(word)) => match word.as_str() {
                "and" | "or" | "not" | "in" => {
                    let message = format!("a value is missing before `{word}`");
                    return Err(self.fault(message, "write an element id, a `$variable` or a fixed value"));
                }
                "yes" => Side::Yes,
                "no" => Side::No,
                "language" => Side::Language,
                "channel" => Side::Channel,
                _ => Side::Word(word.clone()),
            },
            Some(TokenKind::Variable(name)) => Side::Variable(name.clone()),
            Some(TokenKind::Text(text)) => Side::Text(text.clone()),
            Some(TokenKind::Number(number)) => Side::Number(*number),
            Some(TokenKind::Date(date)) => Side::Date(*date),
            Some(
                TokenKind::Operator(_)
                | TokenKind::Open
                | TokenKind::Close
                | TokenKind::OpenList
                | TokenKind::CloseList
                | TokenKind::Comma,
            )
            | None => {
                return Err(self.fault(
                    "a value is missing here",
                    "write an element id, a `$variable` or a fixed value",
                ));
            }
        };
        self.at += 1;
        Ok(Node { value, range })
    }
}
