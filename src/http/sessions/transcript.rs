//! The messages of a session, sent and received, in the order a person would tell them.

use serde::Serialize;

use crate::app::engine::Engine;
use crate::app::open_texts::open_texts;
use crate::app::sessions::{Parts, SessionRow};
use crate::http::inbound::shape::Inbound;
use crate::http::messages::shape::Message;

/// One SMS of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "direction", rename_all = "lowercase")]
pub enum Entry {
    /// To the person.
    Outbound(Message),
    /// From the person.
    Inbound(Inbound),
}

/// All of them. What was sent stands where its sending began, the rest where it is due; the one sequence decides
/// between those of the same instant (RE11).
#[must_use]
pub fn transcript(engine: &Engine, session: &SessionRow, parts: &Parts, reads_pii: bool) -> Vec<Entry> {
    let survey = engine.library.revision(&session.survey_id, session.revision);
    let open = open_texts(survey.as_deref(), &parts.answers);
    let outbound = parts.messages.iter().map(|row| {
        let at = row.started_at.unwrap_or(row.due_at);
        let order = (at, row.send_seq.unwrap_or(i64::MAX), row.seq);
        (order, Entry::Outbound(Message::of(row, reads_pii)))
    });
    let inbound = parts.inbound.iter().map(|row| {
        let shows_text = reads_pii || open.as_ref().is_none_or(|open| open.contains(row.id.as_str()));
        ((row.received_at, row.recv_seq, 0), Entry::Inbound(Inbound::of(row, reads_pii, shows_text)))
    });
    let mut entries: Vec<_> = outbound.chain(inbound).collect();
    entries.sort_by_key(|(order, _)| *order);
    entries.into_iter().map(|(_, entry)| entry).collect()
}
