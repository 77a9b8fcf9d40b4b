//! [`Asker`]: asks one gateway, by our reference, what became of the messages whose send nobody knows of (RE19 b, A82),
//! before they are repeated or given up. Each is asked about twice: a few seconds after, and once more before the end of
//! its wait. What the gateway says is a delivery report like any other; if it says nothing, nothing is stored.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Duration, NaiveDateTime};
use tokio::sync::watch;

use crate::app::circuit::CircuitState;
use crate::app::engine::Engine;
use crate::app::receive_status::{ReceiveStatus, StatusReport};
use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::store::StoreError;
use crate::store::doubts::{self, Doubt};

/// How long after a send got lost its gateway is first asked: it may still be at it.
const FIRST_AFTER: Duration = Duration::seconds(5);
/// How long before the end of the wait it is asked again, so that the answer comes in time.
const LAST_BEFORE: Duration = Duration::seconds(30);
/// How long a gateway that does not answer is left in peace, and the database when it fails.
const AFTER_FAILURE: Duration = Duration::seconds(5);
/// Most messages of a gateway that are looked after at a time.
const DOUBTS_MAX: i64 = 1_000;

/// Asks one gateway, one question at a time. Each node asks for itself and remembers in memory what it has asked.
#[derive(Debug)]
pub struct Asker {
    engine: Engine,
    gateway: Gateway,
    /// When it was last asked about the attempt of a message.
    asked: BTreeMap<(String, i32), NaiveDateTime>,
}

impl Asker {
    /// For a gateway that has a lookup.
    #[must_use]
    pub fn new(engine: &Engine, gateway: &Gateway) -> Self {
        Self { engine: engine.clone(), gateway: gateway.clone(), asked: BTreeMap::new() }
    }

    /// Runs until `stop` turns true; a question that is open then is dropped.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let clock = self.engine.clock.clone();
            let round = async {
                let wait_until = self.round().await;
                clock.sleep_until(wait_until).await;
            };
            tokio::select! {
                () = round => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Asks whatever is due to be asked; gives until when there is nothing more to ask.
    async fn round(&mut self) -> Timestamp {
        let now = self.engine.clock.now();
        let mut next = now + self.engine.settings.poll;
        if !self.may_ask(now) {
            return next;
        }
        let wait = self.engine.settings.proof_wait;
        let doubts = match self.doubts(now).await {
            Ok(doubts) => doubts,
            Err(error) => {
                tracing::error!(%error, "messages without a known result could not be read");
                return now + AFTER_FAILURE;
            }
        };
        let open: BTreeSet<(String, i32)> = doubts.iter().map(key).collect();
        self.asked.retain(|key, _| open.contains(key));
        for doubt in doubts {
            let now = self.engine.clock.now();
            if !self.may_ask(now) {
                break;
            }
            let asked = self.asked.get(&key(&doubt)).copied();
            match next_question(doubt.since, asked, wait) {
                // It took so long to ask about the others.
                _ if doubt.since + wait <= now.naive_utc() => {}
                Some(at) if at <= now.naive_utc() => {
                    self.asked.insert(key(&doubt), now.naive_utc());
                    if let Err(reason) = self.ask(&doubt).await {
                        tracing::warn!(message_id = %doubt.message_id, gateway = self.gateway.name(), reason, "lookup");
                        return now + AFTER_FAILURE;
                    }
                    let again = next_question(doubt.since, Some(now.naive_utc()), wait);
                    next = again.map_or(next, |at| next.min(at.and_utc()));
                }
                Some(at) => next = next.min(at.and_utc()),
                None => {}
            }
        }
        next
    }

    /// What nobody knows of yet, and is not given up either.
    async fn doubts(&self, now: Timestamp) -> Result<Vec<Doubt>, StoreError> {
        let channels = self.engine.channels.all();
        let own = channels.iter().filter(|channel| channel.row.gateway == self.gateway.name());
        let own: Vec<String> = own.map(|channel| channel.row.id.clone()).collect();
        let after = now.naive_utc() - self.engine.settings.proof_wait;
        self.engine
            .store
            .read(move |connection| doubts::of_channels(connection, &own, after, DOUBTS_MAX))
            .await
    }

    /// A gateway that does not answer, or that an operator has stopped, is left in peace.
    fn may_ask(&self, now: Timestamp) -> bool {
        let health = self.engine.health.of(self.gateway.name());
        !health.is_paused && health.circuit.state(now) != CircuitState::Open
    }

    async fn ask(&self, doubt: &Doubt) -> Result<(), &'static str> {
        let told = self.gateway.look_up(&doubt.client_ref).await?;
        let state = told.as_ref().map(|report| report.state.as_str());
        tracing::info!(message_id = %doubt.message_id, gateway = self.gateway.name(), state, "lookup");
        let Some(report) = told else {
            return Ok(());
        };
        let report = StatusReport::of(self.gateway.name(), report);
        let turn = ReceiveStatus { engine: self.engine.clone(), report };
        if let Err(error) = self.engine.store.write(turn).await {
            tracing::error!(%error, "the answer of a lookup could not be stored");
        }
        Ok(())
    }
}

fn key(doubt: &Doubt) -> (String, i32) {
    (doubt.message_id.clone(), doubt.attempts)
}

/// When the gateway is to be asked about a message that is unknown `since` and that it was `asked` about last; `None` =
/// not again.
fn next_question(
    since: NaiveDateTime,
    asked: Option<NaiveDateTime>,
    proof_wait: Duration,
) -> Option<NaiveDateTime> {
    let times = [since + FIRST_AFTER, since + proof_wait - LAST_BEFORE];
    times
        .into_iter()
        .filter(|at| *at >= since + FIRST_AFTER && *at < since + proof_wait)
        .find(|at| asked.is_none_or(|asked| asked < *at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn re19_b_it_is_asked_twice_within_the_wait_and_once_if_that_is_short() {
        let since: NaiveDateTime = "2026-11-21T06:00:00".parse().unwrap();
        let after = |seconds| since + Duration::seconds(seconds);
        let next = |asked: Option<i64>, wait| next_question(since, asked.map(after), Duration::seconds(wait));
        assert_eq!(next(None, 120), Some(after(5)));
        assert_eq!(next(Some(5), 120), Some(after(90)));
        assert_eq!(next(Some(89), 120), Some(after(90)), "a first question that came late");
        assert_eq!([next(Some(90), 120), next(Some(119), 120)], [None, None]);
        assert_eq!([next(None, 20), next(Some(5), 20)], [Some(after(5)), None]);
        assert_eq!(next(None, 5), None, "there is no time to ask");
    }
}
