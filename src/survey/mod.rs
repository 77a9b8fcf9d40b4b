//! The survey language: files are read and checked into a [`Survey`] that is valid by construction, replies
//! are parsed, and the interpreter turns each event into a [`Turn`].
//!
//! Everything here is pure: data in, data out. It never reads a clock, a file or a socket, never logs and
//! never draws a random number.

pub mod branches;
pub mod check;
pub(in crate::survey) mod definition;
pub mod diff;
pub mod element;
pub mod expr;
pub mod finding;
#[cfg(test)]
mod fixture;
pub mod format;
pub mod graph;
pub mod language;
pub mod messages;
pub mod number;
pub mod play;
pub mod progress;
pub mod prompt;
pub mod reply;
pub mod schema;
#[expect(clippy::module_inception, reason = "the survey is the main type of its room")]
mod survey;
pub mod turn;
pub mod value;
pub mod variables;

pub use element::{Element, Kind, Rule, Target};
pub use language::{Language, Text};
pub use number::Number;
pub use progress::{Given, Position, Progress};
pub use reply::{Method, Reading, Reason};
pub use survey::{
    Completion, IfOpenSession, Reminder, ReminderWhen, SendWindow, Settings, Survey, SurveyParts,
};
pub use turn::{Effect, Turn};
pub use value::{AnswerState, Value};
pub use variables::Variables;
