//! `format`, `id`, `uuid` and the languages of a survey (E15).

use crate::survey::Language;
use crate::survey::definition::{Place, Spanned};
use crate::survey::finding::Code;

use super::names::is_slug;
use super::{Checker, FileName};

/// The one format this version reads.
const FORMAT: &str = "antiphon/1";

impl Checker<'_> {
    fn missing(&mut self, key: &str, hint: &str) {
        if self.file.keys.find(key).is_none() {
            let message = format!("the survey has no `{key}`");
            self.fault(Code::E15, self.file.place, message, hint);
        }
    }

    pub(super) fn format(&mut self) {
        let Some(format) = &self.file.format else {
            return self.missing("format", "write `format: antiphon/1` on the first line");
        };
        if format.value != FORMAT {
            let message = format!("the format `{}` is not known", format.value);
            self.fault(Code::E15, format.place, message, "write `format: antiphon/1`");
        }
    }

    pub(super) fn id(&mut self, name: &FileName) -> Option<String> {
        let Some(id) = &self.file.id else {
            let hint = if name.is_named() {
                format!("write `id: {}`, the name of the file", name.stem())
            } else {
                "write for example `id: my-survey`".to_owned()
            };
            self.missing("id", &hint);
            return None;
        };
        if !is_slug(&id.value) {
            self.fault(
                Code::E15,
                id.place,
                format!("`{}` is not a survey id", id.value),
                "use small letters, digits and hyphens, at most 63, beginning with a letter or digit",
            );
            return None;
        }
        if name.is_named() && id.value != name.stem() {
            let message = format!("the id `{}` differs from the file name `{}`", id.value, name.stem());
            let hint = format!("write `id: {}` or rename the file", name.stem());
            self.fault(Code::E15, id.place, message, hint);
        }
        Some(id.value.clone())
    }

    pub(super) fn uuid(&mut self) -> Option<String> {
        let uuid = self.file.uuid.as_ref()?;
        let parsed = uuid::Uuid::parse_str(&uuid.value).ok();
        match parsed.filter(|_| uuid.value.len() == 36) {
            Some(parsed) => Some(parsed.hyphenated().to_string()),
            None => {
                self.fault(
                    Code::E15,
                    uuid.place,
                    format!("`{}` is not a UUID", uuid.value),
                    "write 8-4-4-4-12 hexadecimal digits, or remove the key and one is assigned",
                );
                None
            }
        }
    }

    pub(super) fn languages(&mut self) {
        let file = self.file;
        match &file.languages {
            None => self.missing("languages", "write for example `languages: [en, no]`"),
            Some(list) if list.value.is_empty() => self.fault(
                Code::E15,
                list.place,
                "`languages` names no language",
                "write for example `languages: [en, no]`",
            ),
            Some(list) => {
                for written in &list.value {
                    let Some(language) = self.language(written) else {
                        continue;
                    };
                    if self.languages.contains(&language) {
                        let message = format!("the language `{}` is listed twice", written.value);
                        self.fault(Code::E15, written.place, message, "keep it once; nb and nn mean no");
                    } else {
                        self.languages.push(language);
                    }
                }
            }
        }
        let Some(written) = &file.default_language else {
            return self
                .missing("default_language", "name one of `languages`, for example `default_language: en`");
        };
        let Some(language) = self.language(written) else {
            return;
        };
        if !self.languages.is_empty() && !self.languages.contains(&language) {
            self.undeclared_language(&written.value, written.place);
            return;
        }
        self.default_language = Some(language);
    }

    /// A language code as written; a malformed one is a fault.
    pub(super) fn language(&mut self, written: &Spanned<String>) -> Option<Language> {
        match Language::parse(&written.value) {
            Ok(language) => Some(language),
            Err(_) => {
                self.fault(
                    Code::E15,
                    written.place,
                    format!("`{}` is not a language code", written.value),
                    "use two or three letters, such as en or no",
                );
                None
            }
        }
    }

    /// A language of a text: it must be one of the survey's.
    pub(super) fn declared_language(&mut self, written: &Spanned<String>) -> Option<Language> {
        let language = self.language(written)?;
        if self.languages.is_empty() || self.languages.contains(&language) {
            return Some(language);
        }
        self.undeclared_language(&written.value, written.place);
        None
    }

    fn undeclared_language(&mut self, code: &str, place: Place) {
        let known: Vec<&str> = self.languages.iter().map(Language::code).collect();
        let message = format!("`{code}` is not one of this survey's languages ({})", known.join(", "));
        self.fault(Code::E15, place, message, format!("add `{code}` to `languages`, or remove it here"));
    }
}
