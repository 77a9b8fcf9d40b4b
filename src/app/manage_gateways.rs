//! Gateways as operators see them: how they fare, and stopping and starting to send (http-api.md 5.2). Inbound
//! goes on while a gateway is paused.

use serde_json::json;

use super::audit::{self, Action, Actor};
use super::engine::Engine;
use super::gateway_health::Health;
use crate::clock::Timestamp;
use crate::store::channels;
use crate::store::{AnyConnection, StoreError};

/// A gateway and its recent past on this node.
#[derive(Clone, Debug)]
pub struct GatewayView {
    /// Its name.
    pub name: String,
    /// Its profile.
    pub profile: String,
    /// How it fares.
    pub health: Health,
    /// `closed`, `half_open` or `open`.
    pub circuit: &'static str,
}

/// One gateway; `None` when none has that name.
#[must_use]
pub fn gateway_view(engine: &Engine, name: &str) -> Option<GatewayView> {
    let gateway = engine.gateways.get(name)?;
    let health = engine.health.of(name);
    Some(GatewayView {
        name: gateway.name().to_owned(),
        profile: gateway.profile().to_owned(),
        circuit: health.circuit.state(engine.clock.now()).as_str(),
        health,
    })
}

/// All gateways by name.
#[must_use]
pub fn gateway_views(engine: &Engine) -> Vec<GatewayView> {
    engine.gateways.iter().filter_map(|gateway| gateway_view(engine, gateway.name())).collect()
}

/// Stops or starts sending through a gateway, for good: a restart keeps it. Show it to memory after the commit
/// with [`GatewayHealth::pause`](super::gateway_health::GatewayHealth::pause).
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn pause_gateway(
    connection: &mut AnyConnection,
    name: &str,
    is_paused: bool,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    channels::set_paused(connection, name, is_paused, now.naive_utc())?;
    let action = if is_paused { Action::GatewayPaused } else { Action::GatewayResumed };
    audit::record(connection, actor, action, &format!("gateway:{name}"), &json!({}), now)
}

/// Names of the gateways that an operator has paused.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn paused_gateways(connection: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    let rows = channels::gateways(connection)?;
    Ok(rows.into_iter().filter(|row| row.paused).map(|row| row.name).collect())
}
