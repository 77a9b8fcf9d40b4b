//! Reads elements, their options and rules into the flat [`ElementFile`]. It takes every known field for every
//! type; which fields a type has is checked later, with a message that names both (F11).

use crate::yaml::{Node, Reader, Tree};

use super::field::{ELEMENT_KEYS, OPTION_KEYS, RULE_KEYS};
use super::file::{ElementFile, Keys, OptionFile, RuleFile};

impl Reader {
    pub(super) fn element(&mut self, node: &Node) -> Option<ElementFile> {
        if node.tree == Tree::Null {
            self.fault(node.place, "an element is empty", "remove the `-` or write an element");
            return None;
        }
        let fields = self.fields(node, ELEMENT_KEYS, "an element")?;
        let options = fields.get("options").and_then(|node| self.items(node, "`options`"));
        let rules = fields.get("rules").and_then(|node| self.items(node, "`rules`"));
        Some(ElementFile {
            place: node.place,
            keys: Keys(fields.keys()),
            id: self.text(fields.get("id"), "`id`"),
            kind: self.text(fields.get("type"), "`type`"),
            text: self.text_file(fields.get("text"), "`text`"),
            variants: self.variants(fields.get("variants")),
            when: self.text(fields.get("when"), "`when`"),
            rules: rules.unwrap_or_default().iter().filter_map(|node| self.rule(node)).collect(),
            next: self.text(fields.get("next"), "`next`"),
            label: self.text_file(fields.get("label"), "`label`"),
            options: options.unwrap_or_default().iter().filter_map(|node| self.option(node)).collect(),
            min_select: self.whole(fields.get("min_select"), "`min_select`"),
            max_select: self.whole(fields.get("max_select"), "`max_select`"),
            min: self.scalar(fields.get("min"), "`min`"),
            max: self.scalar(fields.get("max"), "`max`"),
            decimals: self.whole(fields.get("decimals"), "`decimals`"),
            unit: self.text(fields.get("unit"), "`unit`"),
            labels: self
                .named(fields.get("labels"), "`labels`")
                .into_iter()
                .filter_map(|(point, node)| Some((point, self.text_file(Some(node), "a label")?)))
                .collect(),
            optional: self.boolean(fields.get("optional"), "`optional`"),
            skip_words: self.words(fields.get("skip_words"), "`skip_words`"),
            min_length: self.whole(fields.get("min_length"), "`min_length`"),
            max_length: self.whole(fields.get("max_length"), "`max_length`"),
            pattern: self.text(fields.get("pattern"), "`pattern`"),
            append_window: self.text(fields.get("append_window"), "`append_window`"),
            direction: self.text(fields.get("direction"), "`direction`"),
            order: self.text(fields.get("order"), "`order`"),
            strict: self.boolean(fields.get("strict"), "`strict`"),
            pii: self.boolean(fields.get("pii"), "`pii`"),
            export_as: self.text(fields.get("export_as"), "`export_as`"),
        })
    }

    fn option(&mut self, node: &Node) -> Option<OptionFile> {
        let fields = self.fields(node, OPTION_KEYS, "an option")?;
        Some(OptionFile {
            place: node.place,
            keys: Keys(fields.keys()),
            code: self.text(fields.get("code"), "`code`"),
            label: self.text_file(fields.get("label"), "`label`"),
            aliases: self.words(fields.get("aliases"), "`aliases`"),
            exclusive: self.boolean(fields.get("exclusive"), "`exclusive`"),
        })
    }

    fn rule(&mut self, node: &Node) -> Option<RuleFile> {
        let fields = self.fields(node, RULE_KEYS, "a rule")?;
        Some(RuleFile {
            place: node.place,
            keys: Keys(fields.keys()),
            condition: self.text(fields.get("if"), "`if`"),
            goto: self.text(fields.get("goto"), "`goto`"),
            tag: self.text(fields.get("tag"), "`tag`"),
        })
    }
}
