//! Rows of `channels` and `gateway_states`, and the token buckets of both.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::columns::stored;
use super::moment::{At, AtOrNull};
use super::schema::{channel_buckets, channels, gateway_buckets, gateway_states};
use super::{AnyConnection, StoreError, meta};

/// A two-way address of ours. Lists and texts are JSON.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = channels, treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 5.1")]
pub struct ChannelRow {
    pub id: String,
    pub name: String,
    pub kind: String,
    pub enabled: bool,
    pub gateway: String,
    pub sender: String,
    pub sender_type: String,
    pub subnumbering: bool,
    pub pool_numbers: String,
    pub allowed_countries: String,
    pub throttle_micro: i64,
    pub on_ambiguous: String,
    pub wait_for: String,
    pub default_language: Option<String>,
    pub default_skill: Option<String>,
    pub keyword_scope: String,
    pub texts: String,
    pub keywords: String,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

/// Token bucket of a channel, in millionths of a token (A73).
#[derive(Clone, Debug, Queryable)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RE16"
)]
pub struct BucketRow {
    pub channel_id: String,
    pub tokens_micro: i64,
    #[diesel(deserialize_as = At)]
    pub refilled_at: NaiveDateTime,
    #[diesel(deserialize_as = AtOrNull)]
    pub paused_until: Option<NaiveDateTime>,
}

stored!(
    BucketRow,
    channel_buckets,
    key [channel_id],
    fixed [],
    changing [tokens_micro, refilled_at, paused_until],
);

/// Token bucket of a gateway's own rate, in millionths of a token (gateways.md 2.1).
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations/*/0006_gateways/up.sql")]
pub struct GatewayBucketRow {
    pub gateway: String,
    pub sender: String,
    pub tokens_micro: i64,
    #[diesel(deserialize_as = At)]
    pub refilled_at: NaiveDateTime,
}

stored!(
    GatewayBucketRow,
    gateway_buckets,
    key [gateway, sender],
    fixed [],
    changing [tokens_micro, refilled_at],
);

/// What is remembered about a gateway.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = gateway_states, treat_none_as_null = true, treat_none_as_default_value = false, primary_key(name))]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 5.2")]
pub struct GatewayRow {
    pub name: String,
    pub paused: bool,
    pub last_inbound_at: Option<NaiveDateTime>,
    pub last_outbound_at: Option<NaiveDateTime>,
    pub last_error: Option<String>,
    pub last_error_at: Option<NaiveDateTime>,
    pub updated_at: NaiveDateTime,
}

/// All channels, oldest first.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn all(connection: &mut AnyConnection) -> Result<Vec<ChannelRow>, StoreError> {
    Ok(channels::table.order(channels::id).load(connection)?)
}

/// Stores a new channel.
///
/// # Errors
/// [`StoreError::Constraint`] when the name is taken; other [`StoreError`]s of the statement.
pub fn insert(connection: &mut AnyConnection, row: &ChannelRow) -> Result<(), StoreError> {
    diesel::insert_into(channels::table).values(row).execute(connection)?;
    meta::note_setup_change(connection)
}

/// Writes a channel back.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn update(connection: &mut AnyConnection, row: &ChannelRow) -> Result<(), StoreError> {
    diesel::update(channels::table.find(&row.id)).set(row).execute(connection)?;
    meta::note_setup_change(connection)
}

/// One channel.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn find(connection: &mut AnyConnection, id: &str) -> Result<Option<ChannelRow>, StoreError> {
    Ok(channels::table.find(id).first(connection).optional()?)
}

/// What is remembered about all gateways.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn gateways(connection: &mut AnyConnection) -> Result<Vec<GatewayRow>, StoreError> {
    Ok(gateway_states::table.order(gateway_states::name).load(connection)?)
}

/// Remembers whether an operator paused a gateway.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn set_paused(
    connection: &mut AnyConnection,
    gateway: &str,
    paused: bool,
    at: NaiveDateTime,
) -> Result<(), StoreError> {
    let known: Option<GatewayRow> = gateway_states::table.find(gateway).first(connection).optional()?;
    match known {
        Some(row) => {
            let row = GatewayRow { paused, updated_at: at, ..row };
            diesel::update(gateway_states::table.find(gateway)).set(&row).execute(connection)?;
        }
        None => {
            let row = GatewayRow {
                name: gateway.to_owned(),
                paused,
                last_inbound_at: None,
                last_outbound_at: None,
                last_error: None,
                last_error_at: None,
                updated_at: at,
            };
            diesel::insert_into(gateway_states::table).values(&row).execute(connection)?;
        }
    }
    meta::note_setup_change(connection)
}
