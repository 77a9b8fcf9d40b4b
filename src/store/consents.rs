//! Rows of `contacts`, `consents` and the append-only `consent_events` (A65, GW65).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::schema::{consent_events, consents, contacts};

/// One phone: lock target and counters.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = contacts, treat_none_as_null = true, primary_key(phone))]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RE7"
)]
pub struct ContactRow {
    pub phone: String,
    pub language: Option<String>,
    pub not_found_at: Option<NaiveDateTime>,
    pub outbound_window_at: Option<NaiveDateTime>,
    pub outbound_count: i32,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

/// Current consent of a phone in one scope: `global` or a survey id.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = consents, treat_none_as_null = true, primary_key(phone, scope))]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in http-api.md 6.2"
)]
pub struct ConsentRow {
    pub phone: String,
    pub scope: String,
    pub consent_type: String,
    pub source: String,
    pub obtained_at: NaiveDateTime,
    pub keyword: Option<String>,
    pub inbound_id: Option<String>,
    pub actor: Option<String>,
    pub updated_at: NaiveDateTime,
}

/// One change of consent.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = consent_events)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in gateways.md GW65"
)]
pub struct ConsentEventRow {
    pub id: String,
    pub phone: String,
    pub scope: String,
    pub consent_type: String,
    pub source: String,
    pub obtained_at: NaiveDateTime,
    pub raw: Option<String>,
    pub note: Option<String>,
    pub inbound_id: Option<String>,
    pub actor: Option<String>,
    pub created_at: NaiveDateTime,
}
