//! Everything that is held about one phone: the queries that gather it, and the statements that erase it
//! (RS11). Erasure overwrites; rows that count for reports stay, without the person.

use chrono::NaiveDateTime;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::among::among;
use super::answers::AnswerRow;
use super::consents::{ConsentEventRow, ConsentRow, ContactRow, SuppressionRow};
use super::customers::CustomerRow;
use super::inbound::InboundRow;
use super::messages::MessageRow;
use super::parts::PartRow;
use super::schema::{
    answers, consent_events, consents, contacts, delivery_reports, erasures, idempotency, inbound,
    inbound_parts, messages, send_requests, session_handles, session_updates, sessions, suppressions,
};
use super::sessions::SessionRow;
use super::{AnyConnection, StoreError, customers, feed};
use crate::survey::{Value, Variables};

/// Most rows of one table in a [`Dossier`].
pub const ROWS_MAX: i64 = 10_000;

/// Variables of seed 003 that describe the call, not the person: reports group by them.
const IMPERSONAL_VARIABLES: [&str; 5] =
    ["queueKey", "agentId", "userGroupId", "systemCountry", "consumerChannel"];

/// The element type whose value is a text of the person.
const FREE_TEXT: &str = "free_text";

/// What is held about one phone, oldest first in every list; at most [`ROWS_MAX`] of each.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each list is named after its table")]
pub struct Dossier {
    pub contact: Option<ContactRow>,
    pub customers: Vec<CustomerRow>,
    pub consents: Vec<ConsentRow>,
    pub suppressions: Vec<SuppressionRow>,
    pub consent_events: Vec<ConsentEventRow>,
    pub sessions: Vec<SessionRow>,
    pub answers: Vec<AnswerRow>,
    pub messages: Vec<MessageRow>,
    pub inbound: Vec<InboundRow>,
    /// Parts of long texts that wait for the others: once they are joined, the text stands in `inbound`.
    pub inbound_parts: Vec<PartRow>,
}

/// Messages of a phone's sessions, and those sent to it outside any session: each kind by an index of its own.
macro_rules! messages_to {
    ($phone:expr, $session_ids:expr) => {
        among(messages::session_id, $session_ids)
            .or(messages::session_id.is_null().and(messages::phone.eq($phone)))
    };
}

fn session_ids(connection: &mut AnyConnection, phone: &str) -> Result<Vec<String>, StoreError> {
    Ok(sessions::table.filter(sessions::phone.eq(phone)).select(sessions::id).load(connection)?)
}

/// Gathers what is held about a phone.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn dossier(connection: &mut AnyConnection, phone: &str, phone_hash: &str) -> Result<Dossier, StoreError> {
    let session_ids = session_ids(connection, phone)?;
    Ok(Dossier {
        contact: contacts::table.find(phone).first(connection).optional()?,
        customers: customers::of_phone(connection, phone)?,
        consents: consents::table
            .filter(consents::phone.eq(phone))
            .order(consents::scope)
            .load(connection)?,
        suppressions: suppressions::table
            .filter(suppressions::phone_hash.eq(phone_hash))
            .order(suppressions::scope)
            .load(connection)?,
        consent_events: consent_events::table
            .filter(consent_events::phone.eq(phone))
            .order(consent_events::id)
            .limit(ROWS_MAX)
            .load(connection)?,
        sessions: sessions::table
            .filter(sessions::phone.eq(phone))
            .order((sessions::created_at, sessions::id))
            .limit(ROWS_MAX)
            .load(connection)?,
        answers: answers::table
            .filter(among(answers::session_id, &session_ids))
            .order((answers::session_id, answers::seq))
            .limit(ROWS_MAX)
            .load(connection)?,
        messages: messages::table
            .filter(messages_to!(phone, &session_ids))
            .order((messages::created_at, messages::id))
            .limit(ROWS_MAX)
            .load(connection)?,
        inbound: inbound::table
            .filter(inbound::sender.eq(phone))
            .order(inbound::recv_seq)
            .limit(ROWS_MAX)
            .load(connection)?,
        inbound_parts: inbound_parts::table
            .filter(inbound_parts::sender.eq(phone))
            .filter(inbound_parts::join_at.is_not_null())
            .order(inbound_parts::recv_seq)
            .limit(ROWS_MAX)
            .load(connection)?,
    })
}

