//! Sessions with what belongs to them, for reading. Changes nothing.

use super::engine::Engine;
use super::failure::Failure;
use crate::store::{answers, inbound, listing, messages, sessions};

pub use crate::store::SessionRow;
pub use crate::store::answers::AnswerRow;
pub use crate::store::inbound::InboundRow;
pub use crate::store::listing::{InboundFilter, MessageFilter, SessionFilter, Span};
pub use crate::store::messages::MessageRow;

/// Sessions looked at for one page, when variables are asked for: they stand in JSON, which no index knows.
const SCANNED_MAX: usize = 50_000;
/// Sessions read at a time for that.
const SCAN: i64 = 1_000;

/// Everything around one session.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Registered answers.
    pub answers: Vec<AnswerRow>,
    /// Outbound messages in order.
    pub messages: Vec<MessageRow>,
    /// What was received, in order.
    pub inbound: Vec<InboundRow>,
}

/// A page of sessions.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The sessions, one more than asked for when there are more.
    pub sessions: Vec<SessionRow>,
    /// The search was given up here; it goes on after this session.
    pub stopped_at: Option<SessionRow>,
}

/// One session.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn find(engine: &Engine, id: &str) -> Result<Option<SessionRow>, Failure> {
    let id = id.to_owned();
    Ok(engine.store.read(move |connection| sessions::find(connection, &id)).await?)
}

/// The outbound messages of a session in order.
///
/// # Errors
/// [`Failure`] when they cannot be read.
pub async fn messages_of(engine: &Engine, id: &str) -> Result<Vec<MessageRow>, Failure> {
    let id = id.to_owned();
    Ok(engine.store.read(move |connection| messages::of_session(connection, &id)).await?)
}

/// What belongs to a session.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn parts_of(engine: &Engine, id: &str) -> Result<Parts, Failure> {
    let id = id.to_owned();
    let parts = engine.store.read(move |connection| {
        Ok(Parts {
            answers: answers::of_session(connection, &id)?,
            messages: messages::of_session(connection, &id)?,
            inbound: inbound::of_session(connection, &id)?,
        })
    });
    Ok(parts.await?)
}

/// Sessions that fit a filter and hold all the given variables; `span.limit` counts one more than the page.
///
/// # Errors
/// [`Failure`] when they cannot be read.
pub async fn list(
    engine: &Engine,
    filter: SessionFilter,
    variables: Vec<(String, String)>,
    span: Span,
) -> Result<Found, Failure> {
    let wanted = usize::try_from(span.limit).unwrap_or(usize::MAX);
    let found = engine.store.read(move |connection| {
        if variables.is_empty() {
            let sessions = listing::sessions(connection, &filter, &span)?;
            return Ok(Found { sessions, stopped_at: None });
        }
        let mut found = Found::default();
        let mut span = Span { limit: SCAN, ..span };
        for _ in 0..SCANNED_MAX / 1_000 {
            let scanned = listing::sessions(connection, &filter, &span)?;
            let is_end = scanned.len() < 1_000;
            let last = scanned.last().cloned();
            for session in scanned {
                if holds(&session, &variables) && found.sessions.len() < wanted {
                    found.sessions.push(session);
                }
            }
            let (Some(last), true) = (last, found.sessions.len() < wanted && !is_end) else {
                return Ok(found);
            };
            span.after = Some((last.updated_at, last.id.clone()));
            found.stopped_at = Some(last);
        }
        Ok(found)
    });
    let mut found = found.await?;
    if found.sessions.len() >= wanted {
        found.stopped_at = None;
    }
    Ok(found)
}

fn holds(session: &SessionRow, wanted: &[(String, String)]) -> bool {
    let given = session.variables().ok();
    wanted.iter().all(|(key, value)| given.and_then(|given| given.get(key)) == Some(value.as_str()))
}
