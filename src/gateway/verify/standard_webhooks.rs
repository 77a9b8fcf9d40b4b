//! `standard_webhooks`: Standard Webhooks 1.0.0 (GW26). The same code signs our own callbacks (RS2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use subtle::{Choice, ConstantTimeEq};

use super::mac::Algorithm;
use super::{Callback, Forged, Secrets, near, unix_seconds};

/// The value of a `webhook-signature` entry for a body: `v1,` and base64 of an HMAC-SHA256 over
/// `{id}.{seconds}.{body}`. Verifies inbound callbacks and signs our own (RS2).
#[must_use]
pub fn sign(key: &[u8], id: &[u8], seconds: i64, body: &[u8]) -> String {
    let mac = Algorithm::Sha256.mac(key, &[id, b".", seconds.to_string().as_bytes(), b".", body]);
    format!("v1,{}", STANDARD.encode(mac))
}

/// Checks the signature, a list of which one must fit, then the time.
pub(super) fn check(secrets: &Secrets, callback: &Callback<'_>, now: DateTime<Utc>) -> Result<(), Forged> {
    let id = callback.header("webhook-id")?;
    let seconds = unix_seconds(callback.header("webhook-timestamp")?)?;
    let given = callback.header("webhook-signature")?;
    let fits = secrets.any(|key| {
        let ours = sign(key, id, seconds, callback.body);
        let theirs = given.split(|byte| *byte == b' ');
        theirs.fold(Choice::from(0), |found, theirs| found | ours.as_bytes().ct_eq(theirs))
    });
    if !bool::from(fits) {
        return Err(Forged::Mismatch);
    }
    near(seconds, now)
}
