//! The databases the suite runs on. PostgreSQL is one more variant and one more arm in [`Backend::open`].

use antiphon::store::{AnyConnection, DatabaseUrl};
use tempfile::TempDir;

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The embedded default, in a file of its own.
    Sqlite,
}

impl Backend {
    /// Every backend that the whole suite must pass on.
    pub const ALL: [Self; 1] = [Self::Sqlite];

    /// An empty database that goes away with the value.
    pub fn open(self) -> Database {
        match self {
            Self::Sqlite => {
                let folder = quick_folder();
                let url = format!("sqlite:{}", folder.path().join("antiphon.db").display());
                Database { url, _folder: folder }
            }
        }
    }
}

/// A database for one test.
#[derive(Debug)]
pub struct Database {
    /// As in the configuration.
    pub url: String,
    _folder: TempDir,
}

impl Database {
    /// A connection of one's own.
    pub fn connect(&self) -> AnyConnection {
        DatabaseUrl::parse(&self.url).unwrap().connect().unwrap()
    }
}

/// A folder that goes away with the value; in memory where the machine has such a place, since these tests ask
/// what is stored, not whether it survives a power cut.
fn quick_folder() -> TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}
