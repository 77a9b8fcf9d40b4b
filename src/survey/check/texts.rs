//! Texts in several languages (F4, E04), words per language, and the texts of messages and the completion.

use std::collections::BTreeMap;

use crate::survey::definition::file::{TextFile, WordsFile};
use crate::survey::definition::{Place, Spanned};
use crate::survey::finding::Code;
use crate::survey::{Language, Text};

use super::Checker;

impl Checker<'_> {
    /// Lowers a text. A blank wording counts as missing.
    pub(super) fn text(&mut self, file: &TextFile, what: &str) -> Option<Text> {
        let mut wordings: BTreeMap<Language, String> = BTreeMap::new();
        for (written, wording) in &file.entries {
            let Some(language) = self.declared_language(written) else {
                continue;
            };
            if wording.value.trim().is_empty() {
                continue;
            }
            if wordings.insert(language, wording.value.clone()).is_some() {
                let message = format!("{what} has two texts for the language `{}`", written.value);
                self.fault(Code::E15, written.place, message, "keep one of them; nb and nn mean no");
            }
        }
        let default = self.default_language.clone()?;
        if let Some(text) = wordings.remove(&default) {
            return Some(Text::new(text, wordings));
        }
        let message = if wordings.is_empty() {
            format!("{what} has no text in `{default}`, the default language")
        } else {
            format!("{what} is translated, but has no text in `{default}`, the default language")
        };
        self.fault(Code::E04, file.place, message, format!("add a line `{default}: …`"));
        None
    }

    /// A text that must be there; `place` is where its owner stands.
    pub(super) fn required_text(
        &mut self,
        file: Option<&TextFile>,
        is_written: bool,
        place: Place,
        what: &str,
    ) -> Option<Text> {
        match file {
            Some(file) => self.text(file, what),
            None => {
                if !is_written {
                    let default = self.default_language.as_ref().map_or("en", Language::code);
                    let hint = format!("add `text:` with a line `{default}: …`");
                    self.fault(Code::E04, place, format!("{what} is missing"), hint);
                }
                None
            }
        }
    }

    /// Lowers words per language.
    pub(super) fn words(&mut self, file: &WordsFile) -> BTreeMap<Language, Vec<String>> {
        let mut words: BTreeMap<Language, Vec<String>> = BTreeMap::new();
        for (written, list) in file {
            let Some(language) = self.declared_language(written) else {
                continue;
            };
            for word in list {
                self.blank_word(word);
                words.entry(language.clone()).or_default().push(word.value.clone());
            }
        }
        words
    }

    fn blank_word(&mut self, word: &Spanned<String>) {
        if word.value.trim().is_empty() {
            self.fault(Code::E16, word.place, "a word in this list is empty", "remove it");
        }
    }

    pub(super) fn messages(&mut self) -> BTreeMap<String, Text> {
        let file = self.file;
        let mut messages = BTreeMap::new();
        for (key, text) in &file.messages {
            if let Some(text) = self.text(text, &format!("the message `{}`", key.value)) {
                messages.insert(key.value.clone(), text);
            }
        }
        messages
    }
}
