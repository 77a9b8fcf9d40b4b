//! `settings`, `variables` and `reminders` (§1.1, §1.2), with their defaults.

use chrono::{Duration, NaiveTime, Weekday};

use crate::survey::definition::Spanned;
use crate::survey::definition::file::SendWindowFile;
use crate::survey::finding::Code;
use crate::survey::survey::{IfOpenSession, OnExhausted, OptionStyle, SendWindow, Variable};
use crate::survey::{Reminder, ReminderWhen, Settings, Text};
use crate::yaml::closest;

use super::Checker;
use crate::yaml::duration;

/// Characters of a variable put into a text when it declares no `max_length` (F35).
pub(super) const VARIABLE_CHARS_DEFAULT: usize = 30;

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

impl Checker<'_> {
    /// Finds a word in a closed list.
    pub(super) fn choice<T: Copy>(
        &mut self,
        written: &Spanned<String>,
        key: &str,
        known: &[(&str, T)],
    ) -> Option<T> {
        let found = known.iter().find(|(word, _)| *word == written.value);
        if let Some((_, value)) = found {
            return Some(*value);
        }
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let hint = match closest(&written.value, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use one of: {}", words.join(", ")),
        };
        let message = format!("`{}` is not a value of `{key}`", written.value);
        self.fault(Code::E16, written.place, message, hint);
        None
    }

    /// A duration from `least` on.
    pub(super) fn duration(
        &mut self,
        written: &Spanned<String>,
        key: &str,
        least: Duration,
    ) -> Option<Duration> {
        match duration(&written.value) {
            Some(found) if found >= least => Some(found),
            Some(_) => {
                let message = format!("`{key}: {}` is too short", written.value);
                self.fault(Code::E16, written.place, message, "use at least one second");
                None
            }
            None => {
                self.fault(
                    Code::E16,
                    written.place,
                    format!("`{}` is not a duration", written.value),
                    "write a number and a unit: 90s, 15m, 24h or 14d",
                );
                None
            }
        }
    }

    fn at_least_one(&mut self, written: &Spanned<usize>, key: &str) -> Option<u32> {
        let value = u32::try_from(written.value).ok().filter(|value| (1..=100).contains(value));
        if value.is_none() {
            let message = format!("`{key}` must be from 1 to 100, not {}", written.value);
            self.fault(Code::E16, written.place, message, "write a number from 1 to 100");
        }
        value
    }

    pub(super) fn settings(&mut self) -> Settings {
        let file = &self.file.settings;
        let default = Settings::default();
        let second = Duration::seconds(1);
        let span = |checker: &mut Self, written: Option<&Spanned<String>>, key: &str, least: Duration| {
            written.and_then(|written| checker.duration(written, key, least))
        };
        let expiry = span(self, file.expiry.as_ref(), "expiry", second);
        let element_gap = span(self, file.element_gap.as_ref(), "element_gap", Duration::zero());
        let quarantine = span(self, file.quarantine.as_ref(), "quarantine", Duration::zero());
        let max_attempts = file.max_attempts.as_ref();
        let partial_after = file.partial_after.as_ref();
        let sender_name = file.sender_name.as_ref().map(|name| name.value.clone());
        Settings {
            expiry: expiry.unwrap_or(default.expiry),
            max_attempts: max_attempts
                .and_then(|written| self.at_least_one(written, "max_attempts"))
                .unwrap_or(default.max_attempts),
            on_exhausted: file
                .on_exhausted
                .as_ref()
                .and_then(|written| self.choice(written, "on_exhausted", &ON_EXHAUSTED))
                .unwrap_or(default.on_exhausted),
            element_gap: element_gap.unwrap_or(default.element_gap),
            join_texts: file.join_texts.as_ref().map_or(default.join_texts, |set| set.value),
            quarantine: quarantine.unwrap_or(default.quarantine),
            if_open_session: file
                .if_open_session
                .as_ref()
                .and_then(|written| self.choice(written, "if_open_session", &IF_OPEN_SESSION))
                .unwrap_or(default.if_open_session),
            send_window: file.send_window.as_ref().and_then(|window| self.send_window(window)),
            option_style: file
                .option_style
                .as_ref()
                .and_then(|written| self.choice(written, "option_style", &OPTION_STYLES))
                .unwrap_or(default.option_style),
            accept_weak_yes: file.accept_weak_yes.as_ref().map_or(default.accept_weak_yes, |set| set.value),
            review_methods: self.review_methods().unwrap_or(default.review_methods),
            partial_after: partial_after
                .and_then(|written| self.at_least_one(written, "partial_after"))
                .unwrap_or(default.partial_after),
            sender_name: sender_name.filter(|name| !name.trim().is_empty()),
        }
    }

    fn review_methods(&mut self) -> Option<Vec<String>> {
        let file = self.file;
        let list = file.settings.review_methods.as_ref()?;
        let known: Vec<(&str, &str)> = METHODS.iter().map(|method| (*method, *method)).collect();
        let found = list.iter().filter_map(|written| self.choice(written, "review_methods", &known));
        Some(found.map(str::to_owned).collect())
    }

    fn send_window(&mut self, file: &SendWindowFile) -> Option<SendWindow> {
        let from = self.clock_time(file.from.as_ref(), "from", file);
        let to = self.clock_time(file.to.as_ref(), "to", file);
        let mut days = Vec::new();
        for written in file.days.iter().flatten() {
            let Some(day) = self.choice(written, "days", &DAYS) else {
                continue;
            };
            if days.contains(&day) {
                let message = format!("`{}` is listed twice in `days`", written.value);
                self.fault(Code::E16, written.place, message, "keep it once");
            } else {
                days.push(day);
            }
        }
        if file.days.as_ref().is_some_and(Vec::is_empty) {
            let message = "`send_window` has no day";
            self.fault(Code::E16, file.place, message, "name days, or remove `days` for all of them");
        }
        let timezone = file.timezone.as_ref().filter(|zone| zone.value != "recipient");
        if let Some(zone) = timezone.filter(|zone| zone.value.parse::<chrono_tz::Tz>().is_err()) {
            self.fault(
                Code::E16,
                zone.place,
                format!("`{}` is not a time zone", zone.value),
                "write `recipient`, or an IANA name such as Europe/Oslo",
            );
        }
        let (from, to) = (from?, to?);
        if from >= to {
            let message = "`send_window` is empty: `from` is not before `to`";
            self.fault(Code::E16, file.place, message, "set `to` later on the same day than `from`");
        }
        Some(SendWindow {
            from,
            to,
            days: if days.is_empty() { DAYS.iter().map(|(_, day)| *day).collect() } else { days },
            timezone: timezone.map(|zone| zone.value.clone()),
        })
    }

    fn clock_time(
        &mut self,
        written: Option<&Spanned<String>>,
        key: &str,
        file: &SendWindowFile,
    ) -> Option<NaiveTime> {
        let Some(written) = written else {
            let message = format!("`send_window` has no `{key}`");
            self.fault(Code::E16, file.place, message, format!("write `{key}: \"09:00\"`"));
            return None;
        };
        let is_five = written.value.len() == 5;
        let time = NaiveTime::parse_from_str(&written.value, "%H:%M").ok();
        let time = time.filter(|_| is_five);
        if time.is_none() {
            let message = format!("`{}` is not a clock time", written.value);
            self.fault(Code::E16, written.place, message, "write it as \"HH:MM\", for example \"09:00\"");
        }
        time
    }

    pub(super) fn variables(&mut self) -> Vec<Variable> {
        let file = self.file;
        let mut variables: Vec<Variable> = Vec::new();
        for (name, declared) in &file.variables {
            let fits = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            if name.value.is_empty() || name.value.chars().count() > 64 || !name.value.chars().all(fits) {
                let message = format!("`{}` is not a variable name", name.value);
                self.fault(Code::E16, name.place, message, "use letters, digits, `_` and `-`, at most 64");
            }
            let folded = name.value.to_lowercase();
            if variables.iter().any(|known| known.name.to_lowercase() == folded) {
                let message = format!("the variable `{}` is declared twice", name.value);
                self.fault(Code::E15, name.place, message, "upper and lower case do not matter; keep one");
            }
            let default = declared.default.as_ref().and_then(|text| match &text.plain {
                Some(plain) => Some(Text::new(plain.value.clone(), std::collections::BTreeMap::new())),
                None => self.text(text, &format!("the default of `{}`", name.value)),
            });
            let max_length = declared.max_length.as_ref();
            if let Some(wrong) = max_length.filter(|length| !(1..=1600).contains(&length.value)) {
                let message = format!("`max_length` must be from 1 to 1600, not {}", wrong.value);
                self.fault(Code::E16, wrong.place, message, "write the greatest number of characters");
            }
            variables.push(Variable {
                name: name.value.clone(),
                default,
                max_length: max_length.map_or(VARIABLE_CHARS_DEFAULT, |length| length.value),
            });
        }
        variables
    }

    /// `None` when one of them is broken.
    pub(super) fn reminders(&mut self) -> Option<Vec<Reminder>> {
        let file = self.file;
        let mut reminders = Vec::new();
        for (index, reminder) in file.reminders.iter().enumerate() {
            let what = format!("reminder {}", index + 1);
            for key in ["after", "when"] {
                if reminder.keys.find(key).is_none() {
                    let message = format!("{what} has no `{key}`");
                    self.fault(Code::E16, reminder.place, message, "write `after: 4h` and `when: no_reply`");
                }
            }
            let after = reminder.after.as_ref();
            let after = after.and_then(|written| self.duration(written, "after", Duration::seconds(1)));
            let when = reminder.when.as_ref();
            let when = when.and_then(|written| self.choice(written, "when", &REMINDER_WHEN));
            let is_written = reminder.keys.find("text").is_some();
            let what = format!("the text of {what}");
            let text = self.required_text(reminder.text.as_ref(), is_written, reminder.place, &what);
            reminders.push((|| Some(Reminder { after: after?, when: when?, text: text? }))());
        }
        reminders.into_iter().collect()
    }
}

