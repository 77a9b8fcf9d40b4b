//! Onboarding of up to 100 customers in one call (R20): one transaction, a result per item; a bad item does not fail
//! the rest.

use actix_web::{HttpRequest, HttpResponse, web};

use super::shape::{ResultShape, ResultsShape, Sight};
use super::{onboarded_shape, refusal, wish};
use crate::app::onboard_customer::{OnboardCustomers, OnboardRefused, Onboarded, Onboarding};
use crate::http::actor::actor;
use crate::http::api::Api;
use crate::http::caller::Caller;
use crate::http::extract::SmallBody;
use crate::http::fields::Fields;
use crate::http::idempotency::{self, Answer, Ticket};
use crate::http::json::Json;
use crate::http::problem::{FaultCode, Problem};

/// Most items of a batch (R20).
pub const ITEMS_MAX: usize = 100;

/// A batch of customers.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = CustomerBatch)]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct BatchBody {
    /// At most 100, each as in `PUT /v1/customers/{ccid}` with its `ccid`.
    items: Vec<wish::CustomerBody>,
}

/// Onboards up to 100 customers. Each has a result of its own; what is wrong with one does not harm the others.
///
/// # Errors
/// 422 `validation_failed` for the list itself, with `batch_too_large` above 100 items.
#[utoipa::path(
    post,
    path = "/v1/customers/batch",
    tag = "customers",
    request_body = BatchBody,
    responses(
        (status = 200, description = "A result per item", body = ResultsShape),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("customers:write")))
)]
pub async fn onboard_batch(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    let json = body.strict()?;
    let mut fields = Fields::of(&json);
    let items = items(&mut fields);
    fields.finish()?;
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    let read: Vec<Result<Onboarding, Problem>> =
        items.iter().enumerate().map(|(index, item)| item_of(&api, index, item)).collect();
    let good: Vec<Onboarding> = read.iter().filter_map(|item| item.as_ref().ok()).cloned().collect();
    let named = good.iter().flat_map(|item| &item.phones).map(|phone| phone.consent.phone.clone());
    let sight = Sight::naming(&caller, named);
    let bad: Vec<Option<Problem>> = read.into_iter().map(Result::err).collect();
    let actor = actor(&api, &caller, &request);
    let work = OnboardCustomers::new(&api.engine, good, actor);
    idempotency::answer(&api.engine, ticket, work, |_| None, move |done| render(&bad, done, &sight)).await
}

/// The items of a batch: 1 to 100.
pub(in crate::http) fn items<'a>(fields: &mut Fields<'a>) -> &'a [Json] {
    fields.require("items");
    match fields.json("items") {
        None => &[],
        Some(Json::Array(items)) if items.len() > ITEMS_MAX => {
            fields.fault("items", FaultCode::BatchTooLarge, format!("at most {ITEMS_MAX} items"));
            &[]
        }
        Some(Json::Array(items)) if !items.is_empty() => items,
        Some(
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_) | Json::Object(_),
        ) => {
            fields.fault("items", FaultCode::InvalidParam, "use an array of 1 to 100 items");
            &[]
        }
    }
}

fn item_of(api: &Api, index: usize, json: &Json) -> Result<Onboarding, Problem> {
    let place = format!("/items/{index}");
    let mut fields = Fields::at(place.clone(), json);
    let ccid = fields.text("ccid", 1..=100).unwrap_or_default();
    fields.require("ccid");
    if !ccid.is_empty() && !wish::is_ccid(ccid) {
        fields.fault("ccid", FaultCode::InvalidParam, "a ccid has 1 to 100 visible characters");
    }
    let (rules, now) = (&api.engine.settings.phone_rules, api.engine.clock.now());
    let item = wish::read(&mut fields, &place, ccid, rules, now);
    fields.finish()?;
    Ok(item)
}

fn render(bad: &[Option<Problem>], done: &[Result<Onboarded, OnboardRefused>], sight: &Sight) -> Answer {
    let mut done = done.iter();
    let results = bad.iter().enumerate().map(|(index, problem)| {
        let outcome = match problem {
            Some(problem) => Err(problem.clone()),
            None => match done.next() {
                Some(Ok(onboarded)) => {
                    onboarded_shape(onboarded, sight).map(|shape| (onboarded, shape)).map_err(Problem::from)
                }
                Some(Err(refused)) => Err(refusal(refused)),
                None => Err(crate::app::failure::Failure::Internal.into()),
            },
        };
        match outcome {
            Ok((onboarded, shape)) => ResultShape {
                index,
                status: if onboarded.is_new { 201 } else { 200 },
                customer: Some(shape.customer),
                message: shape.message,
                warnings: shape.warnings,
                problem: None,
            },
            Err(problem) => ResultShape {
                index,
                status: problem.code().status().as_u16(),
                customer: None,
                message: None,
                warnings: Vec::new(),
                problem: Some(problem.body(None, None)),
            },
        }
    });
    let body = ResultsShape { results: results.collect() };
    (200, None, serde_json::json!(body).to_string())
}
