//! `[database]`: where and how rows are stored. Defaults stand in `config.default.toml` alone. Opens nothing.

use std::net::IpAddr;
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
    /// Bring a PostgreSQL database up to date at the start (RE42).
    pub migrate: bool,
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
            migrate: reader.flag("database.migrate", None),
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

impl Database {
    /// Whether several processes may share it: PostgreSQL.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        is_postgres(self.url.expose_secret())
    }

    /// Whether what is asked and stored may cross a network in the clear: a PostgreSQL elsewhere, and no
    /// `sslmode` that insists on TLS.
    #[must_use]
    pub fn is_readable_on_the_way(&self) -> bool {
        let Ok(url) = Url::parse(self.url.expose_secret()) else { return false };
        if !self.is_shared() {
            return false;
        }
        let parameter = |wanted: &str| {
            url.query_pairs().filter(|(name, _)| name == wanted).map(|(_, value)| value.into_owned()).last()
        };
        // A parameter goes before the address in front of it, as libpq has it.
        let named = parameter("hostaddr").or_else(|| parameter("host"));
        let hosts = named.or_else(|| url.host_str().map(str::to_owned)).unwrap_or_default();
        let mode = parameter("sslmode").unwrap_or_else(|| "prefer".to_owned());
        ["disable", "allow", "prefer"].contains(&mode.as_str()) && !hosts.split(',').all(is_here)
    }
}

/// Whether a host is this machine: a socket's folder, or a loopback address.
fn is_here(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.is_empty()
        || host.starts_with('/')
        || host == "localhost"
        || address.is_ok_and(|ip| ip.is_loopback())
}

fn is_postgres(url: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme))
}

/// The backend is decided by the scheme, never by trying (RP12).
fn database_url(reader: &mut Reader) -> SecretString {
    let url = reader.secret("database.url", None).unwrap_or_default();
    let text = url.expose_secret();
    let sqlite = text.strip_prefix("sqlite:").is_some_and(|file| !file.trim_start_matches('/').is_empty());
    let postgres = is_postgres(text);
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
