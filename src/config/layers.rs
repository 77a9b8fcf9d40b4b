//! The layers of a configuration, laid over each other: defaults, file, environment, flags (T10). Knows which
//! layer each value comes from; does not know what a key means.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use toml::{Table, Value};

use super::fault::{Fault, FaultCode, Source};

/// The embedded defaults, with a comment on every key.
pub const DEFAULTS: &str = include_str!("config.default.toml");

/// Read when no other file is named.
const DEFAULT_FILE: &str = "antiphon.toml";

/// Names the configuration file, when no flag does.
const FILE_VARIABLE: &str = "ANTIPHON_CONFIG";

/// Tables that hold named entries, of which the defaults bring `simulator`.
const NAMED: [&str; 2] = ["gateways", "channels"];

/// What a process was started with.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// `--config`; else `ANTIPHON_CONFIG`; else `antiphon.toml`, if it is there.
    pub file: Option<PathBuf>,
    /// Environment variables.
    pub variables: Vec<(String, String)>,
    /// Flags as dotted key and value, such as `("server.bind", "127.0.0.1:0")`.
    pub flags: Vec<(String, String)>,
}

impl Inputs {
    /// The inputs of this process. Variables that are no Unicode text are left out.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            name.into_string().ok().zip(value.into_string().ok())
        };
        Self { file, variables: std::env::vars_os().filter_map(text).collect(), flags }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(given, value)| given == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }
}

/// A value before anybody knows its type.
#[derive(Clone, Debug)]
pub enum Raw {
    /// From TOML.
    Toml(Value),
    /// From a variable or flag.
    Text(String),
}

/// A value and where it comes from.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The value.
    pub raw: Raw,
    /// Where it comes from.
    pub source: Source,
}

/// All values by dotted key, the highest layer on top.
#[derive(Debug, Default)]
pub struct Layers {
    /// Values by key.
    pub settings: BTreeMap<String, Setting>,
    /// Faults of the layers themselves.
    pub faults: Vec<Fault>,
}

impl Layers {
    /// Lays defaults, file, environment and flags over each other.
    #[must_use]
    pub fn lay(inputs: &Inputs) -> Self {
        let mut layers = Self::default();
        layers.lay_toml(DEFAULTS, &Source::Default);
        layers.lay_file(inputs);
        layers.lay_known_variables(inputs);
        layers.lay_variables(inputs);
        for (key, value) in &inputs.flags {
            let source = Source::Flag(flag_name(key));
            layers.put(key.clone(), Raw::Text(value.clone()), source);
        }
        layers.leave_out_unused_defaults();
        layers
    }

    fn put(&mut self, key: String, raw: Raw, source: Source) {
        self.settings.insert(key, Setting { raw, source });
    }

    fn lay_file(&mut self, inputs: &Inputs) {
        let named = inputs.file.clone().or_else(|| inputs.variable(FILE_VARIABLE).map(PathBuf::from));
        let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
        let shown = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => self.lay_toml(&text, &Source::File(shown)),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => self.faults.push(Fault {
                code: FaultCode::UnreadableFile,
                key: shown.clone(),
                problem: format!("the file cannot be read: {error}"),
                source: Source::File(shown),
            }),
        }
    }

    fn lay_toml(&mut self, text: &str, source: &Source) {
        match text.parse::<Table>() {
            Ok(table) => self.flatten("", &table, source),
            // Only the place and the message: a quoted line could show a secret.
            Err(error) => self.faults.push(Fault {
                code: FaultCode::Syntax,
                key: source.to_string(),
                problem: format!("line {}: {}", line_of(text, error.span()), error.message()),
                source: source.clone(),
            }),
        }
    }

    fn flatten(&mut self, prefix: &str, table: &Table, source: &Source) {
        for (name, value) in table {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                Value::Table(inner) => self.flatten(&key, inner, source),
                Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_) => self.put(key, Raw::Toml(value.clone()), source.clone()),
            }
        }
    }

    /// Variables whose names are not ours (T10).
    fn lay_known_variables(&mut self, inputs: &Inputs) {
        for (name, key) in [
            ("DATABASE_URL", "database.url"),
            ("DATABASE_URL_FILE", "database.url_file"),
            ("RUST_LOG", "log.level"),
        ] {
            if let Some(value) = inputs.variable(name) {
                self.put(key.to_owned(), Raw::Text(value.to_owned()), Source::Variable(name.to_owned()));
            }
        }
        let bind = self.settings.get("server.bind").and_then(|setting| setting.raw.text());
        if let (Some(port), Some(bind)) = (inputs.variable("PORT"), bind) {
            let host = bind.rsplit_once(':').map_or(bind.as_str(), |(host, _)| host);
            let raw = Raw::Text(format!("{host}:{port}"));
            self.put("server.bind".to_owned(), raw, Source::Variable("PORT".to_owned()));
        }
    }

    fn lay_variables(&mut self, inputs: &Inputs) {
        for (name, value) in &inputs.variables {
            if let Some(path) = name.strip_prefix("ANTIPHON__") {
                let key = path.to_ascii_lowercase().replace("__", ".");
                self.put(key, Raw::Text(value.clone()), Source::Variable(name.clone()));
            } else if name.starts_with("ANTIPHON") && name != FILE_VARIABLE {
                let problem = "no such variable; write ANTIPHON__SECTION__KEY with two underscores, \
                               for example ANTIPHON__SERVER__BIND";
                self.faults.push(Fault {
                    code: FaultCode::UnknownVariable,
                    key: name.clone(),
                    problem: problem.to_owned(),
                    source: Source::Variable(name.clone()),
                });
            }
        }
    }

    /// The default gateway and channel make way for others; a default channel without its gateway goes too.
    fn leave_out_unused_defaults(&mut self) {
        let mut alone = true;
        for table in NAMED {
            alone = alone && self.given_names(table).iter().all(|name| name == "simulator");
            if !alone {
                let prefix = format!("{table}.simulator.");
                let given = self.given_names(table).contains("simulator");
                self.settings.retain(|key, setting| {
                    given || setting.source != Source::Default || !key.starts_with(&prefix)
                });
            }
        }
    }

    /// Names under a table that somebody other than the defaults gave.
    fn given_names(&self, table: &str) -> BTreeSet<String> {
        let given = self.settings.iter().filter(|(_, setting)| setting.source != Source::Default);
        given.filter_map(|(key, _)| name_in(key, table)).collect()
    }

    /// Names under a table, whoever gave them.
    #[must_use]
    pub fn names(&self, table: &str) -> BTreeSet<String> {
        self.settings.keys().filter_map(|key| name_in(key, table)).collect()
    }
}

