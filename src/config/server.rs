//! `[server]` and `[log]`: listening and logging. Defaults stand in `config.default.toml` alone.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

use super::fault::FaultCode;
use super::reader::Reader;
use crate::gateway::check_base_url;

/// `[server]`
#[derive(Clone, Debug)]
pub struct Server {
    /// Address to listen on.
    pub bind: SocketAddr,
    /// A reverse proxy ends TLS (RS8).
    pub behind_proxy: bool,
    /// Proxies whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Where the world reaches us (RP13).
    pub public_url: Option<Url>,
    /// A separate address for `/metrics` (O2).
    pub metrics_bind: Option<SocketAddr>,
    /// Bearer token of `/metrics`.
    pub metrics_key: Option<SecretString>,
    /// Most open connections per worker.
    pub connections_per_worker: usize,
    /// For a request's head.
    pub head_timeout: Duration,
    /// For a request's body.
    pub body_timeout: Duration,
    /// For requests in flight when we stop.
    pub shutdown_timeout: Duration,
}

impl Server {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let address = |reader: &mut Reader, key: &str| {
            reader.read(key, None, |raw| match raw.text().as_deref().map(str::trim) {
                Some("") => Ok(None),
                Some(text) => text
                    .parse()
                    .map(Some)
                    .map_err(|_| format!("`{text}` is not an address and port such as 127.0.0.1:8080")),
                None => Err("write an address and port such as \"127.0.0.1:8080\"".to_owned()),
            })
        };
        let proxies = reader.list("server.trusted_proxies", None);
        let trusted_proxies: Vec<IpAddr> = proxies.iter().filter_map(|text| text.parse().ok()).collect();
        if trusted_proxies.len() < proxies.len() {
            reader.fault(
                FaultCode::InvalidValue,
                "server.trusted_proxies",
                "write addresses such as 10.0.0.1",
            );
        }
        let bind: Option<SocketAddr> = address(reader, "server.bind");
        let metrics_bind = address(reader, "server.metrics_bind");
        let behind_proxy = reader.flag("server.behind_proxy", None);
        for (key, bound) in [("server.bind", bind), ("server.metrics_bind", metrics_bind)] {
            if bound.is_some_and(|bound| !bound.ip().is_loopback()) && !behind_proxy {
                let problem = "plain HTTP on an address that others reach; put a proxy with TLS in front and set \
                               server.behind_proxy = true, or bind to 127.0.0.1";
                reader.fault(FaultCode::PlaintextBind, key, problem);
            }
        }
        Self {
            bind: bind.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            behind_proxy,
            trusted_proxies,
            public_url: public_url(reader),
            metrics_bind,
            metrics_key: reader.secret("server.metrics_key", None),
            connections_per_worker: reader.integer("server.connections_per_worker", None, &(1..=1_000_000)),
            head_timeout: reader.duration("server.head_timeout", None, &(1..=60)),
            body_timeout: reader.duration("server.body_timeout", None, &(1..=300)),
            shutdown_timeout: reader.duration("server.shutdown_timeout", None, &(0..=300)),
        }
    }
}

fn public_url(reader: &mut Reader) -> Option<Url> {
    let text = reader.optional("server.public_url", None)?;
    match check_base_url(&text) {
        Ok(url) => Some(url),
        Err(fault) => {
            reader.fault(FaultCode::InvalidValue, "server.public_url", fault.to_string());
            None
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Plain,
    /// For machines.
    Json,
}

/// `[log]`
#[derive(Clone, Debug)]
pub struct Log {
    /// How lines are written.
    pub format: LogFormat,
    /// An `EnvFilter` directive list.
    pub level: String,
    /// Message texts at `trace` (O4).
    pub bodies: bool,
}

impl Log {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let formats = [("plain", LogFormat::Plain), ("json", LogFormat::Json)];
        let level = reader.text("log.level", None);
        if tracing_subscriber::EnvFilter::try_new(&level).is_err() {
            let problem = "write a level such as info, or antiphon=debug,info";
            reader.fault(FaultCode::InvalidValue, "log.level", problem);
        }
        Self {
            format: reader.word("log.format", None, &formats).unwrap_or(LogFormat::Plain),
            level,
            bodies: reader.flag("log.bodies", None),
        }
    }
}
