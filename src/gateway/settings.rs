//! What a configured gateway is made of, checked. Reads no file and no environment: the configuration does.

use std::time::Duration;

use reqwest::Url;

use super::profile::Bound;
use super::verify::Verifier;

/// One configured gateway.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// Its name in the configuration and in the webhook path.
    pub name: String,
    /// Its profile, with everything of it put in.
    pub bound: Bound,
    /// How it is reached.
    pub kind: GatewayKind,
}

impl GatewaySettings {
    /// Whether anybody may call its webhooks.
    #[must_use]
    pub fn is_unverified(&self) -> bool {
        self.bound.doors.iter().any(|door| matches!(door.verifier, Verifier::None(_)))
    }

    /// Whether its address alone proves its calls (GW27).
    #[must_use]
    pub fn is_proved_by_address(&self) -> bool {
        self.bound.doors.iter().any(|door| matches!(door.verifier, Verifier::Network))
    }

    /// Longest time of a send.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        match &self.kind {
            GatewayKind::Simulator(simulator) => simulator.request_timeout,
            GatewayKind::Http(http) => http.timeouts.request,
        }
    }
}

/// How a gateway is reached.
#[derive(Clone, Debug)]
pub enum GatewayKind {
    /// Within the process: the built-in fake handset network.
    Simulator(SimulatorSettings),
    /// By HTTP, as its profile says.
    Http(HttpSettings),
}

/// Settings of the simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimulatorSettings {
    /// Whether it opens SMS sessions with subnumbers, as Puzzel does.
    pub sms_sessions: bool,
    /// Whether it reports each accepted SMS as delivered.
    pub delivery_reports: bool,
    /// How long a send that hangs takes to be given up.
    pub request_timeout: Duration,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self { sms_sessions: true, delivery_reports: true, request_timeout: Timeouts::default().request }
    }
}

/// Settings of a gateway that is reached by HTTP.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Where it listens. Checked by [`check_base_url`].
    pub base_url: Url,
    /// How long we wait for it.
    pub timeouts: Timeouts,
}

/// How long we wait for a gateway (RF10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, TLS included; default 3 s.
    pub connect: Duration,
    /// For the whole send; default 30 s.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), request: Duration::from_secs(30) }
    }
}

/// What a gateway does by itself when a person texts STOP (gateways.md 2.1, `stop`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptOutHandling {
    /// Nothing.
    None,
    /// It refuses later sends; the confirmation is ours.
    Blocks,
    /// It refuses and confirms: we send no confirmation (GW62).
    BlocksAndReplies,
}

impl OptOutHandling {
    /// The word used in configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Blocks => "blocks",
            Self::BlocksAndReplies => "blocks_and_replies",
        }
    }
}

/// Why a base URL cannot be used (GW41).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// Not a URL.
    #[error("write a full URL such as https://sms.example.com")]
    Unreadable,
    /// Plain text to another machine.
    #[error("use https; plain http is for loopback addresses only")]
    NotHttps,
    /// More than scheme, host, port and path.
    #[error("leave out user, password, query and fragment")]
    TooMuch,
}

/// Reads a base URL: https, or http to a loopback address; nothing after the path, no user (GW41).
///
/// # Errors
/// [`UrlFault`] with what to change.
pub fn check_base_url(text: &str) -> Result<Url, UrlFault> {
    let url = Url::parse(text.trim()).map_err(|_| UrlFault::Unreadable)?;
    let secure = match url.scheme() {
        "https" => url.host_str().is_some(),
        "http" => is_loopback(&url),
        _ => return Err(UrlFault::Unreadable),
    };
    if !secure {
        return Err(UrlFault::NotHttps);
    }
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if plain { Ok(url) } else { Err(UrlFault::TooMuch) }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for good in
            ["https://sms.example.com", "http://127.0.0.1:9", "http://[::1]:9/a", "http://localhost:1"]
        {
            assert!(check_base_url(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://sms.example.com", UrlFault::NotHttps),
            ("http://127.0.0.1.example.com", UrlFault::NotHttps),
            ("ftp://127.0.0.1", UrlFault::Unreadable),
            ("sms.example.com", UrlFault::Unreadable),
            ("https://u:p@sms.example.com", UrlFault::TooMuch),
            ("https://sms.example.com/?a=1", UrlFault::TooMuch),
        ] {
            assert_eq!(check_base_url(bad), Err(why), "{bad}");
        }
    }
}
