//! Customers (http-api.md 6.1): onboarding, alone and in batches, the quick check, deactivation and the feed.

pub mod batch;
pub mod connections;
pub mod shape;
pub mod wish;

use actix_web::{HttpRequest, HttpResponse, web};

use self::shape::{CustomerShape, FeedItemShape, OnboardedShape, Sight};
use super::actor::actor;
use super::api::Api;
use super::caller::Caller;
use super::extract::{SmallBody, StrictJson};
use super::fields::Fields;
use super::idempotency::{self, Ticket};
use super::lists::{Cursor, Page, Paging};
use super::parameters::Parameters;
use super::problem::{Fault, FaultCode, Problem, ProblemCode};
use super::spans;
use super::triggers::messages::posted_shape;
use crate::app::customers;
use crate::app::deactivate_customer::DeactivateCustomer;
use crate::app::failure::Failure;
use crate::app::feed;
use crate::app::onboard_customer::{OnboardCustomers, OnboardRefused, Onboarded};

/// Onboards a customer: makes him or brings him up to date. What is left out stays as it is; the feed is never
/// touched.
///
/// # Errors
/// 404 `trigger_not_found`, 422 `validation_failed`; then nothing is stored.
#[utoipa::path(
    put,
    path = "/v1/customers/{ccid}",
    tag = "customers",
    params(("ccid" = String, Path, description = "The client's own id, 1 to 100 characters")),
    request_body = wish::CustomerBody,
    responses(
        (status = 200, description = "Brought up to date", body = OnboardedShape),
        (status = 201, description = "Made", body = OnboardedShape),
        (status = 404, description = "`trigger_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("customers:write")))
)]
pub async fn onboard(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    ccid: web::Path<String>,
    StrictJson(json): StrictJson,
) -> Result<HttpResponse, Problem> {
    let mut fields = Fields::of(&json);
    if !wish::is_ccid(&ccid) {
        fields.fault_at("", FaultCode::InvalidParam, "a ccid has 1 to 100 visible characters");
    }
    let now = api.engine.clock.now();
    let item = wish::read(&mut fields, "", &ccid, &api.engine.settings.phone_rules, now);
    fields.finish()?;
    let sight = Sight::naming(&caller, item.phones.iter().map(|phone| phone.consent.phone.clone()));
    let actor = actor(&api, &caller, &request);
    let work = OnboardCustomers::new(&api.engine, vec![item], actor);
    let mut done = api.engine.store.write(work).await.map_err(Failure::from)?;
    let onboarded = done.pop().ok_or(Failure::Internal)?.map_err(|refused| refusal(&refused))?;
    let shape = onboarded_shape(&onboarded, &sight)?;
    let mut response = if onboarded.is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(shape))
}

fn onboarded_shape(done: &Onboarded, sight: &Sight) -> Result<OnboardedShape, Failure> {
    let customer = CustomerShape::of(&done.customer, sight)?;
    let message = done.message.as_ref().map(|posted| posted_shape(posted, sight));
    Ok(OnboardedShape { customer, message, warnings: done.warnings.clone() })
}

pub(super) fn refusal(refused: &OnboardRefused) -> Problem {
    let (place, detail) = match refused {
        OnboardRefused::Message(refused) => return super::triggers::messages::refusal(*refused),
        OnboardRefused::TooManyPhones { place } => (place, "a customer has at most 50 phones"),
        OnboardRefused::TooManyCustomers { place } => (place, "a phone belongs to at most 50 customers"),
    };
    Problem::validation(vec![Fault::new(place, FaultCode::InvalidParam, detail)])
}

pub(super) fn not_found() -> Problem {
    Problem::new(ProblemCode::CustomerNotFound, "no customer has this ccid")
}

/// One customer.
///
/// # Errors
/// 404 `customer_not_found`.
#[utoipa::path(
    get,
    path = "/v1/customers/{ccid}",
    tag = "customers",
    params(("ccid" = String, Path, description = "The client's own id")),
    responses(
        (status = 200, description = "The customer", body = CustomerShape),
        (status = 404, description = "`customer_not_found`")
    ),
    extensions(("x-scope" = json!("customers:read")))
)]
pub async fn read(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    ccid: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Parameters::of(request.query_string()).finish()?;
    let parts = customers::find(&api.engine, &ccid).await?.ok_or_else(not_found)?;
    Ok(HttpResponse::Ok().json(CustomerShape::of(&parts, &Sight::of(&caller))?))
}

/// Whether there is such a customer.
///
/// # Errors
/// 404 `customer_not_found`, without a body.
#[utoipa::path(
    head,
    path = "/v1/customers/{ccid}",
    tag = "customers",
    params(("ccid" = String, Path, description = "The client's own id")),
    responses(
        (status = 200, description = "There is"),
        (status = 404, description = "`customer_not_found`")
    ),
    extensions(("x-scope" = json!("customers:read")))
)]
pub async fn check(api: web::Data<Api>, ccid: web::Path<String>) -> Result<HttpResponse, Problem> {
    if customers::exists(&api.engine, &ccid).await? {
        Ok(HttpResponse::Ok().finish())
    } else {
        Err(not_found())
    }
}

/// Deactivates a customer: he is sent nothing more on his own behalf, and what waits for him is cancelled.
///
/// # Errors
/// 404 `customer_not_found`.
#[utoipa::path(
    post,
    path = "/v1/customers/{ccid}/deactivate",
    tag = "customers",
    params(("ccid" = String, Path, description = "The client's own id")),
    responses(
        (status = 200, description = "The customer", body = CustomerShape),
        (status = 404, description = "`customer_not_found`")
    ),
    extensions(("x-scope" = json!("customers:write")))
)]
pub async fn deactivate(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    ccid: web::Path<String>,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    Fields::of(&body.strict()?).finish()?;
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    let actor = actor(&api, &caller, &request);
    let work = DeactivateCustomer { engine: api.engine.clone(), ccid: ccid.into_inner(), actor };
    let sight = Sight::of(&caller);
    idempotency::answer(
        &api.engine,
        ticket,
        work,
        |done| done.is_none().then(not_found),
        move |done| {
            let shape = done.as_ref().and_then(|parts| CustomerShape::of(parts, &sight).ok());
            (200, None, serde_json::json!(shape).to_string())
        },
    )
    .await
}

/// The feed of a customer: what he was sent, or would have been. Nothing is ever taken from it.
///
/// # Errors
/// 404 `customer_not_found`; 422 for the parameters.
#[utoipa::path(
    get,
    path = "/v1/customers/{ccid}/feed",
    tag = "customers",
    params(("ccid" = String, Path, description = "The client's own id"), Paging),
    responses(
        (status = 200, description = "A page", body = Page<FeedItemShape>),
        (status = 404, description = "`customer_not_found`")
    ),
    extensions(("x-scope" = json!("customers:read")))
)]
pub async fn feed_of(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    ccid: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (paging, ()) = Paging::of(&request, |_| ())?;
    let found = feed::page(&api.engine, &ccid, spans::span(&paging)).await?.ok_or_else(not_found)?;
    let page =
        Page::new(found, &paging, |row| Cursor { updated_at: row.created_at.and_utc(), id: row.id.clone() });
    let sight = Sight::of(&caller);
    let Page { data, next_cursor, has_more } = page;
    let shapes: Result<Vec<FeedItemShape>, Failure> =
        data.iter().map(|row| FeedItemShape::of(row, &sight)).collect();
    Ok(HttpResponse::Ok().json(Page { data: shapes?, next_cursor, has_more }))
}
