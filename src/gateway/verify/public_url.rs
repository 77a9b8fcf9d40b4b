//! [`PublicUrl`]: the URL that a gateway called, put together from the configured public URL and the path and query
//! of the request. A proxy in front may have changed scheme, host and prefix, and anybody can write a `Host`
//! header: neither is ever looked at (RP13).

use reqwest::Url;

/// Where the world reaches us, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    scheme: String,
    host: String,
    /// The port, if it is not the scheme's own.
    port: Option<u16>,
    default_port: u16,
    prefix: String,
}

impl PublicUrl {
    /// Of a URL that `check_base_url` has passed.
    pub fn new(url: &Url) -> Self {
        Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port(),
            default_port: if url.scheme() == "http" { 80 } else { 443 },
            prefix: url.path().trim_end_matches('/').to_owned(),
        }
    }

    /// The URL with this path, or path and query, as it was called.
    pub fn called(&self, target: &str) -> String {
        self.spelt(self.port, target)
    }

    /// The same without a port and with an explicit one: gateways differ in what they sign.
    pub fn spellings(&self, target: &str) -> [String; 2] {
        let port = self.port.unwrap_or(self.default_port);
        [self.spelt(None, target), self.spelt(Some(port), target)]
    }

    fn spelt(&self, port: Option<u16>, target: &str) -> String {
        let Self { scheme, host, prefix, .. } = self;
        match port {
            Some(port) => format!("{scheme}://{host}:{port}{prefix}{target}"),
            None => format!("{scheme}://{host}{prefix}{target}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_the_configured_one_with_path_and_query_as_called() {
        let url = |text: &str| PublicUrl::new(&Url::parse(text).unwrap());
        let plain = url("https://survey.example.com");
        assert_eq!(plain.called("/in?a=%20&b"), "https://survey.example.com/in?a=%20&b");
        assert_eq!(plain.called("/in?"), "https://survey.example.com/in?");
        assert_eq!(
            plain.spellings("/in"),
            ["https://survey.example.com/in", "https://survey.example.com:443/in"]
        );
        assert_eq!(url("https://survey.example.com:443/").called("/in"), "https://survey.example.com/in");
        let behind = url("http://[::1]:8080/sms/");
        assert_eq!(behind.called("/in"), "http://[::1]:8080/sms/in");
        assert_eq!(behind.spellings("/in"), ["http://[::1]/sms/in", "http://[::1]:8080/sms/in"]);
    }
}
