//! The flow of a survey: which element can follow which, found by trying every answer (F23), and what that
//! says: unreachable elements (E02), cycles without a question (E03), long paths (W06) and loops (W11).

use std::collections::{BTreeSet, VecDeque};

use crate::survey::definition::Part;
use crate::survey::definition::field::TypeName;
use crate::survey::expr::Expr;
use crate::survey::expr::domain::{Combination, Standing};
use crate::survey::expr::typing::Scope;
use crate::survey::finding::Code;
use crate::survey::survey::OnExhausted;
use crate::survey::{Settings, Target};

use super::steps::{COMPLETION, Jump, Step};
use super::walk::{before, reachable, text_chain, text_cycle};
use super::{Checker, TEXTS_IN_A_ROW_MAX};

/// Questions on a path above which W06 warns.
const QUESTIONS_ADVISED_MAX: usize = 6;

/// Which element can follow which.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// Per element, the targets it can be left for.
    edges: Vec<BTreeSet<Edge>>,
    reachable: Vec<bool>,
    /// Per element, the elements that can stand before it.
    before: Vec<Vec<bool>>,
}

/// A target that sorts: elements in file order, then the completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge {
    Element(usize),
    Completion,
}

impl From<Target> for Edge {
    fn from(target: Target) -> Self {
        match target {
            Target::Element(index) => Self::Element(index),
            Target::Completion => Self::Completion,
        }
    }
}

impl Flow {
    pub(super) fn is_reachable(&self, index: usize) -> bool {
        self.reachable.get(index).copied().unwrap_or(false)
    }

    /// How many elements there are.
    pub(super) fn len(&self) -> usize {
        self.edges.len()
    }

