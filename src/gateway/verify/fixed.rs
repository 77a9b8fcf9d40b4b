//! `static`: a fixed secret at a fixed place (GW27), for gateways that sign nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Callback, Forged, Secrets};

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

/// Checks the secret.
pub(super) fn check(place: &Place, secrets: &Secrets, callback: &Callback<'_>) -> Result<(), Forged> {
    let fits = match place {
        Place::Header(name) => secrets.contain(callback.header(name)?),
        Place::Query(name) => secrets.contain(&callback.parameter(name)?),
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

/// What follows the scheme in `Authorization`.
fn credentials<'a>(callback: &Callback<'a>, scheme: &str) -> Result<&'a str, Forged> {
    let value = std::str::from_utf8(callback.header("authorization")?).map_err(|_| Forged::Malformed)?;
    let (given, rest) = value.split_once(' ').ok_or(Forged::Malformed)?;
    if given.eq_ignore_ascii_case(scheme) { Ok(rest.trim_matches(' ')) } else { Err(Forged::Malformed) }
}
