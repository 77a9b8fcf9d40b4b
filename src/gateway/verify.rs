//! Who may call our webhooks: the closed set of verifiers (gateways.md 2.4, RS2). They work on the raw bytes
//! before any parsing, in constant time, with one or two secrets and the time as an argument. What is missing,
//! repeated or malformed is a refusal. They never look at `Host` or `X-Forwarded-*` (RP13) and never panic.

use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Fewest bytes a secret may have: 128 bits (GW27).
const SECRET_BYTES_MIN: usize = 16;

/// Most secrets at a time: the old and the new one while they are changed over.
const SECRETS_MAX: usize = 2;

/// How far a signed time may be from ours, in either direction.
const TOLERANCE: TimeDelta = TimeDelta::seconds(300);

/// The raw request of a callback, as the HTTP edge saw it.
#[derive(Clone, Copy)]
pub struct Callback<'a> {
    /// Headers in order; repeated ones appear repeatedly.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// Query string without `?`, not decoded.
    pub query: &'a str,
    /// The path segment after `/inbound` or `/status`, decoded.
    pub path_secret: Option<&'a str>,
    /// Who called: the peer, or what a proxy that is trusted says was its peer.
    pub address: Option<IpAddr>,
    /// Body bytes as they came.
    pub body: &'a [u8],
}

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
    /// It is readable and wrong.
    #[error("the proof does not fit")]
    Mismatch,
    /// The caller is in none of the gateway's networks.
    #[error("the address is not one of the gateway's")]
    Outside,
    /// It is signed for another time.
    #[error("the signed time is more than 300 s away")]
    Stale,
}

/// How a gateway proves that a callback is its own. There is no default: a gateway without one does not open.
#[derive(Clone, Debug)]
pub enum Verifier {
    /// A fixed secret at a fixed place (GW27).
    Static(Place, Secrets),
    /// Standard Webhooks 1.0.0 (GW26).
    StandardWebhooks(Secrets),
    /// The address alone: the gateway's networks are named, and it knows no secret (GW27).
    Network,
    /// Nothing is proved; see [`Unverified`].
    None(Unverified),
}

/// The right to leave out verification, held by the simulator on a loopback address alone (RS2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unverified(());

/// Where a fixed secret stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A header of that name.
    Header(String),
    /// A query parameter of that name.
    Query(String),
    /// One further path segment.
    Path,
    /// The password of HTTP Basic with that user.
    Basic(String),
    /// `Authorization: Bearer`.
    Bearer,
}

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
    pub fn verify(&self, callback: &Callback<'_>, now: DateTime<Utc>) -> Result<(), Forged> {
        match self {
            Self::Static(place, secrets) => match_place(place, secrets, callback),
            Self::StandardWebhooks(secrets) => match_signature(secrets, callback, now),
            Self::Network | Self::None(Unverified(())) => Ok(()),
        }
    }

    /// What a URL we hand out must carry so that calls to it pass: a path segment or a query parameter.
    #[must_use]
    pub fn url_secret(&self) -> Option<(&Place, &SecretString)> {
        match self {
            Self::Static(place @ (Place::Path | Place::Query(_)), secrets) => {
                secrets.0.first().map(|secret| (place, &secret.text))
            }
            Self::Static(Place::Header(_) | Place::Basic(_) | Place::Bearer, _)
            | Self::StandardWebhooks(_)
            | Self::Network
            | Self::None(_) => None,
        }
    }
}

/// One or two secrets of at least 128 bits; never printed.
#[derive(Clone)]
pub struct Secrets(Vec<Secret>);

#[derive(Clone)]
struct Secret {
    text: SecretString,
    /// Key bytes: the text itself, or what a `whsec_` text decodes to.
    key: Vec<u8>,
}

/// Why secrets cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretsFault {
    /// None given.
    #[error("give a secret of at least 16 characters")]
    None,
    /// More than two.
    #[error("give at most two secrets, the old and the new one")]
    TooMany,
    /// Below 128 bits.
    #[error("a secret has at least 16 characters (128 bits)")]
    TooShort,
    /// Not the form of Standard Webhooks.
    #[error("a signing secret is `whsec_` and 24 to 64 bytes in base64")]
    NotBase64,
}

impl Secrets {
    /// Secrets that are compared as they stand.
    ///
    /// # Errors
    /// [`SecretsFault`] unless there are one or two of at least 16 bytes.
    pub fn plain(texts: &[SecretString]) -> Result<Self, SecretsFault> {
        Self::of(texts, |text| {
            let key = text.as_bytes().to_vec();
            if key.len() < SECRET_BYTES_MIN { Err(SecretsFault::TooShort) } else { Ok(key) }
        })
    }

    /// Signing secrets: base64 of 24 to 64 bytes, with or without `whsec_` in front (V1).
    ///
    /// # Errors
    /// [`SecretsFault`] unless there are one or two of that form.
    pub fn signing(texts: &[SecretString]) -> Result<Self, SecretsFault> {
        Self::of(texts, |text| {
            let encoded = text.strip_prefix("whsec_").unwrap_or(text);
            STANDARD
                .decode(encoded)
                .ok()
                .filter(|key| (24..=64).contains(&key.len()))
                .ok_or(SecretsFault::NotBase64)
        })
    }

