//! Finds the words and numbers of a clean text (N26, N34): signs, decimals, thousands, and what is set aside.

use super::fold::{fold, is_blank};
use super::items::{Aside, Item, KRONER, PERCENT, Separators, Unit, What, word_end};
use super::lexicon::{Lexicon, List};
use crate::survey::Number;

/// What the digits of a number say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// A number with at most two decimals.
    Exact(Number),
    /// Too many digits to hold; the sign does not matter, it is out of every range.
    TooBig,
    /// A mix of digits and separators that can be read in two ways.
    Unclear,
}

/// Longest clock time in characters before the colon.
const CLOCK_HOUR_DIGITS: usize = 2;
/// A run of this many digits does not count, except on a number element (N26).
const LONG_RUN: usize = 5;

/// One pass over a text.
pub(super) struct Scan<'t, 'u> {
    text: &'t str,
    chars: Vec<(usize, char)>,
    separators: Separators,
    shared: &'t Lexicon,
    own_unit: Option<&'u str>,
    items: Vec<Item>,
}

impl<'t, 'u> Scan<'t, 'u> {
    pub(super) fn new(
        text: &'t str,
        separators: Separators,
        shared: &'t Lexicon,
        own_unit: Option<&'u str>,
    ) -> Self {
        Self { text, chars: text.char_indices().collect(), separators, shared, own_unit, items: Vec::new() }
    }

    pub(super) fn items(mut self) -> Vec<Item> {
        let mut at = 0;
        while let Some(&(_, c)) = self.chars.get(at) {
            at = if c.is_ascii_digit() {
                self.number(at)
            } else if word_end(&self.chars, at) > at {
                self.word(at)
            } else {
                at + 1
            };
        }
        self.items
    }

    /// A run of letters and digits that starts with a letter; *kr499* and *kl8* are a word and a number.
    fn word(&mut self, from: usize) -> usize {
        let end = word_end(&self.chars, from);
        let digit_at = (from..end).find(|&at| self.is_digit(at));
        if let Some(digit_at) = digit_at {
            let prefix = fold(self.slice(from, digit_at));
            if self.shared.has(List::MoneyBefore, &prefix) || self.shared.has(List::ClockBefore, &prefix) {
                self.push_word(from, digit_at);
                return self.number(digit_at);
            }
        }
        self.push_word(from, end);
        end
    }

    fn push_word(&mut self, from: usize, end: usize) {
        let what = What::Word {
            folded: fold(self.slice(from, end)),
            digit: (from..end).any(|at| self.is_digit(at)),
        };
        self.items.push(Item { start: self.byte(from), end: self.byte(end), what });
    }

    /// A run of digits with all that belongs to it; returns the place after it.
    fn number(&mut self, from: usize) -> usize {
        if let Some(end) = self.clock_end(from) {
            self.push_number(from, end, end, Amount::Unclear, Some(Aside::Clock));
            return end;
        }
        let (end, amount, longest_run) = self.digits(from);
        let glued_end = word_end(&self.chars, end);
        let glued_unit = (glued_end > end).then(|| self.unit_word(end, glued_end)).flatten();
        if (glued_end > end && glued_unit.is_none()) || self.continues_glued_word(from) {
            self.push_word(from, glued_end);
            return glued_end;
        }
        let (unit, form_end) = match glued_unit {
            Some(unit) => (Some(unit), glued_end),
            None => self.unit_after(end).map_or((None, end), |(unit, end)| (Some(unit), end)),
        };
        let long = longest_run >= LONG_RUN && !matches!(self.separators, Separators::Thousands(_));
        let aside = unit.map(Aside::Unit).or(long.then_some(Aside::LongRun));
        self.push_number(from, end, form_end, amount, aside);
        form_end
    }

