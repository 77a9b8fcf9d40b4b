//! Reads the tree of a file into [`SurveyFile`], and finds keys that do not exist and values of the wrong
//! kind (E16). It goes on after every fault.

use crate::yaml::{self, Format, Node, Reader, Tree};

use super::field::{
    COMPLETION_KEYS, MESSAGE_KEYS, REMINDER_KEYS, SEND_WINDOW_KEYS, SETTINGS_KEYS, SURVEY_KEYS,
    VARIABLE_KEYS, VARIANT_KEYS,
};
use super::file::{
    CompletionFile, Keys, ReminderFile, SendWindowFile, SettingsFile, SurveyFile, TextFile, VariableFile,
    VariantFile, WordsFile,
};
use super::{Fault, Place, Spanned};

/// What the reader says of these files.
pub(in crate::survey) const FORMAT: Format = Format { first_line: "format: antiphon/1", thing: "survey" };

/// Reads a YAML or JSON file. `None` when nothing of it can be read.
pub(in crate::survey) fn read(source: &str) -> (Option<SurveyFile>, Vec<Fault>) {
    let (node, faults) = yaml::read(source, FORMAT);
    let mut reader = Reader { faults };
    let file = node.and_then(|node| reader.survey(&node));
    (file, reader.faults.into_iter().map(Fault::from).collect())
}

impl Reader {
    /// A text in languages (F4).
    pub(super) fn text_file(&mut self, node: Option<&Node>, what: &str) -> Option<TextFile> {
        let node = node?;
        if let Tree::Scalar(scalar) = &node.tree {
            let message = format!("{what} must be a map of languages, but here is a single value");
            let hint = format!("write the language in front, for example `en: {}`", clip(&scalar.text));
            self.fault(node.place, message, hint);
            return None;
        }
        let entries = self.entries(node, what)?;
        let mut file = TextFile { place: node.place, ..TextFile::default() };
        for (language, place, value) in entries {
            let wording = match &value.tree {
                Tree::Null => Spanned { value: String::new(), place: value.place },
                Tree::Scalar(_) | Tree::List(_) | Tree::Map(_) => {
                    let Some(wording) = self.text(Some(value), &format!("{what} in `{language}`")) else {
                        continue;
                    };
                    wording
                }
            };
            let language = Spanned { value: language.to_owned(), place };
            file.entries.push((language, wording));
        }
        Some(file)
    }

    /// Words per language (`aliases`, `skip_words`).
    pub(super) fn words(&mut self, node: Option<&Node>, what: &str) -> WordsFile {
        let Some(entries) = node.and_then(|node| self.entries(node, what)) else {
            return Vec::new();
        };
        let mut words = Vec::new();
        for (language, place, value) in entries {
            let list = self.texts(Some(value), &format!("{what} in `{language}`"));
            let language = Spanned { value: language.to_owned(), place };
            words.push((language, list.unwrap_or_default()));
        }
        words
    }

    fn survey(&mut self, node: &Node) -> Option<SurveyFile> {
        let fields = self.fields(node, SURVEY_KEYS, "a survey")?;
        let languages = fields.get("languages").and_then(|node| {
            let value = self.texts(Some(node), "`languages`")?;
            Some(Spanned { value, place: node.place })
        });
        let settings = fields.get("settings").map(|node| self.settings(node));
        let elements = fields.get("elements").and_then(|node| self.items(node, "`elements`"));
        let reminders = fields.get("reminders").and_then(|node| self.items(node, "`reminders`"));
        Some(SurveyFile {
            place: Place { start: node.place.start, end: node.place.start },
            keys: Keys(fields.keys()),
            format: self.text(fields.get("format"), "`format`"),
            id: self.text(fields.get("id"), "`id`"),
            uuid: self.text(fields.get("uuid"), "`uuid`"),
            title: self.text(fields.get("title"), "`title`"),
            languages,
            default_language: self.text(fields.get("default_language"), "`default_language`"),
            settings: settings.unwrap_or_default(),
            variables: self.variables(fields.get("variables")),
            reminders: reminders.unwrap_or_default().iter().filter_map(|node| self.reminder(node)).collect(),
            elements: elements.unwrap_or_default().iter().filter_map(|node| self.element(node)).collect(),
            completion: fields.get("completion").and_then(|node| self.completion(node)),
            messages: self.messages(fields.get("messages")),
        })
    }

