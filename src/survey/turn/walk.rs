//! The walk: from a target through text elements to the next question or the completion (F25, P61), and the
//! SMS that come of it. Bounded in steps and visits (F27, RF27); it never reads a reply.

use chrono::Duration;

use super::super::expr::Facts;
use super::super::{AnswerState, Element, Given, Position, Progress, Survey, Target, Variables, prompt};
use super::{Branch, Effect, Record, Send, SendKind, Turn};
use crate::text::{self, Composed};

/// Elements looked at in one turn (RF27).
const STEPS_MAX: usize = 64;
/// Visits of one element in a session (F27).
pub(super) const VISITS_MAX: u32 = 20;

/// One turn being made: the progress so far, and what it has brought about.
pub(super) struct Walk<'a> {
    survey: &'a Survey,
    variables: &'a Variables,
    pub progress: Progress,
    effects: Vec<Effect>,
    path: Vec<Branch>,
    found: Vec<Found>,
    completed: bool,
}

/// An SMS before its delay is known.
struct Found {
    kind: SendKind,
    element: Option<String>,
    visit: u32,
    text: Composed,
}

impl<'a> Walk<'a> {
    pub fn new(survey: &'a Survey, variables: &'a Variables, progress: Progress) -> Self {
        Self {
            survey,
            variables,
            progress,
            effects: Vec::new(),
            path: Vec::new(),
            found: Vec::new(),
            completed: false,
        }
    }

