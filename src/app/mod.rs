//! Use cases: one file each, one write transaction each. Nothing here knows HTTP.

pub mod send_survey;
pub mod warning;
