//! Gateways as operators see them (http-api.md 5.2): how they fare, pause and resume. Their webhooks are
//! elsewhere.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::actor::actor;
use super::api::Api;
use super::caller::Caller;
use super::extract::SmallBody;
use super::fields::Fields;
use super::idempotency::{Answer, Ticket, answer_change};
use super::lists::Page;
use super::parameters::Parameters;
use super::problem::{Problem, ProblemCode};
use super::times::shown_if;
use crate::app::manage_gateways::{GatewayView, gateway_view, gateway_views, pause_gateway};

/// A gateway and its recent past on this node.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Gateway)]
pub struct GatewayShape {
    /// Its name in the configuration and in the webhook path.
    #[schema(example = "puzzel")]
    pub name: String,
    /// The profile it works by.
    #[schema(example = "generic")]
    pub profile: String,
    /// An operator stopped sending; inbound goes on.
    pub paused: bool,
    /// `closed`: sends go out; `half_open`: one tries whether it is back; `open`: none goes out.
    #[schema(example = "closed")]
    pub circuit: &'static str,
    /// Last authentic callback since this node started.
    pub last_inbound_at: Option<String>,
    /// Last message taken since this node started.
    pub last_outbound_at: Option<String>,
    /// Codes of failed sends, and reports with a status nobody knows, since this node started.
    pub errors: Vec<ErrorCount>,
}

/// How often a code came.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ErrorCount {
    /// The gateway's own code, or our word for it.
    pub code: String,
    /// How often.
    pub count: u64,
}

/// All gateways by name.
///
/// # Errors
/// 422 `validation_failed` for the parameters.
#[utoipa::path(
    get,
    path = "/v1/gateways",
    tag = "gateways",
    responses((status = 200, description = "The gateways", body = Page<GatewayShape>)),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    Parameters::of(request.query_string()).finish()?;
    let data: Vec<GatewayShape> = gateway_views(&api.engine).into_iter().map(shape).collect();
    Ok(HttpResponse::Ok().json(Page::whole(data)))
}

/// Stops sending through a gateway; inbound goes on. A restart keeps it.
///
/// # Errors
/// 404 `gateway_not_found`.
#[utoipa::path(
    post,
    path = "/v1/gateways/{gateway}/pause",
    tag = "gateways",
    params(("gateway" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "The gateway", body = GatewayShape),
        (status = 404, description = "`gateway_not_found`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn pause(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    gateway: web::Path<String>,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    set_paused(&api, &caller, &request, gateway.into_inner(), &body, true).await
}

/// Starts sending through a gateway again.
///
/// # Errors
/// 404 `gateway_not_found`.
#[utoipa::path(
    post,
    path = "/v1/gateways/{gateway}/resume",
    tag = "gateways",
    params(("gateway" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "The gateway", body = GatewayShape),
        (status = 404, description = "`gateway_not_found`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn resume(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    gateway: web::Path<String>,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    set_paused(&api, &caller, &request, gateway.into_inner(), &body, false).await
}

async fn set_paused(
    api: &Api,
    caller: &Caller,
    request: &HttpRequest,
    name: String,
    body: &SmallBody,
    is_paused: bool,
) -> Result<HttpResponse, Problem> {
    if api.engine.gateways.get(&name).is_none() {
        return Err(Problem::new(ProblemCode::GatewayNotFound, "no gateway has this name"));
    }
    Fields::of(&body.strict()?).finish()?;
    let ticket = Ticket::of(api, request, caller, &body.0).await?;
    let (actor, health, engine) =
        (actor(api, caller, request), api.engine.health.clone(), api.engine.clone());
    let (wanted, shown) = (name.clone(), name.clone());
    answer_change(
        &api.engine,
        ticket,
        move |connection, now| {
            pause_gateway(connection, &wanted, is_paused, &actor, now)?;
            Ok(Ok::<(), Problem>(()))
        },
        move |()| health.pause(&name, is_paused),
        |refused| refused,
        move |()| {
            let view = gateway_view(&engine, &shown).map(|mut view| {
                view.health.is_paused = is_paused;
                shape(view)
            });
            let answer: Answer = (200, None, serde_json::json!(view).to_string());
            answer
        },
    )
    .await
}

fn shape(view: GatewayView) -> GatewayShape {
    let time = |at: Option<crate::clock::Timestamp>| shown_if(at.map(|at| at.naive_utc()));
    GatewayShape {
        name: view.name,
        profile: view.profile,
        paused: view.health.is_paused,
        circuit: view.circuit,
        last_inbound_at: time(view.health.last_inbound_at),
        last_outbound_at: time(view.health.last_outbound_at),
        errors: view.health.errors.into_iter().map(|(code, count)| ErrorCount { code, count }).collect(),
    }
}
