//! Variants, rules and the completion on their way from the file to the survey. A broken field is `None`, so
//! that everything around it can still be checked.

use crate::survey::Text;
use crate::survey::definition::file::{RuleFile, VariantFile};
use crate::survey::element::Variant;
use crate::survey::expr::Expr;
use crate::survey::survey::Completion;

use super::steps::Jump;

/// A variant being checked.
pub(super) struct DraftVariant<'f> {
    pub(super) file: &'f VariantFile,
    pub(super) condition: Option<Expr>,
    pub(super) text: Option<Text>,
}

/// A rule being checked.
pub(super) struct DraftRule<'f> {
    pub(super) file: &'f RuleFile,
    pub(super) condition: Option<Expr>,
    pub(super) goto: Jump,
}

/// The completion being checked.
pub(super) struct DraftCompletion<'f> {
    pub(super) text: Option<Text>,
    pub(super) variants: Vec<DraftVariant<'f>>,
}

impl DraftCompletion<'_> {
    /// The finished completion; `None` when a part is broken.
    pub(super) fn into_completion(self) -> Option<Completion> {
        Some(Completion {
            text: self.text?,
            variants: finished_variants(self.variants)?,
        })
    }
}

/// The finished variants; `None` when a part is broken.
pub(super) fn finished_variants(variants: Vec<DraftVariant<'_>>) -> Option<Vec<Variant>> {
    let finished = variants.into_iter().map(|variant| {
        Some(Variant {
            condition: variant.condition?,
            text: variant.text?,
        })
    });
    finished.collect()
}
