//! Finds the API key of a request: Bearer, Basic or `X-API-Key` (http-api.md 1.2). Never looks into the URL, and
//! never decides whether the key is valid: that needs the store.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use crate::app::api_key::ApiKey;

/// Header with a bare key.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A well-formed key as it was sent.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The key.
    pub key: ApiKey,
    /// User name of HTTP Basic, which must name the key (Z04).
    pub user: Option<String>,
}

impl Credentials {
    /// The one key a request carries; `None` when it has none, more than one, or one that cannot be a key.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers
            .get_all(AUTHORIZATION)
            .map(|value| (true, value))
            .chain(headers.get_all(X_API_KEY).map(|value| (false, value)));
        let (is_authorization, value) = values.next()?;
        if values.next().is_some() {
            return None;
        }
        let value = value.to_str().ok()?.trim();
        if is_authorization { Self::of_authorization(value) } else { Self::bare(value) }
    }

    /// Whether the user name of HTTP Basic, if there is one, names the key: by the id inside it, or by the
    /// UUID of its record.
    #[must_use]
    pub fn user_names(&self, uuid: &str) -> bool {
        self.user.as_deref().is_none_or(|user| user == self.key.id() || user.eq_ignore_ascii_case(uuid))
    }

    fn of_authorization(value: &str) -> Option<Self> {
        let (scheme, rest) = value.split_once(' ')?;
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("Bearer") {
            return Self::bare(rest);
        }
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let decoded = STANDARD.decode(rest).or_else(|_| STANDARD_NO_PAD.decode(rest)).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (user, password) = decoded.split_once(':')?;
        Some(Self { key: ApiKey::parse(password)?, user: Some(user.to_owned()) })
    }

    fn bare(text: &str) -> Option<Self> {
        Some(Self { key: ApiKey::parse(text)?, user: None })
    }
}
