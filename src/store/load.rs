//! Fills a [`Space`] for a batch: one query per table, however many turns the batch holds. What the batch may
//! change is locked first, in one order: phones, then token buckets, then counters (RE8).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Duration, NaiveDateTime};
use diesel::prelude::*;

use super::among::among;
use super::answers::AnswerRow;
use super::claim::{load_candidates, load_places};
use super::consents::{ConsentRow, ContactRow, SuppressionRow};
use super::load_shared::load_shared;
use super::lock::lock_phones;
use super::messages::{MessageRow, ReportRow};
use super::parts::PartRow;
use super::people::{load_people, load_zones};
use super::requests::{IdempotencyRow, SendRequestRow};
use super::schema::{
    answers, consents, contacts, delivery_reports, idempotency, inbound, inbound_parts, messages,
    send_requests, session_handles, sessions, suppressions,
};
use super::sequence::Sequence;
use super::sessions::{HandleRow, SessionRow};
use super::space::{Space, WeakMatch};
use super::wanted::Keys;
use super::{AnyConnection, PhoneHasher, StoreError, deliveries};

/// How far back equal texts without id are looked for (RF18).
const WEAK_KEY_MINUTES: i64 = 5;

/// Weak key, id, time and place of receipt, session.
type WeakRow = (Option<String>, String, NaiveDateTime, i64, Option<String>);

/// What a load needs beside the keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loading<'a> {
    /// The one sequence.
    pub sequence: &'a Sequence,
    /// Knows erased phones again.
    pub hasher: &'a PhoneHasher,
    /// The instant of the batch.
    pub now: NaiveDateTime,
    /// The batch will be written, not only rehearsed.
    pub is_write: bool,
}

/// Loads what `keys` name and what belongs to it, inside the caller's write transaction; for a rehearsal outside
/// of one, and without any lock.
///
/// # Errors
/// [`StoreError`] of a query; [`StoreError::Busy`] when something belongs to a phone that nobody could foresee.
pub(super) fn load(
    connection: &mut AnyConnection,
    mut keys: Keys,
    loading: Loading<'_>,
) -> Result<Space, StoreError> {
    let mut space = Space::default();
    let Loading { sequence, hasher, now, is_write } = loading;
    let mut locked = match connection {
        AnyConnection::Postgres(postgres) if is_write => {
            Some(lock_phones(postgres, &mut keys, &mut space, now)?)
        }
        AnyConnection::Postgres(_) | AnyConnection::Sqlite(_) => None,
    };
    load_candidates(connection, &mut keys, &mut space, now, locked.as_mut())?;
    load_inbound(connection, &keys, &mut space, now)?;
    load_parts(connection, &keys, &mut space)?;
    load_handles(connection, &mut keys, &mut space)?;
    load_people(connection, &mut keys, &mut space.people, is_write)?;
    // What a phone brings comes first: what a turn names is mostly among it, and then need not be looked up.
    let known = keys.phones.clone();
    load_open_messages(connection, &known, &mut space)?;
    load_named_messages(connection, &mut keys, &mut space)?;
    keys.zones.extend(space.phones_of_proactive().cloned());
    load_zones(connection, &keys, &mut space.people)?;
    load_sessions(connection, &mut keys, &mut space, now)?;
    if locked.as_ref().is_some_and(|locked| !keys.phones.is_subset(locked)) {
        // What was named leads to another phone by now: that one was erased, or the customer has got one more.
        return Err(StoreError::Busy("another phone came while the phones were locked".to_owned()));
    }
    load_phones(connection, &keys, &mut space)?;
    load_suppressions(connection, &keys, &mut space, hasher)?;
    load_open_messages(connection, keys.phones.difference(&known), &mut space)?;
    load_missing_messages(connection, &keys, &mut space)?;
    load_requests(connection, &keys, &mut space)?;
    load_shared(connection, &keys, &mut space, is_write)?;
    load_answers(connection, &keys, &mut space)?;
    deliveries::load(connection, &keys, &mut space, now)?;
    load_places(connection, &mut space, sequence)?;
    Ok(space)
}