/// One row of the erasure ledger.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = erasures, treat_none_as_default_value = false)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RS11"
)]
pub struct ErasureRow {
    pub id: String,
    pub phone_hash: String,
    pub actor: String,
    pub erased_at: NaiveDateTime,
}

/// Overwrites a phone and all texts to and from it with its keyed hash, keeps its stops under that hash, and
/// writes the ledger. Its sessions must be closed and its messages settled or cancelled before.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn erase(connection: &mut AnyConnection, phone: &str, row: &ErasureRow) -> Result<(), StoreError> {
    let mark = mark(&row.phone_hash);
    keep_stops(connection, phone, row)?;
    let session_ids = session_ids(connection, phone)?;
    for id in &session_ids {
        erase_answers(connection, id, &mark)?;
        erase_session(connection, id, &mark, row.erased_at)?;
    }
    erase_traffic(connection, phone, &session_ids, &mark)?;
    // Stored answers to POSTs hold the number as the caller sent it.
    diesel::delete(idempotency::table.filter(idempotency::body.like(format!("%{phone}%"))))
        .execute(connection)?;
    diesel::delete(send_requests::table.filter(send_requests::phone.eq(phone))).execute(connection)?;
    erase_customers(connection, phone, &mark, row.erased_at)?;
    diesel::delete(contacts::table.find(phone)).execute(connection)?;
    diesel::insert_into(erasures::table).values(row).execute(connection)?;
    Ok(())
}

/// The feed of the customers that have the phone, then the connections themselves.
fn erase_customers(
    connection: &mut AnyConnection,
    phone: &str,
    mark: &str,
    at: NaiveDateTime,
) -> Result<(), StoreError> {
    let owners = customers::of_phone(connection, phone)?;
    let ids: Vec<String> = owners.into_iter().map(|owner| owner.id).collect();
    feed::erase_phone(connection, &ids, phone, mark)?;
    customers::erase_phone(connection, phone, mark, at)
}

/// What stands in place of a phone or a text.
fn mark(phone_hash: &str) -> String {
    format!("erased:{phone_hash}")
}

/// A stop survives as a keyed hash; a newer consent ends an older suppression.
fn keep_stops(connection: &mut AnyConnection, phone: &str, row: &ErasureRow) -> Result<(), StoreError> {
    let current: Vec<ConsentRow> = consents::table.filter(consents::phone.eq(phone)).load(connection)?;
    for consent in current {
        diesel::delete(suppressions::table.find((&row.phone_hash, &consent.scope))).execute(connection)?;
        if consent.consent_type == "stop" {
            let kept = SuppressionRow {
                phone_hash: row.phone_hash.clone(),
                scope: consent.scope,
                created_at: consent.obtained_at,
            };
            diesel::insert_into(suppressions::table).values(kept).execute(connection)?;
        }
    }
    diesel::delete(consents::table.filter(consents::phone.eq(phone))).execute(connection)?;
    let mark = mark(&row.phone_hash);
    diesel::update(consent_events::table.filter(consent_events::phone.eq(phone)))
        .set((
            consent_events::phone.eq(&mark),
            consent_events::raw.eq(None::<String>),
            consent_events::note.eq(None::<String>),
        ))
        .execute(connection)?;
    Ok(())
}

