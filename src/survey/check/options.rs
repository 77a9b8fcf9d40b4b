//! Options of a choice: codes (F14), labels and aliases that must be told apart (E07), keywords (E08), labels
//! that are numbers (E09, A37), and advice about them (W07, W10, W12).

use std::collections::{BTreeMap, BTreeSet};

use crate::survey::Language;
use crate::survey::definition::Spanned;
use crate::survey::definition::file::{ElementFile, OptionFile};
use crate::survey::element::ChoiceOption;
use crate::survey::finding::Code;
use crate::survey::reply::lexicon::keywords::reserved_words;
use crate::survey::reply::plain_form;

use super::Checker;
use super::names::is_identifier;

/// Codes that statistics programs read as something else (W12).
const MISREAD_CODES: [&str; 7] = ["t", "f", "true", "false", "na", "yes", "no"];

/// Most options of a choice; two digits are enough for a text message.
const OPTIONS_MAX: usize = 99;

impl Checker<'_> {
    /// The options of a choice; `None` when one is broken.
    pub(super) fn options(&mut self, file: &ElementFile, name: &str) -> Option<Vec<ChoiceOption>> {
        let place = file.keys.find("options");
        let place = place.or(file.id.as_ref().map(|id| id.place)).unwrap_or(file.place);
        if file.options.len() < 2 {
            let message = format!("the choice `{name}` has fewer than 2 options");
            self.fault(Code::E16, place, message, "write at least 2 under `options`");
        }
        if file.options.len() > OPTIONS_MAX {
            let message = format!("the choice `{name}` has more than {OPTIONS_MAX} options");
            self.fault(Code::E16, place, message, "use several questions");
        } else if file.options.len() > 9 {
            let count = file.options.len();
            let message =
                format!("`{name}` has {count} options; above 9, digits written together are ambiguous");
            self.fault(Code::W07, place, message, "merge options, or split the question");
        }
        let mut codes: BTreeSet<&str> = BTreeSet::new();
        for option in &file.options {
            self.code(option);
            if let Some(code) = &option.code
                && !codes.insert(&code.value)
            {
                let message = format!("two options of `{name}` have the code `{}`", code.value);
                self.fault(Code::E15, code.place, message, "give this one another code");
            }
        }
        let options: Vec<Option<ChoiceOption>> =
            file.options.iter().enumerate().map(|(index, option)| self.option(index, option, name)).collect();
        self.told_apart(&file.options, name);
        let options: Vec<ChoiceOption> = options.into_iter().collect::<Option<_>>()?;
        (options.len() >= 2).then_some(options)
    }

    fn code(&mut self, option: &OptionFile) {
        let Some(code) = &option.code else {
            if option.keys.find("code").is_none() {
                let hint = "give it a short code that never changes, such as `billing`";
                self.fault(Code::E15, option.place, "an option has no `code`", hint);
            }
            return;
        };
        if !is_identifier(&code.value, 31) {
            self.fault(
                Code::E15,
                code.place,
                format!("`{}` is not an option code", code.value),
                "use small letters, digits and `_`, at most 31, beginning with a letter",
            );
        } else if MISREAD_CODES.contains(&code.value.as_str()) {
            let message = format!("statistics programs misread the code `{}`", code.value);
            self.fault(Code::W12, code.place, message, "use a longer code");
        }
    }

    fn option(&mut self, index: usize, option: &OptionFile, name: &str) -> Option<ChoiceOption> {
        let what = format!("the label of option {} of `{name}`", index + 1);
        let label = match &option.label {
            Some(label) => self.text(label, &what),
            None => {
                if option.keys.find("label").is_none() {
                    let hint = "add `label:` with a text per language";
                    self.fault(Code::E04, option.place, format!("{what} is missing"), hint);
                }
                None
            }
        };
        let aliases = self.words(&option.aliases);
        for (_, wording) in option.label.iter().flat_map(|label| &label.entries) {
            self.keyword(wording, "label");
            self.number_label(wording, index);
        }
        for alias in option.aliases.iter().flat_map(|(_, words)| words) {
            self.keyword(alias, "alias");
        }
        let code = option.code.as_ref().filter(|code| is_identifier(&code.value, 31))?;
        Some(ChoiceOption {
            code: code.value.clone(),
            label: label?,
            aliases,
            exclusive: option.exclusive.as_ref().is_some_and(|set| set.value),
        })
    }

    fn keyword(&mut self, word: &Spanned<String>, what: &str) {
        let folded = plain_form(&word.value);
        let fixed = reserved_words().into_iter().find(|keyword| plain_form(keyword) == folded);
        let configured = || {
            let mut own = self.context.stop_words.iter().chain(self.context.help_words);
            own.find(|keyword| plain_form(keyword) == folded)
        };
        let Some(keyword) = fixed.map(str::to_uppercase).or_else(|| configured().cloned()) else {
            return;
        };
        self.fault(
            Code::E08,
            word.place,
            format!("the {what} `{}` is the keyword {keyword}, so it can never be an answer", word.value),
            "use other words",
        );
    }

    fn number_label(&mut self, wording: &Spanned<String>, index: usize) {
        let shown = index + 1;
        let bare = wording.value.trim();
        let is_number = crate::survey::Number::parse(bare).is_some()
            || (!bare.is_empty() && bare.chars().all(char::is_numeric));
        if is_number && bare != shown.to_string() {
            self.fault(
                Code::E09,
                wording.place,
                format!("the label `{bare}` is a number, but the option is shown as {shown}"),
                "add words to the label, or use a scale",
            );
        }
    }

    /// Within a language, labels and aliases of different options must differ after folding (E07). Keywords win
    /// over answers (A53).
    fn told_apart(&mut self, options: &[OptionFile], name: &str) {
        let mut seen: BTreeMap<(Language, String), (usize, String)> = BTreeMap::new();
        for (index, option) in options.iter().enumerate() {
            let labels = option.label.iter().flat_map(|label| &label.entries);
            let labels = labels.map(|(language, wording)| (language, wording));
            let aliases = option
                .aliases
                .iter()
                .flat_map(|(language, words)| words.iter().map(move |word| (language, word)));
            for (language, word) in labels.chain(aliases) {
                let Ok(language) = Language::parse(&language.value) else {
                    continue;
                };
                let folded = plain_form(&word.value);
                if folded.is_empty() {
                    continue;
                }
                let key = (language, folded);
                match seen.get(&key) {
                    Some((other, written)) if *other != index => {
                        let message = format!(
                            "`{}` of option {} of `{name}` is the same as `{written}` of option {}",
                            word.value,
                            index + 1,
                            other + 1
                        );
                        let hint = "a reply could mean either; use other words";
                        self.fault(Code::E07, word.place, message, hint);
                    }
                    // The same option twice can only mean that option.
                    Some(_) => {}
                    None => {
                        seen.insert(key, (index, word.value.clone()));
                    }
                }
            }
        }
    }
}
