//! The survey files of a folder (F1): finds, reads and checks them. It changes nothing and loads nothing into
//! a database; one broken file never hides the others.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::survey::check::{self, Checked, Context, FileName};

/// One survey file, read and checked.
#[derive(Debug)]
pub struct SurveyFile {
    /// Where it is.
    pub path: PathBuf,
    /// What the checker says; an error when the file cannot be read.
    pub checked: Result<Checked, io::Error>,
}

/// The survey files of a path, in order of name: the path itself if it is a file, else every `*.yaml`, `*.yml`
/// and `*.json` in the folder but `*.test.yaml` and `*.schema.json` (F1). Folders below it are not looked at.
///
/// # Errors
/// The path does not exist or cannot be listed.
pub fn survey_paths(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let is_survey = path
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| FileName::new(name).is_survey());
        if is_survey && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Reads and checks files, as [`check_sources`].
#[must_use]
pub fn check_files(paths: &[PathBuf], context: &Context<'_>) -> Vec<SurveyFile> {
    check_sources(paths.iter().map(|path| (path.clone(), read(path))), context)
}

/// Checks the texts of files. A survey that shares its id or uuid with an earlier one gets an error and is not
/// given out (E15). The one way in which survey files are checked, by the server and by the commands.
#[must_use]
pub fn check_sources(
    sources: impl IntoIterator<Item = (PathBuf, io::Result<String>)>,
    context: &Context<'_>,
) -> Vec<SurveyFile> {
    let mut files: Vec<SurveyFile> = Vec::new();
    for (path, source) in sources {
        let mut checked = source.map(|source| {
            let name = FileName::new(path.to_string_lossy());
            check::check(&source, &name, context)
        });
        if let Ok(checked) = &mut checked {
            let earlier = files.iter().filter_map(|file| file.checked.as_ref().ok());
            let earlier = earlier.filter_map(|checked| checked.survey.as_ref());
            let name = FileName::new(path.to_string_lossy());
            let findings = check::duplicates(checked, &name, earlier);
            if !findings.is_empty() {
                checked.survey = None;
                checked.findings.extend(findings);
            }
        }
        files.push(SurveyFile { path, checked });
    }
    files
}

/// The text of a file; what is not UTF-8 is an error with its place.
fn read(path: &Path) -> io::Result<String> {
    let bytes = fs::read(path)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the file is not UTF-8 at byte {at}; save it as UTF-8"),
        )
    })
}
