//! System texts: what a person is told where no survey is known. Wordings per language, one GSM-7 part each. It
//! never decides when a text is sent, nor in which language.

mod en;
mod no;

use std::collections::BTreeMap;

use crate::survey::Language;

/// A text that belongs to no survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SystemText {
    /// A reply that belongs to no session (P49).
    NotFound,
    /// Confirms STOP; no marketing (A57, GW62).
    OptOut,
    /// Confirms START (A55).
    OptIn,
    /// Answers HELP (A56).
    Help,
}

impl SystemText {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NotFound, Self::OptOut, Self::OptIn, Self::Help];

    /// The key used in configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::OptOut => "opt_out",
            Self::OptIn => "opt_in",
            Self::Help => "help",
        }
    }

    /// Reads a key.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|text| text.as_str() == key)
    }

    /// The built-in wording, if there is one in that language.
    #[must_use]
    pub fn built_in(self, language: &Language) -> Option<&'static str> {
        match language.code() {
            "en" => Some(en::wording(self)),
            "no" => Some(no::wording(self)),
            _ => None,
        }
    }
}

/// The wordings of one channel: its own, else the built-in ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemTexts {
    own: BTreeMap<(SystemText, Language), String>,
}

impl SystemTexts {
    /// Built-in wordings with these on top.
    #[must_use]
    pub fn with(own: BTreeMap<(SystemText, Language), String>) -> Self {
        Self { own }
    }

    /// The wording in that language, else in English.
    #[must_use]
    pub fn wording(&self, text: SystemText, language: &Language) -> &str {
        self.in_language(text, language)
            .or_else(|| self.in_language(text, &Language::en()))
            .unwrap_or_else(|| en::wording(text))
    }

    /// The languages of the own wordings; one may come several times.
    pub fn languages(&self) -> impl Iterator<Item = &Language> {
        self.own.keys().map(|(_, language)| language)
    }

    /// The wording in that language, if there is one.
    #[must_use]
    pub fn in_language(&self, text: SystemText, language: &Language) -> Option<&str> {
        let own = self.own.get(&(text, language.clone())).map(String::as_str);
        own.or_else(|| text.built_in(language))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Encoding, length};

    #[test]
    fn every_built_in_text_is_one_gsm7_part() {
        for text in SystemText::ALL {
            for language in [Language::en(), Language::no()] {
                let wording = text.built_in(&language).unwrap();
                let length = length(wording);
                assert_eq!((length.encoding, length.segments), (Encoding::Gsm7, 1), "{wording}");
            }
        }
    }

    #[test]
    fn a_channel_has_the_last_word_and_english_is_the_fallback() {
        let german = Language::parse("de").unwrap();
        let own = BTreeMap::from([
            ((SystemText::Help, Language::no()), "Ring 2012".to_owned()),
            ((SystemText::NotFound, Language::en()), "No survey here.".to_owned()),
            ((SystemText::OptIn, german.clone()), "Willkommen".to_owned()),
        ]);
        let texts = SystemTexts::with(own);
        assert_eq!(texts.wording(SystemText::Help, &Language::no()), "Ring 2012");
        assert_eq!(texts.wording(SystemText::NotFound, &german), "No survey here.");
        assert_eq!(texts.wording(SystemText::OptIn, &german), "Willkommen");
        assert_eq!(
            texts.wording(SystemText::OptOut, &german),
            SystemText::OptOut.built_in(&Language::en()).unwrap()
        );
        assert!(texts.wording(SystemText::NotFound, &Language::no()).contains("undersøkelse"));
    }

    #[test]
    fn keys_are_read_back() {
        for text in SystemText::ALL {
            assert_eq!(SystemText::parse(text.as_str()), Some(text));
        }
        assert_eq!(SystemText::parse("notFound"), None);
    }
}
