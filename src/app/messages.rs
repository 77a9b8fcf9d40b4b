//! Outbound messages one by one, for operators: reading them, and the three decisions that a person may take
//! about one (http-api.md 4.2, 13.3).

use super::engine::Engine;
use super::failure::Failure;
use super::moment::{Moment, message_mut, session_mut};
use super::settle_message::{fail, record_accepted};
use crate::clock::Timestamp;
use crate::session::MessageState;
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work, listing, messages, sessions};

pub use crate::store::SessionRow;
pub use crate::store::listing::{MessageFilter, Span};
pub use crate::store::messages::MessageRow;

/// One message with its session.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn find(engine: &Engine, id: &str) -> Result<Option<(MessageRow, Option<SessionRow>)>, Failure> {
    let id = id.to_owned();
    let found = engine.store.read(move |connection| {
        let Some(message) = messages::find(connection, &id)? else {
            return Ok(None);
        };
        let session = match &message.session_id {
            Some(session_id) => sessions::find(connection, session_id)?,
            None => None,
        };
        Ok(Some((message, session)))
    });
    Ok(found.await?)
}

/// A page of messages.
///
/// # Errors
/// [`Failure`] when they cannot be read.
pub async fn list(engine: &Engine, filter: MessageFilter, span: Span) -> Result<Vec<MessageRow>, Failure> {
    let found = engine.store.read(move |connection| listing::messages(connection, &filter, &span));
    Ok(found.await?)
}

/// What a person decides about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is not sent: from `due` or `held`.
    Cancel,
    /// It may be sent: from `held`.
    Release,
    /// It was taken by the gateway after all: from `unknown`.
    Accepted,
    /// It was not: from `unknown`.
    Failed,
}

/// What became of a decision.
#[derive(Clone, Debug)]
pub enum Decided {
    /// Carried out.
    Done(Box<MessageRow>),
    /// There is no such message.
    NotFound,
    /// The state does not allow it.
    Illegal(MessageState),
}

/// One decision.
#[derive(Debug)]
pub struct DecideMessage {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The message.
    pub message_id: String,
    /// What shall become of it.
    pub decision: Decision,
}

impl Work for DecideMessage {
    type Output = Decided;

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.messages.insert(self.message_id.clone());
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Decided, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let id = &self.message_id;
        let Some(message) = moment.space.messages.get(id).cloned() else {
            return Ok(Decided::NotFound);
        };
        let is_legal = match self.decision {
            Decision::Cancel => matches!(message.state, MessageState::Due | MessageState::Held),
            Decision::Release => message.state == MessageState::Held,
            Decision::Accepted | Decision::Failed => message.state == MessageState::Unknown,
        };
        if !is_legal {
            return Ok(Decided::Illegal(message.state));
        }
        match self.decision {
            Decision::Cancel => moment.move_message(id, MessageState::Cancelled, Some("operator"))?,
            Decision::Release => moment.move_message(id, MessageState::Due, None)?,
            Decision::Accepted => accept(&mut moment, &message)?,
            Decision::Failed => fail(&mut moment, &message, None, "operator")?,
        }
        Ok(Decided::Done(Box::new(message_mut(moment.space, id)?.clone())))
    }
}

fn accept(moment: &mut Moment<'_>, message: &MessageRow) -> Result<(), Fault> {
    moment.move_message(&message.id, MessageState::Accepted, Some("operator"))?;
    let at = moment.at();
    if let Some(session_id) = &message.session_id {
        session_mut(moment.space, session_id)?.updated_at = at;
    }
    record_accepted(moment, message)
}
