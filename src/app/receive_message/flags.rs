//! What is odd about an inbound, or worth a person's look, though its turn ran: `inbound.flags` (RF35, GW5, GW61).

use super::{ReceiveMessage, Verdict};
use crate::gateway::Flag;
use crate::session::Outcome;

/// A text that asks to be left alone in words that are no keyword: an answer all the same, for a person to read
/// (N14, GW61).
const ASKS_TO_BE_LEFT_ALONE: &str = "asks_to_be_left_alone";

impl ReceiveMessage {
    /// The flags of this inbound, as its row holds them.
    pub(super) fn flags(&self, verdict: &Verdict) -> String {
        let keywords = self.receiving.as_ref().map(|(channel, _)| &channel.keywords);
        let asks = verdict.outcome != Outcome::Keyword
            && keywords.is_some_and(|keywords| keywords.asks_to_be_left_alone(&self.message.text));
        let read = self.message.flags.iter().map(|flag| flag.as_str());
        flags_json(read.chain(asks.then_some(ASKS_TO_BE_LEFT_ALONE)))
    }
}

/// Flags as a row holds them: a JSON list of words.
#[must_use]
pub fn flags_json<'a>(flags: impl IntoIterator<Item = &'a str>) -> String {
    serde_json::json!(flags.into_iter().collect::<Vec<_>>()).to_string()
}

/// What the gateway's reader found odd about a stored inbound.
#[must_use]
pub fn read_flags(words: &[String]) -> Vec<Flag> {
    Flag::ALL.into_iter().filter(|flag| words.iter().any(|word| word == flag.as_str())).collect()
}