const ON_EXHAUSTED: [(&str, OnExhausted); 2] = [("close", OnExhausted::Close), ("skip", OnExhausted::Skip)];

const IF_OPEN_SESSION: [(&str, IfOpenSession); 4] = [
    ("supersede", IfOpenSession::Supersede),
    ("queue", IfOpenSession::Queue),
    ("reject", IfOpenSession::Reject),
    ("parallel", IfOpenSession::Parallel),
];

const OPTION_STYLES: [(&str, OptionStyle); 4] = [
    ("1: label", OptionStyle::Colon),
    ("1. label", OptionStyle::Point),
    ("1) label", OptionStyle::Bracket),
    ("1 = label", OptionStyle::Equals),
];

const REMINDER_WHEN: [(&str, ReminderWhen); 2] =
    [("no_reply", ReminderWhen::NoReply), ("started", ReminderWhen::Started)];

/// The methods of N90 by name.
pub(in crate::survey) const METHODS: [&str; 24] = [
    "exact",
    "label",
    "alias",
    "word",
    "fraction",
    "leading",
    "embedded",
    "ordinal",
    "prefix",
    "contains",
    "stars",
    "list",
    "range",
    "run_together",
    "all",
    "none",
    "lexicon",
    "relative",
    "numeric",
    "named",
    "compact",
    "number",
    "fuzzy",
    "text",
];

#[cfg(test)]
mod tests {
    use super::METHODS;
    use crate::survey::Method;

    #[test]
    fn every_method_word_is_a_method() {
        for word in METHODS {
            let quoted = format!("\"{word}\"");
            assert!(serde_json::from_str::<Method>(&quoted).is_ok(), "{word}");
        }
    }
}
