//! Rows of `contacts`, `consents` and the append-only `consent_events` (A65, GW65).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::columns::stored;
use super::listing::{Span, within};
use super::moment::{At, AtOrNull};
use super::schema::{consent_events, consents, contacts, suppressions};
use super::{AnyConnection, StoreError};

/// The backend behind the enum of connections.
type Backend = <AnyConnection as diesel::connection::Connection>::Backend;

/// What consents there are; lists merge them, since each type has an order of its own.
const TYPES: [&str; 4] = ["none", "written", "express", "stop"];

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
    /// The ledger row that this state comes from; none for a stop that outlived an erasure.
    pub ledger_id: Option<String>,
}

stored!(
    ConsentRow,
    consents,
    key [phone, scope],
    fixed [],
    changing [consent_type, source, obtained_at, keyword, inbound_id, actor, updated_at, ledger_id],
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
            ledger_id: None,
        }
    }
}

/// The consent of a phone in a scope; the stop of a person whose number was erased counts as long as nothing newer is
/// on record (RS11).
///
/// # Errors
/// [`StoreError`] of a query.
pub fn find(
    connection: &mut AnyConnection,
    phone: &str,
    phone_hash: &str,
    scope: &str,
) -> Result<Option<ConsentRow>, StoreError> {
    let known: Option<ConsentRow> = consents::table.find((phone, scope)).first(connection).optional()?;
    if known.is_some() {
        return Ok(known);
    }
    let kept: Option<SuppressionRow> =
        suppressions::table.find((phone_hash, scope)).first(connection).optional()?;
    Ok(kept.map(|row| row.consent_of(phone)))
}

/// A page of current consents of a scope, of one type or of all. A consent changes as a whole: the time of its change
/// is the only one it has.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn page(
    connection: &mut AnyConnection,
    consent_type: Option<&str>,
    scope: &str,
    span: &Span,
) -> Result<Vec<ConsentRow>, StoreError> {
    let mut found: Vec<ConsentRow> = Vec::new();
    for one in TYPES.into_iter().filter(|one| consent_type.is_none_or(|wanted| wanted == *one)) {
        let mut query = consents::table
            .into_boxed::<Backend>()
            .filter(consents::consent_type.eq(one))
            .filter(consents::scope.eq(scope.to_owned()));
        // Those of before this column came have none if the ledger knows nothing of them; nothing writes such rows.
        let ledger_id = consents::ledger_id.assume_not_null();
        within!(query, span, consents::updated_at, consents::updated_at, ledger_id);
        found.extend(query.load::<ConsentRow>(connection)?);
    }
    found.sort_by(|one, other| (one.updated_at, &one.ledger_id).cmp(&(other.updated_at, &other.ledger_id)));
    if span.descending {
        found.reverse();
    }
    found.truncate(usize::try_from(span.limit).unwrap_or(0));
    Ok(found)
}

/// A page of the ledger of a phone, in all scopes.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn history(
    connection: &mut AnyConnection,
    phone: &str,
    span: &Span,
) -> Result<Vec<ConsentEventRow>, StoreError> {
    let mut query =
        consent_events::table.into_boxed::<Backend>().filter(consent_events::phone.eq(phone.to_owned()));
    within!(query, span, consent_events::created_at, consent_events::created_at, consent_events::id);
    Ok(query.load(connection)?)
}
