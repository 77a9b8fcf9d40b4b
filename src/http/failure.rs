//! How faults of ours are answered: 503 with `Retry-After` when trying again helps, 500 when it does not
//! (http-api.md 1.6). What failed is in the log alone.

use super::problem::{Problem, ProblemCode};
use crate::app::failure::Failure;

/// Seconds after which a refused caller may try again.
pub const RETRY_AFTER_SECONDS: u64 = 2;

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unavailable => {
                Self::new(ProblemCode::Unavailable, "the database cannot take this now; try again soon")
                    .retry_after(RETRY_AFTER_SECONDS)
            }
            Failure::Internal => {
                Self::new(ProblemCode::InternalError, "the request id helps us to find out what happened")
            }
        }
    }
}
