//! Gateways from outside: what is sent and how the answer is classed, who may call, and what a callback holds.

mod callback;
mod properties;
mod send;
mod simulator;
mod verify;
