//! Rows of `contacts`, `consents` and the append-only `consent_events` (A65, GW65).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::columns::stored;
use super::moment::{At, AtOrNull};
use super::schema::{consent_events, consents, contacts, suppressions};

/// One phone: lock target and counters.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = contacts, treat_none_as_default_value = false)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RE7"
)]
pub struct ContactRow {
    pub phone: String,
    pub language: Option<String>,
    #[diesel(deserialize_as = AtOrNull)]
    pub not_found_at: Option<NaiveDateTime>,
    #[diesel(deserialize_as = AtOrNull)]
    pub outbound_window_at: Option<NaiveDateTime>,
    pub outbound_count: i32,
    /// Start of our last SMS to it, until a text came within two seconds of it (GW85).
    #[diesel(deserialize_as = AtOrNull)]
    pub sent_at: Option<NaiveDateTime>,
    /// Texts in a row that came within two seconds of our SMS (GW85).
    pub quick_replies: i32,
    /// It answers like a machine: until then it is sent nothing (GW85).
    #[diesel(deserialize_as = AtOrNull)]
    pub muted_until: Option<NaiveDateTime>,
    #[diesel(deserialize_as = At)]
    pub created_at: NaiveDateTime,
    #[diesel(deserialize_as = At)]
    pub updated_at: NaiveDateTime,
}

stored!(
    ContactRow,
    contacts,
    key [phone],
    fixed [created_at],
    changing [language, not_found_at, outbound_window_at, outbound_count, sent_at, updated_at],
    rare [quick_replies, muted_until],
);

impl ContactRow {
    /// A phone that we have not met.
    #[must_use]
    pub fn new(phone: &str, now: NaiveDateTime) -> Self {
        Self {
            phone: phone.to_owned(),
            language: None,
            not_found_at: None,
            outbound_window_at: None,
            outbound_count: 0,
            sent_at: None,
            quick_replies: 0,
            muted_until: None,
            created_at: now,
            updated_at: now,
        }
    }
}

/// Current consent of a phone in one scope: `global` or a survey id.
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 6.2")]
pub struct ConsentRow {
    pub phone: String,
    pub scope: String,
    pub consent_type: String,
    pub source: String,
    #[diesel(deserialize_as = At)]
    pub obtained_at: NaiveDateTime,
    pub keyword: Option<String>,
    pub inbound_id: Option<String>,
    pub actor: Option<String>,
    #[diesel(deserialize_as = At)]
    pub updated_at: NaiveDateTime,
}

stored!(
    ConsentRow,
    consents,
    key [phone, scope],
    fixed [],
    changing [consent_type, source, obtained_at, keyword, inbound_id, actor, updated_at],
);

/// One change of consent.
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations and in gateways.md GW65")]
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

stored!(
    ConsentEventRow,
    consent_events,
    key [id],
    fixed [phone, scope, consent_type, source, obtained_at, raw, note, inbound_id, actor, created_at],
    changing [],
);

/// The stop of a person whose number was erased (RS11).
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = suppressions, treat_none_as_default_value = false)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RS11"
)]
pub struct SuppressionRow {
    pub phone_hash: String,
    pub scope: String,
    pub created_at: NaiveDateTime,
}

impl SuppressionRow {
    /// The consent it stands for, of the phone it belongs to.
    #[must_use]
    pub fn consent_of(&self, phone: &str) -> ConsentRow {
        ConsentRow {
            phone: phone.to_owned(),
            scope: self.scope.clone(),
            consent_type: "stop".to_owned(),
            source: "erasure".to_owned(),
            obtained_at: self.created_at,
            keyword: None,
            inbound_id: None,
            actor: None,
            updated_at: self.created_at,
        }
    }
}
