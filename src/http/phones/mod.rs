//! One person by his phone (http-api.md 12): everything held about him, and erasure (RS11).

mod shape;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

pub use shape::PhoneShape;

use super::actor::actor;
use super::api::Api;
use super::caller::Caller;
use super::problem::{Fault, FaultCode, Problem};
use super::times::shown;
use crate::app::erase_phone::{erase_phone, read_phone};
use crate::app::failure::Failure;
use crate::phone::Phone;

/// What an erasure did.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Erasure)]
pub struct ErasureShape {
    /// Its id in the erasure ledger.
    pub id: String,
    /// The phone as it was asked for; nothing keeps it.
    pub phone: String,
    /// When it was erased.
    pub erased_at: String,
    /// Open sessions that were cancelled.
    pub cancelled_sessions: usize,
}

/// Everything held about one phone. Unmasked only with the scope `pii:read`; without it phones are masked and
/// texts left out.
///
/// # Errors
/// 422 `validation_failed`.
#[utoipa::path(
    get,
    path = "/v1/phones/{e164}",
    tag = "operation",
    params(("e164" = String, Path, description = "The phone in E.164, its `+` as it is or as `%2B`")),
    responses(
        (status = 200, description = "What is held; empty lists when nothing is", body = PhoneShape),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn read(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    e164: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let phone = named(&e164)?;
    let unmasked_for = caller.reads_pii().then(|| actor(&api, &caller, &request));
    let dossier = read_phone(&api.engine, phone.as_e164(), unmasked_for).await.map_err(Failure::from)?;
    Ok(HttpResponse::Ok().json(PhoneShape::new(&api.engine, phone.as_e164(), &dossier, caller.reads_pii())))
}

/// Erases one phone: its open sessions are cancelled, the number and all texts overwritten. A stop survives as a
/// keyed hash, so that the person is not texted again.
///
/// # Errors
/// 422 `validation_failed`.
#[utoipa::path(
    delete,
    path = "/v1/phones/{e164}",
    tag = "operation",
    params(("e164" = String, Path, description = "The phone in E.164, its `+` as it is or as `%2B`")),
    responses(
        (status = 202, description = "Erased", body = ErasureShape),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn erase(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    e164: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let phone = named(&e164)?;
    let actor = actor(&api, &caller, &request);
    let erased = erase_phone(&api.engine, phone.as_e164(), actor).await.map_err(Failure::from)?;
    Ok(HttpResponse::Accepted().json(ErasureShape {
        id: erased.id,
        phone: phone.as_e164().to_owned(),
        erased_at: shown(erased.at.naive_utc()),
        cancelled_sessions: erased.cancelled_sessions,
    }))
}

/// The phone of a path. A number held for any reason can be named, whatever the metadata says about it.
fn named(text: &str) -> Result<Phone, Problem> {
    Phone::from_stored(text).ok_or_else(|| {
        let detail = "use E.164, such as +4799999999";
        Problem::validation(vec![Fault::new("", FaultCode::InvalidPhoneNumber, detail)])
    })
}
