//! The model of a `.test.yaml` file (F41). It plays nothing.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Duration, FixedOffset};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de};

use crate::survey::check::duration;
use crate::survey::{Language, Reason};

/// When a case begins that names no `now`: a Monday morning.
const START: &str = "2026-01-05T10:00:00+01:00";

/// A test file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestFile {
    /// Id of the survey.
    pub survey: String,
    /// Conversations.
    pub cases: Vec<Case>,
}

/// One conversation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// Language of the session; the survey's default without it.
    #[serde(default)]
    pub language: Option<Language>,
    /// The caller's variables.
    #[serde(default)]
    pub vars: BTreeMap<String, Scalar>,
    /// Put in front of the first SMS (P31).
    #[serde(default)]
    pub content: Option<String>,
    /// RFC 3339 with offset; the offset is the recipient's zone.
    #[serde(default)]
    pub now: Option<String>,
    /// What happens, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Columns of the wide export row at the end.
    #[serde(default)]
    pub export: BTreeMap<String, Scalar>,
}

/// One step; `wait` comes before `reply`, and both before what is expected.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What was sent since the last reply or wait, in order.
    #[serde(default)]
    pub expect: Option<Vec<String>>,
    /// Text of one inbound SMS.
    #[serde(default)]
    pub reply: Option<Scalar>,
    /// What was registered: `<element>: value`, and `method`, `comment`, `state`.
    #[serde(default)]
    pub answer: Option<BTreeMap<String, Scalar>>,
    /// Reason of the re-ask.
    #[serde(default)]
    pub reask: Option<Reason>,
    /// Moves the clock: a number and `s`, `m`, `h` or `d` (F5).
    #[serde(default)]
    pub wait: Option<String>,
}

/// A value as written in the file; compared by its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// `null`: an empty cell, no value.
    Null,
    /// Anything else.
    Text(String),
    /// The codes of a multiple choice.
    List(Vec<Scalar>),
}

/// Why a test file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum TestFileError {
    /// It is not YAML, or not of this shape; the message shows the place.
    #[error("{0}")]
    Unreadable(String),
    /// It is for another survey.
    #[error("the test file is for survey `{named}`, not `{given}`")]
    OtherSurvey {
        /// The survey it names.
        named: String,
        /// The survey it was to be played on.
        given: String,
    },
    /// The survey does not speak the language of a case.
    #[error("case `{case}`: the survey does not speak its language; it would fall back to {language}")]
    Language {
        /// The case.
        case: String,
        /// The language it would fall back to.
        language: Language,
    },
    /// `now` is not RFC 3339 with an offset.
    #[error("case `{case}`: `{now}` is not a time such as {START}")]
    Now {
        /// The case.
        case: String,
        /// As written.
        now: String,
    },
    /// A step cannot be played.
    #[error("case `{case}`, step {step}: {fault}")]
    Step {
        /// The case.
        case: String,
        /// Its number, from 1.
        step: usize,
        /// What is wrong.
        fault: String,
    },
}

impl TestFile {
    /// Reads a test file.
    ///
    /// # Errors
    /// [`TestFileError::Unreadable`] with line, column and excerpt.
    pub fn parse(text: &str) -> Result<Self, TestFileError> {
        let options = serde_saphyr::options! { strict_booleans: true };
        serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| TestFileError::Unreadable(error.to_string()))
    }
}

impl Case {
    pub(super) fn start(&self) -> Result<DateTime<FixedOffset>, TestFileError> {
        let now = self.now.as_deref().unwrap_or(START);
        DateTime::parse_from_rfc3339(now)
            .map_err(|_| TestFileError::Now { case: self.name.clone(), now: now.to_owned() })
    }
}

impl Step {
    pub(super) fn wait_time(&self, case: &str, step: usize) -> Result<Option<Duration>, TestFileError> {
        let Some(wait) = &self.wait else {
            return Ok(None);
        };
        let fault = || TestFileError::Step {
            case: case.to_owned(),
            step,
            fault: format!("`{wait}` is not a duration; write a number and s, m, h or d"),
        };
        duration(wait).map(Some).ok_or_else(fault)
    }
}

impl Scalar {
    /// The text as a variable or a reply carries it; nothing for `null`.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Text(text) => text.clone(),
            Self::List(items) => items.iter().map(Self::to_text).collect::<Vec<_>>().join(";"),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, null or a list of codes")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Scalar, D::Error> {
        Scalar::deserialize(deserializer)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_string()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scalar, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Scalar::List(list))
    }
}

#[cfg(test)]
mod tests {
    use super::{Scalar, TestFile};
    use crate::survey::{Language, Reason};

    #[test]
    fn f41_a_test_file_is_read_with_yaml_1_2_words() {
        let file = TestFile::parse(
            "survey: a\ncases:\n  - name: n\n    language: no\n    vars: {queueKey: no, n: 007}\n    \
             steps:\n      - expect: [intro, message:expired]\n      - reply: yes\n        reask: out_of_range\n        \
             answer: {csat: 2, improve: [a, b], why: null}\n      - reply: 5\n      - wait: 26h\n    \
             export: {callback: \"yes\", spent: 499.9}\n",
        )
        .unwrap();
        let case = &file.cases[0];
        assert_eq!(case.language, Some(Language::no()));
        assert_eq!(case.vars["queueKey"], Scalar::Text("no".to_owned()));
        assert_eq!(case.steps[1].reply, Some(Scalar::Text("yes".to_owned())));
        assert_eq!(case.steps[1].reask, Some(Reason::OutOfRange));
        let answer = case.steps[1].answer.as_ref().unwrap();
        assert_eq!(answer["csat"], Scalar::Text("2".to_owned()));
        assert_eq!(answer["improve"].to_text(), "a;b");
        assert_eq!(answer["why"], Scalar::Null);
        assert_eq!(case.steps[2].reply, Some(Scalar::Text("5".to_owned())));
        assert_eq!(case.export["spent"], Scalar::Text("499.9".to_owned()));
    }

    #[test]
    fn f41_an_unknown_key_is_refused_with_its_place() {
        let error = TestFile::parse("survey: a\ncases:\n  - name: n\n    stpes: []\n").unwrap_err();
        assert!(error.to_string().contains("stpes"), "{error}");
    }
}
