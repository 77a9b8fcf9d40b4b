//! Keywords and opt-out phrases (N12 to N14, A53 to A56, GW60, GW61): what an inbound text means before
//! any survey is looked at. It never decides what becomes of a session.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::noise::{Noise, noise};
use crate::survey::Language;
use crate::survey::reply::lexicon::{Lexicons, List, keywords};
use crate::survey::reply::{clean, plain_form, squeezed_forms};

/// A strong word counts as the first word of a message of at most this many words (N12).
const STRONG_WORDS_MAX: usize = 4;
/// An opt-out phrase counts in a message of at most this many words (N14).
const PHRASE_WORDS_MAX: usize = 8;
/// The word that is always a STOP, whatever the settings say (GW61).
const STOP: &str = "stop";

/// The keyword lists of one language, as configured (GW61).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeywordLists {
    /// STOP words that count alone or first in a message of at most 4 words.
    pub strong: Vec<String>,
    /// STOP words that count only alone.
    pub weak: Vec<String>,
    /// Words that ask for help, alone.
    pub help: Vec<String>,
    /// Words that opt in again, alone and only when the phone is opted out.
    pub start: Vec<String>,
    /// Phrases that opt out in a message of at most 8 words (N14); may be empty.
    pub opt_out_phrases: Vec<String>,
}

/// The keyword settings: lists per language. Every language counts for every message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeywordSettings(pub BTreeMap<Language, KeywordLists>);

/// The keywords in the form they are compared in, and the word lists that go with them.
#[derive(Clone, Debug)]
pub struct Keywords {
    lexicons: Arc<Lexicons>,
    strong: Vec<String>,
    weak: HashSet<String>,
    help: HashSet<String>,
    start: HashSet<String>,
    phrases: Vec<String>,
}

/// What an inbound text means whatever is being asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// A keyword or opt-out phrase.
    Command(Command),
    /// Nothing a person wrote to us: recorded, no SMS, no attempt.
    Noise(Noise),
}

/// A command of N12 or N14.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Leave us alone. Each kind may have its own scope (A57).
    Stop {
        /// How it was said.
        kind: Stop,
        /// The keyword or phrase, folded.
        word: String,
    },
    /// Send the help text; the question stays and no attempt is used (A56).
    Help,
    /// Opt in again (A55).
    Start,
}

/// How an opt-out was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// STOP and its kin.
    Strong,
    /// END, QUIT, CANCEL and their kin, which match only alone.
    Weak,
    /// A phrase such as *stop texting*.
    Phrase,
}

impl Default for KeywordSettings {
    fn default() -> Self {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let english = KeywordLists {
            strong: owned(keywords::STRONG),
            weak: owned(keywords::WEAK_EN),
            help: owned(keywords::HELP_EN),
            start: owned(keywords::START_EN),
            opt_out_phrases: owned(keywords::PHRASES_EN),
        };
        let norwegian = KeywordLists {
            strong: owned(keywords::STRONG),
            weak: owned(keywords::WEAK_NO),
            help: owned(keywords::HELP_NO),
            start: owned(keywords::START_NO),
            opt_out_phrases: owned(keywords::PHRASES_NO),
        };
        Self(BTreeMap::from([(Language::en(), english), (Language::no(), norwegian)]))
    }
}

impl Default for Keywords {
    fn default() -> Self {
        Self::new(&KeywordSettings::default(), Arc::clone(Lexicons::built_in()))
    }
}

