//! [`Clock`]: the one place that asks the machine what time it is, and waits for a time to come. Everybody else
//! gets `now` as an argument. The time it tells never goes back (RF29). It never decides what is due.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// An instant in UTC, truncated to microseconds: what PostgreSQL and SQLite both keep (RP10).
pub type Timestamp = DateTime<Utc>;

/// Longest single wait, so that a wall clock that is set forward is noticed soon.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// Between two looks at a better clock.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(1);

/// Shortest single wait, so that a rounding error cannot spin.
const SHORTEST_NAP: Duration = Duration::from_millis(1);

/// Tells the time. Cloning is cheap and all clones tell the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    /// Latest time told, in microseconds since 1970.
    high_water: Arc<AtomicI64>,
    /// How far the clock we follow is ahead of the machine's, in microseconds.
    ahead: Arc<AtomicI64>,
    /// When we last looked at it, in microseconds since 1970 by the machine's clock.
    looked: Arc<AtomicI64>,
}

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(watch::Receiver<Timestamp>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from_source(Source::System)
    }

    fn from_source(source: Source) -> Self {
        let far_back = || Arc::new(AtomicI64::new(i64::MIN));
        Self { source, high_water: far_back(), ahead: Arc::default(), looked: far_back() }
    }

    /// The time: the later of the wall clock and the latest time ever told or seeded (RF29).
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let wall = self.wall();
        let told = self.high_water.fetch_max(wall.timestamp_micros(), Ordering::AcqRel);
        from_micros(told).map_or(wall, |told| told.max(wall))
    }

    /// Makes sure that no time before `high_water` is told from now on. The store calls it with the time it
    /// kept before the restart (RF29).
    pub fn raise_to(&self, high_water: Timestamp) {
        self.high_water.fetch_max(high_water.timestamp_micros(), Ordering::AcqRel);
    }

    /// Follows a better clock, which `ask` reads: from now on the time told is its time, run on by the machine's
    /// clock. The nodes of one database follow the database's clock, so that all mean the same instant (RE16).
    /// Asks at most once a second; a manual clock follows nobody.
    ///
    /// # Errors
    /// Whatever `ask` returns.
    pub fn follow<E>(&self, ask: impl FnOnce() -> Result<Timestamp, E>) -> Result<(), E> {
        if matches!(self.source, Source::Manual(_)) {
            return Ok(());
        }
        let asked = system_now();
        let since = from_micros(self.looked.load(Ordering::Acquire)).map(|looked| (asked - looked).abs());
        if since.is_some_and(|since| since < LOOK_EVERY) {
            return Ok(());
        }
        let theirs = ask()?;
        let answered = system_now();
        let ours = asked + (answered - asked) / 2;
        self.ahead.store((theirs - ours).num_microseconds().unwrap_or(0), Ordering::Release);
        self.looked.store(answered.timestamp_micros(), Ordering::Release);
        Ok(())
    }

    /// How far the wall clock is behind the time we tell; zero when it was not set back. More than two
    /// seconds deserve a warning (RF29).
    #[must_use]
    pub fn set_back_by(&self) -> TimeDelta {
        let told = from_micros(self.high_water.load(Ordering::Acquire));
        told.map_or(TimeDelta::zero(), |told| (told - self.wall()).max(TimeDelta::zero()))
    }

    /// Waits until [`Clock::now`] is at `instant` or later; returns at once when it is already.
    pub async fn sleep_until(&self, instant: Timestamp) {
        match &self.source {
            Source::System => self.nap_until(instant).await,
            Source::Manual(hand) => self.watch_until(instant, hand.clone()).await,
        }
    }

    async fn nap_until(&self, instant: Timestamp) {
        loop {
            let left = instant - self.now();
            if left <= TimeDelta::zero() {
                return;
            }
            let left = left.to_std().unwrap_or(LONGEST_NAP);
            tokio::time::sleep(left.clamp(SHORTEST_NAP, LONGEST_NAP)).await;
        }
    }

    async fn watch_until(&self, instant: Timestamp, mut hand: watch::Receiver<Timestamp>) {
        while self.now() < instant {
            if hand.changed().await.is_err() {
                // Nobody holds the clock's hand any more: this time never comes.
                std::future::pending::<()>().await;
            }
        }
    }

    fn wall(&self) -> Timestamp {
        match &self.source {
            Source::System => system_now() + TimeDelta::microseconds(self.ahead.load(Ordering::Acquire)),
            Source::Manual(hand) => *hand.borrow(),
        }
    }
}