    /// The targets an element can be left for.
    pub(super) fn edges(&self, index: usize) -> impl Iterator<Item = Edge> + '_ {
        self.edges.get(index).into_iter().flatten().copied()
    }

    /// The elements an element can be left for.
    pub(super) fn followers(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.edges(index).filter_map(|edge| match edge {
            Edge::Element(next) => Some(next),
            Edge::Completion => None,
        })
    }

    /// What may have become of an element when `index` is met.
    pub(super) fn standing_before(&self, steps: &[Step<'_>], index: usize, id: &str) -> Standing {
        let other = position(steps, id);
        let earlier = other
            .and_then(|other| self.before.get(index)?.get(other))
            .copied()
            .unwrap_or(false);
        let optional = other.and_then(|other| steps.get(other)).is_some_and(is_optional);
        Standing {
            answered: earlier,
            skipped: earlier && optional,
            unanswered: true,
        }
    }

    /// What may have become of an element when `index` is left by its rules: its own answer is known then.
    pub(super) fn standing_after(
        &self,
        steps: &[Step<'_>],
        index: usize,
        id: &str,
        settings: &Settings,
    ) -> Standing {
        match steps.get(index) {
            Some(step) if position(steps, id) == Some(index) => own_standing(step, settings),
            Some(_) | None => self.standing_before(steps, index, id),
        }
    }

    /// A shortest path between two elements, both included.
    fn path(&self, from: usize, to: usize) -> Option<Vec<usize>> {
        let mut came_from: Vec<Option<usize>> = vec![None; self.edges.len()];
        let mut queue = VecDeque::from([from]);
        let mut seen = BTreeSet::from([from]);
        while let Some(at) = queue.pop_front() {
            if at == to {
                let mut path = vec![to];
                let mut at = to;
                while let Some(previous) = came_from.get(at).copied().flatten().filter(|_| at != from) {
                    path.push(previous);
                    at = previous;
                }
                path.reverse();
                return Some(path);
            }
            for next in self.followers(at) {
                if seen.insert(next) {
                    if let Some(slot) = came_from.get_mut(next) {
                        *slot = Some(at);
                    }
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

fn position(steps: &[Step<'_>], id: &str) -> Option<usize> {
    steps
        .iter()
        .position(|step| step.file.id.as_ref().is_some_and(|written| written.value == id))
}

fn is_optional(step: &Step<'_>) -> bool {
    step.file.optional.as_ref().is_some_and(|set| set.value)
}

fn own_standing(step: &Step<'_>, settings: &Settings) -> Standing {
    Standing {
        answered: step.type_name != Some(TypeName::Text),
        skipped: is_optional(step),
        unanswered: match settings.on_exhausted {
            OnExhausted::Skip => true,
            OnExhausted::Close => step.type_name == Some(TypeName::Text),
        },
    }
}

/// Where an element goes when no rule matches: its `next`, else the following element, else the completion.
pub(super) fn onward(steps: &[Step<'_>], index: usize) -> Option<Target> {
    match steps.get(index)?.next {
        Jump::To(target) => Some(target),
        Jump::Broken(meant) => meant,
        Jump::None if index + 1 < steps.len() => Some(Target::Element(index + 1)),
        Jump::None => Some(Target::Completion),
    }
}

/// Where a combination of answers leads.
pub(super) fn leads_to(steps: &[Step<'_>], index: usize, combination: &Combination<'_>) -> Option<Target> {
    let step = steps.get(index)?;
    for rule in &step.rules {
        let holds = rule
            .condition
            .as_ref()
            .is_some_and(|condition| combination.holds(condition));
        if !holds {
            continue;
        }
        match rule.goto {
            Jump::To(target) => return Some(target),
            Jump::Broken(meant) => return meant,
            Jump::None => {}
        }
    }
    onward(steps, index)
}

/// The conditions of an element's rules.
pub(super) fn rule_conditions<'s>(step: &'s Step<'_>) -> Vec<&'s Expr> {
    step.rules
        .iter()
        .filter_map(|rule| rule.condition.as_ref())
        .collect()
}

impl Checker<'_> {
    /// Finds the flow, and says what is wrong with it.
    pub(super) fn flow(&mut self, steps: &[Step<'_>], scope: &Scope, settings: &Settings) -> Flow {
        let mut flow = Flow::default();
        for index in 0..steps.len() {
            let edges = self.edges_of(steps, index, scope, settings);
            flow.edges.push(edges);
        }
        flow.reachable = reachable(&flow, steps.len());
        flow.before = before(&flow, steps.len());
        if !steps.iter().any(Step::is_question) && steps.iter().all(|step| step.type_name.is_some()) {
            let place = self.file.keys.find("elements").unwrap_or(self.file.place);
            let hint = "add an element such as a scale or a yes_no";
            self.fault(Code::E13, place, "the survey has no question", hint);
        }
        for (index, step) in steps.iter().enumerate() {
            if !flow.is_reachable(index) {
                let message = format!("`{}` cannot be reached", step.name());
                let hint = "no answer leads here; add a `goto` or `next` to it, or remove it";
                self.fault(Code::E02, step.place(), message, hint);
            }
        }
        self.cycles(steps, &flow);
        self.jumps_backwards(steps, &flow);
        self.path_lengths(steps, &flow);
        self.free_text_first(steps, &flow);
        flow
    }

    /// All targets of an element. When there are too many combinations every jump counts as possible.
    fn edges_of(
        &mut self,
        steps: &[Step<'_>],
        index: usize,
        scope: &Scope,
        settings: &Settings,
    ) -> BTreeSet<Edge> {
        let mut targets: BTreeSet<Edge> = BTreeSet::new();
        let Some(step) = steps.get(index) else {
            return targets;
        };
        // A `when` that is false passes on without rules (F20).
        if !matches!(step.when, Part::Absent) || step.rules.is_empty() {
            targets.extend(onward(steps, index).map(Edge::from));
        }
        if step.rules.is_empty() {
            return targets;
        }
        let standing = |id: &str| {
            if position(steps, id) == Some(index) {
                own_standing(step, settings)
            } else {
                Standing {
                    answered: true,
                    skipped: true,
                    unanswered: true,
                }
            }
        };
        // A broken condition could have been anything: its jump is taken as possible.
        let broken = step.rules.iter().filter(|rule| rule.condition.is_none());
        targets.extend(broken.filter_map(|rule| jump_target(rule.goto)));
        match self.space(&rule_conditions(step), scope, standing) {
            Some(space) => targets.extend(
                space
                    .iter()
                    .filter_map(|combination| leads_to(steps, index, &combination))
                    .map(Edge::from),
            ),
            None => {
                targets.extend(step.rules.iter().filter_map(|rule| jump_target(rule.goto)));
                targets.extend(onward(steps, index).map(Edge::from));
            }
        }
        targets
    }

    fn cycles(&mut self, steps: &[Step<'_>], flow: &Flow) {
        let is_text = |index: &usize| {
            steps
                .get(*index)
                .is_some_and(|step| step.type_name == Some(TypeName::Text))
        };
        let mut reported: BTreeSet<usize> = BTreeSet::new();
        for start in (0..steps.len()).filter(|index| is_text(index)) {
            if reported.contains(&start) {
                continue;
            }
            let Some(cycle) = text_cycle(flow, start, is_text) else {
                continue;
            };
            let names = names(steps, cycle.iter().chain([&start]).copied());
            reported.extend(&cycle);
            let Some(step) = steps.get(start) else { continue };
            let message = format!("these texts go round without a question: {names}");
            let hint = "let one of them go to a question or to `completion`";
            self.fault(Code::E03, step.place(), message, hint);
        }
        if reported.is_empty() {
            self.texts_in_a_row(steps, flow, is_text);
        }
    }

    /// Most texts in a row (RF27). Only called when texts make no cycle.
    fn texts_in_a_row(&mut self, steps: &[Step<'_>], flow: &Flow, is_text: impl Fn(&usize) -> bool + Copy) {
        let mut lengths: Vec<Option<usize>> = vec![None; steps.len()];
        for start in (0..steps.len()).filter(|index| is_text(index)) {
            text_chain(flow, start, is_text, &mut lengths);
        }
        let longest = lengths.iter().flatten().max().copied().unwrap_or(0);
        if longest > TEXTS_IN_A_ROW_MAX
            && let Some(step) = lengths
                .iter()
                .position(|length| *length == Some(longest))
                .and_then(|index| steps.get(index))
        {
            let message =
                format!("{longest} texts in a row begin here; at most {TEXTS_IN_A_ROW_MAX} are sent");
            self.fault(
                Code::E16,
                step.place(),
                message,
                "join texts, or ask something in between",
            );
        }
    }

    fn jumps_backwards(&mut self, steps: &[Step<'_>], flow: &Flow) {
        for (index, step) in steps.iter().enumerate() {
            let rules = step.rules.iter().map(|rule| (rule.goto, rule.file.goto.as_ref()));
            for (jump, written) in rules.chain([(step.next, step.file.next.as_ref())]) {
                let (Jump::To(Target::Element(target)), Some(written)) = (jump, written) else {
                    continue;
                };
                if target > index {
                    continue;
                }
                let back = flow.path(target, index).unwrap_or_else(|| vec![target, index]);
                let names = names(steps, back.into_iter().chain([target]));
                let message = format!("`{}` jumps backwards: {names}", step.name());
                let hint = "people may answer again and the latest answer counts; at most 20 visits each";
                self.fault(Code::W11, written.place, message, hint);
            }
        }
    }

    /// The longest way forward through the survey, in questions.
    fn path_lengths(&mut self, steps: &[Step<'_>], flow: &Flow) {
        // Per element, the most questions from the start up to and including it.
        let mut most: Vec<usize> = vec![0; steps.len()];
        let mut over: Option<usize> = None;
        for (index, step) in steps
            .iter()
            .enumerate()
            .filter(|(index, _)| flow.is_reachable(*index))
        {
            let here = most.get(index).copied().unwrap_or(0) + usize::from(step.is_question());
            if let Some(slot) = most.get_mut(index) {
                *slot = here;
            }
            if here > QUESTIONS_ADVISED_MAX && over.is_none() {
                over = Some(index);
            }
            for next in flow.followers(index).filter(|next| *next > index) {
                if let Some(slot) = most.get_mut(next) {
                    *slot = (*slot).max(here);
                }
            }
        }
        let longest = most.iter().max().copied().unwrap_or(0);
        if let Some(step) = over.and_then(|index| steps.get(index)) {
            let message = format!(
                "a person may be asked {longest} questions; this is number {}",
                QUESTIONS_ADVISED_MAX + 1
            );
            self.fault(
                Code::W06,
                step.place(),
                message,
                "1 to 3 questions are the practice; leave some out",
            );
        }
    }

    fn free_text_first(&mut self, steps: &[Step<'_>], flow: &Flow) {
        let mut queue = VecDeque::from([0_usize]);
        let mut seen = BTreeSet::from([0_usize]);
        while let Some(index) = queue.pop_front() {
            let Some(step) = steps.get(index) else { continue };
            match step.type_name {
                Some(TypeName::FreeText) => {
                    let message = format!(
                        "`{}` asks for a free text before any closed question",
                        step.name()
                    );
                    let hint = "begin with a question that a number or a word answers";
                    self.fault(Code::W09, step.place(), message, hint);
                }
                Some(TypeName::Text) => {
                    for next in flow.followers(index) {
                        if seen.insert(next) {
                            queue.push_back(next);
                        }
                    }
                }
                Some(
                    TypeName::SingleChoice
                    | TypeName::MultipleChoice
                    | TypeName::Scale
                    | TypeName::Nps
                    | TypeName::Number
                    | TypeName::YesNo
                    | TypeName::Date,
                )
                | None => {}
            }
        }
    }
}

fn jump_target(jump: Jump) -> Option<Edge> {
    match jump {
        Jump::None => None,
        Jump::To(target) => Some(target.into()),
        Jump::Broken(meant) => meant.map(Edge::from),
    }
}

/// `a -> b -> a`, at most 12 names.
fn names(steps: &[Step<'_>], path: impl Iterator<Item = usize>) -> String {
    let names: Vec<&str> = path
        .map(|index| steps.get(index).map_or(COMPLETION, |step| step.name()))
        .collect();
    if names.len() <= 12 {
        return names.join(" -> ");
    }
    let start: Vec<&str> = names.iter().take(6).copied().collect();
    let end: Vec<&str> = names.iter().skip(names.len() - 5).copied().collect();
    format!("{} -> … -> {}", start.join(" -> "), end.join(" -> "))
}