    /// Pushes a number with the sign, currency or *minus* in front of it.
    fn push_number(
        &mut self,
        from: usize,
        end: usize,
        form_end: usize,
        amount: Amount,
        aside: Option<Aside>,
    ) {
        let (mut start, mut amount, mut aside) = (from, amount, aside);
        if let Some(sign_at) = from.checked_sub(1).filter(|&at| self.is_sign(at)) {
            start = sign_at;
            if self.char(sign_at) == Some('-') {
                amount = amount.negated();
            }
        }
        let mut start_byte = self.byte(start);
        if let Some(Item { start: before, end: word_end, what: What::Word { folded, .. } }) =
            self.items.last()
        {
            let gap = self.text.get(*word_end..start_byte).unwrap_or_default();
            let directly = is_blank(gap);
            let dotted = directly || is_blank(gap.strip_prefix('.').unwrap_or("."));
            let found = if directly && self.shared.has(List::Minus, folded) {
                amount = amount.negated();
                true
            } else if dotted && self.shared.has(List::MoneyBefore, folded) {
                aside = aside.or(Some(Aside::Unit(KRONER)));
                true
            } else if dotted && self.shared.has(List::ClockBefore, folded) {
                aside = aside.or(Some(Aside::Clock));
                true
            } else {
                false
            };
            if found {
                start_byte = *before;
                self.items.pop();
            }
        }
        let before = self.text.get(..start_byte).unwrap_or_default().trim_end();
        if let Some(sign) = before.chars().next_back().filter(|&c| is_currency(c)) {
            aside = aside.or(Some(Aside::Unit(Unit::Sign(sign))));
            start_byte = before.len() - sign.len_utf8();
        }
        self.items.push(Item {
            start: start_byte,
            end: self.byte(form_end),
            what: What::Number { amount, aside, digits: (self.byte(from), self.byte(end)) },
        });
    }

