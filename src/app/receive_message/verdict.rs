//! [`Verdict`]: what a turn decided about its inbound.

use crate::app::apply_turn::Applied;
use crate::session::Outcome;

/// What the turn decided about the inbound.
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    pub(super) reason: Option<&'static str>,
    pub(super) session_id: Option<String>,
    pub(super) error: Option<String>,
}

impl Verdict {
    pub(super) fn new(outcome: Outcome, reason: Option<&'static str>) -> Self {
        Self { outcome, reason, session_id: None, error: None }
    }

    pub(super) fn of(outcome: Outcome, reason: Option<&'static str>, session_id: &str) -> Self {
        Self { session_id: Some(session_id.to_owned()), ..Self::new(outcome, reason) }
    }

    /// The outcome of a reply that the interpreter has read.
    pub(super) fn of_reply(applied: &Applied, is_ambiguous: bool, session_id: &str) -> Self {
        Self::of(outcome_of(applied), reason_of(applied, is_ambiguous), session_id)
    }
}

fn outcome_of(applied: &Applied) -> Outcome {
    match (applied.had_effect, applied.was_extra) {
        (true, _) => Outcome::Applied,
        (false, true) => Outcome::Extra,
        (false, false) => Outcome::Ignored,
    }
}

fn reason_of(applied: &Applied, is_ambiguous: bool) -> Option<&'static str> {
    match (applied.refused, &applied.correction_of, is_ambiguous) {
        (Some(reason), _, _) => Some(reason),
        (None, Some(_), _) => Some("correction"),
        (None, None, true) => Some("ambiguous_session"),
        (None, None, false) => None,
    }
}
