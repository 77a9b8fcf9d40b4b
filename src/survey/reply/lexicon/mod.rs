//! The word lists of the reply parser (N6, N23–N25 and the lists of replies.md §6): data, one file per
//! language, extendable by configuration. Nothing here decides what a reply means.

mod en;
pub mod keywords;
mod lists;
mod no;
mod shared;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use super::fold::{fold_entry, look_up, plain_form, same};
use crate::survey::Language;
pub use lists::List;

/// A typing error is at most this many slips away from what was meant (N28).
pub(super) const TYPO_SLIPS_MAX: usize = 2;

/// All word lists: those shared by every language, and those of each language that has some.
#[derive(Clone, Debug)]
pub struct Lexicons {
    shared: Lexicon,
    languages: Vec<(Language, Lexicon)>,
    unknown: Lexicon,
    listed: HashSet<String>,
    /// The marks of automatic replies, folded and in their plain form.
    auto_replies: Vec<[String; 2]>,
}

/// The lists of one language (or the shared ones).
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    lists: BTreeMap<List, Entries>,
}

/// One list: folded entries in the order of the data, each with its value (0 where none is given).
#[derive(Clone, Debug, Default)]
struct Entries {
    ordered: Vec<(String, i32)>,
    values: HashMap<String, i32>,
    phrases: Vec<Vec<String>>,
}

static BUILT_IN: LazyLock<Arc<Lexicons>> = LazyLock::new(|| {
    Arc::new(Lexicons::new(
        Lexicon::new(shared::LISTS),
        vec![(Language::en(), Lexicon::new(en::LISTS)), (Language::no(), Lexicon::new(no::LISTS))],
    ))
});

impl Lexicons {
    /// The lists antiphon comes with: English and Norwegian.
    #[must_use]
    pub fn built_in() -> &'static Arc<Self> {
        &BUILT_IN
    }

    /// These lists with further entries, as configured (N6). An entry may carry a value: `word=8`.
    /// `language` `None` means the shared lists; a language without lists gets its own.
    #[must_use]
    pub fn extended<'a>(
        &self,
        additions: impl IntoIterator<Item = (Option<Language>, List, &'a str)>,
    ) -> Self {
        let (mut shared, mut languages) = (self.shared.clone(), self.languages.clone());
        for (language, list, entries) in additions {
            match language {
                None => shared.add(list, entries),
                Some(language) => {
                    if let Some((_, lexicon)) = languages.iter_mut().find(|(known, _)| *known == language) {
                        lexicon.add(list, entries);
                    } else {
                        let mut lexicon = Lexicon::default();
                        lexicon.add(list, entries);
                        languages.push((language, lexicon));
                    }
                }
            }
        }
        Self::new(shared, languages)
    }

    /// Each list with its language (`None` = shared) and entries, in a fixed order: what a snapshot prints.
    pub fn printed(&self) -> impl Iterator<Item = (Option<&Language>, List, Vec<String>)> {
        let shared = std::iter::once((None, &self.shared));
        let languages = self.languages.iter().map(|(code, lexicon)| (Some(code), lexicon));
        shared.chain(languages).flat_map(|(language, lexicon)| {
            List::ALL.into_iter().filter_map(move |list| {
                let printed: Vec<String> = lexicon
                    .entries(list)
                    .map(|(entry, value)| match value {
                        0 if !list.has_values() => entry.to_owned(),
                        value => format!("{entry}={value}"),
                    })
                    .collect();
                (!printed.is_empty()).then_some((language, list, printed))
            })
        })
    }

    /// Whether a list counts in every language, so that no language has its own.
    #[must_use]
    pub fn is_shared(&self, list: List) -> bool {
        self.shared.lists.contains_key(&list)
    }

    /// The folded entries of a shared list.
    pub fn shared_entries(&self, list: List) -> impl Iterator<Item = &str> {
        self.shared.entries(list).map(|(entry, _)| entry)
    }

    /// Whether a text, folded and in its plain form, holds the mark of an automatic reply (N13).
    #[must_use]
    pub fn is_auto_reply(&self, folded: &str, plain: &str) -> bool {
        let holds = |text: &str, mark: &str| mark.len() <= text.len() && text.contains(mark);
        self.auto_replies.iter().any(|[mark, plain_mark]| holds(folded, mark) || holds(plain, plain_mark))
    }

    /// The lists that count in every language.
    pub(super) fn shared(&self) -> &Lexicon {
        &self.shared
    }

    /// The lists of a language; empty lists for one we know no words of.
    pub(super) fn of(&self, language: &Language) -> &Lexicon {
        self.languages
            .iter()
            .find(|(known, _)| known == language)
            .map_or(&self.unknown, |(_, lexicon)| lexicon)
    }

    /// The lists of every language.
    pub(super) fn every_language(&self) -> impl Iterator<Item = &Lexicon> {
        self.languages.iter().map(|(_, lexicon)| lexicon)
    }

    /// Whether a word or phrase stands in any list, alone or as part of an entry (N28).
    pub(super) fn lists_anywhere(&self, word: &str) -> bool {
        self.listed.contains(word)
    }

    fn new(shared: Lexicon, languages: Vec<(Language, Lexicon)>) -> Self {
        let mut listed = HashSet::new();
        let keywords = keywords::every_word().into_iter().map(str::to_owned);
        let entries = std::iter::once(&shared)
            .chain(languages.iter().map(|(_, lexicon)| lexicon))
            .flat_map(|lexicon| lexicon.lists.values())
            .flat_map(|list| list.ordered.iter().map(|(entry, _)| entry.clone()));
        for entry in entries.chain(keywords) {
            let plain = plain_form(&entry);
            listed.extend(plain.split(' ').map(str::to_owned));
            listed.insert(plain);
        }
        let auto_replies =
            shared.entries(List::AutoReply).map(|(mark, _)| [mark.to_owned(), plain_form(mark)]).collect();
        Self { shared, languages, unknown: Lexicon::default(), listed, auto_replies }
    }
}

