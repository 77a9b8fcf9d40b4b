//! `[database]`: where and how rows are stored. Defaults stand in `config.default.toml` alone. Opens nothing.

use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::fault::FaultCode;
use super::reader::Reader;

/// How much a commit survives (RF3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Power loss.
    Full,
    /// The end of the process, not power loss.
    Relaxed,
}

/// `[database]`
#[derive(Clone, Debug)]
pub struct Database {
    /// `sqlite:` or `postgres:` URL; may hold a password.
    pub url: SecretString,
    /// How much a commit survives.
    pub durability: Durability,
    /// Transactions written at the same time, on PostgreSQL.
    pub writers: usize,
    /// Most turns in one write transaction.
    pub writer_batch: usize,
    /// Connections that only read.
    pub readers: usize,
    /// Longest statement, on PostgreSQL.
    pub statement_timeout: Duration,
    /// Longest wait for a lock.
    pub lock_timeout: Duration,
    /// Longest wait for a free connection.
    pub pool_wait: Duration,
}

impl Database {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            url: database_url(reader),
            durability: reader
                .word(
                    "database.durability",
                    None,
                    &[("full", Durability::Full), ("relaxed", Durability::Relaxed)],
                )
                .unwrap_or(Durability::Full),
            writers: reader.integer("database.writers", None, &(1..=16)),
            writer_batch: reader.integer("database.writer_batch", None, &(1..=512)),
            readers: reader.integer("database.readers", None, &(1..=128)),
            statement_timeout: reader.duration("database.statement_timeout", None, &(1..=600)),
            lock_timeout: reader.duration("database.lock_timeout", None, &(1..=600)),
            pool_wait: reader.duration("database.pool_wait", None, &(1..=600)),
        }
    }
}

/// The backend is decided by the scheme, never by trying (RP12).
fn database_url(reader: &mut Reader) -> SecretString {
    let url = reader.secret("database.url", None).unwrap_or_default();
    let text = url.expose_secret();
    let sqlite = text.strip_prefix("sqlite:").is_some_and(|file| !file.trim_start_matches('/').is_empty());
    let postgres = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    if !sqlite && !postgres {
        let problem = "write sqlite:FILE or postgres://user:password@host/name";
        reader.fault(FaultCode::InvalidValue, "database.url", problem);
    }
    if sqlite {
        reader.show_instead("database.url", text.to_owned());
    } else if let Ok(mut shown) = Url::parse(text)
        && postgres
    {
        // Where it has a password; parameters may hold one too.
        let hidden = shown.password().map(|_| "redacted");
        let _ = shown.set_password(hidden);
        shown.set_query(None);
        reader.show_instead("database.url", shown.into());
    }
    url
}