fn load_inbound(
    connection: &mut AnyConnection,
    keys: &Keys,
    space: &mut Space,
    now: NaiveDateTime,
) -> Result<(), StoreError> {
    if !keys.provider_ids.is_empty() {
        let (gateways, ids) = halves(&keys.provider_ids);
        let found: Vec<(String, Option<String>, String)> = inbound::table
            .filter(inbound::provider_id.is_not_null())
            .filter(among(inbound::gateway, &gateways))
            .filter(among(inbound::provider_id, &ids))
            .select((inbound::gateway, inbound::provider_id, inbound::id))
            .load(connection)?;
        for (gateway, provider_id, id) in found {
            if let Some(provider_id) = provider_id {
                space.load_seen(gateway, provider_id, id);
            }
        }
    }
    if !keys.weak_keys.is_empty() {
        let since = now - Duration::minutes(WEAK_KEY_MINUTES);
        let found: Vec<WeakRow> = inbound::table
            .filter(among(inbound::sender, &keys.phones))
            .filter(among(inbound::weak_key, &keys.weak_keys))
            .filter(inbound::received_at.gt(since))
            .order(inbound::recv_seq)
            .select((
                inbound::weak_key,
                inbound::id,
                inbound::received_at,
                inbound::recv_seq,
                inbound::session_id,
            ))
            .load(connection)?;
        for (weak_key, id, received_at, recv_seq, session_id) in found {
            if let Some(weak_key) = weak_key {
                space.load_weak(weak_key, WeakMatch { id, received_at, recv_seq, session_id });
            }
        }
    }
    Ok(())
}

/// Whatever a phone has sent under a reference: few rows, however long ago.
fn load_parts(connection: &mut AnyConnection, keys: &Keys, space: &mut Space) -> Result<(), StoreError> {
    if !keys.parts.is_empty() {
        let (senders, references) = halves(&keys.parts);
        let found: Vec<PartRow> = inbound_parts::table
            .filter(among(inbound_parts::sender, &senders))
            .filter(among(inbound_parts::reference, &references))
            .load(connection)?;
        for row in found {
            space.load_part(row);
        }
    }
    Ok(())
}

fn load_named_messages(
    connection: &mut AnyConnection,
    keys: &mut Keys,
    space: &mut Space,
) -> Result<(), StoreError> {
    load_missing_messages(connection, keys, space)?;
    let mut found: Vec<MessageRow> = Vec::new();
    if !keys.client_refs.is_empty() {
        found
            .extend(messages::table.filter(among(messages::client_ref, &keys.client_refs)).load(connection)?);
    }
    if !keys.external_ids.is_empty() {
        found.extend(
            messages::table
                .filter(messages::external_id.is_not_null())
                .filter(among(messages::external_id, &keys.external_ids))
                .load(connection)?,
        );
        let early: Vec<ReportRow> = delivery_reports::table
            .filter(delivery_reports::message_id.is_null())
            .filter(among(delivery_reports::external_id, &keys.external_ids))
            .load(connection)?;
        for report in early {
            space.load_report(report);
        }
    }
    if keys.part_reports {
        let named = found.iter().map(|message| &message.id).chain(&keys.messages);
        let of_parts: Vec<ReportRow> = delivery_reports::table
            .filter(delivery_reports::message_id.is_not_null())
            .filter(among(delivery_reports::message_id, named))
            .filter(delivery_reports::part.is_not_null())
            .load(connection)?;
        for report in of_parts {
            space.load_report(report);
        }
    }
    let named = keys.messages.iter().filter_map(|id| space.messages.get(id.as_str()));
    for message in named.chain(&found) {
        keys.sessions.extend(message.session_id.clone());
        if !keys.phones.contains(&message.phone) {
            keys.phones.insert(message.phone.clone());
        }
    }
    for message in found {
        space.load_message(message);
    }
    Ok(())
}

