//! The expression language of rules, `when` and variants (survey-file.md §4): typed, total, no arithmetic.

/// A checked expression: it has a value for every session (F29).
#[derive(Clone, Debug)]
pub struct Expr {
    // The checked tree; built by the checker.
}
