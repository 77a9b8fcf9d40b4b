//! Loads the rows that turns of many phones share, token buckets and counters, each locked in one order (RE8).

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::among::among;
use super::channels::{BucketRow, GatewayBucketRow};
use super::events::CounterRow;
use super::load::halves;
use super::schema::{channel_buckets, counters, gateway_buckets};
use super::space::Space;
use super::wanted::Keys;
use super::{AnyConnection, StoreError};

/// Rows that turns of many phones share. Whoever wants a token of a channel holds its bucket until his commit;
/// a counter is held if a phone that nobody has asked anything may be answered and counted (P49), or a budget is
/// (GW88): the others go on beside each other.
///
/// # Errors
/// [`StoreError`] of a query.
pub(super) fn load_shared(
    connection: &mut AnyConnection,
    keys: &Keys,
    space: &mut Space,
    is_write: bool,
) -> Result<(), StoreError> {
    if !keys.buckets.is_empty() {
        let wanted = channel_buckets::table
            .filter(among(channel_buckets::channel_id, &keys.buckets))
            .order(channel_buckets::channel_id);
        let found: Vec<BucketRow> = match (&mut *connection, is_write) {
            (AnyConnection::Postgres(postgres), true) => wanted.for_update().load(postgres)?,
            (connection, _) => wanted.load(connection)?,
        };
        for row in found {
            space.buckets.load(row.channel_id.clone(), row);
        }
    }
    load_gateway_buckets(connection, keys, space, is_write)?;
    let names: BTreeSet<&String> = keys.counters.union(&keys.budgets).collect();
    if !names.is_empty() {
        let counts = !keys.budgets.is_empty()
            || keys.phones.iter().any(|phone| space.sessions_of(phone).next().is_none());
        let wanted = counters::table.filter(among(counters::name, names)).order(counters::name);
        let found: Vec<CounterRow> = match (connection, is_write && counts) {
            (AnyConnection::Postgres(postgres), true) => wanted.for_update().load(postgres)?,
            (connection, _) => wanted.load(connection)?,
        };
        for row in found {
            space.counters.load(row.name.clone(), row);
        }
    }
    Ok(())
}

fn load_gateway_buckets(
    connection: &mut AnyConnection,
    keys: &Keys,
    space: &mut Space,
    is_write: bool,
) -> Result<(), StoreError> {
    if keys.gateway_buckets.is_empty() {
        return Ok(());
    }
    let (gateways, senders) = halves(&keys.gateway_buckets);
    let wanted = gateway_buckets::table
        .filter(among(gateway_buckets::gateway, &gateways))
        .filter(among(gateway_buckets::sender, &senders))
        .order((gateway_buckets::gateway, gateway_buckets::sender));
    let found: Vec<GatewayBucketRow> = match (&mut *connection, is_write) {
        (AnyConnection::Postgres(postgres), true) => wanted.for_update().load(postgres)?,
        (connection, _) => wanted.load(connection)?,
    };
    for row in found {
        space.gateway_buckets.load((row.gateway.clone(), row.sender.clone()), row);
    }
    Ok(())
}
