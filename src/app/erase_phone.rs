//! Everything about one person by his phone: reading it, and erasing it (RS11, RF53). An erased person who said
//! stop is not texted again: his stop survives under a keyed hash.

use serde_json::json;

use super::audit::{self, Action, Actor};
use super::engine::Engine;
use super::moment::Moment;
use crate::clock::Timestamp;
use crate::session::Status;
use crate::store::phones::{self, ErasureRow};
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};

pub use crate::store::answers::AnswerRow;
pub use crate::store::consents::{ConsentEventRow, ConsentRow, SuppressionRow};
pub use crate::store::inbound::InboundRow;
pub use crate::store::messages::MessageRow;
pub use crate::store::parts::PartRow;
pub use crate::store::phones::{Dossier, ROWS_MAX};

/// Why sessions and messages of an erased phone end.
const REASON: &str = "erasure";

/// What an erasure did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Its id in the erasure ledger.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Open sessions that were cancelled.
    pub cancelled_sessions: usize,
}

/// Reads everything held about a phone. Whoever sees it unmasked is audited.
///
/// # Errors
/// [`StoreError`] of a query.
pub async fn read_phone(
    engine: &Engine,
    phone: &str,
    unmasked_for: Option<Actor>,
) -> Result<Dossier, StoreError> {
    let hash = engine.store.phone_hash(phone);
    if let Some(actor) = unmasked_for {
        let object = format!("phone:{hash}");
        let note = move |connection: &mut AnyConnection, now: Timestamp| {
            audit::record(connection, &actor, Action::PhoneRead, &object, &json!({}), now)
        };
        engine.store.change(note, |()| {}).await?;
    }
    let phone = phone.to_owned();
    engine.store.read(move |connection| phones::dossier(connection, &phone, &hash)).await
}

/// Erases a phone: open sessions are cancelled, queued messages too; the number and all texts are overwritten.
///
/// # Errors
/// [`StoreError`]: nothing is erased.
pub async fn erase_phone(engine: &Engine, phone: &str, actor: Actor) -> Result<Erased, StoreError> {
    let (at_work, phone) = (engine.clone(), phone.to_owned());
    let erase = move |connection: &mut AnyConnection, now: Timestamp| {
        let engine = at_work.clone();
        let phone_hash = engine.store.phone_hash(&phone);
        let cancel = CancelAll { engine: engine.clone(), phone: phone.clone() };
        let cancelled_sessions = engine.store.turn_within(connection, cancel, now)?;
        let row = ErasureRow {
            id: engine.ids.next(now),
            phone_hash,
            actor: actor.name.clone(),
            erased_at: now.naive_utc(),
        };
        phones::erase(connection, &phone, &row)?;
        let object = format!("phone:{}", row.phone_hash);
        let detail = json!({"erasureId": row.id, "cancelledSessions": cancelled_sessions});
        audit::record(connection, &actor, Action::PhoneErased, &object, &detail, now)?;
        Ok(Erased { id: row.id, at: now, cancelled_sessions })
    };
    engine.store.change(erase, |_| {}).await
}

/// Cancels the open sessions and the waiting messages of a phone.
struct CancelAll {
    engine: Engine,
    phone: String,
}

impl Work for CancelAll {
    type Output = usize;

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.phones.insert(self.phone.clone());
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<usize, Fault> {
        let mut moment = Moment { engine: &self.engine, space, now };
        let mut open: Vec<(bool, String)> = moment
            .space
            .sessions_of(&self.phone)
            .filter(|session| session.status.is_open())
            .map(|session| (session.status == Status::Active, session.id.clone()))
            .collect();
        // Queued sessions first, so that the end of the active one wakes none of them.
        open.sort();
        for (_, id) in &open {
            moment.close_session(id, Status::Cancelled, Some(REASON))?;
        }
        for id in moment.space.open_messages_to(&self.phone) {
            moment.cancel_message(&id, REASON)?;
        }
        Ok(open.len())
    }
}
