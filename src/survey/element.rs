//! [`Element`]: one step of a survey, in the checked form the interpreter and the reply parser work on.
//! Plain data; the checker is the only one who builds it from a file.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveDate};

use super::expr::Expr;
use super::{Language, Number, Text};

/// One step of a survey: a text that is sent, or a question that waits for a reply.
#[derive(Clone, Debug)]
pub struct Element {
    /// Stable name, `[a-z][a-z0-9_]{0,62}` (F12).
    pub id: String,
    /// The type with the fields that belong to it.
    pub kind: Kind,
    /// The wording when no variant matches.
    pub text: Text,
    /// Other wordings; the first whose condition holds wins (F19).
    pub variants: Vec<Variant>,
    /// False = passed over and recorded `not_asked` (F20).
    pub when: Option<Expr>,
    /// Tried in order after a valid answer; the first match wins (F23).
    pub rules: Vec<Rule>,
    /// Where to go when no rule matches; `None` = the following element.
    pub next: Option<Target>,
    /// Short name in reports (F13).
    pub label: Option<Text>,
    /// Column name in exports; the id by default.
    pub export_as: String,
    /// A skip word is accepted (A43).
    pub optional: bool,
    /// Further skip words per language (N85).
    pub skip_words: BTreeMap<Language, Vec<String>>,
    /// Exact forms only (N86).
    pub strict: bool,
    /// Masked in the console and left out of the default export.
    pub pii: bool,
}

/// The type of an element with the fields that only this type has.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Sent, never answered (F18).
    Text,
    /// One option (synonym: dropdown).
    SingleChoice {
        /// At least two.
        options: Vec<ChoiceOption>,
    },
    /// One or several options.
    MultipleChoice {
        /// At least two.
        options: Vec<ChoiceOption>,
        /// Least number of options (default 1).
        min_select: usize,
        /// Greatest number of options (default 1).
        max_select: usize,
    },
    /// A number from `min` to `max`, both included (P54).
    Scale {
        /// Lowest value.
        min: Number,
        /// Highest value.
        max: Number,
        /// Decimal places accepted, 0 to 2.
        decimals: u8,
        /// Names of points (F13).
        labels: BTreeMap<Number, Text>,
    },
    /// 0 to 10 (F17).
    Nps {
        /// Names of points (F13).
        labels: BTreeMap<Number, Text>,
    },
    /// A free number.
    Number {
        /// Lowest value, if limited.
        min: Option<Number>,
        /// Highest value, if limited.
        max: Option<Number>,
        /// Decimal places accepted, 0 to 2 (default 2).
        decimals: u8,
        /// The unit the person may write (N25, N34).
        unit: Option<String>,
    },
    /// Yes or no.
    YesNo,
    /// Any text.
    FreeText {
        /// Least number of characters.
        min_length: usize,
        /// Greatest number of characters (default 1600).
        max_length: usize,
        /// Linear-time pattern the text must match.
        pattern: Option<regex::Regex>,
        /// A later SMS within this time is appended (N98, N99).
        append_window: Duration,
    },
    /// A day.
    Date {
        /// Which side of today is accepted.
        direction: Direction,
        /// How `3.5` is read.
        order: DateOrder,
        /// Earliest day.
        min: Option<NaiveDate>,
        /// Latest day.
        max: Option<NaiveDate>,
    },
}

impl Kind {
    /// The type's name in survey files, exports and the API.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::SingleChoice { .. } => "single_choice",
            Self::MultipleChoice { .. } => "multiple_choice",
            Self::Scale { .. } => "scale",
            Self::Nps { .. } => "nps",
            Self::Number { .. } => "number",
            Self::YesNo => "yes_no",
            Self::FreeText { .. } => "free_text",
            Self::Date { .. } => "date",
        }
    }

    /// Whether the element waits for a reply.
    #[must_use]
    pub fn is_question(&self) -> bool {
        !matches!(self, Self::Text)
    }

    /// The options of a choice; empty for every other type.
    #[must_use]
    pub fn options(&self) -> &[ChoiceOption] {
        match self {
            Self::SingleChoice { options } | Self::MultipleChoice { options, .. } => options,
            Self::Text
            | Self::Scale { .. }
            | Self::Nps { .. }
            | Self::Number { .. }
            | Self::YesNo
            | Self::FreeText { .. }
            | Self::Date { .. } => &[],
        }
    }
}

/// One option of a choice. Its position in the list is what is stored (from 0) and shown (from 1).
#[derive(Clone, Debug)]
pub struct ChoiceOption {
    /// Stable for ever, `[a-z][a-z0-9_]{0,30}` (F14).
    pub code: String,
    /// What the person reads.
    pub label: Text,
    /// Other words for it, per language.
    pub aliases: BTreeMap<Language, Vec<String>>,
    /// Cannot be combined with others (F15).
    pub exclusive: bool,
}

/// Another wording of an element or the completion.
#[derive(Clone, Debug)]
pub struct Variant {
    /// When it is used.
    pub condition: Expr,
    /// The wording.
    pub text: Text,
}

/// A rule on the element answered (F24).
#[derive(Clone, Debug)]
pub struct Rule {
    /// When it matches.
    pub condition: Expr,
    /// Where to go; `None` continues as if no rule had matched.
    pub goto: Option<Target>,
    /// Stored on the session; raises `answer.flagged`.
    pub tag: Option<String>,
}

/// The goal of a jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Position of the element in [`super::Survey::elements`].
    Element(usize),
    /// The completion.
    Completion,
}

/// Which days a date question accepts; today is on both sides (N73).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Today or earlier.
    Past,
    /// Today or later.
    Future,
    /// Any day.
    Any,
}

/// How a date of two numbers is read (N70).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// Day first.
    Dmy,
    /// Month first.
    Mdy,
}
