//! Rows of `webhook_deliveries` and `webhook_attempts`: which event is to be told to which webhook, and the calls that
//! were made (V3, V7).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;
use diesel::dsl::not;
use diesel::prelude::*;

use super::among::among;
use super::answers::AnswerRow;
use super::columns::stored;
use super::events::EventRow;
use super::schema::{
    answers, consent_events, events, messages, sessions, webhook_attempts, webhook_deliveries, webhooks,
};
use super::sessions::SessionRow;
use super::space::Space;
use super::wanted::Keys;
use super::webhooks::WebhookRow;
use super::{AnyConnection, StoreError, flush};

/// State of a delivery that waits for its attempt.
pub const DUE: &str = "due";
/// State of one whose attempt is under way; when its lease has run out it may be claimed again.
pub const SENDING: &str = "sending";
/// State of one that the receiver has taken.
pub const DELIVERED: &str = "delivered";
/// State of one whose attempts are used up.
pub const FAILED: &str = "failed";

/// An event to be told to a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations")]
pub struct DeliveryRow {
    pub webhook_id: String,
    pub event_id: String,
    pub state: String,
    pub due_at: Option<NaiveDateTime>,
    pub attempts: i32,
    pub tries: i32,
    pub created_at: NaiveDateTime,
    pub settled_at: Option<NaiveDateTime>,
}

stored!(
    DeliveryRow,
    webhook_deliveries,
    key [webhook_id, event_id],
    fixed [created_at],
    changing [state, due_at, attempts, tries, settled_at],
);

impl DeliveryRow {
    /// An event to be told at once.
    #[must_use]
    pub fn new(webhook_id: &str, event_id: &str, now: NaiveDateTime) -> Self {
        Self {
            webhook_id: webhook_id.to_owned(),
            event_id: event_id.to_owned(),
            state: DUE.to_owned(),
            due_at: Some(now),
            attempts: 0,
            tries: 0,
            created_at: now,
            settled_at: None,
        }
    }
}

/// One call to a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations")]
pub struct WebhookAttemptRow {
    pub id: String,
    pub webhook_id: String,
    pub event_id: String,
    pub kind: String,
    pub attempt: i32,
    pub started_at: NaiveDateTime,
    pub duration_ms: i32,
    pub result: String,
    pub status: Option<i32>,
    pub response: Option<String>,
}

stored!(
    WebhookAttemptRow,
    webhook_attempts,
    key [id],
    fixed [webhook_id, event_id, kind, attempt, started_at, duration_ms, result, status, response],
    changing [],
);

/// Loads what a claim and what settles want. On PostgreSQL a claim passes over rows that another node holds.
///
/// # Errors
/// [`StoreError`] of a query.
pub(super) fn load(
    connection: &mut AnyConnection,
    keys: &Keys,
    space: &mut Space,
    now: NaiveDateTime,
) -> Result<(), StoreError> {
    for (webhook_id, most) in &keys.claim_deliveries {
        let due = webhook_deliveries::table
            .filter(webhook_deliveries::webhook_id.eq(webhook_id))
            .filter(webhook_deliveries::due_at.is_not_null())
            .filter(webhook_deliveries::due_at.le(now))
            .order((webhook_deliveries::due_at, webhook_deliveries::event_id))
            .limit(*most);
        let found: Vec<DeliveryRow> = match connection {
            AnyConnection::Sqlite(sqlite) => due.load(sqlite)?,
            AnyConnection::Postgres(postgres) => due.for_update().skip_locked().load(postgres)?,
        };
        for row in found {
            space.load_due_delivery(row);
        }
    }
    if !keys.deliveries.is_empty() {
        let webhook_ids = keys.deliveries.iter().map(|(webhook_id, _)| webhook_id);
        let event_ids = keys.deliveries.iter().map(|(_, event_id)| event_id);
        let named = webhook_deliveries::table
            .filter(among(webhook_deliveries::webhook_id, webhook_ids))
            .filter(among(webhook_deliveries::event_id, event_ids))
            .order((webhook_deliveries::webhook_id, webhook_deliveries::event_id));
        let found: Vec<DeliveryRow> = match connection {
            AnyConnection::Sqlite(sqlite) => named.load(sqlite)?,
            AnyConnection::Postgres(postgres) => named.for_update().load(postgres)?,
        };
        for row in found {
            space.deliveries.load((row.webhook_id.clone(), row.event_id.clone()), row);
        }
    }
    if !keys.webhooks.is_empty() {
        let found: Vec<WebhookRow> =
            webhooks::table.filter(among(webhooks::id, &keys.webhooks)).load(connection)?;
        for row in found {
            space.webhooks.load(row.id.clone(), row);
        }
    }
    Ok(())
}

