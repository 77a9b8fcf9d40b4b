//! A clean text as a row of items: words and numbers (N20, N26). Nothing is decided here except what
//! a number is and whether it is set aside.

use super::fold::{is_apostrophe, is_blank, is_word_char};
use super::lexicon::{Lexicon, Lexicons, List};
use super::numbers::{Amount, Scan};

/// A text with its items, in order.
#[derive(Debug)]
pub(super) struct Items<'t> {
    pub(super) text: &'t str,
    pub(super) all: Vec<Item>,
    shared: &'t Lexicon,
}

/// One word or number of a text.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// First byte; for a number the first byte of its whole form: sign and currency included.
    pub(super) start: usize,
    /// One past the last byte; for a number with its unit.
    pub(super) end: usize,
    pub(super) what: What,
}

/// What an item is.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// A folded word; `digit` when digits are glued to its letters.
    Word { folded: String, digit: bool },
    /// A number, with the reason it does not count, if any.
    Number {
        amount: Amount,
        aside: Option<Aside>,
        /// First and last-plus-one byte of the digits alone.
        digits: (usize, usize),
    },
}

/// Why a number is set aside (N26).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aside {
    /// A clock time, or *kl* before it.
    Clock,
    /// A run of five digits or more, on every type but number.
    LongRun,
    /// A unit after it or a currency before it.
    Unit(Unit),
}

/// A unit of N25.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// The class of the unit list: 1 minutes … 11 people.
    Known(i32),
    /// A currency sign.
    Sign(char),
    /// The element's own unit, when it is in no list.
    Own,
}

/// The class of percent and of kroner in the unit list.
pub(super) const PERCENT: Unit = Unit::Known(9);
/// The class of kroner in the unit list.
pub(super) const KRONER: Unit = Unit::Known(8);

/// How separators between digits are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separators {
    /// One `.` or `,` and one or two digits are decimals (N26).
    Decimal,
    /// As `Decimal`, with thousands in groups of three (N34); the sign that groups in the session language.
    Thousands(Option<char>),
    /// `.` and `,` separate numbers (§6.2).
    Separate,
}

impl<'t> Items<'t> {
    /// Reads the items of a clean text.
    pub(super) fn read(text: &'t str, separators: Separators, lexicons: &'t Lexicons) -> Self {
        Self::read_with_unit(text, separators, lexicons, None)
    }

    /// As [`Items::read`], with a unit of the element's own (folded) that is in no list.
    pub(super) fn read_with_unit(
        text: &'t str,
        separators: Separators,
        lexicons: &'t Lexicons,
        own_unit: Option<&str>,
    ) -> Self {
        let shared = lexicons.shared();
        Self { text, all: Scan::new(text, separators, shared, own_unit).items(), shared }
    }

    pub(super) fn get(&self, at: usize) -> Option<&Item> {
        self.all.get(at)
    }

