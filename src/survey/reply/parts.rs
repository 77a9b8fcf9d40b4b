//! The parts of a multiple choice reply (N61): how it is split and how each part is read.

use std::collections::BTreeSet;

use super::comment;
use super::fold::{Span, spans};
use super::items::{Fillers, Items, Separators};
use super::lexicon::List;
use super::numbers::Amount;
use super::numeric::operand;
use super::options::{Named, by_name, by_words, is_label, plain_name};
use super::scene::Scene;
use super::single_choice::{named_beside, position, spoken_position};
use super::{Method, Reason};
use crate::survey::element::ChoiceOption;

/// Methods of a part from the strongest to the weakest (N62); a number with text stands after a range.
const STRENGTH: [Method; 6] =
    [Method::List, Method::Range, Method::Leading, Method::Prefix, Method::Contains, Method::Fuzzy];

/// What the parts of a reply pick together.
pub(super) struct Parts {
    pub(super) picks: BTreeSet<usize>,
    pub(super) method: Method,
    pub(super) comment: Option<String>,
}

/// What one part picks.
struct Part {
    picks: Vec<usize>,
    method: Method,
    comment: Option<String>,
}

impl Part {
    fn new(picks: Vec<usize>, method: Method) -> Self {
        Self { picks, method, comment: None }
    }
}

/// Splits and reads a reply; the first bad part decides (N61). With `exact_only`, as for another language
/// than the session's (N21), a part is a range, a name or numbers and nothing looser.
pub(super) fn read_parts(
    scene: &Scene<'_>,
    options: &[ChoiceOption],
    exact_only: bool,
) -> Result<Parts, Reason> {
    let mut parts = Vec::new();
    for text in split(scene, options) {
        parts.extend(read_part(scene, options, text, exact_only)?);
    }
    let strength = |part: &Part| STRENGTH.iter().position(|&method| method == part.method);
    let weakest = parts.iter().max_by_key(|part| strength(part)).ok_or(Reason::Unrecognised)?;
    let comments: Vec<&str> = parts.iter().filter_map(|part| part.comment.as_deref()).collect();
    Ok(Parts {
        method: weakest.method,
        comment: (!comments.is_empty()).then(|| comments.join(", ")),
        picks: parts.iter().flat_map(|part| part.picks.iter().copied()).collect(),
    })
}

/// Whether a reply is nothing but positions and exact labels (N86).
pub(super) fn is_exact(scene: &Scene<'_>, options: &[ChoiceOption], text: &str) -> bool {
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit() || c.is_whitespace());
    split(&scene.with_text(text), options)
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .all(|part| digits(part) || is_label(scene, options, part))
}

/// The parts between separators. Labels and aliases that hold a separator are recognised first.
fn split<'t>(scene: &Scene<'t>, options: &[ChoiceOption]) -> Vec<&'t str> {
    let text = scene.clean;
    let words: Vec<Span> = spans(text).collect();
    let kept = kept_together(scene, options, &words);
    let is_kept = |start: usize| kept.iter().any(|&(from, to)| (from..to).contains(&start));
    let shared = scene.lexicons.shared();
    let signs = text.char_indices().filter(|&(_, c)| is_separator(c)).map(|(at, c)| (at, at + c.len_utf8()));
    let joiners = words
        .iter()
        .filter(|word| shared.has(List::PartJoiner, &word.folded))
        .map(|word| (word.start, word.end));
    let mut cuts: Vec<(usize, usize)> = signs.chain(joiners).filter(|&(start, _)| !is_kept(start)).collect();
    cuts.sort_unstable();
    let starts = std::iter::once(0).chain(cuts.iter().map(|&(_, end)| end));
    let ends = cuts.iter().map(|&(start, _)| start).chain([text.len()]);
    starts.zip(ends).filter_map(|(start, end)| text.get(start..end)).collect()
}

/// A sign between parts (N61).
fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';' | '/' | '+' | '&' | '.' | '|' | '\n')
}

/// Where a label or alias with a separator in it stands in the text, in bytes.
fn kept_together(scene: &Scene<'_>, options: &[ChoiceOption], words: &[Span]) -> Vec<(usize, usize)> {
    let shared = scene.lexicons.shared();
    let languages: Vec<_> = scene.every_language().map(|(language, _)| language).collect();
    let names = options.iter().flat_map(|option| {
        languages.iter().flat_map(|language| {
            let aliases = option.aliases.get(language).into_iter().flatten();
            std::iter::once(option.label.in_language(language)).chain(aliases.map(String::as_str))
        })
    });
    let mut kept = Vec::new();
    for name in names {
        let plain = plain_name(name);
        let parts: Vec<&str> = plain.split(' ').filter(|part| !part.is_empty()).collect();
        let splits =
            name.trim().contains(is_separator) || parts.iter().any(|part| shared.has(List::PartJoiner, part));
        if !splits || parts.is_empty() {
            continue;
        }
        for window in words.windows(parts.len()) {
            let here = window.iter().zip(&parts).all(|(word, part)| word.folded == *part);
            if let (true, Some(first), Some(last)) = (here, window.first(), window.last()) {
                kept.push((first.start, last.end));
            }
        }
    }
    kept
}

