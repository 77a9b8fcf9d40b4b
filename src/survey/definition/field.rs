//! Which keys each object of a survey file has, and which fields each element type takes (the tables of
//! survey-file.md §1 and §2). The reader, the checker and the JSON Schema all work from these lists.

/// Keys of the file.
pub(in crate::survey) const SURVEY_KEYS: &[&str] = &[
    "format",
    "id",
    "uuid",
    "title",
    "languages",
    "default_language",
    "settings",
    "variables",
    "reminders",
    "elements",
    "completion",
    "messages",
];

/// Keys of `settings`.
pub(in crate::survey) const SETTINGS_KEYS: &[&str] = &[
    "expiry",
    "max_attempts",
    "on_exhausted",
    "element_gap",
    "join_texts",
    "quarantine",
    "if_open_session",
    "send_window",
    "option_style",
    "accept_weak_yes",
    "review_methods",
    "partial_after",
    "sender_name",
];

/// Keys of `settings.send_window`.
pub(in crate::survey) const SEND_WINDOW_KEYS: &[&str] = &["from", "to", "days", "timezone"];

/// Keys of a declared variable.
pub(in crate::survey) const VARIABLE_KEYS: &[&str] = &["default", "max_length"];

/// Keys of a reminder.
pub(in crate::survey) const REMINDER_KEYS: &[&str] = &["after", "when", "text"];

/// Keys of the completion.
pub(in crate::survey) const COMPLETION_KEYS: &[&str] = &["text", "variants"];

/// Keys of a variant.
pub(in crate::survey) const VARIANT_KEYS: &[&str] = &["if", "text"];

/// Keys of a rule.
pub(in crate::survey) const RULE_KEYS: &[&str] = &["if", "goto", "tag"];

/// Keys of an option.
pub(in crate::survey) const OPTION_KEYS: &[&str] = &["code", "label", "aliases", "exclusive"];

/// Keys of `messages` (§5): the error texts by re-ask reason, then the session texts.
pub(in crate::survey) const MESSAGE_KEYS: &[&str] = &[
    "unrecognised",
    "out_of_range",
    "ambiguous",
    "choose_one",
    "too_many",
    "too_few",
    "too_short",
    "too_long",
    "whole_number",
    "not_a_number",
    "not_a_date",
    "no_such_date",
    "conflict",
    "unit",
    "percent",
    "negated",
    "contradiction",
    "unsure",
    "empty",
    "unavailable",
    "expired",
    "exhausted",
    "opted_out",
    "help",
];

/// Placeholders that only `messages` have (F34).
pub(in crate::survey) const MESSAGE_PLACEHOLDERS: &[&str] = &["min", "max", "options", "unit"];

/// The element types (F10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::survey) enum TypeName {
    Text,
    SingleChoice,
    MultipleChoice,
    Scale,
    Nps,
    Number,
    YesNo,
    FreeText,
    Date,
}

impl TypeName {
    /// Every type in the order of the tables.
    pub(in crate::survey) const ALL: [Self; 9] = [
        Self::Text,
        Self::SingleChoice,
        Self::MultipleChoice,
        Self::Scale,
        Self::Nps,
        Self::Number,
        Self::YesNo,
        Self::FreeText,
        Self::Date,
    ];

    /// The type of that name; `dropdown` is a synonym of `single_choice`.
    pub(in crate::survey) fn parse(name: &str) -> Option<Self> {
        if name == "dropdown" {
            return Some(Self::SingleChoice);
        }
        Self::ALL.into_iter().find(|candidate| candidate.name() == name)
    }

    /// The name in survey files.
    pub(in crate::survey) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::SingleChoice => "single_choice",
            Self::MultipleChoice => "multiple_choice",
            Self::Scale => "scale",
            Self::Nps => "nps",
            Self::Number => "number",
            Self::YesNo => "yes_no",
            Self::FreeText => "free_text",
            Self::Date => "date",
        }
    }

    /// Whether an element of this type waits for a reply.
    pub(in crate::survey) fn is_question(self) -> bool {
        self != Self::Text
    }

    /// Whether the type takes a field (the table of §2).
    pub(in crate::survey) fn takes(self, field: &str) -> bool {
        use TypeName::{Date, FreeText, MultipleChoice, Nps, Number, Scale, SingleChoice, Text};
        match field {
            "id" | "type" | "text" | "variants" | "when" | "rules" | "next" | "label" => true,
            "options" => matches!(self, SingleChoice | MultipleChoice),
            "min_select" | "max_select" => self == MultipleChoice,
            "min" | "max" => matches!(self, Scale | Number | Date),
            "decimals" => matches!(self, Scale | Number),
            "unit" => self == Number,
            "labels" => matches!(self, Scale | Nps),
            "optional" | "skip_words" | "export_as" => self != Text,
            "min_length" | "max_length" | "pattern" | "append_window" => self == FreeText,
            "direction" | "order" => self == Date,
            "strict" => !matches!(self, Text | FreeText),
            "pii" => matches!(self, Number | FreeText | Date),
            _ => false,
        }
    }
}

/// Keys an element may have, of whatever type.
pub(in crate::survey) const ELEMENT_KEYS: &[&str] = &[
    "id",
    "type",
    "text",
    "variants",
    "when",
    "rules",
    "next",
    "label",
    "options",
    "min_select",
    "max_select",
    "min",
    "max",
    "decimals",
    "unit",
    "labels",
    "optional",
    "skip_words",
    "min_length",
    "max_length",
    "pattern",
    "append_window",
    "direction",
    "order",
    "strict",
    "pii",
    "export_as",
];