    fn settings(&mut self, node: &Node) -> SettingsFile {
        let Some(fields) = self.fields(node, SETTINGS_KEYS, "`settings`") else {
            return SettingsFile::default();
        };
        SettingsFile {
            expiry: self.text(fields.get("expiry"), "`expiry`"),
            max_attempts: self.whole(fields.get("max_attempts"), "`max_attempts`"),
            on_exhausted: self.text(fields.get("on_exhausted"), "`on_exhausted`"),
            element_gap: self.text(fields.get("element_gap"), "`element_gap`"),
            join_texts: self.boolean(fields.get("join_texts"), "`join_texts`"),
            quarantine: self.text(fields.get("quarantine"), "`quarantine`"),
            if_open_session: self.text(fields.get("if_open_session"), "`if_open_session`"),
            send_window: fields.get("send_window").and_then(|node| self.send_window(node)),
            option_style: self.text(fields.get("option_style"), "`option_style`"),
            accept_weak_yes: self.boolean(fields.get("accept_weak_yes"), "`accept_weak_yes`"),
            review_methods: self.texts(fields.get("review_methods"), "`review_methods`"),
            partial_after: self.whole(fields.get("partial_after"), "`partial_after`"),
            sender_name: self.text(fields.get("sender_name"), "`sender_name`"),
        }
    }

    fn send_window(&mut self, node: &Node) -> Option<SendWindowFile> {
        let fields = self.fields(node, SEND_WINDOW_KEYS, "`send_window`")?;
        Some(SendWindowFile {
            place: node.place,
            from: self.text(fields.get("from"), "`from`"),
            to: self.text(fields.get("to"), "`to`"),
            days: self.texts(fields.get("days"), "`days`"),
            timezone: self.text(fields.get("timezone"), "`timezone`"),
        })
    }

    fn variables(&mut self, node: Option<&Node>) -> Vec<(Spanned<String>, VariableFile)> {
        let named = self.named(node, "`variables`");
        let mut variables = Vec::new();
        for (name, node) in named {
            let what = format!("the variable `{}`", name.value);
            let Some(fields) = self.fields(node, VARIABLE_KEYS, &what) else {
                continue;
            };
            let default = match fields.get("default").map(|node| (node, &node.tree)) {
                Some((node, Tree::Scalar(scalar))) => Some(TextFile {
                    place: node.place,
                    entries: Vec::new(),
                    plain: Some(Spanned { value: scalar.text.clone(), place: node.place }),
                }),
                Some((node, Tree::Null | Tree::List(_) | Tree::Map(_))) => {
                    self.text_file(Some(node), "`default`")
                }
                None => None,
            };
            let max_length = self.whole(fields.get("max_length"), "`max_length`");
            variables.push((name, VariableFile { default, max_length }));
        }
        variables
    }

    fn reminder(&mut self, node: &Node) -> Option<ReminderFile> {
        let fields = self.fields(node, REMINDER_KEYS, "a reminder")?;
        Some(ReminderFile {
            place: node.place,
            keys: Keys(fields.keys()),
            after: self.text(fields.get("after"), "`after`"),
            when: self.text(fields.get("when"), "`when`"),
            text: self.text_file(fields.get("text"), "`text`"),
        })
    }

    fn completion(&mut self, node: &Node) -> Option<CompletionFile> {
        let fields = self.fields(node, COMPLETION_KEYS, "`completion`")?;
        Some(CompletionFile {
            place: node.place,
            text: self.text_file(fields.get("text"), "`text`"),
            variants: self.variants(fields.get("variants")),
        })
    }

    pub(super) fn variants(&mut self, node: Option<&Node>) -> Vec<VariantFile> {
        let items = node.and_then(|node| self.items(node, "`variants`"));
        let mut variants = Vec::new();
        for node in items.unwrap_or_default() {
            let Some(fields) = self.fields(node, VARIANT_KEYS, "a variant") else {
                continue;
            };
            variants.push(VariantFile {
                place: node.place,
                keys: Keys(fields.keys()),
                condition: self.text(fields.get("if"), "`if`"),
                text: self.text_file(fields.get("text"), "`text`"),
            });
        }
        variants
    }

    fn messages(&mut self, node: Option<&Node>) -> Vec<(Spanned<String>, TextFile)> {
        let Some(fields) = node.and_then(|node| self.fields(node, MESSAGE_KEYS, "`messages`")) else {
            return Vec::new();
        };
        let mut messages = Vec::new();
        for key in fields.keys() {
            let what = format!("`{}`", key.value);
            if let Some(text) = self.text_file(fields.get(&key.value), &what) {
                messages.push((key, text));
            }
        }
        messages
    }
}

/// The start of a long text, for hints.
fn clip(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    if start.len() == text.len() { start } else { format!("{start}…") }
}