/// Reads one part; `None` when it holds nothing but fillers or signs.
fn read_part(
    scene: &Scene<'_>,
    options: &[ChoiceOption],
    text: &str,
    exact_only: bool,
) -> Result<Option<Part>, Reason> {
    let items = Items::read(text, Separators::Separate, scene.lexicons);
    if items.all.is_empty() {
        return Ok(None);
    }
    if let Some(range) = range(scene, &items, options.len()) {
        return range.map(|picks| Some(Part::new(picks, Method::Range)));
    }
    if let Some((at, _)) = by_name(scene, options, text) {
        return Ok(Some(Part::new(vec![at], Method::List)));
    }
    if let Some(found) = only_numbers(scene, &items, options.len()) {
        return found.map(|picks| (!picks.is_empty()).then(|| Part::new(picks, Method::List)));
    }
    if exact_only {
        return Err(Reason::Unrecognised);
    }
    let mut counting = items.counting();
    match (counting.next(), counting.next()) {
        (Some((at, amount)), None) => number_with_text(scene, options, &items, at, amount).map(Some),
        (Some(_), Some(_)) => Err(Reason::Unrecognised),
        (None, _) => match by_words(scene, options, text, false) {
            Named::One(at, method) => Ok(Some(Part::new(vec![at], method))),
            Named::Several | Named::Nothing => Err(Reason::Unrecognised),
        },
    }
}

/// A range `a-b`, *a to b*, *a til b*, fillers around it allowed.
fn range(scene: &Scene<'_>, items: &Items<'_>, options: usize) -> Option<Result<Vec<usize>, Reason>> {
    let is_filler = |at: usize| items.is_filler(at, scene.session, &Fillers::NUMBERS);
    let first = (0..items.all.len()).find(|&at| !is_filler(at))?;
    let (low, high, end) = [0, first].into_iter().find_map(|at| range_at(scene, items, at))?;
    if !(end..items.all.len()).all(is_filler) {
        return None;
    }
    Some(match (position(low, options), position(high, options), low, high) {
        (_, _, Amount::Exact(low), Amount::Exact(high)) if low > high => Err(Reason::Ambiguous),
        (Ok(low), Ok(high), _, _) => Ok((low..=high).collect()),
        (Err(reason), _, _, _) | (_, Err(reason), _, _) => Err(reason),
    })
}

/// The ends of the range that starts at a place, and the item after it.
fn range_at(scene: &Scene<'_>, items: &Items<'_>, at: usize) -> Option<(Amount, Amount, usize)> {
    let low = operand(items, at, scene.session).filter(|low| low.aside.is_none())?;
    let joined = items.word(low.next).is_some_and(|word| scene.session.has(List::Range, word));
    let high_at =
        if items.gap_before(low.next).trim() == "-" { low.next } else { joined.then_some(low.next + 1)? };
    let high = operand(items, high_at, scene.session).filter(|high| high.aside.is_none())?;
    Some((low.amount, high.amount, high.next))
}

/// Only numbers, or only number words of the session language, besides fillers; an empty list when there are
/// only fillers, `None` when there is anything else.
fn only_numbers(scene: &Scene<'_>, items: &Items<'_>, options: usize) -> Option<Result<Vec<usize>, Reason>> {
    let as_it_stands = spoken_row(scene, items, false).filter(|row| !row.is_empty());
    let counting: Vec<Amount> = items.counting().map(|(_, amount)| amount).collect();
    if let Some(words) = as_it_stands.or_else(|| spoken_row(scene, items, true)) {
        let positions = words.into_iter().map(|value| spoken_position(value, options));
        return Some(positions.collect());
    }
    let kept = (0..items.all.len()).filter(|&at| !items.is_filler(at, scene.session, &Fillers::NUMBERS));
    let mut spoken = false;
    for at in kept {
        if items.number_word(at, scene.session).is_some() {
            spoken = true;
        } else if !items.is_counting(at) {
            return None;
        }
    }
    Some(if spoken {
        Err(Reason::Ambiguous)
    } else {
        counting.into_iter().map(|amount| position(amount, options)).collect()
    })
}

/// The values of a part made of number words, fillers between them allowed where `fillers` says so.
fn spoken_row(scene: &Scene<'_>, items: &Items<'_>, fillers: bool) -> Option<Vec<i32>> {
    let mut row = Vec::new();
    let mut at = 0;
    while at < items.all.len() {
        let filler = fillers && items.is_filler(at, scene.session, &Fillers::NUMBERS);
        if filler {
            at += 1;
        } else {
            let (value, length) = items.number_word(at, scene.session)?;
            row.push(value);
            at += length;
        }
    }
    Some(row)
}

/// A number with text: the option's own name, another's, or a comment.
fn number_with_text(
    scene: &Scene<'_>,
    options: &[ChoiceOption],
    items: &Items<'_>,
    at: usize,
    amount: Amount,
) -> Result<Part, Reason> {
    let picked = position(amount, options.len())?;
    match named_beside(scene, options, items, &|other| other == at) {
        Named::One(named, _) if named == picked => Ok(Part::new(vec![picked], Method::List)),
        Named::One(..) | Named::Several => Err(Reason::Conflict),
        Named::Nothing => {
            let is_filler = |at: usize| items.is_filler(at, scene.session, &Fillers::NUMBERS);
            if !(0..at).all(is_filler) {
                return Err(Reason::Unrecognised);
            }
            let end = items.get(at).map_or(0, |item| item.end);
            Ok(Part {
                picks: vec![picked],
                method: Method::Leading,
                comment: comment::after(items.text, end),
            })
        }
    }
}
