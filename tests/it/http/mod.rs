//! The HTTP edge, part by part.

mod docs;
mod edge;
mod json;
mod keys;
mod lists;
mod send_survey;
