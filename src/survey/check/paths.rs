//! The reachable paths (A51): which answer leads where, and the ways through the survey.

use serde::Serialize;

use crate::survey::expr::domain::{Combination, Guess, Standing};
use crate::survey::expr::typing::Scope;
use crate::survey::{Kind, Settings, Target};

use super::Checker;
use super::flow::{Edge, Flow, leads_to, onward, rule_conditions};
use super::steps::{COMPLETION, Step};

/// Most ways through a survey that are listed.
pub const PATHS_MAX: usize = 100;

/// Most steps of the search for ways; a survey of many branches has more ways than anyone reads.
const SEARCH_STEPS_MAX: usize = 20_000;

/// What the checker prints about the flow of a survey.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Paths {
    /// Answer → next element, by element in file order.
    pub rows: Vec<PathRow>,
    /// Ways from the first element to the completion, each element at most once; at most [`PATHS_MAX`].
    pub paths: Vec<Vec<String>>,
    /// There are more ways than listed.
    pub more: bool,
}

/// Where some answers to one element lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathRow {
    /// The element.
    pub element: String,
    /// The answers, as expressions write them; `any` = every answer.
    pub answers: Vec<String>,
    /// Where they lead; several when it depends on more than this answer.
    pub next: Vec<NextRow>,
}

/// One goal of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextRow {
    /// Element id or `completion`.
    pub to: String,
    /// The rule's condition, when it depends on more than this answer.
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

impl Checker<'_> {
    pub(super) fn paths(
        &mut self,
        steps: &[Step<'_>],
        flow: &Flow,
        scope: &Scope,
        settings: &Settings,
    ) -> Paths {
        let mut paths = Paths::default();
        for (index, step) in steps.iter().enumerate().filter(|(index, _)| flow.is_reachable(*index)) {
            paths.rows.extend(self.rows(steps, index, step, flow, scope, settings));
        }
        walk(steps, flow, &mut paths);
        paths
    }

    fn rows(
        &mut self,
        steps: &[Step<'_>],
        index: usize,
        step: &Step<'_>,
        flow: &Flow,
        scope: &Scope,
        settings: &Settings,
    ) -> Vec<PathRow> {
        let row = |answers: Vec<String>, next: Vec<NextRow>| PathRow {
            element: step.name().to_owned(),
            answers,
            next,
        };
        let standing = |id: &str| -> Standing { flow.standing_after(steps, index, id, settings) };
        let space = self.space(&rule_conditions(step), scope, standing);
        let Some(space) = space.filter(|_| !step.rules.is_empty()) else {
            let next = flow.edges(index).map(|edge| NextRow { to: edge_name(steps, edge), condition: None });
            return vec![row(vec!["any".to_owned()], next.collect())];
        };
        let mut outcomes: Vec<(String, Vec<NextRow>)> = Vec::new();
        for combination in space.iter() {
            let answer = answer_name(step, combination.guess(step.name()));
            let next = next_row(steps, index, &combination);
            match outcomes.iter_mut().find(|(known, _)| *known == answer) {
                Some((_, list)) if list.contains(&next) => {}
                Some((_, list)) => list.push(next),
                None => outcomes.push((answer, vec![next])),
            }
        }
        let mut rows: Vec<PathRow> = Vec::new();
        for (answer, mut next) in outcomes {
            // What no rule decides stands last.
            next.sort_by_key(|next| next.condition.is_none());
            if next.len() == 1 {
                for only in &mut next {
                    only.condition = None;
                }
            }
            match rows.iter_mut().find(|row| row.next == next) {
                Some(row) => row.answers.push(answer),
                None => rows.push(row(vec![answer], next)),
            }
        }
        rows
    }
}

fn next_row(steps: &[Step<'_>], index: usize, combination: &Combination<'_>) -> NextRow {
    let target = leads_to(steps, index, combination);
    let rules = steps.get(index).map(|step| step.rules.as_slice()).unwrap_or_default();
    let decided = rules
        .iter()
        .filter(|rule| rule.goto != super::steps::Jump::None)
        .find_map(|rule| rule.condition.as_ref().filter(|condition| combination.holds(condition)));
    NextRow {
        to: target.map_or_else(|| "?".to_owned(), |target| edge_name(steps, target.into())),
        condition: decided
            .filter(|_| target != onward(steps, index) || target == Some(Target::Completion))
            .map(|condition| condition.source().to_owned()),
    }
}

fn edge_name(steps: &[Step<'_>], edge: Edge) -> String {
    match edge {
        Edge::Element(index) => steps.get(index).map_or(COMPLETION, |step| step.name()).to_owned(),
        Edge::Completion => COMPLETION.to_owned(),
    }
}

/// An answer as expressions write it.
fn answer_name(step: &Step<'_>, guess: Option<&Guess>) -> String {
    match guess {
        None | Some(Guess::Any) => "any".to_owned(),
        Some(Guess::Unanswered) => "no answer".to_owned(),
        Some(Guess::Skipped) => "skipped".to_owned(),
        Some(Guess::Number(number)) => number.to_string(),
        Some(Guess::Date(date)) => date.to_string(),
        Some(Guess::Text(text)) if matches!(step.kind, Some(Kind::FreeText { .. })) => match text.as_str() {
            "\u{1}" => "another text".to_owned(),
            text => format!("\"{text}\""),
        },
        Some(Guess::Text(text)) => text.clone(),
        Some(Guess::Choices(chosen)) => {
            let options = step.kind.as_ref().map_or(&[][..], Kind::options);
            let codes = chosen.iter().filter_map(|at| options.get(*at)).map(|option| option.code.as_str());
            codes.collect::<Vec<_>>().join("+")
        }
    }
}

/// Lists the ways through the survey, depth first, each element at most once in a way.
fn walk(steps: &[Step<'_>], flow: &Flow, paths: &mut Paths) {
    if steps.is_empty() {
        return;
    }
    let mut way: Vec<usize> = vec![0];
    let mut branches: Vec<Vec<Edge>> = vec![edges_of(flow, 0)];
    let mut search_steps = 0;
    while let Some(open) = branches.last_mut() {
        search_steps += 1;
        let edge = open.pop();
        if search_steps > SEARCH_STEPS_MAX || (paths.paths.len() >= PATHS_MAX && edge.is_some()) {
            paths.more = true;
            return;
        }
        match edge {
            None => {
                branches.pop();
                way.pop();
            }
            Some(Edge::Completion) => {
                let names = way.iter().map(|index| edge_name(steps, Edge::Element(*index)));
                paths.paths.push(names.chain([COMPLETION.to_owned()]).collect());
            }
            Some(Edge::Element(next)) if !way.contains(&next) => {
                way.push(next);
                branches.push(edges_of(flow, next));
            }
            Some(Edge::Element(_)) => {}
        }
    }
}

/// The last edge is tried first, so they are turned round.
fn edges_of(flow: &Flow, index: usize) -> Vec<Edge> {
    let mut edges: Vec<Edge> = flow.edges(index).collect();
    edges.reverse();
    edges
}