impl Keywords {
    /// The keywords of these settings, with these word lists (N6). STOP is always one of them (GW61).
    #[must_use]
    pub fn new(settings: &KeywordSettings, lexicons: Arc<Lexicons>) -> Self {
        let all = |list: fn(&KeywordLists) -> &Vec<String>| {
            let mut words: Vec<String> = settings
                .0
                .values()
                .flat_map(list)
                .map(|word| plain_form(&clean(word)))
                .filter(|word| !word.is_empty())
                .collect();
            words.sort_unstable();
            words.dedup();
            words
        };
        let mut strong = all(|lists| &lists.strong);
        if !strong.iter().any(|word| word == STOP) {
            strong.push(STOP.to_owned());
        }
        Self {
            lexicons,
            strong,
            weak: all(|lists| &lists.weak).into_iter().collect(),
            help: all(|lists| &lists.help).into_iter().collect(),
            start: all(|lists| &lists.start).into_iter().collect(),
            phrases: all(|lists| &lists.opt_out_phrases),
        }
    }

    /// The word lists replies are read by (N6).
    #[must_use]
    pub fn lexicons(&self) -> &Arc<Lexicons> {
        &self.lexicons
    }

    /// These keywords with the opt-in words of a gateway profile, for example UNSTOP (GW60).
    #[must_use]
    pub fn with_opt_in_words<'a>(mut self, words: impl IntoIterator<Item = &'a str>) -> Self {
        self.start.extend(words.into_iter().map(|word| plain_form(&clean(word))));
        self
    }

    /// What a text means before any survey: keyword, then noise, then opt-out phrase (N12, N13, N14 in
    /// this order). `free_text` says whether the question that waits is a free text.
    #[must_use]
    pub fn triage(&self, raw: &str, opted_out: bool, free_text: bool) -> Option<Inbound> {
        let text = clean(raw);
        let plain = plain_form(&text);
        let forms = squeezed_forms(&plain);
        self.keyword_of(&forms, opted_out)
            .map(Inbound::Command)
            .or_else(|| noise(&text, &plain, free_text, &self.lexicons).map(Inbound::Noise))
            .or_else(|| self.opt_out_of(&plain, &forms).map(Inbound::Command))
    }

    /// The command of a text where the question that waits is not known: as [`Keywords::triage`], but a
    /// driving notice that asks to stop is a stop, since it may be the answer to a free text.
    #[must_use]
    pub fn command(&self, raw: &str, opted_out: bool) -> Option<Command> {
        match self.triage(raw, opted_out, true)? {
            Inbound::Command(command) => Some(command),
            Inbound::Noise(_) => None,
        }
    }

    /// A keyword (N12), compared in its plain form and with squeezed letters.
    #[must_use]
    pub fn keyword(&self, raw: &str, opted_out: bool) -> Option<Command> {
        self.keyword_of(&squeezed_forms(&plain_form(&clean(raw))), opted_out)
    }

    fn keyword_of(&self, forms: &[String], opted_out: bool) -> Option<Command> {
        forms.iter().find_map(|form| self.keyword_in(form, opted_out))
    }

    fn keyword_in(&self, plain: &str, opted_out: bool) -> Option<Command> {
        let stop = |kind, word: &str| Some(Command::Stop { kind, word: word.to_owned() });
        let short = plain.split(' ').count() <= STRONG_WORDS_MAX;
        let leads = |word: &&String| {
            plain
                .strip_prefix(word.as_str())
                .is_some_and(|rest| rest.is_empty() || (short && rest.starts_with(' ')))
        };
        if let Some(word) = self.strong.iter().find(leads) {
            stop(Stop::Strong, word)
        } else if self.weak.contains(plain) {
            stop(Stop::Weak, plain)
        } else if self.help.contains(plain) {
            Some(Command::Help)
        } else if opted_out && self.start.contains(plain) {
            Some(Command::Start)
        } else {
            None
        }
    }

    /// An opt-out phrase in a short message (N14). Noise is to be ruled out before.
    fn opt_out_of(&self, plain: &str, forms: &[String]) -> Option<Command> {
        if plain.split(' ').count() > PHRASE_WORDS_MAX {
            return None;
        }
        let word = self.phrase_in(forms)?.to_owned();
        Some(Command::Stop { kind: Stop::Phrase, word })
    }

    /// Whether an answer asks to be left alone in other words: it stays an answer, flagged for review (N14, GW61).
    #[must_use]
    pub fn asks_to_be_left_alone(&self, raw: &str) -> bool {
        let plain = plain_form(&clean(raw));
        let listed = || {
            let mut shared = self.lexicons.shared_entries(List::LeaveAlone);
            shared.any(|wording| holds(&plain, wording))
        };
        self.phrase_in(&squeezed_forms(&plain)).is_some() || listed()
    }

    fn phrase_in(&self, forms: &[String]) -> Option<&String> {
        self.phrases.iter().find(|phrase| forms.iter().any(|form| holds(form, phrase)))
    }
}

