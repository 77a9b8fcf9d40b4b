//! The API on one screen: what every handler shares, and which path leads to which handler.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, Resource, Responder, Route};

use super::caller::allow;
use super::code_pages::problem_page;
use super::docs;
use super::in_flight::InFlight;
use super::rate::{Buckets, RateLimit};
use super::route::{resource, route_not_found};
use super::sessions::{change, read};
use super::{
    channels, consents, customers, event_webhooks, exports, gateways, handoffs, health, inbound, keys,
    messages, phones, send_survey, surveys, templates, triggers, webhooks,
};
use crate::app::api_key::Scope;
use crate::app::engine::Engine;
use crate::config::Config;

/// What handlers share; registered as `web::Data`.
#[derive(Clone, Debug)]
pub struct Api {
    /// The use cases' world.
    pub engine: Engine,
    /// The configuration in force.
    pub config: Arc<Config>,
    /// Requests of each key, and of each address without one (RS6).
    pub callers: Arc<Buckets>,
    /// Webhook calls of each gateway (RS6).
    pub webhooks: Arc<Buckets>,
    /// Idempotency keys whose first request is running (RE25).
    pub in_flight: InFlight,
}

impl Api {
    /// With full buckets.
    #[must_use]
    pub fn new(engine: Engine, config: Arc<Config>) -> Self {
        let limits = &config.limits;
        let callers = RateLimit { per_second: limits.requests_per_second, burst: limits.requests_burst };
        let webhooks =
            RateLimit { per_second: limits.webhooks_per_second, burst: limits.webhooks_per_second };
        Self {
            engine,
            callers: Arc::new(Buckets::new(callers)),
            webhooks: Arc::new(Buckets::new(webhooks)),
            in_flight: InFlight::default(),
            config,
        }
    }
}

/// Every route.
pub fn routes(service: &mut ServiceConfig) {
    service.service(metrics());
    routes_without_metrics(service);
}

/// `/metrics` alone, for an address of its own (`server.metrics_bind`, O2).
pub fn metrics_routes(service: &mut ServiceConfig) {
    service.service(metrics()).default_service(web::to(route_not_found));
}

/// What a worker serves at `server.metrics_bind`: its health and its figures.
pub fn worker_routes(service: &mut ServiceConfig) {
    health_routes(service);
    metrics_routes(service);
}

fn metrics() -> Resource {
    resource("/metrics", vec![(Method::GET, web::get().to(health::metrics))])
}

/// Every other route, each with the scope it asks for (RS12).
pub fn routes_without_metrics(service: &mut ServiceConfig) {
    core_routes(service);
    admin_routes(service);
    people_routes(service);
    messaging_routes(service);
    service
        .service(resource("/problems/{code}", vec![(Method::GET, web::get().to(problem_page))]))
        .service(resource("/openapi.json", vec![(Method::GET, web::get().to(docs::openapi_json))]))
        .service(resource("/docs", vec![(Method::GET, web::get().to(docs::reference))]))
        .default_service(web::to(route_not_found));
}

/// SendSurvey, gateway webhooks, sessions, messages, the inbound log and health.
fn core_routes(service: &mut ServiceConfig) {
    use Scope::{Admin, SessionsRead, SessionsWrite, SurveysSend};
    service
        .service(resource("/v1/surveys/{survey}/send", vec![post(SurveysSend, send_survey::send)]))
        .service(resource(
            send_survey::COMPATIBILITY_PATH,
            vec![post(SurveysSend, send_survey::send_compatible)],
        ))
        .service(resource("/v1/sessions", vec![get(SessionsRead, read::list)]))
        .service(resource("/v1/sessions/{id}", vec![get(SessionsRead, read::one)]))
        .service(resource("/v1/sessions/{id}/answers", vec![get(SessionsRead, read::answers_of)]))
        .service(resource(
            "/v1/sessions/{id}/answers/{element_id}",
            vec![(Method::PUT, allow(SessionsWrite, web::put().to(change::correct)))],
        ))
        .service(resource("/v1/sessions/{id}/messages", vec![get(SessionsRead, read::messages_of)]))
        .service(resource("/v1/sessions/{id}/cancel", vec![post(SessionsWrite, change::cancel)]))
        .service(resource("/v1/sessions/{id}/resend", vec![post(SessionsWrite, change::resend)]))
        .service(resource("/v1/sessions/{id}/release", vec![post(SessionsWrite, change::release)]))
        .service(resource("/v1/messages", vec![get(SessionsRead, messages::list)]))
        .service(resource("/v1/messages/{id}", vec![get(SessionsRead, messages::one)]))
        .service(resource("/v1/messages/{id}/cancel", vec![post(SessionsWrite, messages::cancel)]))
        .service(resource("/v1/messages/{id}/release", vec![post(SessionsWrite, messages::release)]))
        .service(resource("/v1/messages/{id}/settle", vec![post(SessionsWrite, messages::settle)]))
        .service(resource("/v1/inbound", vec![get(Admin, inbound::list)]))
        .service(resource("/v1/inbound/{id}", vec![get(Admin, inbound::one)]))
        .service(resource("/v1/inbound/{id}/replay", vec![post(Admin, inbound::replay)]))
        .service(resource("/v1/inbound/{id}/discard", vec![post(Admin, inbound::discard)]));
    open_routes(service);
}

