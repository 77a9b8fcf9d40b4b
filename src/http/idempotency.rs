//! The `Idempotency-Key` header (http-api.md 1.4) and the fingerprint of the request it stands for. Whether the
//! key was used before is for the use case to find out.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use sha2::{Digest, Sha256};

use super::problem::{Fault, FaultCode, Problem};
use crate::hex;

/// Name of the header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

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
