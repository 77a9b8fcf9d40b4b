//! The HTTP edge: reads requests into commands of [`crate::app`] and writes answers. Never decides what a survey
//! does and never touches the store.

pub mod actor;
pub mod api;
pub mod auth;
pub mod body;
pub mod caller;
pub mod channels;
pub mod code_pages;
pub mod codes;
pub mod docs;
pub mod edge;
pub mod extract;
pub mod failure;
pub mod fields;
pub mod gateways;
pub mod health;
pub mod html;
pub mod idempotency;
pub mod inbound;
pub mod json;
pub mod keys;
pub mod lists;
pub mod messages;
pub mod openapi;
pub mod parameters;
pub mod phones;
pub mod pointer;
pub mod problem;
pub mod rate;
pub mod route;
pub mod send_survey;
pub mod sessions;
pub mod spans;
pub mod surveys;
pub mod times;
pub mod webhooks;
