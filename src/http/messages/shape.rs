//! How a message is shown (http-api.md 4.2).

use serde::Serialize;

use crate::app::sessions::MessageRow;
use crate::http::times::{shown, shown_if};
use crate::phone;

/// An outbound SMS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// UUIDv7.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its session, if it has one.
    pub session_id: Option<String>,
    /// Its campaign, if it has one.
    pub campaign_id: Option<String>,
    /// The sender channel.
    pub channel_id: String,
    /// The recipient; masked without `pii:read`.
    #[schema(example = "+47*****999")]
    pub to: String,
    /// Place within the session, from 1; 0 outside of one.
    #[schema(example = 2)]
    pub sequence: i32,
    /// `question` or `notice`.
    #[schema(example = "question")]
    pub class: &'static str,
    /// The element it renders.
    #[schema(example = "csat")]
    pub element_id: Option<String>,
    /// The visit of that element.
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
    /// `due`, `sending`, `accepted`, `delivered`, `failed`, `unknown`, `held`, `expired` or `cancelled`.
    #[schema(example = "delivered")]
    pub state: &'static str,
    /// The particular.
    pub state_reason: Option<String>,
    /// Times it was started to be handed over.
    #[schema(example = 1)]
    pub attempts: i32,
    /// It was sent a second time without knowing about the first.
    pub possible_duplicate: bool,
    /// Earliest hand-over.
    pub due_at: String,
    /// It is not started after this.
    pub time_to_live_end: String,
    /// When the gateway took it.
    pub accepted_at: Option<String>,
    /// When its fate was settled.
    pub settled_at: Option<String>,
    /// `delivered`, `undelivered`, `expired`, `rejected` or `no_receipt`.
    #[schema(example = "delivered")]
    pub receipt: Option<&'static str>,
    /// The gateway's id.
    pub gateway_message_id: Option<String>,
    /// The gateway's own code.
    pub gateway_code: Option<String>,
}

impl Message {
    /// A message as stored.
    #[must_use]
    pub fn of(row: &MessageRow, reads_pii: bool) -> Self {
        Self {
            id: row.id.clone(),
            session_id: row.session_id.clone(),
            campaign_id: None,
            channel_id: row.channel_id.clone(),
            to: if reads_pii { row.phone.clone() } else { phone::mask(&row.phone) },
            sequence: row.seq,
            class: row.class.as_str(),
            element_id: row.element_id.clone(),
            visit: row.visit,
            text: row.body.clone(),
            encoding: row.encoding.clone(),
            segments: row.segments,
            state: row.state.as_str(),
            state_reason: row.state_reason.clone(),
            attempts: row.attempts,
            possible_duplicate: row.possible_duplicate,
            due_at: shown(row.due_at),
            time_to_live_end: shown(row.ttl_at),
            accepted_at: shown_if(row.accepted_at),
            settled_at: shown_if(row.settled_at),
            receipt: row.receipt.map(crate::session::Receipt::as_str),
            gateway_message_id: row.external_id.clone(),
            gateway_code: row.gateway_code.clone(),
        }
    }
}
