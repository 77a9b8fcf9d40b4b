//! Use cases: one file each, one write transaction each. Nothing here knows HTTP.

pub mod api_key;
pub mod send_survey;
pub mod warning;
