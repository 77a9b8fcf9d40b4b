//! Rows of `messages`, `send_attempts` and `delivery_reports`: the outbox (RE6).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::schema::{delivery_reports, messages, send_attempts};
use crate::session::{MessageClass, MessageState, Receipt};

/// One outbound SMS.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = messages, treat_none_as_null = true)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in http-api.md 4.2"
)]
pub struct MessageRow {
    pub id: String,
    pub session_id: Option<String>,
    pub channel_id: String,
    pub phone: String,
    pub seq: i32,
    pub class: MessageClass,
    pub kind: String,
    pub priority: i32,
    pub element_id: Option<String>,
    pub visit: Option<i32>,
    pub body: String,
    pub encoding: String,
    pub segments: i32,
    pub due_at: NaiveDateTime,
    pub ttl_at: NaiveDateTime,
    pub state: MessageState,
    pub state_reason: Option<String>,
    pub is_open: bool,
    pub lease_token: i64,
    pub lease_until: Option<NaiveDateTime>,
    pub attempts: i32,
    pub client_ref: String,
    pub send_seq: Option<i64>,
    pub possible_duplicate: bool,
    pub external_id: Option<String>,
    pub gateway_code: Option<String>,
    pub receipt: Option<Receipt>,
    pub inbound_id: Option<String>,
    pub started_at: Option<NaiveDateTime>,
    pub accepted_at: Option<NaiveDateTime>,
    pub settled_at: Option<NaiveDateTime>,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

/// One try to hand a message over; written before the gateway is called (RE18).
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = send_attempts)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RE6"
)]
pub struct AttemptRow {
    pub message_id: String,
    pub attempt: i32,
    pub node: String,
    pub started_at: NaiveDateTime,
    pub finished_at: Option<NaiveDateTime>,
    pub result: Option<String>,
    pub code: Option<String>,
    pub external_id: Option<String>,
}

/// A delivery report; `message_id` is empty while no message is known for it (RF16).
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = delivery_reports)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RE6"
)]
pub struct ReportRow {
    pub id: String,
    pub gateway: String,
    pub client_ref: Option<String>,
    pub external_id: Option<String>,
    pub state: String,
    pub code: Option<String>,
    pub reason: Option<String>,
    pub received_at: NaiveDateTime,
    pub message_id: Option<String>,
}
