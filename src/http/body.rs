//! Reads request bodies under limits of size, time and pace (RS7, RP1, RP2, RF50). Never decodes a
//! `Content-Encoding`: a small body could become a huge one.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, web};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::edge::Edge;
use super::problem::{Problem, ProblemCode};

/// Media types read as JSON; no `Content-Type` at all counts as the first.
pub const JSON: &[&str] = &["application/json", "text/json"];

/// Media types of a survey file (http-api.md 3).
pub const SURVEY: &[&str] = &["application/yaml", "application/x-yaml", "text/yaml", "application/json"];

/// Most bytes of everything but survey files: 64 KiB (http-api.md 1.1).
pub const SMALL_MAX: usize = 64 * 1_024;

/// Most bytes of a survey file: 1 MiB.
pub const SURVEY_MAX: usize = 1_024 * 1_024;

/// What a body may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes.
    pub bytes_max: usize,
    /// Longest time from the first read to the end.
    pub duration_max: Duration,
    /// Slowest pace after [`Limits::grace`].
    pub bytes_per_second_min: u32,
    /// Time that is not measured for pace, for slow starts.
    pub grace: Duration,
}

impl Limits {
    /// The usual pace (1 KiB/s after 2 s) with this size, and in all the time of `server.body_timeout`.
    #[must_use]
    pub fn of(request: &HttpRequest, bytes_max: usize) -> Self {
        let edge = request.app_data::<web::Data<Edge>>();
        Self {
            bytes_max,
            duration_max: edge.map_or(Duration::ZERO, |edge| edge.body_timeout),
            bytes_per_second_min: 1_024,
            grace: Duration::from_secs(2),
        }
    }

    /// When the next piece must have come.
    fn due(&self, start: Instant, received: usize) -> Instant {
        let earned = Duration::from_secs_f64(bytes(received) / f64::from(self.bytes_per_second_min.max(1)));
        start + self.duration_max.min(self.grace + earned)
    }
}

fn bytes(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Which of `accepted` the body claims to be; without `Content-Type` the first of them.
///
/// # Errors
/// 415 `unsupported_media_type` for another type, another charset than UTF-8, or any `Content-Encoding` but
/// `identity`.
pub fn media_type(request: &HttpRequest, accepted: &'static [&'static str]) -> Result<&'static str, Problem> {
    let unsupported = |detail: String| Err(Problem::new(ProblemCode::UnsupportedMediaType, detail));
    for encoding in request.headers().get_all(CONTENT_ENCODING) {
        if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") {
            return unsupported("send the body without Content-Encoding".to_owned());
        }
    }
    let expected = format!("use Content-Type: {} in UTF-8", accepted.join(" or "));
    let Some(header) = request.headers().get(CONTENT_TYPE) else {
        return accepted.first().copied().map_or_else(|| unsupported(expected), Ok);
    };
    let mut parts = header.to_str().unwrap_or_default().split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let is_utf8 = parts
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, charset)| charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8"));
    match accepted.iter().find(|known| known.eq_ignore_ascii_case(essence)) {
        Some(known) if is_utf8 => Ok(known),
        Some(_) | None => unsupported(expected),
    }
}

/// Reads the whole body.
///
/// # Errors
/// 413 `payload_too_large`, at once when `Content-Length` says so; 400 `invalid_body` when it comes too slowly
/// or breaks off.
pub async fn read(request: &HttpRequest, payload: &mut Payload, limits: Limits) -> Result<Vec<u8>, Problem> {
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let mut body = Vec::new();
    too_large_above(limits, announced.unwrap_or(0))?;
    let start = Instant::now();
    loop {
        let piece = timeout_at(limits.due(start, body.len()), payload.next()).await;
        match piece {
            Ok(None) => return Ok(body),
            Ok(Some(Ok(piece))) => {
                let length = body.len().saturating_add(piece.len());
                too_large_above(limits, u64::try_from(length).unwrap_or(u64::MAX))?;
                body.extend_from_slice(&piece);
            }
            Ok(Some(Err(_))) => return Err(invalid("the body broke off")),
            Err(_) => return Err(invalid("the body came too slowly")),
        }
    }
}

fn too_large_above(limits: Limits, length: u64) -> Result<(), Problem> {
    if length > u64::try_from(limits.bytes_max).unwrap_or(u64::MAX) {
        let detail = format!("at most {} bytes are taken here", limits.bytes_max);
        return Err(Problem::new(ProblemCode::PayloadTooLarge, detail));
    }
    Ok(())
}

fn invalid(detail: &str) -> Problem {
    Problem::new(ProblemCode::InvalidBody, detail)
}
