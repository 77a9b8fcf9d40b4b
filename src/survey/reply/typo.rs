//! Typing errors (N28): a word that is one slip away from exactly one target.

use super::fold::letters;
use super::lexicon::{Lexicons, List, TYPO_SLIPS_MAX};

/// A reply of this many letters may be two slips away, a shorter one only one.
const LETTERS_FOR_TWO: usize = 8;

/// The target that `reply` is a typo of, if there is exactly one as near (N28). Targets of the same value
/// are one target. `least_letters` is the least length of reply and target.
pub(super) fn nearest<T: PartialEq + Copy>(
    lexicons: &Lexicons,
    reply: &str,
    targets: impl IntoIterator<Item = (String, T)>,
    least_letters: usize,
) -> Option<T> {
    let reply_letters = letters(reply);
    if reply_letters < least_letters || is_ordinary(lexicons, reply) {
        return None;
    }
    let limit = if reply_letters >= LETTERS_FOR_TWO { TYPO_SLIPS_MAX } else { 1 };
    let length = reply.chars().count();
    let mut best: Option<(usize, T, bool)> = None;
    for (target, value) in targets {
        let too_short = letters(&target) < least_letters;
        if too_short || target.chars().count().abs_diff(length) > limit || digits(&target) != digits(reply) {
            continue;
        }
        let distance = strsim::osa_distance(reply, &target);
        if distance > limit {
            continue;
        }
        best = match best {
            Some((nearest, other, _)) if distance == nearest && other != value => {
                Some((nearest, other, true))
            }
            Some((nearest, other, tied)) if distance >= nearest => Some((nearest, other, tied)),
            _ => Some((distance, value, false)),
        };
    }
    best.and_then(|(_, value, tied)| (!tied).then_some(value))
}

/// A word that stands in a list, or an ordinary word near one, is never a typo (N28).
fn is_ordinary(lexicons: &Lexicons, reply: &str) -> bool {
    lexicons.shared().has(List::NeverTypo, reply) || lexicons.lists_anywhere(reply)
}

/// The digits of a text: `2 days` is never a typo of `3 days` (N7).
fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
