//! Sessions, their answers and their messages (http-api.md 4): the shapes, and the routes that read and change
//! them.

pub mod shape;
