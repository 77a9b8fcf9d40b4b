//! Cuts an expression into tokens with their places. It knows no elements and never fails on any text: what
//! it cannot read becomes a fault at its place.

use std::ops::Range;

use chrono::NaiveDate;

use crate::survey::Number;

use super::Operator;

/// A token and its byte range in the expression.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) range: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// An element id, an option code or a word of the language.
    Word(String),
    /// `$name`, without the dollar.
    Variable(String),
    /// Text in double quotes.
    Text(String),
    Number(Number),
    Date(NaiveDate),
    Operator(Operator),
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
}

/// What could not be read, and where.
#[derive(Clone, Debug)]
pub(super) struct LexFault {
    pub(super) message: String,
    pub(super) hint: String,
    pub(super) range: Range<usize>,
}

/// Cuts the expression into tokens.
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, LexFault> {
    let mut lexer = Lexer { source, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next_token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> String {
        let taken: String = self.rest().chars().take_while(|c| fits(*c)).collect();
        self.at += taken.len();
        taken
    }

    fn fault(&self, start: usize, message: impl Into<String>, hint: impl Into<String>) -> LexFault {
        LexFault { message: message.into(), hint: hint.into(), range: start..self.at }
    }

    fn next_token(&mut self) -> Result<Option<Token>, LexFault> {
        self.take_while(char::is_whitespace);
        let start = self.at;
        let Some(first) = self.peek() else {
            return Ok(None);
        };
        let negative_number = first == '-' && self.rest().chars().nth(1).is_some_and(|c| c.is_ascii_digit());
        let kind = if first == '"' {
            self.text(start)?
        } else if first == '$' {
            self.variable(start)?
        } else if first.is_ascii_digit() || negative_number {
            self.number_or_date(start)?
        } else if first.is_alphabetic() || first == '_' {
            TokenKind::Word(self.take_while(|c| c.is_alphanumeric() || c == '_'))
        } else {
            self.symbol(start)?
        };
        Ok(Some(Token { kind, range: start..self.at }))
    }

    /// Text in double quotes. `\"` is a quote; any other backslash stays, for regular expressions.
    fn text(&mut self, start: usize) -> Result<TokenKind, LexFault> {
        self.bump();
        let mut text = String::new();
        while let Some(c) = self.bump() {
            match c {
                '"' => return Ok(TokenKind::Text(text)),
                '\\' => match self.bump() {
                    Some('"') => text.push('"'),
                    Some(other) => {
                        text.push('\\');
                        text.push(other);
                    }
                    None => text.push('\\'),
                },
                other => text.push(other),
            }
        }
        Err(self.fault(start, "a text in quotes is not closed", "add the closing `\"`"))
    }

    fn variable(&mut self, start: usize) -> Result<TokenKind, LexFault> {
        self.bump();
        let name = self.take_while(|c| c.is_alphanumeric() || c == '_' || c == '-');
        if name.is_empty() {
            return Err(self.fault(
                start,
                "`$` is not followed by a variable name",
                "write for example `$queueKey`",
            ));
        }
        Ok(TokenKind::Variable(name))
    }

    fn number_or_date(&mut self, start: usize) -> Result<TokenKind, LexFault> {
        let written = self.take_while(|c| c.is_alphanumeric() || c == '-' || c == '.' || c == '_');
        if let Some(number) = Number::parse(&written) {
            return Ok(TokenKind::Number(number));
        }
        let digits_and_hyphens = written.chars().all(|c| c.is_ascii_digit() || c == '-');
        if digits_and_hyphens && written.len() == 10 {
            return NaiveDate::parse_from_str(&written, "%Y-%m-%d").map(TokenKind::Date).map_err(|_| {
                self.fault(
                    start,
                    format!("`{written}` is not a day of the calendar"),
                    "write a date as YYYY-MM-DD, for example 2026-11-24",
                )
            });
        }
        Err(self.fault(
            start,
            format!("`{written}` is neither a number nor a date"),
            "numbers have at most two decimals (7.5), dates are YYYY-MM-DD, codes begin with a letter",
        ))
    }

    fn symbol(&mut self, start: usize) -> Result<TokenKind, LexFault> {
        let symbols = [
            ("==", TokenKind::Operator(Operator::Equal)),
            ("!=", TokenKind::Operator(Operator::Unequal)),
            ("<=", TokenKind::Operator(Operator::LessOrEqual)),
            (">=", TokenKind::Operator(Operator::GreaterOrEqual)),
            ("<", TokenKind::Operator(Operator::Less)),
            (">", TokenKind::Operator(Operator::Greater)),
            ("(", TokenKind::Open),
            (")", TokenKind::Close),
            ("[", TokenKind::OpenList),
            ("]", TokenKind::CloseList),
            (",", TokenKind::Comma),
        ];
        for (written, kind) in symbols {
            if self.rest().starts_with(written) {
                self.at += written.len();
                return Ok(kind);
            }
        }
        let c = self.bump().unwrap_or(' ');
        let hint = match c {
            '=' => "compare with `==`",
            '!' => "write `not` in front of a condition, or `!=` between two values",
            '&' => "write `and`",
            '|' => "write `or`",
            '\'' | '‘' | '’' | '“' | '”' => "put texts in straight double quotes: \"sales\"",
            '+' | '-' | '*' | '/' | '%' => "expressions have no arithmetic",
            _ => "remove it",
        };
        Err(self.fault(start, format!("`{c}` does not belong in an expression"), hint))
    }
}
