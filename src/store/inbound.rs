//! Rows of `inbound`: every SMS received, with its outcome (RE1).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::schema::inbound;
use crate::session::Outcome;

/// One inbound SMS.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = inbound, treat_none_as_null = true)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RE1"
)]
pub struct InboundRow {
    pub id: String,
    pub gateway: String,
    pub channel_id: Option<String>,
    pub provider_id: Option<String>,
    pub weak_key: Option<String>,
    pub recv_seq: i64,
    pub received_at: NaiveDateTime,
    pub provider_at: Option<NaiveDateTime>,
    pub sender: String,
    pub destination: String,
    pub handle: Option<String>,
    pub body: String,
    pub raw: Option<String>,
    pub outcome: Outcome,
    pub outcome_reason: Option<String>,
    pub session_id: Option<String>,
    pub session_version: Option<i32>,
    pub error: Option<String>,
    pub resolved_at: Option<NaiveDateTime>,
    pub resolution: Option<String>,
}
