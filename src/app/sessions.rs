//! Sessions with what belongs to them, for reading. Changes nothing.

use super::engine::Engine;
use super::failure::Failure;
use crate::store::{messages, sessions};

pub use crate::store::SessionRow;
pub use crate::store::messages::MessageRow;

/// One session.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn find(engine: &Engine, id: &str) -> Result<Option<SessionRow>, Failure> {
    let id = id.to_owned();
    Ok(engine
        .store
        .read(move |connection| sessions::find(connection, &id))
        .await?)
}

/// The outbound messages of a session in order.
///
/// # Errors
/// [`Failure`] when they cannot be read.
pub async fn messages_of(engine: &Engine, id: &str) -> Result<Vec<MessageRow>, Failure> {
    let id = id.to_owned();
    Ok(engine
        .store
        .read(move |connection| messages::of_session(connection, &id))
        .await?)
}