/// When the next delivery to one of these webhooks is due, or its lease over.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn next_due(
    connection: &mut AnyConnection,
    webhook_ids: &[String],
) -> Result<Option<NaiveDateTime>, StoreError> {
    let mut earliest: Option<NaiveDateTime> = None;
    for webhook_id in webhook_ids {
        let due = webhook_deliveries::table
            .filter(webhook_deliveries::webhook_id.eq(webhook_id))
            .filter(webhook_deliveries::due_at.is_not_null())
            .order(webhook_deliveries::due_at)
            .select(webhook_deliveries::due_at)
            .first::<Option<NaiveDateTime>>(connection)
            .optional()?
            .flatten();
        earliest = [earliest, due].into_iter().flatten().min();
    }
    Ok(earliest)
}

/// How many deliveries are being attempted.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn sending(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(webhook_deliveries::table
        .filter(webhook_deliveries::due_at.is_not_null())
        .filter(webhook_deliveries::state.eq(SENDING))
        .count()
        .get_result(connection)?)
}

/// Events after one and up to another, in order, each with the survey of its session.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn events_between(
    connection: &mut AnyConnection,
    after: &str,
    until: &str,
    limit: i64,
) -> Result<Vec<(EventRow, Option<String>)>, StoreError> {
    let found: Vec<EventRow> = events::table
        .filter(events::id.gt(after))
        .filter(events::id.le(until))
        .order(events::id)
        .limit(limit)
        .load(connection)?;
    let session_ids: BTreeSet<&String> = found.iter().filter_map(|row| row.session_id.as_ref()).collect();
    let surveys: BTreeMap<String, String> = sessions::table
        .filter(among(sessions::id, session_ids))
        .select((sessions::id, sessions::survey_id))
        .load::<(String, String)>(connection)?
        .into_iter()
        .collect();
    let survey_of = |row: &EventRow| row.session_id.as_ref().and_then(|id| surveys.get(id).cloned());
    Ok(found.into_iter().map(|row| (row.clone(), survey_of(&row))).collect())
}

/// Has these events told at once, whether or not they were before; an attempt under way is left alone.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn make_due(
    connection: &mut AnyConnection,
    webhook_id: &str,
    event_ids: &[String],
    now: NaiveDateTime,
) -> Result<(), StoreError> {
    let known: Vec<String> = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(webhook_id))
        .filter(among(webhook_deliveries::event_id, event_ids))
        .select(webhook_deliveries::event_id)
        .load(connection)?;
    diesel::update(
        webhook_deliveries::table
            .filter(webhook_deliveries::webhook_id.eq(webhook_id))
            .filter(among(webhook_deliveries::event_id, &known))
            .filter(webhook_deliveries::state.ne(SENDING)),
    )
    .set((
        webhook_deliveries::state.eq(DUE),
        webhook_deliveries::due_at.eq(now),
        webhook_deliveries::tries.eq(0),
        webhook_deliveries::settled_at.eq(None::<NaiveDateTime>),
    ))
    .execute(connection)?;
    let new: Vec<DeliveryRow> = event_ids
        .iter()
        .filter(|id| !known.contains(id))
        .map(|id| DeliveryRow::new(webhook_id, id, now))
        .collect();
    flush::insert(connection, &new)
}

/// Has everything that waits for a webhook told at once, with all its tries before it.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn hasten(
    connection: &mut AnyConnection,
    webhook_id: &str,
    now: NaiveDateTime,
) -> Result<(), StoreError> {
    diesel::update(
        webhook_deliveries::table
            .filter(webhook_deliveries::webhook_id.eq(webhook_id))
            .filter(webhook_deliveries::due_at.is_not_null())
            .filter(webhook_deliveries::state.eq(DUE)),
    )
    .set((webhook_deliveries::due_at.eq(now), webhook_deliveries::tries.eq(0)))
    .execute(connection)?;
    Ok(())
}

/// Forgets everything that was or is to be told to a webhook.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn delete_of(connection: &mut AnyConnection, webhook_id: &str) -> Result<(), StoreError> {
    diesel::delete(webhook_deliveries::table.filter(webhook_deliveries::webhook_id.eq(webhook_id)))
        .execute(connection)?;
    diesel::delete(webhook_attempts::table.filter(webhook_attempts::webhook_id.eq(webhook_id)))
        .execute(connection)?;
    Ok(())
}

