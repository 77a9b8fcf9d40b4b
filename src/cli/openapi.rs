//! `antiphon openapi`: the description that `/openapi.json` serves.

use utoipa::OpenApi as _;

use super::{Outcome, print_json};
use crate::http::openapi::ApiDoc;

pub(super) const EXAMPLES: &str = "Example:\n  antiphon openapi > openapi.json";

/// Runs the command.
pub(super) fn run() -> anyhow::Result<Outcome> {
    print_json(&serde_json::to_value(ApiDoc::openapi())?);
    Ok(Outcome::Done)
}
