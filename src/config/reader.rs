//! [`Reader`]: takes typed values out of the layers, key by key. It notes every fault and goes on, so that all
//! are reported at once, and remembers which keys exist, so that what nobody read is unknown (T11).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

use super::fault::{Fault, FaultCode, Source};
use super::layers::{Layers, Raw, Setting};

/// Seconds of a day, for limits of durations.
pub const DAY: u64 = 86_400;

/// Shown instead of a secret.
const REDACTED: &str = "<redacted>";

/// Least likeness of a suggestion, from 0 to 1.
const LIKENESS_MIN: f64 = 0.75;

/// The effective value of a key, safe to print, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The value; a secret is redacted.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
}

/// Takes values out of the layers.
#[derive(Debug)]
pub struct Reader {
    layers: Layers,
    known: BTreeSet<String>,
    shown: BTreeMap<String, Shown>,
    faults: Vec<Fault>,
}

impl Reader {
    /// A reader over these layers.
    #[must_use]
    pub fn new(mut layers: Layers) -> Self {
        let faults = std::mem::take(&mut layers.faults);
        Self { layers, known: BTreeSet::new(), shown: BTreeMap::new(), faults }
    }

    /// Names under a table such as `gateways`.
    pub fn names(&mut self, table: &str) -> BTreeSet<String> {
        let names = self.layers.names(table);
        for name in &names {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
            if !name.chars().all(fits) || name.len() > 40 {
                let problem = "a name has at most 40 lower-case letters, digits, - and _";
                self.fault(FaultCode::InvalidValue, &format!("{table}.{name}"), problem);
            }
        }
        names
    }

    /// Names of keys right below a prefix such as `channels.nordlys.texts`.
    pub fn below(&self, prefix: &str) -> BTreeSet<String> {
        let rest = |key: &String| {
            key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')).map(str::to_owned)
        };
        self.layers.settings.keys().filter_map(rest).collect()
    }

    /// Whether a key has a value that is not the default's.
    pub fn is_given(&self, key: &str) -> bool {
        self.layers.settings.get(key).is_some_and(|setting| setting.source != Source::Default)
    }

    /// Adds a fault about a key.
    pub fn fault(&mut self, code: FaultCode, key: &str, problem: impl Into<String>) {
        let source = self.layers.settings.get(key).map_or(Source::Default, |setting| setting.source.clone());
        self.faults.push(Fault { code, key: key.to_owned(), problem: problem.into(), source });
    }

    /// The value of a key: its setting, else `default`. On a fault, the type's default value.
    pub fn read<T: Default>(
        &mut self,
        key: &str,
        default: Option<&str>,
        parse: impl Fn(&Raw) -> Result<T, String>,
    ) -> T {
        self.known.insert(key.to_owned());
        let fallback =
            || default.map(|text| Setting { raw: Raw::Text(text.to_owned()), source: Source::Default });
        let Some(setting) = self.layers.settings.get(key).cloned().or_else(fallback) else {
            self.fault(FaultCode::MissingKey, key, "give a value");
            return T::default();
        };
        let shown = Shown { value: setting.raw.shown(), source: setting.source };
        self.shown.insert(key.to_owned(), shown);
        match parse(&setting.raw) {
            Ok(value) => value,
            Err(problem) => {
                self.fault(FaultCode::InvalidValue, key, problem);
                T::default()
            }
        }
    }

    /// A text; may be empty.
    pub fn text(&mut self, key: &str, default: Option<&str>) -> String {
        self.read(key, default, |raw| raw.text().ok_or_else(|| "write a text in quotes".to_owned()))
    }

