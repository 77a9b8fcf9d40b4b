//! What the numeric grammars share (N30 steps 4 to 12, N34): negation, percent, ranges, digits, number words
//! and typing errors. The order of the steps is the grammar's.

use super::comment;
use super::fold::is_blank;
use super::items::{Aside, Fillers, Items, PERCENT, What};
use super::lexicon::{Lexicon, List};
use super::numbers::Amount;
use super::scene::{Around, Scene};
use super::typo;
use super::{Method, Reading, Reason};
use crate::survey::{Number, Value};

/// Number words have at least this many letters to be recognised with a typing error (N28).
const TYPO_LETTERS_MIN: usize = 5;

/// What an element accepts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) min: Option<Number>,
    pub(super) max: Option<Number>,
    pub(super) decimals: u8,
}

impl Range {
    /// Whether a value lies within the limits, both included.
    pub(super) fn holds(&self, value: Number) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }

    /// The value if it is accepted, else the reason: decimals before limits (N33).
    fn accept(&self, value: Number) -> Result<Number, Reason> {
        if value.decimals() > self.decimals {
            return Err(if self.decimals == 0 { Reason::WholeNumber } else { Reason::NotANumber });
        }
        if self.holds(value) { Ok(value) } else { Err(Reason::OutOfRange) }
    }
}

/// One numeric reply on its way through the steps.
pub(super) struct Numeric<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) items: Items<'a>,
    pub(super) range: Range,
    pub(super) fillers: Fillers<'a>,
    /// The method of a bare number: `exact`, or `number` on a number element.
    pub(super) bare: Method,
}

