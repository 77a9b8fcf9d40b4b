//! Reads a SendSurvey call (P08–P37, http-api.md 2.2) into [`SendSurvey`]: all faults at once, or the command
//! and its warnings. Never asks whether the survey exists or may be sent; that is the use case's part.
//!
//! IVR scripts fill templates with whatever their variables hold. So property names come in any case, a comma
//! may stand before a bracket, and an optional text that is empty counts as absent.

mod body;
mod handler;
mod notes;
mod placeholder;
mod properties;
mod sent;
mod times;
mod values;
mod variables;

use chrono_tz::Tz;

use super::json::{self, Forgiven, JsonFault};
use super::problem::Fault;
use crate::app::send_survey::{Draft, Language, SendSurvey};
use crate::app::warning::{Warning, WarningCode};
use crate::clock::Timestamp;
use crate::phone::PhoneRules;

pub use body::{SendSurveyBody, SendSurveyVariable};
pub use handler::{__path_send, __path_send_compatible, send, send_compatible};
pub use sent::SentSession;

/// The compatibility route: `SendSurvey` in any case (http-api.md 2.1).
pub const COMPATIBILITY_PATH: &str = "/v1/{send_survey:(?i:SendSurvey)}";

/// The compatibility route as metrics name it.
const COMPATIBILITY_NAME: &str = "/v1/SendSurvey";

/// Forgiven places named in one warning; the rest is counted.
const FORGIVEN_NAMED_MAX: usize = 5;

/// One call as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `{survey}` of the path, percent-decoded; `None` on the compatibility route.
    pub path_survey: Option<&'a str>,
    /// The query string without `?`.
    pub query: &'a str,
    /// The body, at most 64 KiB.
    pub body: &'a [u8],
}

/// Time and settings the reading depends on.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The time of the call.
    pub now: Timestamp,
    /// Zone of an `expiryTime` without offset (A05).
    pub default_timezone: Tz,
    /// Languages of system texts and surveys, `en` and `no` at least (P33).
    pub languages: &'a [Language],
    /// What the deployment adds to the phone metadata (A10).
    pub phones: &'a PhoneRules,
}

/// What was understood, before it is known whether the survey exists. An unknown survey is answered first (404),
/// then the faults (422): http-api.md 2.3.
#[derive(Debug)]
pub struct Reading {
    survey: Option<String>,
    /// What of it can be judged once the survey is known, faults or not.
    pub draft: Draft,
    /// Where the identifier stands in the body, as the caller spelled it.
    pub identifier_place: String,
    /// Where the content stands.
    pub content_place: String,
    outcome: Result<Accepted, Vec<Fault>>,
}

/// A call without faults.
#[derive(Debug)]
pub struct Accepted {
    /// The command for the use case.
    pub command: SendSurvey,
    /// Answer as if, but store and send nothing (A89).
    pub dry_run: bool,
    /// Advice on the request itself. Advice that needs the survey (no language, a long expiry) is the use
    /// case's and comes after it (http-api.md 2.5).
    pub warnings: Vec<Warning>,
}

/// Reads a call.
///
/// # Errors
/// [`JsonFault`] when the body is no JSON even to a lenient reader (400 `invalid_json`).
pub fn read(call: Call<'_>, rules: Rules<'_>) -> Result<Reading, JsonFault> {
    let (body, forgiven) = json::lenient(call.body)?;
    let mut properties = properties::Properties::new(rules);
    if let Some(warning) = lenient_json(&forgiven) {
        properties.notes.warnings.push(warning);
    }
    properties.read_address(call.path_survey, call.query);
    properties.read_body(&body);
    Ok(properties.conclude(&body))
}

impl Reading {
    /// The survey named, if exactly one is.
    #[must_use]
    pub fn survey(&self) -> Option<&str> {
        self.survey.as_deref()
    }

    /// The command with its warnings.
    ///
    /// # Errors
    /// All faults of the call, in the order of its properties; what is missing comes last.
    pub fn finish(self) -> Result<Accepted, Vec<Fault>> {
        self.outcome
    }
}

/// A02: says what was forgiven, and where.
fn lenient_json(forgiven: &[Forgiven]) -> Option<Warning> {
    if forgiven.is_empty() {
        return None;
    }
    let named: Vec<String> = forgiven.iter().take(FORGIVEN_NAMED_MAX).map(ToString::to_string).collect();
    let mut detail = named.join(", ");
    let rest = forgiven.len().saturating_sub(FORGIVEN_NAMED_MAX);
    if rest > 0 {
        detail = format!("{detail} and {rest} more");
    }
    Some(Warning::new(WarningCode::LenientJson, "", detail))
}
