//! [`Channels`]: our senders in memory, and which of them an inbound text was sent to (GW8).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::Duration;

use super::channel_keywords::{self, OwnKeywords};
use crate::gateway::profile::Rate;
use crate::gateway::{Gateway, Subnumber, SubnumberMode};
use crate::i18n::{SystemText, SystemTexts};
use crate::phone::Phone;
use crate::session::Keywords;
use crate::session::subnumber::bare;
use crate::store::StoreError;
use crate::store::channels::ChannelRow;
use crate::survey::Language;
use crate::survey::reply::Lexicons;
use crate::text::Composed;

/// A channel with its lists and texts read.
#[derive(Clone, Debug)]
pub struct Channel {
    /// The stored row.
    pub row: ChannelRow,
    /// Country codes it may text; empty = none; `None` = every country, on the simulator only (A86).
    pub allowed_countries: Option<Vec<String>>,
    /// System texts: its own, else the built-in ones.
    pub texts: SystemTexts,
    /// Its own keyword lists.
    pub own_keywords: OwnKeywords,
    /// STOP, START, HELP and their like: its own words, else the built-in ones (GW61), and the words with which its
    /// gateway lets people opt in again (GW60).
    pub keywords: Keywords,
    /// How its gateway tells the sessions of a phone apart (GW50).
    pub subnumber: Subnumber,
    /// Numbers to pick a subnumber from (GW54).
    pub pool_numbers: Vec<String>,
    /// Whether its gateway is the built-in simulator.
    pub is_simulator: bool,
    /// How fast its gateway may be sent to, whatever this channel's own rate is.
    pub rate: Option<Rate>,
    /// Whether our own texts may be made to fit GSM-7 for its gateway (GW94).
    pub takes_smart_texts: bool,
    /// Whether reports of its gateway may be about single SMS parts (GW34).
    pub reports_parts: bool,
}

/// All channels.
#[derive(Clone, Debug, Default)]
pub struct Channels {
    by_id: Arc<RwLock<BTreeMap<String, Arc<Channel>>>>,
}

impl Channel {
    /// Reads the lists of a row, with what its gateway can do; replies to it are read by these word lists.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when a stored list cannot be read.
    pub fn new(
        row: ChannelRow,
        gateway: Option<&Gateway>,
        lexicons: &Arc<Lexicons>,
    ) -> Result<Self, StoreError> {
        let corrupt =
            |error: serde_json::Error| StoreError::Corrupt(format!("channel {}: {error}", row.name));
        let own_keywords: OwnKeywords = serde_json::from_str(&row.keywords).map_err(corrupt)?;
        let opt_in_words = gateway.map(Gateway::opt_in_words).unwrap_or_default();
        Ok(Self {
            keywords: channel_keywords::in_force(&own_keywords, lexicons)
                .with_opt_in_words(opt_in_words.iter().map(String::as_str)),
            own_keywords,
            allowed_countries: serde_json::from_str(&row.allowed_countries).map_err(corrupt)?,
            texts: read_texts(&row.texts).map_err(corrupt)?,
            subnumber: gateway.map(Gateway::subnumber).cloned().unwrap_or_default(),
            pool_numbers: serde_json::from_str(&row.pool_numbers).map_err(corrupt)?,
            is_simulator: gateway.is_some_and(|gateway| gateway.simulator().is_some()),
            rate: gateway.and_then(Gateway::rate),
            takes_smart_texts: gateway.is_none_or(Gateway::takes_smart_texts),
            reports_parts: gateway.is_some_and(Gateway::reports_parts),
            row,
        })
    }