impl Numeric<'_> {
    /// Step 4: a negator directly before a number or number word.
    pub(super) fn negated(&self) -> bool {
        is_negated(&self.items, self.scene, true)
    }

    /// Step 5: a number and a percent unit.
    pub(super) fn percent(&self) -> bool {
        self.items.all.iter().any(|item| {
            matches!(item.what, What::Number { aside: Some(Aside::Unit(unit)), .. } if unit == PERCENT)
        })
    }

    /// Step 6: a whole number, a space and a fraction of single digits, as in `8 1/2` (also *8 and a half*).
    pub(super) fn mixed_fraction(&self) -> Option<Reason> {
        let found = (0..self.items.all.len()).any(|at| {
            self.is_single_digit_fraction(at) || (self.items.is_number(at) && self.half_follows(at))
        });
        let reason = if self.range.decimals == 0 { Reason::WholeNumber } else { Reason::NotANumber };
        found.then_some(reason)
    }

    /// A number at `at`, white space, then `d/d` that touches no further digits.
    fn is_single_digit_fraction(&self, at: usize) -> bool {
        let items = &self.items;
        let whole = matches!(self.amount(at), Some(Amount::Exact(n)) if n.decimals() == 0);
        let single = |at: usize| matches!(items.get(at).map(|i| &i.what), Some(What::Number { digits: (from, to), .. }) if to - from == 1);
        whole
            && items.is_number(at + 1)
            && items.adjoins(at + 1)
            && single(at + 1)
            && single(at + 2)
            && items.gap_before(at + 2) == "/"
            && !(items.is_number(at + 3) && matches!(items.gap_before(at + 3), "/" | ":"))
    }

    /// *and a half* directly after a number.
    fn half_follows(&self, at: usize) -> bool {
        let phrase = self.items.phrase_at(at + 1, 3);
        self.items.adjoins(at + 1) && self.scene.session.longest_start(List::Half, &phrase).is_some()
    }

    fn amount(&self, at: usize) -> Option<Amount> {
        match self.items.get(at)?.what {
            What::Number { amount, .. } => Some(amount),
            What::Word { .. } => None,
        }
    }

    /// Step 8: two numbers joined as alternatives or as a range (N32).
    pub(super) fn alternatives(&self) -> bool {
        has_alternatives(&self.items, self.scene, &self.fillers)
    }

    /// Step 9: what digits say; `None` when the reply holds no digit (N33).
    pub(super) fn digits(&self) -> Option<Reading> {
        if !self.items.has_digit() {
            return None;
        }
        Some(self.counted_digits().unwrap_or_else(Reading::Reask))
    }

    fn counted_digits(&self) -> Result<Reading, Reason> {
        let mut counting = self.items.counting();
        let (at, first) = counting.next().ok_or(Reason::NotANumber)?;
        if first == Amount::Unclear || counting.any(|(_, amount)| amount != first) {
            return Err(Reason::Ambiguous);
        }
        let value = match first {
            Amount::Exact(value) => self.range.accept(value)?,
            Amount::TooBig => return Err(Reason::OutOfRange),
            Amount::Unclear => return Err(Reason::Ambiguous),
        };
        let same_again = |other: usize| self.items.counts_as(other, first);
        let around =
            |lexicon: &Lexicon| Around::value(&self.items, (at, at + 1), lexicon, &self.fillers, same_again);
        if self.scene.every_lexicon().any(|lexicon| around(lexicon).is_bare()) {
            return Ok(Reading::ok(Value::Number(value), self.bare));
        }
        let end = self.items.get(at).map_or(0, |item| item.end);
        let (method, comment) = self.comment(around(self.scene.session), end);
        Ok(Reading::with_comment(Value::Number(value), method, comment))
    }

    /// Method and comment of a number with other words around it (N27).
    pub(super) fn comment(&self, around: Around, end: usize) -> (Method, Option<String>) {
        if around.before {
            (Method::Embedded, Some(self.scene.clean.to_owned()))
        } else {
            (Method::Leading, comment::after(self.items.text, end))
        }
    }

    /// Steps 10 to 12, when the reply holds no digit: number words, a typing error, nothing.
    pub(super) fn words(&self) -> Reading {
        let spoken = self
            .scene
            .every_lexicon()
            .find_map(|lexicon| spoken_number(&self.items, lexicon, &self.fillers))
            .map(|value| (value, None))
            .or_else(|| self.leading_word());
        if let Some((value, comment)) = spoken {
            return match self.range.accept(Number::small(value)) {
                Ok(value) => Reading::with_comment(Value::Number(value), Method::Word, comment),
                Err(reason) => Reading::Reask(reason),
            };
        }
        match self.mistyped_word().map(|value| self.range.accept(Number::small(value))) {
            Some(Ok(value)) => Reading::ok(Value::Number(value), Method::Fuzzy),
            Some(Err(reason)) => Reading::Reask(reason),
            None => Reading::Reask(Reason::NotANumber),
        }
    }

    /// A number word of the session language at the very start (with the element's own unit), followed by
    /// `. , : ; !` or a spaced `-`.
    fn leading_word(&self) -> Option<(i32, Option<String>)> {
        let minus = self.is_minus(0);
        let at = usize::from(minus);
        let (value, length) = self.items.number_word(at, self.scene.session)?;
        let is_unit = |at: usize| {
            self.items.word(at).is_some_and(|word| self.fillers.unit_words.iter().any(|unit| unit == word))
        };
        let next = at + length;
        let last = if self.items.adjoins(next) && is_unit(next) { next } else { next - 1 };
        let end = self.items.get(last)?.end;
        let rest = self.items.text.get(end..)?;
        let spaced_dash = rest.trim_start().strip_prefix('-').is_some_and(|after| {
            rest.starts_with(char::is_whitespace) && after.starts_with(char::is_whitespace)
        });
        let set_off = rest.starts_with(['.', ',', ':', ';', '!']) || spaced_dash;
        let at_start = is_blank(self.items.gap_before(0)) && (!minus || self.items.adjoins(1));
        (set_off && at_start)
            .then(|| (if minus { -value } else { value }, comment::after(self.items.text, end)))
    }

    fn is_minus(&self, at: usize) -> bool {
        let shared = self.scene.lexicons.shared();
        self.items.word(at).is_some_and(|word| shared.has(List::Minus, word))
    }

    /// Step 11: what is left without fillers is one word and a typing error of a number word (N28).
    fn mistyped_word(&self) -> Option<i32> {
        let session = self.scene.session;
        let mut left =
            (0..self.items.all.len()).filter(|&at| !self.items.is_filler(at, session, &self.fillers));
        let word = left.next().and_then(|at| self.items.word(at))?;
        if left.next().is_some() {
            return None;
        }
        typo::nearest(self.scene.lexicons, word, session.numbers_about(word.len()), TYPO_LETTERS_MIN)
    }
}

