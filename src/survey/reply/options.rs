//! Naming an option of a choice: by label or alias, by the start of a label, by its words, or with a typing
//! error (N51 steps 1, 8, 9, 10).

use super::fold::{letters, plain_form, same, words};
use super::lexicon::List;
use super::scene::Scene;
use super::typo;
use super::{Language, Method};
use crate::survey::element::ChoiceOption;

/// A label is recognised from its first letters from this many on (N51 step 8).
const PREFIX_LETTERS_MIN: usize = 3;
/// Words of a label take endings from this many letters on (N51 step 9).
const ENDING_LETTERS_MIN: usize = 4;
/// Labels are recognised with a typing error from this many letters on (N28).
const TYPO_LETTERS_MIN: usize = 4;

/// What a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// No option.
    Nothing,
    /// One option, from 0, and how it was recognised.
    One(usize, Method),
    /// Several options.
    Several,
}

/// Step 1: the option whose label or alias the whole text is, in the session language, then in the others.
pub(super) fn by_name(scene: &Scene<'_>, options: &[ChoiceOption], text: &str) -> Option<(usize, Method)> {
    let whole = plain_form(text);
    let session = name_in(scene.language, options, &whole);
    session.or_else(|| {
        scene.others.iter().find_map(|&(language, lexicon)| {
            if let Some(found) = name_in(language, options, &whole) {
                return Some(found);
            }
            let words = words(text);
            let kept = words.iter().filter(|word| !lexicon.has(List::Common, word));
            let without_fillers = kept.map(String::as_str).collect::<Vec<_>>().join(" ");
            (without_fillers != whole).then(|| name_in(language, options, &without_fillers)).flatten()
        })
    })
}

/// The option whose label, else alias, in one language is this plain text.
fn name_in(language: &Language, options: &[ChoiceOption], plain: &str) -> Option<(usize, Method)> {
    if plain.is_empty() {
        return None;
    }
    let is = |name: &str| starts_alike(name, plain) && same(plain, &plain_name(name));
    let label = options.iter().position(|option| is(option.label.in_language(language)));
    let alias = || options.iter().position(|option| aliases(option, language).any(is));
    label.map(|at| (at, Method::Label)).or_else(|| alias().map(|at| (at, Method::Alias)))
}

/// Whether a name may equal a plain text by its first letter: spares folding most names.
fn starts_alike(name: &str, plain: &str) -> bool {
    match name.chars().next() {
        Some(c) if c.is_ascii_alphanumeric() => plain.starts_with(c.to_ascii_lowercase()),
        Some(_) | None => true,
    }
}

/// Whether the whole text is exactly the label of an option in any survey language (N86).
pub(super) fn is_label(scene: &Scene<'_>, options: &[ChoiceOption], text: &str) -> bool {
    let plain = plain_form(text);
    scene.every_language().any(|(language, _)| {
        name_in(language, options, &plain).is_some_and(|(_, method)| method == Method::Label)
    })
}

/// Steps 8 to 10: what a text names by the names of the session language.
pub(super) fn by_words(scene: &Scene<'_>, options: &[ChoiceOption], text: &str, negated: bool) -> Named {
    let plain = plain_form(text);
    let labels: Vec<String> =
        options.iter().map(|option| plain_name(option.label.in_language(scene.language))).collect();
    if let Some(at) = by_prefix(&plain, &labels) {
        return Named::One(at, Method::Prefix);
    }
    if !negated {
        let words = words(text);
        let mut held =
            options.iter().enumerate().filter(|(_, option)| occurs(scene, option, &words)).map(|(at, _)| at);
        match (held.next(), held.next()) {
            (Some(at), None) => return Named::One(at, Method::Contains),
            (Some(_), Some(_)) => return Named::Several,
            (None, _) => {}
        }
    }
    let targets = labels.into_iter().enumerate().map(|(at, label)| (label, at));
    typo::nearest(scene.lexicons, &plain, targets, TYPO_LETTERS_MIN)
        .map_or(Named::Nothing, |at| Named::One(at, Method::Fuzzy))
}

/// All a text names, by label and alias first, then by its words (N51 step 7).
pub(super) fn named(scene: &Scene<'_>, options: &[ChoiceOption], text: &str, negated: bool) -> Named {
    by_name(scene, options, text)
        .map_or_else(|| by_words(scene, options, text, negated), |(at, method)| Named::One(at, method))
}

/// Step 8: the one label that starts with the text.
fn by_prefix(plain: &str, labels: &[String]) -> Option<usize> {
    if letters(plain) < PREFIX_LETTERS_MIN {
        return None;
    }
    let mut starting = (0..).zip(labels).filter(|(_, label)| label.starts_with(plain));
    let first = starting.next()?.0;
    starting.next().is_none().then_some(first)
}

/// Step 9: whether all significant words of the option's label, or of one of its aliases, occur.
fn occurs(scene: &Scene<'_>, option: &ChoiceOption, said: &[String]) -> bool {
    let shared = scene.lexicons.shared();
    let all_said = |name: &str| {
        let name = plain_name(name);
        let mut significant = name
            .split(' ')
            .filter(|word| !word.is_empty() && !shared.has(List::Insignificant, word))
            .peekable();
        significant.peek().is_some()
            && significant.all(|word| said.iter().any(|said| is_form_of(scene, said, word)))
    };
    all_said(option.label.in_language(scene.language)) || aliases(option, scene.language).any(all_said)
}

/// Whether a word of the reply is a word of a label, or that word with an ending.
fn is_form_of(scene: &Scene<'_>, said: &str, word: &str) -> bool {
    let ending_fits = |form: &str| {
        let ending = form.strip_prefix(word)?;
        let listed = scene.lexicons.shared().entries(List::Ending).any(|(known, _)| known == ending);
        listed.then_some(())
    };
    same(said, word)
        || (letters(word) >= ENDING_LETTERS_MIN && super::fold::look_up(said, ending_fits).is_some())
}

/// The aliases of an option in one language.
fn aliases<'o>(option: &'o ChoiceOption, language: &Language) -> impl Iterator<Item = &'o str> + use<'o> {
    option.aliases.get(language).into_iter().flatten().map(String::as_str)
}

/// The plain form of a label or alias, cleaned as replies are.
pub(super) fn plain_name(name: &str) -> String {
    plain_form(&super::clean::tidy(name))
}
