//! [`Circuit`]: stops sending to a gateway that refuses our credentials or does not answer, and probes it again
//! after a while. Pure: the time is an argument.

use chrono::Duration;

use crate::clock::Timestamp;
use crate::gateway::SendClass;

/// Failed tries in a row that open it.
const FAILURES_MAX: u32 = 5;
/// First pause; doubles up to the longest.
const PAUSE: Duration = Duration::seconds(5);
const LONGEST_PAUSE: Duration = Duration::minutes(5);

/// Whether a gateway may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircuitState {
    /// Sends go out.
    Closed,
    /// One send goes out to see whether the gateway is back.
    HalfOpen,
    /// Nothing goes out.
    Open,
}

impl CircuitState {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }

    /// The number used in metrics: 0 closed, 1 half open, 2 open (O2).
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }
}

/// The memory of one gateway's recent answers.
#[derive(Clone, Debug, Default)]
pub struct Circuit {
    failures: u32,
    openings: u32,
    open_until: Option<Timestamp>,
}

impl Circuit {
    /// The state at an instant.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> CircuitState {
        match self.open_until {
            None => CircuitState::Closed,
            Some(until) if now < until => CircuitState::Open,
            Some(_) => CircuitState::HalfOpen,
        }
    }

    /// When an open circuit lets the next probe through.
    #[must_use]
    pub fn open_until(&self) -> Option<Timestamp> {
        self.open_until
    }

    /// How long it stays open; `None` if it is not.
    #[must_use]
    pub fn reopens_in(&self, now: Timestamp) -> Option<Duration> {
        self.open_until.filter(|until| *until > now).map(|until| until - now)
    }

    /// Takes note of an answer; true = it has opened though it was closed. A refusal of one message says nothing
    /// about the gateway, nor does a failure of a send that began before it opened.
    pub fn note(&mut self, class: SendClass, now: Timestamp) -> bool {
        let was = self.state(now);
        match class {
            SendClass::Accepted
            | SendClass::Duplicate
            | SendClass::Permanent
            | SendClass::OptedOut
            | SendClass::Held
            | SendClass::Throttled => *self = Self::default(),
            SendClass::Auth | SendClass::Retry | SendClass::Ambiguous if was == CircuitState::Open => {}
            SendClass::Auth => self.open(now),
            SendClass::Retry | SendClass::Ambiguous => {
                self.failures += 1;
                if self.failures >= FAILURES_MAX || self.open_until.is_some() {
                    self.open(now);
                }
            }
        }
        was == CircuitState::Closed && self.state(now) == CircuitState::Open
    }

    fn open(&mut self, now: Timestamp) {
        let doublings = self.openings.min(10);
        let pause = (PAUSE * (1 << doublings)).min(LONGEST_PAUSE);
        self.openings += 1;
        self.open_until = Some(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_silent_answers_open_it_one_probe_follows_and_success_closes_it() {
        let start: Timestamp = "2026-11-21T06:00:00Z".parse().unwrap();
        let mut circuit = Circuit::default();
        for _ in 0..4 {
            circuit.note(SendClass::Ambiguous, start);
        }
        assert_eq!(circuit.state(start), CircuitState::Closed);
        assert!(circuit.note(SendClass::Retry, start), "now it opens");
        assert_eq!(circuit.state(start), CircuitState::Open);
        assert!(
            !circuit.note(SendClass::Retry, start),
            "a send that began before: the pause stays what it is"
        );
        let later = start + Duration::seconds(5);
        assert_eq!(circuit.state(later), CircuitState::HalfOpen);
        circuit.note(SendClass::Retry, later);
        assert_eq!(circuit.state(later + Duration::seconds(9)), CircuitState::Open);
        circuit.note(SendClass::Accepted, later + Duration::seconds(10));
        assert_eq!(circuit.state(later + Duration::seconds(10)), CircuitState::Closed);
    }

    #[test]
    fn refused_credentials_open_it_at_once_and_a_refused_number_never_does() {
        let start: Timestamp = "2026-11-21T06:00:00Z".parse().unwrap();
        let mut circuit = Circuit::default();
        for _ in 0..20 {
            circuit.note(SendClass::Permanent, start);
        }
        assert_eq!(circuit.state(start), CircuitState::Closed);
        circuit.note(SendClass::Auth, start);
        assert_eq!(circuit.state(start), CircuitState::Open);
    }
}
