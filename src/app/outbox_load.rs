//! [`OutboxLoad`]: how many messages wait and which channels are behind, looked up at most once a second, so that
//! SendSurvey can refuse more work than can be sent (RE36). It never counts a message that is not due yet, and a
//! channel whose gateway is slow or gone refuses nothing for the others (RF10).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::engine::Engine;
use super::failure::Failure;
use crate::store::messages;

/// How long a look is good for.
const FRESH: Duration = Duration::from_secs(1);

/// The latest look. Cloning is cheap; all clones share it.
#[derive(Clone, Debug, Default)]
pub struct OutboxLoad {
    latest: Arc<Mutex<Option<Arc<Look>>>>,
}

/// What a look found.
#[derive(Debug)]
pub struct Look {
    at: Instant,
    /// More messages are due than the settings allow.
    pub is_full: bool,
    behind: BTreeSet<String>,
}

impl Look {
    /// Whether a message of this channel is due for a longer time than the settings allow.
    #[must_use]
    pub fn is_behind(&self, channel_id: &str) -> bool {
        self.behind.contains(channel_id)
    }
}

impl OutboxLoad {
    /// The latest look, at most a second old.
    ///
    /// # Errors
    /// [`Failure`] when the outbox cannot be read.
    pub async fn look(&self, engine: &Engine) -> Result<Arc<Look>, Failure> {
        if let Some(look) = self.latest.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
            && look.at.elapsed() < FRESH
        {
            return Ok(Arc::clone(look));
        }
        let now = engine.clock.now().naive_utc();
        let load = engine.store.read(move |connection| messages::due_load(connection, now)).await?;
        let is_full = load.iter().map(|part| part.count).sum::<i64>() > engine.settings.outbox_max;
        let is_old = |part: &messages::DueLoad| {
            part.oldest.is_some_and(|oldest| now - oldest > engine.settings.outbox_age_max)
        };
        let behind = load.into_iter().filter(is_old).map(|part| part.channel_id).collect();
        let look = Arc::new(Look { at: Instant::now(), is_full, behind });
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&look));
        Ok(look)
    }
}
