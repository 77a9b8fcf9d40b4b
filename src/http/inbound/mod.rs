//! The inbound log and its dead letters (http-api.md 12).

pub mod shape;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use self::shape::Inbound;
use super::api::Api;
use super::caller::Caller;
use super::extract::SmallBody;
use super::fields::Fields;
use super::idempotency::{self, Ticket};
use super::json;
use super::lists::{Cursor, Page, Paging};
use super::messages::uuid;
use super::parameters::Parameters;
use super::problem::{Problem, ProblemCode};
use super::spans;
use crate::app::dead_letters::{self, ResolveDead, Resolved, Step};
use crate::app::engine::Engine;
use crate::app::open_texts::open_texts;
use crate::app::sessions::{self, InboundFilter, InboundRow};
use crate::session::Outcome;

/// Everything received, in order.
///
/// # Errors
/// 422 for the parameters.
#[utoipa::path(
    get,
    path = "/v1/inbound",
    tag = "operation",
    params(
        ("outcome" = Option<String>, Query, description = "What became of it; `dead` for dead letters"),
        ("gateway" = Option<String>, Query, description = "Name of the gateway"),
        ("phone" = Option<String>, Query, description = "Sender, E.164"),
        ("sessionId" = Option<String>, Query, description = "UUID of the session"),
        ("resolved" = Option<bool>, Query, description = "Dead letters replayed or discarded, or those that wait"),
        Paging
    ),
    responses(
        (status = 200, description = "A page", body = Page<Inbound>),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn list(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (paging, filter) = Paging::of(&request, |parameters| {
        let outcomes = Outcome::ALL.map(|outcome| (outcome.as_str(), outcome));
        InboundFilter {
            outcome: parameters.word("outcome", &outcomes),
            gateway: parameters.text("gateway"),
            phone: spans::phone(parameters),
            session_id: uuid(parameters, "sessionId"),
            is_resolved: parameters.boolean("resolved"),
        }
    })?;
    let found = dead_letters::list(&api.engine, filter, spans::span(&paging)).await?;
    let page = Page::new(found, &paging, |row: &InboundRow| Cursor {
        updated_at: row.received_at.and_utc(),
        id: row.id.clone(),
    });
    let mut data = Vec::with_capacity(page.data.len());
    for row in &page.data {
        data.push(shown(&api.engine, &caller, row).await?);
    }
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: page.next_cursor, has_more: page.has_more }))
}

/// An inbound as this caller may see it.
async fn shown(engine: &Engine, caller: &Caller, row: &InboundRow) -> Result<Inbound, Problem> {
    let reads_pii = caller.reads_pii();
    let shows_text = match &row.session_id {
        Some(session_id) if !reads_pii => is_open(engine, session_id, &row.id).await?,
        Some(_) | None => true,
    };
    Ok(Inbound::of(row, reads_pii, shows_text))
}

/// Whether the text of a session's inbound may be read by anybody.
async fn is_open(engine: &Engine, session_id: &str, inbound_id: &str) -> Result<bool, Problem> {
    let Some(session) = sessions::find(engine, session_id).await? else {
        return Ok(false);
    };
    let survey = engine.library.revision(&session.survey_id, session.revision);
    let has_pii = survey.as_ref().is_none_or(|survey| survey.elements.iter().any(|element| element.pii));
    if !has_pii {
        return Ok(true);
    }
    let parts = sessions::parts_of(engine, session_id).await?;
    let open = open_texts(survey.as_deref(), &parts.answers);
    Ok(open.is_none_or(|open| open.contains(inbound_id)))
}

/// One inbound.
///
/// # Errors
/// 404 `inbound_not_found`.
#[utoipa::path(
    get,
    path = "/v1/inbound/{id}",
    tag = "operation",
    params(("id" = String, Path, description = "UUID of the inbound")),
    responses(
        (status = 200, description = "The inbound", body = Inbound),
        (status = 404, description = "`inbound_not_found`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn one(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Parameters::of(request.query_string()).finish()?;
    let found = dead_letters::find(&api.engine, &id.to_ascii_lowercase()).await?;
    let row = found.ok_or_else(not_found)?;
    Ok(HttpResponse::Ok().json(shown(&api.engine, &caller, &row).await?))
}

fn not_found() -> Problem {
    Problem::new(ProblemCode::InboundNotFound, "no inbound has this id")
}

/// Runs the turn of a dead letter again, at its first place in the order.
///
/// # Errors
/// 404 `inbound_not_found`, 409 `invalid_state_transition`.
#[utoipa::path(
    post,
    path = "/v1/inbound/{id}/replay",
    tag = "operation",
    params(("id" = String, Path, description = "UUID of the inbound")),
    responses(
        (status = 202, description = "The inbound with its outcome", body = Inbound),
        (status = 404, description = "`inbound_not_found`"),
        (status = 409, description = "`invalid_state_transition`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn replay(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    SmallBody(body): SmallBody,
) -> Result<HttpResponse, Problem> {
    resolve(&api, &caller, &request, &id, &body, Step::Replay).await
}

/// Lets a dead letter be.
///
/// # Errors
/// 404 `inbound_not_found`, 409 `invalid_state_transition`.
#[utoipa::path(
    post,
    path = "/v1/inbound/{id}/discard",
    tag = "operation",
    params(("id" = String, Path, description = "UUID of the inbound")),
    responses(
        (status = 200, description = "The inbound", body = Inbound),
        (status = 404, description = "`inbound_not_found`"),
        (status = 409, description = "`invalid_state_transition`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn discard(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    SmallBody(body): SmallBody,
) -> Result<HttpResponse, Problem> {
    resolve(&api, &caller, &request, &id, &body, Step::Discard).await
}

async fn resolve(
    api: &Api,
    caller: &Caller,
    request: &HttpRequest,
    id: &str,
    body: &[u8],
    step: Step,
) -> Result<HttpResponse, Problem> {
    if !body.is_empty() {
        Fields::of(&json::strict(body)?).finish()?;
    }
    let ticket = Ticket::of(api, request, caller, body).await?;
    let work = ResolveDead::new(&api.engine, &id.to_ascii_lowercase(), step, caller.actor());
    let reads_pii = caller.reads_pii();
    let refuse = |resolved: &Resolved| match resolved {
        Resolved::Done(_) => None,
        Resolved::NotFound => Some(not_found()),
        Resolved::Illegal { state } => {
            let detail = format!("this is no dead letter that waits: {state}");
            Some(Problem::invalid_state_transition(state, detail))
        }
    };
    let render = move |resolved: &Resolved| {
        let status = match step {
            Step::Replay => 202,
            Step::Discard => 200,
        };
        let shown = match resolved {
            // A text that may belong to an element marked `pii` is read through the log, which looks it up.
            Resolved::Done(row) => {
                let shows_text = reads_pii || row.session_id.is_none();
                serde_json::to_value(Inbound::of(row, reads_pii, shows_text)).unwrap_or_default()
            }
            Resolved::NotFound | Resolved::Illegal { .. } => Value::Null,
        };
        (status, None, shown.to_string())
    };
    idempotency::answer(&api.engine, ticket, work, refuse, render).await
}
