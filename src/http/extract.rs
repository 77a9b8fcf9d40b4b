//! What handlers take as arguments: a small body as bytes, or as strict JSON. Authentication comes before it in
//! a handler's arguments, so that nobody without a key makes us read.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::body::{self, Limits, SMALL_MAX, SURVEY_MAX};
use super::json::{self, Json, JsonFault};
use super::problem::{Problem, ProblemCode};

/// A body of at most 64 KiB that claims to be JSON, not parsed yet (SendSurvey).
#[derive(Debug)]
pub struct SmallBody(pub Vec<u8>);

/// A body of at most 64 KiB as strict JSON; no body at all is an empty object, for actions whose every property
/// is optional. Read it with [`super::fields::Fields`].
#[derive(Debug)]
pub struct StrictJson(pub Json);

impl SmallBody {
    /// The body as strict JSON; no body at all is an empty object.
    ///
    /// # Errors
    /// 400 `invalid_json`.
    pub fn strict(&self) -> Result<Json, Problem> {
        if self.0.is_empty() {
            return Ok(Json::Object(Vec::new()));
        }
        Ok(json::strict(&self.0)?)
    }
}

impl FromRequest for SmallBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        async move {
            body::media_type(&request, body::JSON)?;
            body::read(&request, &mut payload, Limits::of(&request, SMALL_MAX)).await.map(Self)
        }
        .boxed_local()
    }
}

/// A survey file of at most 1 MiB, as YAML or JSON (http-api.md 3).
#[derive(Debug)]
pub struct SurveyBody {
    /// The file.
    pub source: String,
    /// Whether it came as JSON.
    pub is_json: bool,
}

impl FromRequest for SurveyBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        async move {
            let media_type = body::media_type(&request, body::SURVEY)?;
            let bytes = body::read(&request, &mut payload, Limits::of(&request, SURVEY_MAX)).await?;
            let source = String::from_utf8(bytes)
                .map_err(|_| Problem::new(ProblemCode::InvalidBody, "the file is not UTF-8"))?;
            Ok(Self { source, is_json: media_type.ends_with("json") })
        }
        .boxed_local()
    }
}

impl FromRequest for StrictJson {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = SmallBody::from_request(request, payload);
        async move { body.await?.strict().map(Self) }.boxed_local()
    }
}

impl From<JsonFault> for Problem {
    fn from(fault: JsonFault) -> Self {
        Self::new(ProblemCode::InvalidJson, fault.to_string())
    }
}
