//! The `Idempotency-Key` header (http-api.md 1.4) and the fingerprint of the request it stands for. Whether the
//! key was used before is for the use case to find out.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, LOCATION};
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::api::Api;
use super::caller::Caller;
use super::in_flight::Claim;
use super::problem::{Fault, FaultCode, Problem, ProblemCode};
use crate::app::change_once::{Connection, StoreError, change_once};
use crate::app::engine::Engine;
use crate::app::failure::Failure;
use crate::app::idempotency::{Idempotent, Keyed, Replay, WithKey, Work, find_replay};
use crate::clock::Timestamp;
use crate::hex;

/// Name of the header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Name of the header that marks a stored answer.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Longest key, in characters.
const KEY_CHARS_MAX: usize = 255;

/// The key of a request: 1 to 255 visible ASCII characters, spaces inside included; `None` without the header.
///
/// # Errors
/// 422 with a fault at `header:Idempotency-Key` when it is sent twice, empty, too long or not ASCII.
pub fn key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let fault = |code, detail: &str| {
        let fault = Fault::new("header:Idempotency-Key", code, detail);
        Err(Problem::validation(vec![fault]))
    };
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return fault(FaultCode::DuplicateParam, "send this header once");
    }
    match value.to_str() {
        Ok(key) if (1..=KEY_CHARS_MAX).contains(&key.len()) => Ok(Some(key.to_owned())),
        Ok(_) | Err(_) => fault(FaultCode::InvalidParam, "use 1 to 255 visible ASCII characters"),
    }
}

/// SHA-256 in hex over method, path with query, and body: another request gives another one.
#[must_use]
pub fn fingerprint(request: &HttpRequest, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    // The method and the target hold no line feed, so the parts cannot run into each other.
    hash.update(request.method().as_str());
    hash.update(b"\n");
    hash.update(request.uri().to_string());
    hash.update(b"\n");
    hash.update(body);
    hex::encode(&hash.finalize())
}

/// An answer as it is rendered inside a transaction: status, `Location`, JSON body.
pub type Answer = (u16, Option<String>, String);

/// The key of one request, to be stored with its effect.
#[derive(Clone, Debug)]
pub struct Ticket {
    key_id: String,
    key: String,
    fingerprint: String,
    /// Held until the turn is stored or given up.
    claim: Arc<Claim>,
}

impl Ticket {
    /// The ticket of a request, if it has a key; waits while another request with that key is running.
    ///
    /// # Errors
    /// 422 for a key that cannot be used; 409 `idempotency_in_progress` when the other request takes longer than
    /// 2 s.
    pub async fn of(
        api: &Api,
        request: &HttpRequest,
        caller: &Caller,
        body: &[u8],
    ) -> Result<Option<Self>, Problem> {
        let Some(key) = key(request)? else {
            return Ok(None);
        };
        let claim = api.in_flight.claim(caller.key_id(), &key).await?;
        let fingerprint = fingerprint(request, body);
        Ok(Some(Self { key_id: caller.key_id().to_owned(), key, fingerprint, claim }))
    }

    /// The answer given before under this key.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read.
    pub async fn replay(&self, engine: &Engine) -> Result<Option<Replay>, Failure> {
        find_replay(engine, &self.key_id, &self.key, &self.fingerprint).await
    }

    /// What the turn stores, with the way its answer is written.
    pub fn idempotent<D>(self, render: impl Fn(&D) -> Answer + Send + Sync + 'static) -> Idempotent<D> {
        let claim = self.claim;
        Idempotent {
            key_id: self.key_id,
            key: self.key,
            fingerprint: self.fingerprint,
            render: Arc::new(move |done| {
                // The turn holds the claim for as long as it may still render its answer.
                let _ = &claim;
                render(done)
            }),
        }
    }
}

/// Carries out a turn under the request's key, if it has one, and answers as `render` says.
///
/// # Errors
/// 422 for a key that cannot be used or was used for something else; 503 and 500 for faults of ours; whatever
/// `refuse` makes of the outcome.
pub async fn answer<W>(
    engine: &Engine,
    ticket: Option<Ticket>,
    work: W,
    refuse: impl Fn(&W::Output) -> Option<Problem> + Send + Sync + 'static,
    render: impl Fn(&W::Output) -> Answer + Send + Sync + 'static,
) -> Result<HttpResponse, Problem>
where
    W: Work,
    W::Output: Clone,
{
    let refuse = Arc::new(refuse);
    let render = Arc::new(render);
    let (refuses, renders) = (Arc::clone(&refuse), Arc::clone(&render));
    let idempotent = ticket.map(|ticket| {
        // A refusal is not stored; its status only has to say so.
        ticket.idempotent(move |done| match refuses(done) {
            Some(problem) => (problem.code().status().as_u16(), None, String::new()),
            None => renders(done),
        })
    });
    let keyed = engine.store.write(WithKey { work, idempotent }).await.map_err(Failure::from)?;
    match keyed {
        Keyed::Replayed(replay) => replayed(replay),
        Keyed::Done(done) => match refuse(&done) {
            Some(problem) => Err(problem),
            None => Ok(response(render(&done))),
        },
    }
}

/// Carries out a change of set-up under the request's key, if it has one; otherwise as [`answer`]. `applied`
/// brings memory up to date after the commit.
///
/// # Errors
/// As [`answer`].
pub async fn answer_change<D, R>(
    engine: &Engine,
    ticket: Option<Ticket>,
    work: impl Fn(&mut Connection, Timestamp) -> Result<Result<D, R>, StoreError> + Send + 'static,
    applied: impl Fn(&D) + Send + 'static,
    refuse: impl Fn(R) -> Problem,
    render: impl Fn(&D) -> Answer + Clone + Send + Sync + 'static,
) -> Result<HttpResponse, Problem>
where
    D: Send + 'static,
    R: Send + 'static,
{
    let idempotent = ticket.map(|ticket| ticket.idempotent(render.clone()));
    match change_once(engine, idempotent, work, applied).await.map_err(Failure::from)? {
        Keyed::Replayed(replay) => replayed(replay),
        Keyed::Done(Ok(done)) => Ok(response(render(&done))),
        Keyed::Done(Err(refused)) => Err(refuse(refused)),
    }
}

/// The response of a rendered answer.
#[must_use]
pub fn response((status, location, body): Answer) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    if let Some(location) = location {
        response.insert_header((LOCATION, location));
    }
    response.insert_header((CONTENT_TYPE, "application/json")).body(body)
}

/// The response of a key that was used before.
///
/// # Errors
/// 422 `idempotency_key_reused` when it was used for another request.
pub fn replayed(replay: Replay) -> Result<HttpResponse, Problem> {
    match replay {
        Replay::Same { status, location, body } => {
            let mut response = response((status, location, body));
            response
                .headers_mut()
                .insert(IDEMPOTENT_REPLAYED, actix_web::http::header::HeaderValue::from_static("true"));
            Ok(response)
        }
        Replay::Reused => Err(Problem::new(
            ProblemCode::IdempotencyKeyReused,
            "this Idempotency-Key came with another method, path or body",
        )),
    }
}
