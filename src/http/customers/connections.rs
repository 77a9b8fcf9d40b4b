//! The phones of a customer one by one (http-api.md 6.1): connected, and taken away.

use actix_web::{HttpRequest, HttpResponse, web};

use super::shape::{CustomerShape, OnboardedShape, Sight};
use super::{not_found, refusal, wish};
use crate::app::change_connection::{ChangeConnection, ConnectionChange, ConnectionChanged};
use crate::app::customers::CustomerParts;
use crate::app::failure::Failure;
use crate::app::warning::Warning;
use crate::http::actor::actor;
use crate::http::api::Api;
use crate::http::caller::Caller;
use crate::http::extract::StrictJson;
use crate::http::fields::Fields;
use crate::http::problem::{Fault, FaultCode, Problem};
use crate::phone::Phone;

/// Connects a phone with a customer, or brings the connection up to date.
///
/// # Errors
/// 404 `customer_not_found`; 422 `validation_failed`.
#[utoipa::path(
    put,
    path = "/v1/customers/{ccid}/phones/{e164}",
    tag = "customers",
    params(
        ("ccid" = String, Path, description = "The client's own id"),
        ("e164" = String, Path, description = "The phone in E.164, its `+` as it is or as `%2B`")
    ),
    request_body = wish::ConnectionBody,
    responses(
        (status = 200, description = "The customer", body = OnboardedShape),
        (status = 404, description = "`customer_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("customers:write")))
)]
pub async fn connect(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    StrictJson(json): StrictJson,
) -> Result<HttpResponse, Problem> {
    let (ccid, number) = path.into_inner();
    let mut fields = Fields::of(&json);
    let line = wish::line(&mut fields, "", &number, &api.engine.settings.phone_rules);
    let phone = wish::connection(&mut fields, line, api.engine.clock.now());
    fields.finish()?;
    let phone = phone.ok_or(Failure::Internal)?;
    let sight = Sight::naming(&caller, [phone.consent.phone.clone()]);
    let change = ConnectionChange::Connect(phone);
    let (parts, warnings) = carry_out(&api, &caller, &request, ccid, change).await?;
    let customer = CustomerShape::of(&parts, &sight)?;
    Ok(HttpResponse::Ok().json(OnboardedShape { customer, message: None, warnings }))
}

/// Takes a phone from a customer. Its consent stays: it belongs to the phone.
///
/// # Errors
/// 404 `customer_not_found`; 422 `validation_failed`.
#[utoipa::path(
    delete,
    path = "/v1/customers/{ccid}/phones/{e164}",
    tag = "customers",
    params(
        ("ccid" = String, Path, description = "The client's own id"),
        ("e164" = String, Path, description = "The phone in E.164, its `+` as it is or as `%2B`")
    ),
    responses(
        (status = 204, description = "Taken away, or never his"),
        (status = 404, description = "`customer_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("customers:write")))
)]
pub async fn remove(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (ccid, number) = path.into_inner();
    let phone = named(&number)?.as_e164().to_owned();
    carry_out(&api, &caller, &request, ccid, ConnectionChange::Remove { phone }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The phone of a path, in the form in which numbers are stored.
pub(in crate::http) fn named(text: &str) -> Result<Phone, Problem> {
    Phone::correlation(text).ok_or_else(|| {
        let detail = "use E.164, such as +4799999999";
        Problem::validation(vec![Fault::new("", FaultCode::InvalidPhoneNumber, detail)])
    })
}

async fn carry_out(
    api: &Api,
    caller: &Caller,
    request: &HttpRequest,
    ccid: String,
    change: ConnectionChange,
) -> Result<(Box<CustomerParts>, Vec<Warning>), Problem> {
    let work =
        ChangeConnection { engine: api.engine.clone(), ccid, change, actor: actor(api, caller, request) };
    match api.engine.store.write(work).await.map_err(Failure::from)? {
        ConnectionChanged::Done(parts, warnings) => Ok((parts, warnings)),
        ConnectionChanged::NotFound => Err(not_found()),
        ConnectionChanged::Refused(refused) => Err(refusal(&refused)),
    }
}
