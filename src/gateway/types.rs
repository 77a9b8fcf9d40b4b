//! The words that gateways, the app and the dispatcher share about sending: a send and its result.
//! Phones are plain text here: the app parses them. Printing never shows a number, a text or a secret (O4).

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::phone::mask;
use crate::text::Encoding;

/// One SMS to hand over.
#[derive(Clone, PartialEq, Eq)]
pub struct SendRequest {
    /// Our reference, 20 characters, equal over retries (RE17).
    pub client_ref: String,
    /// Recipient, E.164 with `+`.
    pub to: String,
    /// Sender as the person shall see it; opaque, a suffix included (GW74).
    pub from: String,
    /// What kind of sender that is.
    pub sender_type: SenderType,
    /// The text, at most 6 parts (GW92).
    pub text: String,
    /// The encoding we chose (GW93).
    pub encoding: Encoding,
    /// SMS parts by our count (GW91).
    pub segments: usize,
    /// Whether the gateway shall open a session, or which one this belongs to (GW51).
    pub session: GatewaySession,
    /// Where reports shall go; may hold the path secret.
    pub status_url: Option<String>,
    /// Seconds the message may still be delivered in (A85).
    pub ttl_seconds: u64,
}

impl SendRequest {
    /// A message of which nothing is known but our reference: what a lookup is built from (RE19 b). Everything else is
    /// empty, and a profile cannot name it there.
    #[must_use]
    pub fn named(client_ref: &str) -> Self {
        Self {
            client_ref: client_ref.to_owned(),
            to: String::new(),
            from: String::new(),
            sender_type: SenderType::International,
            text: String::new(),
            encoding: Encoding::Gsm7,
            segments: 0,
            session: GatewaySession::None,
            status_url: None,
            ttl_seconds: 0,
        }
    }
}

impl fmt::Debug for SendRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendRequest")
            .field("client_ref", &self.client_ref)
            .field("to", &mask(&self.to))
            .field("from", &self.from)
            .field("segments", &self.segments)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// What kind of sender a channel has (http-api.md 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SenderType {
    /// A short number such as 2012.
    ShortNumber,
    /// A long number with country code.
    International,
    /// Up to 11 letters and digits; cannot receive.
    Alphanumeric,
}

impl SenderType {
    /// The word used in JSON and configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ShortNumber => "short_number",
            Self::International => "international",
            Self::Alphanumeric => "alphanumeric",
        }
    }
}

/// How a send uses the gateway's own sessions; asking for a new one and naming one exclude each other (GW51).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatewaySession {
    /// No session.
    None,
    /// The gateway shall open one and answer with its handle.
    New,
    /// The newest handle of the survey session.
    Existing(String),
}

/// What became of a send (gateways.md 2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendResult {
    /// Taken.
    Accepted {
        /// The gateway's id; `None` for gateways that give none.
        external_id: Option<String>,
        /// The handle of the gateway's session, if there is one.
        session: Option<String>,
    },
    /// Surely not taken: too fast. The whole channel slows (RF12).
    Throttled {
        /// How long the gateway asks us to wait; not clamped.
        retry_after: Option<RetryAfter>,
        /// What it said.
        detail: Detail,
    },
    /// Surely not taken: back to `due` with back-off (RF11).
    Retry(Detail),
    /// Refused for good (RF13).
    Permanent(Detail),
    /// Refused because the person said stop to the gateway (GW64).
    OptedOut(Detail),
    /// Our credentials are refused: the gateway's circuit opens.
    Auth(Detail),
    /// The gateway keeps it until somebody there releases it.
    Held(Detail),
    /// An earlier attempt with our reference was taken; the id comes with the report.
    Duplicate(Detail),
    /// Nobody knows (RF14).
    Ambiguous(Detail),
}

impl SendResult {
    /// The class without its facts, for counting and storing.
    #[must_use]
    pub fn class(&self) -> SendClass {
        match self {
            Self::Accepted { .. } => SendClass::Accepted,
            Self::Throttled { .. } => SendClass::Throttled,
            Self::Retry(_) => SendClass::Retry,
            Self::Permanent(_) => SendClass::Permanent,
            Self::OptedOut(_) => SendClass::OptedOut,
            Self::Auth(_) => SendClass::Auth,
            Self::Held(_) => SendClass::Held,
            Self::Duplicate(_) => SendClass::Duplicate,
            Self::Ambiguous(_) => SendClass::Ambiguous,
        }
    }