    pub fn facts(&self) -> Facts<'_> {
        self.progress.facts(self.survey, self.variables)
    }

    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Queues one SMS behind those already found.
    pub fn send(&mut self, kind: SendKind, element: Option<&Element>, text: Composed) {
        self.found.push(Found {
            kind,
            element: element.map(|element| element.id.clone()),
            visit: element.map_or(0, |_| self.progress.visit),
            text,
        });
    }

    /// Goes to the target and on, until a question or the completion is current.
    pub fn go(&mut self, first: Target) {
        let mut target = first;
        for _ in 0..STEPS_MAX {
            match self.step(target) {
                Some(next) => target = next,
                None => return,
            }
        }
        self.give_up(target);
    }

    /// Leaves an element by its first matching rule with a goal, else by `next`, else by sequence (F23, F24, P59).
    pub fn leave(&mut self, element: &Element) -> Target {
        for (number, rule) in element.rules.iter().enumerate() {
            if !rule.condition.eval(&self.facts()) {
                continue;
            }
            self.path.push(Branch::Rule { element: element.id.clone(), rule: number });
            if let Some(tag) = &rule.tag {
                self.effects.push(Effect::Tag { element: element.id.clone(), tag: tag.clone() });
            }
            if let Some(goal) = rule.goto {
                return goal;
            }
        }
        self.onward(element)
    }

    /// The element's `next`, else the one that follows it in the file, else the completion (P59, P60).
    pub fn onward(&mut self, element: &Element) -> Target {
        self.path.push(Branch::Onward { element: element.id.clone() });
        self.after(element)
    }

    fn after(&self, element: &Element) -> Target {
        element.next.unwrap_or_else(|| {
            self.survey
                .position(&element.id)
                .map_or(Target::Completion, |position| Target::Element(position + 1))
        })
    }

    /// One element; `None` when the walk is over. Past the last element stands the completion (P60).
    fn step(&mut self, target: Target) -> Option<Target> {
        let survey = self.survey;
        let element = match target {
            Target::Completion => None,
            Target::Element(position) => survey.elements.get(position),
        };
        let Some(element) = element else {
            self.complete();
            return None;
        };
        let wanted = element.when.as_ref().is_none_or(|condition| condition.eval(&self.facts()));
        if !wanted && !element.kind.is_question() {
            return Some(self.pass(element));
        }
        let visit = self.progress.visits.get(&element.id).copied().unwrap_or(0) + 1;
        if visit > VISITS_MAX {
            self.give_up(target);
            return None;
        }
        self.progress.visits.insert(element.id.clone(), visit);
        if !wanted {
            self.not_asked(element, visit);
            return Some(self.pass(element));
        }
        self.meet(element, visit)
    }

    /// Sends the element; a text is left at once (F18), a question becomes current (F25, P62).
    fn meet(&mut self, element: &Element, visit: u32) -> Option<Target> {
        let rendered = prompt::element(&self.facts(), element);
        self.path.push(Branch::Worded { element: element.id.clone(), variant: rendered.variant });
        let question = element.kind.is_question();
        self.found.push(Found {
            kind: if question { SendKind::Question } else { SendKind::Text },
            element: Some(element.id.clone()),
            visit,
            text: rendered.text,
        });
        if !question {
            return Some(self.leave(element));
        }
        self.progress.position = Position::Question(element.id.clone());
        self.progress.visit = visit;
        self.progress.invalid = 0;
        None
    }

    /// Passes over an element whose `when` is false (F20). Its rules do not apply.
    fn pass(&mut self, element: &Element) -> Target {
        self.path.push(Branch::Passed { element: element.id.clone() });
        self.after(element)
    }

    fn not_asked(&mut self, element: &Element, visit: u32) {
        self.progress.given.insert(element.id.clone(), Given { state: AnswerState::NotAsked, value: None });
        self.effects.push(Effect::Record(Record {
            element: element.id.clone(),
            visit,
            state: AnswerState::NotAsked,
            value: None,
            method: None,
            comment: None,
            raw: String::new(),
            attempts: 0,
        }));
    }

    fn complete(&mut self) {
        let rendered = prompt::completion(&self.facts());
        self.path.push(Branch::Worded {
            element: Position::Completion.element_id().to_owned(),
            variant: rendered.variant,
        });
        self.found.push(Found {
            kind: SendKind::Completion,
            element: Some(Position::Completion.element_id().to_owned()),
            visit: 1,
            text: rendered.text,
        });
        self.progress.position = Position::Completion;
        self.progress.visit = 1;
        self.progress.invalid = 0;
        self.completed = true;
    }

    /// Stops a walk that would not end by itself: completion, and a note of where (F27, RF27).
    fn give_up(&mut self, target: Target) {
        let element = match target {
            Target::Element(position) => self.survey.elements.get(position).map(|element| element.id.clone()),
            Target::Completion => None,
        };
        if let Some(element) = element {
            self.effects.push(Effect::VisitLimit { element });
        }
        self.complete();
    }

    /// The turn: recorded effects, then the SMS one gap apart (P40), then `Complete` (A16).
    pub fn finish(mut self, content: Option<&str>) -> Turn {
        let gap = self.survey.settings.element_gap;
        let mut found = std::mem::take(&mut self.found);
        if self.survey.settings.join_texts {
            found = join_texts(found, content);
        }
        let mut after = Duration::zero();
        let mut content = content.filter(|content| !content.trim().is_empty());
        for found in found {
            let text = match content.take() {
                Some(content) => Composed::join([&Composed::value(content), &found.text]),
                None => found.text,
            };
            self.effects.push(Effect::Send(Send {
                kind: found.kind,
                element: found.element,
                visit: found.visit,
                text,
                after,
            }));
            after = after.checked_add(&gap).unwrap_or(after);
        }
        if self.completed {
            self.effects.push(Effect::Complete);
        }
        Turn { progress: self.progress, effects: self.effects, path: self.path }
    }
}

/// Puts as many of the texts before a question into the question's SMS as one segment holds (`join_texts`);
/// the caller's content counts when it would stand in the same SMS.
fn join_texts(mut found: Vec<Found>, content: Option<&str>) -> Vec<Found> {
    let Some(question) = found.pop_if(|last| last.kind == SendKind::Question) else {
        return found;
    };
    let texts: Vec<Composed> = found.iter().map(|found| found.text.clone()).collect();
    for first in 0..texts.len() {
        let lead = Composed::value(if first == 0 { content.unwrap_or_default() } else { "" });
        let parts = || texts.iter().skip(first).chain([&question.text]);
        let whole = Composed::join(std::iter::once(&lead).chain(parts()));
        if text::length(whole.sms()).segments <= 1 {
            let text = Composed::join(parts());
            found.truncate(first);
            found.push(Found { text, ..question });
            return found;
        }
    }
    found.push(question);
    found
}
