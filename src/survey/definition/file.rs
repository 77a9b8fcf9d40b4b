//! The survey file as written: one flat struct per object, every value optional and with its place (F40).

use crate::yaml::Scalar;

use super::{Place, Spanned};

/// A text as written: language → wording.
#[derive(Clone, Debug, Default)]
pub(in crate::survey) struct TextFile {
    pub(in crate::survey) place: Place,
    /// Language and wording, in file order.
    pub(in crate::survey) entries: Vec<(Spanned<String>, Spanned<String>)>,
    /// A single wording without a language; only a variable's default may be written so.
    pub(in crate::survey) plain: Option<Spanned<String>>,
}

/// Words per language, as written.
pub(in crate::survey) type WordsFile = Vec<(Spanned<String>, Vec<Spanned<String>>)>;

/// The whole file.
#[derive(Clone, Debug, Default)]
pub(in crate::survey) struct SurveyFile {
    pub(in crate::survey) place: Place,
    pub(in crate::survey) keys: Keys,
    pub(in crate::survey) format: Option<Spanned<String>>,
    pub(in crate::survey) id: Option<Spanned<String>>,
    pub(in crate::survey) uuid: Option<Spanned<String>>,
    pub(in crate::survey) title: Option<Spanned<String>>,
    pub(in crate::survey) languages: Option<Spanned<Vec<Spanned<String>>>>,
    pub(in crate::survey) default_language: Option<Spanned<String>>,
    pub(in crate::survey) settings: SettingsFile,
    pub(in crate::survey) variables: Vec<(Spanned<String>, VariableFile)>,
    pub(in crate::survey) reminders: Vec<ReminderFile>,
    pub(in crate::survey) elements: Vec<ElementFile>,
    pub(in crate::survey) completion: Option<CompletionFile>,
    pub(in crate::survey) messages: Vec<(Spanned<String>, TextFile)>,
}

/// The keys an object has, so that a broken value is not also called missing.
#[derive(Clone, Debug, Default)]
pub(in crate::survey) struct Keys(pub(in crate::survey) Vec<Spanned<String>>);

impl Keys {
    /// The place of a key, if the object has it.
    pub(in crate::survey) fn find(&self, name: &str) -> Option<Place> {
        self.0.iter().find(|key| key.value == name).map(|key| key.place)
    }
}

/// `settings` (§1.1).
#[derive(Clone, Debug, Default)]
pub(in crate::survey) struct SettingsFile {
    pub(in crate::survey) expiry: Option<Spanned<String>>,
    pub(in crate::survey) max_attempts: Option<Spanned<usize>>,
    pub(in crate::survey) on_exhausted: Option<Spanned<String>>,
    pub(in crate::survey) element_gap: Option<Spanned<String>>,
    pub(in crate::survey) join_texts: Option<Spanned<bool>>,
    pub(in crate::survey) quarantine: Option<Spanned<String>>,
    pub(in crate::survey) if_open_session: Option<Spanned<String>>,
    pub(in crate::survey) send_window: Option<SendWindowFile>,
    pub(in crate::survey) option_style: Option<Spanned<String>>,
    pub(in crate::survey) accept_weak_yes: Option<Spanned<bool>>,
    pub(in crate::survey) review_methods: Option<Vec<Spanned<String>>>,
    pub(in crate::survey) partial_after: Option<Spanned<usize>>,
    pub(in crate::survey) sender_name: Option<Spanned<String>>,
}

/// `settings.send_window`.
#[derive(Clone, Debug, Default)]
pub(in crate::survey) struct SendWindowFile {
    pub(in crate::survey) place: Place,
    pub(in crate::survey) from: Option<Spanned<String>>,
    pub(in crate::survey) to: Option<Spanned<String>>,
    pub(in crate::survey) days: Option<Vec<Spanned<String>>>,
    pub(in crate::survey) timezone: Option<Spanned<String>>,
}

/// A declared variable.
#[derive(Clone, Debug, Default)]
pub(in crate::survey) struct VariableFile {
    pub(in crate::survey) default: Option<TextFile>,
    pub(in crate::survey) max_length: Option<Spanned<usize>>,
}

