//! Gateways from outside: what is sent and how the answer is classed, who may call, and what a callback holds.

mod callback;
mod language;
mod oauth2;
pub mod opened;
mod outbound;
mod profile_files;
mod profiles;
mod properties;
mod send;
pub mod signatures;
mod simulator;
mod verify;
