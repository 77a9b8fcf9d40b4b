//! Walks over the flow of a survey: what can be reached, what can stand before what, circles and chains of
//! texts. Every walk has its own stack and ends: a file may chain 500 elements.

use std::collections::{BTreeSet, VecDeque};

use super::flow::Flow;

pub(super) fn reachable(flow: &Flow, count: usize) -> Vec<bool> {
    let mut reached = vec![false; count];
    let mut waiting = vec![0_usize];
    while let Some(index) = waiting.pop() {
        match reached.get_mut(index) {
            Some(slot) if !*slot => *slot = true,
            Some(_) | None => continue,
        }
        waiting.extend(flow.followers(index));
    }
    reached
}

/// Per element, the elements from which a way leads to it.
pub(super) fn before(flow: &Flow, count: usize) -> Vec<Vec<bool>> {
    let mut before = vec![vec![false; count]; count];
    for start in (0..count).filter(|start| flow.is_reachable(*start)) {
        let mut waiting: Vec<usize> = flow.followers(start).collect();
        while let Some(index) = waiting.pop() {
            match before.get_mut(index).and_then(|row| row.get_mut(start)) {
                Some(slot) if !*slot => *slot = true,
                Some(_) | None => continue,
            }
            waiting.extend(flow.followers(index));
        }
    }
    before
}

/// A cycle of texts through `start`, beginning with it.
pub(super) fn text_cycle(flow: &Flow, start: usize, is_text: impl Fn(&usize) -> bool) -> Option<Vec<usize>> {
    let mut came_from: Vec<Option<usize>> = vec![None; flow.len()];
    let mut queue = VecDeque::from([start]);
    let mut seen = BTreeSet::from([start]);
    while let Some(at) = queue.pop_front() {
        for next in flow.followers(at).filter(|next| is_text(next)) {
            if next == start {
                let mut cycle = vec![at];
                let mut at = at;
                while let Some(previous) = came_from.get(at).copied().flatten() {
                    cycle.push(previous);
                    at = previous;
                }
                cycle.reverse();
                return Some(cycle);
            }
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

/// How many texts in a row begin at `start`, remembered in `lengths`. An own stack: a file may chain 500 texts.
pub(super) fn text_chain(
    flow: &Flow,
    start: usize,
    is_text: impl Fn(&usize) -> bool + Copy,
    lengths: &mut [Option<usize>],
) {
    let mut stack = vec![start];
    while let Some(&at) = stack.last() {
        let next: Vec<usize> = flow.followers(at).filter(is_text).collect();
        let unknown = next
            .iter()
            .find(|next| lengths.get(**next).copied().flatten().is_none());
        if let Some(unknown) = unknown {
            stack.push(*unknown);
            continue;
        }
        let longest = next
            .iter()
            .filter_map(|next| lengths.get(*next).copied().flatten())
            .max();
        if let Some(slot) = lengths.get_mut(at) {
            *slot = Some(longest.unwrap_or(0) + 1);
        }
        stack.pop();
    }
}
