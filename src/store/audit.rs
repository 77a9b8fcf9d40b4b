//! Rows of `audit`: append-only, each chained to the one before it by a hash (RS10). Nothing here changes or
//! deletes a row.

use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::columns::stored;
use super::schema::audit;
use super::{AnyConnection, StoreError, flush};
use crate::hex;

/// What the first row has in place of the hash before it.
pub const FIRST_PREVIOUS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Something that was done, before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: NaiveDateTime,
    /// Who: `key:<id>`, `command` or `system`.
    pub actor: String,
    /// From which address, if it came over the network.
    pub address: Option<String>,
    /// What was done, such as `key.created`.
    pub action: String,
    /// To what, such as `channel:<id>`.
    pub object: String,
    /// Particulars as JSON; never a phone number or a text.
    pub detail: String,
}

/// One link of the audit chain (RS10).
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
#[expect(
    missing_docs,
    reason = "columns are documented in migrations and in reliability-and-security.md RS10"
)]
pub struct AuditRow {
    pub seq: i64,
    pub at: NaiveDateTime,
    pub actor: String,
    pub address: Option<String>,
    pub action: String,
    pub object: String,
    pub detail: String,
    pub previous_hash: String,
    pub hash: String,
}

stored!(
    AuditRow,
    audit,
    key [seq],
    fixed [at, actor, address, action, object, detail, previous_hash, hash],
    changing [],
);

impl AuditRow {
    /// The hash this row must have: SHA-256 in hex over everything else in it.
    #[must_use]
    pub fn expected_hash(&self) -> String {
        let seq = self.seq.to_string();
        let at = self.at.and_utc().timestamp_micros().to_string();
        let parts = [
            Some(self.previous_hash.as_str()),
            Some(&seq),
            Some(&at),
            Some(&self.actor),
            self.address.as_deref(),
            Some(&self.action),
            Some(&self.object),
            Some(&self.detail),
        ];
        let mut hash = Sha256::new();
        for part in parts {
            // With its length in front, no part can run into the next.
            match part {
                Some(text) => hash.update(format!("{}:{text};", text.len())),
                None => hash.update("-;"),
            }
        }
        hex::encode(&hash.finalize())
    }
}

/// Appends entries to the chain, in order.
///
/// # Errors
/// [`StoreError`] of the statements.
pub fn append(connection: &mut AnyConnection, entries: &[AuditEntry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    if let AnyConnection::Postgres(postgres) = connection {
        // Two nodes may not both follow the same row. On SQLite the write transaction itself sees to it.
        postgres.batch_execute("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE")?;
    }
    let last: Option<(i64, String)> = audit::table
        .order(audit::seq.desc())
        .select((audit::seq, audit::hash))
        .first(connection)
        .optional()?;
    let (mut seq, mut previous_hash) = last.unwrap_or_else(|| (0, FIRST_PREVIOUS.to_owned()));
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        seq += 1;
        let mut row = AuditRow {
            seq,
            at: entry.at,
            actor: entry.actor.clone(),
            address: entry.address.clone(),
            action: entry.action.clone(),
            object: entry.object.clone(),
            detail: entry.detail.clone(),
            previous_hash: previous_hash.clone(),
            hash: String::new(),
        };
        row.hash = row.expected_hash();
        previous_hash.clone_from(&row.hash);
        rows.push(row);
    }
    flush::insert(connection, &rows)
}

/// Rows after a place in the chain, in order.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn after(connection: &mut AnyConnection, seq: i64, limit: i64) -> Result<Vec<AuditRow>, StoreError> {
    Ok(audit::table.filter(audit::seq.gt(seq)).order(audit::seq).limit(limit).load(connection)?)
}
