//! What every grammar works on: the clean text and the word lists of the session language and of the
//! survey's other languages (N21).

use chrono::NaiveDate;

use super::fold::words;
use super::items::{Fillers, Items};
use super::lexicon::{Lexicon, Lexicons, List};
use super::{Context, Language};

/// One reply with the lists it is read by.
#[derive(Clone, Debug)]
pub(super) struct Scene<'a> {
    pub(super) lexicons: &'a Lexicons,
    /// The text as it came in.
    pub(super) raw: &'a str,
    /// The clean text (N10), never empty.
    pub(super) clean: &'a str,
    pub(super) language: &'a Language,
    /// The lists of the session language.
    pub(super) session: &'a Lexicon,
    /// The survey's other languages, which count for whole messages only (N21).
    pub(super) others: Vec<(&'a Language, &'a Lexicon)>,
    pub(super) today: NaiveDate,
    pub(super) accept_weak_yes: bool,
}

impl<'a> Scene<'a> {
    pub(super) fn new(context: &Context<'a>, clean: &'a str) -> Self {
        let lexicons = context.lexicons;
        Self {
            lexicons,
            raw: context.raw,
            clean,
            language: context.language,
            session: lexicons.of(context.language),
            others: context
                .languages
                .iter()
                .filter(|&language| language != context.language)
                .map(|language| (language, lexicons.of(language)))
                .collect(),
            today: context.today,
            accept_weak_yes: context.accept_weak_yes,
        }
    }

    /// The same reply read in another of the survey's languages alone.
    pub(super) fn in_language(&self, language: &'a Language, lexicon: &'a Lexicon) -> Self {
        Self { language, session: lexicon, others: Vec::new(), ..self.clone() }
    }

    /// The same scene with another clean text.
    pub(super) fn with_text<'b>(&self, clean: &'b str) -> Scene<'b>
    where
        'a: 'b,
    {
        Scene { clean, ..self.clone() }
    }

    /// The session language's lists, then those of the others.
    pub(super) fn every_lexicon(&self) -> impl Iterator<Item = &'a Lexicon> + '_ {
        std::iter::once(self.session).chain(self.others.iter().map(|&(_, lexicon)| lexicon))
    }

    /// The session language, then the others.
    pub(super) fn every_language(&self) -> impl Iterator<Item = (&'a Language, &'a Lexicon)> + '_ {
        std::iter::once((self.language, self.session)).chain(self.others.iter().copied())
    }

    /// The first of the lists that holds the whole message, with or without the language's fillers (N21).
    pub(super) fn whole_message_in(&self, text: &str, lists: &[List], fillers: &Fillers<'_>) -> Option<List> {
        self.every_lexicon().find_map(|lexicon| whole_message(text, lexicon, lists, fillers))
    }
}

/// The first of a language's lists that holds the whole text: as it is, without fillers at its ends, or
/// without any filler.
pub(super) fn whole_message(
    text: &str,
    lexicon: &Lexicon,
    lists: &[List],
    fillers: &Fillers<'_>,
) -> Option<List> {
    let words = words(text);
    let is_filler = |word: &String| {
        lexicon.has(List::Common, word)
            || (fillers.number_group
                && lexicon.has(List::NumberGroup, word)
                && !(fillers.keep_no && word == "no"))
    };
    let from = words.iter().position(|word| !is_filler(word)).unwrap_or(words.len());
    let to = words.iter().rposition(|word| !is_filler(word)).map_or(from, |at| at + 1);
    let ends_off = words.get(from..to).unwrap_or_default().join(" ");
    let all_off: Vec<&str> = words.iter().filter(|w| !is_filler(w)).map(String::as_str).collect();
    [words.join(" "), ends_off, all_off.join(" ")]
        .into_iter()
        .filter(|form| !form.is_empty())
        .find_map(|form| lists.iter().copied().find(|&list| lexicon.has(list, &form)))
}

/// How the words around a found value lie in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Around {
    /// Words other than fillers stand before it.
    pub(super) before: bool,
    /// Words other than fillers stand after it.
    pub(super) after: bool,
}

impl Around {
    /// Looks for words other than fillers (N23) outside the items `from..to`; `skip` names further items that
    /// belong to the value, such as the same number again.
    pub(super) fn value(
        items: &Items<'_>,
        (from, to): (usize, usize),
        lexicon: &Lexicon,
        fillers: &Fillers<'_>,
        skip: impl Fn(usize) -> bool,
    ) -> Self {
        let other = |at: usize| !skip(at) && !items.is_filler(at, lexicon, fillers);
        Self { before: (0..from).any(other), after: (to..items.all.len()).any(other) }
    }

    /// Whether there is nothing but fillers.
    pub(super) fn is_bare(self) -> bool {
        !self.before && !self.after
    }
}
