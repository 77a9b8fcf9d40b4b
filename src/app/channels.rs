//! [`Channels`]: our senders in memory, and which of them an inbound text was sent to (GW8).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::channel_keywords::{self, OwnKeywords};
use crate::i18n::{SystemText, SystemTexts};
use crate::phone::Phone;
use crate::session::Keywords;
use crate::store::StoreError;
use crate::store::channels::ChannelRow;
use crate::survey::Language;
use crate::survey::reply::Lexicons;

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
    /// STOP, START, HELP and their like: its own words, else the built-in ones (GW61).
    pub keywords: Keywords,
    /// Whether its gateway hands out sessions (GW51).
    pub gateway_sessions: bool,
    /// Whether its gateway is the built-in simulator.
    pub is_simulator: bool,
}

/// All channels.
#[derive(Clone, Debug, Default)]
pub struct Channels {
    by_id: Arc<RwLock<BTreeMap<String, Arc<Channel>>>>,
}

impl Channel {
    /// Reads the lists of a row; replies to it are read by these word lists.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when a stored list cannot be read.
    pub fn new(
        row: ChannelRow,
        gateway_sessions: bool,
        is_simulator: bool,
        lexicons: &Arc<Lexicons>,
    ) -> Result<Self, StoreError> {
        let corrupt =
            |error: serde_json::Error| StoreError::Corrupt(format!("channel {}: {error}", row.name));
        let own_keywords: OwnKeywords = serde_json::from_str(&row.keywords).map_err(corrupt)?;
        Ok(Self {
            keywords: channel_keywords::in_force(&own_keywords, lexicons),
            own_keywords,
            allowed_countries: serde_json::from_str(&row.allowed_countries).map_err(corrupt)?,
            texts: read_texts(&row.texts).map_err(corrupt)?,
            gateway_sessions,
            is_simulator,
            row,
        })
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

    /// Whether a session with this phone gets a subnumber (GW50, P45).
    #[must_use]
    pub fn subnumbers(&self, phone: &Phone) -> bool {
        self.row.subnumbering && self.gateway_sessions && phone.is_norwegian()
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

    /// The channel of a gateway that a text was sent to, and the suffix behind its short number if there is
    /// one (GW8): spaces and a leading `+` are ignored, the number is opaque text otherwise (GW55).
    #[must_use]
    pub fn receiving(&self, gateway: &str, destination: &str) -> Option<(Arc<Channel>, Option<String>)> {
        let wanted = bare(destination);
        let of_gateway: Vec<_> =
            self.all().into_iter().filter(|channel| channel.row.gateway == gateway).collect();
        if let Some(exact) = of_gateway.iter().find(|channel| bare(&channel.row.sender) == wanted) {
            return Some((Arc::clone(exact), None));
        }
        of_gateway
            .iter()
            .filter(|channel| channel.row.subnumbering && channel.row.sender_type == "short_number")
            .filter_map(|channel| {
                let suffix = wanted.strip_prefix(&bare(&channel.row.sender))?;
                Some((Arc::clone(channel), suffix.to_owned()))
            })
            .max_by_key(|(channel, _)| channel.row.sender.len())
            .map(|(channel, suffix)| (channel, Some(suffix)))
    }

    /// Whether a sender is one of our own numbers: such texts are never answered (P49).
    #[must_use]
    pub fn is_own(&self, sender: &str) -> bool {
        let wanted = bare(sender);
        self.all().iter().any(|channel| bare(&channel.row.sender) == wanted)
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

fn bare(number: &str) -> String {
    let compact: String = number.chars().filter(|c| !c.is_whitespace()).collect();
    compact.strip_prefix('+').unwrap_or(&compact).to_owned()
}
