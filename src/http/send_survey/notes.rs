//! [`Notes`]: the faults and warnings of one call, gathered in the order they are found.

use super::super::problem::{Fault, FaultCode};
use crate::app::warning::{Warning, WarningCode};

/// Characters of a refused value that are repeated to the caller.
const QUOTED_CHARS_MAX: usize = 40;

/// What is to be said about the call.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<Warning>,
}

impl Notes {
    pub(super) fn fault(&mut self, place: &str, code: FaultCode, detail: impl Into<String>) {
        self.faults.push(Fault::new(place, code, detail));
    }

    pub(super) fn duplicate_param(&mut self, place: String) {
        let detail = "the same property came before; send it once";
        self.faults.push(Fault::new(place, FaultCode::DuplicateParam, detail));
    }

    pub(super) fn unknown_property(&mut self, place: String) {
        let detail = "there is no such property; it was ignored";
        self.warnings.push(Warning::new(WarningCode::UnknownProperty, place, detail));
    }

    pub(super) fn placeholder_dropped(&mut self, place: impl Into<String>, placeholder: &str) {
        let detail = format!("{} arrived unexpanded; the value was dropped", quoted(placeholder));
        self.warnings.push(Warning::new(WarningCode::UnexpandedPlaceholder, place, detail));
    }

    pub(super) fn defaulted(&mut self, place: &str, value: &str) {
        let detail = format!("{value} was assumed");
        self.warnings.push(Warning::new(WarningCode::DefaultedProperty, place, detail));
    }
}

/// A caller's value for a message, cut when long.
pub(super) fn quoted(text: &str) -> String {
    if text.chars().count() <= QUOTED_CHARS_MAX {
        text.to_owned()
    } else {
        let start: String = text.chars().take(QUOTED_CHARS_MAX).collect();
        format!("{start}…")
    }
}
