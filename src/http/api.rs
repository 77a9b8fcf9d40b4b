//! The API on one screen: what every handler shares, and which path leads to which handler.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};

use super::caller::allow;
use super::code_pages::problem_page;
use super::docs;
use super::rate::{Buckets, RateLimit};
use super::route::{resource, route_not_found};
use super::{send_survey, webhooks};
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
