//! Reads the files that people write (surveys, gateway profiles) strictly: every scalar as it was written, every
//! value with its place, duplicate and unknown keys as faults, all of them at once (F40). It knows nothing of what
//! the files mean.

mod closest;
mod duration;
mod place;
mod read;
mod reader;
mod tree;

pub use closest::closest;
pub use duration::duration;
pub use place::{Fault, Located, Place, Spanned};
pub use read::{json_fault, read};
pub use reader::{Fields, Reader};
pub use tree::{Key, Node, Scalar, Tree};

/// What faults say of the files of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// How such a file begins.
    pub first_line: &'static str,
    /// What it holds, as one word.
    pub thing: &'static str,
}
