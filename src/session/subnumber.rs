//! Subnumbers that we pick (GW53, GW54, A27): digits behind a short number, or one number of a pool. Pure: the draw,
//! and what is in use, are arguments. Numbers are opaque text here (GW55).

use chrono::{Duration, NaiveDateTime};

/// Numbers drawn for one session: with a quarter of all numbers in use, one in four billion sessions finds none.
pub const DRAWS: usize = 16;
/// Days for which the number of an ended session goes to nobody else (A27).
pub const REST_DAYS: i64 = 30;

/// The session that has, or had, a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// When it ended; `None` while it is open.
    pub ended_at: Option<NaiveDateTime>,
}

/// A number of the pool in the life of one phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse<'a> {
    /// The number.
    pub number: &'a str,
    /// An open session of the phone has it.
    pub is_open: bool,
    /// When a session of the phone got it.
    pub at: NaiveDateTime,
}

/// A number without spaces and without its leading `+`: so are numbers compared (GW8).
#[must_use]
pub fn bare(number: &str) -> String {
    let compact: String = number.chars().filter(|c| !c.is_whitespace()).collect();
    compact.strip_prefix('+').unwrap_or(&compact).to_owned()
}

/// How many suffixes there are behind a sender; 0 when it leaves no room.
#[must_use]
pub fn suffixes(sender: &str, total_digits: usize) -> u64 {
    let room = total_digits.saturating_sub(bare(sender).len());
    match u32::try_from(room) {
        Ok(1..=18) => 10_u64.pow(u32::try_from(room).unwrap_or_default()),
        Ok(_) | Err(_) => 0,
    }
}

/// The sender with the digits of a draw behind it, `total_digits` in all (GW53).
#[must_use]
pub fn with_suffix(sender: &str, total_digits: usize, draw: u64) -> String {
    let sender = bare(sender);
    let room = total_digits.saturating_sub(sender.len());
    format!("{sender}{draw:0room$}")
}

/// Whether a drawn number may be given to a new session: nobody has it, and nobody had it lately (A27).
#[must_use]
pub fn is_free(holder: Option<Holder>, now: NaiveDateTime) -> bool {
    holder.is_none_or(|holder| {
        holder.ended_at.is_some_and(|ended_at| ended_at + Duration::days(REST_DAYS) <= now)
    })
}

/// The number of the pool that no open session of the phone has and that the phone has not seen for the longest
/// time; among those it never saw, the one that `draw` falls on (GW54).
#[must_use]
pub fn of_pool<'a>(pool: &'a [String], uses: &[PoolUse<'_>], draw: usize) -> Option<&'a str> {
    let uses_of = |number: &str| {
        let wanted = bare(number);
        uses.iter().filter(move |used| bare(used.number) == wanted)
    };
    let free: Vec<&String> = pool.iter().filter(|number| !uses_of(number).any(|used| used.is_open)).collect();
    let unseen: Vec<&&String> = free.iter().filter(|number| uses_of(number).next().is_none()).collect();
    if let Some(number) = unseen.get(draw.checked_rem(unseen.len()).unwrap_or_default()) {
        return Some(number);
    }
    free.into_iter().min_by_key(|number| uses_of(number).map(|used| used.at).max()).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u32) -> NaiveDateTime {
        chrono::NaiveDate::from_ymd_opt(2026, 11, day).unwrap().and_hms_opt(6, 0, 0).unwrap()
    }

    #[test]
    fn gw53_short_number_and_suffix_are_fourteen_digits() {
        assert_eq!(suffixes("2012", 14), 10_000_000_000);
        assert_eq!(with_suffix("2012", 14, 7), "20120000000007");
        assert_eq!(with_suffix("26199", 14, 123_456_789), "26199123456789");
        assert_eq!(suffixes("20121234567890", 14), 0);
    }

    #[test]
    fn a27_a_number_is_free_thirty_days_after_its_session_ended() {
        assert!(is_free(None, at(21)));
        assert!(!is_free(Some(Holder { ended_at: None }), at(21)));
        let ended = Holder { ended_at: Some(at(1)) };
        assert!(!is_free(Some(ended), at(30)));
        assert!(is_free(Some(ended), at(1) + Duration::days(30)));
    }

    #[test]
    fn gw54_the_least_recently_used_number_without_an_open_session_is_taken() {
        let pool = ["+4759440001", "+4759440002", "+4759440003"].map(str::to_owned);
        let used = |number, is_open, day| PoolUse { number, is_open, at: at(day) };
        assert_eq!(of_pool(&pool, &[], 4), Some("+4759440002"));
        let first = used("4759440001", true, 1);
        assert_eq!(of_pool(&pool, &[first], 0), Some("+4759440002"));
        let all = [first, used("+4759440002", false, 9), used("+4759440003", false, 3)];
        assert_eq!(of_pool(&pool, &all, 0), Some("+4759440003"));
        let again = [first, all[1], all[2], used("+47 59440003", false, 10)];
        assert_eq!(of_pool(&pool, &again, 0), Some("+4759440002"));
        let taken = pool.each_ref().map(|number| used(number, true, 1));
        assert_eq!(of_pool(&pool, &taken, 0), None);
    }
}
