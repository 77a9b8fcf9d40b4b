//! The phone is the lock of a turn on PostgreSQL (RE8, RE13): whoever changes what belongs to a phone holds its
//! contact row. All phones of a batch are locked in one order, before anything else is loaded; token buckets and
//! counters come after them (`load.rs`). SQLite needs none of it: its one writer is the lock.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::consents::ContactRow;
use super::schema::{contacts, messages, session_handles, sessions};
use super::space::Space;
use super::unnest::{InsertAll, InsertMissing};
use super::wanted::Keys;
use super::{StoreError, people};

/// How often phones are looked for that are erased while we lock them.
const TRIES_MAX: u32 = 4;

/// Locks all phones that `keys` name or lead to, loads their contacts, and gives them. Waits for whoever holds one.
///
/// # Errors
/// [`StoreError::Busy`] when a lock is not to be had; other [`StoreError`]s of the statements.
pub(super) fn lock_phones(
    connection: &mut PgConnection,
    keys: &mut Keys,
    space: &mut Space,
    now: NaiveDateTime,
) -> Result<BTreeSet<String>, StoreError> {
    resolve(connection, keys)?;
    space.hold_phones();
    let mut locked = BTreeSet::new();
    for _ in 0..TRIES_MAX {
        let missing: Vec<&String> = keys.phones.difference(&locked).collect();
        if missing.is_empty() {
            return Ok(locked);
        }
        let found: Vec<ContactRow> = contacts::table
            .filter(contacts::phone.eq_any(missing))
            .order(contacts::phone)
            .for_update()
            .load(connection)?;
        for row in found {
            locked.insert(row.phone.clone());
            space.contacts.load(row.phone.clone(), row);
        }
        let new: Vec<ContactRow> =
            keys.phones.difference(&locked).map(|phone| ContactRow::new(phone, now)).collect();
        if !new.is_empty() {
            // Somebody else may be adding the same phone; the next round waits for him.
            let new: Vec<&ContactRow> = new.iter().collect();
            InsertMissing(InsertAll::new(&new)).execute(connection)?;
        }
    }
    Err(StoreError::Busy("phones came and went while they were locked".to_owned()))
}

/// Phones of what is named by something else. They never change, but for an erasure, so nothing is locked here.
fn resolve(connection: &mut PgConnection, keys: &mut Keys) -> Result<(), StoreError> {
    let mut found: Vec<String> = Vec::new();
    if !keys.messages.is_empty() {
        let named = messages::table.filter(messages::id.eq_any(&keys.messages));
        found.extend(named.select(messages::phone).load::<String>(connection)?);
    }
    if !keys.client_refs.is_empty() {
        let named = messages::table.filter(messages::client_ref.eq_any(&keys.client_refs));
        found.extend(named.select(messages::phone).load::<String>(connection)?);
    }
    if !keys.external_ids.is_empty() {
        let named = messages::table
            .filter(messages::external_id.is_not_null())
            .filter(messages::external_id.eq_any(&keys.external_ids));
        found.extend(named.select(messages::phone).load::<String>(connection)?);
    }
    if !keys.sessions.is_empty() {
        let named = sessions::table.filter(sessions::id.eq_any(&keys.sessions));
        found.extend(named.select(sessions::phone).load::<String>(connection)?);
    }
    if !keys.handles.is_empty() {
        let handles: BTreeSet<&str> = keys.handles.iter().map(|(_, handle)| handle.as_str()).collect();
        let named = session_handles::table.filter(session_handles::handle.eq_any(handles));
        found.extend(named.select(session_handles::phone).load::<String>(connection)?);
    }
    found.extend(people::phones_of(connection, keys)?);
    keys.phones.extend(found);
    Ok(())
}