    /// What the gateway said, unless it took the message.
    #[must_use]
    pub fn detail(&self) -> Option<&Detail> {
        match self {
            Self::Accepted { .. } => None,
            Self::Throttled { detail, .. }
            | Self::Retry(detail)
            | Self::Permanent(detail)
            | Self::OptedOut(detail)
            | Self::Auth(detail)
            | Self::Held(detail)
            | Self::Duplicate(detail)
            | Self::Ambiguous(detail) => Some(detail),
        }
    }
}

/// The class of a [`SendResult`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendClass {
    /// Taken.
    Accepted,
    /// Too fast.
    Throttled,
    /// Surely not taken.
    Retry,
    /// Refused for good.
    Permanent,
    /// Refused for consent.
    OptedOut,
    /// Credentials refused.
    Auth,
    /// Kept by the gateway.
    Held,
    /// Taken by an earlier attempt.
    Duplicate,
    /// Unknown.
    Ambiguous,
}

impl SendClass {
    /// Every class.
    pub const ALL: [Self; 9] = [
        Self::Accepted,
        Self::Throttled,
        Self::Retry,
        Self::Permanent,
        Self::OptedOut,
        Self::Auth,
        Self::Held,
        Self::Duplicate,
        Self::Ambiguous,
    ];

    /// The word used in SQL, metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Throttled => "throttled",
            Self::Retry => "retry",
            Self::Permanent => "permanent",
            Self::OptedOut => "opted_out",
            Self::Auth => "auth",
            Self::Held => "held",
            Self::Duplicate => "duplicate",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// Why a send was not simply accepted. Never holds a phone, a text or a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The gateway's own code, such as an HTTP status or an error code.
    pub code: Option<String>,
    /// A few words of ours.
    pub reason: &'static str,
}

impl Detail {
    /// A detail with a code.
    #[must_use]
    pub fn coded(code: impl fmt::Display, reason: &'static str) -> Self {
        Self { code: Some(code.to_string()), reason }
    }

    /// A detail without a code: the gateway never answered.
    #[must_use]
    pub fn plain(reason: &'static str) -> Self {
        Self { code: None, reason }
    }
}

/// How long a gateway asks us to wait: the two forms of `Retry-After` (RFC 9110, 10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// So many seconds from the answer on.
    Seconds(u64),
    /// Until an instant.
    At(DateTime<Utc>),
}

impl RetryAfter {
    /// Reads the header's value; `None` for what is neither form.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Seconds(value.parse().unwrap_or(u64::MAX)));
        }
        let date = value.strip_suffix("GMT")?;
        chrono::NaiveDateTime::parse_from_str(date.trim_end(), "%a, %d %b %Y %H:%M:%S")
            .ok()
            .map(|date| Self::At(date.and_utc()))
    }

    /// The wait from `now` on; zero when the instant has passed. The caller clamps it (RF12).
    #[must_use]
    pub fn wait(self, now: DateTime<Utc>) -> Duration {
        match self {
            Self::Seconds(seconds) => Duration::from_secs(seconds),
            Self::At(instant) => (instant - now).to_std().unwrap_or(Duration::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now: DateTime<Utc> = "2026-11-21T07:28:00Z".parse().unwrap();
        let wait = |value| RetryAfter::parse(value).map(|after| after.wait(now).as_secs());
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait(" 0 "), Some(0));
        assert_eq!(wait("99999999999999999999999"), Some(u64::MAX));
        assert_eq!(wait("Sat, 21 Nov 2026 07:29:30 GMT"), Some(90));
        assert_eq!(wait("Sat, 21 Nov 2026 07:00:00 GMT"), Some(0));
        for nonsense in ["", "soon", "-5", "1.5", "Fri, 21 Nov 2026 07:29:30 GMT", "٣"] {
            assert_eq!(wait(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn printing_hides_numbers_texts_and_status_url() {
        let request = SendRequest {
            client_ref: "ref".into(),
            to: "+4791234567".into(),
            from: "2012".into(),
            sender_type: SenderType::ShortNumber,
            text: "How was your call?".into(),
            encoding: Encoding::Gsm7,
            segments: 1,
            session: GatewaySession::New,
            status_url: Some("https://example.com/status/hush".into()),
            ttl_seconds: 60,
        };
        let shown = format!("{request:?}");
        for hidden in ["91234567", "How was", "hush"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
