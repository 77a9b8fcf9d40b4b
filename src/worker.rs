//! Supervises what runs beside the HTTP server: the dispatcher, the questions to gateways that can be asked about lost
//! sends, the calls to webhooks, the timers of sessions, the sweep of the outbox, the simulator's delivery reports, and on
//! PostgreSQL the changes that other nodes make. Each task is restarted by its own loop after an error; none of them holds
//! state that the database does not have, but for what a gateway was asked: after a restart it is asked again.

use chrono::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::engine::Engine;
use crate::app::expire_sessions::run_due_timers;
use crate::app::follow_setup::follow_setup;
use crate::app::forget_answers::{forget_answers, forget_deliveries};
use crate::app::receive_part::join_waiting;
use crate::app::receive_status::{ReceiveStatus, StatusReport};
use crate::app::sweep_outbox::{SweepOutbox, sweep};
use crate::clock::Timestamp;
use crate::outbox::{Asker, Dispatcher, Notifier};
use crate::store::{StoreError, WriteError};

/// Longest time between two signs of life; the health check allows 30 s (O1).
const HEARTBEAT: Duration = Duration::seconds(10);
/// Between two rounds of housekeeping.
const HOUSEKEEPING: Duration = Duration::hours(1);
/// Wait after the database failed.
const AFTER_FAILURE: Duration = Duration::seconds(1);

/// The running tasks; stop them with [`Worker::stop`].
#[derive(Debug)]
pub struct Worker {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Worker {
    /// Recovers what a crash left behind (RE31), then starts the tasks. `seen` is the version of the set-up in
    /// memory.
    ///
    /// # Errors
    /// [`WriteError`] when the recovery cannot be stored.
    pub async fn start(
        engine: &Engine,
        seen: i64,
        public_url: Option<reqwest::Url>,
        notifier: Notifier,
    ) -> Result<Self, WriteError> {
        if !engine.store.is_shared() {
            let lost = engine.store.write(SweepOutbox::at_start(engine)).await?;
            if lost > 0 {
                tracing::warn!(messages = lost, "sends were cut off; their results are unknown");
            }
        }
        let mut worker = Self::follow_only(engine, seen);
        let stopped = worker.stop.subscribe();
        let tasks = &mut worker.tasks;
        engine.store.signals().work_here();
        let dispatcher = Dispatcher::new(engine, public_url);
        tasks.push(tokio::spawn(dispatcher.run(stopped.clone())));
        tasks.push(tokio::spawn(notifier.run(stopped.clone())));
        tasks.push(tokio::spawn(keep_timers(engine.clone(), stopped.clone())));
        tasks.push(tokio::spawn(keep_sweeping(engine.clone(), stopped.clone())));
        tasks.push(tokio::spawn(keep_house(engine.clone(), stopped.clone())));
        for gateway in engine.gateways.iter() {
            if gateway.has_lookup() {
                tasks.push(tokio::spawn(Asker::new(engine, gateway).run(stopped.clone())));
            }
            if gateway.simulator().is_some() {
                let name = gateway.name().to_owned();
                tasks.push(tokio::spawn(pass_on_reports(engine.clone(), name, stopped.clone())));
            }
        }
        Ok(worker)
    }

    /// Sends nothing and fires no timer; only keeps what is in memory as other nodes change it. On SQLite there is
    /// no other node and nothing to do.
    #[must_use]
    pub fn follow_only(engine: &Engine, seen: i64) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = Vec::new();
        if engine.store.is_shared() {
            tasks.push(tokio::spawn(keep_following(engine.clone(), seen, stopped)));
        }
        Self { stop, tasks }
    }

    /// Stops claiming, lets the sends in flight finish, and ends all tasks (RE38).
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        for task in std::mem::take(&mut self.tasks) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a background task ended with a panic");
            }
        }
    }
}

impl Drop for Worker {
    /// Nobody can stop the tasks any more: they end by themselves.
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

/// Expiry, reminders, delayed starts, and parts of texts that waited long enough for the others.
async fn keep_timers(engine: Engine, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        engine.heartbeat.beat(engine.clock.now());
        let signal = engine.store.signals().timers.clone();
        let notified = signal.notified();
        engine.store.signals().expect_any_timer();
        let wait_until = match fire_timers(&engine).await {
            Ok(next) => {
                let wait_until = until(&engine, next);
                engine.store.signals().expect_timer_at(wait_until);
                wait_until
            }
            Err(error) => {
                tracing::error!(%error, "timers could not be read");
                engine.clock.now() + AFTER_FAILURE
            }
        };
        tokio::select! {
            () = notified => {}
            () = engine.clock.sleep_until(wait_until.min(engine.clock.now() + HEARTBEAT)) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Fires what is due; gives when the next timer is.
async fn fire_timers(engine: &Engine) -> Result<Option<Timestamp>, StoreError> {
    let joined = join_waiting(engine).await?;
    let fired = run_due_timers(engine).await?;
    Ok([joined, fired].into_iter().flatten().min())
}

/// Lost leases, `unknown` without proof, `accepted` without a report. Their waits are all longer than the safety
/// net, so no commit needs to wake this task.
async fn keep_sweeping(engine: Engine, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let wait_until = match sweep(&engine).await {
            Ok(next) => until(&engine, next),
            Err(error) => {
                tracing::error!(%error, "the outbox could not be swept");
                engine.clock.now() + AFTER_FAILURE
            }
        };
        tokio::select! {
            () = engine.clock.sleep_until(wait_until) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Surveys, channels, keys and paused gateways as other nodes change them; the poll finds what was not heard.
async fn keep_following(engine: Engine, mut seen: i64, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let signal = engine.store.signals().setup.clone();
        let notified = signal.notified();
        let wait = match follow_setup(&engine, seen).await {
            Ok(version) => {
                seen = version;
                engine.settings.poll
            }
            Err(error) => {
                tracing::error!(%error, "what other nodes changed could not be read");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = notified => {}
            () = engine.clock.sleep_until(engine.clock.now() + wait) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Forgets what was kept long enough, once an hour.
async fn keep_house(engine: Engine, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        // Told before the work: what becomes old meanwhile is forgotten in the next round, not the one after.
        let next = engine.clock.now() + HOUSEKEEPING;
        if let Err(error) = forget_answers(&engine).await {
            tracing::error!(%error, "old answers could not be forgotten");
        }
        if let Err(error) = forget_deliveries(&engine).await {
            tracing::error!(%error, "old deliveries could not be forgotten");
        }
        tokio::select! {
            () = engine.clock.sleep_until(next) => {}
            _ = stop.changed() => {}
        }
    }
}

fn until(engine: &Engine, next: Option<Timestamp>) -> Timestamp {
    let net = engine.clock.now() + engine.settings.poll;
    next.map_or(net, |next| next.min(net))
}

/// The simulator has no webhook to call: its reports are passed on in the process.
async fn pass_on_reports(engine: Engine, name: String, mut stop: watch::Receiver<bool>) {
    let Some(simulator) = engine.gateways.get(&name).and_then(|gateway| gateway.simulator()) else {
        return;
    };
    while !*stop.borrow() {
        tokio::select! {
            report = simulator.next_report() => {
                let report = StatusReport::of(&name, report);
                if let Err(error) = engine.store.write(ReceiveStatus { engine: engine.clone(), report }).await {
                    tracing::error!(%error, "a simulated delivery report was lost");
                }
            }
            _ = stop.changed() => {}
        }
    }
}
