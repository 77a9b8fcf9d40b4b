//! A gateway refuses our credentials or does not answer, and its circuit has opened: a fact for webhooks and reports,
//! and an incident for whoever is on call. What becomes of the messages is decided elsewhere: they wait.

use serde_json::json;

use super::engine::Engine;
use super::event_kind::EventKind;
use super::moment::Moment;
use crate::clock::Timestamp;
use crate::gateway::SendClass;
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};
use crate::telemetry::Incident;

/// The fact that a gateway is degraded.
#[derive(Debug)]
pub struct DegradeGateway {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The gateway's configured name.
    pub gateway: String,
    /// What its last answer was.
    pub class: SendClass,
    /// The gateway's own code for it.
    pub code: Option<String>,
}

impl Work for DegradeGateway {
    type Output = ();

    fn keys(&mut self, _: &mut AnyConnection, _: &mut Keys) -> Result<(), StoreError> {
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<(), Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let data = json!({"gateway": self.gateway, "result": self.class.as_str(), "code": self.code});
        moment.record_event(EventKind::GatewayDegraded, None, &data).map(drop)
    }
}

/// Records it, once each time the circuit of a gateway that was well opens.
pub async fn degrade_gateway(engine: &Engine, gateway: &str, class: SendClass, code: Option<String>) {
    tracing::error!(gateway, result = class.as_str(), code, "the gateway is degraded: its messages wait");
    engine.metrics.incident(Incident::GatewayDegraded);
    let fact = DegradeGateway { engine: engine.clone(), gateway: gateway.to_owned(), class, code };
    if let Err(error) = engine.store.write(fact).await {
        tracing::error!(%error, "that a gateway is degraded could not be recorded");
    }
}
