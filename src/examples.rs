//! The example surveys, inside the binary: what runs when there is no configuration at all (T12), and what `demo`
//! plays. They are data; nothing here reads a file.

/// A survey file of the examples.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The survey's id.
    pub id: &'static str,
    /// The survey file.
    pub source: &'static str,
}

/// All of them, by id.
pub const EXAMPLES: [Example; 3] = [
    Example { id: "csat-after-call", source: include_str!("../surveys/csat-after-call.yaml") },
    Example { id: "delivery-follow-up", source: include_str!("../surveys/delivery-follow-up.yaml") },
    Example { id: "nps", source: include_str!("../surveys/nps.yaml") },
];

/// The example with this id.
#[must_use]
pub fn find(id: &str) -> Option<Example> {
    EXAMPLES.into_iter().find(|example| example.id == id)
}

#[cfg(test)]
mod tests {
    use super::EXAMPLES;
    use crate::survey::check::{Context, FileName, check};

    #[test]
    fn every_example_can_run() {
        for example in EXAMPLES {
            let checked =
                check(example.source, &FileName::new(format!("{}.yaml", example.id)), &Context::default());
            assert!(checked.survey.is_some_and(|survey| survey.id() == example.id), "{:?}", checked.findings);
        }
    }
}
