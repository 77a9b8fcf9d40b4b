//! Every way an element can go, for the coverage of survey tests. It knows nothing of sessions.

use std::collections::BTreeSet;

use super::{Element, Position, Survey, turn::Branch};

/// Every branch a conversation can take: each rule, the way on when no rule jumps, each `when` that may pass
/// an element over, and each wording.
///
/// A rule set that covers every answer leaves its way on unreachable; that is not looked into here.
#[must_use]
pub fn branches(survey: &Survey) -> BTreeSet<Branch> {
    let completion = Position::Completion.element_id();
    survey
        .elements
        .iter()
        .flat_map(of_element)
        .chain(wordings(completion, survey.completion.variants.len()))
        .collect()
}

fn of_element(element: &Element) -> Vec<Branch> {
    let id = || element.id.clone();
    let mut all = wordings(&element.id, element.variants.len());
    all.extend((0..element.rules.len()).map(|rule| Branch::Rule { element: id(), rule }));
    all.push(Branch::Onward { element: id() });
    if element.when.is_some() {
        all.push(Branch::Passed { element: id() });
    }
    all
}

fn wordings(element: &str, variants: usize) -> Vec<Branch> {
    (0..variants)
        .map(Some)
        .chain([None])
        .map(|variant| Branch::Worded { element: element.to_owned(), variant })
        .collect()
}
