//! [`Networks`]: from which addresses a gateway calls (GW27). Whether an address may be believed is decided by
//! the HTTP edge, which alone looks at proxies.

use std::net::IpAddr;

/// The addresses a gateway calls from; none named = any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

/// One network: `192.0.2.0/24`, `2001:db8::/32`, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its first address as a number, IPv4 in the lowest 32 bits.
    first: u128,
    /// Bits below the prefix.
    host_bits: u32,
    is_v4: bool,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkFault {
    /// Not an address, or the prefix is not one of its lengths.
    #[error("write a network such as 192.0.2.0/24 or 2001:db8::/32, or one address")]
    Unreadable,
    /// `192.0.2.1/24`: which was meant?
    #[error("the address has bits set beyond its prefix; write the first address of the network")]
    BitsBeyondPrefix,
    /// `0.0.0.0/0` and its like.
    #[error("a network of all addresses keeps nobody out")]
    Everybody,
}

impl Networks {
    /// These networks.
    #[must_use]
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Whether no network is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a caller with this address may be the gateway. An unknown address is in no network.
    #[must_use]
    pub fn allow(&self, address: Option<IpAddr>) -> bool {
        self.is_empty()
            || address.is_some_and(|address| self.0.iter().any(|network| network.contains(address)))
    }
}

impl Network {
    /// Reads one network.
    ///
    /// # Errors
    /// [`NetworkFault`].
    pub fn parse(text: &str) -> Result<Self, NetworkFault> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| NetworkFault::Unreadable)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix: u32 = match prefix {
            None => width,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| NetworkFault::Unreadable)?
            }
            Some(_) => return Err(NetworkFault::Unreadable),
        };
        if prefix == 0 {
            return Err(NetworkFault::Everybody);
        }
        let host_bits = width.checked_sub(prefix).ok_or(NetworkFault::Unreadable)?;
        let first = number(address);
        if first >> host_bits << host_bits != first {
            return Err(NetworkFault::BitsBeyondPrefix);
        }
        Ok(Self { first, host_bits, is_v4: address.is_ipv4() })
    }

    /// Whether an address is in it. An IPv4 address in IPv6 clothes is the IPv4 address.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.is_v4 && number(address) >> self.host_bits == self.first >> self.host_bits
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        Network::parse(network).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_other() {
        assert!(contains("192.0.2.0/24", "192.0.2.255"));
        assert!(!contains("192.0.2.0/24", "192.0.3.0"));
        assert!(contains("192.0.2.7", "::ffff:192.0.2.7"));
        assert!(!contains("192.0.2.7", "192.0.2.8"));
        assert!(contains("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!contains("2001:db8::/32", "2001:db9::1"));
        assert!(!contains("::/1", "1.2.3.4"));
        assert!(contains("128.0.0.0/1", "255.255.255.255"));
    }

    #[test]
    fn what_is_no_network_is_told() {
        for text in
            ["", "all", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8", "192.0.2/24", "::/129", "1.2.3.4/"]
        {
            assert_eq!(Network::parse(text), Err(NetworkFault::Unreadable), "{text}");
        }
        assert_eq!(Network::parse("192.0.2.1/24"), Err(NetworkFault::BitsBeyondPrefix));
        assert_eq!(Network::parse("0.0.0.0/0"), Err(NetworkFault::Everybody));
        assert_eq!(Network::parse("::/0"), Err(NetworkFault::Everybody));
    }

    #[test]
    fn an_empty_list_allows_all_and_an_unknown_address_is_in_no_network() {
        assert!(Networks::default().allow(None));
        let one = Networks::new(vec![Network::parse("192.0.2.0/24").unwrap()]);
        assert!(one.allow(Some("192.0.2.9".parse().unwrap())));
        assert!(!one.allow(None));
    }
}
