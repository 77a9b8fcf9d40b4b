//! [`Fields`]: reads the properties of a strict JSON object one by one and gathers every fault, so that a caller
//! learns all of them at once. What no reader asked for is `unknown_param`.

use std::ops::RangeInclusive;

use super::json::Json;
use super::pointer;
use super::problem::{Fault, FaultCode, Problem};
use crate::clock::{Timestamp, truncated};

/// The properties of one object. Names are matched exactly; `null` is the same as absent (http-api.md 1.1).
#[derive(Debug)]
pub struct Fields<'a> {
    place: String,
    pairs: &'a [(String, Json)],
    asked: Vec<&'static str>,
    takes_all: bool,
    faults: Vec<Fault>,
}

impl<'a> Fields<'a> {
    /// The properties of a whole body.
    #[must_use]
    pub fn of(body: &'a Json) -> Self {
        Self::at(String::new(), body)
    }

    /// The properties of a value at a place of the body.
    #[must_use]
    pub fn at(place: String, json: &'a Json) -> Self {
        let mut fields = Self { place, pairs: &[], asked: Vec::new(), takes_all: false, faults: Vec::new() };
        match json {
            Json::Object(pairs) => fields.pairs = pairs,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_) => {
                let detail = format!("{} came where an object is needed", json.kind());
                let place = fields.place.clone();
                fields.faults.push(Fault::new(place, FaultCode::InvalidParam, detail));
            }
        }
        fields
    }

    /// The value of a property, of any kind but `null`. A second one of the same name is a fault.
    pub fn json(&mut self, name: &'static str) -> Option<&'a Json> {
        self.asked.push(name);
        let mut values = self.pairs.iter().filter(|(given, _)| given == name);
        let value = values.next().map(|(_, value)| value);
        if values.next().is_some() {
            let detail = "the same property came before; send it once";
            self.fault(name, FaultCode::DuplicateParam, detail);
        }
        value.filter(|value| **value != Json::Null)
    }

    /// A text whose number of characters is in `length`; never one with NUL, which no database keeps.
    pub fn text(&mut self, name: &'static str, length: RangeInclusive<usize>) -> Option<&'a str> {
        let json = self.json(name)?;
        let Json::Text(text) = json else {
            return self.not_a(name, "a text", json);
        };
        if length.contains(&text.chars().count()) && !text.contains('\0') {
            return Some(text);
        }
        let detail = format!("use {} to {} characters", length.start(), length.end());
        self.fault(name, FaultCode::InvalidParam, detail);
        None
    }

    /// A number in `range`, with or without decimals.
    pub fn number(&mut self, name: &'static str, range: RangeInclusive<f64>) -> Option<f64> {
        let json = self.json(name)?;
        let Json::Number(digits) = json else {
            return self.not_a(name, "a number", json);
        };
        let number = digits.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let detail = format!("use a number from {} to {}", range.start(), range.end());
            self.fault(name, FaultCode::InvalidParam, detail);
        }
        number
    }

    /// All properties of an object whose names are data, such as languages. None of them is unknown.
    pub fn entries(&mut self) -> &'a [(String, Json)] {
        self.takes_all = true;
        self.pairs
    }

    /// True or false.
    pub fn boolean(&mut self, name: &'static str) -> Option<bool> {
        let json = self.json(name)?;
        match json {
            Json::Bool(value) => Some(*value),
            Json::Null | Json::Number(_) | Json::Text(_) | Json::Array(_) | Json::Object(_) => {
                self.not_a(name, "true or false", json)
            }
        }
    }

    /// A whole number in `range`.
    pub fn integer(&mut self, name: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let json = self.json(name)?;
        let Json::Number(digits) = json else {
            return self.not_a(name, "a whole number", json);
        };
        let number = digits.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let detail = format!("use a whole number from {} to {}", range.start(), range.end());
            self.fault(name, FaultCode::InvalidParam, detail);
        }
        number
    }

    /// One of a closed list of words, in exactly this spelling.
    pub fn word<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Option<T> {
        let json = self.json(name)?;
        if let Json::Text(text) = json
            && let Some((_, value)) = words.iter().find(|(word, _)| word == text)
        {
            return Some(*value);
        }
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.fault(name, FaultCode::InvalidParam, format!("use one of: {}", words.join(", ")));
        None
    }

    /// An RFC 3339 time with offset.
    pub fn time(&mut self, name: &'static str) -> Option<Timestamp> {
        let json = self.json(name)?;
        if let Json::Text(text) = json
            && let Ok(instant) = chrono::DateTime::parse_from_rfc3339(text)
        {
            return Some(truncated(instant.to_utc()));
        }
        let detail = "use an RFC 3339 time with offset, such as 2026-11-21T06:00:00Z";
        self.fault(name, FaultCode::InvalidParam, detail);
        None
    }

    /// A list of texts, at most `items_max`, each with a number of characters in `length`.
    pub fn texts(
        &mut self,
        name: &'static str,
        items_max: usize,
        length: &RangeInclusive<usize>,
    ) -> Option<Vec<&'a str>> {
        let json = self.json(name)?;
        let Json::Array(items) = json else {
            return self.not_a(name, "an array of texts", json);
        };
        if items.len() > items_max {
            self.fault(name, FaultCode::InvalidParam, format!("at most {items_max} items"));
            return None;
        }
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Json::Text(text) if length.contains(&text.chars().count()) && !text.contains('\0') => {
                    texts.push(text.as_str());
                }
                Json::Null
                | Json::Bool(_)
                | Json::Number(_)
                | Json::Text(_)
                | Json::Array(_)
                | Json::Object(_) => {
                    let place = format!("{}/{index}", pointer::below(&self.place, name));
                    let detail = format!("use a text of {} to {} characters", length.start(), length.end());
                    self.faults.push(Fault::new(place, FaultCode::InvalidParam, detail));
                }
            }
        }
        Some(texts)
    }

    /// An object within this one, read by `read`; its faults become faults of this one.
    pub fn object<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Fields<'a>) -> T) -> Option<T> {
        let json = self.json(name)?;
        let mut inner = Fields::at(pointer::below(&self.place, name), json);
        let value = read(&mut inner);
        self.faults.extend(inner.all_faults());
        Some(value)
    }

    /// Takes the faults of a part that was read apart.
    pub fn absorb(&mut self, part: Fields<'_>) {
        self.faults.extend(part.all_faults());
    }

    /// JSON Pointer of a property.
    #[must_use]
    pub fn pointer(&self, name: &str) -> String {
        pointer::below(&self.place, name)
    }

    /// Notes `missing_param` when a required property has no value and no fault yet.
    pub fn require(&mut self, name: &'static str) {
        let is_given = self.pairs.iter().any(|(given, value)| given == name && *value != Json::Null);
        if !is_given {
            self.fault(name, FaultCode::MissingParam, "this property is needed");
        }
    }

    /// Notes a fault of a property.
    pub fn fault(&mut self, name: &str, code: FaultCode, detail: impl Into<String>) {
        let place = pointer::below(&self.place, name);
        self.faults.push(Fault::new(place, code, detail));
    }

    /// Notes a fault at a place within a property, as [`Fields::pointer`] begins it.
    pub fn fault_at(&mut self, place: impl Into<String>, code: FaultCode, detail: impl Into<String>) {
        self.faults.push(Fault::new(place, code, detail));
    }

    /// The end of the reading.
    ///
    /// # Errors
    /// 422 `validation_failed` with every fault, unknown properties included.
    pub fn finish(self) -> Result<(), Problem> {
        let faults = self.all_faults();
        if faults.is_empty() { Ok(()) } else { Err(Problem::validation(faults)) }
    }

    fn all_faults(mut self) -> Vec<Fault> {
        let unknown =
            self.pairs.iter().filter(|(name, _)| !self.takes_all && !self.asked.contains(&name.as_str()));
        for (name, _) in unknown {
            let place = pointer::below(&self.place, name);
            let detail = "there is no such property";
            self.faults.push(Fault::new(place, FaultCode::UnknownParam, detail));
        }
        self.faults
    }

    fn not_a<T>(&mut self, name: &str, wanted: &str, json: &Json) -> Option<T> {
        let detail = format!("{} came where {wanted} is needed", json.kind());
        self.fault(name, FaultCode::InvalidParam, detail);
        None
    }
}
