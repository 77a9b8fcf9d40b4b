//! What `/readyz` and `/metrics` look at (O1, O2): the database, the schema, the background work, the gateways,
//! the disk, and how much waits. It repairs nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta};

use super::engine::Engine;
use super::failure::Failure;
use super::send_survey::{BUDGETS, budget_counter, start_of_day};
use crate::clock::Timestamp;
use crate::session::{MessageState, Status};
use crate::store::disk::DiskState;
use crate::store::events::CounterRow;
use crate::store::messages::OpenLoad;
use crate::store::sessions::OpenSessions;
use crate::store::{events, inbound, messages, migrate, parts, sessions};

/// A worker without a sign of life for so long is not at work (O1).
const HEARTBEAT_MAX: TimeDelta = TimeDelta::seconds(30);
/// A dead letter that waits for so long makes the system degraded (O1).
const DEAD_LETTER_MAX: TimeDelta = TimeDelta::minutes(10);
/// Between two looks into the database for the gauges: with millions of rows that wait, each costs something.
const LOOK_GAP: TimeDelta = TimeDelta::seconds(15);

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
    let mut degraded: Vec<&'static str> = is_stale.then_some("dead_letters").into_iter().collect();
    if engine.webhooks.has_failed() {
        degraded.push("webhooks");
    }
    let disk = disk_state(engine).await;
    checks.push(match disk {
        Ok(None) => ("disk", true, "not on this machine"),
        Ok(Some(DiskState::Well)) => ("disk", true, "room enough"),
        Ok(Some(DiskState::Low)) => ("disk", true, "low on room"),
        Ok(Some(DiskState::Out)) => ("disk", false, "almost full"),
        Err(()) => ("disk", false, "its room cannot be read"),
    });
    if disk == Ok(Some(DiskState::Low)) {
        degraded.push("disk");
    }
    Readiness { checks, degraded }
}

/// How the disk of the database is (RF4); `None` when it is on another machine.
async fn disk_state(engine: &Engine) -> Result<Option<DiskState>, ()> {
    let (store, marks) = (engine.store.clone(), engine.settings.disk_marks);
    match tokio::task::spawn_blocking(move || store.disk_room()).await {
        Ok(Ok(room)) => Ok(room.map(|room| room.state(marks))),
        Ok(Err(error)) => {
            tracing::error!(%error, "the room on the disk of the database cannot be read");
            Err(())
        }
        Err(_) => Err(()),
    }
}

/// What a look into the database found for the gauges.
struct Looked {
    messages: Vec<(MessageState, OpenLoad)>,
    /// `unknown` messages of each channel.
    unknown: Vec<(String, i64)>,
    /// Count of parts that wait for others, and since when the oldest should have been joined.
    parts: (i64, Option<NaiveDateTime>),
    /// Count of unresolved dead letters, and since when the oldest waits.
    dead: (i64, Option<NaiveDateTime>),
    sessions: Vec<OpenSessions>,
    /// Since when the oldest timer of each status is overdue.
    timers: Vec<(Status, Option<NaiveDateTime>)>,
    /// Surveys that keys and channels have started today (GW88).
    started: Vec<CounterRow>,
}

/// When the database was last looked at for the gauges. Cloning is cheap; all clones share it.
#[derive(Clone, Debug, Default)]
pub struct GaugesLooked(Arc<Mutex<Option<Timestamp>>>);

impl GaugesLooked {
    /// Whether it is time to look again; if so, it counts as done.
    fn is_time(&self, now: Timestamp) -> bool {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = latest.is_none_or(|at| now < at || now - at >= LOOK_GAP);
        if is_time {
            *latest = Some(now);
        }
        is_time
    }
}

