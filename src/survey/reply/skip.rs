//! Skip words (N85): an optional question may be passed over.

use super::clean::{tidy, trim_outer};
use super::fold::{fold, look_up};
use super::items::Fillers;
use super::lexicon::List;
use super::scene::Scene;
use crate::survey::{Element, Kind};

/// Whether the whole message, folded, with or without its outer punctuation, is a skip word.
pub(super) fn is_skip(element: &Element, scene: &Scene<'_>) -> bool {
    let folded = fold(scene.clean);
    [folded.as_str(), trim_outer(&folded)]
        .into_iter()
        .filter(|form| !form.is_empty())
        .any(|form| is_listed(element, scene, form))
        || is_empty_choice(element, scene)
}

/// Whether a form of the message is a skip word of this element.
fn is_listed(element: &Element, scene: &Scene<'_>, form: &str) -> bool {
    let shared = scene.lexicons.shared();
    let free_text = matches!(element.kind, Kind::FreeText { .. });
    let own = |form: &str| {
        element.skip_words.values().flatten().any(|word| fold(tidy(word).trim()) == form).then_some(())
    };
    shared.has(List::Skip, form)
        || (free_text && shared.has(List::SkipText, form))
        || look_up(form, own).is_some()
}

/// On a multiple choice without an exclusive option, *none* and its kin skip (N85).
fn is_empty_choice(element: &Element, scene: &Scene<'_>) -> bool {
    matches!(element.kind, Kind::MultipleChoice { .. })
        && !element.kind.options().iter().any(|option| option.exclusive)
        && scene.whole_message_in(scene.clean, &[List::None], &Fillers::NUMBERS).is_some()
}