impl Lexicon {
    fn new(lists: &[(List, &str)]) -> Self {
        let mut lexicon = Self::default();
        for &(list, entries) in lists {
            lexicon.add(list, entries);
        }
        lexicon
    }

    fn add(&mut self, list: List, entries: &str) {
        let known = self.lists.entry(list).or_default();
        for entry in entries.split(',').map(str::trim).filter(|e| !e.is_empty()) {
            let (word, value) = match entry.split_once('=') {
                Some((word, value)) => (word.trim(), value.trim().parse().unwrap_or(0)),
                None => (entry, 0),
            };
            let word = fold_entry(word).into_owned();
            known.values.insert(word.clone(), value);
            known.phrases.push(word.split(' ').map(str::to_owned).collect());
            known.ordered.push((word, value));
        }
        known.phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
    }

    /// Whether a word or whole phrase is in a list, squeezed letters allowed (N22).
    pub(super) fn has(&self, list: List, text: &str) -> bool {
        self.value(list, text).is_some()
    }

    /// The value of a word or whole phrase of a list, squeezed letters allowed (N22).
    pub(super) fn value(&self, list: List, text: &str) -> Option<i32> {
        let values = &self.lists.get(&list)?.values;
        look_up(text, |form| values.get(form).copied())
    }

    /// The value of one number word, tens written together with ones included: `tjueen` (N24).
    pub(super) fn number(&self, word: &str) -> Option<i32> {
        let joined = |form: &str| {
            self.entries(List::JoinedTens).find_map(|(tens, value)| {
                let ones = self.value(List::Number, form.strip_prefix(tens)?)?;
                (1..=9).contains(&ones).then_some(value + ones)
            })
        };
        self.value(List::Number, word).or_else(|| look_up(word, joined))
    }

    /// The number words of about `length` letters with their values, tens with ones included: what a typing
    /// error may have meant (N28).
    pub(super) fn numbers_about(&self, length: usize) -> Vec<(String, i32)> {
        let near = |letters: usize| letters.abs_diff(length) <= TYPO_SLIPS_MAX;
        let numbers: Vec<(&str, i32)> = self.entries(List::Number).collect();
        let ones = numbers.iter().filter(|(_, value)| (1..=9).contains(value));
        let spaced = numbers
            .iter()
            .filter(|(_, value)| matches!(value, 20 | 30 | 40 | 50))
            .map(|&(word, value)| (word, " ", value));
        let joined = self.entries(List::JoinedTens).map(|(word, value)| (word, "", value));
        let compounds = spaced.chain(joined).flat_map(|(tens, gap, value)| {
            ones.clone()
                .filter(move |(one, _)| near(tens.len() + gap.len() + one.len()))
                .map(move |(one, ones)| (format!("{tens}{gap}{one}"), value + ones))
        });
        let simple = numbers
            .iter()
            .filter(|(word, _)| near(word.len()))
            .map(|&(word, value)| (word.to_owned(), value));
        simple.chain(compounds).collect()
    }

    /// How many words of `words` the longest entry of the list takes that they start with, with its value.
    pub(super) fn longest_start(&self, list: List, words: &[&str]) -> Option<(usize, i32)> {
        let entries = self.lists.get(&list)?;
        let starts = |phrase: &&Vec<String>| {
            words.len() >= phrase.len()
                && words.iter().zip(phrase.iter()).all(|(word, part)| same(word, part))
        };
        let phrase = entries.phrases.iter().find(starts)?;
        let value = entries.values.get(&phrase.join(" ")).copied().unwrap_or(0);
        Some((phrase.len(), value))
    }

    /// The entries of a list in the order of the data, folded, with their values.
    pub(super) fn entries(&self, list: List) -> impl Iterator<Item = (&str, i32)> {
        self.lists
            .get(&list)
            .into_iter()
            .flat_map(|entries| entries.ordered.iter().map(|(entry, value)| (entry.as_str(), *value)))
    }
}
