//! `ed25519_ts_body` (GW24, Telnyx): an Ed25519 signature over time and raw body, strictly verified. What we hold
//! is public: it proves who called and cannot be used to call.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ed25519_dalek::{Signature, VerifyingKey};

use super::{Callback, Forged, near, unix_seconds};

const SIGNATURE: &str = "telnyx-signature-ed25519";
const TIMESTAMP: &str = "telnyx-timestamp";

/// One or two public keys.
#[derive(Clone, Debug)]
pub struct PublicKeys(Vec<VerifyingKey>);

impl PublicKeys {
    /// Keys of 32 bytes in base64; `None` if one is no key, or one for which any signature can be made.
    pub(super) fn read(texts: &[&str]) -> Option<Self> {
        let key = |text: &&str| {
            let bytes: [u8; 32] = STANDARD.decode(text.trim()).ok()?.try_into().ok()?;
            VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak())
        };
        texts.iter().map(key).collect::<Option<_>>().map(Self)
    }

    pub(super) fn check(&self, callback: &Callback<'_>, now: DateTime<Utc>) -> Result<(), Forged> {
        let timestamp = callback.header(TIMESTAMP)?;
        let seconds = unix_seconds(timestamp)?;
        let encoded = callback.header(SIGNATURE)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| Forged::Malformed)?;
        let signature = Signature::from_slice(&bytes).map_err(|_| Forged::Malformed)?;
        let text = [timestamp, b"|", callback.body].concat();
        if !self.0.iter().any(|key| key.verify_strict(&text, &signature).is_ok()) {
            return Err(Forged::Mismatch);
        }
        near(seconds, now)
    }
}
