//! [`Warning`]s: advice that travels with a successful answer. A warning never fails a request
//! (http-api.md 1.8).

use serde::Serialize;

use crate::closed_list::closed_list;
use crate::survey::Language;

closed_list! {
    /// The closed list of warnings (http-api.md 1.8).
    pub enum WarningCode {
        LenientJson = "lenient_json": "strict parsing of the body failed, lenient parsing succeeded",
        LanguageNotSet = "language_not_set": "no language was given",
        LanguageFallback = "language_fallback": "the survey does not have the language asked for",
        ContentDiscouraged = "content_discouraged": "content was given; a text element is preferred",
        ExpiryOver24h = "expiry_over_24h": "the session stays open for more than 24 hours",
        ExpiryOverSubnumberLife = "expiry_over_subnumber_life": "the session outlives its subnumber of 14 days",
        UnexpandedPlaceholder = "unexpanded_placeholder": "an IVR placeholder arrived unexpanded; its value was dropped",
        DefaultedProperty = "defaulted_property": "identifierType or channel was missing",
        UnknownProperty = "unknown_property": "a property was ignored",
        DuplicateVariable = "duplicate_variable": "the same known variable came twice; the last one wins",
        DuplicateDiffers = "duplicate_differs": "a duplicate request had another body",
        SessionSuperseded = "session_superseded": "an older open session was closed",
        SessionQueued = "session_queued": "the session waits for an older open session",
        OpenSessionExists = "open_session_exists": "another session stays open for this phone",
        ConsentNotChanged = "consent_not_changed": "an end user's own stop was kept",
        OverOneSegment = "over_one_segment": "the text needs more than one SMS part",
        NoOptOutHint = "no_opt_out_hint": "the text does not say how to opt out",
    }
}

/// Advice on one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Warning {
    /// Which advice.
    #[schema(value_type = String, example = "content_discouraged")]
    pub code: WarningCode,
    /// JSON Pointer into the body as the caller spelled it; `?name` for a query parameter.
    #[schema(example = "/content")]
    pub pointer: String,
    /// One sentence for a person; its wording may change.
    pub detail: String,
}

impl Warning {
    /// A warning at a place of the request.
    #[must_use]
    pub fn new(code: WarningCode, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, pointer: pointer.into(), detail: detail.into() }
    }

    /// No `language` was given, so the survey's default is used (P34).
    #[must_use]
    pub fn language_not_set(survey_default: &Language) -> Self {
        Self::new(WarningCode::LanguageNotSet, "/language", format!("survey default {survey_default} used"))
    }
}
