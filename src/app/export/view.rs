//! [`View`]: how the asker of an export sees what is stored: phones, personal elements, labels and codes by his
//! options.

use std::collections::{BTreeMap, BTreeSet};

use super::options::{Codes, ExportOptions, PhoneStyle};
use crate::phone::{self, Phone};
use crate::store::PhoneHasher;
use crate::store::answers::AnswerRow;
use crate::survey::{Element, Kind, Survey, Value};
use crate::tabular::Cell;

/// What stands for the number of an erased person: this and the keyed hash (RS11).
const ERASED: &str = "erased:";

/// How things are shown.
#[derive(Clone, Debug)]
pub struct View {
    /// What was asked.
    pub options: ExportOptions,
    /// Hashes phones.
    pub hasher: PhoneHasher,
    /// Names of gateways, by channel.
    pub gateways: BTreeMap<String, String>,
    /// Elements that some revision marks `pii`.
    pub pii: BTreeSet<String>,
}

impl View {
    /// A phone as asked for (X11).
    #[must_use]
    pub fn phone(&self, stored: &str) -> Cell {
        match self.options.phone {
            PhoneStyle::None => Cell::Empty,
            PhoneStyle::E164 => Cell::Phone(stored.to_owned()),
            PhoneStyle::Masked => Cell::Phone(phone::mask(stored)),
            PhoneStyle::Hash => match stored.strip_prefix(ERASED) {
                Some(hash) => Cell::Text(hash.to_owned()),
                None => Cell::Text(self.hasher.hash(stored)),
            },
        }
    }

    /// A session variable; one that is a phone is shown as phones are.
    #[must_use]
    pub fn variable(&self, value: Option<&str>) -> Cell {
        match value {
            None | Some("") => Cell::Empty,
            Some(value) if Phone::from_stored(value).is_some() => self.phone(value),
            Some(value) => Cell::Text(value.to_owned()),
        }
    }

    /// Whether answers to an element stay out (X11).
    #[must_use]
    pub fn hides(&self, element_id: &str) -> bool {
        !self.options.includes_pii && self.pii.contains(element_id)
    }

    /// Gateway of a channel.
    #[must_use]
    pub fn gateway(&self, channel_id: &str) -> Cell {
        Cell::text(self.gateways.get(channel_id).map(String::as_str))
    }

    /// The value of an answer, choices as the option `codes` says.
    #[must_use]
    pub fn value(&self, row: &AnswerRow, survey: Option<&Survey>, codes: Codes) -> Cell {
        let Some(value) = read_value(row) else {
            return Cell::Empty;
        };
        match value {
            Value::Number(number) => Cell::Decimal(number.hundredths() * 10),
            Value::YesNo(yes) => Cell::Text(if yes { "yes" } else { "no" }.to_owned()),
            Value::Text(text) => Cell::Prose(text),
            Value::Date(day) => Cell::Date(day),
            Value::Choice(index) => match codes {
                Codes::Code => Cell::text(row.code.as_deref()),
                Codes::Index0 => Cell::count(index),
                Codes::Index1 => Cell::count(index + 1),
                Codes::Label => self.label(row, survey),
            },
            Value::Choices(indexes) => match codes {
                Codes::Code => Cell::List(words(row.code.as_deref())),
                Codes::Index0 => Cell::List(indexes.iter().map(ToString::to_string).collect()),
                Codes::Index1 => Cell::List(indexes.iter().map(|index| (index + 1).to_string()).collect()),
                Codes::Label => self.label(row, survey),
            },
        }
    }

    /// The label of an answer: as the person read it, or in the language asked for.
    #[must_use]
    pub fn label(&self, row: &AnswerRow, survey: Option<&Survey>) -> Cell {
        let (Some(value), element) =
            (read_value(row), survey.and_then(|survey| survey.element(&row.element_id)))
        else {
            return Cell::Empty;
        };
        match (&self.options.labels_language, element) {
            (Some(language), Some(element)) => {
                let option = |index: usize| {
                    let option = element.kind.options().get(index);
                    option.map(|option| option.label.in_language(language).to_owned())
                };
                match value {
                    Value::Choice(index) => Cell::text(option(index).as_deref()),
                    Value::Choices(indexes) => Cell::List(indexes.into_iter().filter_map(option).collect()),
                    Value::Number(_) => point_label(element, &value, Some(language)),
                    Value::YesNo(_) | Value::Text(_) | Value::Date(_) => Cell::Empty,
                }
            }
            (_, element) => match value {
                Value::Choice(_) => Cell::text(row.label.as_deref()),
                Value::Choices(_) => Cell::List(words(row.label.as_deref())),
                Value::Number(_) => {
                    let language = crate::survey::Language::parse(&row.language).ok();
                    element.map_or(Cell::Empty, |element| point_label(element, &value, language.as_ref()))
                }
                Value::YesNo(_) | Value::Text(_) | Value::Date(_) => Cell::Empty,
            },
        }
    }
}

/// The stored value of an answer.
#[must_use]
pub fn read_value(row: &AnswerRow) -> Option<Value> {
    serde_json::from_str(row.value.as_deref()?).ok()
}

/// The words of a JSON list.
fn words(list: Option<&str>) -> Vec<String> {
    list.and_then(|list| serde_json::from_str(list).ok()).unwrap_or_default()
}

/// The name that a survey gives a point of a scale.
fn point_label(element: &Element, value: &Value, language: Option<&crate::survey::Language>) -> Cell {
    let (Kind::Scale { labels, .. } | Kind::Nps { labels }, Value::Number(number)) = (&element.kind, value)
    else {
        return Cell::Empty;
    };
    let text = labels.get(number);
    let text = text.map(|text| language.map_or(text.default_text(), |language| text.in_language(language)));
    Cell::text(text)
}
