//! Tells keywords and noise from replies for conversations that are only played (N12–N14).

use crate::session::{self, Command, Keywords};
use crate::survey::play::{Inbound, Player};
use crate::survey::{Element, Kind};

/// What a text is to a played conversation. START changes nothing there: it opts in again and does not revive
/// the session (A58).
#[must_use]
pub fn classify_inbound(keywords: &Keywords, player: &Player<'_>, raw: &str) -> Inbound {
    let free_text = player.question().is_some_and(takes_any_text);
    match keywords.triage(raw, player.opted_out(), free_text) {
        Some(session::Inbound::Command(Command::Stop { .. })) => Inbound::Stop,
        Some(session::Inbound::Command(Command::Help)) => Inbound::Help,
        Some(session::Inbound::Command(Command::Start) | session::Inbound::Noise(_)) => Inbound::Noise,
        None => Inbound::Reply,
    }
}

fn takes_any_text(question: &Element) -> bool {
    matches!(question.kind, Kind::FreeText { .. })
}
