//! [`Language`] codes and [`Text`]s that exist in several languages. Never translates anything.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A language code in lower case, two or three letters, with the aliases of F3 and P33 folded in:
/// `nb`, `nn`, `nb-NO`, `nn-NO`, `no-NO` are `no`; `en-GB`, `en-US` are `en`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

/// The text is not a language code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a language code; use two letters such as en or no")]
pub struct NotALanguage(pub String);

impl Language {
    /// English, the fallback of A21.
    #[must_use]
    pub fn en() -> Self {
        Self("en".to_owned())
    }

    /// Norwegian, both written forms.
    #[must_use]
    pub fn no() -> Self {
        Self("no".to_owned())
    }

    /// Reads a code in any case.
    ///
    /// # Errors
    /// [`NotALanguage`] if the text is not two or three letters, optionally followed by `-` and a region.
    pub fn parse(code: &str) -> Result<Self, NotALanguage> {
        let lower = code.trim().to_ascii_lowercase().replace('_', "-");
        let (base, region) = lower.split_once('-').map_or((lower.as_str(), None), |(b, r)| (b, Some(r)));
        let letters = |part: &str| part.chars().all(|c| c.is_ascii_lowercase());
        let base_fits = (2..=3).contains(&base.len()) && letters(base);
        let region_fits = region.is_none_or(|r| r.len() == 2 && letters(r));
        if !base_fits || !region_fits {
            return Err(NotALanguage(code.to_owned()));
        }
        Ok(Self(if matches!(base, "nb" | "nn") { "no".to_owned() } else { base.to_owned() }))
    }

    /// The code, for example `no`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Language {
    type Error = NotALanguage;
    fn try_from(code: String) -> Result<Self, NotALanguage> {
        Self::parse(&code)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text in one or more languages. It always has a text in the survey's default language, so a look-up
/// never fails (F4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    default: String,
    others: BTreeMap<Language, String>,
}

impl Text {
    /// A text whose default-language wording is `default`; `others` holds the further languages.
    #[must_use]
    pub fn new(default: String, others: BTreeMap<Language, String>) -> Self {
        Self { default, others }
    }

    /// The wording in `language`, else in the survey's default language (F4, P43).
    #[must_use]
    pub fn in_language(&self, language: &Language) -> &str {
        self.others.get(language).map_or(self.default.as_str(), String::as_str)
    }

    /// The wording in the survey's default language.
    #[must_use]
    pub fn default_text(&self) -> &str {
        &self.default
    }
}