fn load_handles(
    connection: &mut AnyConnection,
    keys: &mut Keys,
    space: &mut Space,
) -> Result<(), StoreError> {
    if keys.handles.is_empty() {
        return Ok(());
    }
    let (gateways, handles) = halves(&keys.handles);
    let found: Vec<HandleRow> = session_handles::table
        .filter(among(session_handles::gateway, &gateways))
        .filter(among(session_handles::handle, &handles))
        .load(connection)?;
    for row in found {
        keys.sessions.insert(row.session_id.clone());
        space.handles.load((row.gateway.clone(), row.handle.clone()), row);
    }
    Ok(())
}

/// Sessions of every phone concerned, since one that ends may let another of its phone begin; then those that are
/// named and not among them, with whatever else their phones have.
fn load_sessions(
    connection: &mut AnyConnection,
    keys: &mut Keys,
    space: &mut Space,
    now: NaiveDateTime,
) -> Result<(), StoreError> {
    let known = keys.phones.clone();
    load_sessions_of(connection, &known, keys, space, now)?;
    let missing: Vec<&String> =
        keys.sessions.iter().filter(|id| space.sessions.get(id.as_str()).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let named: Vec<SessionRow> = sessions::table.filter(among(sessions::id, missing)).load(connection)?;
    for session in named {
        take_session(keys, space, session, now);
    }
    let new: Vec<String> = keys.phones.difference(&known).cloned().collect();
    load_sessions_of(connection, &new, keys, space, now)
}

/// The sessions of phones that are open or ended lately.
fn load_sessions_of<'p>(
    connection: &mut AnyConnection,
    phones: impl IntoIterator<Item = &'p String>,
    keys: &mut Keys,
    space: &mut Space,
    now: NaiveDateTime,
) -> Result<(), StoreError> {
    let mut phones = phones.into_iter().peekable();
    if phones.peek().is_none() {
        return Ok(());
    }
    let of_phones = sessions::table.filter(among(sessions::phone, phones));
    let found = match keys.ended_after {
        Some(ended_after) => of_phones
            .filter(sessions::closed_at.is_null().or(sessions::closed_at.gt(ended_after)))
            .load::<SessionRow>(connection)?,
        None => of_phones.filter(sessions::closed_at.is_null()).load::<SessionRow>(connection)?,
    };
    for session in found {
        take_session(keys, space, session, now);
    }
    Ok(())
}

fn take_session(keys: &mut Keys, space: &mut Space, session: SessionRow, now: NaiveDateTime) {
    keys.phones.insert(session.phone.clone());
    if session.status.is_open() {
        keys.messages.extend(session.prompt_id.clone());
    }
    // A free text that still takes fragments is changed where it stands (N98).
    if session.appending_until.is_some_and(|until| until > now) {
        keys.answers_of.insert(session.id.clone());
    }
    space.load_session(session);
}

fn load_phones(connection: &mut AnyConnection, keys: &Keys, space: &mut Space) -> Result<(), StoreError> {
    if keys.phones.is_empty() {
        return Ok(());
    }
    // Those that were locked one by one are here already.
    let missing: Vec<&String> =
        keys.phones.iter().filter(|phone| space.contacts.get(phone.as_str()).is_none()).collect();
    if !missing.is_empty() {
        let found: Vec<ContactRow> =
            contacts::table.filter(among(contacts::phone, missing)).load(connection)?;
        for row in found {
            space.contacts.load(row.phone.clone(), row);
        }
    }
    let found: Vec<ConsentRow> =
        consents::table.filter(among(consents::phone, &keys.phones)).load(connection)?;
    for row in found {
        space.consents.load((row.phone.clone(), row.scope.clone()), row);
    }
    Ok(())
}

/// The stop of a person whose number was erased counts as long as nothing newer is on record (RS11).
fn load_suppressions(
    connection: &mut AnyConnection,
    keys: &Keys,
    space: &mut Space,
    hasher: &PhoneHasher,
) -> Result<(), StoreError> {
    if keys.phones.is_empty() || !may_have_suppressions(connection)? {
        return Ok(());
    }
    let by_hash: BTreeMap<String, &String> =
        keys.phones.iter().map(|phone| (hasher.hash(phone), phone)).collect();
    let found: Vec<SuppressionRow> =
        suppressions::table.filter(among(suppressions::phone_hash, by_hash.keys())).load(connection)?;
    for row in found {
        if let Some(phone) = by_hash.get(&row.phone_hash) {
            let key = ((*phone).clone(), row.scope.clone());
            space.consents.assume(key, row.consent_of(phone));
        }
    }
    Ok(())
}

