//! API keys: made, listed, revoked (RS1). Works on a plain connection, so that a command can use it beside a
//! running server. A key's text is given once and never stored; only its hash is.

use chrono::Duration;
use serde_json::json;

use super::api_key::{ApiKey, Scope};
use super::audit::{self, Action, Actor};
use crate::clock::Timestamp;
use crate::store::keys;
use crate::store::{AnyConnection, StoreError};

pub use crate::store::keys::KeyRow;

/// How long a key lives when nobody says otherwise (RS1).
pub const LIFE_DAYS_DEFAULT: i64 = 365;
/// Longest life of a key, in days.
pub const LIFE_DAYS_MAX: i64 = 3_650;
/// Live keys of one name: the old and the new one while they are changed over (RS1).
pub const LIVE_MAX: usize = 2;

/// A key to make.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What people call the integration, 1 to 100 characters.
    pub name: String,
    /// What it may do; at least one.
    pub scopes: Vec<Scope>,
    /// Slugs or UUIDs of the surveys it is limited to; empty = all.
    pub surveys: Vec<String>,
    /// Ids of the channels it is limited to; empty = all.
    pub channels: Vec<String>,
    /// When it stops working; `None` = after 365 days.
    pub expires_at: Option<Timestamp>,
    /// The word in its text that says where it belongs, such as `live` or `test`.
    pub env: String,
}

/// A key just made.
#[derive(Clone, Debug)]
pub struct CreatedKey {
    /// What is stored.
    pub row: KeyRow,
    /// The text, to be shown once.
    pub key: ApiKey,
}

/// Why a key is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefused {
    /// The environment is not 1 to 16 small letters or digits.
    #[error("use 1 to 16 small letters or digits for the environment")]
    Environment,
    /// Two keys of that name are in use already.
    #[error("two keys of this name are in use; revoke one first")]
    TooManyLive,
    /// The expiry has passed, or is more than ten years ahead.
    #[error("the expiry must be later than now and within ten years")]
    Expiry,
    /// No scope.
    #[error("give at least one scope")]
    NoScope,
}

/// Makes a key from 40 random bytes. Call it in a write transaction.
///
/// # Errors
/// [`StoreError`] of a statement; [`KeyRefused`] inside when the wish cannot be granted.
pub fn create_key(
    connection: &mut AnyConnection,
    new: &NewKey,
    random: &[u8; 40],
    actor: &Actor,
    now: Timestamp,
) -> Result<Result<CreatedKey, KeyRefused>, StoreError> {
    let Some(key) = ApiKey::generate(&new.env, random) else {
        return Ok(Err(KeyRefused::Environment));
    };
    if new.scopes.is_empty() {
        return Ok(Err(KeyRefused::NoScope));
    }
    let expires_at = new.expires_at.unwrap_or(now + Duration::days(LIFE_DAYS_DEFAULT));
    if expires_at <= now || expires_at > now + Duration::days(LIFE_DAYS_MAX) {
        return Ok(Err(KeyRefused::Expiry));
    }
    let at = now.naive_utc();
    let is_live = |row: &&KeyRow| row.name == new.name && row.revoked_at.is_none() && row.expires_at > at;
    if keys::all(connection)?.iter().filter(is_live).count() >= LIVE_MAX {
        return Ok(Err(KeyRefused::TooManyLive));
    }
    let scopes: Vec<&str> =
        Scope::ALL.iter().filter(|scope| new.scopes.contains(scope)).map(|s| s.as_str()).collect();
    let row = KeyRow {
        id: key.id().to_owned(),
        name: new.name.clone(),
        hash: key.hash().to_hex(),
        scopes: json!(scopes).to_string(),
        surveys: json!(new.surveys).to_string(),
        channels: json!(new.channels).to_string(),
        created_at: at,
        expires_at: expires_at.naive_utc(),
        revoked_at: None,
        last_used_at: None,
    };
    keys::insert(connection, &row)?;
    let detail =
        json!({"name": row.name, "scopes": scopes, "surveys": new.surveys, "channels": new.channels});
    audit::record(connection, actor, Action::KeyCreated, &format!("key:{}", row.id), &detail, now)?;
    Ok(Ok(CreatedKey { row, key }))
}

/// All keys, oldest first, revoked and expired ones too.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn list_keys(connection: &mut AnyConnection) -> Result<Vec<KeyRow>, StoreError> {
    keys::all(connection)
}

/// Revokes a key; false when there is none with that id. Revoked again, it stays as it was. Call it in a write
/// transaction.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn revoke_key(
    connection: &mut AnyConnection,
    id: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(mut row) = keys::find(connection, id)? else {
        return Ok(false);
    };
    if row.revoked_at.is_none() {
        row.revoked_at = Some(now.naive_utc());
        keys::update(connection, &row)?;
        let detail = json!({"name": row.name});
        audit::record(connection, actor, Action::KeyRevoked, &format!("key:{id}"), &detail, now)?;
    }
    Ok(true)
}
