//! [`OutboxLoad`]: how many messages wait and how old the oldest is, looked up at most once a second, so that
//! SendSurvey can refuse more work than can be sent (RE36). It never counts a message that is not due yet.

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
    latest: Arc<Mutex<Option<(Instant, bool)>>>,
}

impl OutboxLoad {
    /// Whether more messages are due, or for a longer time, than the settings allow.
    ///
    /// # Errors
    /// [`Failure`] when the outbox cannot be read.
    pub async fn is_over(&self, engine: &Engine) -> Result<bool, Failure> {
        if let Some((at, is_over)) = *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
            && at.elapsed() < FRESH
        {
            return Ok(is_over);
        }
        let now = engine.clock.now().naive_utc();
        let (count, oldest) =
            engine.store.read(move |connection| messages::due_load(connection, now)).await?;
        let is_old = oldest.is_some_and(|oldest| now - oldest > engine.settings.outbox_age_max);
        let is_over = count > engine.settings.outbox_max || is_old;
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), is_over));
        Ok(is_over)
    }
}
