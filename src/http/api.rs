//! The API on one screen: what every handler shares, and which path leads to which handler.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};

use super::caller::allow;
use super::code_pages::problem_page;
use super::docs;
use super::rate::{Buckets, RateLimit};
use super::route::{resource, route_not_found};
use super::{channels, gateways, keys, phones, send_survey, surveys, webhooks};
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
}

impl Api {
    /// With full buckets.
    #[must_use]
    pub fn new(engine: Engine, config: Arc<Config>) -> Self {
        let limits = &config.limits;
        let callers = RateLimit {
            per_second: limits.requests_per_second,
            burst: limits.requests_burst,
        };
        let webhooks = RateLimit {
            per_second: limits.webhooks_per_second,
            burst: limits.webhooks_per_second,
        };
        Self {
            engine,
            callers: Arc::new(Buckets::new(callers)),
            webhooks: Arc::new(Buckets::new(webhooks)),
            config,
        }
    }
}

/// Every route, each with the scope it asks for (RS12).
pub fn routes(service: &mut ServiceConfig) {
    core_routes(service);
    admin_routes(service);
    service
        .service(resource(
            "/problems/{code}",
            vec![(Method::GET, web::get().to(problem_page))],
        ))
        .service(resource(
            "/openapi.json",
            vec![(Method::GET, web::get().to(docs::openapi_json))],
        ))
        .service(resource(
            "/docs",
            vec![(Method::GET, web::get().to(docs::reference))],
        ))
        .default_service(web::to(route_not_found));
}

/// SendSurvey, gateway webhooks, sessions, messages, the inbound log and health.
fn core_routes(service: &mut ServiceConfig) {
    let (get, post) = (Method::GET, Method::POST);
    service
        .service(resource(
            "/v1/surveys/{survey}/send",
            vec![(
                post.clone(),
                allow(Scope::SurveysSend, web::post().to(send_survey::send)),
            )],
        ))
        .service(resource(
            send_survey::COMPATIBILITY_PATH,
            vec![(
                post.clone(),
                allow(Scope::SurveysSend, web::post().to(send_survey::send_compatible)),
            )],
        ));
    for path in [
        "/v1/gateways/{gateway}/inbound",
        "/v1/gateways/{gateway}/inbound/{secret}",
    ] {
        let routes = vec![
            (post.clone(), web::post().to(webhooks::inbound)),
            (get.clone(), web::get().to(webhooks::inbound)),
        ];
        service.service(resource(path, routes));
    }
    for path in [
        "/v1/gateways/{gateway}/status",
        "/v1/gateways/{gateway}/status/{secret}",
    ] {
        let routes = vec![
            (post.clone(), web::post().to(webhooks::status)),
            (get.clone(), web::get().to(webhooks::status)),
        ];
        service.service(resource(path, routes));
    }
}

/// Surveys, channels, gateways, keys and phones.
fn admin_routes(service: &mut ServiceConfig) {
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let admin = |route| allow(Scope::Admin, route);
    let (reads, writes) = (
        |route| allow(Scope::SurveysRead, route),
        |route| allow(Scope::SurveysWrite, route),
    );
    service
        .service(resource(
            "/v1/surveys",
            vec![
                (get.clone(), reads(web::get().to(surveys::list))),
                (post.clone(), writes(web::post().to(surveys::create))),
            ],
        ))
        .service(resource(
            "/v1/surveys/check",
            vec![(post.clone(), writes(web::post().to(surveys::check_only)))],
        ))
        .service(resource(
            "/v1/surveys/{survey}",
            vec![
                (get.clone(), reads(web::get().to(surveys::read))),
                (put, writes(web::put().to(surveys::revise))),
            ],
        ))
        .service(resource(
            "/v1/surveys/{survey}/publish",
            vec![(post.clone(), writes(web::post().to(surveys::publish)))],
        ))
        .service(resource(
            "/v1/surveys/{survey}/archive",
            vec![(post.clone(), writes(web::post().to(surveys::archive)))],
        ))
        .service(resource(
            "/v1/surveys/{survey}/simulate",
            vec![(post.clone(), writes(web::post().to(surveys::simulate::simulate)))],
        ));
    service
        .service(resource(
            "/v1/channels",
            vec![
                (get.clone(), admin(web::get().to(channels::list))),
                (post.clone(), admin(web::post().to(channels::create))),
            ],
        ))
        .service(resource(
            "/v1/channels/{id}",
            vec![
                (get.clone(), admin(web::get().to(channels::read))),
                (Method::PATCH, admin(web::patch().to(channels::change))),
            ],
        ))
        .service(resource(
            "/v1/gateways",
            vec![(get.clone(), admin(web::get().to(gateways::list)))],
        ))
        .service(resource(
            "/v1/gateways/{gateway}/pause",
            vec![(post.clone(), admin(web::post().to(gateways::pause)))],
        ))
        .service(resource(
            "/v1/gateways/{gateway}/resume",
            vec![(post.clone(), admin(web::post().to(gateways::resume)))],
        ))
        .service(resource(
            "/v1/keys",
            vec![
                (get.clone(), admin(web::get().to(keys::list))),
                (post, admin(web::post().to(keys::create))),
            ],
        ))
        .service(resource(
            "/v1/keys/{id}",
            vec![(Method::DELETE, admin(web::delete().to(keys::revoke)))],
        ))
        .service(resource(
            "/v1/phones/{e164}",
            vec![
                (get, admin(web::get().to(phones::read))),
                (Method::DELETE, admin(web::delete().to(phones::erase))),
            ],
        ));
}
