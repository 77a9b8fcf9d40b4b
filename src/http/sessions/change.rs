//! Changing sessions: cancel, resend, release, and the correction of an answer.

use actix_web::{HttpRequest, HttpResponse, web};

use super::answers::answer;
use super::shape::Session;
use super::{not_found, visible};
use crate::app::change_session::{Change, ChangeSession, Changed};
use crate::app::correct_answer::{CorrectAnswer, Corrected, GivenValue, Unfit};
use crate::app::engine::Engine;
use crate::app::failure::Failure;
use crate::http::api::Api;
use crate::http::caller::Caller;
use crate::http::extract::{SmallBody, StrictJson};
use crate::http::fields::Fields;
use crate::http::idempotency::{self, Answer as Rendered, Ticket};
use crate::http::json::{self, Json};
use crate::http::messages::shape::Message;
use crate::http::problem::{Fault, FaultCode, Problem};

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 255;
/// Longest corrected text, in characters; the question's own limit is mostly smaller.
const TEXT_CHARS_MAX: usize = 10_000;
/// Most codes of one corrected answer.
const CODES_MAX: usize = 100;

/// Body of a cancel.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct CancelBody {
    /// Why, 1 to 255 characters; becomes `statusReason`, which is `operator` otherwise.
    pub reason: Option<String>,
}

/// Body of a correction.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct CorrectionBody {
    /// A number, a text, true or false, a date, the code of an option, or a list of codes.
    pub value: serde_json::Value,
    /// Which visit of the question, from 1; the latest by default.
    pub visit: Option<i32>,
    /// Why, 1 to 255 characters.
    pub reason: String,
}

/// Ends a session and cancels its queued messages. No SMS is sent.
///
/// # Errors
/// 404 `session_not_found`, 409 `invalid_state_transition`, 422 for the body.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/cancel",
    tag = "sessions",
    params(("id" = String, Path, description = "UUID of the session")),
    request_body = CancelBody,
    responses(
        (status = 200, description = "The session", body = Session),
        (status = 404, description = "`session_not_found`"),
        (status = 409, description = "`invalid_state_transition`"),
        (status = 422, description = "`validation_failed`, `idempotency_key_reused`")
    ),
    extensions(("x-scope" = json!("sessions:write")))
)]
pub async fn cancel(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    SmallBody(body): SmallBody,
) -> Result<HttpResponse, Problem> {
    let json = parsed(&body)?;
    let mut fields = Fields::of(&json);
    let reason = fields.text("reason", 1..=REASON_CHARS_MAX).map(str::to_owned);
    fields.finish()?;
    change(&api, &caller, &request, &id, &body, Change::Cancel { reason }).await
}

/// Queues the current question again.
///
/// # Errors
/// 404 `session_not_found`, 409 `invalid_state_transition`.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/resend",
    tag = "sessions",
    params(("id" = String, Path, description = "UUID of the session")),
    responses(
        (status = 202, description = "The message that asks again", body = Message),
        (status = 404, description = "`session_not_found`"),
        (status = 409, description = "`invalid_state_transition`")
    ),
    extensions(("x-scope" = json!("sessions:write")))
)]
pub async fn resend(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    SmallBody(body): SmallBody,
) -> Result<HttpResponse, Problem> {
    Fields::of(&parsed(&body)?).finish()?;
    change(&api, &caller, &request, &id, &body, Change::Resend).await
}

/// Ends the halt of a session.
///
/// # Errors
/// 404 `session_not_found`, 409 `invalid_state_transition`.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/release",
    tag = "sessions",
    params(("id" = String, Path, description = "UUID of the session")),
    responses(
        (status = 200, description = "The session", body = Session),
        (status = 404, description = "`session_not_found`"),
        (status = 409, description = "`invalid_state_transition`")
    ),
    extensions(("x-scope" = json!("sessions:write")))
)]
pub async fn release(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    SmallBody(body): SmallBody,
) -> Result<HttpResponse, Problem> {
    Fields::of(&parsed(&body)?).finish()?;
    change(&api, &caller, &request, &id, &body, Change::Release).await
}

fn parsed(body: &[u8]) -> Result<Json, Problem> {
    if body.is_empty() {
        return Ok(Json::Object(Vec::new()));
    }
    Ok(json::strict(body)?)
}

async fn change(
    api: &Api,
    caller: &Caller,
    request: &HttpRequest,
    id: &str,
    body: &[u8],
    change: Change,
) -> Result<HttpResponse, Problem> {
    let engine = &api.engine;
    let ticket = Ticket::of(api, request, caller, body).await?;
    let session_id = visible(engine, caller, id).await?.id;
    let actor = caller.key_id().to_owned();
    let work = ChangeSession { engine: engine.clone(), session_id, change, actor };
    let reads_pii = caller.reads_pii();
    let shown = engine.clone();
    let render = move |changed: &Changed| rendered(&shown, changed, reads_pii);
    idempotency::answer(engine, ticket, work, refusal, render).await
}

