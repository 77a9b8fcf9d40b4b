//! Triggers (http-api.md 6.3): named causes that send a template or start a survey.

pub mod messages;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::actor::actor;
use super::api::Api;
use super::caller::Caller;
use super::extract::StrictJson;
use super::fields::Fields;
use super::lists::{Cursor, Page, Paging};
use super::problem::{FaultCode, Problem, ProblemCode};
use super::templates::{self, known_channels};
use super::times::shown;
use crate::app::failure::Failure;
use crate::app::proactive::AllowExistingSession;
use crate::app::triggers::{self, Sends, TriggerRow, TriggerWish};

/// Longest id of a trigger, in characters (R07).
const ID_CHARS_MAX: usize = 100;

/// A trigger.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Trigger)]
pub struct TriggerShape {
    /// The client's own id.
    #[schema(example = "welcome")]
    pub trigger_id: String,
    /// What people call it.
    pub name: String,
    /// The template that it sends.
    pub template_id: Option<String>,
    /// The survey that it starts, by slug.
    pub survey_id: Option<String>,
    /// The channel; `null` = the deployment's.
    pub channel_id: Option<String>,
    /// `closed`, `non_active` or `any`.
    pub allow_existing_session: String,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// A trigger to make or to change.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = TriggerBody, rename_all = "camelCase")]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct TriggerBody {
    /// 1 to 255 characters.
    name: String,
    /// A template; this or `surveyId`.
    template_id: Option<String>,
    /// A survey, by slug or UUID; this or `templateId`.
    survey_id: Option<String>,
    /// Default: the deployment's.
    channel_id: Option<String>,
    /// `closed` (default), `non_active` or `any`.
    allow_existing_session: Option<String>,
}

fn shape(row: &TriggerRow) -> TriggerShape {
    TriggerShape {
        trigger_id: row.id.clone(),
        name: row.name.clone(),
        template_id: row.template_id.clone(),
        survey_id: row.survey_id.clone(),
        channel_id: row.channel_id.clone(),
        allow_existing_session: row.allow_existing_session.clone(),
        created_at: shown(row.created_at),
        updated_at: shown(row.updated_at),
    }
}

pub(super) fn not_found() -> Problem {
    Problem::new(ProblemCode::TriggerNotFound, "no trigger has this id")
}

/// Makes a trigger, or changes it as a whole.
///
/// # Errors
/// 404 `template_not_found`, `survey_not_found`, `channel_not_found`; 422 `validation_failed`.
#[utoipa::path(
    put,
    path = "/v1/triggers/{triggerId}",
    tag = "messaging",
    params(("triggerId" = String, Path, description = "The client's own id, 1 to 100 characters")),
    request_body = TriggerBody,
    responses(
        (status = 200, description = "Changed", body = TriggerShape),
        (status = 201, description = "Made", body = TriggerShape),
        (status = 404, description = "`template_not_found`, `survey_not_found`, `channel_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("campaigns:write")))
)]
pub async fn put(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    StrictJson(json): StrictJson,
) -> Result<HttpResponse, Problem> {
    let wish = read(&api, &caller, &id, Fields::of(&json))?;
    let actor = actor(&api, &caller, &request);
    let change =
        api.engine.store.change(move |connection, now| triggers::put(connection, &wish, &actor, now), |_| {});
    let (row, is_new) = change.await.map_err(Failure::from)?.map_err(|_| templates::not_found())?;
    let mut response = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(shape(&row)))
}

fn read(api: &Api, caller: &Caller, id: &str, mut fields: Fields<'_>) -> Result<TriggerWish, Problem> {
    if !(1..=ID_CHARS_MAX).contains(&id.chars().count()) || id.chars().any(char::is_control) {
        fields.fault_at("", FaultCode::InvalidParam, "an id has 1 to 100 visible characters");
    }
    let name = fields.text("name", 1..=255).unwrap_or_default().trim().to_owned();
    fields.require("name");
    let template = fields.text("templateId", 1..=36).map(str::to_ascii_lowercase);
    let survey = fields.text("surveyId", 1..=100).map(str::to_owned);
    if template.is_some() == survey.is_some() {
        fields.fault("templateId", FaultCode::InvalidParam, "name either templateId or surveyId");
    }
    let channel_id = fields.text("channelId", 1..=36).map(str::to_ascii_lowercase);
    let words: Vec<(&str, AllowExistingSession)> =
        AllowExistingSession::ALL.iter().map(|word| (word.as_str(), *word)).collect();
    let allowed = fields.word("allowExistingSession", &words);
    fields.finish()?;
    known_channels(api, caller, channel_id.as_slice())?;
    let sends = match (template, survey) {
        (_, Some(survey)) => {
            let row = api.engine.library.find(&survey).filter(|row| caller.sees_survey(&row.id, &row.uuid));
            let row = row
                .ok_or_else(|| Problem::new(ProblemCode::SurveyNotFound, "no survey has this id or UUID"))?;
            Sends::Survey { survey_id: row.id }
        }
        (template, None) => Sends::Template { template_id: template.unwrap_or_default() },
    };
    Ok(TriggerWish {
        id: id.to_owned(),
        name,
        sends,
        channel_id,
        allow_existing_session: allowed.unwrap_or(AllowExistingSession::Closed),
    })
}

/// All triggers.
///
/// # Errors
/// 422 for the parameters.
#[utoipa::path(
    get,
    path = "/v1/triggers",
    tag = "messaging",
    params(Paging),
    responses((status = 200, description = "The triggers", body = Page<TriggerShape>)),
    extensions(("x-scope" = json!("campaigns:read")))
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (paging, ()) = Paging::of(&request, |_| ())?;
    let page = Page::of_all(triggers::all(&api.engine).await?, &paging, |row| {
        let place = Cursor { updated_at: row.updated_at.and_utc(), id: row.id.clone() };
        (place, row.created_at.and_utc())
    });
    Ok(HttpResponse::Ok().json(page.map(|row| shape(&row))))
}

/// One trigger.
///
/// # Errors
/// 404 `trigger_not_found`.
#[utoipa::path(
    get,
    path = "/v1/triggers/{triggerId}",
    tag = "messaging",
    params(("triggerId" = String, Path, description = "The client's own id")),
    responses(
        (status = 200, description = "The trigger", body = TriggerShape),
        (status = 404, description = "`trigger_not_found`")
    ),
    extensions(("x-scope" = json!("campaigns:read")))
)]
pub async fn one(api: web::Data<Api>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let row = triggers::find(&api.engine, &id).await?.ok_or_else(not_found)?;
    Ok(HttpResponse::Ok().json(shape(&row)))
}

/// Deletes a trigger; feeds keep what it posted.
///
/// # Errors
/// 404 `trigger_not_found`.
#[utoipa::path(
    delete,
    path = "/v1/triggers/{triggerId}",
    tag = "messaging",
    params(("triggerId" = String, Path, description = "The client's own id")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "`trigger_not_found`")
    ),
    extensions(("x-scope" = json!("campaigns:write")))
)]
pub async fn delete(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actor = actor(&api, &caller, &request);
    let change = api
        .engine
        .store
        .change(move |connection, now| triggers::delete(connection, &id, &actor, now), |_| {});
    if change.await.map_err(Failure::from)? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(not_found())
    }
}