    /// `-` or `+` is a sign at the start and after a space or one of `( : , ;` (N26).
    fn is_sign(&self, at: usize) -> bool {
        matches!(self.char(at), Some('-' | '+'))
            && at
                .checked_sub(1)
                .and_then(|before| self.char(before))
                .is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ':' | ',' | ';'))
    }

    /// The end of a clock time `d:dd` that starts here.
    fn clock_end(&self, from: usize) -> Option<usize> {
        let hour_end = self.run_end(from);
        let part_end = |from: usize| {
            let end = self.run_end(from + 1);
            (self.char(from) == Some(':') && end == from + 3).then_some(end)
        };
        let end = part_end(hour_end).filter(|_| hour_end - from <= CLOCK_HOUR_DIGITS)?;
        Some(part_end(end).unwrap_or(end))
    }

    /// The digits with their separators: where they end, what they say, and the longest run.
    fn digits(&self, from: usize) -> (usize, Amount, usize) {
        let mut runs = vec![(from, self.run_end(from))];
        let mut signs = Vec::new();
        let mut end = self.run_end(from);
        if self.separators != Separators::Separate {
            while let Some(sign) = self.char(end) {
                let next = (end + 1, self.run_end(end + 1));
                let is_separator = matches!(sign, '.' | ',') && next.1 > next.0;
                if !is_separator && !self.is_spaced_group(sign, &signs, &runs, next) {
                    break;
                }
                signs.push(sign);
                runs.push(next);
                end = next.1;
            }
        }
        let longest = runs.iter().map(|(from, to)| to - from).max().unwrap_or(0);
        let texts: Vec<&str> = runs.iter().map(|&(from, to)| self.slice(from, to)).collect();
        let amount =
            if self.starts_with_separator(from) { Amount::Unclear } else { self.amount(&texts, &signs) };
        (end, amount, longest)
    }

    /// `.5` and `,5` at the start or after a space: half a number, never read as five.
    fn starts_with_separator(&self, from: usize) -> bool {
        let before = |steps: usize| from.checked_sub(steps).and_then(|at| self.char(at));
        self.separators != Separators::Separate
            && matches!(before(1), Some('.' | ','))
            && before(2).is_none_or(|c| c.is_whitespace() || matches!(c, '-' | '+'))
    }

    /// Whether a space and three digits continue a number in groups of three (N34).
    fn is_spaced_group(
        &self,
        sign: char,
        signs: &[char],
        runs: &[(usize, usize)],
        next: (usize, usize),
    ) -> bool {
        let first_fits =
            runs.first().is_some_and(|(from, to)| to - from <= 3 && self.char(*from) != Some('0'));
        matches!(self.separators, Separators::Thousands(_))
            && sign == ' '
            && next.1 - next.0 == 3
            && first_fits
            && signs.iter().all(|&s| s == ' ')
    }

    /// What runs of digits with separators between them say (N26, N34).
    fn amount(&self, runs: &[&str], signs: &[char]) -> Amount {
        let Some((first, rest)) = runs.split_first() else {
            return Amount::Unclear;
        };
        let groups_by = match self.separators {
            Separators::Thousands(sign) => sign,
            Separators::Decimal | Separators::Separate => None,
        };
        let grouping = signs.first().copied().filter(|&sign| sign == ' ' || groups_by == Some(sign));
        let groups = match grouping {
            Some(sign) if first.len() <= 3 && !first.starts_with('0') => {
                signs.iter().zip(rest).take_while(|(s, run)| **s == sign && run.len() == 3).count()
            }
            _ => 0,
        };
        let whole: String = runs.iter().take(groups + 1).copied().collect();
        let grouped_by = grouping.filter(|_| groups > 0);
        match (signs.get(groups), rest.get(groups), rest.len() - groups) {
            (None, _, _) => exact(&whole, ""),
            (Some(&sign), Some(decimals), 1)
                if matches!(decimals.len(), 1 | 2) && Some(sign) != grouped_by && sign != ' ' =>
            {
                exact(&whole, decimals)
            }
            _ => Amount::Unclear,
        }
    }

    /// A unit after a number, with a space or a hyphen between, and the place after it (N25, N26).
    fn unit_after(&self, end: usize) -> Option<(Unit, usize)> {
        let dash = matches!(self.char(end), Some(',' | '.')) && self.char(end + 1) == Some('-');
        if dash && self.char(end + 2).is_none_or(|c| !c.is_alphanumeric()) {
            return Some((KRONER, end + 2));
        }
        let mut at = end;
        while self.char(at).is_some_and(char::is_whitespace) {
            at += 1;
        }
        if at == end && self.char(at) == Some('-') {
            at += 1;
        }
        match self.char(at)? {
            '%' => Some((PERCENT, at + 1)),
            sign if is_currency(sign) && !self.is_digit(at + 1) => Some((Unit::Sign(sign), at + 1)),
            _ => {
                let word_end = word_end(&self.chars, at);
                self.unit_word(at, word_end).map(|unit| (unit, word_end))
            }
        }
    }

    /// The unit a word names.
    fn unit_word(&self, from: usize, end: usize) -> Option<Unit> {
        let word = fold(self.slice(from, end));
        if word.is_empty() {
            None
        } else if self.own_unit == Some(word.as_str()) {
            Some(Unit::Own)
        } else {
            self.shared.value(List::Unit, &word).map(Unit::Known)
        }
    }

    /// Whether these digits go on after a word with digits and a separator, as in `b2.5`.
    fn continues_glued_word(&self, from: usize) -> bool {
        let before = |steps: usize| from.checked_sub(steps);
        before(1).is_some_and(|at| matches!(self.char(at), Some('.' | ',')))
            && before(2).is_some_and(|at| self.is_digit(at))
            && matches!(self.items.last(), Some(Item { end, what: What::Word { digit: true, .. }, .. })
                if before(1).is_some_and(|at| self.byte(at) == *end))
            && self.separators != Separators::Separate
    }

    fn run_end(&self, from: usize) -> usize {
        let digits = self.chars.iter().skip(from).take_while(|(_, c)| c.is_ascii_digit());
        from + digits.count()
    }

    fn is_digit(&self, at: usize) -> bool {
        self.char(at).is_some_and(|c| c.is_ascii_digit())
    }

    fn char(&self, at: usize) -> Option<char> {
        self.chars.get(at).map(|&(_, c)| c)
    }

    fn byte(&self, at: usize) -> usize {
        self.chars.get(at).map_or(self.text.len(), |&(byte, _)| byte)
    }

    fn slice(&self, from: usize, to: usize) -> &'t str {
        self.text.get(self.byte(from)..self.byte(to)).unwrap_or_default()
    }
}

impl Amount {
    /// The amount with a minus sign.
    fn negated(self) -> Self {
        match self {
            Self::Exact(number) => {
                Number::from_hundredths(-number.hundredths()).map_or(Self::TooBig, Self::Exact)
            }
            Self::TooBig | Self::Unclear => self,
        }
    }

    /// Whether the amount is a whole number equal to `value`.
    pub(super) fn is(self, value: Number) -> bool {
        self == Self::Exact(value)
    }
}

/// The amount of a whole part and its decimals, all ASCII digits.
fn exact(whole: &str, decimals: &str) -> Amount {
    let significant = whole.trim_start_matches('0');
    let whole = if significant.is_empty() { "0" } else { significant };
    Number::parse(&format!("{whole}.{decimals}")).map_or(Amount::TooBig, Amount::Exact)
}

/// A currency sign: a number beside it is money.
fn is_currency(c: char) -> bool {
    matches!(c, '$' | '¢' | '£' | '¤' | '¥' | '\u{20a0}'..='\u{20c0}')
}
