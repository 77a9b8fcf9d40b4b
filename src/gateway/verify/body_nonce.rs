//! `hmac_body_nonce_ts` (GW25, Sinch): an HMAC over raw body, nonce and time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;

use super::mac::Algorithm;
use super::{Callback, Forged, Secrets, near, unix_seconds};

const SIGNATURE: &str = "x-sinch-webhook-signature";
const ALGORITHM: &str = "x-sinch-webhook-signature-algorithm";
const NONCE: &str = "x-sinch-webhook-signature-nonce";
const TIMESTAMP: &str = "x-sinch-webhook-signature-timestamp";

/// Checks the signature, then the time.
pub(super) fn check(secrets: &Secrets, callback: &Callback<'_>, now: DateTime<Utc>) -> Result<(), Forged> {
    if callback.header_if_any(ALGORITHM)?.is_some_and(|name| name != b"HmacSHA256") {
        return Err(Forged::Algorithm);
    }
    let given = callback.header(SIGNATURE)?;
    let nonce = callback.header(NONCE)?;
    let timestamp = callback.header(TIMESTAMP)?;
    let seconds = unix_seconds(timestamp)?;
    let fits = secrets.any(|key| {
        let mac = Algorithm::Sha256.mac(key, &[callback.body, b".", nonce, b".", timestamp]);
        STANDARD.encode(mac).as_bytes().ct_eq(given)
    });
    if !bool::from(fits) {
        return Err(Forged::Mismatch);
    }
    near(seconds, now)
}
