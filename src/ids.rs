//! [`Ids`]: new object ids and new secrets. Takes the time as an argument; never reads the clock (RP14).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid, Variant, Version};

/// Bits of a UUIDv7 that are not time: 12 + 62 (RFC 9562, 5.7).
const RANDOM_BITS: u32 = 74;

/// The low part of those, after the version's 12.
const LOW_BITS: u32 = 62;

/// Greatest number of milliseconds a UUIDv7 can hold.
const MILLIS_MAX: u64 = (1 << 48) - 1;

/// Makes ids and secrets. Cloning is cheap; all clones draw from the same well, so no two ids are equal and the
/// ids of one process are strictly increasing.
#[derive(Clone)]
pub struct Ids {
    well: Arc<Mutex<Well>>,
}

/// A hash over a secret seed and a counter: random to anybody who does not know the seed.
struct Well {
    seed: [u8; 32],
    drawn: u64,
    /// Whether secrets also take fresh randomness from the machine.
    refreshed: bool,
    last: Last,
}

/// What the latest id was made of.
#[derive(Clone, Copy, Default)]
struct Last {
    millis: u64,
    random: u128,
}

impl Ids {
    /// Ids from the machine's randomness.
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub fn system() -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self::from_seed(seed, true))
    }

    /// The same ids and secrets for the same seed, for tests.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::from_seed(Sha256::digest(seed.to_be_bytes()).into(), false)
    }

    fn from_seed(seed: [u8; 32], refreshed: bool) -> Self {
        let well = Well { seed, drawn: 0, refreshed, last: Last::default() };
        Self { well: Arc::new(Mutex::new(well)) }
    }

    /// A UUIDv7 in lower-case text: the milliseconds of `now`, then random bits. Strictly greater than every id
    /// made before in this process; an earlier `now` counts as the latest one seen.
    #[must_use]
    pub fn next(&self, now: DateTime<Utc>) -> String {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0).min(MILLIS_MAX);
        let last = self.locked().step(millis);
        uuid(last).hyphenated().to_string()
    }

    /// `bytes` random bytes as URL-safe text without padding, for keys and tokens: 32 bytes are 43 characters
    /// and 256 bits (RS1).
    #[must_use]
    pub fn secret(&self, bytes: usize) -> String {
        URL_SAFE_NO_PAD.encode(self.random(bytes))
    }

    /// `N` random bytes, for the text of an API key (RS1).
    #[must_use]
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.iter_mut().zip(self.random(N)).for_each(|(byte, drawn)| *byte = drawn);
        bytes
    }

    fn random(&self, bytes: usize) -> Vec<u8> {
        let mut well = self.locked();
        well.refresh();
        let mut random = Vec::with_capacity(bytes + 32);
        while random.len() < bytes {
            random.extend_from_slice(&well.draw());
        }
        random.truncate(bytes);
        random
    }

    /// A random number below `bound`, evenly spread; 0 when `bound` is 0. For subnumbers and jitter.
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        let mut well = self.locked();
        // 128 random bits make the unevenness of the remainder smaller than 2^-64.
        let wide = well.number() % u128::from(bound.max(1));
        u64::try_from(wide).unwrap_or(0)
    }

    fn locked(&self) -> MutexGuard<'_, Well> {
        // A panic elsewhere leaves the well whole: every draw is complete before it is used.
        self.well.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The least UUIDv7 of an instant: every id made then or later is at least as great.
#[must_use]
pub fn first_id_of(instant: DateTime<Utc>) -> String {
    let millis = u64::try_from(instant.timestamp_millis()).unwrap_or(0).min(MILLIS_MAX);
    uuid(Last { millis, random: 0 }).hyphenated().to_string()
}

/// Characters of a [`client_ref`].
const REF_CHARACTERS: usize = 20;

/// Characters of it that tell the time: 40 bits of milliseconds, which begin anew every 34 years.
const REF_TIME_CHARACTERS: usize = 8;

/// Base32 with extended hex alphabet in lower case (RFC 4648, 7), which sorts as its values do: safe in URLs, headers
/// and the eyes of every gateway.
const BASE32: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// Our reference for an SMS, 20 base32 characters: the same for every attempt at it, different for every other SMS
/// and every other installation (RE17). It begins with the time of the SMS, so that an index takes new ones at its
/// end, and goes on with 60 bits of a hash.
#[must_use]
pub fn client_ref(installation: &str, outbox: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(installation.as_bytes());
    // A byte that stands in neither keeps `ab` + `c` and `a` + `bc` apart.
    hash.update([0]);
    hash.update(outbox.as_bytes());
    let digest = hash.finalize();
    let number = digest.iter().take(16).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    let time = u128::from(millis_of(outbox));
    let symbol = |number: u128, at: usize| {
        BASE32.get(usize::try_from((number >> (5 * at)) & 31).unwrap_or(0)).copied()
    };
    (0..REF_TIME_CHARACTERS)
        .rev()
        .filter_map(|at| symbol(time, at))
        .chain((REF_TIME_CHARACTERS..REF_CHARACTERS).filter_map(|at| symbol(number, at)))
        .map(char::from)
        .collect()
}

/// The milliseconds since 1970 that a UUIDv7 begins with (RFC 9562, 5.7); 0 for any other text.
fn millis_of(id: &str) -> u64 {
    let digits: String = id.chars().filter(|c| *c != '-').take(12).collect();
    u64::from_str_radix(&digits, 16).unwrap_or(0)
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ids(..)")
    }
}

