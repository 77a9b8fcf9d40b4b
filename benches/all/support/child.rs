//! [`Child`]: another process, which goes away with the value: the real program, or this one in another part.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;

use super::Failure;
use super::load::{Load, Loaded};

/// A server in a process of its own.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    /// Where it listens.
    pub address: SocketAddr,
    client: reqwest::Client,
}

impl Child {
    /// The real program, serving with this configuration.
    pub fn antiphon(config: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_antiphon"));
        command.args(["--json", "serve", "--config"]).arg(config).env_clear();
        Self::start(command)
    }

    /// This program as gateway and as empty handler.
    pub fn peer() -> Result<Self, Failure> {
        Self::slow_peer(Duration::ZERO)
    }

    /// The same; the gateway takes so long for each SMS.
    pub fn slow_peer(latency: Duration) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["peer", "--latency-ms", &latency.as_millis().to_string()]);
        Self::start(command)
    }

    fn start(mut command: Command) -> Result<Self, Failure> {
        let mut process = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = || -> Result<SocketAddr, Failure> {
            let said: Json = serde_json::from_str(&line)?;
            let url = said.get("url").and_then(Json::as_str).ok_or("no url")?;
            Ok(url.trim_start_matches("http://").parse()?)
        };
        // It speaks plain HTTP on the loopback, but wants its cryptography all the same; there may be one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build()?;
        match address() {
            Ok(address) => Ok(Self { process, address, client }),
            Err(error) => {
                let _ = process.kill();
                let _ = process.wait();
                Err(format!("a process did not start: {error}: {line}").into())
            }
        }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// For `base_url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The body of an answer.
    pub async fn get(&self, path: &str) -> Result<String, Failure> {
        Ok(self.client.get(format!("{}{path}", self.url())).send().await?.text().await?)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Loads a server from a process of its own.
pub fn load(load: &Load) -> Result<Loaded, Failure> {
    let done = Command::new(std::env::current_exe()?)
        .arg("load")
        .args(["--address", &load.address.to_string(), "--path", &load.path])
        .args(["--connections", &load.connections.to_string(), "--count", &load.count.to_string()])
        .args(["--rate", &load.rate.to_string(), "--seconds", &load.seconds.to_string()])
        .args(["--first", &load.first.to_string(), "--people", &load.people.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    if !done.status.success() {
        return Err("the load generator ended early".into());
    }
    Ok(serde_json::from_slice(&done.stdout)?)
}
