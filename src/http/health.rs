//! `/livez`, `/readyz`, `/healthz`, `/version` and `/metrics` (O1, O2). None needs an API key and none shows data;
//! `/metrics` may ask for a token of its own.

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret;
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::api::Api;
use super::problem::Problem;
use crate::app::health::{readiness, sample};
use crate::config::Durability;
use crate::telemetry;

/// Whether the process lives.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Liveness {
    /// Always `ok`.
    #[schema(example = "ok")]
    pub status: &'static str,
}

/// Whether requests can be served.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Health {
    /// `ok`, `degraded` or `failing`.
    #[schema(example = "ok")]
    pub status: &'static str,
    /// Each check.
    pub checks: Vec<Check>,
    /// What works, but not as it should: `dead_letters`, `disk`, `durability`.
    pub degraded: Vec<&'static str>,
}

/// One check.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Check {
    /// `database`, `migrations`, `worker`, `gateways` or `disk`.
    #[schema(example = "database")]
    pub name: &'static str,
    /// `ok` or `failing`.
    #[schema(example = "ok")]
    pub status: &'static str,
    /// A few words.
    #[schema(example = "answers")]
    pub detail: &'static str,
}

/// What runs here.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Version {
    /// Always `antiphon`.
    #[schema(example = "antiphon")]
    pub name: &'static str,
    /// Version of the binary.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
    /// Revision it was built from, if the builder knew.
    pub revision: Option<&'static str>,
}

/// The process lives.
#[utoipa::path(
    get,
    path = "/livez",
    tag = "operation",
    responses((status = 200, description = "It does", body = Liveness)),
    security(())
)]
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(Liveness { status: "ok" })
}

/// Requests can be served. `/healthz` is the same.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    responses(
        (status = 200, description = "They can, perhaps degraded", body = Health),
        (status = 503, description = "A check fails", body = Health)
    ),
    security(())
)]
pub async fn readyz(api: web::Data<Api>) -> HttpResponse {
    let found = readiness(&api.engine).await;
    let mut degraded = found.degraded.clone();
    if api.config.database.durability == Durability::Relaxed {
        degraded.push("durability");
    }
    let status = match (found.is_ready(), degraded.is_empty()) {
        (false, _) => "failing",
        (true, false) => "degraded",
        (true, true) => "ok",
    };
    let code = if found.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let checks = found.checks.into_iter().map(|(name, passed, detail)| Check {
        name,
        status: if passed { "ok" } else { "failing" },
        detail,
    });
    HttpResponse::build(code).json(Health { status, checks: checks.collect(), degraded })
}

/// What runs here.
#[utoipa::path(
    get,
    path = "/version",
    tag = "operation",
    responses((status = 200, description = "Version and revision", body = Version)),
    security(())
)]
pub async fn version() -> HttpResponse {
    HttpResponse::Ok().json(Version {
        name: "antiphon",
        version: env!("CARGO_PKG_VERSION"),
        revision: telemetry::REVISION,
    })
}

/// Counters and gauges for Prometheus. Asks for a bearer token if `server.metrics_key` is set.
///
/// # Errors
/// 401 `unauthenticated`.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses(
        (status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text"),
        (status = 401, description = "`unauthenticated`")
    ),
    security(())
)]
pub async fn metrics(api: web::Data<Api>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    if let Some(key) = &api.config.server.metrics_key {
        let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = given.and_then(|given| given.strip_prefix("Bearer ")).unwrap_or_default();
        let hash = |text: &str| Sha256::digest(text.trim());
        if !bool::from(hash(token).ct_eq(&hash(key.expose_secret()))) {
            return Err(Problem::unauthenticated());
        }
    }
    if let Err(failure) = sample(&api.engine).await {
        // The counters are still worth reading when the database is away.
        tracing::warn!(%failure, "the gauges were not sampled");
    }
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, telemetry::CONTENT_TYPE))
        .body(api.engine.metrics.encode()))
}
