//! [`Webhooks`]: the receivers of events in memory, so that a turn knows without a query whom its events concern, and
//! knows at once that they concern nobody.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::event_kind::EventKind;
use crate::clock::Timestamp;
use crate::gateway::sign;
use crate::store::webhooks::WebhookRow;

/// What stands before the base64 of a secret (V1).
pub const SECRET_PREFIX: &str = "whsec_";

/// A receiver with its filter read.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// As it is stored.
    pub row: WebhookRow,
    /// Kinds it wants; `None` = all.
    events: Option<BTreeSet<&'static str>>,
    /// Surveys it wants; `None` = all.
    survey_ids: Option<BTreeSet<String>>,
}

impl Webhook {
    /// Reads a row. What cannot be read is wanted by nobody.
    #[must_use]
    pub fn of(row: WebhookRow) -> Self {
        let list = |stored: &str| serde_json::from_str::<Vec<String>>(stored).map_err(|_| ());
        let events = match list(&row.events) {
            Ok(words) if words.is_empty() => None,
            Ok(words) => {
                Some(words.iter().filter_map(|word| EventKind::parse(word)).map(EventKind::as_str).collect())
            }
            Err(()) => Some(BTreeSet::new()),
        };
        let survey_ids = match list(&row.survey_ids) {
            Ok(ids) if ids.is_empty() => None,
            Ok(ids) => Some(ids.into_iter().collect()),
            Err(()) => Some(BTreeSet::new()),
        };
        Self { row, events, survey_ids }
    }

    /// Whether its filter lets an event through: of a survey, or of none.
    #[must_use]
    pub fn wants(&self, kind: EventKind, survey_id: Option<&str>) -> bool {
        kind != EventKind::WebhookTest
            && self.events.as_ref().is_none_or(|wanted| wanted.contains(kind.as_str()))
            && self.survey_ids.as_ref().is_none_or(|wanted| survey_id.is_some_and(|id| wanted.contains(id)))
    }

    /// `webhook-signature` of a body: one for each secret in force (V1).
    #[must_use]
    pub fn signature(&self, event_id: &str, body: &[u8], now: Timestamp) -> String {
        let previous = self.row.previous_secret.as_ref();
        let in_force = self.row.previous_secret_until.is_some_and(|until| now.naive_utc() < until);
        let secrets = [Some(&self.row.secret), previous.filter(|_| in_force)];
        let key =
            |secret: &String| STANDARD.decode(secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret)).ok();
        let keys = secrets.into_iter().flatten().filter_map(key);
        let signed = keys.map(|key| sign(&key, event_id.as_bytes(), now.timestamp(), body));
        signed.collect::<Vec<_>>().join(" ")
    }
}

/// All webhooks. Cloning is cheap; all clones share them.
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    all: Arc<RwLock<Arc<[Arc<Webhook>]>>>,
    any_enabled: Arc<AtomicBool>,
}

impl Webhooks {
    /// These are all there are.
    pub fn show(&self, rows: &[WebhookRow]) {
        self.replace(rows.iter().map(|row| Arc::new(Webhook::of(row.clone()))).collect());
    }

    /// A new one, or one that was changed.
    pub fn put(&self, row: &WebhookRow) {
        let mut all: Vec<_> = self.all().iter().filter(|known| known.row.id != row.id).cloned().collect();
        all.push(Arc::new(Webhook::of(row.clone())));
        self.replace(all);
    }

    /// One that is gone.
    pub fn remove(&self, id: &str) {
        self.replace(self.all().iter().filter(|known| known.row.id != id).cloned().collect());
    }

    /// Those that are enabled.
    #[must_use]
    pub fn enabled(&self) -> Vec<Arc<Webhook>> {
        if !self.any_enabled.load(Ordering::Relaxed) {
            return Vec::new();
        }
        self.all().iter().filter(|webhook| webhook.row.enabled).cloned().collect()
    }

    /// Those that are disabled, though no operator did it.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.all()
            .iter()
            .any(|webhook| webhook.row.disabled_reason.as_deref().is_some_and(|why| why != "operator"))
    }

    fn all(&self) -> Arc<[Arc<Webhook>]> {
        Arc::clone(&self.all.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, all: Vec<Arc<Webhook>>) {
        // Changes come one after the other, in the order of their commits.
        let mut known = self.all.write().unwrap_or_else(PoisonError::into_inner);
        self.any_enabled.store(all.iter().any(|webhook| webhook.row.enabled), Ordering::Relaxed);
        *known = all.into();
    }
}