/// How the process is, for whoever watches it.
fn health_routes(service: &mut ServiceConfig) {
    let open_get = |route| vec![(Method::GET, route)];
    service
        .service(resource("/livez", open_get(web::get().to(health::livez))))
        .service(resource("/readyz", open_get(web::get().to(health::readyz))))
        .service(resource("/healthz", open_get(web::get().to(health::readyz))))
        .service(resource("/version", open_get(web::get().to(health::version))));
}

/// Routes that ask for no API key.
fn open_routes(service: &mut ServiceConfig) {
    health_routes(service);
    for (kind, secret) in [("inbound", false), ("inbound", true), ("status", false), ("status", true)] {
        let path = format!("/v1/gateways/{{gateway}}/{kind}{}", if secret { "/{secret}" } else { "" });
        let route = |route: Route| {
            if kind == "inbound" { route.to(webhooks::inbound) } else { route.to(webhooks::status) }
        };
        let routes = vec![(Method::POST, route(web::post())), (Method::GET, route(web::get()))];
        service.service(resource(&path, routes));
    }
}

/// Surveys, channels, gateways, keys, webhooks and phones.
fn admin_routes(service: &mut ServiceConfig) {
    let (reads, writes, admin) = (Scope::SurveysRead, Scope::SurveysWrite, Scope::Admin);
    let put = |handler| (Method::PUT, allow(writes, handler));
    let patch = |handler| (Method::PATCH, allow(admin, handler));
    let delete = |handler| (Method::DELETE, allow(admin, handler));
    let routes = [
        ("/v1/surveys", vec![get(reads, surveys::read::list), post(writes, surveys::upload::create)]),
        ("/v1/surveys/check", vec![post(writes, surveys::upload::check_only)]),
        (
            "/v1/surveys/{survey}",
            vec![get(reads, surveys::read::read), put(web::put().to(surveys::upload::revise))],
        ),
        ("/v1/surveys/{survey}/publish", vec![post(writes, surveys::release::publish)]),
        ("/v1/surveys/{survey}/archive", vec![post(writes, surveys::release::archive)]),
        ("/v1/surveys/{survey}/simulate", vec![post(writes, surveys::simulate::simulate)]),
        ("/v1/surveys/{survey}/exports/{kind}", vec![get(Scope::ReportsRead, exports::stream)]),
        ("/v1/surveys/{survey}/report", vec![get(Scope::ReportsRead, exports::report::report)]),
        ("/v1/channels", vec![get(admin, channels::list), post(admin, channels::create)]),
        ("/v1/channels/{id}", vec![get(admin, channels::read), patch(web::patch().to(channels::change))]),
        ("/v1/gateways", vec![get(admin, gateways::list)]),
        ("/v1/gateways/{gateway}/pause", vec![post(admin, gateways::pause)]),
        ("/v1/gateways/{gateway}/resume", vec![post(admin, gateways::resume)]),
        ("/v1/keys", vec![get(admin, keys::list), post(admin, keys::create)]),
        ("/v1/keys/{id}", vec![delete(web::delete().to(keys::revoke))]),
        ("/v1/webhooks", vec![get(admin, event_webhooks::list), post(admin, event_webhooks::create)]),
        (
            "/v1/webhooks/{id}",
            vec![
                get(admin, event_webhooks::read),
                patch(web::patch().to(event_webhooks::change)),
                delete(web::delete().to(event_webhooks::delete)),
            ],
        ),
        ("/v1/webhooks/{id}/rotate", vec![post(admin, event_webhooks::rotate)]),
        ("/v1/webhooks/{id}/test", vec![post(admin, event_webhooks::test)]),
        ("/v1/webhooks/{id}/replay", vec![post(admin, event_webhooks::replay)]),
        ("/v1/webhooks/{id}/attempts", vec![get(admin, event_webhooks::attempts)]),
        ("/v1/phones/{e164}", vec![get(admin, phones::read), delete(web::delete().to(phones::erase))]),
    ];
    for (path, routes) in routes {
        service.service(resource(path, routes));
    }
}

