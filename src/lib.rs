//! antiphon: a 2-way SMS survey engine. The map of the house is in ARCHITECTURE.md.

pub mod app;
pub mod clock;
pub mod ids;
pub mod phone;
pub mod session;
pub mod store;
pub mod survey;
pub mod text;
