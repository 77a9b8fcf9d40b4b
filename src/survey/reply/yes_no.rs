//! The `yes_no` grammar (N40, N41), step by step in its normative order.

use super::comment;
use super::fold::{is_blank, same};
use super::items::{Fillers, Items, Separators};
use super::lexicon::{Lexicon, List};
use super::numbers::Amount;
use super::scene::{Around, Scene};
use super::{Method, Reading, Reason};
use crate::survey::{Number, Value};

/// The lists of step 5, with the answer each stands for.
const WHOLE_MESSAGES: [List; 7] = [
    List::CoreYes,
    List::CoreNo,
    List::LetterYes,
    List::LetterNo,
    List::MoreYes,
    List::MoreNo,
    List::LeadingNo,
];
/// The longest phrase that counts in front of other words, in words.
const PHRASE_WORDS_MAX: usize = 6;

/// Reads a yes or no. `lenient` is false on strict elements, where a weak yes never counts.
pub(super) fn read(scene: &Scene<'_>, lenient: bool) -> Reading {
    let items = Items::read(scene.clean, Separators::Decimal, scene.lexicons);
    let signs = Signs::read(scene, &items);
    if !signs.emoji_yes
        && !signs.emoji_no
        && let Some(reading) = only_number(scene, &items)
    {
        return reading;
    }
    if is_unsure(scene, &items) {
        return Reading::Reask(Reason::Unsure);
    }
    if starts_with(scene, &items, List::Idiom) {
        return Reading::Reask(Reason::Ambiguous);
    }
    if signs.is_contradiction() {
        return Reading::Reask(Reason::Contradiction);
    }
    let reading = whole_message(scene, &items, signs)
        .or_else(|| weak_yes(scene, lenient))
        .or_else(|| number_first(scene, &items, signs))
        .or_else(|| leading(scene, &items, signs))
        .unwrap_or(Reading::Reask(Reason::Unrecognised));
    match reading {
        Reading::Ok { value: Value::YesNo(true), .. } if signs.emoji_no => {
            Reading::Reask(Reason::Contradiction)
        }
        Reading::Ok { value: Value::YesNo(false), .. } if signs.emoji_yes => {
            Reading::Reask(Reason::Contradiction)
        }
        other @ (Reading::Ok { .. } | Reading::Skip | Reading::Reask(_)) => other,
    }
}

/// Which signs of yes and no a message holds: core words of the session language and sign emoji (N40 step 4).
#[derive(Clone, Copy, Debug)]
struct Signs {
    emoji_yes: bool,
    emoji_no: bool,
    word_yes: bool,
    word_no: bool,
}

impl Signs {
    fn read(scene: &Scene<'_>, items: &Items<'_>) -> Self {
        let emoji = |signs: &[char]| scene.clean.contains(signs);
        let word = |list| {
            (0..items.all.len()).filter_map(|at| items.word(at)).any(|word| scene.session.has(list, word))
        };
        Self {
            emoji_yes: emoji(&['\u{1f44d}', '\u{2705}', '\u{2714}']),
            emoji_no: emoji(&['\u{1f44e}', '\u{274c}']),
            word_yes: word(List::CoreYes),
            word_no: word(List::CoreNo),
        }
    }

    fn is_contradiction(self) -> bool {
        (self.emoji_yes || self.word_yes) && (self.emoji_no || self.word_no)
    }
}

/// Step 1: only a number besides fillers.
fn only_number(scene: &Scene<'_>, items: &Items<'_>) -> Option<Reading> {
    let (at, amount) = items.counting().next()?;
    let same_again = |other: usize| items.counts_as(other, amount);
    let bare = scene.every_lexicon().any(|lexicon| {
        Around::value(items, (at, at + 1), lexicon, &Fillers::NUMBERS_YES_NO, same_again).is_bare()
    });
    bare.then(|| match answer_of(amount) {
        Ok(yes) => Reading::ok(Value::YesNo(yes), Method::Exact),
        Err(reason) => Reading::Reask(reason),
    })
}

/// 1 = yes, 2 = no (F16).
fn answer_of(amount: Amount) -> Result<bool, Reason> {
    match amount {
        Amount::Unclear => Err(Reason::Ambiguous),
        amount if amount.is(Number::small(1)) => Ok(true),
        amount if amount.is(Number::small(2)) => Ok(false),
        Amount::Exact(_) | Amount::TooBig => Err(Reason::OutOfRange),
    }
}

/// Step 2: only question marks, or an unsure phrase at the start.
fn is_unsure(scene: &Scene<'_>, items: &Items<'_>) -> bool {
    let only_marks = scene.clean.chars().all(|c| c.is_whitespace() || matches!(c, '?' | '¿' | '؟'));
    only_marks || starts_with(scene, items, List::Unsure)
}

/// Whether the message starts with an entry of a list of the session language, common fillers in front
/// allowed, or as a whole is one of another language (N21).
fn starts_with(scene: &Scene<'_>, items: &Items<'_>, list: List) -> bool {
    let starts = |at: usize| scene.session.longest_start(list, &words_from(items, at)).is_some();
    let first = first_word(items, scene.session, &Fillers::COMMON);
    (0..=first).any(starts) || scene.whole_message_in(scene.clean, &[list], &Fillers::COMMON).is_some()
}

