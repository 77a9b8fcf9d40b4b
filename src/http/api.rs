//! The API on one screen: what every handler shares, and which path leads to which handler.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};

use super::code_pages::problem_page;
use super::docs;
use super::route::{resource, route_not_found};
use crate::app::engine::Engine;
use crate::config::Config;

/// What handlers share; registered as `web::Data`.
#[derive(Clone, Debug)]
pub struct Api {
    /// The use cases' world.
    pub engine: Engine,
    /// The configuration in force.
    pub config: Arc<Config>,
}

/// Every route.
pub fn routes(service: &mut ServiceConfig) {
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
