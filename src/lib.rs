//! antiphon: a 2-way SMS survey engine. The map of the house is in ARCHITECTURE.md.

pub mod app;
pub mod cli;
pub mod clock;
mod closed_list;
pub mod config;
pub mod examples;
pub mod figures;
pub mod gateway;
pub mod hex;
pub mod http;
pub mod i18n;
pub mod ids;
pub mod outbox;
pub mod phone;
pub mod server;
pub mod session;
pub mod store;
pub mod survey;
pub mod tabular;
pub mod telemetry;
pub mod text;
pub mod webhook;
pub mod worker;
pub mod yaml;
