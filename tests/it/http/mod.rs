//! The HTTP edge, part by part.

mod json;
mod send_survey;
