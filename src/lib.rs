//! antiphon: a 2-way SMS survey engine. The map of the house is in ARCHITECTURE.md.

pub mod clock;
pub mod config;
pub mod gateway;
pub mod i18n;
pub mod ids;
pub mod phone;
pub mod session;
pub mod survey;
pub mod telemetry;
pub mod text;