    /// A text as it leaves by this channel.
    #[must_use]
    pub fn sms<'t>(&self, text: &'t Composed) -> &'t str {
        if self.takes_smart_texts { text.sms() } else { text.written() }
    }

    /// Whether this channel may text that country (A86): by country code, never by region (GW73).
    #[must_use]
    pub fn allows(&self, phone: &Phone) -> bool {
        let code = phone.country_code();
        match &self.allowed_countries {
            Some(allowed) => allowed.iter().any(|allowed| allowed == code),
            None => self.is_simulator,
        }
    }

    /// How a session with this phone gets its subnumber (GW50, P45).
    #[must_use]
    pub fn subnumber_mode(&self, phone: &Phone) -> SubnumberMode {
        if self.row.subnumbering && self.subnumber.serves(phone.country_code()) {
            self.subnumber.mode
        } else {
            SubnumberMode::None
        }
    }

    /// How long a session of the gateway with this phone lives after the last message in it, if it opens one (GW52).
    #[must_use]
    pub fn thread_life(&self, phone: &Phone) -> Option<Duration> {
        let opens = self.subnumber_mode(phone) == SubnumberMode::GatewaySession;
        opens.then(|| Duration::from_std(self.subnumber.life).unwrap_or(Duration::MAX))
    }

    /// Whether a number without spaces and `+` is this channel's sender with a suffix of ours (GW8).
    fn has_suffix(&self, number: &str) -> bool {
        let is_suffixed = self.row.subnumbering && self.subnumber.mode == SubnumberMode::OwnSuffix;
        is_suffixed && number.strip_prefix(&bare(&self.row.sender)).is_some_and(|suffix| !suffix.is_empty())
    }

    /// Whether a number without spaces and `+` is in this channel's pool (GW8). It stays ours when subnumbers are
    /// switched off.
    fn has_in_pool(&self, number: &str) -> bool {
        self.pool_numbers.iter().any(|known| bare(known) == number)
    }
}

impl Channels {
    /// Puts a channel in place, or replaces it.
    pub fn put(&self, channel: Channel) {
        let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        by_id.insert(channel.row.id.clone(), Arc::new(channel));
    }

    /// A channel by id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<Channel>> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// All channels, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Channel>> {
        let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        by_id.values().cloned().collect()
    }

    /// The deployment's default: the oldest enabled one that is not the simulator's, else the oldest enabled.
    #[must_use]
    pub fn default_channel(&self) -> Option<Arc<Channel>> {
        let enabled: Vec<_> = self.all().into_iter().filter(|channel| channel.row.enabled).collect();
        enabled.iter().find(|channel| !channel.is_simulator).or_else(|| enabled.first()).cloned()
    }

    /// The channel of a gateway that a text was sent to, and the subnumber if it is one (GW8): a channel's sender,
    /// else the longest short number with a suffix of ours behind it, else a number of a pool. Spaces and a leading
    /// `+` are ignored, the number is opaque text otherwise (GW55).
    #[must_use]
    pub fn receiving(&self, gateway: &str, destination: &str) -> Option<(Arc<Channel>, Option<String>)> {
        let wanted = bare(destination);
        let of_gateway: Vec<_> =
            self.all().into_iter().filter(|channel| channel.row.gateway == gateway).collect();
        if let Some(exact) = of_gateway.iter().find(|channel| bare(&channel.row.sender) == wanted) {
            return Some((Arc::clone(exact), None));
        }
        let suffixed = of_gateway
            .iter()
            .filter(|channel| channel.has_suffix(&wanted))
            .max_by_key(|channel| channel.row.sender.len());
        let found = suffixed.or_else(|| of_gateway.iter().find(|channel| channel.has_in_pool(&wanted)))?;
        Some((Arc::clone(found), Some(wanted)))
    }

    /// Whether a sender is one of our own numbers: such texts are never answered (P49).
    #[must_use]
    pub fn is_own(&self, sender: &str) -> bool {
        let wanted = bare(sender);
        self.all().iter().any(|channel| {
            bare(&channel.row.sender) == wanted || channel.has_suffix(&wanted) || channel.has_in_pool(&wanted)
        })
    }
}

/// Stored texts: key, then language. Keys and languages we do not know are left alone.
fn read_texts(stored: &str) -> Result<SystemTexts, serde_json::Error> {
    let stored: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(stored)?;
    let mut own = BTreeMap::new();
    for (key, wordings) in stored {
        let Some(text) = SystemText::parse(&key) else {
            continue;
        };
        for (code, wording) in wordings {
            if let Ok(language) = Language::parse(&code) {
                own.insert((text, language), wording);
            }
        }
    }
    Ok(SystemTexts::with(own))
}
