//! The dispatcher: takes claimed messages to their gateways and brings back the answers. It alone talks to
//! gateways for sending, and never inside a transaction.

mod circuit;
mod dispatcher;

pub use circuit::{Circuit, CircuitState};
pub use dispatcher::{Dispatcher, GatewayHealth};
