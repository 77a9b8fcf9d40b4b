//! The interpreter, sentence by sentence. Names cite the requirement.

mod attempts;
mod extras;
mod flow;
mod properties;
mod start;
mod timers;
