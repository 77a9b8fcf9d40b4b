//! Surveys uploaded: a new one, a new revision, or a check that stores nothing.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};

use super::shape::{CheckShape, SurveyShape, errors, warnings};
use super::{answer, not_found, refusal, tags, visible};
use crate::app::failure::Failure;
use crate::app::installation::Installation;
use crate::app::manage_surveys::Upload;
use crate::http::actor::actor;
use crate::http::api::Api;
use crate::http::caller::Caller;
use crate::http::extract::SurveyBody;
use crate::http::idempotency::{Ticket, answer_change};
use crate::http::problem::{Fault, Problem};
use crate::survey::Survey;
use crate::survey::check::{Checked, FileName, check};

/// A new survey: revision 1, draft until it is published.
///
/// # Errors
/// 409 `survey_id_taken`; 422 `survey_invalid`.
#[utoipa::path(
    post,
    path = "/v1/surveys",
    tag = "surveys",
    request_body(content = String, content_type = "application/yaml", description = "The survey file, YAML or JSON, at most 1 MiB"),
    responses(
        (status = 201, description = "The survey", body = SurveyShape),
        (status = 409, description = "`survey_id_taken`"),
        (status = 422, description = "`survey_invalid`")
    ),
    extensions(("x-scope" = json!("surveys:write")))
)]
pub async fn create(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    body: SurveyBody,
) -> Result<HttpResponse, Problem> {
    let ticket = Ticket::of(&api, &request, &caller, body.source.as_bytes()).await?;
    let (survey, notes) = checked(&api, body.source, FileName::unnamed(body.is_json)).await?;
    if !caller.sees_survey(survey.id(), survey.uuid.as_deref().unwrap_or_default()) {
        return Err(not_found());
    }
    let id = survey.id().to_owned();
    let upload = Upload { survey, ids: api.engine.ids.clone(), actor: actor(&api, &caller, &request) };
    let library = api.engine.library.clone();
    let response = answer_change(
        &api.engine,
        ticket,
        move |connection, now| upload.create(connection, now),
        move |done| done.apply(&library),
        refusal,
        move |done| answer(201, done, notes.clone()),
    )
    .await?;
    Ok(tags::tagged(response, &api, &id))
}

/// A new revision of a survey; it waits to be published. The content of the latest revision makes nothing new.
///
/// # Errors
/// 404 `survey_not_found`; 412 `revision_changed`; 422 `survey_invalid`.
#[utoipa::path(
    put,
    path = "/v1/surveys/{survey}",
    tag = "surveys",
    params(
        ("survey" = String, Path, description = "Slug or UUID"),
        ("If-Match" = Option<String>, Header, description = "`ETag` of the latest revision as it was read")
    ),
    request_body(content = String, content_type = "application/yaml", description = "The survey file, YAML or JSON, at most 1 MiB"),
    responses(
        (status = 200, description = "The survey", body = SurveyShape),
        (status = 404, description = "`survey_not_found`"),
        (status = 412, description = "`revision_changed`"),
        (status = 422, description = "`survey_invalid`")
    ),
    extensions(("x-scope" = json!("surveys:write")))
)]
pub async fn revise(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    survey: web::Path<String>,
    body: SurveyBody,
) -> Result<HttpResponse, Problem> {
    let row = visible(&api, &caller, &survey)?;
    let expected = tags::expected(&request);
    let extension = if body.is_json { "json" } else { "yaml" };
    let name = FileName::new(format!("{}.{extension}", row.id));
    let (survey, notes) = checked(&api, body.source, name).await?;
    let upload = Upload { survey, ids: api.engine.ids.clone(), actor: actor(&api, &caller, &request) };
    let library = api.engine.library.clone();
    let response = answer_change(
        &api.engine,
        None,
        move |connection, now| upload.revise(connection, expected.as_deref(), now),
        move |done| done.apply(&library),
        refusal,
        move |done| answer(200, done, notes.clone()),
    )
    .await?;
    Ok(tags::tagged(response, &api, &row.id))
}

/// Checks a survey file and stores nothing.
///
/// # Errors
/// 413 and 415 for the body; 503 or 500 for faults of ours.
#[utoipa::path(
    post,
    path = "/v1/surveys/check",
    tag = "surveys",
    request_body(content = String, content_type = "application/yaml", description = "The survey file, YAML or JSON, at most 1 MiB"),
    responses((status = 200, description = "What the checker says", body = CheckShape)),
    extensions(("x-scope" = json!("surveys:write")))
)]
pub async fn check_only(
    api: web::Data<Api>,
    _caller: Caller,
    body: SurveyBody,
) -> Result<HttpResponse, Problem> {
    let checked = run_check(&api, body.source, FileName::unnamed(body.is_json)).await?;
    Ok(HttpResponse::Ok().json(CheckShape::of(&checked)))
}

/// The survey of an upload with its warnings.
async fn checked(api: &Api, source: String, name: FileName) -> Result<(Arc<Survey>, Vec<Fault>), Problem> {
    let Checked { survey, findings, .. } = run_check(api, source, name).await?;
    match survey {
        Some(survey) => Ok((Arc::new(survey), warnings(&findings))),
        None => Err(Problem::survey_invalid(errors(&findings))),
    }
}

/// A large survey takes a while to check: not on the threads that serve requests.
async fn run_check(api: &Api, source: String, name: FileName) -> Result<Checked, Problem> {
    let installation = Installation::of(&api.engine);
    web::block(move || check(&source, &name, &installation.context()))
        .await
        .map_err(|_| Failure::Internal.into())
}
