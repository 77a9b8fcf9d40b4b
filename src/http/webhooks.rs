//! Gateway webhooks (http-api.md 5.2, GW1 to GW3): inbound SMS and delivery reports. The proof is checked on the
//! raw bytes before anything is read; bodies of answers are empty, since some gateways text them back. Never
//! decides what an SMS means.

use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};

use super::api::Api;
use super::body::{self, Limits, SMALL_MAX};
use super::caller::address;
use super::failure::RETRY_AFTER_SECONDS;
use super::problem::{Problem, ProblemCode};
use crate::app::callback_nonce::Nonce;
use crate::app::receive_callback::receive_callback;
use crate::gateway::profile::Reply;
use crate::gateway::{Callback, CallbackItem, Gateway};

/// How long a call above the soft limit waits before it is tried again, and how often (RS6, GW1: at most 1 s).
const WAIT: Duration = Duration::from_millis(50);
const WAITS_MAX: u32 = 18;

/// Inbound SMS, one or many.
///
/// # Errors
/// 404 `gateway_not_found`, 413, 415. A proof that fails is 401 with an empty body.
#[utoipa::path(
    post,
    path = "/v1/gateways/{gateway}/inbound",
    tag = "gateways",
    params(("gateway" = String, Path, description = "Name of the gateway in the configuration")),
    responses(
        (status = 200, description = "All of it is stored; empty body"),
        (status = 401, description = "The gateway's proof fails; empty body"),
        (status = 404, description = "`gateway_not_found`"),
        (status = 413, description = "`payload_too_large`"),
        (status = 415, description = "`unsupported_media_type`")
    ),
    security(())
)]
pub async fn inbound(
    api: web::Data<Api>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    take(&api, &request, payload).await
}

/// Delivery reports, one or many. Both routes take both kinds.
///
/// # Errors
/// As [`inbound`].
#[utoipa::path(
    post,
    path = "/v1/gateways/{gateway}/status",
    tag = "gateways",
    params(("gateway" = String, Path, description = "Name of the gateway in the configuration")),
    responses(
        (status = 200, description = "All of it is stored; empty body"),
        (status = 401, description = "The gateway's proof fails; empty body"),
        (status = 404, description = "`gateway_not_found`"),
        (status = 413, description = "`payload_too_large`"),
        (status = 415, description = "`unsupported_media_type`")
    ),
    security(())
)]
pub async fn status(
    api: web::Data<Api>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    take(&api, &request, payload).await
}

async fn take(api: &Api, request: &HttpRequest, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let name = request.match_info().get("gateway").unwrap_or_default();
    let gateway = api.engine.gateways.get(name).ok_or_else(|| {
        Problem::new(ProblemCode::GatewayNotFound, "no gateway of the configuration has this name")
    })?;
    let mut payload = payload.into_inner();
    let body = body::read(request, &mut payload, Limits::of(request, SMALL_MAX)).await?;
    let headers: Vec<(&str, &[u8])> =
        request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let callback = Callback {
        method: request.method().as_str(),
        target: request.uri().path_and_query().map_or("", |target| target.as_str()),
        headers: &headers,
        path_secret: request.match_info().get("secret"),
        address: address(request, &api.config.server.trusted_proxies),
        body: &body,
    };
    let now = api.engine.clock.now();
    let proof = match gateway.verify(&callback, now) {
        Ok(proof) => proof,
        Err(forged) => {
            tracing::warn!(gateway = name, %forged, "a callback is not the gateway's");
            api.engine.metrics.inbound(name, "forged");
            return Ok(HttpResponse::Unauthorized().finish());
        }
    };
    readable(gateway, request)?;
    api.engine.health.note_inbound(name, now);
    wait_for_turn(api, name).await;
    let items = gateway.parse(&callback);
    let taken = match &proof.nonce {
        None => receive_callback(&api.engine, name, items).await.is_ok(),
        Some(nonce) => take_once(api, name, nonce, items).await,
    };
    if taken {
        return Ok(answer(gateway.reply(&callback)));
    }
    let mut response = HttpResponse::ServiceUnavailable();
    response.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS.to_string()));
    Ok(response.finish())
}

/// 200 with an empty body, unless the profile states one (GW2).
fn answer(reply: Option<&Reply>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    let Some(reply) = reply.filter(|reply| !reply.body.is_empty()) else {
        return response.finish();
    };
    if let Some(content_type) = &reply.content_type {
        response.content_type(content_type.as_str());
    }
    response.body(reply.body.clone())
}

/// A callback whose proof holds a nonce has one effect, however often it is played (RF37). The same call while the
/// first is still running is asked to come again, as nobody knows yet whether that one will be stored.
async fn take_once(api: &Api, gateway: &str, nonce: &str, items: Vec<CallbackItem>) -> bool {
    let nonce = Nonce::new(gateway, nonce);
    let Ok(_claim) = api.in_flight.claim(&nonce.owner, &nonce.text).await else {
        return false;
    };
    match nonce.is_spent(&api.engine).await {
        Ok(true) => {
            api.engine.metrics.inbound(gateway, "replayed");
            true
        }
        Ok(false) => {
            receive_callback(&api.engine, gateway, items).await.is_ok()
                && nonce.spend(&api.engine).await.is_ok()
        }
        Err(_) => false,
    }
}

/// 415 for a content type or encoding that the gateway's profile does not have at all (GW1).
fn readable(gateway: &Gateway, request: &HttpRequest) -> Result<(), Problem> {
    let encodings = request.headers().get_all(CONTENT_ENCODING);
    let encoded = encodings.into_iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    let content_type = request.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    if encoded || !gateway.reads(request.method().as_str(), content_type) {
        let detail = "this gateway's callbacks have another content type or encoding";
        return Err(Problem::new(ProblemCode::UnsupportedMediaType, detail));
    }
    Ok(())
}

/// A soft limit: whoever comes too fast waits, and is never turned away (RS6).
async fn wait_for_turn(api: &Api, gateway: &str) {
    for _ in 0..WAITS_MAX {
        if api.webhooks.take(gateway, api.engine.clock.now()).granted {
            return;
        }
        tokio::time::sleep(WAIT).await;
    }
}