/// Few installations have any, and on SQLite the keyed hash of a phone costs more than a look; on PostgreSQL that look
/// would be a round trip.
fn may_have_suppressions(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    match connection {
        AnyConnection::Postgres(_) => Ok(true),
        AnyConnection::Sqlite(sqlite) => {
            let first = suppressions::table.select(suppressions::scope).first::<String>(sqlite).optional()?;
            Ok(first.is_some())
        }
    }
}

/// What waits to be sent to phones.
fn load_open_messages<'p>(
    connection: &mut AnyConnection,
    phones: impl IntoIterator<Item = &'p String>,
    space: &mut Space,
) -> Result<(), StoreError> {
    let mut phones = phones.into_iter().peekable();
    if phones.peek().is_some() {
        let found: Vec<MessageRow> = messages::table
            .filter(messages::is_open)
            .filter(among(messages::phone, phones))
            .load(connection)?;
        for row in found {
            space.load_message(row);
        }
    }
    Ok(())
}

/// Messages that are named, or asked the current question of a session, and are not here yet.
fn load_missing_messages(
    connection: &mut AnyConnection,
    keys: &Keys,
    space: &mut Space,
) -> Result<(), StoreError> {
    let missing: Vec<&String> =
        keys.messages.iter().filter(|id| space.messages.get(id.as_str()).is_none()).collect();
    if !missing.is_empty() {
        let found: Vec<MessageRow> =
            messages::table.filter(among(messages::id, &missing)).load(connection)?;
        for row in found {
            space.load_message(row);
        }
    }
    Ok(())
}

fn load_requests(connection: &mut AnyConnection, keys: &Keys, space: &mut Space) -> Result<(), StoreError> {
    if !keys.send_requests.is_empty() {
        let surveys: BTreeSet<&str> =
            keys.send_requests.iter().map(|(survey, _, _)| survey.as_str()).collect();
        let phones: BTreeSet<&str> = keys.send_requests.iter().map(|(_, phone, _)| phone.as_str()).collect();
        let references: BTreeSet<&str> = keys.send_requests.iter().map(|(_, _, r)| r.as_str()).collect();
        let found: Vec<SendRequestRow> = send_requests::table
            .filter(among(send_requests::survey_id, &surveys))
            .filter(among(send_requests::phone, &phones))
            .filter(among(send_requests::client_reference, &references))
            .load(connection)?;
        for row in found {
            let key = (row.survey_id.clone(), row.phone.clone(), row.client_reference.clone());
            space.send_requests.load(key, row);
        }
    }
    if !keys.idempotency.is_empty() {
        let (key_ids, names) = halves(&keys.idempotency);
        let found: Vec<IdempotencyRow> = idempotency::table
            .filter(among(idempotency::key_id, &key_ids))
            .filter(among(idempotency::idempotency_key, &names))
            .load(connection)?;
        for row in found {
            space.idempotency.load((row.key_id.clone(), row.idempotency_key.clone()), row);
        }
    }
    Ok(())
}

/// All first and all second parts of pairs. A query by both finds the pairs, and more only if two pairs of a batch
/// cross; the index begins with the one that tells more rows apart.
pub(super) fn halves(pairs: &BTreeSet<(String, String)>) -> (BTreeSet<&str>, BTreeSet<&str>) {
    pairs.iter().map(|(first, second)| (first.as_str(), second.as_str())).unzip()
}

fn load_answers(connection: &mut AnyConnection, keys: &Keys, space: &mut Space) -> Result<(), StoreError> {
    if !keys.answers_of.is_empty() {
        let found: Vec<AnswerRow> =
            answers::table.filter(among(answers::session_id, &keys.answers_of)).load(connection)?;
        for row in found {
            space.answers.load((row.session_id.clone(), row.element_id.clone(), row.visit), row);
        }
    }
    Ok(())
}
