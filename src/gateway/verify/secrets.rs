//! [`Secrets`]: one or two shared secrets, the old and the new one while they are changed over. Never printed,
//! compared in constant time and all of them, whichever fits.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Fewest bytes a secret may have that is compared as it stands: 128 bits (GW27).
const SECRET_BYTES_MIN: usize = 16;

/// Most secrets at a time: the old and the new one while they are changed over.
const SECRETS_MAX: usize = 2;

/// One or two secrets; never printed.
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
    /// The gateway's own secret is an empty text.
    #[error("give the secret that the gateway signs with; this one is empty")]
    Empty,
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

    /// Secrets that a gateway signs with and has made itself: it says how long they are.
    ///
    /// # Errors
    /// [`SecretsFault`] unless there are one or two that are not empty.
    pub fn given(texts: &[SecretString]) -> Result<Self, SecretsFault> {
        Self::of(texts, |text| {
            let key = text.as_bytes().to_vec();
            if key.is_empty() { Err(SecretsFault::Empty) } else { Ok(key) }
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

    /// The newer one.
    pub(super) fn first(&self) -> Option<&SecretString> {
        self.0.first().map(|secret| &secret.text)
    }

    /// Whether one of them equals `given`. Hashing first hides their lengths too; every secret is compared.
    pub(super) fn contain(&self, given: &[u8]) -> Choice {
        let given = Sha256::digest(given);
        self.any(|key| Sha256::digest(key).ct_eq(&given))
    }

    /// Whether something holds for one of the keys; every one is asked.
    pub(super) fn any(&self, mut holds: impl FnMut(&[u8]) -> Choice) -> Choice {
        self.0.iter().fold(Choice::from(0), |found, secret| found | holds(&secret.key))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} redacted)", self.0.len())
    }
}
