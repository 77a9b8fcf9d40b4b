//! [`Parameters`]: the query of a request, read one by one, every fault gathered. What no reader asked for is
//! `unknown_param` at `?name`.

use actix_web::web::Query;

use super::problem::{Fault, FaultCode, Problem};
use crate::clock::{Timestamp, truncated};

/// The parameters of one query. Names are matched exactly; an empty value is the same as absent.
#[derive(Debug)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    faults: Vec<Fault>,
}

impl Parameters {
    /// The parameters of a query string without `?`.
    #[must_use]
    pub fn of(query: &str) -> Self {
        let mut parameters = Self { pairs: Vec::new(), faults: Vec::new() };
        match Query::<Vec<(String, String)>>::from_query(query) {
            Ok(Query(pairs)) => parameters.pairs = pairs,
            Err(_) => parameters.fault("", FaultCode::InvalidParam, "the query cannot be read"),
        }
        parameters
    }

    /// The value of a parameter; a second one of the same name is a fault.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let mut values = self.pairs.extract_if(.., |(given, _)| given == name);
        let value = values.next().map(|(_, value)| value);
        let more = values.count();
        if more > 0 {
            self.fault(name, FaultCode::DuplicateParam, "send this parameter once");
        }
        if value.as_ref().is_some_and(|value| value.contains('\0')) {
            self.fault(name, FaultCode::InvalidParam, "the text has a NUL character");
            return None;
        }
        value.filter(|value| !value.is_empty())
    }

    /// All parameters whose names start with a prefix, such as `var.`, with the rest of their names.
    pub fn prefixed(&mut self, prefix: &str) -> Vec<(String, String)> {
        self.pairs
            .extract_if(.., |(name, _)| name.len() > prefix.len() && name.starts_with(prefix))
            .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), value)))
            .collect()
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        self.word(name, &[("true", true), ("false", false)])
    }

    /// One of a closed list of words, in exactly this spelling.
    pub fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let detail = format!("use one of: {}", words.join(", "));
            self.fault(name, FaultCode::InvalidParam, detail);
        }
        found.map(|(_, value)| *value)
    }

    /// An RFC 3339 time with offset. A bare `+` of the offset arrives as a space and is read as `+`.
    pub fn time(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        let read = chrono::DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok();
        if read.is_none() {
            let detail = "use an RFC 3339 time with offset, such as 2026-11-21T06:00:00Z";
            self.fault(name, FaultCode::InvalidParam, detail);
        }
        read.map(|instant| truncated(instant.to_utc()))
    }

    /// Notes a fault of a parameter.
    pub fn fault(&mut self, name: &str, code: FaultCode, detail: impl Into<String>) {
        self.faults.push(Fault::new(format!("?{name}"), code, detail));
    }

    /// The end of the reading.
    ///
    /// # Errors
    /// 422 `validation_failed` with every fault, unknown parameters included.
    pub fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            self.fault(&name, FaultCode::UnknownParam, "there is no such parameter");
        }
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::validation(self.faults)) }
    }
}