fn refusal(changed: &Changed) -> Option<Problem> {
    match changed {
        Changed::Session(_) | Changed::Queued(_) => None,
        Changed::NotFound => Some(not_found()),
        Changed::Illegal { state } => {
            let detail = format!("the session is {state}");
            Some(Problem::invalid_state_transition(state, detail))
        }
    }
}

fn rendered(engine: &Engine, changed: &Changed, reads_pii: bool) -> Rendered {
    let (status, json) = match changed {
        Changed::Session(row) => (200, serde_json::to_string(&Session::of(engine, row, reads_pii))),
        Changed::Queued(row) => (202, serde_json::to_string(&Message::of(row, reads_pii))),
        Changed::NotFound | Changed::Illegal { .. } => (409, Ok(String::new())),
    };
    (status, None, json.unwrap_or_default())
}

/// Corrects an answer. The raw text stays, and the way through the survey is not taken again.
///
/// # Errors
/// 404 `session_not_found`, 422 for a value that the question does not take.
#[utoipa::path(
    put,
    path = "/v1/sessions/{id}/answers/{elementId}",
    tag = "sessions",
    params(
        ("id" = String, Path, description = "UUID of the session"),
        ("elementId" = String, Path, description = "Id of the question")
    ),
    request_body = CorrectionBody,
    responses(
        (status = 200, description = "The answer", body = super::answers::Answer),
        (status = 404, description = "`session_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("sessions:write")))
)]
pub async fn correct(
    api: web::Data<Api>,
    caller: Caller,
    path: web::Path<(String, String)>,
    StrictJson(body): StrictJson,
) -> Result<HttpResponse, Problem> {
    let (id, element_id) = path.into_inner();
    let mut fields = Fields::of(&body);
    let value = fields.json("value").map(given).and_then(|given| {
        given.map_err(|wanted| fields.fault("value", FaultCode::InvalidParam, wanted)).ok()
    });
    let visit = fields.integer("visit", 1..=20).and_then(|visit| i32::try_from(visit).ok());
    let reason = fields.text("reason", 1..=REASON_CHARS_MAX).map(str::to_owned);
    fields.require("value");
    fields.require("reason");
    fields.finish()?;
    let session = visible(&api.engine, &caller, &id).await?;
    let (Some(value), Some(reason)) = (value, reason) else {
        return Err(Failure::Internal.into());
    };
    let work = CorrectAnswer {
        engine: api.engine.clone(),
        session_id: session.id.clone(),
        element_id,
        visit,
        value,
        reason,
        actor: caller.actor(),
    };
    match api.engine.store.write(work).await.map_err(Failure::from)? {
        Corrected::Done(row) => {
            let survey = api.engine.library.revision(&session.survey_id, session.revision);
            // He has just said what the answer is, but not what the person wrote.
            Ok(HttpResponse::Ok().json(answer(survey.as_deref(), &row, caller.reads_pii())))
        }
        Corrected::NotFound => Err(not_found()),
        Corrected::Unfit(unfit) => Err(Problem::validation(vec![unfit_fault(unfit)])),
    }
}

fn given(json: &Json) -> Result<GivenValue, String> {
    let is_short = |text: &str| text.chars().count() <= TEXT_CHARS_MAX && !text.contains('\0');
    match json {
        Json::Text(text) if is_short(text) => Ok(GivenValue::Text(text.clone())),
        Json::Number(digits) => Ok(GivenValue::Number(digits.clone())),
        Json::Bool(value) => Ok(GivenValue::Bool(*value)),
        Json::Array(items) if items.len() <= CODES_MAX => {
            let texts = items.iter().map(|item| match item {
                Json::Text(text) => Ok(text.clone()),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                    Err("a list holds codes of options".to_owned())
                }
            });
            texts.collect::<Result<_, _>>().map(GivenValue::Texts)
        }
        Json::Text(_) => Err(format!("use at most {TEXT_CHARS_MAX} characters, none of them NUL")),
        Json::Array(_) => Err(format!("use at most {CODES_MAX} codes")),
        Json::Null | Json::Object(_) => Err(format!("{} is no value of an answer", json.kind())),
    }
}

fn unfit_fault(unfit: Unfit) -> Fault {
    match unfit {
        Unfit::NoQuestion => Fault::new("", FaultCode::InvalidParam, "the survey has no such question"),
        Unfit::NoAnswer => {
            Fault::new("/visit", FaultCode::InvalidParam, "nothing is registered for this question and visit")
        }
        Unfit::Value(wanted) => Fault::new("/value", FaultCode::InvalidParam, format!("use {wanted}")),
    }
}
