//! Where a webhook may point (V4, RF47): https, and never an address that only our own network reaches. A URL is
//! looked at when it is stored; the addresses that its name stands for when it is called (`client.rs`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// Longest URL, in characters.
const URL_CHARS_MAX: usize = 2_000;
/// Ports that may be called (RF47).
const PORTS: [u16; 2] = [443, 8443];

/// A URL that may be called.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Url);

/// Why a URL may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetFault {
    /// No absolute URL, or a very long one.
    #[error("write an absolute URL of at most 2000 characters, such as https://crm.example.com/antiphon")]
    Unreadable,
    /// Not https.
    #[error("use https")]
    Scheme,
    /// User, password or fragment.
    #[error("leave out user, password and fragment: calls are signed")]
    Extras,
    /// Another port than 443 and 8443.
    #[error("use port 443 or 8443")]
    Port,
    /// An address of a private or reserved network.
    #[error("the address is not a public one")]
    Private,
}

impl Target {
    /// Reads a URL. `allows_private` lets it be http and name any address and port, for tests on one machine.
    ///
    /// # Errors
    /// [`TargetFault`].
    pub fn parse(text: &str, allows_private: bool) -> Result<Self, TargetFault> {
        if text.chars().count() > URL_CHARS_MAX {
            return Err(TargetFault::Unreadable);
        }
        let url = Url::parse(text).map_err(|_| TargetFault::Unreadable)?;
        let is_http = allows_private && url.scheme() == "http";
        if url.scheme() != "https" && !is_http {
            return Err(TargetFault::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(TargetFault::Extras);
        }
        let host = url.host_str().ok_or(TargetFault::Unreadable)?;
        if !allows_private {
            if !url.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) {
                return Err(TargetFault::Port);
            }
            // The parser has brought every spelling of an IPv4 address into the usual one.
            let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
            if literal.is_ok_and(|address| !is_public(address)) {
                return Err(TargetFault::Private);
            }
        }
        Ok(Self(url))
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(super) fn url(&self) -> Url {
        self.0.clone()
    }
}

impl std::fmt::Debug for Target {
    /// Without its path and query, which may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({})", self.0.host_str().unwrap_or_default())
    }
}

/// Whether an address is reached through the public network. Whatever is reserved for something else is not.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_reserved = matches!(
        (first, second, third),
        // This network, private, loopback, multicast and beyond.
        (0 | 10 | 127 | 224..=255, ..)
            // Shared by carriers (RFC 6598).
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            // Protocol assignments, documentation, 6to4 relays, private.
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            // Benchmarks, documentation.
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !is_reserved
}

/// Only global unicast, `2000::/3`, and of that not what stands for something else. IPv4 in IPv6 clothes, NAT64, unique
/// local, link-local, segment routing and discard lie outside.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let is_global = first & 0xe000 == 0x2000;
    let is_reserved = match first {
        // Teredo, benchmarks, ORCHID and other protocol assignments, 2001::/23; documentation.
        0x2001 => second < 0x0200 || second == 0x0db8,
        // 6to4.
        0x2002 => true,
        // Documentation, 3fff::/20.
        0x3fff => second < 0x1000,
        _ => false,
    };
    is_global && !is_reserved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v4_addresses_of_private_and_reserved_networks_are_refused() {
        let refused = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.0",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.1.2.3",
            "127.255.255.255",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "::7f00:1",
            "::a00:1",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "100:0:0:1::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2001:db8:ffff::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "3fff:fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00::1",
            "fd12:3456:789a::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff00::1",
            "ff02::1",
            "ff0e::1",
        ];
        assert!(refused.len() >= 60, "RF47 wants a table of 60 at least");
        for text in refused {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn public_addresses_are_called() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.0.0.1",
            "128.0.0.1",
            "169.253.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "203.0.114.1",
            "223.255.255.255",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00:1450::1",
            "3fff:1000::1",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_target_is_https_on_a_usual_port_of_a_public_address() {
        let parse = |text: &str| Target::parse(text, false).map(|_| ());
        assert_eq!(parse("https://crm.example.com/antiphon?a=b"), Ok(()));
        assert_eq!(parse("https://crm.example.com:8443/"), Ok(()));
        assert_eq!(parse("https://[2606:4700::1111]/"), Ok(()));
        assert_eq!(parse("crm.example.com"), Err(TargetFault::Unreadable));
        assert_eq!(parse(&format!("https://a.example/{}", "a".repeat(2_000))), Err(TargetFault::Unreadable));
        assert_eq!(parse("http://crm.example.com/"), Err(TargetFault::Scheme));
        assert_eq!(parse("ftp://crm.example.com/"), Err(TargetFault::Scheme));
        assert_eq!(parse("https://u:p@crm.example.com/"), Err(TargetFault::Extras));
        assert_eq!(parse("https://crm.example.com/#x"), Err(TargetFault::Extras));
        assert_eq!(parse("https://crm.example.com:22/"), Err(TargetFault::Port));
        for host in ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "[::1]", "[::ffff:10.0.0.1]"]
        {
            assert_eq!(parse(&format!("https://{host}/")), Err(TargetFault::Private), "{host}");
        }
        assert!(Target::parse("http://127.0.0.1:9999/", true).is_ok());
    }
}
