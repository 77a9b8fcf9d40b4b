//! [`Subnumber`]: how the sessions of one phone are told apart on a gateway (gateways.md section 3): not at all, by
//! sessions that the gateway opens, by digits that we put behind our short number, or by one of several numbers of
//! ours. Data of a profile and what a channel must have for it; which number a session gets is decided elsewhere.

use std::time::Duration;

use super::types::SenderType;

/// Digits of a suffix below which it could be guessed in an afternoon, and numbers would soon run out.
const SUFFIX_DIGITS_MIN: usize = 4;

/// Who picks what tells two sessions of a phone apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubnumberMode {
    /// Nobody: phone and receiving channel must do (P46).
    None,
    /// The gateway: it opens a session and names it by a handle (GW51).
    GatewaySession,
    /// We: digits behind our short number (GW53).
    OwnSuffix,
    /// We: one of several numbers of ours (GW54).
    NumberPool,
}

impl SubnumberMode {
    /// All modes.
    pub const ALL: [Self; 4] = [Self::None, Self::GatewaySession, Self::OwnSuffix, Self::NumberPool];

    /// The word used in profiles and configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::GatewaySession => "gateway_session",
            Self::OwnSuffix => "own_suffix",
            Self::NumberPool => "number_pool",
        }
    }
}

/// How a gateway does subnumbers: `subnumber` of its profile (gateways.md 2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnumber {
    /// Who picks them.
    pub mode: SubnumberMode,
    /// Country codes of the recipients that get one (GW50).
    pub countries: Vec<String>,
    /// Digits of short number and suffix together (GW53).
    pub total_digits: usize,
    /// How long a session of the gateway lives after the last message in it (GW52).
    pub life: Duration,
}

/// What a channel lacks for subnumbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubnumberFault {
    /// The gateway has no mode for it.
    #[error("this gateway has no way to give subnumbers")]
    NoMode,
    /// Suffixes go behind short numbers alone.
    #[error("digits can be put behind a short number alone; use the sender type short_number")]
    NotShort,
    /// The short number leaves too little room.
    #[error("the sender must be a number that leaves room for at least 4 digits behind it")]
    NoRoom,
    /// There is no number to pick.
    #[error("this gateway picks from several numbers; name them as pool numbers")]
    NoPool,
    /// A number of the pool is the sender, or named twice.
    #[error("name each pool number once, and not the sender, which sessions without a subnumber use")]
    PoolRepeats,
}

impl SubnumberFault {
    /// Whether it lies in the pool numbers, not in the wish for subnumbers.
    #[must_use]
    pub fn is_about_pool(self) -> bool {
        match self {
            Self::NoPool | Self::PoolRepeats => true,
            Self::NoMode | Self::NotShort | Self::NoRoom => false,
        }
    }
}

impl Default for Subnumber {
    fn default() -> Self {
        Self {
            mode: SubnumberMode::None,
            countries: vec!["47".to_owned()],
            total_digits: 14,
            life: Duration::from_hours(14 * 24),
        }
    }
}

impl Subnumber {
    /// The usual way of a mode: country code 47, 14 digits in all, 14 days.
    #[must_use]
    pub fn usual(mode: SubnumberMode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// Whether recipients with that country code get one (GW50).
    #[must_use]
    pub fn serves(&self, country_code: &str) -> bool {
        self.mode != SubnumberMode::None && self.countries.iter().any(|code| code == country_code)
    }

    /// Checks that a channel has what its subnumbers need.
    ///
    /// # Errors
    /// [`SubnumberFault`], the first thing that is missing.
    pub fn check(
        &self,
        sender: &str,
        sender_type: SenderType,
        pool_numbers: &[String],
    ) -> Result<(), SubnumberFault> {
        match self.mode {
            SubnumberMode::None => Err(SubnumberFault::NoMode),
            SubnumberMode::GatewaySession => Ok(()),
            SubnumberMode::OwnSuffix if sender_type != SenderType::ShortNumber => {
                Err(SubnumberFault::NotShort)
            }
            SubnumberMode::OwnSuffix => {
                let has_room = self.total_digits.saturating_sub(sender.len()) >= SUFFIX_DIGITS_MIN;
                let is_number = !sender.is_empty() && sender.bytes().all(|byte| byte.is_ascii_digit());
                if has_room && is_number { Ok(()) } else { Err(SubnumberFault::NoRoom) }
            }
            SubnumberMode::NumberPool if pool_numbers.is_empty() => Err(SubnumberFault::NoPool),
            SubnumberMode::NumberPool => {
                let bare = |number: &str| number.trim_start_matches('+').to_owned();
                let mut seen = std::collections::BTreeSet::from([bare(sender)]);
                let all_new = pool_numbers.iter().all(|number| seen.insert(bare(number)));
                if all_new { Ok(()) } else { Err(SubnumberFault::PoolRepeats) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_must_have_what_its_subnumbers_need() {
        let check = |mode, sender: &str, kind, pool: &[&str]| {
            let pool: Vec<String> = pool.iter().map(|&number| number.to_owned()).collect();
            Subnumber::usual(mode).check(sender, kind, &pool)
        };
        let short = SenderType::ShortNumber;
        assert_eq!(check(SubnumberMode::None, "2012", short, &[]), Err(SubnumberFault::NoMode));
        assert_eq!(check(SubnumberMode::OwnSuffix, "2012", short, &[]), Ok(()));
        assert_eq!(check(SubnumberMode::OwnSuffix, "20121234567", short, &[]), Err(SubnumberFault::NoRoom));
        assert_eq!(check(SubnumberMode::OwnSuffix, "Shop", short, &[]), Err(SubnumberFault::NoRoom));
        let long = SenderType::International;
        assert_eq!(check(SubnumberMode::OwnSuffix, "2012", long, &[]), Err(SubnumberFault::NotShort));
        assert_eq!(check(SubnumberMode::NumberPool, "2012", long, &[]), Err(SubnumberFault::NoPool));
        let twice = check(SubnumberMode::NumberPool, "+4759440001", long, &["4759440001"]);
        assert_eq!(twice, Err(SubnumberFault::PoolRepeats));
        assert_eq!(check(SubnumberMode::NumberPool, "+4759440001", long, &["+4759440002"]), Ok(()));
    }
}
