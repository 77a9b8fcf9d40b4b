//! [`WorkerNode`]: background work without an API: claims, sends and timers for a database that other nodes write
//! to. It loads no survey files and follows what the database holds.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{Listener, StartError, build_engine, close, listen, notifier};
use crate::app::engine::Engine;
use crate::app::follow_setup::read_setup;
use crate::clock::Clock;
use crate::config::Config;
use crate::http::api::{Api, worker_routes};
use crate::ids::Ids;
use crate::worker::Worker;

/// A running worker.
#[derive(Debug)]
pub struct WorkerNode {
    /// Where `/livez`, `/readyz` and `/metrics` are, if `server.metrics_bind` is set; it serves nothing else.
    pub metrics_address: Option<SocketAddr>,
    /// Its engine, for tests.
    pub engine: Engine,
    listener: Option<Listener>,
    worker: Worker,
}

impl WorkerNode {
    /// Starts to work; answers when the address is bound, if there is one. On SQLite it would keep every other
    /// process out: start a [`Server`](super::Server) there.
    ///
    /// # Errors
    /// [`StartError`]: which part does not start, and why.
    pub async fn start(config: Config, clock: Clock, ids: Ids) -> Result<Self, StartError> {
        let config = Arc::new(config);
        let engine = build_engine(&config, clock, ids)?;
        let seen = read_setup(&mut engine.store.command_connection()?, &engine)?;
        let worker =
            Worker::start(&engine, seen, config.server.public_url.clone(), notifier(&engine, &config)?)
                .await?;
        let api = Api::new(engine.clone(), Arc::clone(&config));
        let bind = config.server.metrics_bind;
        let listener = bind.map(|address| listen(&config, &api, address, worker_routes)).transpose()?;
        let metrics_address = listener.as_ref().map(|listener| listener.address);
        Ok(Self { metrics_address, engine, listener, worker })
    }

    /// Stops in the order of RE38: no more claims, sends in flight finish, the database closes.
    pub async fn stop(self) {
        if let Some(listener) = &self.listener {
            listener.handle.stop(true).await;
        }
        self.worker.stop().await;
        if let Some(listener) = self.listener {
            listener.end().await;
        }
        close(self.engine).await;
    }
}
