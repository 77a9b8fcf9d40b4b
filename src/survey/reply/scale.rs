//! The scale and nps grammar (N30 to N33), step by step in its normative order.

use std::collections::BTreeMap;

use super::comment;
use super::fold::{is_blank, plain_form, same, words};
use super::items::{Aside, Fillers, Items, Separators, What};
use super::lexicon::List;
use super::numbers::Amount;
use super::numeric::{Numeric, Operand, Range, operand};
use super::scene::{Around, Scene};
use super::{Method, Reading, Reason};
use crate::survey::{Number, Text, Value};

/// Reads a reply to a scale from `min` to `max`.
pub(super) fn read(
    scene: &Scene<'_>,
    min: Number,
    max: Number,
    decimals: u8,
    labels: &BTreeMap<Number, Text>,
) -> Reading {
    let range = Range { min: Some(min), max: Some(max), decimals };
    if let Some(point) = named_point(scene, labels) {
        return Reading::ok(Value::Number(point), Method::Label);
    }
    let cut = without_scale_phrase(scene);
    let text = look_alike_digits(&cut).unwrap_or(cut);
    if let Some(reading) = stars(&text, &range) {
        return reading;
    }
    let numeric = Numeric {
        scene,
        items: Items::read(&text, Separators::Decimal, scene.lexicons),
        range,
        fillers: Fillers::NUMBERS,
        bare: Method::Exact,
    };
    if numeric.negated() {
        return Reading::Reask(Reason::Negated);
    }
    if numeric.percent() {
        return Reading::Reask(Reason::Percent);
    }
    if let Some(reason) = numeric.mixed_fraction() {
        return Reading::Reask(reason);
    }
    if let Some(reading) = fraction(&numeric, max) {
        return reading;
    }
    if numeric.alternatives() {
        return Reading::Reask(Reason::Ambiguous);
    }
    numeric.digits().unwrap_or_else(|| numeric.words())
}

/// The point of the scale whose name the whole message is (F13), in any survey language.
fn named_point(scene: &Scene<'_>, labels: &BTreeMap<Number, Text>) -> Option<Number> {
    let plain = (!labels.is_empty()).then(|| plain_form(scene.clean))?;
    scene.every_language().find_map(|(language, _)| {
        labels
            .iter()
            .find(|(_, label)| {
                let label = plain_form(label.in_language(language));
                !label.is_empty() && same(&plain, &label)
            })
            .map(|(&point, _)| point)
    })
}

/// Step 1: the text without *on a scale of a to b* and *på en skala fra a til b*.
fn without_scale_phrase(scene: &Scene<'_>) -> String {
    let mut text = scene.clean.to_owned();
    let noun = |word: &String| scene.lexicons.shared().has(List::ScaleNoun, word);
    if !words(&text).iter().any(noun) {
        return text;
    }
    let items = Items::read(scene.clean, Separators::Decimal, scene.lexicons);
    let spans: Vec<(usize, usize)> = (0..items.all.len())
        .filter_map(|at| {
            let end = scale_phrase_end(&items, at, scene)?;
            Some((items.get(at)?.start, items.get(end.checked_sub(1)?)?.end))
        })
        .collect();
    for (start, end) in spans.into_iter().rev() {
        text.replace_range(start..end, " ");
    }
    text.trim().to_owned()
}

/// The item after the scale phrase that starts at a place.
fn scale_phrase_end(items: &Items<'_>, start: usize, scene: &Scene<'_>) -> Option<usize> {
    let shared = scene.lexicons.shared();
    let has = |at: usize, list| items.word(at).is_some_and(|word| shared.has(list, word));
    let mut at = has(start, List::ScaleStart).then_some(start + 1)?;
    at += usize::from(has(at, List::ScaleArticle));
    at = has(at, List::ScaleNoun).then_some(at + 1)?;
    at += usize::from(has(at, List::ScaleFrom));
    let low = operand(items, at, scene.session)?;
    let joined_by_word = has(low.next, List::ScaleTo);
    let joined_by_dash = items.gap_before(low.next).trim() == "-";
    let high_at = match (joined_by_word, joined_by_dash) {
        (true, _) => low.next + 1,
        (false, true) => low.next,
        (false, false) => return None,
    };
    operand(items, high_at, scene.session).map(|high| high.next)
}

/// Step 2: a one-word reply of digits and the letters that look like digits.
pub(super) fn look_alike_digits(text: &str) -> Option<String> {
    let word = text.trim_matches(|c: char| c.is_ascii_punctuation() && c != '|');
    let fits = |c: char| c.is_ascii_digit() || "oOiIlL|".contains(c);
    let mixed = word.chars().any(|c| c.is_ascii_digit()) && word.chars().any(|c| !c.is_ascii_digit());
    (mixed && word.chars().all(fits)).then(|| {
        let digit = |c: char| match c {
            'o' | 'O' => '0',
            'i' | 'I' | 'l' | 'L' | '|' => '1',
            other => other,
        };
        text.chars().map(digit).collect()
    })
}

