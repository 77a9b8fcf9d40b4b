//! The request body of SendSurvey as the API reference shows it. Requests are not read through these types: they
//! take far more forms (see the parent module).

use serde::Serialize;

/// SendSurvey. Property names are matched without regard to case; unknown ones are ignored with a warning.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendSurveyBody {
    /// Slug or UUID of the survey; here, in the query or in the path.
    #[schema(example = "2b156ca0-7562-4f2e-b851-e51f0bc27647")]
    pub survey_id: Option<String>,
    /// The end user's mobile number in E.164.
    #[schema(example = "+4799999999")]
    pub identifier: String,
    /// Must be `Phone`.
    #[schema(example = "Phone", default = "Phone")]
    pub identifier_type: Option<String>,
    /// Must be `SMS`.
    #[schema(example = "SMS", default = "SMS")]
    pub channel: Option<String>,
    /// The caller's own id; a number is accepted too. Part of the duplicate key.
    #[schema(max_length = 255, example = "ivr-000184")]
    pub client_reference: Option<String>,
    /// RFC 3339; local time `2026-11-22 06:00`; or relative, `24h`. At most 30 days ahead. Empty: the survey's
    /// own expiry.
    #[schema(example = "24h")]
    pub expiry_time: Option<String>,
    /// `en`, `no`, or a language of some survey; aliases as `nb` and `en-GB` too; empty: the survey's default.
    #[schema(example = "no")]
    pub language: Option<String>,
    /// Goes in front of the first SMS. Discouraged: prefer a text element in the survey.
    pub content: Option<String>,
    /// Any variables for rules and reports; a plain object is accepted too.
    #[schema(max_items = 64)]
    pub user_session_variables: Option<Vec<SendSurveyVariable>>,
    /// Sender channel; empty: the survey's, else the deployment's.
    #[schema(format = "uuid")]
    pub channel_id: Option<String>,
    /// What an open session of this phone means: `supersede`, `queue`, `reject` or `parallel`; empty: as the
    /// survey says.
    #[schema(example = "supersede")]
    pub if_open_session: Option<String>,
    /// Start later, RFC 3339 with offset, at most 30 days ahead.
    #[schema(format = DateTime)]
    pub send_at: Option<String>,
    /// Leave the session out of reports.
    pub is_test: Option<bool>,
}

/// One variable of a SendSurvey call.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SendSurveyVariable {
    /// 1 to 100 characters. The 8 known keys are matched without regard to case.
    #[schema(min_length = 1, max_length = 100, example = "agentId")]
    pub key: String,
    /// At most 1 KiB; numbers and booleans are stored as text, `null` and `""` mean unset.
    #[schema(example = "agent-42")]
    pub value: Option<String>,
}
