//! The number grammar (N34): as the scale's, with thousands, decimals and the element's own unit.

use super::fold::{fold, words};
use super::items::{Aside, Fillers, Items, PERCENT, Separators, Unit, What};
use super::lexicon::{Lexicons, List};
use super::numeric::{Numeric, Range};
use super::scale::look_alike_digits;
use super::scene::Scene;
use super::{Method, Reading, Reason};
use crate::survey::Number;

/// The element's own unit (N25).
struct OwnUnit {
    /// The unit's class or sign, `Unit::Own` when it stands in no list.
    unit: Unit,
    /// Every word the person may write for it, folded.
    words: Vec<String>,
}

/// Reads a reply to a number question.
pub(super) fn read(
    scene: &Scene<'_>,
    min: Option<Number>,
    max: Option<Number>,
    decimals: u8,
    unit: Option<&str>,
) -> Reading {
    let own = unit.map(|unit| OwnUnit::new(unit, scene.lexicons));
    let changed = look_alike_digits(scene.clean);
    let text = changed.as_deref().unwrap_or(scene.clean);
    let custom = own.as_ref().filter(|own| own.unit == Unit::Own).and_then(|own| own.words.first());
    let separators = Separators::Thousands(group_sign(scene));
    let mut items = Items::read_with_unit(text, separators, scene.lexicons, custom.map(String::as_str));
    if let Some(own) = &own {
        ignore_own_unit(&mut items, own.unit);
    }
    let numeric = Numeric {
        scene,
        items,
        range: Range { min, max, decimals },
        fillers: Fillers {
            unit_words: own.as_ref().map_or(&[], |own| own.words.as_slice()),
            ..Fillers::NUMBERS
        },
        bare: Method::Number,
    };
    if numeric.negated() {
        return Reading::Reask(Reason::Negated);
    }
    if numeric.percent() {
        return Reading::Reask(Reason::Percent);
    }
    if has_other_unit(&numeric.items) {
        return Reading::Reask(Reason::Unit);
    }
    if has_multiplier(&numeric.items, scene.lexicons) {
        return Reading::Reask(Reason::Ambiguous);
    }
    if let Some(reason) = numeric.mixed_fraction() {
        return Reading::Reask(reason);
    }
    if numeric.alternatives() {
        return Reading::Reask(Reason::Ambiguous);
    }
    numeric.digits().unwrap_or_else(|| numeric.words())
}

impl OwnUnit {
    fn new(unit: &str, lexicons: &Lexicons) -> Self {
        let shared = lexicons.shared();
        let own_words = words(unit);
        let class = own_words.iter().find_map(|word| shared.value(List::Unit, word));
        let sign = fold(unit).chars().find(|c| !c.is_alphanumeric() && !c.is_whitespace());
        let unit = match (class, sign) {
            (Some(class), _) => Unit::Known(class),
            (None, Some('%')) => PERCENT,
            (None, Some(sign)) if own_words.is_empty() => Unit::Sign(sign),
            (None, _) => Unit::Own,
        };
        let listed = shared
            .entries(List::Unit)
            .filter(|&(_, class)| unit == Unit::Known(class))
            .map(|(word, _)| word.to_owned());
        Self { unit, words: own_words.into_iter().chain(listed).collect() }
    }
}

/// The sign that groups thousands in the session language: `.` in Norwegian, `,` in English (N34).
fn group_sign(scene: &Scene<'_>) -> Option<char> {
    match scene.language.code() {
        "no" => Some('.'),
        "en" => Some(','),
        _ => None,
    }
}

/// Numbers with the element's own unit count like bare ones (N34).
fn ignore_own_unit(items: &mut Items<'_>, own: Unit) {
    for item in &mut items.all {
        if let What::Number { aside, .. } = &mut item.what
            && *aside == Some(Aside::Unit(own))
        {
            *aside = None;
        }
    }
}

/// Whether a number is multiplied by the word after it, as in *2 thousand*.
fn has_multiplier(items: &Items<'_>, lexicons: &Lexicons) -> bool {
    let multiplies =
        |at: usize| items.word(at).is_some_and(|word| lexicons.shared().has(List::Multiplier, word));
    (1..items.all.len()).any(|at| items.is_number(at - 1) && items.adjoins(at) && multiplies(at))
}

/// Whether any number has another known unit (N34).
fn has_other_unit(items: &Items<'_>) -> bool {
    items.all.iter().any(|item| matches!(item.what, What::Number { aside: Some(Aside::Unit(_)), .. }))
}
