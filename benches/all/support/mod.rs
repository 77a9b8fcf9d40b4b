//! What the benchmarks share: databases and people in them, callers and what they measured, the second process,
//! the machine, and the tables of the note.

pub mod backend;
pub mod bed;
pub mod change;
pub mod child;
pub mod load;
pub mod machine;
pub mod measure;
pub mod peer;
pub mod table;
pub mod template;

/// Whatever ends a benchmark early.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Rough figures in a few minutes.
    Quick,
    /// What the note shows.
    Full,
}

impl Size {
    /// One of two numbers.
    pub fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}
