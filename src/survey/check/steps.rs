//! [`Step`]: an element on its way from the file to the survey. A broken field is `None`, so that everything
//! around it can still be checked; only a step without broken fields becomes an [`Element`].

use std::collections::{BTreeMap, HashSet};

use crate::survey::definition::field::TypeName;
use crate::survey::definition::file::{ElementFile, VariantFile};
use crate::survey::definition::{Part, Place, Spanned};
use crate::survey::expr::Expr;
use crate::survey::finding::Code;
use crate::survey::{Element, Kind, Rule, Target, Text};
use crate::yaml::closest;

use super::drafts::{DraftCompletion, DraftRule, DraftVariant, finished_variants};
use super::names::{RESERVED_WORDS, is_identifier};
use super::{Checker, ELEMENTS_MAX};

/// The word that jumps to the end.
pub(super) const COMPLETION: &str = "completion";

/// An element being checked.
pub(super) struct Step<'f> {
    pub(super) file: &'f ElementFile,
    /// The id as written; `None` when missing or malformed.
    pub(super) id: Option<String>,
    pub(super) type_name: Option<TypeName>,
    pub(super) kind: Option<Kind>,
    pub(super) text: Option<Text>,
    pub(super) variants: Vec<DraftVariant<'f>>,
    pub(super) when: Part<Expr>,
    pub(super) rules: Vec<DraftRule<'f>>,
    pub(super) next: Jump,
    label: Part<Text>,
    export_as: Option<String>,
    skip_words: BTreeMap<crate::survey::Language, Vec<String>>,
}

/// Where a jump goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Jump {
    /// None is written.
    None,
    To(Target),
    /// It names no element; the one that was probably meant, if there is one near.
    Broken(Option<Target>),
}

impl Jump {
    fn part(self) -> Part<Target> {
        match self {
            Self::None => Part::Absent,
            Self::To(target) => Part::Whole(target),
            Self::Broken(_) => Part::Broken,
        }
    }
}

impl Step<'_> {
    /// The id for messages: as written, else the position.
    pub(super) fn name(&self) -> &str {
        match &self.file.id {
            Some(id) => &id.value,
            None => "?",
        }
    }

    /// Where the element's id stands, else the element.
    pub(super) fn place(&self) -> Place {
        self.file.id.as_ref().map_or(self.file.place, |id| id.place)
    }

    pub(super) fn is_question(&self) -> bool {
        self.type_name.is_some_and(TypeName::is_question)
    }

    /// The finished element; `None` when a part is broken.
    pub(super) fn into_element(self) -> Option<Element> {
        let file = self.file;
        let flag = |set: &Option<Spanned<bool>>| set.as_ref().is_some_and(|set| set.value);
        let rules = self.rules.into_iter().map(|rule| {
            let goto = rule.goto.part();
            let condition = rule.condition.filter(|_| !goto.is_broken())?;
            Some(Rule {
                condition,
                goto: goto.whole(),
                tag: rule.file.tag.as_ref().map(|tag| tag.value.clone()),
            })
        });
        let next = self.next.part();
        if self.when.is_broken() || self.label.is_broken() || next.is_broken() {
            return None;
        }
        Some(Element {
            kind: self.kind?,
            text: self.text?,
            variants: finished_variants(self.variants)?,
            when: self.when.whole(),
            rules: rules.collect::<Option<_>>()?,
            next: next.whole(),
            label: self.label.whole(),
            export_as: self.export_as.or_else(|| self.id.clone())?,
            id: self.id?,
            optional: flag(&file.optional),
            skip_words: self.skip_words,
            strict: flag(&file.strict),
            pii: flag(&file.pii),
        })
    }
}

