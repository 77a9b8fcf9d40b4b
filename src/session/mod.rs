//! One person's run through a survey: states and their legal transitions, correlation of inbound texts,
//! keywords and consent. Pure, like [`crate::survey`]: no I/O, no clock, no log.

pub mod correlate;
pub mod flood;
pub mod keywords;
mod message;
mod noise;
pub mod pace;
pub mod retry;
mod status;
pub mod subnumber;

pub use keywords::{Command, Inbound, KeywordLists, KeywordSettings, Keywords, Stop};
pub use message::{MessageClass, MessageState, Outcome, Receipt};
pub use noise::Noise;
pub use status::Status;
