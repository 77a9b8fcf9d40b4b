//! The reply parser (replies.md): one grammar per element type, deterministic, never a guess.
//! It is the only place that subtracts 1 from what a person sees (P51). It never touches raw text and never
//! looks at anything but the element, the survey's languages, today's date and the text itself.

mod clean;
mod comment;
mod correction;
mod date;
mod date_tokens;
mod fold;
mod free_text;
mod items;
pub mod lexicon;
mod multiple_choice;
mod number;
mod numbers;
mod numeric;
mod options;
mod parts;
mod scale;
mod scene;
mod single_choice;
mod skip;
mod strict;
mod typo;
mod yes_no;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Element, Kind, Language, Number, Value};
pub use clean::clean;
pub use correction::correction;
pub use fold::{fold, plain_form, squeezed_forms};
pub use lexicon::Lexicons;
use scene::Scene;

/// What a reply is read against, besides the element.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The word lists, with what the configuration adds (N6).
    pub lexicons: &'a Lexicons,
    /// The survey's languages, in any order (N21).
    pub languages: &'a [Language],
    /// The language of the session.
    pub language: &'a Language,
    /// The text as it came in, untouched.
    pub raw: &'a str,
    /// The day in the recipient's zone (F22).
    pub today: NaiveDate,
    /// The survey's setting: *ok*, *sure*, *greit* count as yes.
    pub accept_weak_yes: bool,
}

/// Reads one text as a reply to an element (N11, N16).
/// Never panics, never guesses; the same input always gives the same reading (N1).
#[must_use]
pub fn read(element: &Element, context: &Context<'_>) -> Reading {
    let text = clean(context.raw);
    if text.is_empty() {
        return Reading::Reask(Reason::Empty);
    }
    let scene = Scene::new(context, &text);
    if element.optional && skip::is_skip(element, &scene) {
        return Reading::Skip;
    }
    let reading = read_kind(element, &scene);
    if element.strict { strict::only_exact(&element.kind, &scene, reading) } else { reading }
}

/// The grammar of each type (§5, §6).
fn read_kind(element: &Element, scene: &Scene<'_>) -> Reading {
    match &element.kind {
        Kind::Text => Reading::Reask(Reason::Unrecognised),
        Kind::SingleChoice { options } => single_choice::read(scene, options),
        Kind::MultipleChoice { options, min_select, max_select } => {
            multiple_choice::read(scene, options, *min_select, *max_select)
        }
        Kind::Scale { min, max, decimals, labels } => scale::read(scene, *min, *max, *decimals, labels),
        Kind::Nps { labels } => scale::read(scene, Number::small(0), Number::small(10), 0, labels),
        Kind::Number { min, max, decimals, unit } => {
            number::read(scene, *min, *max, *decimals, unit.as_deref())
        }
        Kind::YesNo => yes_no::read(scene, !element.strict),
        Kind::FreeText { min_length, max_length, pattern, append_window: _ } => {
            free_text::read(scene.raw, *min_length, *max_length, pattern.as_ref())
        }
        Kind::Date { direction, order, min, max } => date::read(scene, *direction, *order, *min, *max),
    }
}

/// What one inbound text means for the current question (N17), keywords and noise already taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A valid answer.
    Ok {
        /// The value; choices from 0.
        value: Value,
        /// How it was understood.
        method: Method,
        /// What else the person wrote (N27).
        comment: Option<String>,
    },
    /// A skip word on an optional question (N85).
    Skip,
    /// Not understood, or not allowed: the question is asked again with an error text.
    Reask(Reason),
}

impl Reading {
    /// An accepted value without a comment.
    fn ok(value: Value, method: Method) -> Self {
        Self::Ok { value, method, comment: None }
    }

    /// An accepted value with what else was written, if anything.
    fn with_comment(value: Value, method: Method, comment: Option<String>) -> Self {
        Self::Ok { value, method, comment }
    }
}

/// How a reply was understood (N90).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are defined by N90 and each is used by one grammar")]
pub enum Method {
    Exact,
    Label,
    Alias,
    Word,
    Fraction,
    Leading,
    Embedded,
    Ordinal,
    Prefix,
    Contains,
    Stars,
    List,
    Range,
    RunTogether,
    All,
    None,
    Lexicon,
    Relative,
    Numeric,
    Named,
    Compact,
    Number,
    Fuzzy,
    Text,
}

/// Why a reply was refused (replies.md §8); also the key of its error text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are defined by replies.md §8")]
pub enum Reason {
    Unrecognised,
    OutOfRange,
    Ambiguous,
    ChooseOne,
    TooMany,
    TooFew,
    TooShort,
    TooLong,
    WholeNumber,
    NotANumber,
    NotADate,
    NoSuchDate,
    Conflict,
    Unit,
    Percent,
    Negated,
    Contradiction,
    Unsure,
    Empty,
}

impl Method {
    /// The word used in JSON, SQL and exports (N90).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Label => "label",
            Self::Alias => "alias",
            Self::Word => "word",
            Self::Fraction => "fraction",
            Self::Leading => "leading",
            Self::Embedded => "embedded",
            Self::Ordinal => "ordinal",
            Self::Prefix => "prefix",
            Self::Contains => "contains",
            Self::Stars => "stars",
            Self::List => "list",
            Self::Range => "range",
            Self::RunTogether => "run_together",
            Self::All => "all",
            Self::None => "none",
            Self::Lexicon => "lexicon",
            Self::Relative => "relative",
            Self::Numeric => "numeric",
            Self::Named => "named",
            Self::Compact => "compact",
            Self::Number => "number",
            Self::Fuzzy => "fuzzy",
            Self::Text => "text",
        }
    }

    /// Whether an answer read this way is listed on the review page, unless the survey says otherwise (N90).
    #[must_use]
    pub fn is_reviewable(self) -> bool {
        [Self::Embedded, Self::Contains, Self::Prefix, Self::RunTogether, Self::Fuzzy].contains(&self)
    }
}

impl Reason {
    /// The word used in JSON, SQL and message keys (replies.md §8).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unrecognised => "unrecognised",
            Self::OutOfRange => "out_of_range",
            Self::Ambiguous => "ambiguous",
            Self::ChooseOne => "choose_one",
            Self::TooMany => "too_many",
            Self::TooFew => "too_few",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::WholeNumber => "whole_number",
            Self::NotANumber => "not_a_number",
            Self::NotADate => "not_a_date",
            Self::NoSuchDate => "no_such_date",
            Self::Conflict => "conflict",
            Self::Unit => "unit",
            Self::Percent => "percent",
            Self::Negated => "negated",
            Self::Contradiction => "contradiction",
            Self::Unsure => "unsure",
            Self::Empty => "empty",
        }
    }
}
