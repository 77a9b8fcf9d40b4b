//! Strict elements (N86): only exact forms, for questions such as consent.

use super::clean::trim_outer;
use super::fold::{look_up, plain_form};
use super::lexicon::List;
use super::options::is_label;
use super::parts;
use super::scene::Scene;
use super::{Method, Reading, Reason};
use crate::survey::Kind;

/// Keeps a refusal and its reason; turns an accepted reply that is no exact form into a refusal.
pub(super) fn only_exact(kind: &Kind, scene: &Scene<'_>, reading: Reading) -> Reading {
    let Reading::Ok { method, .. } = &reading else {
        return reading;
    };
    let text = trim_outer(scene.clean);
    let (exact, refusal) = match kind {
        Kind::Scale { .. } | Kind::Nps { .. } | Kind::Number { .. } => {
            (is_bare_number(text), Reason::NotANumber)
        }
        Kind::YesNo => (is_plain_yes_no(scene, text), Reason::Unrecognised),
        Kind::SingleChoice { options } => {
            (is_digits(text) || is_label(scene, options, text), Reason::Unrecognised)
        }
        Kind::MultipleChoice { options, .. } => (parts::is_exact(scene, options, text), Reason::Unrecognised),
        Kind::Date { .. } => (
            matches!(method, Method::Exact | Method::Numeric) && !text.contains(char::is_alphabetic),
            Reason::NotADate,
        ),
        Kind::Text | Kind::FreeText { .. } => (true, Reason::Unrecognised),
    };
    if exact { reading } else { Reading::Reask(refusal) }
}

/// Digits alone.
fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// One number and nothing else: digits, with separators inside. What they mean is for the grammar.
fn is_bare_number(text: &str) -> bool {
    let groups_fit = !text.contains(' ') || text.split(' ').skip(1).all(|group| group.len() >= 3);
    text.starts_with(|c: char| c.is_ascii_digit())
        && groups_fit
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ' '))
}

/// 1, 2 or a core word of any survey language.
fn is_plain_yes_no(scene: &Scene<'_>, text: &str) -> bool {
    let plain = plain_form(text);
    let number = look_up(&plain, |word| matches!(word, "1" | "2").then_some(())).is_some();
    let nothing_else = text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || c == '\'');
    nothing_else
        && (number
            || scene
                .every_lexicon()
                .any(|lexicon| lexicon.has(List::CoreYes, &plain) || lexicon.has(List::CoreNo, &plain)))
}
