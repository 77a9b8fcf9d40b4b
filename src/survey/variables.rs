//! [`Variables`]: the caller's user session variables, in the order given (P15, P16).

use serde::{Deserialize, Serialize};

/// The keys of seed 003, in the spelling of its table (P18–P25).
pub const KNOWN_KEYS: [&str; 8] = [
    "consumerEmail",
    "consumerPhone",
    "consumerChannel",
    "consumerSession",
    "queueKey",
    "agentId",
    "userGroupId",
    "systemCountry",
];

/// Key and value pairs of one session. Order is kept; names match without regard to case in expressions and
/// placeholders (F32), and are stored as given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Variables(Vec<(String, String)>);

impl Variables {
    /// From pairs in the caller's order.
    #[must_use]
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The value of a variable, its name compared without regard to case; the last one given wins.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key.to_lowercase() == name.to_lowercase())
            .map(|(_, value)| value.as_str())
    }

    /// All pairs in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}
