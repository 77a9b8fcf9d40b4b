//! Event webhooks (http-api.md 11): receivers of events made, changed, tried, replayed, and the calls made to them. A
//! secret is in one answer only; a repeat under the same `Idempotency-Key` gets that answer without it.

mod shape;

use actix_web::{HttpRequest, HttpResponse, web};

pub use shape::{AttemptShape, ReplayBody, SecretShape, TestShape, WebhookBody, WebhookShape};

use super::actor::actor;
use super::api::Api;
use super::caller::Caller;
use super::extract::SmallBody;
use super::fields::Fields;
use super::idempotency::{Answer, Ticket, answer_change, replayed, response};
use super::lists::{Cursor, Page, Paging};
use super::problem::{Fault, FaultCode, Problem, ProblemCode};
use super::spans::span;
use crate::app::api_key::Scope;
use crate::app::change_once::{Connection, StoreError, change_once};
use crate::app::failure::Failure;
use crate::app::idempotency::Keyed;
use crate::app::manage_webhooks::{
    WEBHOOKS_MAX, WebhookDesk, WebhookRefused, WebhookRow, WebhookWish, find_webhook, list_attempts,
    list_webhooks,
};
use crate::clock::Timestamp;

/// All webhooks.
///
/// # Errors
/// 422 `validation_failed` for the parameters.
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    tag = "webhooks",
    params(Paging),
    responses((status = 200, description = "The webhooks, without their secrets", body = Page<WebhookShape>)),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (paging, ()) = Paging::of(&request, |_| ())?;
    let rows = api.engine.store.read(list_webhooks).await.map_err(Failure::from)?;
    let page = Page::of_all(rows, &paging, |row| {
        let place = Cursor { updated_at: row.updated_at.and_utc(), id: row.id.clone() };
        (place, row.created_at.and_utc())
    });
    Ok(HttpResponse::Ok().json(page.map(|row| WebhookShape::of(&row))))
}