    /// The text between an item and the one before it (or the start of the text).
    pub(super) fn gap_before(&self, at: usize) -> &'t str {
        let from = at.checked_sub(1).and_then(|i| self.get(i)).map_or(0, |i| i.end);
        let to = self.get(at).map_or(self.text.len(), |item| item.start);
        self.text.get(from..to).unwrap_or_default()
    }

    /// Whether only white space stands between an item and the one before it.
    pub(super) fn adjoins(&self, at: usize) -> bool {
        at > 0 && at < self.all.len() && is_blank(self.gap_before(at))
    }

    /// The folded word at a place, if a word stands there.
    pub(super) fn word(&self, at: usize) -> Option<&str> {
        match &self.get(at)?.what {
            What::Word { folded, .. } => Some(folded),
            What::Number { .. } => None,
        }
    }

    /// The numbers that count, with their places (N26).
    pub(super) fn counting(&self) -> impl Iterator<Item = (usize, Amount)> + '_ {
        self.all.iter().enumerate().filter_map(|(at, item)| match item.what {
            What::Number { amount, aside: None, .. } => Some((at, amount)),
            What::Number { .. } | What::Word { .. } => None,
        })
    }

    /// Whether a number that counts stands at a place.
    pub(super) fn is_counting(&self, at: usize) -> bool {
        matches!(self.get(at).map(|item| &item.what), Some(What::Number { aside: None, .. }))
    }

    /// Whether a number that counts and says `wanted` stands at a place.
    pub(super) fn counts_as(&self, at: usize, wanted: Amount) -> bool {
        match self.get(at).map(|item| &item.what) {
            Some(What::Number { amount, aside: None, .. }) => *amount == wanted,
            Some(What::Number { .. } | What::Word { .. }) | None => false,
        }
    }

    /// Whether the text holds a digit, counting or not.
    pub(super) fn has_digit(&self) -> bool {
        self.all.iter().any(|item| match item.what {
            What::Word { digit, .. } => digit,
            What::Number { .. } => true,
        })
    }

    /// Whether the item at a place is a number.
    pub(super) fn is_number(&self, at: usize) -> bool {
        matches!(self.get(at).map(|i| &i.what), Some(What::Number { .. }))
    }

    /// Whether any word of the text is a negator (N29).
    pub(super) fn has_negator(&self) -> bool {
        (0..self.all.len()).filter_map(|at| self.word(at)).any(|word| self.shared.has(List::Negator, word))
    }

    /// The words from a place on, as far as only white space separates them, at most `limit`.
    pub(super) fn phrase_at(&self, at: usize, limit: usize) -> Vec<&str> {
        (at..self.all.len())
            .take(limit)
            .take_while(|&i| i == at || self.adjoins(i))
            .map_while(|i| self.word(i))
            .collect()
    }

    /// The value of the number word that starts at a place and how many items it takes (N24): `twenty-one`
    /// and `tjue en` take two.
    pub(super) fn number_word(&self, at: usize, lexicon: &Lexicon) -> Option<(i32, usize)> {
        let value = lexicon.number(self.word(at)?)?;
        let joined = matches!(value, 20 | 30 | 40 | 50)
            && (self.adjoins(at + 1) || (self.word(at + 1).is_some() && self.gap_before(at + 1) == "-"));
        let ones = joined
            .then(|| lexicon.value(List::Number, self.word(at + 1)?))
            .flatten()
            .filter(|ones| (1..=9).contains(ones));
        Some(ones.map_or((value, 1), |ones| (value + ones, 2)))
    }

    /// Whether the word at a place is a filler in this language (N23): of one of the lists, a grade sign
    /// directly after a number or number word, or one of the element's own unit words.
    pub(super) fn is_filler(&self, at: usize, lexicon: &Lexicon, fillers: &Fillers<'_>) -> bool {
        let Some(word) = self.word(at) else {
            return false;
        };
        let listed = |list| lexicon.has(list, word);
        let number_group =
            fillers.number_group && (listed(List::NumberGroup) && !(fillers.keep_no && word == "no"));
        let grade_sign = || {
            fillers.number_group
                && self.shared.has(List::GradeSign, word)
                && at.checked_sub(1).is_some_and(|before| {
                    self.is_number(before) || self.number_word(before, lexicon).is_some()
                })
        };
        listed(List::Common)
            || number_group
            || grade_sign()
            || fillers.unit_words.iter().any(|unit| unit == word)
    }
}

/// Which fillers a grammar removes (N23).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fillers<'a> {
    /// The number group too.
    pub(super) number_group: bool,
    /// Except English *no*, which is an answer there (N40).
    pub(super) keep_no: bool,
    /// The words of the element's own unit (N34).
    pub(super) unit_words: &'a [String],
}

impl Fillers<'_> {
    /// The common fillers.
    pub(super) const COMMON: Self = Self { number_group: false, keep_no: false, unit_words: &[] };
    /// Common fillers and the number group.
    pub(super) const NUMBERS: Self = Self { number_group: true, keep_no: false, unit_words: &[] };
    /// As `NUMBERS`, without English *no* (N40).
    pub(super) const NUMBERS_YES_NO: Self = Self { number_group: true, keep_no: true, unit_words: &[] };
}

/// The end of the word that starts at a place in a list of characters.
pub(super) fn word_end(chars: &[(usize, char)], from: usize) -> usize {
    let is_word = |at: usize| chars.get(at).is_some_and(|&(_, c)| is_word_char(c));
    let mut end = from;
    while is_word(end)
        || (end > from && chars.get(end).is_some_and(|&(_, c)| is_apostrophe(c)) && is_word(end + 1))
    {
        end += 1;
    }
    end
}
