//! Correlation: which session an inbound text belongs to (gateways.md 3.3, A22–A32). The phone must always
//! match: handles and suffixes can be guessed. Pure: candidates in, one match out.

use chrono::NaiveDateTime;

/// A session of the sender's phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Its id.
    pub id: &'a str,
    /// Active and not past its expiry.
    pub is_open: bool,
    /// Pending: nothing was sent yet, so nothing can be answered.
    pub is_waiting: bool,
    /// It is sent from a number that we picked for it (GW53, GW54).
    pub has_subnumber: bool,
    /// It is open, and one of its sends has an unknown result.
    pub has_uncertain_send: bool,
    /// When its current question was sent, or is due.
    pub asked_at: NaiveDateTime,
    /// When it ended or will have ended; orders the ended ones.
    pub ended_at: NaiveDateTime,
}

/// The thread that the gateway names for an inbound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thread {
    /// None: the text came to the plain number.
    Plain,
    /// A thread of this session, and the phone matches.
    Known(String),
    /// A thread of somebody else's session.
    OfAnotherPhone,
    /// A thread of the gateway that we have never seen.
    Unknown,
    /// A number of ours that leads to no session of this phone.
    OfNobody,
}

/// Where an inbound belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// An open session.
    Open {
        /// Its id.
        id: String,
        /// Several were open; this one was asked last (policy `parallel`).
        is_ambiguous: bool,
        /// The unknown thread now belongs to it (A26).
        adopts_thread: bool,
    },
    /// A session that has ended.
    Ended {
        /// Its id.
        id: String,
    },
    /// No session: another person's thread (`correlation_mismatch`).
    AnotherPhone,
    /// No session: a stale thread.
    StaleThread,
    /// No session.
    Nothing,
}

/// Finds the session. `candidates` are sessions of the sender's phone on the receiving channel, or on all
/// channels where `cross_channel_lookup` is set; those that ended too long ago are left out by the caller.
#[must_use]
pub fn correlate(thread: &Thread, candidates: &[Candidate<'_>]) -> Match {
    match thread {
        Thread::Known(id) => match candidates.iter().find(|candidate| candidate.id == id) {
            Some(found) if found.is_open => open(found, false, false),
            Some(found) => Match::Ended { id: found.id.to_owned() },
            None => Match::StaleThread,
        },
        Thread::OfAnotherPhone => Match::AnotherPhone,
        Thread::Unknown => adopt(candidates),
        Thread::OfNobody => Match::StaleThread,
        Thread::Plain => by_phone(candidates),
    }
}

/// A26: exactly one open session whose send result is not known yet takes the thread.
fn adopt(candidates: &[Candidate<'_>]) -> Match {
    let mut uncertain = candidates.iter().filter(|candidate| candidate.has_uncertain_send);
    match (uncertain.next(), uncertain.next()) {
        (Some(only), None) => open(only, false, true),
        (Some(_), Some(_)) | (None, _) => Match::StaleThread,
    }
}

/// Open beats ended (A24); of several open ones those that are sent from the plain number, and of these the one
/// asked last (A23); else the newest ended one.
fn by_phone(candidates: &[Candidate<'_>]) -> Match {
    let mut open_ones: Vec<&Candidate<'_>> =
        candidates.iter().filter(|candidate| candidate.is_open).collect();
    if open_ones.iter().any(|candidate| !candidate.has_subnumber) {
        open_ones.retain(|candidate| !candidate.has_subnumber);
    }
    if let Some(latest) = open_ones.iter().max_by(|a, b| (a.asked_at, a.id).cmp(&(b.asked_at, b.id))) {
        return open(latest, open_ones.len() > 1, false);
    }
    let newest = candidates
        .iter()
        .filter(|candidate| !candidate.is_waiting)
        .max_by(|a, b| (a.ended_at, a.id).cmp(&(b.ended_at, b.id)));
    newest.map_or(Match::Nothing, |found| Match::Ended { id: found.id.to_owned() })
}

fn open(candidate: &Candidate<'_>, is_ambiguous: bool, adopts_thread: bool) -> Match {
    Match::Open { id: candidate.id.to_owned(), is_ambiguous, adopts_thread }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: &str, is_open: bool, minute: u32) -> Candidate<'_> {
        let at = chrono::NaiveDate::from_ymd_opt(2026, 11, 21).unwrap().and_hms_opt(6, minute, 0).unwrap();
        Candidate {
            id,
            is_open,
            is_waiting: false,
            has_subnumber: false,
            has_uncertain_send: false,
            asked_at: at,
            ended_at: at,
        }
    }

    fn opened(id: &str, is_ambiguous: bool, adopts_thread: bool) -> Match {
        Match::Open { id: id.to_owned(), is_ambiguous, adopts_thread }
    }

    #[test]
    fn a24_by_phone_an_open_session_beats_a_newer_ended_one() {
        let candidates = [candidate("old", true, 1), candidate("new", false, 2)];
        assert_eq!(correlate(&Thread::Plain, &candidates), opened("old", false, false));
    }

    #[test]
    fn a24_by_subnumber_the_match_is_exact_and_an_ended_session_answers() {
        let candidates = [candidate("old", true, 1), candidate("new", false, 2)];
        let known = Thread::Known("new".to_owned());
        assert_eq!(correlate(&known, &candidates), Match::Ended { id: "new".to_owned() });
    }

    #[test]
    fn a23_of_two_parallel_sessions_the_one_asked_last_gets_the_reply() {
        let candidates = [candidate("a", true, 5), candidate("b", true, 3)];
        assert_eq!(correlate(&Thread::Plain, &candidates), opened("a", true, false));
    }

    #[test]
    fn gw54_a_text_to_the_plain_number_belongs_to_the_session_that_has_no_other() {
        let of_pool = Candidate { has_subnumber: true, ..candidate("pool", true, 9) };
        assert_eq!(correlate(&Thread::Plain, &[of_pool]), opened("pool", false, false), "A25");
        let both = [of_pool, candidate("plain", true, 1)];
        assert_eq!(correlate(&Thread::Plain, &both), opened("plain", false, false));
        assert_eq!(correlate(&Thread::OfNobody, &both), Match::StaleThread);
    }

    #[test]
    fn a26_an_unknown_thread_is_adopted_only_by_a_single_uncertain_session() {
        let mut one = candidate("a", true, 1);
        assert_eq!(correlate(&Thread::Unknown, &[one]), Match::StaleThread);
        one.has_uncertain_send = true;
        assert_eq!(correlate(&Thread::Unknown, &[one]), opened("a", false, true));
        let other = Candidate { id: "b", ..one };
        assert_eq!(correlate(&Thread::Unknown, &[one, other]), Match::StaleThread);
    }

    #[test]
    fn a26_a_thread_of_another_phone_reaches_nobody() {
        let candidates = [candidate("a", true, 1)];
        assert_eq!(correlate(&Thread::OfAnotherPhone, &candidates), Match::AnotherPhone);
    }

    #[test]
    fn a_waiting_session_is_never_answered() {
        let waiting = Candidate { is_waiting: true, ..candidate("a", false, 1) };
        assert_eq!(correlate(&Thread::Plain, &[waiting]), Match::Nothing);
    }
}
