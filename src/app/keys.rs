//! Who calls: an API key is looked up, compared and checked here (RS1). A key is remembered for half a second, so
//! that a revocation is seen by every node within one. When it was last used is written beside the request, at
//! most once a minute. Making and revoking keys is another use case's.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::Instant;

use super::api_key::{ApiKey, KeyHash, Scope};
use super::engine::Engine;
use super::failure::Failure;
use crate::clock::Timestamp;
use crate::store::keys::{self, KeyRow};

/// How long a looked-up key is trusted: revocation is seen in less than 1 s (RF41).
const REMEMBERED: Duration = Duration::from_millis(500);

/// Keys remembered at a time; more than any deployment has.
const REMEMBERED_MAX: usize = 10_000;

/// Between two notes of a key's use: enough to find keys nobody needs any more.
const USE_NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Keys by id, with the time of their look-up.
type Lately = HashMap<String, (Instant, Arc<KnownKey>)>;

/// Keys looked up lately. Cloning is cheap; all clones share them.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    lately: Arc<Mutex<Lately>>,
    /// When the use of a key was last noted.
    noted: Arc<Mutex<HashMap<String, Timestamp>>>,
}

/// A key on record.
#[derive(Clone, Debug)]
pub struct KnownKey {
    /// The 8 characters that stand in the key's text.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Slugs or UUIDs of the surveys it is limited to; `None` = all.
    pub surveys: Option<BTreeSet<String>>,
    /// Channels it is limited to; `None` = all.
    pub channels: Option<BTreeSet<String>>,
    /// When it stops working.
    pub expires_at: Timestamp,
    hash: KeyHash,
}

impl KnownKey {
    /// Whether it has a scope.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Reads a row; `None` when it is revoked, or when anything in it cannot be read: what is not understood
    /// opens nothing.
    fn of(row: KeyRow) -> Option<Self> {
        if row.revoked_at.is_some() {
            return None;
        }
        let scopes: Vec<String> = serde_json::from_str(&row.scopes).ok()?;
        Some(Self {
            hash: KeyHash::from_hex(&row.hash)?,
            scopes: scopes.iter().filter_map(|scope| Scope::parse(scope)).collect(),
            surveys: limit(&row.surveys)?,
            channels: limit(&row.channels)?,
            expires_at: row.expires_at.and_utc(),
            id: row.id,
            name: row.name,
        })
    }
}

/// An allow-list: `null` and an empty list stand for no limit.
#[expect(clippy::option_option, reason = "unreadable is not the same as unlimited")]
fn limit(json: &str) -> Option<Option<BTreeSet<String>>> {
    let listed: Option<BTreeSet<String>> = serde_json::from_str(json).ok()?;
    Some(listed.filter(|listed| !listed.is_empty()))
}

impl Keyring {
    /// Forgets all keys: some may have been revoked by another node.
    pub fn forget_all(&self) {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Forgets a key at once on this node; the other nodes hear of it, and see it within half a second at most.
    pub fn forget(&self, id: &str) {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Whether this use is to be written down; if so, the next ones of a minute are not.
    fn is_to_be_noted(&self, id: &str, now: Timestamp) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.get(id).is_some_and(|last| now - *last < USE_NOTED_EVERY) {
            return false;
        }
        if noted.len() >= REMEMBERED_MAX {
            noted.retain(|_, last| now - *last < USE_NOTED_EVERY);
        }
        noted.insert(id.to_owned(), now);
        true
    }

    fn recall(&self, id: &str) -> Option<Arc<KnownKey>> {
        let lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, key) = lately.get(id)?;
        (at.elapsed() < REMEMBERED).then(|| Arc::clone(key))
    }

    fn remember(&self, key: &Arc<KnownKey>) {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.len() >= REMEMBERED_MAX {
            lately.retain(|_, (at, _)| at.elapsed() < REMEMBERED);
        }
        lately.insert(key.id.clone(), (Instant::now(), Arc::clone(key)));
    }
}

/// The key on record behind a key as it was sent; `None` when there is none, or it is revoked, expired or another
/// one with the same id.
///
/// # Errors
/// [`Failure`] when keys cannot be read.
pub async fn authenticate(engine: &Engine, given: &ApiKey) -> Result<Option<Arc<KnownKey>>, Failure> {
    let known = match engine.keys.recall(given.id()) {
        Some(known) => Some(known),
        None => look_up(engine, given.id()).await?,
    };
    let now = engine.clock.now();
    let known = known.filter(|known| known.hash.matches(&given.hash()) && now < known.expires_at);
    if let Some(known) = &known
        && engine.keys.is_to_be_noted(&known.id, now)
    {
        tokio::spawn(note_use(engine.clone(), known.id.clone(), now));
    }
    Ok(known)
}

/// Writes down when a key was used; no request waits for it.
async fn note_use(engine: Engine, id: String, now: Timestamp) {
    let wanted = id.clone();
    let touched =
        engine.store.change(move |connection, _| keys::touch(connection, &wanted, now.naive_utc()), |()| ());
    if let Err(error) = touched.await {
        tracing::warn!(key = id, %error, "the use of a key was not noted");
    }
}

async fn look_up(engine: &Engine, id: &str) -> Result<Option<Arc<KnownKey>>, Failure> {
    let wanted = id.to_owned();
    let row = engine.store.read(move |connection| keys::find(connection, &wanted)).await?;
    let known = row.and_then(KnownKey::of).map(Arc::new);
    match &known {
        Some(known) => engine.keys.remember(known),
        None => engine.keys.forget(id),
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> KeyRow {
        let at = chrono::DateTime::UNIX_EPOCH.naive_utc();
        KeyRow {
            id: "AAAAAAAA".into(),
            name: "ivr".into(),
            hash: "00".repeat(32),
            scopes: r#"["surveys:send", "of:tomorrow"]"#.into(),
            surveys: "[]".into(),
            channels: r#"["c1"]"#.into(),
            created_at: at,
            expires_at: at,
            revoked_at: None,
            last_used_at: None,
        }
    }

    #[test]
    fn a_row_is_read_with_its_limits() {
        let key = KnownKey::of(row()).unwrap();
        assert_eq!(key.scopes, [Scope::SurveysSend]);
        assert!(key.has(Scope::SurveysSend) && !key.has(Scope::Admin));
        assert_eq!(key.surveys, None);
        assert_eq!(key.channels, Some(BTreeSet::from(["c1".to_owned()])));
    }

    #[test]
    fn what_cannot_be_read_opens_nothing() {
        let at = row().created_at;
        let broken = [
            KeyRow { revoked_at: Some(at), ..row() },
            KeyRow { hash: "00".into(), ..row() },
            KeyRow { surveys: "x".into(), ..row() },
            KeyRow { scopes: "{}".into(), ..row() },
        ];
        assert!(broken.into_iter().all(|row| KnownKey::of(row).is_none()));
    }
}