/// The flag that sets a key: most are named after the key alone, without its section.
fn flag_name(key: &str) -> String {
    let name = match key {
        "server.bind" => "bind",
        "database.url" => "database",
        "surveys.folder" => "surveys",
        "client.url" => "url",
        "client.key" => "key",
        "client.key_file" => "key-file",
        other => other,
    };
    format!("--{}", name.replace(['.', '_'], "-"))
}

fn name_in(key: &str, table: &str) -> Option<String> {
    let (name, _) = key.strip_prefix(table)?.strip_prefix('.')?.split_once('.')?;
    Some(name.to_owned())
}

fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or_default();
    before.matches('\n').count() + 1
}

impl Raw {
    /// A text.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Toml(value) => value.as_str().map(str::to_owned),
        }
    }

    /// A whole number.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Toml(value) => value.as_integer(),
        }
    }

    /// A number, whole or not.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        let finite = |number: f64| number.is_finite().then_some(number);
        match self {
            Self::Text(text) => text.trim().parse().ok().and_then(finite),
            Self::Toml(Value::Integer(number)) => i32::try_from(*number).ok().map(f64::from),
            Self::Toml(value) => value.as_float().and_then(finite),
        }
    }

    /// true or false.
    #[must_use]
    pub fn flag(&self) -> Option<bool> {
        match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Toml(value) => value.as_bool(),
        }
    }

    /// A list of texts; whole numbers count as texts, a single text as a list of one. In a variable the entries
    /// are separated by commas.
    #[must_use]
    pub fn list(&self) -> Option<Vec<String>> {
        let entry = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Integer(number) => Some(number.to_string()),
            Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
                None
            }
        };
        let entries = match self {
            Self::Text(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
            Self::Toml(Value::Array(values)) => values.iter().map(entry).collect::<Option<Vec<_>>>()?,
            Self::Toml(value) => vec![value.as_str()?.to_owned()],
        };
        Some(entries.into_iter().filter(|part| !part.is_empty()).collect())
    }

    /// A text, number, boolean or list of texts, of whatever type it is.
    #[must_use]
    pub fn plain(&self) -> Option<serde_json::Value> {
        match self {
            Self::Text(text) | Self::Toml(Value::String(text)) => Some(text.clone().into()),
            Self::Toml(Value::Integer(number)) => Some((*number).into()),
            Self::Toml(Value::Float(number)) => Some((*number).into()),
            Self::Toml(Value::Boolean(flag)) => Some((*flag).into()),
            Self::Toml(Value::Array(_)) => self.list().map(Into::into),
            Self::Toml(Value::Datetime(_) | Value::Table(_)) => None,
        }
    }

    /// As it would stand in a file.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) | Self::Toml(Value::String(text)) => text.clone(),
            Self::Toml(value) => value.to_string(),
        }
    }
}
