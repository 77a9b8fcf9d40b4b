//! The messages that a claim may take, found inside its transaction (RE16). On PostgreSQL their phones are locked
//! as they are found, and phones that somebody else holds are passed over: two nodes never claim for one phone at
//! the same time. It decides nothing else.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Integer, Text, Timestamp};

use super::messages::{self, Claimable, PRIORITIES};
use super::sequence::Sequence;
use super::space::Space;
use super::wanted::Keys;
use super::{AnyConnection, StoreError};

/// Names the candidates for the load, with the buckets of their channels and what they may have to wait for.
/// Phones it locks are added to `locked`, when there is such a set.
///
/// # Errors
/// [`StoreError`] of a query.
pub(super) fn load_candidates(
    connection: &mut AnyConnection,
    keys: &mut Keys,
    space: &mut Space,
    now: NaiveDateTime,
    locked: Option<&mut BTreeSet<String>>,
) -> Result<(), StoreError> {
    let Some(wish) = keys.claim.take() else {
        return Ok(());
    };
    let closed: Vec<String> = wish.closed.iter().cloned().collect();
    let found = match (&mut *connection, locked) {
        (AnyConnection::Postgres(postgres), Some(locked)) => {
            let found = lock_claimable(postgres, now, &closed, wish.claim_max)?;
            locked.extend(found.iter().map(|claimable| claimable.phone.clone()));
            found
        }
        (connection, _) => messages::claimable(connection, now, &closed, wish.claim_max)?,
    };
    let mut candidates = Vec::with_capacity(found.len());
    for claimable in found {
        candidates.push(claimable.id.clone());
        keys.messages.insert(claimable.id);
        keys.phones.insert(claimable.phone);
        let of_gateway = wish.gateway_buckets.get(&claimable.channel_id);
        keys.gateway_buckets.extend(of_gateway.into_iter().flatten().cloned());
        keys.buckets.insert(claimable.channel_id);
    }
    if let Some(since) = wish.unreported_since.filter(|_| !candidates.is_empty()) {
        keys.messages.extend(messages::unreported_before(connection, &candidates, since)?);
    }
    space.load_candidates(candidates);
    Ok(())
}

/// Gives each candidate a place in the one sequence, once nothing has to be waited for any more: what is received
/// from then on may answer it (RE11).
///
/// # Errors
/// [`StoreError`] of the query.
pub(super) fn load_places(
    connection: &mut AnyConnection,
    space: &mut Space,
    sequence: &Sequence,
) -> Result<(), StoreError> {
    let wanted = space.candidates().len();
    if wanted > 0 {
        space.load_places(sequence.draw_within(connection, wanted)?);
    }
    Ok(())
}

/// As [`messages::claimable`]; locks the phones of what it finds.
fn lock_claimable(
    connection: &mut PgConnection,
    now: NaiveDateTime,
    closed: &[String],
    claim_max: i64,
) -> Result<Vec<Claimable>, StoreError> {
    let mut found = Vec::new();
    for priority in PRIORITIES {
        let limit = claim_max - i64::try_from(found.len()).unwrap_or(claim_max);
        if limit <= 0 {
            break;
        }
        let of_priority: Vec<Claimable> = LockClaimable { priority, now, closed, limit }.load(connection)?;
        found.extend(of_priority);
    }
    Ok(found)
}

/// The statement, known to the statement cache by its type.
#[derive(Debug)]
struct LockClaimable<'a> {
    priority: i32,
    now: NaiveDateTime,
    closed: &'a [String],
    limit: i64,
}

impl QueryId for LockClaimable<'_> {
    type QueryId = LockClaimable<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for LockClaimable<'_> {
    type SqlType = (Text, Text, Text);
}

impl RunQueryDsl<PgConnection> for LockClaimable<'_> {}

impl QueryFragment<Pg> for LockClaimable<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT messages.id, messages.channel_id, messages.phone FROM messages \
             JOIN contacts ON contacts.phone = messages.phone \
             WHERE messages.state = 'due' AND messages.priority = ",
        );
        out.push_bind_param::<Integer, _>(&self.priority)?;
        out.push_sql(" AND messages.due_at <= ");
        out.push_bind_param::<Timestamp, _>(&self.now)?;
        out.push_sql(" AND messages.channel_id <> ALL(");
        out.push_bind_param::<Array<Text>, _>(&self.closed)?;
        out.push_sql(
            ") AND NOT EXISTS (SELECT 1 FROM messages AS earlier \
             WHERE earlier.phone = messages.phone AND earlier.is_open AND earlier.session_id = messages.session_id \
             AND earlier.seq < messages.seq) \
             ORDER BY messages.due_at, messages.seq LIMIT ",
        );
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(" FOR UPDATE OF contacts SKIP LOCKED");
        Ok(())
    }
}
