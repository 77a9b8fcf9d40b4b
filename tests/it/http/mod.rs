//! The HTTP edge, part by part.

mod edge;
mod json;
mod keys;
mod lists;
mod send_survey;