/// Sets the gauges that are only looked at when somebody asks (RE44); the database is looked at every 15 s at most.
///
/// # Errors
/// [`Failure`] when the database cannot be read.
pub async fn sample(engine: &Engine) -> Result<(), Failure> {
    let now = engine.clock.now();
    sample_gateways(engine, now);
    let drift = engine.clock.set_back_by().to_std().unwrap_or_default();
    engine.metrics.clock_drift(drift.as_secs_f64());
    if !engine.gauges_looked.is_time(now) {
        return Ok(());
    }
    let at = now.naive_utc();
    let looked = engine.store.read(move |connection| {
        Ok(Looked {
            messages: messages::open_load(connection)?,
            unknown: messages::unknown_by_channel(connection)?,
            parts: parts::waiting_load(connection)?,
            dead: inbound::dead_load(connection)?,
            sessions: sessions::open_load(connection)?,
            timers: sessions::oldest_timers(connection, at)?,
            started: events::counters_like(connection, BUDGETS, start_of_day(at))?,
        })
    });
    let looked = looked.await?;
    sample_messages(engine, &looked, now);
    sample_sessions(engine, &looked, now);
    sample_budgets(engine, &looked);
    let (waiting, join_at) = looked.parts;
    engine.metrics.inbound_parts(count(waiting), age(now, join_at));
    let (dead, oldest) = looked.dead;
    engine.metrics.dead_letters("inbound", count(dead), age(now, oldest));
    Ok(())
}

fn sample_gateways(engine: &Engine, now: Timestamp) {
    for gateway in engine.gateways.iter() {
        let circuit = engine.health.of(gateway.name()).circuit.state(now);
        engine.metrics.gateway_circuit(gateway.name(), circuit.number());
    }
}

fn sample_messages(engine: &Engine, looked: &Looked, now: Timestamp) {
    for (state, load) in &looked.messages {
        engine.metrics.outbox(state.as_str(), count(load.count), age(now, load.oldest));
    }
    let mut unknown: BTreeMap<String, u64> =
        engine.gateways.iter().map(|gateway| (gateway.name().to_owned(), 0)).collect();
    for (channel_id, number) in &looked.unknown {
        if let Some(channel) = engine.channels.get(channel_id) {
            *unknown.entry(channel.row.gateway.clone()).or_default() += count(*number);
        }
    }
    for (gateway, number) in unknown {
        engine.metrics.unknown_sends(&gateway, number);
    }
}

fn sample_sessions(engine: &Engine, looked: &Looked, now: Timestamp) {
    for survey in engine.library.all() {
        let of_survey = looked.sessions.iter().filter(|load| load.survey_id == survey.id);
        engine.metrics.sessions_open(&survey.id, of_survey.map(|load| count(load.count)).sum());
    }
    for status in Status::ALL.into_iter().filter(|status| status.is_open()) {
        let of_status = looked.sessions.iter().filter(|load| load.status == status);
        let oldest = of_status.filter_map(|load| load.oldest).min();
        engine.metrics.session_oldest(status.as_str(), age(now, oldest));
        let overdue = looked.timers.iter().find(|(of, _)| *of == status).and_then(|(_, since)| *since);
        // A pending session waits for its start; an active one for its reminder or its expiry.
        let kind = if status == Status::Pending { "start" } else { "question" };
        engine.metrics.timer_oldest(kind, age(now, overdue));
    }
}

/// What is left of the day's budgets: of every channel, and of the keys that have started something (GW88).
fn sample_budgets(engine: &Engine, looked: &Looked) {
    let left = |surveys_max: i32, used: i32| u64::try_from(surveys_max - used).unwrap_or(0);
    if let Some(surveys_max) = engine.settings.surveys_per_channel_day {
        for channel in engine.channels.all() {
            let counter = budget_counter("channel", &channel.row.id);
            let used = looked.started.iter().find(|row| row.name == counter).map_or(0, |row| row.count);
            engine.metrics.budget_left("channel", &channel.row.name, left(surveys_max, used));
        }
    }
    if let Some(surveys_max) = engine.settings.surveys_per_key_day {
        for row in &looked.started {
            if let Some(key_id) = row.name.strip_prefix(&budget_counter("key", "")) {
                engine.metrics.budget_left("key", key_id, left(surveys_max, row.count));
            }
        }
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// How long ago it was; 0 s when there is nothing.
fn age(now: Timestamp, since: Option<NaiveDateTime>) -> Duration {
    since.and_then(|since| (now.naive_utc() - since).to_std().ok()).unwrap_or_default()
}