    fn of(
        texts: &[SecretString],
        key: impl Fn(&str) -> Result<Vec<u8>, SecretsFault>,
    ) -> Result<Self, SecretsFault> {
        if texts.is_empty() {
            return Err(SecretsFault::None);
        }
        if texts.len() > SECRETS_MAX {
            return Err(SecretsFault::TooMany);
        }
        let secret = |text: &SecretString| Ok(Secret { text: text.clone(), key: key(text.expose_secret())? });
        texts.iter().map(secret).collect::<Result<_, _>>().map(Self)
    }

    /// Whether one of them equals `given`. Hashing first hides their lengths too; every secret is compared.
    fn contain(&self, given: &[u8]) -> Choice {
        let given = Sha256::digest(given);
        self.0.iter().fold(Choice::from(0), |found, secret| found | Sha256::digest(&secret.key).ct_eq(&given))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} redacted)", self.0.len())
    }
}

/// The value of a `webhook-signature` entry for a body: `v1,` and base64 of an HMAC-SHA256 over
/// `{id}.{seconds}.{body}`. Verifies inbound callbacks and signs our own (RS2).
#[must_use]
pub fn sign(key: &[u8], id: &[u8], seconds: i64, body: &[u8]) -> String {
    // HMAC takes keys of any length, so the error arm cannot be reached.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    mac.update(id);
    mac.update(b".");
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn match_place(place: &Place, secrets: &Secrets, callback: &Callback<'_>) -> Result<(), Forged> {
    let fits = match place {
        Place::Header(name) => secrets.contain(callback.header(name)?),
        Place::Query(name) => secrets.contain(callback.parameter(name)?.as_bytes()),
        Place::Path => secrets.contain(callback.path_secret.ok_or(Forged::Missing)?.as_bytes()),
        Place::Bearer => secrets.contain(credentials(callback, "bearer")?.as_bytes()),
        Place::Basic(user) => {
            let decoded = STANDARD.decode(credentials(callback, "basic")?).map_err(|_| Forged::Malformed)?;
            let colon = decoded.iter().position(|byte| *byte == b':').ok_or(Forged::Malformed)?;
            let (given_user, password) = decoded.split_at(colon);
            let same_user = Sha256::digest(user).ct_eq(&Sha256::digest(given_user));
            same_user & secrets.contain(password.get(1..).unwrap_or_default())
        }
    };
    if bool::from(fits) { Ok(()) } else { Err(Forged::Mismatch) }
}

fn match_signature(secrets: &Secrets, callback: &Callback<'_>, now: DateTime<Utc>) -> Result<(), Forged> {
    let id = callback.header("webhook-id")?;
    let seconds = unix_seconds(callback.header("webhook-timestamp")?)?;
    let given = callback.header("webhook-signature")?;
    let signed_at = DateTime::from_timestamp(seconds, 0).ok_or(Forged::Malformed)?;
    let fits = secrets.0.iter().fold(Choice::from(0), |found, secret| {
        let ours = sign(&secret.key, id, seconds, callback.body);
        given.split(|byte| *byte == b' ').fold(found, |found, theirs| found | ours.as_bytes().ct_eq(theirs))
    });
    if !bool::from(fits) {
        return Err(Forged::Mismatch);
    }
    if (now - signed_at).abs() > TOLERANCE { Err(Forged::Stale) } else { Ok(()) }
}

/// Plain digits without sign or leading zero, so that the text signed is the text we sign.
fn unix_seconds(value: &[u8]) -> Result<i64, Forged> {
    let text = std::str::from_utf8(value).map_err(|_| Forged::Malformed)?;
    let seconds: i64 = text.parse().map_err(|_| Forged::Malformed)?;
    if seconds.to_string() == text && seconds >= 0 { Ok(seconds) } else { Err(Forged::Malformed) }
}

/// What follows the scheme in `Authorization`.
fn credentials<'a>(callback: &Callback<'a>, scheme: &str) -> Result<&'a str, Forged> {
    let value = std::str::from_utf8(callback.header("authorization")?).map_err(|_| Forged::Malformed)?;
    let (given, rest) = value.split_once(' ').ok_or(Forged::Malformed)?;
    if given.eq_ignore_ascii_case(scheme) { Ok(rest.trim_matches(' ')) } else { Err(Forged::Malformed) }
}

impl<'a> Callback<'a> {
    /// The one non-empty header of that name.
    fn header(&self, name: &str) -> Result<&'a [u8], Forged> {
        let mut values = self.headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
        let (_, value) = values.next().ok_or(Forged::Missing)?;
        if values.next().is_some() {
            return Err(Forged::Repeated);
        }
        if value.is_empty() { Err(Forged::Missing) } else { Ok(value) }
    }

    /// The one query parameter of that name, decoded.
    fn parameter(&self, name: &str) -> Result<String, Forged> {
        let mut url = reqwest::Url::parse("http://localhost/").map_err(|_| Forged::Malformed)?;
        url.set_query(Some(self.query));
        let mut values = url.query_pairs().filter(|(given, _)| given == name);
        let (_, value) = values.next().ok_or(Forged::Missing)?;
        if values.next().is_some() {
            return Err(Forged::Repeated);
        }
        Ok(value.into_owned())
    }
}

impl fmt::Debug for Callback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}
