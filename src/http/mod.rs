//! The HTTP edge: reads requests into commands of [`crate::app`] and writes answers. Never decides what a survey
//! does and never touches the store.

pub mod codes;
pub mod json;
pub mod pointer;
pub mod problem;
pub mod send_survey;
