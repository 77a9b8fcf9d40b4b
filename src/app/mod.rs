//! One use case, one file. The map is in HOUSE order: app calls survey and session, never a gateway or HTTP.

pub mod simulate_survey;
pub mod test_survey;
