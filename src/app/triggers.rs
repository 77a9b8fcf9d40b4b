//! Triggers (R07): named causes that send a template or start a survey; made, changed and deleted by their own ids.

use serde_json::json;

use super::audit::{self, Action, Actor};
use super::engine::Engine;
use super::failure::Failure;
use super::proactive::AllowExistingSession;
use crate::clock::Timestamp;
use crate::store::{AnyConnection, StoreError, templates};

pub use crate::store::templates::TriggerRow;

/// What a trigger sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sends {
    /// A template.
    Template {
        /// Its id.
        template_id: String,
    },
    /// A survey is started.
    Survey {
        /// Its slug.
        survey_id: String,
    },
}

/// What a caller wants a trigger to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerWish {
    /// The client's own id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it sends.
    pub sends: Sends,
    /// The channel; none = the deployment's.
    pub channel_id: Option<String>,
    /// What an open session means.
    pub allow_existing_session: AllowExistingSession,
}

/// A template that no trigger can send, since there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateNotFound;

/// Makes a trigger or changes it; tells whether it is new.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn put(
    connection: &mut AnyConnection,
    wish: &TriggerWish,
    actor: &Actor,
    now: Timestamp,
) -> Result<Result<(TriggerRow, bool), TemplateNotFound>, StoreError> {
    let at = now.naive_utc();
    let (template_id, survey_id) = match &wish.sends {
        Sends::Template { template_id } => (Some(template_id.clone()), None),
        Sends::Survey { survey_id } => (None, Some(survey_id.clone())),
    };
    if let Some(template_id) = &template_id
        && templates::find_template(connection, template_id)?.is_none()
    {
        return Ok(Err(TemplateNotFound));
    }
    let known = templates::find_trigger(connection, &wish.id)?;
    let row = TriggerRow {
        id: wish.id.clone(),
        name: wish.name.clone(),
        template_id,
        survey_id,
        channel_id: wish.channel_id.clone(),
        allow_existing_session: wish.allow_existing_session.as_str().to_owned(),
        created_at: known.as_ref().map_or(at, |known| known.created_at),
        updated_at: at,
    };
    match &known {
        Some(_) => templates::update_trigger(connection, &row)?,
        None => templates::insert_trigger(connection, &row)?,
    }
    let detail = json!({"templateId": row.template_id, "surveyId": row.survey_id});
    audit::record(connection, actor, Action::TriggerPut, &format!("trigger:{}", row.id), &detail, now)?;
    Ok(Ok((row, known.is_none())))
}

/// Deletes a trigger; whether there was one.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn delete(
    connection: &mut AnyConnection,
    id: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let is_deleted = templates::delete_trigger(connection, id)?;
    if is_deleted {
        let object = format!("trigger:{id}");
        audit::record(connection, actor, Action::TriggerDeleted, &object, &json!({}), now)?;
    }
    Ok(is_deleted)
}

/// One trigger.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn find(engine: &Engine, id: &str) -> Result<Option<TriggerRow>, Failure> {
    let id = id.to_owned();
    Ok(engine.store.read(move |connection| templates::find_trigger(connection, &id)).await?)
}

/// All triggers, oldest first.
///
/// # Errors
/// [`Failure`] when they cannot be read.
pub async fn all(engine: &Engine) -> Result<Vec<TriggerRow>, Failure> {
    Ok(engine.store.read(templates::all_triggers).await?)
}
