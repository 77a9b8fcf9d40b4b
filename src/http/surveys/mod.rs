//! Surveys (http-api.md 3): uploaded, checked, published, archived, read and played. An upload is the survey
//! file itself, YAML or JSON.

mod shape;
pub mod simulate;
mod tags;

use std::sync::Arc;

use actix_web::http::header::{CONTENT_TYPE, ETAG};
use actix_web::{HttpRequest, HttpResponse, web};

pub use shape::{CheckShape, SurveyShape};

use super::actor::actor;
use super::api::Api;
use super::caller::Caller;
use super::extract::{SmallBody, SurveyBody};
use super::fields::Fields;
use super::idempotency::{Answer, Ticket, answer_change};
use super::lists::{Cursor, Page, Paging};
use super::parameters::Parameters;
use super::problem::{Fault, FaultCode, Problem, ProblemCode};
use crate::app::failure::Failure;
use crate::app::manage_surveys::{
    ManagedSurvey, SurveyRefused, SurveyRow, Upload, archive_survey, publish_survey, survey_source,
};
use crate::survey::Survey;
use crate::survey::check::{Checked, Context, FileName, check};
use shape::{errors, warnings};

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
    params(("status" = Option<String>, Query, description = "`draft`, `active` or `archived`")),
    responses((status = 200, description = "The surveys", body = Page<SurveyShape>)),
    extensions(("x-scope" = json!("surveys:read")))
)]
pub async fn list(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(request.query_string());
    let paging = Paging::take(&mut parameters);
    let states = ["draft", "active", "archived"].map(|state| (state, state));
    let status = parameters.word("status", &states);
    parameters.finish()?;
    let rows = api.engine.library.all().into_iter();
    let rows = rows
        .filter(|row| caller.sees_survey(&row.id, &row.uuid))
        .filter(|row| status.is_none_or(|status| row.status == status));
    let page = Page::of_all(rows.collect(), &paging, |row| {
        let place = Cursor {
            updated_at: row.updated_at.and_utc(),
            id: row.id.clone(),
        };
        (place, row.created_at.and_utc())
    });
    let Page {
        data,
        next_cursor,
        has_more,
    } = page;
    let data: Vec<SurveyShape> = data.iter().map(|row| described(&api, row)).collect();
    Ok(HttpResponse::Ok().json(Page {
        data,
        next_cursor,
        has_more,
    }))
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
        (status = 404, description = "`survey_not_found`", body = super::problem::ProblemSchema)
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
    let named = parameters
        .text("revision")
        .map(|text| text.parse::<i32>().ok().filter(|n| *n >= 1));
    if named == Some(None) {
        parameters.fault("revision", FaultCode::InvalidParam, "use a whole number from 1");
    }
    parameters.finish()?;
    let named = named.flatten();
    let revision = named.unwrap_or(row.active_revision.unwrap_or(row.latest_revision));
    let tag = tags::of(named.unwrap_or(row.latest_revision));
    if wants_yaml(&request) {
        let id = row.id.clone();
        let source = api
            .engine
            .store
            .read(move |connection| survey_source(connection, &id, revision))
            .await;
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
        (status = 409, description = "`survey_id_taken`", body = super::problem::ProblemSchema),
        (status = 422, description = "`survey_invalid`", body = super::problem::ProblemSchema)
    ),
    extensions(("x-scope" = json!("surveys:write")))
)]
pub async fn create(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    body: SurveyBody,
) -> Result<HttpResponse, Problem> {
    let ticket = Ticket::of(&request, &caller, body.source.as_bytes())?;
    let (survey, notes) = checked(body.source, FileName::unnamed(body.is_json)).await?;
    if !caller.sees_survey(survey.id(), survey.uuid.as_deref().unwrap_or_default()) {
        return Err(not_found());
    }
    let id = survey.id().to_owned();
    let upload = Upload {
        survey,
        ids: api.engine.ids.clone(),
        actor: actor(&api, &caller, &request),
    };
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
        (status = 404, description = "`survey_not_found`", body = super::problem::ProblemSchema),
        (status = 412, description = "`revision_changed`", body = super::problem::ProblemSchema),
        (status = 422, description = "`survey_invalid`", body = super::problem::ProblemSchema)
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
    let (survey, notes) = checked(body.source, name).await?;
    let upload = Upload {
        survey,
        ids: api.engine.ids.clone(),
        actor: actor(&api, &caller, &request),
    };
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
pub async fn check_only(_caller: Caller, body: SurveyBody) -> Result<HttpResponse, Problem> {
    let checked = run_check(body.source, FileName::unnamed(body.is_json)).await?;
    Ok(HttpResponse::Ok().json(CheckShape::of(&checked)))
}

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
        (status = 404, description = "`survey_not_found`", body = super::problem::ProblemSchema),
        (status = 422, description = "`survey_invalid`, `validation_failed`", body = super::problem::ProblemSchema)
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
    let ticket = Ticket::of(&request, &caller, &body.0)?;
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
        (status = 404, description = "`survey_not_found`", body = super::problem::ProblemSchema),
        (status = 409, description = "`invalid_state_transition`", body = super::problem::ProblemSchema)
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
    let ticket = Ticket::of(&request, &caller, &body.0)?;
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

/// The survey of a path, if it exists for the caller.
fn visible(api: &Api, caller: &Caller, named: &str) -> Result<SurveyRow, Problem> {
    api.engine
        .library
        .find(named)
        .filter(|row| caller.sees_survey(&row.id, &row.uuid))
        .ok_or_else(not_found)
}

fn described(api: &Api, row: &SurveyRow) -> SurveyShape {
    let revision = row.active_revision.unwrap_or(row.latest_revision);
    let survey = api.engine.library.revision(&row.id, revision);
    SurveyShape::new(row, survey.as_deref(), Vec::new())
}

/// The survey of an upload with its warnings.
async fn checked(source: String, name: FileName) -> Result<(Arc<Survey>, Vec<Fault>), Problem> {
    let Checked { survey, findings, .. } = run_check(source, name).await?;
    match survey {
        Some(survey) => Ok((Arc::new(survey), warnings(&findings))),
        None => Err(Problem::survey_invalid(errors(&findings))),
    }
}

/// A large survey takes a while to check: not on the threads that serve requests.
async fn run_check(source: String, name: FileName) -> Result<Checked, Problem> {
    web::block(move || check(&source, &name, &Context::default()))
        .await
        .map_err(|_| Failure::Internal.into())
}

fn answer(status: u16, done: &ManagedSurvey, notes: Vec<Fault>) -> Answer {
    let location = (status == 201).then(|| format!("/v1/surveys/{}", done.row.id));
    let shape = SurveyShape::new(&done.row, Some(&done.survey), notes);
    (status, location, serde_json::json!(shape).to_string())
}

fn not_found() -> Problem {
    Problem::new(ProblemCode::SurveyNotFound, "no survey has this id or UUID")
}

fn no_such_revision() -> Problem {
    Problem::new(ProblemCode::SurveyNotFound, "the survey has no such revision")
}

fn wants_yaml(request: &HttpRequest) -> bool {
    let accepts = request.headers().get_all(actix_web::http::header::ACCEPT);
    let mut types = accepts
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','));
    types.any(|one| {
        let essence = one.split(';').next().unwrap_or_default().trim();
        ["application/yaml", "application/x-yaml", "text/yaml"]
            .iter()
            .any(|yaml| essence.eq_ignore_ascii_case(yaml))
    })
}

fn refusal(refused: SurveyRefused) -> Problem {
    match refused {
        SurveyRefused::NotFound => not_found(),
        SurveyRefused::RevisionNotFound => {
            let detail = "the survey has no such revision";
            Problem::validation(vec![Fault::new("/revision", FaultCode::InvalidParam, detail)])
        }
        SurveyRefused::IdTaken => Problem::new(
            ProblemCode::SurveyIdTaken,
            "send a new revision with PUT, or choose another id",
        ),
        SurveyRefused::UuidTaken => {
            let detail =
                "the uuid is another survey's, or this survey has another one already; remove the key";
            Problem::survey_invalid(vec![Fault::of_checker("/uuid", "E15", detail)])
        }
        SurveyRefused::RevisionChanged { latest } => Problem::new(
            ProblemCode::RevisionChanged,
            format!("the latest revision is {latest}"),
        ),
        SurveyRefused::Unchecked { revision } => {
            let detail =
                format!("revision {revision} does not pass the check of this version; upload it again");
            Problem::survey_invalid(vec![Fault::of_checker("", "E16", detail)])
        }
        SurveyRefused::WrongState { current } => {
            Problem::invalid_state_transition(&current, "only an active survey is archived")
        }
    }
}
