//! The outermost layer of every answer: request id, security headers, rate headers, and problems made whole.
//! It never decides anything about a request.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};

use super::problem::{MEDIA_TYPE, Problem, ProblemCode};
use super::rate::Allowance;
use crate::clock::Clock;
use crate::ids::Ids;

/// Header with the id of a request, on every answer (http-api.md 1.1).
pub const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// What the edge needs to name requests and to bound their bodies; registered as `web::Data`.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Time of the id.
    pub clock: Clock,
    /// Source of the id.
    pub ids: Ids,
    /// Longest time a body may take to arrive (`server.body_timeout`, RP2).
    pub body_timeout: Duration,
}

/// A UUIDv7 of our own for each request, kept in the request's extensions. Ids from outside are not taken.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// The middleware: `App::wrap(from_fn(edge))`, outside of all others.
///
/// # Errors
/// None of its own; errors of inner layers that have no response pass through.
pub async fn edge(
    edge: web::Data<Edge>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = edge.ids.next(edge.clock.now());
    request.extensions_mut().insert(RequestId(id.clone()));
    let answered = next.call(request).await?.map_into_boxed_body();
    let (request, response) = answered.into_parts();
    let mut response = match refusal(&response) {
        Some(problem) => whole(response, &problem, request.path(), &id),
        None => response,
    };
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Some(allowance) = request.extensions().get::<Allowance>() {
        allowance.show(headers);
    }
    Ok(ServiceResponse::new(request, response))
}

/// The problem behind a response: our own, or one for an error the framework answered itself.
fn refusal(response: &HttpResponse) -> Option<Problem> {
    if let Some(problem) = response.extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    let status = response.status();
    response
        .error()
        .filter(|_| status.is_client_error() || status.is_server_error())
        .map(|_| framework_problem(status))
}

fn framework_problem(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::new(ProblemCode::RouteNotFound, "check the path"),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(ProblemCode::PayloadTooLarge, "send less"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::new(ProblemCode::UnsupportedMediaType, "check Content-Type")
        }
        status if status.is_server_error() => {
            Problem::new(ProblemCode::InternalError, "try again; the request id helps us to find it")
        }
        _ => Problem::new(ProblemCode::InvalidBody, "the request cannot be read"),
    }
}

/// The same response with the problem rendered for this request.
fn whole(mut response: HttpResponse, problem: &Problem, path: &str, id: &str) -> HttpResponse {
    *response.status_mut() = problem.code().status();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    let body = problem.body(Some(path), Some(id)).to_string();
    response.set_body(BoxBody::new(body))
}
