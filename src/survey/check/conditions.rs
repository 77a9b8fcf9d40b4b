//! Conditions of rules, `when` and variants: types (E05), names (E01), and what enumeration tells: conditions
//! that can never be true (E06) and rules that an earlier one leaves nothing to (W08).

use std::collections::BTreeMap;
use std::ops::Range;

use crate::survey::definition::{Part, Place, Spanned};
use crate::survey::expr::Expr;
use crate::survey::expr::domain::{Space, Standing};
use crate::survey::expr::typing::{self, ExprFaultKind, Scope, Type};
use crate::survey::finding::Code;
use crate::survey::{Kind, Settings};

use super::Checker;
use super::drafts::{DraftCompletion, DraftVariant};
use super::flow::Flow;
use super::steps::{Jump, Step};

impl<'f> Checker<'f> {
    /// What conditions may refer to.
    pub(super) fn scope(&self, steps: &[Step<'_>]) -> Scope {
        let mut elements = BTreeMap::new();
        for step in steps {
            if let Some(id) = &step.file.id {
                elements
                    .entry(id.value.clone())
                    .or_insert_with(|| answer_type(step));
            }
        }
        Scope {
            elements,
            languages: self.languages.clone(),
        }
    }

    /// Checks the conditions of all elements.
    pub(super) fn conditions(&mut self, steps: &mut [Step<'f>], scope: &Scope) {
        for step in steps {
            step.when = match &step.file.when {
                Some(written) => Part::of(self.condition(written, scope)),
                None if step.file.keys.find("when").is_some() => Part::Broken,
                None => Part::Absent,
            };
            for rule in &mut step.rules {
                let written = rule.file.condition.as_ref();
                rule.condition = written.and_then(|written| self.condition(written, scope));
            }
            self.variant_conditions(&mut step.variants, scope);
        }
    }

    pub(super) fn variant_conditions(&mut self, variants: &mut [DraftVariant<'f>], scope: &Scope) {
        for variant in variants {
            let written = variant.file.condition.as_ref();
            variant.condition = written.and_then(|written| self.condition(written, scope));
        }
    }

    fn condition(&mut self, written: &Spanned<String>, scope: &Scope) -> Option<Expr> {
        match typing::check(&written.value, scope) {
            Ok(condition) => Some(condition),
            Err(faults) => {
                for fault in faults {
                    let code = match fault.kind {
                        ExprFaultKind::UnknownElement => Code::E01,
                        ExprFaultKind::Type => Code::E05,
                        ExprFaultKind::NeverTrue => Code::E06,
                    };
                    let place = self.inside(written, &fault.range);
                    self.fault(code, place, fault.message, fault.hint);
                }
                None
            }
        }
    }

    /// The place of a part of an expression; of all of it when the file writes it with escapes or folds it.
    fn inside(&self, written: &Spanned<String>, range: &Range<usize>) -> Place {
        let raw = self
            .source
            .get(written.place.start..written.place.end)
            .unwrap_or("");
        match raw.find(&written.value) {
            Some(offset) => Place {
                start: written.place.start + offset + range.start,
                end: written.place.start + offset + range.end,
            },
            None => written.place,
        }
    }

    /// Conditions that can never be true, and rules and variants that are never reached.
    pub(super) fn domains(
        &mut self,
        steps: &[Step<'_>],
        completion: Option<&DraftCompletion<'_>>,
        flow: &Flow,
        scope: &Scope,
        settings: &Settings,
    ) {
        let anything = |_: &str| Standing {
            answered: true,
            skipped: true,
            unanswered: true,
        };
        for (index, step) in steps.iter().enumerate() {
            if !flow.is_reachable(index) {
                continue;
            }
            let before = |id: &str| flow.standing_before(steps, index, id);
            let after = |id: &str| flow.standing_after(steps, index, id, settings);
            if let (Part::Whole(when), Some(written)) = (&step.when, &step.file.when) {
                self.never_true(when, written.place, scope, before);
            }
            self.variants(&step.variants, step.name(), scope, before);
            for rule in &step.rules {
                if let (Some(condition), Some(written)) = (&rule.condition, &rule.file.condition) {
                    self.never_true(condition, written.place, scope, after);
                }
            }
            self.shadowed_rules(step, scope, after);
        }
        if let Some(completion) = completion {
            self.variants(&completion.variants, "completion", scope, anything);
        }
    }

    fn never_true(
        &mut self,
        condition: &Expr,
        place: Place,
        scope: &Scope,
        standing: impl Fn(&str) -> Standing,
    ) {
        let Some(space) = self.space(&[condition], scope, standing) else {
            return;
        };
        if !space.iter().any(|combination| combination.holds(condition)) {
            let message = format!("the condition `{}` can never be true here", condition.source());
            let hint = "check its values against the question, and whether that question is asked before";
            self.fault(Code::E06, place, message, hint);
        }
    }

    fn shadowed_rules(&mut self, step: &Step<'_>, scope: &Scope, standing: impl Fn(&str) -> Standing + Copy) {
        for (index, rule) in step.rules.iter().enumerate().skip(1) {
            let (Some(condition), Some(written)) = (&rule.condition, &rule.file.condition) else {
                continue;
            };
            // A rule without goto lets the later ones be tried (F24).
            let earlier: Vec<&Expr> = step
                .rules
                .iter()
                .take(index)
                .filter(|earlier| earlier.goto != Jump::None)
                .filter_map(|earlier| earlier.condition.as_ref())
                .collect();
            if self.is_shadowed(condition, &earlier, scope, standing) {
                let message = format!(
                    "rule {} of `{}` is never used: earlier rules match first",
                    index + 1,
                    step.name()
                );
                self.fault(Code::W08, written.place, message, "move it up, or remove it");
            }
        }
    }

    fn variants(
        &mut self,
        variants: &[DraftVariant<'_>],
        name: &str,
        scope: &Scope,
        standing: impl Fn(&str) -> Standing + Copy,
    ) {
        for (index, variant) in variants.iter().enumerate() {
            let (Some(condition), Some(written)) = (&variant.condition, &variant.file.condition) else {
                continue;
            };
            self.never_true(condition, written.place, scope, standing);
            let earlier: Vec<&Expr> = variants
                .iter()
                .take(index)
                .filter_map(|earlier| earlier.condition.as_ref())
                .collect();
            if self.is_shadowed(condition, &earlier, scope, standing) {
                let message = format!(
                    "variant {} of `{name}` is never used: earlier variants match first",
                    index + 1
                );
                self.fault(Code::W08, written.place, message, "move it up, or remove it");
            }
        }
    }

    /// True when some earlier condition holds wherever this one does, and this one can hold.
    fn is_shadowed(
        &mut self,
        condition: &Expr,
        earlier: &[&Expr],
        scope: &Scope,
        standing: impl Fn(&str) -> Standing,
    ) -> bool {
        if earlier.is_empty() {
            return false;
        }
        let all: Vec<&Expr> = earlier.iter().copied().chain([condition]).collect();
        let Some(space) = self.space(&all, scope, standing) else {
            return false;
        };
        let mut can_hold = false;
        for combination in space.iter().filter(|combination| combination.holds(condition)) {
            can_hold = true;
            if !earlier.iter().any(|earlier| combination.holds(earlier)) {
                return false;
            }
        }
        can_hold
    }

    /// The combinations to try, within the effort one check may take.
    pub(super) fn space(
        &mut self,
        conditions: &[&Expr],
        scope: &Scope,
        standing: impl Fn(&str) -> Standing,
    ) -> Option<Space> {
        let space = Space::new(conditions, scope, standing)?;
        let effort = space.combinations() * conditions.len();
        self.effort_left = self.effort_left.checked_sub(effort)?;
        Some(space)
    }
}

/// The type of an element's answer, as conditions see it.
fn answer_type(step: &Step<'_>) -> Type {
    let codes = |options: &[crate::survey::element::ChoiceOption]| {
        options.iter().map(|option| option.code.clone()).collect()
    };
    match &step.kind {
        None if step.type_name.is_some_and(|name| !name.is_question()) => Type::Nothing,
        None => Type::Unknown,
        Some(Kind::Text) => Type::Nothing,
        Some(Kind::SingleChoice { options }) => Type::Choice(codes(options)),
        Some(Kind::MultipleChoice {
            options,
            min_select,
            max_select,
        }) => Type::Choices {
            codes: codes(options),
            min_select: *min_select,
            max_select: *max_select,
        },
        Some(Kind::Scale {
            min, max, decimals, ..
        }) => Type::Number {
            min: Some(*min),
            max: Some(*max),
            decimals: *decimals,
        },
        Some(Kind::Nps { .. }) => Type::Number {
            min: Some(crate::survey::Number::small(0)),
            max: Some(crate::survey::Number::small(10)),
            decimals: 0,
        },
        Some(Kind::Number {
            min, max, decimals, ..
        }) => Type::Number {
            min: *min,
            max: *max,
            decimals: *decimals,
        },
        Some(Kind::YesNo) => Type::YesNo,
        Some(Kind::FreeText { .. }) => Type::Text,
        Some(Kind::Date { min, max, .. }) => Type::Date { min: *min, max: *max },
    }
}
