//! How a session is shown (http-api.md 2.5, 4.1), property by property in the order of the specification. What a
//! caller may not see is masked here.

use serde::Serialize;

use crate::app::engine::Engine;
use crate::app::sessions::{MessageRow, SessionRow};
use crate::http::times::{shown, shown_if};
use crate::phone::{self, Phone};

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// UUIDv7; `null` in the answer to a dry run.
    #[schema(format = "uuid", example = "01a1fcb0-af02-744d-a7f2-370d9e261365")]
    pub id: Option<String>,
    /// Slug of the survey.
    #[schema(example = "csat-after-call")]
    pub survey_id: String,
    /// UUID of the survey.
    #[schema(format = "uuid")]
    pub survey_uuid: Option<String>,
    /// The revision the session is pinned to.
    #[schema(example = 3)]
    pub revision: i32,
    /// `pending`, `active`, `completed`, `exhausted`, `failed`, `expired`, `superseded`, `opted_out` or `cancelled`.
    #[schema(example = "active")]
    pub status: &'static str,
    /// The particular, such as `send_at` or `max_attempts`.
    pub status_reason: Option<String>,
    /// What started it: `api`, `trigger` or `campaign`.
    #[schema(example = "api")]
    pub origin: String,
    /// The end user's mobile; masked without `pii:read`, except for whoever has just named it.
    #[schema(example = "+47*****999")]
    pub identifier: String,
    /// Always `Phone`.
    #[schema(example = "Phone")]
    pub identifier_type: &'static str,
    /// Always `SMS`.
    #[schema(example = "SMS")]
    pub channel: &'static str,
    /// The sender channel.
    #[schema(format = "uuid")]
    pub channel_id: String,
    /// Language of the session.
    #[schema(example = "en")]
    pub language: String,
    /// The caller's own id.
    #[schema(example = "ivr-000184")]
    pub client_reference: Option<String>,
    /// The caller's variables in his order; phones in them are masked as the identifier is.
    pub user_session_variables: Vec<Variable>,
    /// The question last sent, or `completion`.
    #[schema(example = "csat")]
    pub current_element_id: Option<String>,
    /// The newest handle of the gateway's own session, or the subnumber that it is sent from.
    pub sms_session: Option<String>,
    /// Left out of reports.
    pub is_test: bool,
    /// Since when no turn is taken until an operator releases it.
    pub halted_at: Option<String>,
    /// When it was made.
    #[schema(example = "2026-11-21T06:00:00Z")]
    pub created_at: String,
    /// When its first messages were queued.
    pub started_at: Option<String>,
    /// When it ends by itself.
    pub expiry_time: Option<String>,
    /// When it ended.
    pub closed_at: Option<String>,
    /// When it last changed.
    #[schema(example = "2026-11-21T06:00:00Z")]
    pub updated_at: String,
}

/// One variable of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = UserSessionVariable)]
pub struct Variable {
    /// Known keys in their canonical spelling.
    #[schema(example = "queueKey")]
    pub key: String,
    /// Empty when unset.
    #[schema(example = "sales")]
    pub value: String,
}

/// A message as SendSurvey answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueuedMessage {
    /// UUIDv7; `null` in the answer to a dry run.
    #[schema(format = "uuid")]
    pub id: Option<String>,
    /// Place within the session, from 1.
    #[schema(example = 1)]
    pub sequence: i32,
    /// `question` or `notice`.
    #[schema(example = "question")]
    pub class: &'static str,
    /// The element it renders.
    #[schema(example = "csat")]
    pub element_id: Option<String>,
    /// The visit of that element, from 1.
    #[schema(example = 1)]
    pub visit: Option<i32>,
    /// The text.
    pub text: String,
    /// `gsm7` or `ucs2`.
    #[schema(example = "gsm7")]
    pub encoding: String,
    /// SMS parts.
    #[schema(example = 1)]
    pub segments: i32,
    /// Earliest hand-over.
    pub due_at: String,
    /// See http-api.md 13.3.
    #[schema(example = "due")]
    pub state: &'static str,
}

impl Session {
    /// A session as stored. `reads_pii` decides whether phones are whole.
    #[must_use]
    pub fn of(engine: &Engine, row: &SessionRow, reads_pii: bool) -> Self {
        let phone = |text: &str| {
            if reads_pii { text.to_owned() } else { phone::mask(text) }
        };
        let variables = row.variables().cloned().unwrap_or_default();
        let variable = |(key, value): (&str, &str)| Variable {
            key: key.to_owned(),
            value: if Phone::from_stored(value).is_some() { phone(value) } else { value.to_owned() },
        };
        Self {
            id: Some(row.id.clone()),
            survey_id: row.survey_id.clone(),
            survey_uuid: engine.library.find(&row.survey_id).map(|survey| survey.uuid),
            revision: row.revision,
            status: row.status.as_str(),
            status_reason: row.status_reason.clone(),
            origin: row.origin.clone(),
            identifier: phone(&row.phone),
            identifier_type: "Phone",
            channel: "SMS",
            channel_id: row.channel_id.clone(),
            language: row.language.clone(),
            client_reference: row.client_reference.clone(),
            user_session_variables: variables.iter().map(variable).collect(),
            current_element_id: row.current_element_id.clone(),
            // An empty handle says that the gateway refused one (A11).
            sms_session: row
                .sms_session
                .clone()
                .filter(|handle| !handle.is_empty())
                .or_else(|| row.subnumber.clone()),
            is_test: row.is_test,
            halted_at: shown_if(row.halted_at),
            created_at: shown(row.created_at),
            started_at: shown_if(row.started_at),
            expiry_time: shown_if(row.expires_at),
            closed_at: shown_if(row.closed_at),
            updated_at: shown(row.updated_at),
        }
    }
}

impl QueuedMessage {
    /// A message as stored.
    #[must_use]
    pub fn of(row: &MessageRow) -> Self {
        Self {
            id: Some(row.id.clone()),
            sequence: row.seq,
            class: row.class.as_str(),
            element_id: row.element_id.clone(),
            visit: row.visit,
            text: row.body.clone(),
            encoding: row.encoding.clone(),
            segments: row.segments,
            due_at: shown(row.due_at),
            state: row.state.as_str(),
        }
    }
}