/// The hand of a clock that stands still until it is moved: for tests and for a virtual clock.
#[derive(Debug)]
pub struct ManualClock {
    hand: watch::Sender<Timestamp>,
    clock: Clock,
}

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        let (hand, watched) = watch::channel(truncated(start));
        Self { hand, clock: Clock::from_source(Source::Manual(watched)) }
    }

    /// The clock this hand moves.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Moves the hand forward and wakes whoever waits for a time passed over.
    pub fn advance(&self, by: TimeDelta) {
        self.hand.send_modify(|wall| *wall = truncated(*wall + by));
    }

    /// Puts the wall clock to `instant`. The time told still never goes back (RF29).
    pub fn set(&self, instant: Timestamp) {
        self.hand.send_replace(truncated(instant));
    }
}

/// The instant without what is finer than a microsecond (RP10).
#[must_use]
pub fn truncated(instant: Timestamp) -> Timestamp {
    from_micros(instant.timestamp_micros()).unwrap_or(instant)
}

fn from_micros(micros: i64) -> Option<Timestamp> {
    DateTime::from_timestamp_micros(micros)
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine what time it is")]
fn system_now() -> Timestamp {
    truncated(Utc::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn time_never_goes_back_even_when_the_wall_clock_does() {
        let hand = ManualClock::new(at("2026-11-21T07:00:00Z"));
        let clock = hand.clock();
        hand.set(at("2026-11-21T08:00:00Z"));
        assert_eq!(clock.now(), at("2026-11-21T08:00:00Z"));
        hand.set(at("2026-11-21T07:59:50Z"));
        assert_eq!(clock.now(), at("2026-11-21T08:00:00Z"));
        assert_eq!(clock.set_back_by(), TimeDelta::seconds(10));
        hand.advance(TimeDelta::seconds(11));
        assert_eq!(clock.now(), at("2026-11-21T08:00:01Z"));
        assert_eq!(clock.set_back_by(), TimeDelta::zero());
    }

    #[test]
    fn a_seeded_high_water_holds_for_all_clones() {
        let hand = ManualClock::new(at("2026-11-21T07:00:00Z"));
        hand.clock().raise_to(at("2026-11-21T09:00:00Z"));
        assert_eq!(hand.clock().now(), at("2026-11-21T09:00:00Z"));
    }

    #[test]
    fn times_are_truncated_to_microseconds() {
        let hand = ManualClock::new(at("2026-11-21T07:00:00.123456789Z"));
        assert_eq!(hand.clock().now(), at("2026-11-21T07:00:00.123456Z"));
        assert_eq!(Clock::system().now().timestamp_subsec_nanos() % 1_000, 0);
    }

    #[test]
    fn a_clock_that_follows_another_tells_its_time_and_asks_once_a_second() {
        let clock = Clock::system();
        let theirs = || Ok::<_, ()>(at("2031-01-01T00:00:00Z"));
        clock.follow(theirs).unwrap();
        let told = clock.now();
        assert!(told >= at("2031-01-01T00:00:00Z") && told < at("2031-01-01T00:01:00Z"), "{told}");
        clock.follow(|| -> Result<Timestamp, ()> { panic!("it was asked a moment ago") }).unwrap();
        assert!(clock.now() >= told);
    }

    #[test]
    fn a_clock_moved_by_hand_follows_nobody() {
        let hand = ManualClock::new(at("2026-11-21T07:00:00Z"));
        hand.clock().follow(|| -> Result<Timestamp, ()> { panic!("nobody asks") }).unwrap();
        assert_eq!(hand.clock().now(), at("2026-11-21T07:00:00Z"));
    }

    #[tokio::test]
    async fn advancing_wakes_those_whose_time_has_come_and_no_others() {
        let hand = ManualClock::new(at("2026-11-21T07:00:00Z"));
        let sleep = |until: &'static str| {
            let clock = hand.clock();
            tokio::spawn(async move { clock.sleep_until(at(until)).await })
        };
        let soon = sleep("2026-11-21T07:00:02Z");
        let later = sleep("2026-11-21T09:00:00Z");
        tokio::task::yield_now().await;
        assert!(!soon.is_finished());
        hand.advance(TimeDelta::seconds(2));
        soon.await.unwrap();
        assert!(!later.is_finished());
        hand.set(at("2026-11-21T10:00:00Z"));
        later.await.unwrap();
    }

    #[tokio::test]
    async fn the_system_clock_sleeps_until_the_time_has_come() {
        let clock = Clock::system();
        let until = clock.now() + TimeDelta::milliseconds(20);
        clock.sleep_until(until).await;
        assert!(clock.now() >= until);
    }
}
