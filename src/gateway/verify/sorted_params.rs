//! `hmac_sorted_params` (GW22, Vonage): an HMAC over the sorted parameters of the form, the JSON object, or, where
//! there is no body, the query. A callback variant verified by it reads the same part.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::callback::{BodyKind, only};
use super::mac::Algorithm;
use super::params::{Pairs, pairs};
use super::{Callback, Forged, Secrets, near, nonce, unix_seconds};
use crate::hex;

/// The signature secrets and the configured method.
#[derive(Clone, Debug)]
pub struct SortedParams {
    pub(super) algorithm: Algorithm,
    pub(super) secrets: Secrets,
}

impl SortedParams {
    /// Gives the nonce, if the gateway sends one.
    pub(super) fn check(
        &self,
        callback: &Callback<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, Forged> {
        let mut parameters = parameters(callback)?;
        parameters.sort();
        if parameters.windows(2).any(|two| matches!(two, [(first, _), (second, _)] if first == second)) {
            return Err(Forged::Repeated);
        }
        let mut given = only(&parameters, "sig")?.clone();
        given.make_ascii_lowercase();
        if given.is_empty() {
            return Err(Forged::Missing);
        }
        let text = text(&parameters);
        let fits =
            self.secrets.any(|key| hex::encode(&self.algorithm.mac(key, &[&text])).as_bytes().ct_eq(&given));
        if !bool::from(fits) {
            return Err(Forged::Mismatch);
        }
        near(unix_seconds(only(&parameters, "timestamp")?)?, now)?;
        match only(&parameters, "nonce") {
            Ok(value) => {
                let value = std::str::from_utf8(value).map_err(|_| Forged::Malformed)?;
                nonce(value).map(Some)
            }
            Err(Forged::Missing) => Ok(None),
            Err(other) => Err(other),
        }
    }
}

/// What is signed: `&name=value` of all but the signature; in values `&` and `=` become `_`.
fn text(sorted: &Pairs) -> Vec<u8> {
    let mut text = Vec::new();
    for (name, value) in sorted.iter().filter(|(name, _)| name != b"sig") {
        text.push(b'&');
        text.extend_from_slice(name);
        text.push(b'=');
        text.extend(value.iter().map(|byte| if matches!(byte, b'&' | b'=') { b'_' } else { *byte }));
    }
    text
}

fn parameters(callback: &Callback<'_>) -> Result<Pairs, Forged> {
    match callback.body_kind()? {
        BodyKind::Empty => Ok(pairs(callback.query().as_bytes())),
        BodyKind::Form => Ok(pairs(callback.body)),
        BodyKind::Json => {
            let Members(members) = serde_json::from_slice(callback.body).map_err(|_| Forged::Malformed)?;
            members.into_iter().map(|(name, value)| Ok((name.into_bytes(), plain(value)?))).collect()
        }
        BodyKind::Other => Err(Forged::Uncovered),
    }
}

/// The text of a member; a list or an object has none that two parties would write alike.
fn plain(value: Value) -> Result<Vec<u8>, Forged> {
    match value {
        Value::String(text) => Ok(text.into_bytes()),
        Value::Number(number) => Ok(number.to_string().into_bytes()),
        Value::Bool(flag) => Ok(flag.to_string().into_bytes()),
        Value::Null => Ok(Vec::new()),
        Value::Array(_) | Value::Object(_) => Err(Forged::Malformed),
    }
}

/// The members of a JSON object, repeated ones included: a map would show the last and hide the first.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(All)
    }
}
