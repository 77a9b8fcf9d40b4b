//! `[client]`: the running server that `send` and `session` talk to. Defaults stand in `config.default.toml`
//! alone. Opens no connection.

use reqwest::Url;
use secrecy::SecretString;

use super::fault::FaultCode;
use super::reader::Reader;
use crate::gateway::check_base_url;

/// `[client]`
#[derive(Clone, Debug)]
pub struct Client {
    /// Where the server is reached; `None` only beside a fault.
    pub url: Option<Url>,
    /// The API key.
    pub key: Option<SecretString>,
}

impl Client {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let text = reader.text("client.url", None);
        let url = match check_base_url(&text) {
            Ok(url) => Some(url),
            Err(fault) => {
                reader.fault(FaultCode::InvalidValue, "client.url", fault.to_string());
                None
            }
        };
        Self { url, key: reader.secret("client.key", None) }
    }
}
