//! [`GatewayHealth`]: each gateway's recent past as this node saw it: its circuit, whether an operator paused it,
//! and the codes of failed sends. Kept in memory; it never decides what happens to a message.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::circuit::{Circuit, CircuitState};
use crate::clock::Timestamp;
use crate::gateway::{SendClass, SendResult};

/// Most codes kept of a gateway, and the longest of them: what a gateway writes must not fill our memory.
const CODES_MAX: usize = 100;
const CODE_CHARS_MAX: usize = 100;

/// What is known about each gateway on this node. Cloning is cheap; all clones see the same.
#[derive(Clone, Debug, Default)]
pub struct GatewayHealth {
    by_name: Arc<Mutex<BTreeMap<String, Health>>>,
}

/// One gateway's recent past.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Opens when the gateway refuses or is silent.
    pub circuit: Circuit,
    /// Stopped by an operator.
    pub is_paused: bool,
    /// Last authentic callback.
    pub last_inbound_at: Option<Timestamp>,
    /// Last message handed over.
    pub last_outbound_at: Option<Timestamp>,
    /// Sends of a channel that may be in flight together while it is slow; `None` = as many as the settings say (RF10).
    sends_max: Option<usize>,
    /// Codes of failed sends and unknown words of reports, and how often each came; at most 100 codes.
    pub errors: BTreeMap<String, u64>,
}

impl GatewayHealth {
    /// A gateway's recent past.
    #[must_use]
    pub fn of(&self, name: &str) -> Health {
        self.locked().get(name).cloned().unwrap_or_default()
    }

    /// Stops or starts sending to a gateway; inbound goes on.
    pub fn pause(&self, name: &str, is_paused: bool) {
        self.locked().entry(name.to_owned()).or_default().is_paused = is_paused;
    }

    /// Shows which gateways are stopped: these, and no other one.
    pub fn pause_only(&self, names: &[String]) {
        let mut locked = self.locked();
        locked.values_mut().for_each(|health| health.is_paused = false);
        for name in names {
            locked.entry(name.clone()).or_default().is_paused = true;
        }
    }

    /// Whether any gateway can be sent to.
    #[must_use]
    pub fn any_usable(&self, names: &[String], now: Timestamp) -> bool {
        names.is_empty() || names.iter().any(|name| self.of(name).circuit.state(now) != CircuitState::Open)
    }

    /// Takes note of an authentic callback.
    pub fn note_inbound(&self, name: &str, now: Timestamp) {
        self.locked().entry(name.to_owned()).or_default().last_inbound_at = Some(now);
    }

    /// Takes note of what a send came to, where at most `sends_max` of a channel may be in flight; true = the gateway
    /// was well and its circuit has opened.
    #[must_use]
    pub fn note(&self, name: &str, result: &SendResult, sends_max: usize, now: Timestamp) -> bool {
        let mut locked = self.locked();
        let health = locked.entry(name.to_owned()).or_default();
        let class = result.class();
        let has_opened = health.circuit.note(class, now);
        if class == SendClass::Accepted {
            health.last_outbound_at = Some(now);
        }
        health.adapt(result, sends_max);
        if let Some(detail) = result.detail() {
            health.count(detail.code.as_deref().unwrap_or(detail.reason));
        }
        has_opened
    }

    /// Takes note of a delivery report whose status word nobody knows (GW33).
    pub fn note_unmapped(&self, name: &str, word: &str) {
        self.locked().entry(name.to_owned()).or_default().count(word);
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Health>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Health {
    /// How many sends of a channel may be in flight together.
    #[must_use]
    pub fn sends_max(&self, sends_max: usize) -> usize {
        self.sends_max.map_or(sends_max, |now| now.min(sends_max))
    }

    /// Silence halves what may be in flight, each acceptance gives one back (RF10).
    fn adapt(&mut self, result: &SendResult, sends_max: usize) {
        let now = self.sends_max(sends_max);
        let is_silent = result.detail().is_some_and(|detail| detail.code.is_none());
        match result.class() {
            SendClass::Ambiguous if is_silent => self.sends_max = Some((now / 2).max(1)),
            SendClass::Accepted => self.sends_max = Some(now + 1).filter(|more| *more < sends_max),
            SendClass::Throttled
            | SendClass::Retry
            | SendClass::Permanent
            | SendClass::OptedOut
            | SendClass::Auth
            | SendClass::Held
            | SendClass::Duplicate
            | SendClass::Ambiguous => {}
        }
    }

    /// Counts a code.
    fn count(&mut self, code: &str) {
        let code: String = code.chars().take(CODE_CHARS_MAX).collect();
        if self.errors.len() < CODES_MAX || self.errors.contains_key(&code) {
            *self.errors.entry(code).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Detail;

    #[test]
    fn rf10_silence_halves_what_may_be_in_flight_and_each_acceptance_gives_one_back() {
        let now: Timestamp = "2026-11-21T06:00:00Z".parse().unwrap();
        let health = GatewayHealth::default();
        let after = |result: &SendResult| {
            let _ = health.note("g", result, 8, now);
            health.of("g").sends_max(8)
        };
        let silent = SendResult::Ambiguous(Detail::plain("no answer in time"));
        let accepted = SendResult::Accepted { external_id: None, session: None };
        assert_eq!(health.of("g").sends_max(8), 8);
        assert_eq!([after(&silent), after(&silent), after(&silent), after(&silent)], [4, 2, 1, 1]);
        assert_eq!([after(&accepted), after(&accepted)], [2, 3]);
        assert_eq!(after(&SendResult::Ambiguous(Detail::coded(500, "an error"))), 3, "it did answer");
        for _ in 0..9 {
            after(&accepted);
        }
        assert_eq!(health.of("g").sends_max(8), 8, "never more than the settings say");
    }
}
