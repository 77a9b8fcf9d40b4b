//! Which texts of a session anybody may read, and which only who may read personal data (http-api.md 1.1).

use std::collections::BTreeSet;

use crate::store::answers::AnswerRow;
use crate::survey::Survey;

/// The inbound whose texts anybody may read; `None` = all. Where a survey has an element marked `pii`, only the
/// answers to its other elements are open: what was not understood may be anything.
#[must_use]
pub fn open_texts<'a>(survey: Option<&Survey>, answers: &'a [AnswerRow]) -> Option<BTreeSet<&'a str>> {
    let has_pii = survey.is_none_or(|survey| survey.elements.iter().any(|element| element.pii));
    has_pii.then(|| {
        let open = answers.iter().filter(|answer| !is_pii(survey, &answer.element_id));
        open.filter_map(|answer| answer.inbound_id.as_deref()).collect()
    })
}

/// Whether a survey marks an element as `pii`; an element that is not known counts as marked.
#[must_use]
pub fn is_pii(survey: Option<&Survey>, element_id: &str) -> bool {
    survey.and_then(|survey| survey.element(element_id)).is_none_or(|element| element.pii)
}