/// The first items from a place on that are words, whatever punctuation stands between them.
fn words_from<'t>(items: &'t Items<'_>, at: usize) -> Vec<&'t str> {
    (at..items.all.len()).take(PHRASE_WORDS_MAX).map_while(|i| items.word(i)).collect()
}

/// The first item that is no filler.
fn first_word(items: &Items<'_>, lexicon: &Lexicon, fillers: &Fillers<'_>) -> usize {
    (0..items.all.len()).find(|&at| !items.is_filler(at, lexicon, fillers)).unwrap_or(items.all.len())
}

/// Step 5: only sign emoji, or the whole message in core, letters or more.
fn whole_message(scene: &Scene<'_>, items: &Items<'_>, signs: Signs) -> Option<Reading> {
    let list = scene.whole_message_in(scene.clean, &WHOLE_MESSAGES, &Fillers::COMMON);
    let yes = match list {
        Some(list) => is_yes(list),
        None if items.all.is_empty() && (signs.emoji_yes || signs.emoji_no) => signs.emoji_yes,
        None => return None,
    };
    Some(Reading::ok(Value::YesNo(yes), Method::Lexicon))
}

fn is_yes(list: List) -> bool {
    [List::CoreYes, List::LetterYes, List::MoreYes].contains(&list)
}

/// Step 6: a weak yes as the whole message.
fn weak_yes(scene: &Scene<'_>, lenient: bool) -> Option<Reading> {
    scene.whole_message_in(scene.clean, &[List::WeakYes], &Fillers::COMMON)?;
    Some(if lenient && scene.accept_weak_yes {
        Reading::ok(Value::YesNo(true), Method::Lexicon)
    } else {
        Reading::Reask(Reason::Ambiguous)
    })
}

/// Step 7: 1 or 2 first, then text.
fn number_first(scene: &Scene<'_>, items: &Items<'_>, signs: Signs) -> Option<Reading> {
    let at = first_word(items, scene.session, &Fillers::NUMBERS_YES_NO);
    let (_, amount) = items.counting().find(|&(place, _)| place == at)?;
    let yes = match answer_of(amount) {
        Ok(yes) => yes,
        Err(reason) => return Some(Reading::Reask(reason)),
    };
    if items.counting().any(|(_, other)| other != amount) {
        return Some(Reading::Reask(Reason::ChooseOne));
    }
    if (yes && signs.emoji_no) || (!yes && signs.emoji_yes) {
        return Some(Reading::Reask(Reason::Contradiction));
    }
    let end = items.get(at)?.end;
    let rest = scene.clean.get(end..).unwrap_or_default();
    let value = Value::YesNo(yes);
    let comment = comment::after(scene.clean, end);
    Some(match sign_of(scene, rest, signs) {
        Some((said, _)) if said != yes => Reading::Reask(Reason::Conflict),
        Some((_, true)) => Reading::ok(value, Method::Exact),
        Some((_, false)) => Reading::with_comment(value, Method::Exact, comment),
        None => Reading::with_comment(value, Method::Leading, comment),
    })
}

/// What the text after a number says, and whether it says nothing else.
fn sign_of(scene: &Scene<'_>, rest: &str, signs: Signs) -> Option<(bool, bool)> {
    if let Some(list) = scene.whole_message_in(rest, &WHOLE_MESSAGES, &Fillers::COMMON) {
        return Some((is_yes(list), true));
    }
    if signs.word_yes || signs.emoji_yes {
        return Some((true, false));
    }
    if signs.word_no || signs.emoji_no {
        return Some((false, false));
    }
    let items = Items::read(rest, Separators::Decimal, scene.lexicons);
    let first = first_word(&items, scene.session, &Fillers::COMMON);
    scene.session.longest_start(List::LeadingNo, &words_from(&items, first))?;
    Some((false, false))
}

/// Step 8: a core word or a marked phrase of the session language, then other words (N41).
fn leading(scene: &Scene<'_>, items: &Items<'_>, signs: Signs) -> Option<Reading> {
    let session = scene.session;
    let first = first_word(items, session, &Fillers::COMMON);
    let words = words_from(items, first);
    let longest = |list| session.longest_start(list, &words).map(|(length, _)| (length, list));
    let (length, list) = [List::CoreYes, List::CoreNo, List::LeadingNo]
        .into_iter()
        .filter_map(longest)
        .max_by_key(|&(length, _)| length)?;
    let next = first + length;
    let yes = list == List::CoreYes;
    let followed_by = |list| {
        items.adjoins(next) && items.word(next).is_some_and(|word| scene.lexicons.shared().has(list, word))
    };
    if (yes && followed_by(List::Negator)) || (list == List::LeadingNo && signs.word_yes) {
        return Some(Reading::Reask(Reason::Contradiction));
    }
    let word = items.word(first)?;
    let is_determiner =
        list == List::CoreNo && session.entries(List::Determiner).any(|(no, _)| same(word, no));
    if is_determiner && next < items.all.len() && is_blank(items.gap_before(next)) {
        let allowed = items.word(next).is_some_and(|word| session.has(List::AfterDeterminer, word));
        if !allowed {
            return Some(Reading::Reask(Reason::Ambiguous));
        }
    }
    let end = items.get(next.checked_sub(1)?)?.end;
    let comment = comment::after(scene.clean, end);
    Some(Reading::with_comment(Value::YesNo(yes), Method::Leading, comment))
}
