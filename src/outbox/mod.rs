//! The dispatcher takes claimed messages to their gateways and brings back the answers; the asker asks gateways what
//! became of messages whose send nobody knows of; the notifier tells webhooks of events. They alone call others, and
//! never inside a transaction.

mod asker;
mod dispatcher;
mod notifier;

pub use asker::Asker;
pub use dispatcher::Dispatcher;
pub use notifier::Notifier;
