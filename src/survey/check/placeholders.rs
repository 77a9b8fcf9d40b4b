//! Placeholders in texts (F34): names that exist (E01), declared variables or a fallback (E10), closed braces.

use crate::survey::definition::field::MESSAGE_PLACEHOLDERS;
use crate::survey::definition::file::{SurveyFile, TextFile};
use crate::survey::definition::{Place, Spanned};
use crate::survey::finding::Code;
use crate::yaml::closest;

use super::Checker;
use super::steps::Step;

/// A placeholder in a wording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placeholder<'t> {
    /// The name, spaces around it removed.
    pub(super) name: &'t str,
    /// What stands after `|`.
    pub(super) fallback: Option<&'t str>,
    /// Byte of the first brace in the wording.
    pub(super) start: usize,
    /// False when the closing braces are missing.
    pub(super) closed: bool,
}

/// All placeholders of a wording, in order.
pub(super) fn placeholders(wording: &str) -> Vec<Placeholder<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((before, after)) = wording.get(at..).and_then(|rest| rest.split_once("{{")) {
        let start = at + before.len();
        let Some((inside, _)) = after.split_once("}}") else {
            found.push(Placeholder { name: "", fallback: None, start, closed: false });
            break;
        };
        let (name, fallback) = match inside.split_once('|') {
            Some((name, fallback)) => (name, Some(fallback)),
            None => (inside, None),
        };
        found.push(Placeholder { name: name.trim(), fallback, start, closed: true });
        at = start + 2 + inside.len() + 2;
    }
    found
}

/// Every text of a file that placeholders are put into; true = a message.
fn texts(file: &SurveyFile) -> Vec<(&TextFile, bool)> {
    let mut texts = Vec::new();
    for element in &file.elements {
        texts.extend(element.text.iter().map(|text| (text, false)));
        texts.extend(element.variants.iter().filter_map(|variant| Some((variant.text.as_ref()?, false))));
    }
    if let Some(completion) = &file.completion {
        texts.extend(completion.text.iter().map(|text| (text, false)));
        texts.extend(completion.variants.iter().filter_map(|variant| Some((variant.text.as_ref()?, false))));
    }
    texts.extend(file.reminders.iter().filter_map(|reminder| Some((reminder.text.as_ref()?, false))));
    texts.extend(file.messages.iter().map(|(_, text)| (text, true)));
    texts
}

impl Checker<'_> {
    pub(super) fn placeholders(&mut self, steps: &[Step<'_>]) {
        let file = self.file;
        for (text, is_message) in texts(file) {
            for (_, wording) in &text.entries {
                for placeholder in placeholders(&wording.value) {
                    self.placeholder(&placeholder, wording, is_message, steps);
                }
            }
        }
    }

    fn placeholder(
        &mut self,
        placeholder: &Placeholder<'_>,
        wording: &Spanned<String>,
        is_message: bool,
        steps: &[Step<'_>],
    ) {
        let name = placeholder.name;
        let place = self.placeholder_place(placeholder, wording);
        if !placeholder.closed {
            let hint = "write `{{name}}`, or `{{name|fallback}}`";
            return self.fault(Code::E16, place, "a placeholder is not closed with `}}`", hint);
        }
        if name.is_empty() {
            let hint = "write `{{name}}`, or `{{name|fallback}}`";
            return self.fault(Code::E16, place, "a placeholder has no name", hint);
        }
        if is_message && MESSAGE_PLACEHOLDERS.contains(&name) {
            return;
        }
        let element = steps.iter().find(|step| step.file.id.as_ref().is_some_and(|id| id.value == name));
        if let Some(element) = element {
            if element.type_name.is_some_and(|found| !found.is_question()) {
                let message = format!("`{{{{{name}}}}}` is a text element, which has no answer");
                self.fault(Code::E01, place, message, "use the id of a question or the name of a variable");
            }
            return;
        }
        let folded = name.to_lowercase();
        let variables: Vec<&str> = self.file.variables.iter().map(|(name, _)| name.value.as_str()).collect();
        if placeholder.fallback.is_some() || variables.iter().any(|known| known.to_lowercase() == folded) {
            return;
        }
        let ids = steps.iter().filter_map(|step| step.file.id.as_ref()).map(|id| id.value.as_str());
        let near_variable = closest(name, variables);
        let near_element = closest(name, ids);
        match (near_variable, near_element) {
            (None, Some(near)) => {
                let message = format!("`{{{{{name}}}}}` names no element and no variable");
                self.fault(Code::E01, place, message, format!("did you mean `{{{{{near}}}}}`?"));
            }
            (near, _) => {
                let message = format!("the variable `{name}` is not declared and has no fallback");
                let hint = match near {
                    Some(near) => format!("did you mean `{{{{{near}}}}}`?"),
                    None => format!("declare it under `variables`, or write `{{{{{name}|there}}}}`"),
                };
                self.fault(Code::E10, place, message, hint);
            }
        }
    }

    /// The place of a placeholder; of the wording when the file writes it with escapes or folds it.
    fn placeholder_place(&self, placeholder: &Placeholder<'_>, wording: &Spanned<String>) -> Place {
        let raw = self.source.get(wording.place.start..wording.place.end).unwrap_or("");
        let Some(offset) = raw.find(&wording.value) else {
            return wording.place;
        };
        let start = wording.place.start + offset + placeholder.start;
        let rest = wording.value.get(placeholder.start..).unwrap_or("");
        let length = rest.find("}}").map_or(rest.len(), |end| end + 2);
        Place { start, end: start + length }
    }
}