/// A reminder.
#[derive(Clone, Debug, Default)]
pub(in crate::survey) struct ReminderFile {
    pub(in crate::survey) place: Place,
    pub(in crate::survey) keys: Keys,
    pub(in crate::survey) after: Option<Spanned<String>>,
    pub(in crate::survey) when: Option<Spanned<String>>,
    pub(in crate::survey) text: Option<TextFile>,
}

/// The completion.
#[derive(Clone, Debug, Default)]
pub(in crate::survey) struct CompletionFile {
    pub(in crate::survey) place: Place,
    pub(in crate::survey) text: Option<TextFile>,
    pub(in crate::survey) variants: Vec<VariantFile>,
}

/// A variant.
#[derive(Clone, Debug, Default)]
pub(in crate::survey) struct VariantFile {
    pub(in crate::survey) place: Place,
    pub(in crate::survey) keys: Keys,
    pub(in crate::survey) condition: Option<Spanned<String>>,
    pub(in crate::survey) text: Option<TextFile>,
}

/// A rule.
#[derive(Clone, Debug, Default)]
pub(in crate::survey) struct RuleFile {
    pub(in crate::survey) place: Place,
    pub(in crate::survey) keys: Keys,
    pub(in crate::survey) condition: Option<Spanned<String>>,
    pub(in crate::survey) goto: Option<Spanned<String>>,
    pub(in crate::survey) tag: Option<Spanned<String>>,
}

/// An option of a choice.
#[derive(Clone, Debug, Default)]
pub(in crate::survey) struct OptionFile {
    pub(in crate::survey) place: Place,
    pub(in crate::survey) keys: Keys,
    pub(in crate::survey) code: Option<Spanned<String>>,
    pub(in crate::survey) label: Option<TextFile>,
    pub(in crate::survey) aliases: WordsFile,
    pub(in crate::survey) exclusive: Option<Spanned<bool>>,
}

/// An element of any type: one flat struct, so that no place is lost (F40).
#[derive(Clone, Debug, Default)]
pub(in crate::survey) struct ElementFile {
    pub(in crate::survey) place: Place,
    pub(in crate::survey) keys: Keys,
    pub(in crate::survey) id: Option<Spanned<String>>,
    pub(in crate::survey) kind: Option<Spanned<String>>,
    pub(in crate::survey) text: Option<TextFile>,
    pub(in crate::survey) variants: Vec<VariantFile>,
    pub(in crate::survey) when: Option<Spanned<String>>,
    pub(in crate::survey) rules: Vec<RuleFile>,
    pub(in crate::survey) next: Option<Spanned<String>>,
    pub(in crate::survey) label: Option<TextFile>,
    pub(in crate::survey) options: Vec<OptionFile>,
    pub(in crate::survey) min_select: Option<Spanned<usize>>,
    pub(in crate::survey) max_select: Option<Spanned<usize>>,
    /// A number or, for a date question, a day.
    pub(in crate::survey) min: Option<Spanned<Scalar>>,
    /// A number or, for a date question, a day.
    pub(in crate::survey) max: Option<Spanned<Scalar>>,
    pub(in crate::survey) decimals: Option<Spanned<usize>>,
    pub(in crate::survey) unit: Option<Spanned<String>>,
    pub(in crate::survey) labels: Vec<(Spanned<String>, TextFile)>,
    pub(in crate::survey) optional: Option<Spanned<bool>>,
    pub(in crate::survey) skip_words: WordsFile,
    pub(in crate::survey) min_length: Option<Spanned<usize>>,
    pub(in crate::survey) max_length: Option<Spanned<usize>>,
    pub(in crate::survey) pattern: Option<Spanned<String>>,
    pub(in crate::survey) append_window: Option<Spanned<String>>,
    pub(in crate::survey) direction: Option<Spanned<String>>,
    pub(in crate::survey) order: Option<Spanned<String>>,
    pub(in crate::survey) strict: Option<Spanned<bool>>,
    pub(in crate::survey) pii: Option<Spanned<bool>>,
    pub(in crate::survey) export_as: Option<Spanned<String>>,
}
