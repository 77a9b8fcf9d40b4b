//! What `/readyz` and `/metrics` look at (O1, O2): the database, the schema, the background work, the gateways,
//! and how much waits. It repairs nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;

use super::engine::Engine;
use super::failure::Failure;
use crate::clock::Timestamp;
use crate::session::MessageState;
use crate::store::{inbound, messages, migrate};

/// A worker without a sign of life for so long is not at work (O1).
const HEARTBEAT_MAX: TimeDelta = TimeDelta::seconds(30);
/// A dead letter that waits for so long makes the system degraded (O1).
const DEAD_LETTER_MAX: TimeDelta = TimeDelta::minutes(10);
/// States whose messages wait for something.
const OPEN_STATES: [MessageState; 4] =
    [MessageState::Due, MessageState::Sending, MessageState::Held, MessageState::Unknown];

/// The checks, each with what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Name, whether it passed, and a few words.
    pub checks: Vec<(&'static str, bool, &'static str)>,
    /// What works, but not as it should.
    pub degraded: Vec<&'static str>,
}

impl Readiness {
    /// Whether every check passed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.checks.iter().all(|(_, passed, _)| *passed)
    }
}

/// Looks at everything.
pub async fn readiness(engine: &Engine) -> Readiness {
    let now = engine.clock.now();
    let looked = engine.store.read(|connection| {
        let pending = migrate::pending(connection)?;
        Ok((pending.is_empty(), inbound::dead_load(connection)?))
    });
    let (database, schema, dead) = match looked.await {
        Ok((is_current, (_, oldest))) => (true, is_current, oldest),
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            (false, false, None)
        }
    };
    let mut checks = vec![
        ("database", database, if database { "answers" } else { "does not answer" }),
        ("migrations", schema, if schema { "current" } else { "not known to be current" }),
    ];
    checks.push(match engine.heartbeat.age(now) {
        None => ("worker", true, "not in this process"),
        Some(age) if age < HEARTBEAT_MAX => ("worker", true, "at work"),
        Some(_) => ("worker", false, "no sign of life for 30 s"),
    });
    let names: Vec<String> = engine.gateways.iter().map(|gateway| gateway.name().to_owned()).collect();
    checks.push(if engine.health.any_usable(&names, now) {
        ("gateways", true, "at least one can be sent to")
    } else {
        ("gateways", false, "every circuit is open")
    });
    let is_stale = dead.is_some_and(|since| now.naive_utc() - since > DEAD_LETTER_MAX);
    let degraded = is_stale.then_some("dead_letters").into_iter().collect();
    Readiness { checks, degraded }
}

/// Sets the gauges that are only looked at when somebody asks.
///
/// # Errors
/// [`Failure`] when the database cannot be read.
pub async fn sample(engine: &Engine) -> Result<(), Failure> {
    let now = engine.clock.now();
    let looked = engine
        .store
        .read(|connection| Ok((messages::open_load(connection)?, inbound::dead_load(connection)?)));
    let (open, (dead, _)) = looked.await?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    for state in OPEN_STATES {
        let of_state = open.iter().filter(|load| load.state == state);
        let depth = of_state.clone().map(|load| count(load.count)).sum();
        let oldest = of_state.filter_map(|load| load.oldest).min();
        engine.metrics.outbox(state.as_str(), depth, oldest.map_or(Duration::ZERO, |since| age(now, since)));
    }
    let mut unknown: BTreeMap<String, u64> =
        engine.gateways.iter().map(|gateway| (gateway.name().to_owned(), 0)).collect();
    for load in &open {
        if load.state == MessageState::Unknown
            && let Some(channel) = engine.channels.get(&load.channel_id)
        {
            *unknown.entry(channel.row.gateway.clone()).or_default() += count(load.count);
        }
    }
    for (gateway, number) in unknown {
        engine.metrics.unknown_sends(&gateway, number);
    }
    engine.metrics.dead_letters("inbound", count(dead));
    let drift = engine.clock.set_back_by().to_std().unwrap_or_default();
    engine.metrics.clock_drift(drift.as_secs_f64());
    Ok(())
}

fn age(now: Timestamp, since: chrono::NaiveDateTime) -> Duration {
    (now.naive_utc() - since).to_std().unwrap_or_default()
}
