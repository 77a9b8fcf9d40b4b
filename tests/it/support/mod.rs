//! What the integration tests stand on: a real server on a real database with a clock that stands still, a fake
//! gateway with a ledger, and people who text.

mod app;
mod backend;
mod door;
mod gateway;
pub mod kannel;
mod receiver;
pub mod surveys;

pub use app::{Setup, TestApp};
pub use backend::{Backend, Database};
pub use door::{Door, GATEWAY_SECRET, Message};
pub use gateway::{FakeGateway, Lookup, Script, Sent, asked_profile};
pub use kannel::Kannel;
pub use receiver::{HOLD, Receiver, Told};

/// A Norwegian mobile, for sessions with subnumbers.
pub const KARI: &str = "+4799999999";
/// A Swedish mobile: no subnumber.
pub const SVEN: &str = "+46701234567";
