//! The interpreter, sentence by sentence. Names cite the requirement.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one effect among all")]

mod attempts;
mod extras;
mod flow;
mod properties;
mod start;
mod timers;
