//! API keys (RS1): their text, checksum and hash, and the scopes they carry. Stores nothing and draws no
//! randomness; a key's text is shown once and never printed by `Debug`.
//!
//! `apn_<env>_<8-character id>_<43 characters, 256 bit>_<checksum>`. The prefix makes leaked keys findable by
//! scanners, the checksum lets us refuse a mistyped key without asking the store. Id, secret and checksum are
//! base 62, so that a double click selects the whole key and `_` separates without doubt.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::closed_list::closed_list;

const PREFIX: &str = "apn";
const ID_CHARS: usize = 8;
const SECRET_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 6;
/// Longest name of an environment, such as `live` or `test`.
const ENV_CHARS_MAX: usize = 16;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

closed_list! {
    /// What a key may do (http-api.md 1.2).
    pub enum Scope {
        SurveysSend = "surveys:send": "SendSurvey, dry run",
        SurveysRead = "surveys:read": "read surveys",
        SurveysWrite = "surveys:write": "upload, publish, archive and simulate surveys",
        SessionsRead = "sessions:read": "read sessions, answers and messages",
        SessionsWrite = "sessions:write": "cancel and resend, correct an answer",
        CustomersRead = "customers:read": "read customers, feeds and consents",
        CustomersWrite = "customers:write": "change customers and consents, imports",
        MessagesSend = "messages:send": "trigger messages, template tests, conversation replies",
        CampaignsRead = "campaigns:read": "read templates, triggers, handoffs, audiences and campaigns",
        CampaignsWrite = "campaigns:write": "change templates, triggers, handoffs, audiences and campaigns",
        ReportsRead = "reports:read": "exports and reports",
        PiiRead = "pii:read": "unmasked phones and texts marked pii, on top of another scope",
        Admin = "admin": "channels, gateways, keys, webhooks, dead letters, erasure",
    }
}

impl Scope {
    /// The scope of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == word)
    }
}

/// A whole key. `Debug` shows its environment and id only.
#[derive(Clone)]
pub struct ApiKey {
    text: String,
    env: String,
    id: String,
}

/// SHA-256 of a key's text: what is stored (RS1; enough at 256 bits of entropy).
#[derive(Clone, Copy)]
pub struct KeyHash([u8; 32]);

impl ApiKey {
    /// A new key for an environment (1 to 16 lower-case letters or digits) from 40 random bytes: 8 for the id,
    /// 32 for the secret. `None` if the environment does not fit.
    #[must_use]
    pub fn generate(env: &str, random: &[u8; 40]) -> Option<Self> {
        let (id, secret) = random.split_first_chunk::<8>()?;
        let id = base62(id, ID_CHARS);
        let secret = base62(secret, SECRET_CHARS);
        let start = format!("{PREFIX}_{env}_{id}_{secret}");
        Self::parse(&format!("{start}_{}", checksum(&start)))
    }

    /// A key as a caller sends it; `None` if its shape or checksum is wrong.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (start, sum) = text.rsplit_once('_')?;
        let parts: Vec<&str> = start.split('_').collect();
        let [PREFIX, env, id, secret] = parts.as_slice() else {
            return None;
        };
        let is_env = (1..=ENV_CHARS_MAX).contains(&env.len())
            && env.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let fits = is_env && is_base62(id, ID_CHARS) && is_base62(secret, SECRET_CHARS);
        (fits && sum == checksum(start)).then(|| Self {
            text: text.to_owned(),
            env: (*env).to_owned(),
            id: (*id).to_owned(),
        })
    }

    /// The 8 characters that find the key in the store; not secret.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The environment it was made for.
    #[must_use]
    pub fn env(&self) -> &str {
        &self.env
    }

    /// The whole text, to be shown once when the key is made.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What is stored and compared.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(&self.text).into())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({PREFIX}_{}_{}_..)", self.env, self.id)
    }
}

impl KeyHash {
    /// A stored hash, 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(hex: &str) -> Option<Self> {
        crate::hex::decode(hex)?.try_into().ok().map(Self)
    }

    /// 64 hexadecimal digits, lower case.
    #[must_use]
    pub fn to_hex(self) -> String {
        crate::hex::encode(&self.0)
    }

    /// Whether two hashes are equal, in a time that tells nothing about where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

fn is_base62(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The first 32 bits of SHA-256: catches typing errors, protects nothing.
fn checksum(text: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(text).into();
    base62(hash.first_chunk::<4>().map_or(&[], |start| start.as_slice()), CHECKSUM_CHARS)
}

/// The lowest `length` base 62 digits of a big-endian number; 43 hold all of 256 bits.
fn base62(bytes: &[u8], length: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = Vec::with_capacity(length);
    for _ in 0..length {
        let mut remainder = 0_u16;
        for byte in &mut number {
            let value = remainder * 256 + u16::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        digits.push(BASE62.get(usize::from(remainder)).copied().unwrap_or(b'0'));
    }
    digits.iter().rev().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiKey {
        let mut random = [0; 40];
        random.iter_mut().zip(1..).for_each(|(byte, value)| *byte = value);
        ApiKey::generate("live", &random).unwrap()
    }

    #[test]
    fn a_key_has_the_shape_of_rs1_and_reads_back() {
        let key = key();
        let lengths: Vec<usize> = key.reveal().split('_').map(str::len).collect();
        assert_eq!(lengths, [3, 4, 8, 43, 6]);
        assert!(key.reveal().starts_with("apn_live_"));
        let again = ApiKey::parse(key.reveal()).unwrap();
        assert_eq!((again.id(), again.env()), (key.id(), "live"));
        assert!(again.hash().matches(&key.hash()));
        assert!(KeyHash::from_hex(&key.hash().to_hex()).unwrap().matches(&key.hash()));
    }

    #[test]
    fn every_single_typing_error_is_seen() {
        let key = key();
        let text = key.reveal();
        for index in 0..text.len() {
            let mut wrong = text.as_bytes().to_vec();
            wrong[index] = if wrong[index] == b'x' { b'y' } else { b'x' };
            assert!(ApiKey::parse(&String::from_utf8(wrong).unwrap()).is_none(), "{index}");
        }
        for wrong in [
            "",
            "apn",
            "apn_live",
            "apn____",
            text.strip_prefix('a').unwrap(),
            text.split_at(text.len() - 1).0,
            &format!("{text}_"),
        ] {
            assert!(ApiKey::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn environments_are_short_lower_case_words() {
        for env in ["", "Live", "te-st", "a_b", "abcdefghijklmnopq", "prød"] {
            assert!(ApiKey::generate(env, &[7; 40]).is_none(), "{env}");
        }
        assert!(ApiKey::generate("test2", &[255; 40]).is_some());
    }

    #[test]
    fn base_62_keeps_all_256_bits_and_hashes_read_strictly() {
        assert_eq!(base62(&[0; 32], 43), "0".repeat(43));
        assert_eq!(base62(&[61], 2), "0z");
        assert_eq!(base62(&[1, 0], 3), "048");
        assert_ne!(base62(&[255; 32], 43), base62(&[254; 32], 43));
        for wrong in ["", "00", &"0".repeat(63), &"g".repeat(64), &"0".repeat(66)] {
            assert!(KeyHash::from_hex(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn debug_hides_the_secret() {
        let key = key();
        let shown = format!("{key:?} {:?}", key.hash());
        assert_eq!(shown, format!("ApiKey(apn_live_{}_..) KeyHash(..)", key.id()));
    }

    #[test]
    fn scopes_read_back() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(*scope));
        }
        assert_eq!(Scope::parse("Admin"), None);
    }
}
