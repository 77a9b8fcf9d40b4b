//! Surveys read: all of them, and one as it is or as its file.

use actix_web::http::header::{ACCEPT, CONTENT_TYPE, ETAG};
use actix_web::{HttpRequest, HttpResponse, web};

use super::shape::SurveyShape;
use super::{tags, visible};
use crate::app::failure::Failure;
use crate::app::manage_surveys::{SurveyRow, survey_source};
use crate::http::api::Api;
use crate::http::caller::Caller;
use crate::http::lists::{Cursor, Page, Paging};
use crate::http::parameters::Parameters;
use crate::http::problem::{FaultCode, Problem, ProblemCode};

/// Media type of a survey file.
const YAML: &str = "application/yaml";

/// All surveys the key may see.
///
/// # Errors
/// 422 `validation_failed` for the parameters.
#[utoipa::path(
    get,
    path = "/v1/surveys",
    tag = "surveys",
    params(("status" = Option<String>, Query, description = "`draft`, `active` or `archived`"), Paging),
    responses((status = 200, description = "The surveys", body = Page<SurveyShape>)),
    extensions(("x-scope" = json!("surveys:read")))
)]
pub async fn list(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (paging, status) = Paging::of(&request, |parameters| {
        parameters.word("status", &["draft", "active", "archived"].map(|status| (status, status)))
    })?;
    let rows = api.engine.library.all().into_iter();
    let rows = rows
        .filter(|row| caller.sees_survey(&row.id, &row.uuid))
        .filter(|row| status.is_none_or(|status| row.status == status));
    let page = Page::of_all(rows.collect(), &paging, |row| {
        let place = Cursor { updated_at: row.updated_at.and_utc(), id: row.id.clone() };
        (place, row.created_at.and_utc())
    });
    Ok(HttpResponse::Ok().json(page.map(|row| described(&api, &row))))
}

/// One survey, as it is active or as one revision has it. `Accept: application/yaml` gives the file.
///
/// # Errors
/// 404 `survey_not_found`.
#[utoipa::path(
    get,
    path = "/v1/surveys/{survey}",
    tag = "surveys",
    params(
        ("survey" = String, Path, description = "Slug or UUID"),
        ("revision" = Option<i32>, Query, description = "A revision; default the active one, else the latest")
    ),
    responses(
        (status = 200, description = "The survey", body = SurveyShape),
        (status = 404, description = "`survey_not_found`")
    ),
    extensions(("x-scope" = json!("surveys:read")))
)]
pub async fn read(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    survey: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let row = visible(&api, &caller, &survey)?;
    let mut parameters = Parameters::of(request.query_string());
    let named = parameters.text("revision").map(|text| text.parse::<i32>().ok().filter(|n| *n >= 1));
    if named == Some(None) {
        parameters.fault("revision", FaultCode::InvalidParam, "use a whole number from 1");
    }
    parameters.finish()?;
    let named = named.flatten();
    let revision = named.unwrap_or(row.active_revision.unwrap_or(row.latest_revision));
    let tag = tags::of(named.unwrap_or(row.latest_revision));
    if wants_yaml(&request) {
        let id = row.id.clone();
        let source = api.engine.store.read(move |connection| survey_source(connection, &id, revision)).await;
        let source = source.map_err(Failure::from)?.ok_or_else(no_such_revision)?;
        return Ok(HttpResponse::Ok()
            .insert_header((ETAG, tag))
            .insert_header((CONTENT_TYPE, YAML))
            .body(source));
    }
    let found = api.engine.library.revision(&row.id, revision);
    if found.is_none() && named.is_some() {
        return Err(no_such_revision());
    }
    let shape = SurveyShape::new(&row, found.as_deref(), Vec::new());
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).json(shape))
}

fn described(api: &Api, row: &SurveyRow) -> SurveyShape {
    let revision = row.active_revision.unwrap_or(row.latest_revision);
    let survey = api.engine.library.revision(&row.id, revision);
    SurveyShape::new(row, survey.as_deref(), Vec::new())
}

fn no_such_revision() -> Problem {
    Problem::new(ProblemCode::SurveyNotFound, "the survey has no such revision")
}

fn wants_yaml(request: &HttpRequest) -> bool {
    let accepts = request.headers().get_all(ACCEPT);
    let mut types = accepts.filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(','));
    types.any(|one| {
        let essence = one.split(';').next().unwrap_or_default().trim();
        ["application/yaml", "application/x-yaml", "text/yaml"]
            .iter()
            .any(|yaml| essence.eq_ignore_ascii_case(yaml))
    })
}
