//! `[profiles]`: the kinds of gateways there are: those inside the binary, and those of a folder, which add to them or
//! stand in their place (GW10).

use std::path::{Path, PathBuf};

use super::fault::FaultCode;
use super::reader::Reader;
use crate::gateway::profile::{Profiles, SIMULATOR};

const FOLDER: &str = "profiles.folder";

/// Reads all profiles; one with faults is left out, and every fault of it told.
pub fn read(reader: &mut Reader) -> Profiles {
    let mut profiles = Profiles::built_in();
    let Some(folder) = reader.optional(FOLDER, None) else {
        return profiles;
    };
    match files(Path::new(&folder)) {
        Ok(files) => files.iter().for_each(|file| add(reader, &mut profiles, file)),
        Err(error) => {
            reader.fault(FaultCode::UnreadableFile, FOLDER, format!("{folder} cannot be read: {error}"));
        }
    }
    profiles
}

/// The YAML files of a folder, by name.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn add(reader: &mut Reader, profiles: &mut Profiles, file: &Path) {
    let shown = file.display().to_string();
    let source = match std::fs::read_to_string(file) {
        Ok(source) => source,
        Err(error) => {
            reader.fault(FaultCode::UnreadableFile, FOLDER, format!("{shown} cannot be read: {error}"));
            return;
        }
    };
    match Profiles::check(&shown, &source) {
        Ok(profile) if profile.name == SIMULATOR => {
            let problem = format!("{shown}: the simulator is built in; give the profile another name");
            reader.fault(FaultCode::InvalidProfile, FOLDER, problem);
        }
        Ok(profile) => profiles.add(profile),
        Err(faults) => {
            for fault in faults.0 {
                reader.fault(FaultCode::InvalidProfile, FOLDER, fault.to_string());
            }
        }
    }
}