/// One webhook.
///
/// # Errors
/// 404 `webhook_not_found`.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}",
    tag = "webhooks",
    params(("id" = String, Path, description = "Its UUID")),
    responses(
        (status = 200, description = "The webhook", body = WebhookShape),
        (status = 404, description = "`webhook_not_found`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn read(api: web::Data<Api>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let found = api.engine.store.read(move |connection| find_webhook(connection, &id)).await;
    match found.map_err(Failure::from)? {
        Some(row) => Ok(HttpResponse::Ok().json(WebhookShape::of(&row))),
        None => Err(refusal(WebhookRefused::NotFound)),
    }
}

/// Makes a webhook. Its secret is in this answer only.
///
/// # Errors
/// 403 `insufficient_scope` for `includePii` without `pii:read`; 404 `survey_not_found`; 422 `validation_failed`.
#[utoipa::path(
    post,
    path = "/v1/webhooks",
    tag = "webhooks",
    request_body = WebhookBody,
    responses(
        (status = 201, description = "The webhook with its secret", body = SecretShape),
        (status = 404, description = "`survey_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn create(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    let wish = wish(&api, &caller, &body, true)?;
    let desk = desk(&api, &caller, &request);
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    with_secret(&api, ticket, desk, 201, move |desk, connection, now| desk.create(connection, &wish, now))
        .await
}

/// Changes a webhook: the properties given, each as a whole. Enabled again, it is told what has waited.
///
/// # Errors
/// 403 `insufficient_scope` for `includePii` without `pii:read`; 404 `webhook_not_found`, `survey_not_found`; 422
/// `validation_failed`.
#[utoipa::path(
    patch,
    path = "/v1/webhooks/{id}",
    tag = "webhooks",
    params(("id" = String, Path, description = "Its UUID")),
    request_body = WebhookBody,
    responses(
        (status = 200, description = "The webhook", body = WebhookShape),
        (status = 404, description = "`webhook_not_found`, `survey_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn change(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    let wish = wish(&api, &caller, &body, false)?;
    let desk = desk(&api, &caller, &request);
    let showing = desk.clone();
    answer_change(
        &api.engine,
        None,
        move |connection, now| desk.change(connection, &id, &wish, now),
        move |row| showing.show(row),
        refusal,
        |row| (200, None, serde_json::json!(WebhookShape::of(row)).to_string()),
    )
    .await
}

/// Deletes a webhook, what waits for it and the list of its attempts.
///
/// # Errors
/// 404 `webhook_not_found`.
#[utoipa::path(
    delete,
    path = "/v1/webhooks/{id}",
    tag = "webhooks",
    params(("id" = String, Path, description = "Its UUID")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "`webhook_not_found`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn delete(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let desk = desk(&api, &caller, &request);
    let (id, webhooks) = (id.into_inner(), api.engine.webhooks.clone());
    let wanted = id.clone();
    let change = api.engine.store.change(
        move |connection, now| desk.delete(connection, &wanted, now),
        move |outcome| {
            if outcome.is_ok() {
                webhooks.remove(&id);
            }
        },
    );
    change.await.map_err(Failure::from)?.map_err(refusal)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives a webhook a new secret, which is in this answer only. The one before signs too for 24 hours.
///
/// # Errors
/// 404 `webhook_not_found`.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/rotate",
    tag = "webhooks",
    params(("id" = String, Path, description = "Its UUID")),
    responses(
        (status = 200, description = "The webhook with its new secret", body = SecretShape),
        (status = 404, description = "`webhook_not_found`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn rotate(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    Fields::of(&body.strict()?).finish()?;
    let desk = desk(&api, &caller, &request);
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    with_secret(&api, ticket, desk, 200, move |desk, connection, now| desk.rotate(connection, &id, now)).await
}

/// Has the event `webhook.test` told to this webhook alone.
///
/// # Errors
/// 404 `webhook_not_found`; 409 `invalid_state_transition` while it is disabled.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/test",
    tag = "webhooks",
    params(("id" = String, Path, description = "Its UUID")),
    responses(
        (status = 202, description = "The event on its way", body = TestShape),
        (status = 404, description = "`webhook_not_found`"),
        (status = 409, description = "`invalid_state_transition`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn test(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    Fields::of(&body.strict()?).finish()?;
    let desk = desk(&api, &caller, &request);
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    answer_change(
        &api.engine,
        ticket,
        move |connection, now| desk.test(connection, &id, now),
        |_| {},
        refusal,
        |event_id: &String| {
            let shape = TestShape { event_id: event_id.clone() };
            (202, None, serde_json::json!(shape).to_string())
        },
    )
    .await
}

/// Has everything since an instant told again that the webhook's filter lets through, in the background; what it was
/// told before has the same `webhook-id`.
///
/// # Errors
/// 404 `webhook_not_found`; 409 `invalid_state_transition` while it is disabled or another replay is under way; 422
/// `validation_failed`.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/replay",
    tag = "webhooks",
    params(("id" = String, Path, description = "Its UUID")),
    request_body = ReplayBody,
    responses(
        (status = 202, description = "The webhook, `replaying`", body = WebhookShape),
        (status = 404, description = "`webhook_not_found`"),
        (status = 409, description = "`invalid_state_transition`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn replay(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    let json = body.strict()?;
    let mut fields = Fields::of(&json);
    let from = fields.time("from");
    fields.require("from");
    if from.is_some_and(|from| from > api.engine.clock.now()) {
        fields.fault("from", FaultCode::InvalidParam, "this time is still to come");
    }
    fields.finish()?;
    let from = from.unwrap_or_else(|| api.engine.clock.now());
    let desk = desk(&api, &caller, &request);
    let showing = desk.clone();
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    answer_change(
        &api.engine,
        ticket,
        move |connection, now| desk.replay(connection, &id, from, now),
        move |row| showing.show(row),
        refusal,
        |row| (202, None, serde_json::json!(WebhookShape::of(row)).to_string()),
    )
    .await
}

/// Calls made to a webhook, kept for 30 days.
///
/// # Errors
/// 404 `webhook_not_found`; 422 `validation_failed` for the parameters.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}/attempts",
    tag = "webhooks",
    params(("id" = String, Path, description = "Its UUID"), Paging),
    responses(
        (status = 200, description = "The calls", body = Page<AttemptShape>),
        (status = 404, description = "`webhook_not_found`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn attempts(
    api: web::Data<Api>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (paging, ()) = Paging::of(&request, |_| ())?;
    let span = span(&paging);
    let found = api.engine.store.read(move |connection| list_attempts(connection, &id, &span)).await;
    let rows = found.map_err(Failure::from)?.ok_or_else(|| refusal(WebhookRefused::NotFound))?;
    let page =
        Page::new(rows, &paging, |row| Cursor { updated_at: row.started_at.and_utc(), id: row.id.clone() });
    Ok(HttpResponse::Ok().json(page.map(AttemptShape::of)))
}

/// Reads a body; `url` is needed for a new webhook.
fn wish(api: &Api, caller: &Caller, body: &SmallBody, is_new: bool) -> Result<WebhookWish, Problem> {
    let json = body.strict()?;
    let mut fields = Fields::of(&json);
    let wish = shape::read(api, &mut fields);
    if is_new {
        fields.require("url");
    }
    fields.finish()?;
    if wish.include_pii == Some(true) {
        caller.require(Scope::PiiRead)?;
    }
    shape::with_slugs(api, wish)
}

/// Carries out a change whose answer holds a secret, which is stored nowhere but with the webhook.
async fn with_secret(
    api: &Api,
    ticket: Option<Ticket>,
    desk: WebhookDesk,
    status: u16,
    work: impl Fn(
        &WebhookDesk,
        &mut Connection,
        Timestamp,
    ) -> Result<Result<WebhookRow, WebhookRefused>, StoreError>
    + Send
    + 'static,
) -> Result<HttpResponse, Problem> {
    let showing = desk.clone();
    let idempotent = ticket.map(|ticket| ticket.idempotent(move |row| render(status, row, None)));
    let keyed = change_once(
        &api.engine,
        idempotent,
        move |connection, now| work(&desk, connection, now),
        move |row| showing.show(row),
    );
    match keyed.await.map_err(Failure::from)? {
        Keyed::Replayed(replay) => replayed(replay),
        Keyed::Done(Ok(row)) => Ok(response(render(status, &row, Some(row.secret.clone())))),
        Keyed::Done(Err(refused)) => Err(refusal(refused)),
    }
}

fn render(status: u16, row: &WebhookRow, secret: Option<String>) -> Answer {
    let location = (status == 201).then(|| format!("/v1/webhooks/{}", row.id));
    (status, location, serde_json::json!(SecretShape { shape: WebhookShape::of(row), secret }).to_string())
}

fn desk(api: &Api, caller: &Caller, request: &HttpRequest) -> WebhookDesk {
    WebhookDesk { engine: api.engine.clone(), actor: actor(api, caller, request) }
}

fn refusal(refused: WebhookRefused) -> Problem {
    match refused {
        WebhookRefused::NotFound => Problem::new(ProblemCode::WebhookNotFound, "no webhook has this id"),
        WebhookRefused::TooMany => {
            let detail = format!("there are {WEBHOOKS_MAX} webhooks; delete one first");
            Problem::validation(vec![Fault::new("", FaultCode::InvalidParam, detail)])
        }
        WebhookRefused::Disabled => Problem::invalid_state_transition("disabled", "enable the webhook first"),
        WebhookRefused::Replaying => {
            Problem::invalid_state_transition("replaying", "wait for the end of the replay under way")
        }
    }
}