/// Whether a plain text holds a phrase as whole words.
fn holds(plain: &str, phrase: &str) -> bool {
    !phrase.is_empty()
        && phrase.len() <= plain.len()
        && plain.match_indices(phrase).any(|(at, _)| {
            let before = plain.get(..at).unwrap_or_default();
            let after = plain.get(at + phrase.len()..).unwrap_or_default();
            (before.is_empty() || before.ends_with(' ')) && (after.is_empty() || after.starts_with(' '))
        })
}

#[cfg(test)]
mod tests {
    use super::{Arc, Command, KeywordLists, KeywordSettings, Keywords, Lexicons, Stop};
    use crate::survey::Language;

    fn kind(raw: &str) -> Option<Stop> {
        match Keywords::default().command(raw, false) {
            Some(Command::Stop { kind, .. }) => Some(kind),
            Some(Command::Help | Command::Start) | None => None,
        }
    }

    #[test]
    fn strong_words_lead_short_messages_only() {
        for raw in [
            "STOP",
            " stop.",
            "«Stopp!»",
            "STOOOOP",
            "opt-out",
            "Opt out please",
            "stop it right now",
            "Ｓｔｏｐ",
        ] {
            assert_eq!(kind(raw), Some(Stop::Strong), "{raw}");
        }
        for raw in
            ["stop it right now please", "The bus stop was dirty", "nonstop", "stopping", "no", "Nei takk"]
        {
            assert_eq!(kind(raw), None, "{raw}");
        }
    }

    #[test]
    fn weak_words_count_alone() {
        assert_eq!(kind("Cancel!"), Some(Stop::Weak));
        assert_eq!(kind("avmeld"), Some(Stop::Weak));
        assert_eq!(kind("cancel my order"), None);
    }

    #[test]
    fn phrases_count_in_short_messages() {
        assert_eq!(kind("Please stop texting me"), Some(Stop::Phrase));
        assert_eq!(kind("slutt å sende meg dette"), Some(Stop::Phrase));
        assert_eq!(kind("I told you to stop texting me about the old order"), None);
        assert_eq!(kind("Loved “please stop texting me”"), None, "a reaction comes first");
        let keywords = Keywords::default();
        assert!(keywords.asks_to_be_left_alone("please don't text me again"));
        assert!(!keywords.asks_to_be_left_alone("the text was good"));
    }

    #[test]
    fn help_and_start() {
        let keywords = Keywords::default().with_opt_in_words(["UNSTOP"]);
        assert_eq!(keywords.command("Hjelp?", false), Some(Command::Help));
        assert_eq!(keywords.command("help me", false), None);
        for word in ["START", "Ja", "yes!", "unstop"] {
            assert_eq!(keywords.command(word, true), Some(Command::Start), "{word}");
            assert_eq!(keywords.command(word, false), None, "{word}");
        }
    }

    #[test]
    fn stop_cannot_be_removed_and_phrases_can() {
        let empty = KeywordSettings([(Language::en(), KeywordLists::default())].into());
        let keywords = Keywords::new(&empty, Arc::clone(Lexicons::built_in()));
        assert!(keywords.command("stop", false).is_some());
        assert_eq!(keywords.command("please stop texting me", false), None);
    }
}
