//! [`Problem`]: every answer that says no, as RFC 9457 `application/problem+json`. The codes are those of
//! [`super::codes`]; `instance` and `requestId` are filled in by [`super::edge`], which knows the request.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use super::codes::{FaultCode, ItemCode, ProblemCode};

/// Media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// One particular of a `validation_failed` or `survey_invalid` problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fault {
    /// JSON Pointer into the body as the caller spelled it; `?name` for a query parameter, `header:Name` for a
    /// header.
    #[schema(example = "/identifier")]
    pub pointer: String,
    /// One of the fault codes, or a code of the survey checker.
    #[schema(example = "identifier_not_mobile")]
    pub code: &'static str,
    /// One sentence for a person; its wording may change.
    pub detail: String,
}

impl Fault {
    /// A fault of a request.
    #[must_use]
    pub fn new(pointer: impl Into<String>, code: FaultCode, detail: impl Into<String>) -> Self {
        Self::of_checker(pointer, code.as_str(), detail)
    }

    /// A fault the survey checker found; `code` is the checker's own.
    #[must_use]
    pub fn of_checker(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
}

/// A refusal, as one value; turn it into a response by returning it.
#[derive(Clone, Debug)]
pub struct Problem(Box<Parts>);

/// Kept behind a pointer, so that a `Result` with a problem stays small.
#[derive(Clone, Debug)]
struct Parts {
    code: ProblemCode,
    detail: String,
    errors: Vec<Fault>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with a sentence on this very case. Never put phone numbers or message texts in it (RS11)
    /// unless the caller sent them himself in this request.
    #[must_use]
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            members: Map::new(),
            headers: Vec::new(),
        }))
    }

    /// 422 with all faults at once.
    #[must_use]
    pub fn validation(faults: Vec<Fault>) -> Self {
        Self::with_faults(ProblemCode::ValidationFailed, faults)
    }

    /// 422 for a survey file, with all faults at once.
    #[must_use]
    pub fn survey_invalid(faults: Vec<Fault>) -> Self {
        Self::with_faults(ProblemCode::SurveyInvalid, faults)
    }

    fn with_faults(code: ProblemCode, faults: Vec<Fault>) -> Self {
        let detail = match faults.len() {
            1 => "1 fault".to_owned(),
            count => format!("{count} faults"),
        };
        let mut problem = Self::new(code, detail);
        problem.0.errors = faults;
        problem
    }

    /// 409 `open_session_exists` with the sessions in the way.
    #[must_use]
    pub fn open_session_exists(session_ids: &[String]) -> Self {
        let detail = match session_ids.len() {
            1 => "1 open session on this sender".to_owned(),
            count => format!("{count} open sessions on this sender"),
        };
        Self::new(ProblemCode::OpenSessionExists, detail).with_member("sessionIds", json!(session_ids))
    }

    /// 409 `invalid_state_transition` with the state that forbids it.
    #[must_use]
    pub fn invalid_state_transition(current_state: &str, detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::InvalidStateTransition, detail)
            .with_member("currentState", json!(current_state))
    }

    /// 409 `quarantined` with the time from which the call may succeed (A71).
    #[must_use]
    pub fn quarantined(until: chrono::DateTime<chrono::Utc>) -> Self {
        let until = until.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        Self::new(ProblemCode::Quarantined, format!("try again after {until}"))
            .with_member("retryAfter", json!(until))
    }

    /// 405 with the methods the route knows.
    #[must_use]
    pub fn method_not_allowed(method: &Method, allowed: &str) -> Self {
        Self::new(ProblemCode::MethodNotAllowed, format!("{method} is not known here; use {allowed}"))
            .with_header(ALLOW, allowed)
    }

    /// 401 that names the scheme wanted (RFC 9110, 11.6.1).
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(
            ProblemCode::Unauthenticated,
            "send a valid key as Authorization: Bearer, Basic (key id and key) or X-API-Key",
        )
        .with_header(WWW_AUTHENTICATE, "Bearer")
    }

    /// Adds the `Retry-After` header.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with_header(RETRY_AFTER, &seconds.to_string())
    }

    /// Adds a member of this problem's own, such as `sessionIds`.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: Value) -> Self {
        self.0.members.insert(name.to_owned(), value);
        self
    }

    fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers.push((name, value));
        }
        self
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> ProblemCode {
        self.0.code
    }

    /// The sentence on this case.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The particulars, in the order found.
    #[must_use]
    pub fn errors(&self) -> &[Fault] {
        &self.0.errors
    }

    /// The JSON body. `instance` is the path asked for, without the query.
    #[must_use]
    pub fn body(&self, instance: Option<&str>, request_id: Option<&str>) -> Value {
        let mut body = json!({
            "type": format!("/problems/{}", self.0.code),
            "title": self.0.code.about(),
            "status": self.0.code.status().as_u16(),
            "code": self.0.code.as_str(),
            "detail": self.0.detail,
            "instance": instance,
            "requestId": request_id,
        });
        if let Value::Object(members) = &mut body {
            if !self.0.errors.is_empty() {
                members.insert("errors".to_owned(), json!(self.0.errors));
            }
            members.extend(self.0.members.clone());
        }
        body
    }

    fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.0.code.status());
        for (name, value) in &self.0.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        let mut response =
            response.insert_header((CONTENT_TYPE, MEDIA_TYPE)).body(self.body(None, None).to_string());
        // The edge finds the problem here and renders it again with what only the request knows.
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

impl Responder for Problem {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.response()
    }
}

/// The problem schema as the API reference shows it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem, title = "Problem (RFC 9457)")]
#[serde(rename_all = "camelCase")]
pub struct ProblemSchema {
    /// `/problems/{code}`, served by the product.
    #[schema(example = "/problems/validation_failed")]
    pub r#type: String,
    /// Short wording of the code; may change.
    pub title: String,
    /// HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// Stable code.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// What happened in this case; may change.
    pub detail: String,
    /// Path of the request.
    pub instance: Option<String>,
    /// Also in the header `Request-Id`.
    pub request_id: Option<String>,
    /// Particulars of `validation_failed` and `survey_invalid`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
}
