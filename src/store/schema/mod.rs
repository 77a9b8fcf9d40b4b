//! The tables as diesel sees them, a file per migration; migrations/ is the truth and a parity test compares the two.

mod core;
mod event_webhooks;
mod gateways;
mod people;

pub use core::*;
pub use event_webhooks::*;
pub use gateways::*;
pub use people::*;
