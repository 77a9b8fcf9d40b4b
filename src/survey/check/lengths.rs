//! How long texts become as SMS, with the longest declared variables: more than 6 parts (E14, A19), more than
//! one segment (W02), characters outside GSM-7 and their price (W01).

use std::collections::BTreeMap;

use crate::survey::definition::file::TextFile;
use crate::survey::definition::{Place, Spanned};
use crate::survey::element::ChoiceOption;
use crate::survey::finding::Code;
use crate::survey::survey::OptionStyle;
use crate::survey::{Kind, Language, Settings, messages, prompt};
use crate::text::{self, Composed, PARTS_MAX};

use super::Checker;
use super::drafts::DraftCompletion;
use super::settings::VARIABLE_CHARS_DEFAULT;
use super::steps::Step;

/// Characters of the longest number a question without limits takes: 14 digits, sign, point, two decimals.
const NUMBER_CHARS_MAX: usize = 18;

/// Characters of the longest local form of a date.
const DATE_CHARS_MAX: usize = 11;

/// The longest values that placeholders can have.
#[derive(Debug, Default)]
pub(super) struct Longest<'a> {
    /// Characters of each declared variable, by its name in lower case.
    variables: BTreeMap<String, usize>,
    /// Questions by id.
    questions: BTreeMap<&'a str, &'a Kind>,
}

impl<'a> Longest<'a> {
    pub(super) fn new(
        variables: impl IntoIterator<Item = (&'a str, usize)>,
        questions: impl IntoIterator<Item = (&'a str, &'a Kind)>,
    ) -> Self {
        Self {
            variables: variables.into_iter().map(|(name, length)| (name.to_lowercase(), length)).collect(),
            questions: questions.into_iter().collect(),
        }
    }

    /// The longest value of a placeholder.
    pub(super) fn value(&self, name: &str, language: &Language) -> String {
        match self.questions.get(name) {
            Some(kind) => longest_answer(kind, language),
            None => {
                let length = self.variables.get(&name.to_lowercase()).copied();
                "x".repeat(length.unwrap_or(VARIABLE_CHARS_DEFAULT))
            }
        }
    }

    /// A wording with every placeholder at its longest, then the option lines.
    pub(super) fn render(
        &self,
        wording: &str,
        options: &[ChoiceOption],
        style: OptionStyle,
        language: &Language,
    ) -> Composed {
        let body = prompt::expand(wording, |name| Some(self.value(name, language)));
        let lines = prompt::option_lines(style, language, options);
        Composed::join(std::iter::once(&body).chain(&lines))
    }
}

fn longest_answer(kind: &Kind, language: &Language) -> String {
    let labels = |options: &[ChoiceOption]| {
        let mut labels: Vec<String> =
            options.iter().map(|option| option.label.in_language(language).to_owned()).collect();
        labels.sort_by_key(|label| std::cmp::Reverse(label.chars().count()));
        labels
    };
    match kind {
        Kind::Text => String::new(),
        Kind::SingleChoice { options } => labels(options).into_iter().next().unwrap_or_default(),
        Kind::MultipleChoice { options, max_select, .. } => {
            let chosen: Vec<String> = labels(options).into_iter().take(*max_select).collect();
            chosen.join(", ")
        }
        Kind::Scale { min, max, decimals, .. } => {
            let whole = min.to_string().len().max(max.to_string().len());
            "9".repeat(whole + usize::from(*decimals) + usize::from(*decimals > 0))
        }
        Kind::Nps { .. } => "10".to_owned(),
        Kind::Number { .. } => "9".repeat(NUMBER_CHARS_MAX),
        Kind::YesNo => {
            let words = [true, false].map(|yes| messages::yes_no(yes, language));
            let longest = words.into_iter().max_by_key(|word| word.chars().count());
            longest.unwrap_or_default().to_owned()
        }
        Kind::FreeText { max_length, .. } => "x".repeat(*max_length),
        Kind::Date { .. } => "9".repeat(DATE_CHARS_MAX),
    }
}

/// A text to measure: its wordings, what is put behind it, and its name in messages.
struct Measured<'c> {
    file: &'c TextFile,
    options: &'c [ChoiceOption],
    name: String,
}