/// Forgets what was settled before an instant, the attempts made before it, whose ids are below `first_id`, and what
/// belongs to no webhook any more.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn delete_before(
    connection: &mut AnyConnection,
    instant: NaiveDateTime,
    first_id: &str,
) -> Result<(), StoreError> {
    let is_settled = webhook_deliveries::settled_at.is_not_null();
    let old = is_settled.and(webhook_deliveries::settled_at.lt(instant));
    diesel::delete(webhook_deliveries::table.filter(old)).execute(connection)?;
    diesel::delete(webhook_attempts::table.filter(webhook_attempts::id.lt(first_id))).execute(connection)?;
    let webhook_ids: Vec<String> = webhooks::table.select(webhooks::id).load(connection)?;
    let orphans = not(among(webhook_deliveries::webhook_id, &webhook_ids));
    let waiting = webhook_deliveries::due_at.is_not_null();
    diesel::delete(webhook_deliveries::table.filter(waiting).filter(orphans)).execute(connection)?;
    Ok(())
}

/// What the bodies of some events need.
#[derive(Debug, Default)]
pub struct Facts {
    /// The events by id.
    pub events: BTreeMap<String, EventRow>,
    /// Their sessions by id.
    pub sessions: BTreeMap<String, SessionRow>,
    /// Answers by session, in order, where they are needed.
    pub answers: BTreeMap<String, Vec<AnswerRow>>,
    /// Phones by the id of the message or of the ledger row that an event of no session names.
    pub phones: BTreeMap<String, String>,
}

impl Facts {
    /// Reads them; answers only for events that `needs_answers`.
    ///
    /// # Errors
    /// [`StoreError`] of a query.
    pub fn read(
        connection: &mut AnyConnection,
        event_ids: &[String],
        needs_answers: impl Fn(&EventRow) -> bool,
    ) -> Result<Self, StoreError> {
        let found: Vec<EventRow> = events::table.filter(among(events::id, event_ids)).load(connection)?;
        let session_ids: BTreeSet<&String> = found.iter().filter_map(|row| row.session_id.as_ref()).collect();
        let sessions: Vec<SessionRow> =
            sessions::table.filter(among(sessions::id, session_ids)).load(connection)?;
        let told: BTreeSet<&String> =
            found.iter().filter(|row| needs_answers(row)).filter_map(|row| row.session_id.as_ref()).collect();
        let mut by_session: BTreeMap<String, Vec<AnswerRow>> = BTreeMap::new();
        if !told.is_empty() {
            let mut rows: Vec<AnswerRow> =
                answers::table.filter(among(answers::session_id, told)).load(connection)?;
            rows.sort_by_key(|row| row.seq);
            for row in rows {
                by_session.entry(row.session_id.clone()).or_default().push(row);
            }
        }
        let phones = phones_named(connection, found.iter().filter(|row| row.session_id.is_none()))?;
        Ok(Self {
            sessions: sessions.into_iter().map(|row| (row.id.clone(), row)).collect(),
            events: found.into_iter().map(|row| (row.id.clone(), row)).collect(),
            answers: by_session,
            phones,
        })
    }
}

/// Phones of the messages and ledger rows that these events name.
fn phones_named<'a>(
    connection: &mut AnyConnection,
    events: impl Iterator<Item = &'a EventRow>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let (mut message_ids, mut ledger_ids) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        let data: serde_json::Value = serde_json::from_str(&event.data).unwrap_or_default();
        let named = |name: &str| data.get(name).and_then(|id| id.as_str()).map(str::to_owned);
        message_ids.extend(named("messageId"));
        ledger_ids.extend(named("ledgerId"));
    }
    let mut phones: Vec<(String, String)> = Vec::new();
    if !message_ids.is_empty() {
        let named = messages::table.filter(among(messages::id, &message_ids));
        phones.extend(named.select((messages::id, messages::phone)).load::<(String, String)>(connection)?);
    }
    if !ledger_ids.is_empty() {
        let named = consent_events::table.filter(among(consent_events::id, &ledger_ids));
        let named = named.select((consent_events::id, consent_events::phone));
        phones.extend(named.load::<(String, String)>(connection)?);
    }
    Ok(phones.into_iter().collect())
}
