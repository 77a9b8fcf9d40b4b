//! Who may call our webhooks: the closed set of verifiers (gateways.md 2.4, RS2). They work on the raw bytes
//! before any parsing, in constant time, with one or two secrets and the time as an argument. What is missing,
//! repeated or malformed is a refusal. Public URLs come from the configuration: `Host` and `X-Forwarded-*` are
//! never looked at (RP13). They never panic, and store nothing: a nonce is handed back to be recorded.
//!
//! A signature says something about what it covers and nothing else. Twilio's, Plivo's and Bird's cover the URL
//! and the body; Vonage's the parameters of the body, or of the query if there is no body; the others the body.

mod body_nonce;
mod callback;
mod declared;
mod ed25519;
mod fixed;
mod jwt_hashes;
mod mac;
mod params;
mod plivo_v3;
mod public_url;
mod secrets;
mod sorted_params;
mod standard_webhooks;
mod url_params;

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

pub use callback::Callback;
pub use declared::{Declared, DeclaredFault, DeclaredSecret, Scheme};
pub use ed25519::PublicKeys;
pub use fixed::Place;
pub use jwt_hashes::JwtHashes;
pub use plivo_v3::PlivoV3;
pub use secrets::{Secrets, SecretsFault};
pub use sorted_params::SortedParams;
pub use standard_webhooks::sign;
pub use url_params::UrlParams;

/// How far a signed time may be from ours, in either direction.
const TOLERANCE: TimeDelta = TimeDelta::seconds(300);

/// Most bytes of a nonce; a longer one is malformed, since it is stored.
const NONCE_BYTES_MAX: usize = 255;

/// Why a callback is not authentic; for counters and the log, never for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// The proof is not there.
    #[error("the proof is missing")]
    Missing,
    /// The header or parameter is there more than once.
    #[error("the proof is there more than once")]
    Repeated,
    /// It cannot be read.
    #[error("the proof cannot be read")]
    Malformed,
    /// It is made by another algorithm than the configured one.
    #[error("the proof names another algorithm than the configured one")]
    Algorithm,
    /// There is a body that the proof says nothing about.
    #[error("the proof does not cover the body")]
    Uncovered,
    /// It is readable and wrong.
    #[error("the proof does not fit")]
    Mismatch,
    /// The caller is in none of the gateway's networks.
    #[error("the address is not one of the gateway's")]
    Outside,
    /// It is signed for another time.
    #[error("the signed time is too far away")]
    Stale,
}

/// What an authentic callback leaves to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Stands for this callback alone: whoever has seen it before has seen the callback before (RF37). At most
    /// 255 bytes.
    pub nonce: Option<String>,
}

/// How a gateway proves that a callback is its own. There is no default: a gateway without one does not open.
#[derive(Clone, Debug)]
pub enum Verifier {
    /// A fixed secret at a fixed place (GW27).
    Static(Place, Secrets),
    /// Standard Webhooks 1.0.0 (GW26).
    StandardWebhooks(Secrets),
    /// HMAC over URL and sorted form parameters (GW20, Twilio).
    UrlParams(UrlParams),
    /// HMAC over URL, sorted parameters and nonce (GW21, Plivo).
    PlivoV3(PlivoV3),
    /// HMAC over sorted parameters (GW22, Vonage).
    SortedParams(SortedParams),
    /// A JWT with hashes of URL and body (GW23, Bird).
    JwtHashes(JwtHashes),
    /// Ed25519 over time and body (GW24, Telnyx).
    Ed25519(PublicKeys),
    /// HMAC over body, nonce and time (GW25, Sinch).
    BodyNonce(Secrets),
    /// The address alone: the gateway's networks are named, and it knows no secret (GW27).
    Network,
    /// Nothing is proved; see [`Unverified`].
    None(Unverified),
}

/// The right to leave out verification, held by the simulator on a loopback address alone (RS2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unverified(());

impl Verifier {
    /// No verification, which only a simulator on a loopback address may have.
    #[must_use]
    pub fn none_on(bind: IpAddr) -> Option<Self> {
        bind.is_loopback().then_some(Self::None(Unverified(())))
    }

    /// Checks the proof that the callback comes from the gateway. Its address is checked apart.
    ///
    /// # Errors
    /// [`Forged`] if it does not, or if that cannot be told.
    pub fn verify(&self, callback: &Callback<'_>, now: DateTime<Utc>) -> Result<Proof, Forged> {
        let nonce = match self {
            Self::Static(place, secrets) => {
                fixed::check(place, secrets, callback)?;
                None
            }
            Self::StandardWebhooks(secrets) => {
                standard_webhooks::check(secrets, callback, now)?;
                None
            }
            Self::UrlParams(url_params) => {
                url_params.check(callback)?;
                None
            }
            Self::PlivoV3(plivo) => {
                plivo.check(callback)?;
                None
            }
            Self::SortedParams(sorted) => sorted.check(callback, now)?,
            Self::JwtHashes(jwt) => Some(jwt.check(callback, now)?),
            Self::Ed25519(keys) => {
                keys.check(callback, now)?;
                None
            }
            Self::BodyNonce(secrets) => {
                body_nonce::check(secrets, callback, now)?;
                None
            }
            Self::Network | Self::None(Unverified(())) => None,
        };
        Ok(Proof { nonce })
    }

    /// What a URL we hand out must carry so that calls to it pass: a path segment or a query parameter.
    #[must_use]
    pub fn url_secret(&self) -> Option<(&Place, &SecretString)> {
        match self {
            Self::Static(place @ (Place::Path | Place::Query(_)), secrets) => {
                secrets.first().map(|secret| (place, secret))
            }
            Self::Static(Place::Header(_) | Place::Basic(_) | Place::Bearer, _)
            | Self::StandardWebhooks(_)
            | Self::UrlParams(_)
            | Self::PlivoV3(_)
            | Self::SortedParams(_)
            | Self::JwtHashes(_)
            | Self::Ed25519(_)
            | Self::BodyNonce(_)
            | Self::Network
            | Self::None(_) => None,
        }
    }
}

/// Reads a signed time: plain digits without sign or leading zero, so that the text signed is the text we sign.
fn unix_seconds(value: &[u8]) -> Result<i64, Forged> {
    let text = std::str::from_utf8(value).map_err(|_| Forged::Malformed)?;
    let seconds: i64 = text.parse().map_err(|_| Forged::Malformed)?;
    let is_time = seconds >= 0 && DateTime::from_timestamp(seconds, 0).is_some();
    if is_time && seconds.to_string() == text { Ok(seconds) } else { Err(Forged::Malformed) }
}

/// Refuses a signed time that is more than 300 s away from ours.
fn near(seconds: i64, now: DateTime<Utc>) -> Result<(), Forged> {
    let signed_at = DateTime::from_timestamp(seconds, 0).ok_or(Forged::Malformed)?;
    if (now - signed_at).abs() > TOLERANCE { Err(Forged::Stale) } else { Ok(()) }
}

/// A nonce that can be stored.
fn nonce(text: &str) -> Result<String, Forged> {
    let fits = !text.is_empty() && text.len() <= NONCE_BYTES_MAX && !text.contains('\0');
    if fits { Ok(text.to_owned()) } else { Err(Forged::Malformed) }
}
