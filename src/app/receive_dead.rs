//! A callback item that cannot become a turn is kept as a dead letter, with the item as it came, so that an
//! operator can look at it (RE10, GW3). It never touches a session.

use super::engine::Engine;
use super::receive_message::{InboundMessage, flags_json};
use crate::clock::Timestamp;
use crate::session::Outcome;
use crate::store::inbound::InboundRow;
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};

/// Stores one dead letter.
#[derive(Debug)]
pub struct ReceiveDead {
    engine: Engine,
    row: InboundRow,
}

impl ReceiveDead {
    /// An item that could not be read, with its place in the one sequence.
    #[must_use]
    pub fn unreadable(engine: &Engine, gateway: &str, raw: &str, error: &str, place: i64) -> Self {
        let received_at = engine.clock.now();
        let without_nul = |text: &str| text.chars().filter(|c| *c != '\0').collect::<String>();
        let row = InboundRow {
            id: engine.ids.next(received_at),
            gateway: gateway.to_owned(),
            channel_id: None,
            provider_id: None,
            weak_key: None,
            recv_seq: place,
            received_at: received_at.naive_utc(),
            provider_at: None,
            sender: String::new(),
            destination: String::new(),
            handle: None,
            body: String::new(),
            raw: Some(without_nul(raw)),
            flags: flags_json([]),
            outcome: Outcome::Dead,
            outcome_reason: Some("unreadable".to_owned()),
            session_id: None,
            session_version: None,
            error: Some(error.to_owned()),
            resolved_at: None,
            resolution: None,
        };
        Self { engine: engine.clone(), row }
    }

    /// An SMS whose turn could not even be buried (RE9).
    #[must_use]
    pub fn faulted(engine: &Engine, message: &InboundMessage, error: &str, place: i64) -> Self {
        let mut dead = Self::unreadable(engine, &message.gateway, "", error, place);
        dead.row.provider_id.clone_from(&message.provider_id);
        dead.row.provider_at = message.provider_at.map(|at| at.naive_utc());
        dead.row.sender.clone_from(&message.from);
        dead.row.destination.clone_from(&message.to);
        dead.row.handle.clone_from(&message.handle);
        dead.row.body = message.text.chars().filter(|c| *c != '\0').collect();
        dead.row.raw = None;
        dead.row.flags = flags_json(message.flags.iter().map(|flag| flag.as_str()));
        dead.row.outcome_reason = Some("fault".to_owned());
        dead
    }
}

impl Work for ReceiveDead {
    /// The dead letter's id.
    type Output = String;

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        let provider_id = self.row.provider_id.clone();
        keys.provider_ids.extend(provider_id.map(|id| (self.row.gateway.clone(), id)));
        Ok(())
    }

    fn run(&mut self, space: &mut Space, _: Timestamp) -> Result<String, Fault> {
        let provider_id = self.row.provider_id.as_deref();
        if let Some(known) = provider_id.and_then(|id| space.seen_inbound(&self.row.gateway, id)) {
            return Ok(known.to_owned());
        }
        self.engine.metrics.inbound(&self.row.gateway, Outcome::Dead.as_str());
        space.add_inbound(self.row.clone());
        Ok(self.row.id.clone())
    }
}
