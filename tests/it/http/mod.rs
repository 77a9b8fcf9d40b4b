//! The HTTP edge, part by part.

mod docs;
mod edge;
mod json;
mod keys;
mod lists;
mod live;
mod send_survey;
