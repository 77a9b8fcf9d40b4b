//! Surveys published and archived.

use actix_web::{HttpRequest, HttpResponse, web};

use super::shape::SurveyShape;
use super::{answer, refusal, tags, visible};
use crate::app::manage_surveys::{archive_survey, publish_survey};
use crate::http::actor::actor;
use crate::http::api::Api;
use crate::http::caller::Caller;
use crate::http::extract::SmallBody;
use crate::http::fields::Fields;
use crate::http::idempotency::{Ticket, answer_change};
use crate::http::problem::Problem;

/// Makes a revision active, by default the latest: new sessions start with it, open ones keep theirs.
///
/// # Errors
/// 404 `survey_not_found`; 422 `survey_invalid`, `validation_failed`.
#[utoipa::path(
    post,
    path = "/v1/surveys/{survey}/publish",
    tag = "surveys",
    params(("survey" = String, Path, description = "Slug or UUID")),
    request_body(content = Object, description = "`{revision?}`"),
    responses(
        (status = 200, description = "The survey", body = SurveyShape),
        (status = 404, description = "`survey_not_found`"),
        (status = 422, description = "`survey_invalid`, `validation_failed`")
    ),
    extensions(("x-scope" = json!("surveys:write")))
)]
pub async fn publish(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    survey: web::Path<String>,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    let row = visible(&api, &caller, &survey)?;
    let json = body.strict()?;
    let mut fields = Fields::of(&json);
    let revision = fields.integer("revision", 1..=i64::from(i32::MAX));
    fields.finish()?;
    let revision = revision.and_then(|number| i32::try_from(number).ok());
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    let (actor, id) = (actor(&api, &caller, &request), row.id.clone());
    let (library, shelf) = (api.engine.library.clone(), api.engine.library.clone());
    let response = answer_change(
        &api.engine,
        ticket,
        move |connection, now| publish_survey(connection, &library, &id, revision, &actor, now),
        move |done| done.apply(&shelf),
        refusal,
        |done| answer(200, done, Vec::new()),
    )
    .await?;
    Ok(tags::tagged(response, &api, &row.id))
}

/// Archives an active survey: no new sessions start; running ones go on.
///
/// # Errors
/// 404 `survey_not_found`; 409 `invalid_state_transition`.
#[utoipa::path(
    post,
    path = "/v1/surveys/{survey}/archive",
    tag = "surveys",
    params(("survey" = String, Path, description = "Slug or UUID")),
    responses(
        (status = 200, description = "The survey", body = SurveyShape),
        (status = 404, description = "`survey_not_found`"),
        (status = 409, description = "`invalid_state_transition`")
    ),
    extensions(("x-scope" = json!("surveys:write")))
)]
pub async fn archive(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    survey: web::Path<String>,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    let row = visible(&api, &caller, &survey)?;
    Fields::of(&body.strict()?).finish()?;
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    let (actor, id) = (actor(&api, &caller, &request), row.id.clone());
    let (library, shelf) = (api.engine.library.clone(), api.engine.library.clone());
    let response = answer_change(
        &api.engine,
        ticket,
        move |connection, now| archive_survey(connection, &library, &id, &actor, now),
        move |done| done.apply(&shelf),
        refusal,
        |done| answer(200, done, Vec::new()),
    )
    .await?;
    Ok(tags::tagged(response, &api, &row.id))
}
