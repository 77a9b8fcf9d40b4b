//! Which files of a folder are surveys (F1). Reads names only.

use std::io;
use std::path::{Path, PathBuf};

use crate::survey::check::FileName;

/// Survey files of a folder, in order of their names.
///
/// # Errors
/// The machine's, when the folder cannot be read.
pub fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() && FileName::new(path.display().to_string()).is_survey() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