/// The number that a reply without digits says and nothing else: as it stands, or without fillers (N33 step 10).
pub(super) fn spoken_number(items: &Items<'_>, lexicon: &Lexicon, fillers: &Fillers<'_>) -> Option<i32> {
    let alone = items.all.len() == 1;
    let is_spoken = |at: usize| items.number_word(at, lexicon);
    if alone {
        return is_spoken(0).map(|(value, _)| value);
    }
    let mut found = None;
    let mut minus = false;
    let mut at = 0;
    while at < items.all.len() {
        let compound = is_spoken(at).filter(|&(_, length)| length == 2);
        let filler = items.is_filler(at, lexicon, fillers);
        match compound.or_else(|| is_spoken(at).filter(|_| !filler)) {
            Some(_) if found.is_some() => return None,
            Some((value, length)) => {
                found = Some(if minus { -value } else { value });
                at += length;
            }
            None if filler => at += 1,
            None if found.is_none() && !minus && items.word(at) == Some("minus") && items.adjoins(at + 1) => {
                minus = true;
                at += 1;
            }
            None => return None,
        }
    }
    found
}

/// Whether a negator stands directly before a number (or a number word, where `words` says so); an article or
/// a filler of the number group may stand between (N30 step 4, N50 step 5).
pub(super) fn is_negated(items: &Items<'_>, scene: &Scene<'_>, words: bool) -> bool {
    let shared = scene.lexicons.shared();
    let is_negator = |at: usize| items.word(at).is_some_and(|word| shared.has(List::Negator, word));
    let leads_to_number = |negator: usize| {
        let mut at = negator + 1;
        while items.adjoins(at) {
            if items.is_number(at) {
                return true;
            }
            let Some(word) = items.word(at) else {
                return false;
            };
            let article = shared.has(List::Article, word);
            let is_article = article && items.adjoins(at + 1);
            if words && !is_article && items.number_word(at, scene.session).is_some() {
                return true;
            }
            if !article && !scene.session.has(List::NumberGroup, word) {
                return false;
            }
            at += 1;
        }
        false
    };
    (0..items.all.len()).any(|at| is_negator(at) && leads_to_number(at))
}

/// A number or number word in a pattern of two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand {
    pub(super) amount: Amount,
    pub(super) aside: Option<Aside>,
    pub(super) is_word: bool,
    /// The item after it.
    pub(super) next: usize,
}

/// The number or session-language number word at a place.
pub(super) fn operand(items: &Items<'_>, at: usize, lexicon: &Lexicon) -> Option<Operand> {
    match items.get(at)?.what {
        What::Number { amount, aside, .. } => Some(Operand { amount, aside, is_word: false, next: at + 1 }),
        What::Word { .. } => {
            let (value, length) = items.number_word(at, lexicon)?;
            Some(Operand {
                amount: Amount::Exact(Number::small(value)),
                aside: None,
                is_word: true,
                next: at + length,
            })
        }
    }
}

/// Two numbers of different values joined by `-`, `/` or a word of the session language (N32).
pub(super) fn has_alternatives(items: &Items<'_>, scene: &Scene<'_>, fillers: &Fillers<'_>) -> bool {
    (0..items.all.len()).any(|at| alternative_at(items, scene, fillers, at).unwrap_or(false))
}

fn alternative_at(items: &Items<'_>, scene: &Scene<'_>, fillers: &Fillers<'_>, at: usize) -> Option<bool> {
    let session = scene.session;
    let first = operand(items, at, session).filter(|first| first.aside != Some(Aside::Clock))?;
    let sign = items.gap_before(first.next).trim();
    let (joiner, second_at) = if matches!(sign, "-" | "/") {
        (None, first.next)
    } else {
        let joiner = items.word(first.next).filter(|_| items.adjoins(first.next))?;
        let joins = session.has(List::Alternative, joiner) && items.adjoins(first.next + 1);
        (joins.then_some(joiner)?.into(), first.next + 1)
    };
    let second = operand(items, second_at, session).filter(|second| second.aside != Some(Aside::Clock))?;
    let tail_is_filler = (second.next..items.all.len()).all(|at| items.is_filler(at, session, fillers));
    let adds_a_remark = second.aside.is_some() && joiner.is_some_and(|word| matches!(word, "and" | "og"));
    let counts = (!second.is_word || tail_is_filler) && !adds_a_remark;
    let same = first.amount == second.amount && first.amount != Amount::Unclear;
    Some(counts && !same)
}
