//! `[webhooks]`: how the receivers of events are called. Defaults stand in `config.default.toml` alone.

use std::net::IpAddr;
use std::time::Duration;

use super::fault::FaultCode;
use super::reader::Reader;

/// `[webhooks]`
#[derive(Clone, Copy, Debug)]
pub struct Webhooks {
    /// Longest call (V2).
    pub timeout: Duration,
    /// http, any port and private addresses are allowed; for tests on one machine (V4).
    pub allow_private: bool,
}

impl Webhooks {
    /// `bind` is where the server listens.
    pub(super) fn read(reader: &mut Reader, bind: IpAddr) -> Self {
        let allow_private = reader.flag("webhooks.allow_private", None);
        if allow_private && !bind.is_loopback() {
            let problem = "would let callers of the API reach our own network; only with server.bind on a loopback \
                           address";
            reader.fault(FaultCode::Conflict, "webhooks.allow_private", problem);
        }
        Self { timeout: reader.duration("webhooks.timeout", None, &(1..=60)), allow_private }
    }
}