/// Customers and their consents.
fn people_routes(service: &mut ServiceConfig) {
    let (reads, writes) = (Scope::CustomersRead, Scope::CustomersWrite);
    let put = |handler| (Method::PUT, allow(writes, handler));
    let delete = |handler| (Method::DELETE, allow(writes, handler));
    let head = (Method::HEAD, allow(reads, web::head().to(customers::check)));
    let routes = [
        ("/v1/customers/batch", vec![post(writes, customers::batch::onboard_batch)]),
        (
            "/v1/customers/{ccid}",
            vec![put(web::put().to(customers::onboard)), get(reads, customers::read), head],
        ),
        ("/v1/customers/{ccid}/deactivate", vec![post(writes, customers::deactivate)]),
        ("/v1/customers/{ccid}/feed", vec![get(reads, customers::feed_of)]),
        (
            "/v1/customers/{ccid}/phones/{e164}",
            vec![
                put(web::put().to(customers::connections::connect)),
                delete(web::delete().to(customers::connections::remove)),
            ],
        ),
        ("/v1/consents", vec![get(reads, consents::list)]),
        ("/v1/consents/{e164}", vec![get(reads, consents::read), put(web::put().to(consents::change))]),
        ("/v1/consents/{e164}/history", vec![get(reads, consents::history)]),
    ];
    for (path, routes) in routes {
        service.service(resource(path, routes));
    }
}

/// Templates, triggers with their messages, and handoffs.
fn messaging_routes(service: &mut ServiceConfig) {
    let (reads, writes, sends) = (Scope::CampaignsRead, Scope::CampaignsWrite, Scope::MessagesSend);
    let put = |handler| (Method::PUT, allow(writes, handler));
    let patch = |handler| (Method::PATCH, allow(writes, handler));
    let delete = |handler| (Method::DELETE, allow(writes, handler));
    let routes = [
        ("/v1/templates", vec![get(reads, templates::list), post(writes, templates::create)]),
        (
            "/v1/templates/{id}",
            vec![
                get(reads, templates::one),
                patch(web::patch().to(templates::change)),
                delete(web::delete().to(templates::delete)),
            ],
        ),
        ("/v1/templates/{id}/preview", vec![post(reads, templates::trial::preview)]),
        ("/v1/templates/{id}/test", vec![post(sends, templates::trial::test)]),
        ("/v1/triggers", vec![get(reads, triggers::list)]),
        ("/v1/triggers/messages", vec![post(sends, triggers::messages::post_batch)]),
        (
            "/v1/triggers/{triggerId}",
            vec![
                get(reads, triggers::one),
                put(web::put().to(triggers::put)),
                delete(web::delete().to(triggers::delete)),
            ],
        ),
        ("/v1/triggers/{triggerId}/messages", vec![post(sends, triggers::messages::post)]),
        ("/v1/handoffs", vec![get(reads, handoffs::list), post(writes, handoffs::create)]),
        ("/v1/handoffs/{id}", vec![get(reads, handoffs::one), patch(web::patch().to(handoffs::change))]),
    ];
    for (path, routes) in routes {
        service.service(resource(path, routes));
    }
}

/// A GET for callers with a scope.
fn get<F, Args>(scope: Scope, handler: F) -> (Method, Route)
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    (Method::GET, allow(scope, web::get().to(handler)))
}

/// A POST for callers with a scope.
fn post<F, Args>(scope: Scope, handler: F) -> (Method, Route)
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    (Method::POST, allow(scope, web::post().to(handler)))
}
