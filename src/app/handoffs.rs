//! Handoffs (http-api.md 7.2): stored routing set-ups that campaigns name: channels, a template, a skill, and how long a
//! reply is tied to them.

use serde_json::json;

use super::audit::{self, Action, Actor};
use super::engine::Engine;
use super::failure::Failure;
use crate::clock::Timestamp;
use crate::store::{AnyConnection, StoreError, templates};

pub use crate::store::templates::HandoffRow;

/// How long a reply is tied to a handoff when nobody says otherwise: 30 days (requirements.md 7.2).
const LOOKBACK_SECONDS: i64 = 30 * 24 * 3_600;

/// What a caller wants a handoff to be; `None` = as it is, or the default for a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the properties of http-api.md 7.2")]
pub struct HandoffWish {
    pub name: Option<String>,
    pub channel_ids: Option<Vec<String>>,
    pub skill: Option<String>,
    pub template_id: Option<String>,
    pub lookback_seconds: Option<i64>,
}

/// Why a handoff is not made or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandoffRefused {
    /// No such handoff.
    NotFound,
    /// No template has that id.
    TemplateNotFound,
}

/// Makes a handoff, or changes the one of an id: the properties given.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn put(
    engine: &Engine,
    connection: &mut AnyConnection,
    id: Option<&str>,
    wish: &HandoffWish,
    actor: &Actor,
    now: Timestamp,
) -> Result<Result<HandoffRow, HandoffRefused>, StoreError> {
    let at = now.naive_utc();
    let known = match id {
        Some(id) => match templates::find_handoff(connection, id)? {
            Some(row) => Some(row),
            None => return Ok(Err(HandoffRefused::NotFound)),
        },
        None => None,
    };
    if let Some(template_id) = &wish.template_id
        && templates::find_template(connection, template_id)?.is_none()
    {
        return Ok(Err(HandoffRefused::TemplateNotFound));
    }
    let is_new = known.is_none();
    let mut row = known.unwrap_or_else(|| HandoffRow {
        id: engine.ids.next(now),
        name: String::new(),
        channel_ids: "[]".to_owned(),
        skill: String::new(),
        template_id: None,
        lookback_seconds: LOOKBACK_SECONDS,
        created_at: at,
        updated_at: at,
    });
    row.name = wish.name.clone().unwrap_or(row.name);
    row.channel_ids = wish.channel_ids.as_ref().map_or(row.channel_ids, |list| json!(list).to_string());
    row.skill = wish.skill.clone().unwrap_or(row.skill);
    row.template_id = wish.template_id.clone().or(row.template_id);
    row.lookback_seconds = wish.lookback_seconds.unwrap_or(row.lookback_seconds);
    row.updated_at = at;
    let action = if is_new {
        templates::insert_handoff(connection, &row)?;
        Action::HandoffCreated
    } else {
        templates::update_handoff(connection, &row)?;
        Action::HandoffChanged
    };
    audit::record(
        connection,
        actor,
        action,
        &format!("handoff:{}", row.id),
        &json!({"name": row.name}),
        now,
    )?;
    Ok(Ok(row))
}

/// One handoff.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn find(engine: &Engine, id: &str) -> Result<Option<HandoffRow>, Failure> {
    let id = id.to_owned();
    Ok(engine.store.read(move |connection| templates::find_handoff(connection, &id)).await?)
}

/// All handoffs, oldest first.
///
/// # Errors
/// [`Failure`] when they cannot be read.
pub async fn all(engine: &Engine) -> Result<Vec<HandoffRow>, Failure> {
    Ok(engine.store.read(templates::all_handoffs).await?)
}
