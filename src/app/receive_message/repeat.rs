//! Repeats: an inbound that was stored before has no second effect (RF17, RF18).

use chrono::Duration;
use sha2::{Digest, Sha256};

use super::{InboundMessage, Origin, ReceiveMessage, Received};
use crate::hex;
use crate::store::Space;

impl ReceiveMessage {
    /// What was answered to the first one, if this is a repeat.
    pub(super) fn repeat(&self, space: &Space) -> Option<Received> {
        if self.origin != Origin::Callback {
            return None;
        }
        let inbound_id = match (&self.message.provider_id, &self.weak_key) {
            (Some(provider_id), _) => space.seen_inbound(&self.message.gateway, provider_id)?.to_owned(),
            (None, Some(weak_key)) => self.weak_repeat(space, weak_key)?,
            (None, None) => return None,
        };
        Some(Received { inbound_id, outcome: None, session_id: None })
    }

    /// RF18: equal text without an id within 5 minutes, and nothing was sent to the session in between.
    fn weak_repeat(&self, space: &Space, weak_key: &str) -> Option<String> {
        let earlier = space
            .weak_matches(weak_key)
            .iter()
            .rev()
            .find(|found| found.received_at > self.received_at.naive_utc() - Duration::minutes(5))?;
        let sent_since = earlier.session_id.as_deref().is_some_and(|session_id| {
            space.sessions.get(session_id).is_none_or(|session| {
                session.handed_over_at.is_some_and(|at| at >= earlier.received_at)
                    || space
                        .messages_of(session_id)
                        .any(|message| message.send_seq.is_some_and(|seq| seq > earlier.recv_seq))
            })
        });
        (!sent_since).then(|| earlier.id.clone())
    }
}

/// Hash of gateway, sender, destination and text: finds an exact repeat without an id (RE5).
pub(super) fn weak_key(message: &InboundMessage) -> String {
    let parts = [&message.gateway, &message.from, &message.to, &message.text];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize().first_chunk::<16>().map_or(&[], <[u8; 16]>::as_slice))
}
