//! Keywords of one channel: its own lists by language over the built-in ones (GW61). They never take STOP away.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::session::Keywords;
use crate::session::keywords::KeywordSettings;
use crate::survey::Language;
use crate::survey::reply::Lexicons;

/// A channel's own keyword lists of one language, as the API shows them; an empty list leaves the built-in one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeywordWords {
    /// Stop the texts: alone, or first in at most four words.
    pub opt_out_strong: Vec<String>,
    /// Stop the texts: alone.
    pub opt_out_weak: Vec<String>,
    /// Opt in again: alone, and only when the phone is opted out.
    pub opt_in: Vec<String>,
    /// Ask for help: alone.
    pub help: Vec<String>,
}

/// A channel's own lists by language.
pub type OwnKeywords = BTreeMap<Language, KeywordWords>;

/// The keywords in force on a channel, with the deployment's word lists.
#[must_use]
pub fn in_force(own: &OwnKeywords, lexicons: &Arc<Lexicons>) -> Keywords {
    let KeywordSettings(mut lists) = KeywordSettings::default();
    for (language, words) in own {
        let lists = lists.entry(language.clone()).or_default();
        replace(&mut lists.strong, &words.opt_out_strong);
        replace(&mut lists.weak, &words.opt_out_weak);
        replace(&mut lists.start, &words.opt_in);
        replace(&mut lists.help, &words.help);
    }
    Keywords::new(&KeywordSettings(lists), Arc::clone(lexicons))
}

fn replace(list: &mut Vec<String>, own: &[String]) {
    if !own.is_empty() {
        *list = own.to_vec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::keywords::{Command, Stop};

    #[test]
    fn own_words_take_the_place_of_the_built_in_ones_but_stop_stays() {
        let words = KeywordWords { opt_out_strong: vec!["FERDIG".into()], ..KeywordWords::default() };
        let keywords = in_force(&OwnKeywords::from([(Language::no(), words)]), Lexicons::built_in());
        let strong = |word: &str| Some(Command::Stop { kind: Stop::Strong, word: word.into() });
        assert_eq!(keywords.keyword("Ferdig!", false), strong("ferdig"));
        assert_eq!(keywords.keyword("STOP", false), strong("stop"));
        assert_eq!(keywords.keyword("HJELP", false), Some(Command::Help));
        assert_eq!(in_force(&OwnKeywords::new(), Lexicons::built_in()).keyword("Ferdig!", false), None);
    }
}
