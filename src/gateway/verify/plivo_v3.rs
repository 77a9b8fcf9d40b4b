//! `hmac_plivo_v3` (GW21, Plivo): an HMAC over the URL, the sorted parameters of query and form, and a nonce.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::{Choice, ConstantTimeEq};

use super::callback::BodyKind;
use super::mac::Algorithm;
use super::params::{Pairs, pairs};
use super::public_url::PublicUrl;
use super::{Callback, Forged, Secrets};

const SIGNATURE: &str = "x-plivo-signature-v3";
const NONCE: &str = "x-plivo-signature-v3-nonce";

/// The auth tokens.
#[derive(Clone, Debug)]
pub struct PlivoV3 {
    pub(super) public_url: PublicUrl,
    pub(super) secrets: Secrets,
}

impl PlivoV3 {
    pub(super) fn check(&self, callback: &Callback<'_>) -> Result<(), Forged> {
        let given = callback.header(SIGNATURE)?;
        let nonce = callback.header(NONCE)?;
        let form = match callback.body_kind()? {
            BodyKind::Empty => Pairs::new(),
            BodyKind::Form => sorted(callback.body),
            BodyKind::Json | BodyKind::Other => return Err(Forged::Uncovered),
        };
        let text = self.text(callback, &form);
        let fits = self.secrets.any(|key| {
            let ours = STANDARD.encode(Algorithm::Sha256.mac(key, &[&text, b".", nonce]));
            // A list of signatures, one of which must fit.
            let theirs = given.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            theirs.fold(Choice::from(0), |found, theirs| found | ours.as_bytes().ct_eq(theirs))
        });
        if bool::from(fits) { Ok(()) } else { Err(Forged::Mismatch) }
    }

    /// What is signed, without the nonce.
    fn text(&self, callback: &Callback<'_>, form: &Pairs) -> Vec<u8> {
        let mut text = self.public_url.called(callback.path()).into_bytes();
        let query = sorted(callback.query().as_bytes());
        if !query.is_empty() || !form.is_empty() {
            text.push(b'?');
        }
        for (place, (name, value)) in query.iter().enumerate() {
            if place > 0 {
                text.push(b'&');
            }
            text.extend_from_slice(name);
            text.push(b'=');
            text.extend_from_slice(value);
        }
        if !query.is_empty() && !form.is_empty() {
            text.push(b'.');
        }
        for (name, value) in form {
            text.extend_from_slice(name);
            text.extend_from_slice(value);
        }
        text
    }
}

/// By name, then by value.
fn sorted(encoded: &[u8]) -> Pairs {
    let mut found = pairs(encoded);
    found.sort();
    found
}
