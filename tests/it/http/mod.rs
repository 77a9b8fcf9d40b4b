//! The HTTP edge, part by part.

mod admin;
mod docs;
mod edge;
mod json;
mod keys;
mod lists;
mod live;
mod send_survey;
