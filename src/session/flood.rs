//! The flood guard of a phone (GW89, A73): ten different messages that we send of our own accord within five minutes,
//! then none until five minutes have passed without any being wanted.

use chrono::{Duration, NaiveDateTime};

/// Different messages in [`WINDOW`].
const DIFFERENT_MAX: usize = 10;
/// How long messages are counted together, and how long it must be quiet.
const WINDOW: Duration = Duration::minutes(5);

/// What went to a phone lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flood {
    /// Different messages of the last five minutes, each with the time of its latest copy.
    pub recent: Vec<(String, NaiveDateTime)>,
    /// It has had too many.
    pub is_blocked: bool,
    /// The last one that was sent or wanted to be.
    pub last_at: NaiveDateTime,
}

impl Flood {
    /// A phone that got nothing lately.
    #[must_use]
    pub fn none(at: NaiveDateTime) -> Self {
        Self { recent: Vec::new(), is_blocked: false, last_at: at }
    }

    /// Counts a message in, and says whether it may go.
    pub fn admit(&mut self, fingerprint: &str, at: NaiveDateTime) -> bool {
        let is_quiet = at - self.last_at >= WINDOW;
        self.last_at = self.last_at.max(at);
        if self.is_blocked && !is_quiet {
            return false;
        }
        self.is_blocked = false;
        self.recent.retain(|(_, sent_at)| at - *sent_at < WINDOW);
        if let Some((_, sent_at)) = self.recent.iter_mut().find(|(known, _)| known == fingerprint) {
            *sent_at = at;
            return true;
        }
        if self.recent.len() >= DIFFERENT_MAX {
            self.is_blocked = true;
            self.recent.clear();
            return false;
        }
        self.recent.push((fingerprint.to_owned(), at));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> NaiveDateTime {
        "2026-11-21T08:00:00".parse::<NaiveDateTime>().unwrap() + Duration::seconds(seconds)
    }

    #[test]
    fn gw89_ten_different_texts_go_and_then_none_until_five_minutes_of_silence() {
        let mut flood = Flood::none(at(0));
        for number in 0..10 {
            assert!(flood.admit(&format!("text {number}"), at(number)));
        }
        assert!(flood.admit("text 3", at(20)), "the same text again is no other text");
        assert!(!flood.admit("text 10", at(30)));
        assert!(!flood.admit("text 3", at(320)), "each try prolongs it");
        assert!(!flood.admit("text 11", at(619)));
        assert!(flood.admit("text 11", at(919)));
    }

    #[test]
    fn gw89_a_window_slides() {
        let mut flood = Flood::none(at(0));
        for number in 0..30 {
            assert!(flood.admit(&format!("text {number}"), at(number * 30)), "{number}");
        }
    }
}
