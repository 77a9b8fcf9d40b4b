//! [`ConfigArgs`]: the flags that every command with a configuration shares. Reads no value itself.

use std::path::PathBuf;

use clap::Args;

use crate::config::{Config, Faults, Inputs};

/// Which configuration.
#[derive(Clone, Debug, Args)]
pub(super) struct ConfigFile {
    /// Configuration file [default: antiphon.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    /// The configuration with `more` on top, as dotted key and value.
    pub(super) fn load(&self, more: Vec<(String, String)>) -> Result<Config, Faults> {
        Config::load(&Inputs::of_process(self.config.clone(), more))
    }
}

/// Which configuration, and which database.
#[derive(Clone, Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(flatten)]
    file: ConfigFile,
    #[arg(
        long,
        value_name = "URL",
        help = "sqlite:PATH or postgres://user@host/name [default: sqlite:antiphon.db]"
    )]
    database: Option<String>,
}

impl ConfigArgs {
    /// The configuration with these flags and `more` of them on top, as dotted key and value.
    pub(super) fn load(&self, more: Vec<(&str, Option<String>)>) -> Result<Config, Faults> {
        let own = ("database.url", self.database.clone());
        let flags = std::iter::once(own)
            .chain(more)
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect();
        self.file.load(flags)
    }
}