/// Step 3: nothing but stars.
fn stars(text: &str, range: &Range) -> Option<Reading> {
    let is_star = |c: char| matches!(c, '\u{2b50}' | '\u{2605}' | '\u{1f31f}');
    let count = text.chars().filter(|&c| is_star(c)).count();
    if count == 0 || !text.chars().all(|c| is_star(c) || c.is_whitespace()) {
        return None;
    }
    let value = i32::try_from(count).ok().map(Number::small).filter(|&n| range.holds(n));
    Some(
        value.map_or(Reading::Reask(Reason::OutOfRange), |value| {
            Reading::ok(Value::Number(value), Method::Stars)
        }),
    )
}

/// Step 7: `a/b`, *a out of b*, *a av b* (N31).
fn fraction(numeric: &Numeric<'_>, max: Number) -> Option<Reading> {
    let (at, above, below) = (0..numeric.items.all.len()).find_map(|at| fraction_at(numeric, at))?;
    Some(read_fraction(numeric, max, at, above, below).unwrap_or_else(Reading::Reask))
}

fn read_fraction(
    numeric: &Numeric<'_>,
    max: Number,
    at: usize,
    above: Operand,
    below: Operand,
) -> Result<Reading, Reason> {
    let items = &numeric.items;
    let shared = numeric.scene.lexicons.shared();
    let unit_word = below.is_word
        && items.adjoins(below.next)
        && items.word(below.next).is_some_and(|word| shared.has(List::Unit, word));
    if unit_word || matches!(below.aside, Some(Aside::Unit(_))) {
        return Err(Reason::NotANumber);
    }
    if !below.amount.is(max) {
        return Err(Reason::Ambiguous);
    }
    let value = match above.amount {
        Amount::Exact(value) if numeric.range.holds(value) => value,
        Amount::Exact(_) | Amount::TooBig => return Err(Reason::OutOfRange),
        Amount::Unclear => return Err(Reason::Ambiguous),
    };
    if items.counting().any(|(other, _)| other < at || other >= below.next) {
        return Err(Reason::Ambiguous);
    }
    let around = |lexicon| Around::value(items, (at, below.next), lexicon, &numeric.fillers, |_| false);
    if numeric.scene.every_lexicon().any(|lexicon| around(lexicon).is_bare()) {
        return Ok(Reading::ok(Value::Number(value), Method::Fraction));
    }
    let end = items.get(below.next - 1).map_or(0, |item| item.end);
    let comment = if around(numeric.scene.session).before {
        Some(numeric.scene.clean.to_owned())
    } else {
        comment::after(items.text, end)
    };
    Ok(Reading::with_comment(Value::Number(value), Method::Fraction, comment))
}

/// The two numbers of the fraction that starts at a place.
fn fraction_at(numeric: &Numeric<'_>, at: usize) -> Option<(usize, Operand, Operand)> {
    let (items, session) = (&numeric.items, numeric.scene.session);
    let above = operand(items, at, session).filter(|above| above.aside.is_none())?;
    let below_at = if items.gap_before(above.next).trim() == "/" {
        above.next
    } else if items.adjoins(above.next) {
        let shared = numeric.scene.lexicons.shared();
        let phrase = items.phrase_at(above.next, 2);
        let (length, _) = shared.longest_start(List::FractionWord, &phrase)?;
        let below_at = above.next + length;
        items.adjoins(below_at).then_some(below_at)?
    } else {
        return None;
    };
    let below = operand(items, below_at, session).filter(|below| below.aside != Some(Aside::Clock))?;
    let whole =
        |amount: Amount| !matches!(amount, Amount::Exact(n) if n.decimals() > 0) && amount != Amount::Unclear;
    let plain = whole(above.amount)
        && whole(below.amount)
        && !has_decimals(items, at)
        && !has_decimals(items, below.next - 1)
        && !touches(items, at)
        && !touches(items, below.next);
    plain.then_some((at, above, below))
}

/// Whether a number is written with decimals, even `.0`.
fn has_decimals(items: &Items<'_>, at: usize) -> bool {
    match items.get(at).map(|item| &item.what) {
        Some(What::Number { digits: (from, to), .. }) => {
            items.text.get(*from..*to).is_some_and(|digits| digits.contains(['.', ',']))
        }
        Some(What::Word { .. }) | None => false,
    }
}

/// Whether a `/` or `:` ties the item at a place to the number before it.
fn touches(items: &Items<'_>, at: usize) -> bool {
    let tied = matches!(items.gap_before(at).trim(), "/" | ":");
    tied && !is_blank(items.gap_before(at))
        && items.is_number(at)
        && at.checked_sub(1).is_some_and(|b| items.is_number(b))
}
