//! How webhooks and the calls made to them are shown, and what a caller may say of one.

use serde::Serialize;
use serde_json::Value;

use crate::app::event_kind::EventKind;
use crate::app::manage_webhooks::{WebhookAttemptRow, WebhookRow, WebhookWish};
use crate::http::api::Api;
use crate::http::fields::Fields;
use crate::http::problem::{FaultCode, Problem, ProblemCode};
use crate::http::times::{shown, shown_if};
use crate::webhook::Target;

/// Most surveys of a filter.
const SURVEYS_MAX: usize = 100;
/// Longest URL, in characters.
const URL_CHARS_MAX: usize = 2_000;

/// A webhook without its secret.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Webhook)]
pub struct WebhookShape {
    /// UUID.
    pub id: String,
    /// Where events are posted.
    pub url: String,
    /// Kinds of events it is told; empty = all.
    #[schema(value_type = Vec<String>, example = json!(["answer.recorded", "session.completed"]))]
    pub events: Value,
    /// Slugs of the surveys it is told about; empty = all, and events of no survey too.
    #[schema(value_type = Vec<String>)]
    pub survey_ids: Value,
    /// Whether it sees whole phones and elements marked `pii`.
    pub include_pii: bool,
    /// Whether it is told anything.
    pub enabled: bool,
    /// `operator`, `gone` (it answered 410) or `failing` (every call failed for 120 h); `null` while enabled.
    pub disabled_reason: Option<String>,
    /// Since when every call has failed; `null` after a success.
    pub failing_since: Option<String>,
    /// Until when the secret before signs too; `null` if it was never changed.
    pub previous_secret_until: Option<String>,
    /// Whether a replay is under way.
    pub replaying: bool,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// A webhook with its new secret.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = WebhookWithSecret)]
pub struct SecretShape {
    /// The webhook.
    #[serde(flatten)]
    pub shape: WebhookShape,
    /// `whsec_` and base64, shown this once; `null` in a repeated answer.
    pub secret: Option<String>,
}

/// One call.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookAttempt)]
pub struct AttemptShape {
    /// UUID.
    pub id: String,
    /// The event; also `webhook-id` of the call.
    pub event_id: String,
    /// Kind of the event.
    #[serde(rename = "type")]
    #[schema(example = "answer.recorded")]
    pub kind: String,
    /// Which attempt at this event, from 1.
    pub attempt: i32,
    /// When it began.
    pub started_at: String,
    /// How long it took.
    pub duration_ms: i32,
    /// `delivered`, `gone`, `refused`, `timeout`, `unreachable` or `forbidden_address`.
    #[schema(example = "delivered")]
    pub result: String,
    /// HTTP status; `null` without an answer.
    pub status: Option<i32>,
    /// The first kilobyte of the answer.
    pub response: Option<String>,
}

/// A webhook to make or to change, as the API reference shows it.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = WebhookWish, rename_all = "camelCase")]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct WebhookBody {
    /// https on port 443 or 8443, at a public address; no user, password or fragment. Needed for a new one.
    url: Option<String>,
    /// Kinds of events; empty or absent = all.
    events: Option<Vec<String>>,
    /// Slugs or UUIDs; empty or absent = all.
    survey_ids: Option<Vec<String>>,
    /// Whole phones and elements marked `pii`; needs `pii:read`. Default false.
    include_pii: Option<bool>,
    /// Default true.
    enabled: Option<bool>,
}

/// From when on to tell again.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = WebhookReplay)]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct ReplayBody {
    /// RFC 3339 with offset.
    from: String,
}

/// A test under way.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookTest)]
pub struct TestShape {
    /// The event that is told; look for it among the attempts.
    pub event_id: String,
}

impl WebhookShape {
    pub(super) fn of(row: &WebhookRow) -> Self {
        let list = |stored: &str| serde_json::from_str(stored).unwrap_or(Value::Array(Vec::new()));
        Self {
            id: row.id.clone(),
            url: row.url.clone(),
            events: list(&row.events),
            survey_ids: list(&row.survey_ids),
            include_pii: row.include_pii,
            enabled: row.enabled,
            disabled_reason: row.disabled_reason.clone(),
            failing_since: shown_if(row.failing_since),
            previous_secret_until: shown_if(row.previous_secret_until),
            replaying: row.replay_after.is_some(),
            created_at: shown(row.created_at),
            updated_at: shown(row.updated_at),
        }
    }
}

impl AttemptShape {
    pub(super) fn of(row: WebhookAttemptRow) -> Self {
        Self {
            id: row.id,
            event_id: row.event_id,
            kind: row.kind,
            attempt: row.attempt,
            started_at: shown(row.started_at),
            duration_ms: row.duration_ms,
            result: row.result,
            status: row.status,
            response: row.response,
        }
    }
}

/// Reads what a caller says of a webhook; faults stay with the fields.
pub(super) fn read(api: &Api, fields: &mut Fields<'_>) -> WebhookWish {
    let url = fields.text("url", 1..=URL_CHARS_MAX).and_then(|text| {
        match Target::parse(text, api.config.webhooks.allow_private) {
            Ok(target) => Some(target.as_str().to_owned()),
            Err(fault) => {
                fields.fault("url", FaultCode::InvalidParam, fault.to_string());
                None
            }
        }
    });
    let events = fields.texts("events", EventKind::ALL.len(), &(1..=50)).map(|words| {
        let mut kinds = Vec::new();
        for (index, word) in words.into_iter().enumerate() {
            match EventKind::parse(word).filter(|kind| *kind != EventKind::WebhookTest) {
                Some(kind) => kinds.push(kind),
                None => {
                    let place = format!("{}/{index}", fields.pointer("events"));
                    fields.fault_at(place, FaultCode::InvalidParam, "there is no such kind of event");
                }
            }
        }
        kinds
    });
    let survey_ids = fields.texts("surveyIds", SURVEYS_MAX, &(1..=100));
    WebhookWish {
        url,
        events,
        survey_ids: survey_ids.map(|ids| ids.into_iter().map(str::to_owned).collect()),
        include_pii: fields.boolean("includePii"),
        enabled: fields.boolean("enabled"),
    }
}

/// Names surveys by their slugs.
///
/// # Errors
/// 404 `survey_not_found`.
pub(super) fn with_slugs(api: &Api, mut wish: WebhookWish) -> Result<WebhookWish, Problem> {
    for id in wish.survey_ids.iter_mut().flatten() {
        let Some(survey) = api.engine.library.find(id) else {
            return Err(Problem::new(ProblemCode::SurveyNotFound, format!("no survey is called {id}")));
        };
        *id = survey.id;
    }
    Ok(wish)
}
