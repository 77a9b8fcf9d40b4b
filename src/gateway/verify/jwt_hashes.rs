//! `jwt_hashes` (GW23, Bird): a JWT that holds hashes of the public URL and of the body. Its algorithm is the
//! configured one, whatever the token says of itself; the clock is an argument, which the JWT libraries do not
//! allow, and they bring RSA and elliptic curves for what is one HMAC here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::mac::Algorithm;
use super::public_url::PublicUrl;
use super::{Callback, Forged, Secrets, nonce};
use crate::hex;

const HEADER: &str = "messagebird-signature-jwt";
const ISSUER: &str = "MessageBird";

/// How far `nbf` and `exp` may be missed.
const LEEWAY: TimeDelta = TimeDelta::seconds(1);

/// The signing keys and the configured algorithm.
#[derive(Clone, Debug)]
pub struct JwtHashes {
    pub(super) public_url: PublicUrl,
    pub(super) algorithm: Algorithm,
    pub(super) secrets: Secrets,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Extensions that must be understood; we understand none (RFC 7515, 4.1.11).
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    nbf: i64,
    exp: i64,
    jti: String,
    url_hash: String,
    payload_hash: Option<String>,
}

impl JwtHashes {
    /// Gives the token's id.
    pub(super) fn check(&self, callback: &Callback<'_>, now: DateTime<Utc>) -> Result<String, Forged> {
        let token = std::str::from_utf8(callback.header(HEADER)?).map_err(|_| Forged::Malformed)?;
        let (signed, signature) = token.rsplit_once('.').ok_or(Forged::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(Forged::Malformed)?;
        let header: Header = read(header)?;
        if header.alg != name(self.algorithm) || header.crit.is_some() {
            return Err(Forged::Algorithm);
        }
        let fits = self.secrets.any(|key| {
            let ours = URL_SAFE_NO_PAD.encode(self.algorithm.mac(key, &[signed.as_bytes()]));
            ours.as_bytes().ct_eq(signature.as_bytes())
        });
        if !bool::from(fits) {
            return Err(Forged::Mismatch);
        }
        let claims: Claims = read(claims)?;
        self.check_hashes(&claims, callback)?;
        let at = |seconds| DateTime::from_timestamp(seconds, 0).ok_or(Forged::Malformed);
        if claims.iss != ISSUER {
            return Err(Forged::Mismatch);
        }
        if now + LEEWAY < at(claims.nbf)? || now - LEEWAY > at(claims.exp)? {
            return Err(Forged::Stale);
        }
        nonce(&claims.jti)
    }

    fn check_hashes(&self, claims: &Claims, callback: &Callback<'_>) -> Result<(), Forged> {
        let url = self.public_url.called(callback.target);
        let is_url = is_hash_of(&claims.url_hash, url.as_bytes());
        let is_body = match (&claims.payload_hash, callback.body) {
            (None, []) => true,
            (None, _) => return Err(Forged::Uncovered),
            (Some(_), []) => false,
            (Some(hash), body) => is_hash_of(hash, body),
        };
        if is_url && is_body { Ok(()) } else { Err(Forged::Mismatch) }
    }
}

/// The algorithm as a token names it.
pub(super) fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Sha256 => "HS256",
        Algorithm::Sha384 => "HS384",
        Algorithm::Sha512 => "HS512",
        // No JWT names these, so nothing fits.
        Algorithm::Md5 | Algorithm::Sha1 => "",
    }
}

fn read<T: for<'de> Deserialize<'de>>(encoded: &str) -> Result<T, Forged> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| Forged::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Forged::Malformed)
}

fn is_hash_of(hash: &str, bytes: &[u8]) -> bool {
    let ours = hex::encode(&Sha256::digest(bytes));
    ours.as_bytes().ct_eq(hash.to_ascii_lowercase().as_bytes()).into()
}
