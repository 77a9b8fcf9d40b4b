//! `hmac_url_params` (GW20, Twilio): an HMAC over the public URL with its query and the sorted form parameters.
//! A body that is no form is covered by its hash in the query, or the callback is refused.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::callback::BodyKind;
use super::mac::Algorithm;
use super::params::pairs;
use super::public_url::PublicUrl;
use super::{Callback, Forged, Secrets};
use crate::hex;

const SIGNATURE: &str = "x-twilio-signature";

/// Says which algorithm signed, and by which key.
const SIGNATURE_SETTINGS: &str = "x-twilio-webhooks-signature-settings";

/// Query parameter with the hash of a body that is no form.
const BODY_HASH: &str = "bodySHA256";

/// The secrets of each algorithm: a secret is never tried with another.
#[derive(Clone, Debug)]
pub struct UrlParams {
    pub(super) public_url: PublicUrl,
    /// The auth token, for HMAC-SHA1.
    pub(super) sha1: Option<Secrets>,
    /// The shared key, for HMAC-SHA256.
    pub(super) sha256: Option<Secrets>,
}

impl UrlParams {
    pub(super) fn check(&self, callback: &Callback<'_>) -> Result<(), Forged> {
        let given = callback.header(SIGNATURE)?;
        let (algorithm, secrets) = match chosen(callback)? {
            Algorithm::Sha256 => (Algorithm::Sha256, &self.sha256),
            Algorithm::Sha1 | Algorithm::Md5 | Algorithm::Sha384 | Algorithm::Sha512 => {
                (Algorithm::Sha1, &self.sha1)
            }
        };
        let secrets = secrets.as_ref().ok_or(Forged::Algorithm)?;
        let parameters = covered(callback)?;
        let urls = self.public_url.spellings(callback.target);
        let fits = secrets.any(|key| {
            urls.iter().fold(Choice::from(0), |found, url| {
                let ours = STANDARD.encode(algorithm.mac(key, &[url.as_bytes(), &parameters]));
                found | ours.as_bytes().ct_eq(given)
            })
        });
        if bool::from(fits) { Ok(()) } else { Err(Forged::Mismatch) }
    }
}

/// HMAC-SHA1, unless a header selects the other: `key=…,algorithm=HMAC_SHA256`.
fn chosen(callback: &Callback<'_>) -> Result<Algorithm, Forged> {
    let Some(settings) = callback.header_if_any(SIGNATURE_SETTINGS)? else {
        return Ok(Algorithm::Sha1);
    };
    let settings = std::str::from_utf8(settings).map_err(|_| Forged::Malformed)?;
    let mut named = settings
        .split(',')
        .filter_map(|setting| setting.split_once('='))
        .filter(|(name, _)| name.trim() == "algorithm");
    let (_, algorithm) = named.next().ok_or(Forged::Malformed)?;
    if named.next().is_some() {
        return Err(Forged::Repeated);
    }
    match algorithm.trim() {
        "HMAC_SHA256" => Ok(Algorithm::Sha256),
        "HMAC_SHA1" => Ok(Algorithm::Sha1),
        _ => Err(Forged::Algorithm),
    }
}

/// What is appended to the URL: of a form each name in ascending order with each of its distinct values. UTF-8
/// sorts by bytes as it does by code points.
fn covered(callback: &Callback<'_>) -> Result<Vec<u8>, Forged> {
    match callback.body_kind()? {
        BodyKind::Empty => Ok(Vec::new()),
        BodyKind::Form => {
            let mut sorted: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::new();
            for (name, value) in pairs(callback.body) {
                sorted.entry(name).or_default().insert(value);
            }
            let mut text = Vec::new();
            for (name, values) in sorted {
                for value in values {
                    text.extend_from_slice(&name);
                    text.extend_from_slice(&value);
                }
            }
            Ok(text)
        }
        BodyKind::Json | BodyKind::Other => {
            let given = callback.parameter(BODY_HASH);
            if given == Err(Forged::Missing) {
                return Err(Forged::Uncovered);
            }
            let mut given = given?;
            given.make_ascii_lowercase();
            let ours = hex::encode(&Sha256::digest(callback.body));
            if bool::from(ours.as_bytes().ct_eq(&given)) { Ok(Vec::new()) } else { Err(Forged::Mismatch) }
        }
    }
}
