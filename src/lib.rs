//! antiphon: a 2-way SMS survey engine. The map of the house is in ARCHITECTURE.md.

pub mod app;
pub mod clock;
mod closed_list;
pub mod hex;
pub mod http;
pub mod ids;
pub mod phone;
pub mod session;
pub mod survey;
pub mod text;
