//! Gateways from outside: what is sent and how the answer is classed, who may call, and what a callback holds.

mod callback;
mod oauth2;
mod properties;
mod send;
pub mod signatures;
mod simulator;
mod verify;
