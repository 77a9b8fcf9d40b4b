//! One person's run through a survey: states and their legal transitions, correlation of inbound texts,
//! keywords and consent. Pure, like [`crate::survey`]: no I/O, no clock, no log.

pub mod keywords;

pub use keywords::{Command, Inbound, KeywordLists, KeywordSettings, Keywords, Noise, Stop, noise};
