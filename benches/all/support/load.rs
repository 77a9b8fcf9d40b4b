//! The second process as a load generator: connections that stay open, requests written by hand, so that it takes
//! as little of the machine as it can.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Failure;
use super::bed::person;
use super::measure::{Caller, Plan, run};
use super::template::{SECRET, reply};
use antiphon::gateway::inbound_json;

/// What to do.
#[derive(Args, Clone, Debug)]
pub struct Load {
    /// Where the server listens.
    #[arg(long)]
    pub address: SocketAddr,
    /// What is posted to.
    #[arg(long)]
    pub path: String,
    /// Connections.
    #[arg(long)]
    pub connections: usize,
    /// Calls in all.
    #[arg(long)]
    pub count: u64,
    /// Calls a second; 0 = as many as are answered.
    #[arg(long)]
    pub rate: f64,
    /// No call begins later than this, in seconds.
    #[arg(long)]
    pub seconds: u64,
    /// Calls made by earlier runs: their people have replied.
    #[arg(long)]
    pub first: u64,
    /// People in the database.
    #[arg(long)]
    pub people: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Loaded {
    /// Calls answered 200; anything else ends the run.
    pub count: u64,
    /// Calls a second.
    pub per_second: f64,
    /// Half of the answers came within this, in milliseconds.
    pub p50: f64,
    /// 99 % of them.
    pub p99: f64,
}

/// Calls the server.
pub async fn load(load: &Load) -> Result<Loaded, Failure> {
    let mut callers = Vec::new();
    for _ in 0..load.connections {
        let stream = TcpStream::connect(load.address).await?;
        stream.set_nodelay(true)?;
        callers.push(Connection { stream, load: load.clone(), buffer: Vec::new() });
    }
    let rate = Some(load.rate).filter(|rate| *rate > 0.0);
    let plan = Plan { count: load.count, limit: Duration::from_secs(load.seconds), rate };
    let done = run(callers, plan).await?;
    Ok(Loaded {
        count: done.count,
        per_second: done.per_second(),
        p50: done.millis(50),
        p99: done.millis(99),
    })
}

struct Connection {
    stream: TcpStream,
    load: Load,
    buffer: Vec<u8>,
}

impl Caller for Connection {
    async fn call(&mut self, number: u64) -> Result<(), Failure> {
        let body = inbound_json(&reply(person(self.load.first + number, self.load.people))).to_string();
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: bench\r\nX-API-Key: {SECRET}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.load.path,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }
}

impl Connection {
    /// Reads one answer, which must be a 200 with a length.
    async fn answer(&mut self) -> Result<(), Failure> {
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server hung up".into());
            }
            let text = std::str::from_utf8(&self.buffer)?;
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            if !head.starts_with("HTTP/1.1 200") {
                return Err(format!("the server answered {text}").into());
            }
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return Ok(());
            }
        }
    }
}
