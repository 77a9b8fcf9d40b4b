//! A reply to a date question as words, digit runs and signs: `3rd` is a number and a word here.

use super::fold::{fold, is_apostrophe, is_word_char};

/// One token, with whether white space stands before it.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) what: Lexeme,
    pub(super) spaced: bool,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lexeme {
    /// Letters, folded.
    Word(String),
    /// A run of ASCII digits.
    Digits(String),
    /// Any other character.
    Sign(char),
}

/// Cuts a clean text into tokens.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut spaced = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            spaced = true;
            continue;
        }
        let mut run = String::from(c);
        let what = if c.is_ascii_digit() {
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                run.push(digit);
            }
            Lexeme::Digits(run)
        } else if is_word_char(c) {
            let in_word = |c: &char| (is_word_char(*c) && !c.is_ascii_digit()) || is_apostrophe(*c);
            while let Some(letter) = chars.next_if(in_word) {
                run.push(letter);
            }
            Lexeme::Word(fold(run.trim_end_matches(is_apostrophe)))
        } else {
            Lexeme::Sign(c)
        };
        found.push(Token { what, spaced });
        spaced = false;
    }
    found
}

/// The tokens of a reply, asked for by place.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) all: Vec<Token>,
}

impl Tokens {
    pub(super) fn read(text: &str) -> Self {
        Self { all: tokens(text) }
    }

    /// The folded word at a place.
    pub(super) fn word(&self, at: usize) -> Option<&str> {
        match &self.all.get(at)?.what {
            Lexeme::Word(word) => Some(word),
            Lexeme::Digits(_) | Lexeme::Sign(_) => None,
        }
    }

    /// The digits at a place.
    pub(super) fn digits(&self, at: usize) -> Option<&str> {
        match &self.all.get(at)?.what {
            Lexeme::Digits(digits) => Some(digits),
            Lexeme::Word(_) | Lexeme::Sign(_) => None,
        }
    }

    /// The sign at a place.
    pub(super) fn sign(&self, at: usize) -> Option<char> {
        match self.all.get(at)?.what {
            Lexeme::Sign(sign) => Some(sign),
            Lexeme::Word(_) | Lexeme::Digits(_) => None,
        }
    }

    /// Whether the token at a place directly follows the one before it.
    pub(super) fn touches(&self, at: usize) -> bool {
        self.all.get(at).is_some_and(|token| !token.spaced)
    }

    /// A whole number of at most `digits_max` digits at a place.
    pub(super) fn number(&self, at: usize, digits_max: usize) -> Option<u32> {
        let digits = self.digits(at).filter(|digits| digits.len() <= digits_max)?;
        digits.parse().ok()
    }
}
