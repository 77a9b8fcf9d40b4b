//! The dispatcher: takes claimed messages to their gateways and brings back the answers. It alone talks to
//! gateways for sending, and never inside a transaction.

mod dispatcher;

pub use dispatcher::Dispatcher;