    /// A text, or `None` when it is empty.
    pub fn optional(&mut self, key: &str, default: Option<&str>) -> Option<String> {
        Some(self.text(key, default).trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// true or false.
    pub fn flag(&mut self, key: &str, default: Option<&str>) -> bool {
        self.read(key, default, |raw| raw.flag().ok_or_else(|| "write true or false".to_owned()))
    }

    /// A list of texts.
    pub fn list(&mut self, key: &str, default: Option<&str>) -> Vec<String> {
        self.read(key, default, |raw| {
            raw.list().ok_or_else(|| "write a list such as [\"a\", \"b\"]".to_owned())
        })
    }

    /// A whole number within limits.
    pub fn integer<T>(&mut self, key: &str, default: Option<&str>, range: &RangeInclusive<T>) -> T
    where
        T: TryFrom<i64> + PartialOrd + Default + std::fmt::Display + Copy,
    {
        let problem = || format!("write a whole number from {} to {}", range.start(), range.end());
        self.read(key, default, |raw| {
            let number = raw.integer().and_then(|number| T::try_from(number).ok());
            number.filter(|number| range.contains(number)).ok_or_else(problem)
        })
    }

    /// A number within limits.
    pub fn number(&mut self, key: &str, default: Option<&str>, range: &RangeInclusive<f64>) -> f64 {
        let problem = || format!("write a number from {} to {}", range.start(), range.end());
        self.read(key, default, |raw| {
            raw.number().filter(|number| range.contains(number)).ok_or_else(problem)
        })
    }

    /// A duration such as `24h`, within limits in seconds.
    pub fn duration(&mut self, key: &str, default: Option<&str>, seconds: &RangeInclusive<u64>) -> Duration {
        let problem = || {
            let (least, most) = (shown_seconds(*seconds.start()), shown_seconds(*seconds.end()));
            format!("write a duration such as 2s, 90m, 24h or 30d, from {least} to {most}")
        };
        self.read(key, default, |raw| {
            let read = raw.text().as_deref().and_then(read_duration);
            read.filter(|read| seconds.contains(&read.as_secs())).ok_or_else(problem)
        })
    }

    /// A duration within limits in seconds, or `None` when it is empty.
    pub fn optional_duration(&mut self, key: &str, seconds: &RangeInclusive<u64>) -> Option<Duration> {
        let is_empty = |raw: &Raw| raw.text().is_some_and(|text| text.trim().is_empty());
        let setting = self.layers.settings.get(key);
        if setting.is_some_and(|setting| is_empty(&setting.raw)) {
            self.text(key, None);
            return None;
        }
        Some(self.duration(key, None, seconds))
    }

    /// One of a few words.
    pub fn word<T: Copy>(&mut self, key: &str, default: Option<&str>, words: &[(&str, T)]) -> Option<T> {
        let problem = || {
            let expected: Vec<&str> =
                words.iter().map(|(word, _)| *word).filter(|word| !word.is_empty()).collect();
            format!("write one of {}", expected.join(", "))
        };
        self.read(key, default, |raw| {
            let given = raw.text().ok_or_else(problem)?;
            words
                .iter()
                .find(|(word, _)| *word == given.trim())
                .map(|(_, value)| Some(*value))
                .ok_or_else(problem)
        })
    }

    /// A secret, from its key or the file that `<key>_file` names; `None` when both are empty.
    pub fn secret(&mut self, key: &str, default: Option<&str>) -> Option<SecretString> {
        self.secrets(key, default).into_iter().next()
    }

    /// Secrets: one text or a list, from the key or the files that `<key>_file` names (T10).
    pub fn secrets(&mut self, key: &str, default: Option<&str>) -> Vec<SecretString> {
        let file_key = format!("{key}_file");
        let paths = self.list(&file_key, Some(""));
        // A secret may hold a comma, so in a variable it is one text.
        let own = self.read(key, default, |raw| {
            let texts = match raw {
                Raw::Text(text) => Some(vec![text.clone()]),
                Raw::Toml(_) => raw.list(),
            };
            texts.ok_or_else(|| "write a text in quotes, or a list of two".to_owned())
        });
        let own: Vec<String> = own.into_iter().filter(|text| !text.is_empty()).collect();
        if let Some(shown) = self.shown.get_mut(key)
            && !own.is_empty()
        {
            REDACTED.clone_into(&mut shown.value);
        }
        if paths.is_empty() {
            return own.into_iter().map(SecretString::from).collect();
        }
        if self.is_given(key) && !own.is_empty() {
            self.fault(FaultCode::Conflict, &file_key, format!("give either {key} or {file_key}, not both"));
        }
        paths.iter().filter_map(|path| self.secret_file(&file_key, path)).collect()
    }

    fn secret_file(&mut self, key: &str, path: &str) -> Option<SecretString> {
        match std::fs::read_to_string(path) {
            Ok(text) if text.trim().is_empty() => {
                self.fault(FaultCode::InvalidValue, key, format!("{path} is empty"));
                None
            }
            Ok(text) => Some(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => {
                self.fault(FaultCode::UnreadableFile, key, format!("{path} cannot be read: {error}"));
                None
            }
        }
    }

    /// A plain value of a type that its default has; without a default, as it is written. `None` if it is not given
    /// and has no default.
    pub fn plain_value(&mut self, key: &str, default: Option<&Value>) -> Option<Value> {
        self.known.insert(key.to_owned());
        if !self.layers.settings.contains_key(key) {
            let shown =
                default.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))?;
            let shown = if shown == "null" { String::new() } else { shown };
            self.shown.insert(key.to_owned(), Shown { value: shown, source: Source::Default });
            return default.cloned();
        }
        self.read(key, None, |raw| {
            let value = match default {
                Some(Value::Bool(_)) => raw.flag().map(Value::from).ok_or("write true or false"),
                Some(Value::Number(_)) => {
                    let number = raw.integer().map(Value::from).or_else(|| raw.number().map(Value::from));
                    number.ok_or("write a number")
                }
                Some(Value::Array(_)) => {
                    raw.list().map(Value::from).ok_or("write a list such as [\"a\", \"b\"]")
                }
                Some(Value::String(_) | Value::Null | Value::Object(_)) | None => {
                    raw.plain().ok_or("write a text, a number, true, false or a list of texts")
                }
            };
            value.map(Some).map_err(str::to_owned)
        })
    }

    /// Whether a key has a value at all.
    pub fn is_known_value(&self, key: &str) -> bool {
        self.shown.contains_key(key)
    }

    /// Whether a fault of a key was noted.
    pub fn has_fault(&self, key: &str) -> bool {
        self.faults.iter().any(|fault| fault.key == key)
    }

    /// Notes that a key exists, for suggestions.
    pub fn know(&mut self, key: String) {
        self.known.insert(key);
    }

    /// Replaces what is printed for a key, where the value holds more than may be seen.
    pub fn show_instead(&mut self, key: &str, value: String) {
        if let Some(shown) = self.shown.get_mut(key) {
            shown.value = value;
        }
    }

    /// Ends reading: the effective values, and all faults, unknown keys included.
    #[must_use]
    pub fn finish(mut self) -> (BTreeMap<String, Shown>, Vec<Fault>) {
        let unknown: Vec<(String, Source)> = self
            .layers
            .settings
            .iter()
            .filter(|(key, _)| !self.known.contains(*key))
            .map(|(key, setting)| (key.clone(), setting.source.clone()))
            .collect();
        for (key, source) in unknown {
            let fault = self.unknown(&key, source);
            self.faults.push(fault);
        }
        (self.shown, self.faults)
    }

    fn unknown(&self, key: &str, source: Source) -> Fault {
        let spelt = |known: &str| match &source {
            Source::Variable(_) => format!("ANTIPHON__{}", known.to_ascii_uppercase().replace('.', "__")),
            Source::Default | Source::File(_) | Source::Flag(_) => known.to_owned(),
        };
        let like = |known: &&String| strsim::jaro_winkler(known, key);
        let best = self.known.iter().max_by(|a, b| like(a).total_cmp(&like(b)));
        let meant = best.filter(|known| like(known) >= LIKENESS_MIN);
        let hint = meant.map_or_else(String::new, |known| format!(" did you mean {}?", spelt(known)));
        let expected = self.expected(key).join(", ");
        let problem = if self.children(key).is_empty() {
            format!("no such key;{hint} expected here: {expected}")
        } else {
            format!("this is a section; expected in it: {expected}")
        };
        let (code, key) = match &source {
            Source::Variable(name) => (FaultCode::UnknownVariable, name.clone()),
            Source::Default | Source::File(_) | Source::Flag(_) => (FaultCode::UnknownKey, key.to_owned()),
        };
        Fault { code, key, problem, source }
    }

    /// Names below a key that is a section, else beside it, else beside its section, and so on upwards.
    fn expected(&self, key: &str) -> Vec<String> {
        let mut section = key;
        loop {
            let names = self.children(section);
            if !names.is_empty() || section.is_empty() {
                return names.into_iter().collect();
            }
            section = section.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
    }

    fn children(&self, section: &str) -> BTreeSet<String> {
        let inside = |known: &String| {
            let rest = if section.is_empty() {
                known.as_str()
            } else {
                known.strip_prefix(section)?.strip_prefix('.')?
            };
            Some(rest.split('.').next().unwrap_or(rest).to_owned())
        };
        self.known.iter().filter_map(inside).collect()
    }
}

fn read_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.chars().next_back()?;
    let count: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => DAY,
        _ => return None,
    };
    count.checked_mul(seconds).map(Duration::from_secs)
}

fn shown_seconds(seconds: u64) -> String {
    match seconds {
        _ if seconds > 0 && seconds.is_multiple_of(DAY) => format!("{}d", seconds / DAY),
        _ if seconds > 0 && seconds.is_multiple_of(3_600) => format!("{}h", seconds / 3_600),
        _ if seconds > 0 && seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}
