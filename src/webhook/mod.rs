//! Calls to the receivers of events: where they may go (V4), how they are made, and when they are made again (V2). It
//! knows neither the store nor what an event means; whoever claims and settles is elsewhere.

mod address;
mod client;
mod retry;

pub use address::{Target, TargetFault, is_public};
pub use client::{Call, CallResult, Reply, WebhookClient};
pub use retry::{DISABLED_AFTER, TRIES_MAX, wait_after};
