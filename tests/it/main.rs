//! All integration tests of antiphon, in one binary: one link.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "in a test a panic is how a fault is shown, in its helpers too"
)]

mod acme;
mod cli;
mod config;
mod crash;
mod delivery;
mod exports;
mod gateway;
mod http;
mod installation;
mod kannel;
mod leaks;
mod metrics;
mod nodes;
mod openapi;
mod outage;
mod properties;
mod replies;
mod segments;
mod store;
mod support;
mod survey_tests;
mod surveys;
mod tidy;
mod transcripts;
mod webhooks;
