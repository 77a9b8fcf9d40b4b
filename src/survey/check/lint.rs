//! Lengths and prices of every text of a survey (`survey lint --segments`).

use serde::Serialize;

use crate::survey::{Kind, Language, Survey, Text};
use crate::text::{self, Encoding};

use super::lengths::Longest;

/// How long a text is as SMS, in one language, with every variable at its `max_length`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TextLength {
    /// Element id, `completion`, `reminder 1` or `message <key>`; variants carry their number.
    pub text: String,
    /// Language.
    pub language: Language,
    /// How it travels, after smart encoding (GW94).
    pub encoding: Encoding,
    /// Septets or UTF-16 units.
    pub units: usize,
    /// SMS parts: what is charged.
    pub segments: usize,
}

/// Every text of a survey in every language, in the order of the file.
#[must_use]
pub fn text_lengths(survey: &Survey) -> Vec<TextLength> {
    let variables = survey.variables.iter().map(|variable| (variable.name.as_str(), variable.max_length));
    let questions = survey.elements.iter().filter(|element| element.kind.is_question());
    let questions = questions.map(|element| (element.id.as_str(), &element.kind));
    let longest = Longest::new(variables, questions);
    let mut lengths = Vec::new();
    let mut add = |name: String, wording: &Text, kind: &Kind| {
        for language in &survey.languages {
            let options = kind.options();
            let style = survey.settings.option_style;
            let rendered = longest.render(wording.in_language(language), options, style, language);
            let length = text::length(rendered.sms());
            lengths.push(TextLength {
                text: name.clone(),
                language: language.clone(),
                encoding: length.encoding,
                units: length.units,
                segments: length.segments,
            });
        }
    };
    for element in &survey.elements {
        add(element.id.clone(), &element.text, &element.kind);
        for (index, variant) in element.variants.iter().enumerate() {
            add(format!("{} variant {}", element.id, index + 1), &variant.text, &element.kind);
        }
    }
    add("completion".to_owned(), &survey.completion.text, &Kind::Text);
    for (index, variant) in survey.completion.variants.iter().enumerate() {
        add(format!("completion variant {}", index + 1), &variant.text, &Kind::Text);
    }
    for (index, reminder) in survey.reminders.iter().enumerate() {
        add(format!("reminder {}", index + 1), &reminder.text, &Kind::Text);
    }
    for (key, message) in &survey.messages {
        add(format!("message {key}"), message, &Kind::Text);
    }
    lengths
}
