//! How an inbound SMS is shown (http-api.md 12).

use serde::Serialize;

use crate::app::sessions::InboundRow;
use crate::http::times::{shown, shown_if};
use crate::phone;
use crate::session::Outcome;

/// An SMS received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InboundMessage)]
pub struct Inbound {
    /// UUIDv7.
    #[schema(format = "uuid")]
    pub id: String,
    /// The gateway it came from.
    #[schema(example = "simulator")]
    pub gateway: String,
    /// The channel it was sent to.
    pub channel_id: Option<String>,
    /// The gateway's id.
    #[schema(example = "e61b0c")]
    pub gateway_message_id: Option<String>,
    /// The sender; masked without `pii:read`.
    #[schema(example = "+47*****999")]
    pub from: String,
    /// The number it was sent to.
    #[schema(example = "2012")]
    pub to: String,
    /// The text; `null` where it may belong to an element marked `pii` and the key lacks `pii:read`.
    #[schema(example = "2, ventet i 40 minutter")]
    pub text: Option<String>,
    /// Handle of the gateway's session, or the subnumber that was texted.
    pub sms_session: Option<String>,
    /// When we received it.
    pub received_at: String,
    /// The gateway's time.
    pub gateway_time: Option<String>,
    /// `applied`, `keyword`, `extra`, `late`, `unmatched`, `conversation`, `ignored` or `dead`.
    #[schema(example = "applied")]
    pub outcome: &'static str,
    /// The particular.
    pub outcome_reason: Option<String>,
    /// What was odd about it: `invalid_utf8`, `unreadable_time`; `incomplete`: parts of it never came; or
    /// `asks_to_be_left_alone`, for somebody to read.
    pub flags: Vec<String>,
    /// The session it belongs to.
    pub session_id: Option<String>,
    /// What went wrong with a dead letter.
    pub error: Option<String>,
    /// A dead letter as it came, if it could not be read; needs `pii:read`.
    pub raw: Option<String>,
    /// When a dead letter was replayed or discarded.
    pub resolved_at: Option<String>,
    /// `replayed` or `discarded`.
    pub resolution: Option<String>,
}

impl Inbound {
    /// An inbound as stored.
    #[must_use]
    pub fn of(row: &InboundRow, reads_pii: bool, shows_text: bool) -> Self {
        let is_unread = row.outcome == Outcome::Dead && row.raw.is_some();
        Self {
            id: row.id.clone(),
            gateway: row.gateway.clone(),
            channel_id: row.channel_id.clone(),
            gateway_message_id: row.provider_id.clone(),
            from: if reads_pii { row.sender.clone() } else { phone::mask(&row.sender) },
            to: row.destination.clone(),
            text: (shows_text && !is_unread).then(|| row.body.clone()),
            sms_session: row.handle.clone(),
            received_at: shown(row.received_at),
            gateway_time: shown_if(row.provider_at),
            outcome: row.outcome.as_str(),
            outcome_reason: row.outcome_reason.clone(),
            flags: row.flags(),
            session_id: row.session_id.clone(),
            error: row.error.clone(),
            raw: row.raw.clone().filter(|_| reads_pii),
            resolved_at: shown_if(row.resolved_at),
            resolution: row.resolution.clone(),
        }
    }
}
