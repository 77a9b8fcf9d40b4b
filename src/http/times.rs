//! How times leave: RFC 3339 in UTC with `Z`, at most microseconds (http-api.md 1.1).

use chrono::{NaiveDateTime, SecondsFormat};

/// A stored instant as answers show it.
#[must_use]
pub fn shown(at: NaiveDateTime) -> String {
    at.and_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// The same for one that may be missing.
#[must_use]
pub fn shown_if(at: Option<NaiveDateTime>) -> Option<String> {
    at.map(shown)
}