impl<'f> Checker<'f> {
    /// Lowers all elements; conditions come later, when all ids and types are known.
    pub(super) fn steps(&mut self) -> Vec<Step<'f>> {
        let file = self.file;
        if file.elements.len() > ELEMENTS_MAX {
            let message = format!("the survey has more than {ELEMENTS_MAX} elements");
            self.fault(Code::E16, file.place, message, "split it into several surveys");
        }
        let mut steps: Vec<Step<'f>> = Vec::new();
        for element in file.elements.iter().take(ELEMENTS_MAX) {
            let step = self.step(element);
            steps.push(step);
        }
        self.unique_ids(&steps);
        self.unique_columns(&steps);
        let targets: BTreeMap<String, usize> = steps
            .iter()
            .enumerate()
            .rev()
            .filter_map(|(index, step)| Some((step.file.id.as_ref()?.value.clone(), index)))
            .collect();
        for step in &mut steps {
            step.next = self.jump(step.file.next.as_ref(), "next", &targets);
            for rule in &mut step.rules {
                rule.goto = self.jump(rule.file.goto.as_ref(), "goto", &targets);
            }
        }
        steps
    }

    fn step(&mut self, file: &'f ElementFile) -> Step<'f> {
        let id = self.element_id(file);
        let name = file.id.as_ref().map_or("an element", |id| id.value.as_str());
        let type_name = self.type_name(file, name);
        if let Some(type_name) = type_name {
            self.allowed_fields(file, type_name);
        }
        let kind = type_name.and_then(|type_name| self.kind(file, type_name, name));
        let place = file.id.as_ref().map_or(file.place, |id| id.place);
        let is_written = file.keys.find("text").is_some();
        let text =
            self.required_text(file.text.as_ref(), is_written, place, &format!("the text of `{name}`"));
        let label = match &file.label {
            Some(label) => Part::of(self.text(label, &format!("the label of `{name}`"))),
            None => Part::Absent,
        };
        Step {
            file,
            id,
            type_name,
            kind,
            text,
            variants: self.draft_variants(&file.variants, name),
            when: Part::Absent,
            rules: self.draft_rules(file, name),
            next: Jump::None,
            label,
            export_as: self.column_name(file),
            skip_words: self.words(&file.skip_words),
        }
    }

    fn element_id(&mut self, file: &ElementFile) -> Option<String> {
        let Some(id) = &file.id else {
            if file.keys.find("id").is_none() {
                self.fault(
                    Code::E15,
                    file.place,
                    "an element has no `id`",
                    "give it a short name, such as `csat`",
                );
            }
            return None;
        };
        if !is_identifier(&id.value, 63) {
            self.fault(
                Code::E15,
                id.place,
                format!("`{}` is not an element id", id.value),
                "use small letters, digits and `_`, at most 63, beginning with a letter",
            );
            return None;
        }
        if id.value == COMPLETION {
            let hint = "write the closing text under the key `completion` of the survey";
            self.fault(Code::E15, id.place, "an element cannot be called `completion`", hint);
            return None;
        }
        if RESERVED_WORDS.contains(&id.value.as_str()) {
            let message = format!("`{}` is a word that SPSS reserves", id.value);
            self.fault(Code::E15, id.place, message, "choose another id");
            return None;
        }
        Some(id.value.clone())
    }

    fn type_name(&mut self, file: &ElementFile, name: &str) -> Option<TypeName> {
        let names: Vec<&str> = TypeName::ALL.into_iter().map(TypeName::name).collect();
        let Some(written) = &file.kind else {
            if file.keys.find("type").is_none() {
                let place = file.id.as_ref().map_or(file.place, |id| id.place);
                let message = format!("`{name}` has no `type`");
                self.fault(Code::E16, place, message, format!("use one of: {}", names.join(", ")));
            }
            return None;
        };
        let found = TypeName::parse(&written.value);
        if found.is_none() {
            let hint = match closest(&written.value, names.iter().copied().chain(["dropdown"])) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("use one of: {}", names.join(", ")),
            };
            self.fault(Code::E16, written.place, format!("`{}` is not a type", written.value), hint);
        }
        found
    }

    /// A field not allowed for the type is an error that names both (F11).
    fn allowed_fields(&mut self, file: &ElementFile, type_name: TypeName) {
        for key in &file.keys.0 {
            if type_name.takes(&key.value) {
                continue;
            }
            let takers: Vec<&str> = TypeName::ALL
                .into_iter()
                .filter(|other| other.takes(&key.value))
                .map(TypeName::name)
                .collect();
            self.fault(
                Code::E16,
                key.place,
                format!("the type `{}` has no field `{}`", type_name.name(), key.value),
                format!("remove it; it belongs to {}", takers.join(", ")),
            );
        }
    }

    fn column_name(&mut self, file: &ElementFile) -> Option<String> {
        let name = file.export_as.as_ref()?;
        let fits = is_identifier(&name.value, 63) && !RESERVED_WORDS.contains(&name.value.as_str());
        if !fits {
            self.fault(
                Code::E16,
                name.place,
                format!("`{}` is not a column name", name.value),
                "use small letters, digits and `_`, at most 63, beginning with a letter, no word SPSS reserves",
            );
        }
        Some(name.value.clone())
    }

    fn unique_ids(&mut self, steps: &[Step<'_>]) {
        let mut seen = HashSet::new();
        for step in steps {
            let Some(id) = &step.file.id else { continue };
            if !seen.insert(id.value.as_str()) {
                let message = format!("two elements have the id `{}`", id.value);
                self.fault(Code::E15, id.place, message, "give this one another id");
            }
        }
    }

    fn unique_columns(&mut self, steps: &[Step<'_>]) {
        let mut columns: BTreeMap<&str, &str> = BTreeMap::new();
        for step in steps.iter().filter(|step| step.is_question()) {
            let Some(id) = step.file.id.as_ref() else { continue };
            let export_as = step.file.export_as.as_ref();
            let column = export_as.map_or(id.value.as_str(), |name| name.value.as_str());
            match columns.insert(column, &id.value) {
                Some(other) if other != id.value => {
                    let place = export_as.map_or(id.place, |name| name.place);
                    let message = format!("`{}` and `{other}` have the same column `{column}`", id.value);
                    self.fault(Code::E15, place, message, "give one of them another `export_as`");
                }
                Some(_) | None => {}
            }
        }
    }

    fn draft_variants(&mut self, files: &'f [VariantFile], name: &str) -> Vec<DraftVariant<'f>> {
        let mut variants = Vec::new();
        for (index, file) in files.iter().enumerate() {
            let what = format!("variant {} of `{name}`", index + 1);
            self.has_condition(file.keys.find("if").is_some(), file.place, &what);
            let is_written = file.keys.find("text").is_some();
            let text = self.required_text(
                file.text.as_ref(),
                is_written,
                file.place,
                &format!("the text of {what}"),
            );
            variants.push(DraftVariant { file, condition: None, text });
        }
        variants
    }

    fn has_condition(&mut self, has: bool, place: Place, what: &str) {
        if !has {
            self.fault(
                Code::E16,
                place,
                format!("{what} has no `if`"),
                "write a condition such as `if: csat <= 2`",
            );
        }
    }

    fn draft_rules(&mut self, file: &'f ElementFile, name: &str) -> Vec<DraftRule<'f>> {
        let mut rules = Vec::new();
        for (index, rule) in file.rules.iter().enumerate() {
            let what = format!("rule {} of `{name}`", index + 1);
            self.has_condition(rule.keys.find("if").is_some(), rule.place, &what);
            if rule.keys.find("goto").is_none() && rule.keys.find("tag").is_none() {
                let message = format!("{what} does nothing");
                self.fault(Code::E16, rule.place, message, "write `goto:` or `tag:` or both");
            }
            if let Some(tag) = rule.tag.as_ref().filter(|tag| !is_identifier(&tag.value, 63)) {
                let message = format!("`{}` is not a tag", tag.value);
                let hint = "use small letters, digits and `_`, at most 63, beginning with a letter";
                self.fault(Code::E16, tag.place, message, hint);
            }
            rules.push(DraftRule { file: rule, condition: None, goto: Jump::None });
        }
        rules
    }

    fn jump(
        &mut self,
        written: Option<&Spanned<String>>,
        key: &str,
        targets: &BTreeMap<String, usize>,
    ) -> Jump {
        let Some(written) = written else {
            return Jump::None;
        };
        if written.value == COMPLETION {
            return Jump::To(Target::Completion);
        }
        if let Some(index) = targets.get(&written.value) {
            return Jump::To(Target::Element(*index));
        }
        let names = targets.keys().map(String::as_str).chain([COMPLETION]);
        let near = closest(&written.value, names);
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write the id of an element, or `completion`".to_owned(),
        };
        let message = format!("`{key}: {}` names no element", written.value);
        self.fault(Code::E01, written.place, message, hint);
        Jump::Broken(
            near.map(|near| targets.get(near).map_or(Target::Completion, |index| Target::Element(*index))),
        )
    }

    /// The completion with its conditions.
    pub(super) fn completion(
        &mut self,
        scope: &crate::survey::expr::typing::Scope,
    ) -> Option<DraftCompletion<'f>> {
        let file = self.file;
        let place = file.keys.find(COMPLETION);
        let hint = "write `completion:` with a `text:`; it is sent when the survey is done";
        let Some(completion) = &file.completion else {
            if place.is_none() {
                self.fault(Code::E11, file.place, "the survey has no completion text", hint);
            }
            return None;
        };
        let text = match &completion.text {
            Some(text) if !text.entries.is_empty() => self.text(text, "the completion text"),
            Some(_) | None => {
                let place = place.unwrap_or(completion.place);
                self.fault(Code::E11, place, "the completion has no text", hint);
                None
            }
        };
        let mut variants = self.draft_variants(&completion.variants, COMPLETION);
        self.variant_conditions(&mut variants, scope);
        Some(DraftCompletion { text, variants })
    }
}