impl Checker<'_> {
    pub(super) fn lengths(
        &mut self,
        steps: &[Step<'_>],
        completion: Option<&DraftCompletion<'_>>,
        settings: &Settings,
    ) {
        let file = self.file;
        let variables = file.variables.iter().map(|(name, declared)| {
            let length = declared.max_length.as_ref().map_or(VARIABLE_CHARS_DEFAULT, |length| length.value);
            (name.value.as_str(), length)
        });
        let questions = steps
            .iter()
            .filter(|step| step.is_question())
            .filter_map(|step| Some((step.id.as_deref()?, step.kind.as_ref()?)));
        let longest = Longest::new(variables, questions);
        for step in steps {
            let options = step.kind.as_ref().map_or(&[][..], Kind::options);
            let written = step.variants.iter().filter_map(|variant| variant.file.text.as_ref());
            for file in step.file.text.iter().chain(written) {
                let name = format!("`{}`", step.name());
                self.measure(&Measured { file, options, name }, &longest, settings);
            }
            self.repeats(step, &longest, settings);
            self.label_characters(step, &longest, settings);
        }
        let closing = completion.map(|completion| &completion.variants);
        let closing = closing.into_iter().flatten().filter_map(|variant| variant.file.text.as_ref());
        let own = file.completion.iter().filter_map(|completion| completion.text.as_ref());
        let own = own.chain(closing).map(|file| (file, "the completion".to_owned()));
        let messages = file.messages.iter().map(|(key, file)| (file, format!("the message `{}`", key.value)));
        let reminders = file.reminders.iter().filter_map(|reminder| reminder.text.as_ref());
        let reminders = reminders.map(|file| (file, "a reminder".to_owned()));
        for (file, name) in own.chain(messages).chain(reminders) {
            let options = &[];
            self.measure(&Measured { file, options, name }, &longest, settings);
        }
    }

    fn measure(&mut self, measured: &Measured<'_>, longest: &Longest<'_>, settings: &Settings) {
        for language in self.languages.clone() {
            let Some(wording) = wording_in(measured.file, &language) else {
                continue;
            };
            let rendered = longest.render(&wording.value, measured.options, settings.option_style, &language);
            let length = text::length(rendered.sms());
            let name = &measured.name;
            if length.segments > PARTS_MAX {
                let message = format!(
                    "{name} takes {} SMS parts in `{language}`; at most {PARTS_MAX} can be sent",
                    length.segments
                );
                self.fault(
                    Code::E14,
                    wording.place,
                    message,
                    "shorten the text, the options or `max_length`",
                );
            } else if length.segments > 1 {
                let message = format!(
                    "{name} takes {} SMS segments in `{language}` ({} of {} characters)",
                    length.segments,
                    length.units,
                    length.encoding.single_part_units()
                );
                let hint = "each segment costs; shorten it, or lower the `max_length` of its variables";
                self.fault(Code::W02, wording.place, message, hint);
            }
            self.characters(wording, rendered.written());
        }
    }

    /// Labels of options are part of the rendered text, but have their own places.
    fn label_characters(&mut self, step: &Step<'_>, longest: &Longest<'_>, settings: &Settings) {
        let options = step.kind.as_ref().map_or(&[][..], Kind::options);
        for language in self.languages.clone() {
            let text = step.file.text.as_ref().and_then(|text| wording_in(text, &language));
            let wording = text.map_or("", |wording| wording.value.as_str());
            let rendered = longest.render(wording, options, settings.option_style, &language);
            for label in step.file.options.iter().filter_map(|option| option.label.as_ref()) {
                if let Some(label) = wording_in(label, &language) {
                    self.characters(label, rendered.written());
                }
            }
        }
    }

    /// Characters of a wording that force UCS-2, and what that costs the whole text (W01, GW94).
    fn characters(&mut self, wording: &Spanned<String>, rendered: &str) {
        let outside = text::outside_gsm7(&wording.value);
        let Some(first) = outside.first() else {
            return;
        };
        let listed: Vec<String> = outside.iter().map(|c| shown(*c)).collect();
        let plain: String =
            rendered.chars().map(|c| if text::septets(c).is_some() { c } else { '?' }).collect();
        let (before, after) = (text::length(&plain).segments, text::length(rendered).segments);
        let verb = if listed.len() == 1 { "forces" } else { "force" };
        let segments = if after == 1 { "segment" } else { "segments" };
        let message = format!("{} {verb} UCS-2: {before} → {after} {segments}", listed.join(" "));
        let twins: Vec<String> =
            outside.iter().filter_map(|c| Some(format!("{} by `{}`", shown(*c), text::twin(*c)?))).collect();
        let hint = if text::outside_gsm7(Composed::literal(&wording.value).sms()).is_empty() {
            format!("smart encoding replaces {}; better write it so", twins.join(", "))
        } else if twins.is_empty() {
            "use other characters, or accept the price; æøåÆØÅ are in GSM-7".to_owned()
        } else {
            format!("replace {}, and use other characters for the rest", twins.join(", "))
        };
        let raw = self.source.get(wording.place.start..wording.place.end).unwrap_or("");
        let place = match raw.find(*first) {
            Some(at) => {
                Place { start: wording.place.start + at, end: wording.place.start + at + first.len_utf8() }
            }
            None => wording.place,
        };
        self.fault(Code::W01, place, message, hint);
    }
}

/// A character as it is shown in a message; invisible ones by their number.
fn shown(c: char) -> String {
    if c.is_control() || c.is_whitespace() || !c.is_alphanumeric() && c.len_utf8() > 1 && is_invisible(c) {
        format!("U+{:04X}", u32::from(c))
    } else {
        format!("`{c}`")
    }
}

/// Direction marks, joiners and other format characters nobody sees.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// The wording of a text in a language, if the file has one.
pub(super) fn wording_in<'t>(file: &'t TextFile, language: &Language) -> Option<&'t Spanned<String>> {
    file.entries
        .iter()
        .find(|(written, wording)| {
            !wording.value.trim().is_empty()
                && Language::parse(&written.value).is_ok_and(|found| found == *language)
        })
        .map(|(_, wording)| wording)
}
