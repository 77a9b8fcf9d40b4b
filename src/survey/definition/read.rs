//! Reads the tree of a file into [`SurveyFile`], and finds keys that do not exist and values of the wrong
//! kind (E16). It goes on after every fault.

use crate::survey::expr::typing::closest;
use crate::survey::finding::Code;

use super::field::{
    COMPLETION_KEYS, MESSAGE_KEYS, REMINDER_KEYS, SEND_WINDOW_KEYS, SETTINGS_KEYS, SURVEY_KEYS,
    VARIABLE_KEYS, VARIANT_KEYS,
};
use super::file::{
    CompletionFile, Keys, ReminderFile, SendWindowFile, SettingsFile, SurveyFile, TextFile, VariableFile,
    VariantFile, WordsFile,
};
use super::tree::{Node, Scalar, Tree};
use super::{Fault, Place, Spanned, yaml};

/// Reads a YAML or JSON file. `None` when nothing of it can be read.
pub(in crate::survey) fn read(source: &str) -> (Option<SurveyFile>, Vec<Fault>) {
    let (node, faults) = yaml::read(source);
    let mut reader = Reader { faults };
    let file = node.and_then(|node| reader.survey(&node));
    (file, reader.faults)
}

/// Collects faults while it reads.
pub(super) struct Reader {
    pub(super) faults: Vec<Fault>,
}

/// The entries of a map, its unknown keys already reported.
pub(super) struct Fields<'n> {
    entries: Vec<(&'n str, Place, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// The value of a key.
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(key, ..)| *key == name).map(|(.., node)| *node)
    }

    pub(super) fn keys(&self) -> Keys {
        let key =
            |(name, place, _): &(&str, Place, &Node)| Spanned { value: (*name).to_owned(), place: *place };
        Keys(self.entries.iter().map(key).collect())
    }
}

impl Reader {
    pub(super) fn fault(&mut self, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.faults.push(Fault::new(Code::E16, place, message, hint));
    }

    /// The entries of a map with these keys; nothing written counts as an empty map.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, known: &[&str], what: &str) -> Option<Fields<'n>> {
        let entries = self.entries(node, what)?;
        let mut fields = Fields { entries: Vec::new() };
        for (name, place, value) in entries {
            if known.contains(&name) {
                fields.entries.push((name, place, value));
                continue;
            }
            let hint = match closest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its keys are {}", known.join(", ")),
            };
            self.fault(place, format!("{what} has no key `{name}`"), hint);
        }
        Some(fields)
    }

    fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Option<Vec<(&'n str, Place, &'n Node)>> {
        match &node.tree {
            Tree::Map(entries) => {
                Some(entries.iter().map(|(key, value)| (key.text.as_str(), key.place, value)).collect())
            }
            Tree::Null => Some(Vec::new()),
            Tree::Scalar(_) | Tree::List(_) => {
                let message = format!("{what} must be a map of keys, but here is {}", node.kind());
                self.fault(node.place, message, "write `key: value` lines, indented");
                None
            }
        }
    }

    /// The items of a list; nothing written counts as an empty list.
    pub(super) fn items<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.tree {
            Tree::List(items) => Some(items),
            Tree::Null => Some(&[]),
            Tree::Scalar(_) | Tree::Map(_) => {
                let message = format!("{what} must be a list, but here is {}", node.kind());
                self.fault(node.place, message, "begin each item with `- `");
                None
            }
        }
    }

    pub(super) fn scalar(&mut self, node: Option<&Node>, what: &str) -> Option<Spanned<Scalar>> {
        let node = node?;
        match &node.tree {
            Tree::Scalar(scalar) => Some(Spanned { value: scalar.clone(), place: node.place }),
            Tree::Null => {
                self.fault(node.place, format!("{what} has no value"), "write a value or remove the key");
                None
            }
            Tree::List(_) | Tree::Map(_) => {
                let message = format!("{what} must be a single value, but here is {}", node.kind());
                self.fault(node.place, message, "write one value on the line of the key");
                None
            }
        }
    }

    pub(super) fn text(&mut self, node: Option<&Node>, what: &str) -> Option<Spanned<String>> {
        let scalar = self.scalar(node, what)?;
        Some(scalar.with(scalar.value.text.clone()))
    }

    /// A whole number from 0 to 1,000,000.
    pub(super) fn whole(&mut self, node: Option<&Node>, what: &str) -> Option<Spanned<usize>> {
        let scalar = self.scalar(node, what)?;
        let digits = scalar.value.plain
            && scalar.value.text.len() <= 7
            && scalar.value.text.bytes().all(|b| b.is_ascii_digit());
        let value = digits.then(|| scalar.value.text.parse::<usize>().ok()).flatten();
        match value.filter(|value| *value <= 1_000_000) {
            Some(value) => Some(scalar.with(value)),
            None => {
                let message = format!("{what} must be a whole number, not `{}`", scalar.value.text);
                self.fault(scalar.place, message, "write digits only, without quotes");
                None
            }
        }
    }

    /// Only `true` and `false` are booleans (F2).
    pub(super) fn boolean(&mut self, node: Option<&Node>, what: &str) -> Option<Spanned<bool>> {
        let scalar = self.scalar(node, what)?;
        match scalar.value.text.as_str() {
            "true" if scalar.value.plain => Some(scalar.with(true)),
            "false" if scalar.value.plain => Some(scalar.with(false)),
            other => {
                let message = format!("{what} must be true or false, not `{other}`");
                self.fault(scalar.place, message, "write `true` or `false`, without quotes");
                None
            }
        }
    }

    pub(super) fn texts(&mut self, node: Option<&Node>, what: &str) -> Option<Vec<Spanned<String>>> {
        let items = self.items(node?, what)?;
        let item = format!("an entry of {what}");
        Some(items.iter().filter_map(|node| self.text(Some(node), &item)).collect())
    }

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

    /// A map whose keys are free or checked later.
    pub(super) fn named<'n>(
        &mut self,
        node: Option<&'n Node>,
        what: &str,
    ) -> Vec<(Spanned<String>, &'n Node)> {
        let entries = node.and_then(|node| self.entries(node, what)).unwrap_or_default();
        let named = |(name, place, node): (&str, Place, &'n Node)| {
            let name = Spanned { value: name.to_owned(), place };
            (name, node)
        };
        entries.into_iter().map(named).collect()
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
            keys: fields.keys(),
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
            keys: fields.keys(),
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
                keys: fields.keys(),
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
        for key in fields.keys().0 {
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
