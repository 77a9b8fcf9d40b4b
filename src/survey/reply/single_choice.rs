//! The `single_choice` grammar (N50, N51), step by step in its normative order.

use super::comment;
use super::fold::words;
use super::items::{Fillers, Items, Separators};
use super::lexicon::{Lexicon, List};
use super::numbers::Amount;
use super::numeric::{has_alternatives, is_negated, spoken_number};
use super::options::{Named, by_name, by_words, named};
use super::scene::{Around, Scene};
use super::{Method, Reading, Reason};
use crate::survey::Value;
use crate::survey::element::ChoiceOption;

/// Reads a reply that picks one option.
pub(super) fn read(scene: &Scene<'_>, options: &[ChoiceOption]) -> Reading {
    if let Some((at, method)) = by_name(scene, options, scene.clean) {
        return Reading::ok(Value::Choice(at), method);
    }
    let items = Items::read(scene.clean, Separators::Separate, scene.lexicons);
    if let Some(reading) = position_only(scene, &items, options.len()) {
        return reading;
    }
    if is_negated(&items, scene, false) {
        return Reading::Reask(Reason::Negated);
    }
    if names_several_numbers(scene, &items) {
        return Reading::Reask(Reason::ChooseOne);
    }
    let negated = items.has_negator();
    if let Some((at, amount)) = items.counting().next() {
        return with_text(scene, options, &items, at, amount);
    }
    match by_words(scene, options, scene.clean, negated) {
        Named::One(at, method) => Reading::ok(Value::Choice(at), method),
        Named::Several => Reading::Reask(Reason::ChooseOne),
        Named::Nothing => Reading::Reask(Reason::Unrecognised),
    }
}

/// The stored position, from 0, of the number a person sees (P51).
pub(super) fn position(amount: Amount, options: usize) -> Result<usize, Reason> {
    match amount {
        Amount::Exact(number) => number
            .as_whole()
            .and_then(|shown| usize::try_from(shown).ok())
            .and_then(|shown| shown.checked_sub(1))
            .filter(|&at| at < options)
            .ok_or(Reason::OutOfRange),
        Amount::TooBig => Err(Reason::OutOfRange),
        Amount::Unclear => Err(Reason::Ambiguous),
    }
}

/// The stored position of a number word or ordinal.
pub(super) fn spoken_position(value: i32, options: usize) -> Result<usize, Reason> {
    position(Amount::Exact(crate::survey::Number::small(value)), options)
}

/// Steps 2 to 4: only a number, a number word or an ordinal besides fillers.
fn position_only(scene: &Scene<'_>, items: &Items<'_>, options: usize) -> Option<Reading> {
    let read = |found: Result<usize, Reason>, method| match found {
        Ok(at) => Reading::ok(Value::Choice(at), method),
        Err(reason) => Reading::Reask(reason),
    };
    if let Some((at, amount)) = items.counting().next() {
        let same_again = |other: usize| items.counts_as(other, amount);
        let bare = scene.every_lexicon().any(|lexicon| {
            Around::value(items, (at, at + 1), lexicon, &Fillers::NUMBERS, same_again).is_bare()
        });
        return bare.then(|| read(position(amount, options), Method::Exact));
    }
    let word = scene.every_lexicon().find_map(|lexicon| spoken_number(items, lexicon, &Fillers::NUMBERS));
    if let Some(value) = word {
        return Some(read(spoken_position(value, options), Method::Word));
    }
    scene.every_lexicon().find_map(|lexicon| only_ordinal(scene, items, lexicon)).map(|ordinal| {
        let found = match ordinal {
            0 => options.checked_sub(1).ok_or(Reason::OutOfRange),
            value => spoken_position(value, options),
        };
        read(found, Method::Ordinal)
    })
}

/// Step 4: the ordinal that is the only word besides fillers and *one, option, den, alternativet …*
fn only_ordinal(scene: &Scene<'_>, items: &Items<'_>, lexicon: &Lexicon) -> Option<i32> {
    let mut found = None;
    for at in 0..items.all.len() {
        let word = items.word(at)?;
        match lexicon.value(List::Ordinal, word) {
            Some(_) if found.is_some() => return None,
            Some(value) => found = Some(value),
            None => {
                let filler = scene.lexicons.shared().has(List::OrdinalGroup, word)
                    || items.is_filler(at, lexicon, &Fillers::NUMBERS);
                if !filler {
                    return None;
                }
            }
        }
    }
    found
}

/// Step 6: two different numbers, alternatives, or a word for several options.
fn names_several_numbers(scene: &Scene<'_>, items: &Items<'_>) -> bool {
    let mut counting = items.counting().map(|(_, amount)| amount);
    let first = counting.next();
    counting.any(|amount| Some(amount) != first)
        || has_alternatives(items, scene, &Fillers::NUMBERS)
        || words(scene.clean).iter().any(|word| scene.session.has(List::Several, word))
        || scene.whole_message_in(scene.clean, &[List::Several], &Fillers::NUMBERS).is_some()
}

/// Step 7: one counting number and text.
fn with_text(
    scene: &Scene<'_>,
    options: &[ChoiceOption],
    items: &Items<'_>,
    at: usize,
    amount: Amount,
) -> Reading {
    let picked = match position(amount, options.len()) {
        Ok(picked) => picked,
        Err(reason) => return Reading::Reask(reason),
    };
    let same_again = |other: usize| items.counts_as(other, amount);
    let around = Around::value(items, (at, at + 1), scene.session, &Fillers::NUMBERS, same_again);
    let end = items.get(at).map_or(0, |item| item.end);
    let comment = if around.before { Some(scene.clean.to_owned()) } else { comment::after(scene.clean, end) };
    let method = if around.before { Method::Embedded } else { Method::Leading };
    let value = Value::Choice(picked);
    match named_beside(scene, options, items, &same_again) {
        Named::One(other, _) if other != picked => Reading::Reask(Reason::Conflict),
        Named::Several => Reading::Reask(Reason::Conflict),
        Named::One(_, Method::Contains) => Reading::with_comment(value, Method::Exact, comment),
        Named::One(_, _) => Reading::ok(value, Method::Exact),
        Named::Nothing => Reading::with_comment(value, method, comment),
    }
}

/// What the text beside a number names, with or without fillers.
pub(super) fn named_beside(
    scene: &Scene<'_>,
    options: &[ChoiceOption],
    items: &Items<'_>,
    is_the_number: &impl Fn(usize) -> bool,
) -> Named {
    let beside = |skip_fillers: bool| {
        (0..items.all.len())
            .filter(|&at| !is_the_number(at))
            .filter(|&at| !skip_fillers || !items.is_filler(at, scene.session, &Fillers::NUMBERS))
            .filter_map(|at| items.get(at))
            .filter_map(|item| items.text.get(item.start..item.end))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let negated = items.has_negator();
    match named(scene, options, &beside(false), negated) {
        Named::Nothing => named(scene, options, &beside(true), negated),
        found @ (Named::One(..) | Named::Several) => found,
    }
}
