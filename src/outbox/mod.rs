//! The dispatcher takes claimed messages to their gateways and brings back the answers; the notifier does the same
//! with events and webhooks. They alone call others, and never inside a transaction.

mod dispatcher;
mod notifier;

pub use dispatcher::Dispatcher;
pub use notifier::Notifier;