impl Well {
    fn draw(&mut self) -> [u8; 32] {
        self.drawn = self.drawn.wrapping_add(1);
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.drawn.to_be_bytes());
        hash.finalize().into()
    }

    fn number(&mut self) -> u128 {
        self.draw().iter().take(16).fold(0, |number, byte| (number << 8) | u128::from(*byte))
    }

    /// Mixes in fresh randomness, when this well does and the machine has some.
    fn refresh(&mut self) {
        let mut fresh = [0; 32];
        if self.refreshed && getrandom::fill(&mut fresh).is_ok() {
            let mut hash = Sha256::new();
            hash.update(self.seed);
            hash.update(fresh);
            self.seed = hash.finalize().into();
        }
    }

    /// Random bits for a new millisecond; within the same one a random step of up to 2^40 forward
    /// (RFC 9562, 6.2, method 2), so that the next id cannot be guessed.
    fn step(&mut self, millis: u64) -> Last {
        let number = self.number();
        // The top bit starts at zero and leaves room for the steps.
        let fresh = number & ((1 << (RANDOM_BITS - 1)) - 1);
        let stepped = self.last.random + 1 + (number & ((1 << 40) - 1));
        self.last = if millis > self.last.millis {
            Last { millis, random: fresh }
        } else if stepped < 1 << RANDOM_BITS {
            Last { millis: self.last.millis, random: stepped }
        } else {
            Last { millis: self.last.millis + 1, random: fresh }
        };
        self.last
    }
}

fn uuid(last: Last) -> Uuid {
    let high = last.random >> LOW_BITS;
    let low = last.random & ((1 << LOW_BITS) - 1);
    let bits = (u128::from(last.millis) << 80) | (high << 64) | low;
    Builder::from_u128(bits).with_variant(Variant::RFC4122).with_version(Version::SortRand).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn an_id_is_a_uuid_v7_of_the_given_time() {
        let now = at("2026-11-21T07:03:10.123456Z");
        let id: Uuid = Ids::seeded(1).next(now).parse().unwrap();
        assert_eq!(id.get_version(), Some(Version::SortRand));
        assert_eq!(id.get_variant(), Variant::RFC4122);
        assert_eq!(u128::try_from(now.timestamp_millis()).unwrap(), id.as_u128() >> 80);
    }

    #[test]
    fn ids_increase_within_a_millisecond_and_when_the_time_goes_back() {
        let ids = Ids::system().unwrap();
        let now = at("2026-11-21T07:03:10Z");
        let mut last = ids.next(now);
        for millis in [0, 0, 1, 1, 0, -5, 2].repeat(200) {
            let next = ids.next(now + chrono::TimeDelta::milliseconds(millis));
            assert!(last < next, "{last} {next}");
            last = next;
        }
    }

    #[test]
    fn times_out_of_range_still_make_ids() {
        let ids = Ids::seeded(1);
        let early = ids.next(DateTime::<Utc>::MIN_UTC);
        let late = ids.next(DateTime::<Utc>::MAX_UTC);
        assert!(early < late);
        assert!(Uuid::parse_str(&late).is_ok());
    }

    #[test]
    fn a_full_millisecond_overflows_into_the_next() {
        let mut well = Well {
            seed: [7; 32],
            drawn: 0,
            refreshed: false,
            last: Last { millis: 5, random: (1 << RANDOM_BITS) - 1 },
        };
        let next = well.step(5);
        assert_eq!(next.millis, 6);
    }

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_seed_others() {
        let now = at("2026-11-21T07:03:10Z");
        assert_eq!(Ids::seeded(9).next(now), Ids::seeded(9).next(now));
        assert_ne!(Ids::seeded(9).next(now), Ids::seeded(8).next(now));
    }

    #[test]
    fn secrets_have_the_length_asked_for_and_do_not_repeat() {
        let ids = Ids::system().unwrap();
        assert_eq!(ids.secret(32).len(), 43);
        assert_eq!(ids.secret(100).len(), 134);
        assert_ne!(ids.secret(32), ids.secret(32));
        assert!(ids.secret(64).chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
    }

    #[test]
    fn a_reference_is_stable_and_its_own() {
        let reference = client_ref("install-1", "outbox-1");
        assert_eq!(reference, client_ref("install-1", "outbox-1"));
        assert_eq!(reference.len(), 20);
        assert!(reference.bytes().all(|byte| BASE32.contains(&byte)));
        for (installation, outbox) in
            [("install-2", "outbox-1"), ("install-1", "outbox-2"), ("install-1o", "utbox-1")]
        {
            assert_ne!(reference, client_ref(installation, outbox));
        }
    }

    #[test]
    fn references_sort_as_their_messages_were_made() {
        let references: Vec<String> = (0..40)
            .map(|minutes| {
                Ids::seeded(1).next(DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(minutes * 97))
            })
            .map(|id| client_ref("install", &id))
            .collect();
        assert!(references.is_sorted(), "{references:?}");
    }

    #[test]
    fn numbers_stay_below_the_bound() {
        let ids = Ids::seeded(3);
        assert!((0..200).all(|_| ids.below(10) < 10));
        assert_eq!(ids.below(0), 0);
        assert!((0..200).map(|_| ids.below(10)).collect::<std::collections::BTreeSet<_>>().len() == 10);
    }
}
