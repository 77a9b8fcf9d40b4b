//! [`Profiles`]: the profiles inside the binary, and those of the operator, which add to them or stand in their place
//! (GW10). Reads no file: the configuration does.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::file::read;
use super::model::Profile;
use crate::yaml::{Fault, Located};

/// The profile of the built-in fake handset network; nothing stands in its place.
pub const SIMULATOR: &str = "simulator";

/// Name and text of every profile inside the binary.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("africastalking", include_str!("../profiles/africastalking.yaml")),
    ("bandwidth", include_str!("../profiles/bandwidth.yaml")),
    ("bird", include_str!("../profiles/bird.yaml")),
    ("generic", include_str!("../profiles/generic.yaml")),
    ("infobip", include_str!("../profiles/infobip.yaml")),
    ("kannel", include_str!("../profiles/kannel.yaml")),
    ("link", include_str!("../profiles/link.yaml")),
    ("plivo", include_str!("../profiles/plivo.yaml")),
    ("puzzel", include_str!("../profiles/puzzel.yaml")),
    ("simulator", include_str!("../profiles/simulator.yaml")),
    ("sinch", include_str!("../profiles/sinch.yaml")),
    ("telnyx", include_str!("../profiles/telnyx.yaml")),
    ("twilio", include_str!("../profiles/twilio.yaml")),
    ("vonage", include_str!("../profiles/vonage.yaml")),
];

/// Every profile by its name. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Profiles {
    by_name: BTreeMap<String, Arc<Profile>>,
}

/// What is wrong in a profile file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFault {
    /// The file as it was named.
    pub file: String,
    /// Where in it.
    pub located: Located,
    /// What is wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

/// All faults of a file, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFaults(pub Vec<ProfileFault>);

impl ProfileFaults {
    fn of(file: &str, source: &str, faults: Vec<Fault>) -> Self {
        let told = |fault: Fault| ProfileFault {
            file: file.to_owned(),
            located: fault.place.locate(source),
            message: fault.message,
            hint: fault.hint,
        };
        Self(faults.into_iter().map(told).collect())
    }
}

impl fmt::Display for ProfileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, located, message, hint } = self;
        write!(f, "{file}:{}:{}: {message}", located.line, located.column)?;
        if hint.is_empty() { Ok(()) } else { write!(f, "; {hint}") }
    }
}

impl fmt::Display for ProfileFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|fault| writeln!(f, "{fault}"))
    }
}

impl std::error::Error for ProfileFaults {}

impl Profiles {
    /// Those inside the binary. One that cannot be read is left out: a test reads them all.
    #[must_use]
    pub fn built_in() -> Self {
        let mut profiles = Self { by_name: BTreeMap::new() };
        for (name, source) in BUILT_IN {
            if let Ok(profile) = Self::check(name, source) {
                profiles.add(profile);
            }
        }
        profiles
    }

    /// Reads a profile without keeping it.
    ///
    /// # Errors
    /// Every fault there is.
    pub fn check(file: &str, source: &str) -> Result<Profile, ProfileFaults> {
        read(source).map_err(|faults| ProfileFaults::of(file, source, faults))
    }

    /// Adds a profile, in the place of the one of that name.
    pub fn add(&mut self, profile: Profile) {
        self.by_name.insert(profile.name.clone(), Arc::new(profile));
    }

    /// One by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Profile>> {
        self.by_name.get(name)
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Profile>> {
        self.by_name.values()
    }
}