/// Raw texts, comments and free texts go; numbers and choices stay for the counts of reports. Events hold none of
/// them.
fn erase_answers(connection: &mut AnyConnection, session_id: &str, mark: &str) -> Result<(), StoreError> {
    let of_session = || answers::table.filter(answers::session_id.eq(session_id));
    let value = to_json("answers.value", &Value::Text(mark.to_owned()))?;
    diesel::update(of_session()).set(answers::raw.eq(mark)).execute(connection)?;
    diesel::update(of_session().filter(answers::comment.is_not_null()))
        .set(answers::comment.eq(mark))
        .execute(connection)?;
    let free_text = || of_session().filter(answers::element_type.eq(FREE_TEXT));
    diesel::update(free_text().filter(answers::value.is_not_null()))
        .set(answers::value.eq(&value))
        .execute(connection)?;
    diesel::update(free_text().filter(answers::correction_of.is_not_null()))
        .set(answers::correction_of.eq(&value))
        .execute(connection)?;
    Ok(())
}

/// Who keeps a copy by reading what changed (X13) learns of it, too.
fn erase_session(
    connection: &mut AnyConnection,
    id: &str,
    mark: &str,
    erased_at: NaiveDateTime,
) -> Result<(), StoreError> {
    let row: SessionRow = sessions::table.find(id).first(connection)?;
    let cleaned = row
        .variables()?
        .iter()
        .map(|(key, value)| {
            let is_impersonal = IMPERSONAL_VARIABLES.iter().any(|known| known.eq_ignore_ascii_case(key));
            let value = if is_impersonal || value.is_empty() { value } else { mark };
            (key.to_owned(), value.to_owned())
        })
        .collect();
    diesel::update(sessions::table.find(id))
        .set((
            sessions::phone.eq(mark),
            sessions::variables.eq(to_json("sessions.variables", &Variables::new(cleaned))?),
            sessions::client_reference.eq(row.client_reference.map(|_| mark.to_owned())),
            sessions::opening.eq(None::<String>),
            sessions::progress.eq(None::<String>),
            sessions::updated_at.eq(erased_at),
        ))
        .execute(connection)?;
    diesel::update(session_updates::table.find((&row.survey_id, row.updated_at, id)))
        .set(session_updates::updated_at.eq(erased_at))
        .execute(connection)?;
    Ok(())
}

/// Handles, messages with their reports, and inbound.
fn erase_traffic(
    connection: &mut AnyConnection,
    phone: &str,
    session_ids: &[String],
    mark: &str,
) -> Result<(), StoreError> {
    let message_ids: Vec<String> =
        messages::table.filter(messages_to!(phone, session_ids)).select(messages::id).load(connection)?;
    // A gateway's own explanation may name the number.
    diesel::update(delivery_reports::table.filter(among(delivery_reports::message_id, &message_ids)))
        .set(delivery_reports::reason.eq(None::<String>))
        .execute(connection)?;
    diesel::update(messages::table.filter(messages_to!(phone, session_ids)))
        .set((messages::phone.eq(mark), messages::body.eq(mark)))
        .execute(connection)?;
    diesel::update(session_handles::table.filter(among(session_handles::session_id, session_ids)))
        .set(session_handles::phone.eq(mark))
        .execute(connection)?;
    diesel::update(inbound::table.filter(inbound::sender.eq(phone)))
        .set((
            inbound::sender.eq(mark),
            inbound::body.eq(mark),
            inbound::raw.eq(None::<String>),
            inbound::weak_key.eq(None::<String>),
        ))
        .execute(connection)?;
    diesel::delete(inbound_parts::table.filter(inbound_parts::sender.eq(phone))).execute(connection)?;
    // A callback nobody could read was kept as it came; gateways leave the `+` out.
    let digits = phone.trim_start_matches('+');
    diesel::update(
        inbound::table
            .filter(sql::<Bool>("inbound.outcome = 'dead'"))
            .filter(inbound::raw.like(format!("%{digits}%"))),
    )
    .set((inbound::raw.eq(mark), inbound::body.eq(mark)))
    .execute(connection)?;
    Ok(())
}

/// Writes a JSON column.
fn to_json<T: serde::Serialize>(column: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(format!("{column}: {error}")))
}
