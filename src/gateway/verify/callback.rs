//! [`Callback`]: the raw request of a gateway, as the HTTP edge saw it. Nothing of it is read yet.

use std::fmt;
use std::net::IpAddr;

use super::Forged;
use super::params::{Pairs, pairs};

/// The raw request of a callback.
#[derive(Clone, Copy)]
pub struct Callback<'a> {
    /// The method in capitals, such as `POST`.
    pub method: &'a str,
    /// Path and query exactly as called, not decoded.
    pub target: &'a str,
    /// Headers in order; repeated ones appear repeatedly.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The path segment after `/inbound` or `/status`, decoded.
    pub path_secret: Option<&'a str>,
    /// Who called: the peer, or what a proxy that is trusted says was its peer.
    pub address: Option<IpAddr>,
    /// Body bytes as they came.
    pub body: &'a [u8],
}

/// What the body claims to be, as far as signatures care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    /// There is none.
    Empty,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/json` and its like.
    Json,
    /// Anything else.
    Other,
}

impl<'a> Callback<'a> {
    /// Query string without `?`, not decoded; empty if there is none.
    #[must_use]
    pub fn query(&self) -> &'a str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// Path without query, not decoded.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.target.split_once('?').map_or(self.target, |(path, _)| path)
    }

    /// What the body claims to be. A GET has no form: what stands in its body is something else.
    pub(super) fn body_kind(&self) -> Result<BodyKind, Forged> {
        if self.body.is_empty() {
            return Ok(BodyKind::Empty);
        }
        if self.method != "POST" {
            return Ok(BodyKind::Other);
        }
        let Some(value) = self.header_if_any("content-type")? else {
            return Ok(BodyKind::Other);
        };
        let value = std::str::from_utf8(value).map_err(|_| Forged::Malformed)?;
        let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = essence == "application/json"
            || essence.starts_with("application/") && essence.ends_with("+json");
        Ok(match essence.as_str() {
            "application/x-www-form-urlencoded" => BodyKind::Form,
            _ if is_json => BodyKind::Json,
            _ => BodyKind::Other,
        })
    }

    /// The one non-empty header of that name.
    pub(super) fn header(&self, name: &str) -> Result<&'a [u8], Forged> {
        match self.header_if_any(name)? {
            Some(value) if !value.is_empty() => Ok(value),
            Some(_) | None => Err(Forged::Missing),
        }
    }

    /// The header of that name, if it is there; never two of them.
    pub(super) fn header_if_any(&self, name: &str) -> Result<Option<&'a [u8]>, Forged> {
        let mut values = self.headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
        let first = values.next().map(|(_, value)| *value);
        if values.next().is_some() { Err(Forged::Repeated) } else { Ok(first) }
    }

    /// The one query parameter of that name, decoded.
    pub(super) fn parameter(&self, name: &str) -> Result<Vec<u8>, Forged> {
        only(&pairs(self.query().as_bytes()), name).cloned()
    }
}

/// The one value of that name.
pub(super) fn only<'p>(pairs: &'p Pairs, name: &str) -> Result<&'p Vec<u8>, Forged> {
    let mut values = pairs.iter().filter(|(given, _)| given == name.as_bytes());
    let (_, value) = values.next().ok_or(Forged::Missing)?;
    if values.next().is_some() { Err(Forged::Repeated) } else { Ok(value) }
}

impl fmt::Debug for Callback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}
