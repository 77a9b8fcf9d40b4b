//! Advice that is no error: scales that do not say their range (W03), a first message without sender or
//! opt-out (W04), long expiry (W05) and labels too long for a column (W10).

use chrono::Duration;

use crate::survey::definition::file::TextFile;
use crate::survey::definition::{Place, Spanned};
use crate::survey::finding::Code;
use crate::survey::reply::lexicon::keywords;
use crate::survey::reply::plain_form;
use crate::survey::{Kind, Number, Settings};

use super::Checker;
use super::steps::Step;
use crate::yaml::duration;

/// Above this the checker warns (P35).
const EXPIRY_ADVISED_MAX: Duration = Duration::hours(24);

/// Bytes of a column name, of a question's label and of an option's label that statistics programs take (X2).
const COLUMN_BYTES_MAX: usize = 64;
const LABEL_BYTES_MAX: usize = 255;
const OPTION_LABEL_BYTES_MAX: usize = 120;

impl Checker<'_> {
    pub(super) fn advice(&mut self, steps: &[Step<'_>], settings: &Settings) {
        for step in steps {
            self.range_mentioned(step);
            self.label_lengths(step);
        }
        if let Some(first) = steps.first() {
            self.first_message(first, settings);
        }
        self.expiry(settings);
    }

    fn wordings<'s>(step: &Step<'s>) -> Vec<&'s Spanned<String>> {
        let file = step.file;
        let texts = file.text.iter().chain(file.variants.iter().filter_map(|variant| variant.text.as_ref()));
        let entries = texts.flat_map(|text: &'s TextFile| &text.entries);
        entries.map(|(_, wording)| wording).filter(|wording| !wording.value.trim().is_empty()).collect()
    }

    fn range_mentioned(&mut self, step: &Step<'_>) {
        let (min, max) = match &step.kind {
            Some(Kind::Scale { min, max, .. }) => (*min, *max),
            Some(Kind::Nps { .. }) => (Number::small(0), Number::small(10)),
            Some(
                Kind::Text
                | Kind::SingleChoice { .. }
                | Kind::MultipleChoice { .. }
                | Kind::Number { .. }
                | Kind::YesNo
                | Kind::FreeText { .. }
                | Kind::Date { .. },
            )
            | None => return,
        };
        for wording in Self::wordings(step) {
            let numbers = numbers_in(&wording.value);
            let says =
                |bound: Number| numbers.contains(&bound.to_string().trim_start_matches('-').to_owned());
            if !says(min) || !says(max) {
                let message =
                    format!("the text of `{}` does not say that answers go from {min} to {max}", step.name());
                let hint = format!("add for example \"Reply {min}-{max}\"");
                self.fault(Code::W03, wording.place, message, hint);
            }
        }
    }

    fn first_message(&mut self, first: &Step<'_>, settings: &Settings) {
        let name = settings.sender_name.as_deref().or(self.context.sender_name);
        let name = name.filter(|name| !name.trim().is_empty()).map(str::to_owned);
        let fixed = [keywords::STRONG, keywords::WEAK_EN, keywords::WEAK_NO].concat();
        let own = self.context.stop_words.iter().map(String::as_str);
        let words: Vec<String> = fixed.into_iter().chain(own).map(plain_form).collect();
        for wording in Self::wordings(first) {
            let plain = format!(" {} ", plain_form(&wording.value));
            let has_name = name.as_ref().is_none_or(|name| plain.contains(plain_form(name).as_str()));
            let has_word = words.iter().any(|word| plain.contains(&format!(" {word} ")));
            let (message, hint) = match (has_name, has_word, &name) {
                (true, true, _) | (false, _, None) => continue,
                (false, true, Some(name)) => (
                    format!("the first message does not name the sender {name}"),
                    "say who is asking".to_owned(),
                ),
                (true, false, _) => (
                    "the first message has no opt-out word".to_owned(),
                    "add for example \"Reply STOP to opt out\"".to_owned(),
                ),
                (false, false, Some(name)) => (
                    format!("the first message neither names the sender {name} nor has an opt-out word"),
                    "say who is asking, and add for example \"Reply STOP to opt out\"".to_owned(),
                ),
            };
            self.fault(Code::W04, wording.place, message, hint);
        }
    }

    fn expiry(&mut self, settings: &Settings) {
        if settings.expiry <= EXPIRY_ADVISED_MAX {
            return;
        }
        let hint = "people may get several surveys on one number; write `expiry: 24h` or less";
        match &self.file.settings.expiry {
            // A broken duration is an error of its own.
            Some(written) if duration(&written.value).is_none() => {}
            Some(written) => {
                let message = format!("the survey stays open for {}, above 24 hours", written.value);
                self.fault(Code::W05, written.place, message, hint);
            }
            None => {
                let place = self.file.keys.find("settings").unwrap_or(self.file.place);
                let hours = settings.expiry.num_hours();
                let message = format!("no `expiry` is set, so the survey stays open for {hours} hours");
                self.fault(Code::W05, place, message, hint);
            }
        }
    }

    fn label_lengths(&mut self, step: &Step<'_>) {
        let file = step.file;
        for (_, wording) in file.label.iter().flat_map(|label| &label.entries) {
            self.label_length(wording, LABEL_BYTES_MAX, "the label of a question");
        }
        let points = file.labels.iter().map(|(_, text)| text);
        let options = file.options.iter().filter_map(|option| option.label.as_ref());
        for (_, wording) in points.chain(options).flat_map(|label| &label.entries) {
            self.label_length(wording, OPTION_LABEL_BYTES_MAX, "a label");
        }
        let Some(id) = &file.id else { return };
        let column = file.export_as.as_ref().unwrap_or(id);
        let longest_code = match &step.kind {
            Some(Kind::MultipleChoice { options, .. }) => {
                options.iter().map(|option| option.code.len() + "__".len()).max()
            }
            _ => None,
        };
        let longest = column.value.len() + longest_code.unwrap_or("_attempts".len()).max("_attempts".len());
        if longest > COLUMN_BYTES_MAX {
            self.too_long_column(column.place, &column.value, longest);
        }
    }

    fn label_length(&mut self, wording: &Spanned<String>, bytes_max: usize, what: &str) {
        let bytes = wording.value.len();
        if bytes > bytes_max {
            let message = format!("{what} has {bytes} bytes; statistics programs take {bytes_max}");
            self.fault(Code::W10, wording.place, message, "shorten it; it is never cut silently");
        }
    }

    fn too_long_column(&mut self, place: Place, column: &str, longest: usize) {
        let message = format!(
            "a column of `{column}` gets a name of {longest} bytes; statistics programs take {COLUMN_BYTES_MAX}"
        );
        self.fault(Code::W10, place, message, "choose a shorter `export_as` or shorter codes");
    }
}

/// The numbers of a text as written, decimals with a point.
fn numbers_in(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut numbers = Vec::new();
    let mut number = String::new();
    for (at, c) in chars.iter().enumerate() {
        let next_is_digit = chars.get(at + 1).is_some_and(char::is_ascii_digit);
        if c.is_ascii_digit() {
            number.push(*c);
        } else if matches!(c, '.' | ',') && !number.is_empty() && next_is_digit && !number.contains('.') {
            number.push('.');
        } else if !number.is_empty() {
            numbers.push(std::mem::take(&mut number));
        }
    }
    if !number.is_empty() {
        numbers.push(number);
    }
    numbers
}
