//! The inbound log and what an operator does with its dead letters: run the same turn again, or let it be (RE33).
//! A replay keeps its place in the one sequence, so it becomes an extra if the session has moved on.

use serde_json::json;

use super::audit::{self, Action, Actor};
use super::engine::Engine;
use super::failure::Failure;
use super::receive_message::{InboundMessage, ReceiveMessage, Received, read_flags};
use crate::clock::Timestamp;
use crate::gateway::CallbackItem;
use crate::session::Outcome;
use crate::store::inbound::{self, InboundRow};
use crate::store::listing::{self, InboundFilter, Span};
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};

/// One inbound.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn find(engine: &Engine, id: &str) -> Result<Option<InboundRow>, Failure> {
    let id = id.to_owned();
    Ok(engine.store.read(move |connection| inbound::find(connection, &id)).await?)
}

/// A page of the inbound log.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn list(engine: &Engine, filter: InboundFilter, span: Span) -> Result<Vec<InboundRow>, Failure> {
    let found = engine.store.read(move |connection| listing::inbound(connection, &filter, &span));
    Ok(found.await?)
}

/// What is done with a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Run its turn again.
    Replay,
    /// Nothing more.
    Discard,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Resolved {
    /// The inbound as it is now.
    Done(Box<InboundRow>),
    /// There is no such inbound.
    NotFound,
    /// It is no dead letter that waits, or it still cannot be read.
    Illegal {
        /// Its outcome, or its resolution.
        state: String,
    },
}

/// One step with a dead letter.
#[derive(Debug)]
pub struct ResolveDead {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The inbound.
    pub inbound_id: String,
    /// What is done.
    pub step: Step,
    /// Who asked for it.
    pub actor: Actor,
    /// The inbound as the transaction found it, and its turn.
    found: Option<(InboundRow, Option<ReceiveMessage>)>,
}

impl ResolveDead {
    /// A step that has not begun.
    #[must_use]
    pub fn new(engine: &Engine, inbound_id: &str, step: Step, actor: Actor) -> Self {
        Self { engine: engine.clone(), inbound_id: inbound_id.to_owned(), step, actor, found: None }
    }

    fn keep(&self, space: &mut Space, row: InboundRow, now: Timestamp) -> Result<Resolved, Fault> {
        let action = match self.step {
            Step::Replay => Action::DeadLetterReplayed,
            Step::Discard => Action::DeadLetterDiscarded,
        };
        let object = format!("inbound:{}", row.id);
        let detail = json!({"outcome": row.outcome.as_str()});
        audit::record(space, &self.actor, action, &object, &detail, now)?;
        space.inbound.overwrite(row.id.clone(), row.clone());
        Ok(Resolved::Done(Box::new(row)))
    }

    /// After the turn: its row stands in the space. A turn that ends as a dead letter again waits again.
    fn after_replay(&self, space: &mut Space, now: Timestamp) -> Result<Resolved, Fault> {
        let missing = || Fault::Invariant(format!("inbound {} was not written", self.inbound_id));
        let mut row = space.inbound.get(&self.inbound_id).cloned().ok_or_else(missing)?;
        if row.outcome != Outcome::Dead {
            row.resolved_at = Some(now.naive_utc());
            row.resolution = Some("replayed".to_owned());
        }
        self.keep(space, row, now)
    }
}

impl Work for ResolveDead {
    type Output = Resolved;

    fn keys(&mut self, connection: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        self.found = None;
        let Some(row) = inbound::find_to_change(connection, &self.inbound_id)? else {
            return Ok(());
        };
        let mut turn = (self.step == Step::Replay)
            .then(|| message_of(&self.engine, &row))
            .flatten()
            .map(|message| ReceiveMessage::again(&self.engine, message, &row));
        if let Some(turn) = &mut turn {
            turn.keys(connection, keys)?;
        }
        self.found = Some((row, turn));
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Resolved, Fault> {
        let Some((row, turn)) = &mut self.found else {
            return Ok(Resolved::NotFound);
        };
        // Another step of the same batch may have come first.
        let row = space.inbound.get(&row.id).unwrap_or(row).clone();
        if row.outcome != Outcome::Dead || row.resolved_at.is_some() {
            let state = row.resolution.unwrap_or_else(|| row.outcome.as_str().to_owned());
            return Ok(Resolved::Illegal { state });
        }
        match (self.step, turn) {
            (Step::Discard, _) => {
                let row = InboundRow {
                    resolved_at: Some(now.naive_utc()),
                    resolution: Some("discarded".to_owned()),
                    ..row
                };
                self.keep(space, row, now)
            }
            (Step::Replay, None) => Ok(Resolved::Illegal { state: "unreadable".to_owned() }),
            (Step::Replay, Some(turn)) => {
                let _: Received = turn.run(space, now)?;
                self.after_replay(space, now)
            }
        }
    }

    fn bury(&mut self, space: &mut Space, now: Timestamp, fault: &Fault) -> Result<Resolved, Fault> {
        let Some((_, Some(turn))) = &mut self.found else {
            return Err(Fault::Invariant(fault.to_string()));
        };
        let _: Received = turn.bury(space, now, fault)?;
        self.after_replay(space, now)
    }
}

/// The SMS as it came: from its columns, or read once more from the raw item.
fn message_of(engine: &Engine, row: &InboundRow) -> Option<InboundMessage> {
    let Some(raw) = row.raw.as_deref().filter(|raw| !raw.is_empty()) else {
        return Some(InboundMessage {
            gateway: row.gateway.clone(),
            provider_id: row.provider_id.clone(),
            from: row.sender.clone(),
            to: row.destination.clone(),
            text: row.body.clone(),
            handle: row.handle.clone(),
            reply_to: None,
            intent: None,
            provider_at: row.provider_at.map(|at| at.and_utc()),
            flags: read_flags(&row.flags()),
        });
    };
    let gateway = engine.gateways.get(&row.gateway)?;
    match gateway.parse_again(raw)? {
        CallbackItem::Inbound(inbound) => {
            Some(super::receive_callback::message_of(row.gateway.clone(), inbound))
        }
        CallbackItem::Report(_) | CallbackItem::Dead { .. } => None,
    }
}
