//! Channels of the configuration become rows at start, by name (upsert); channels made by the API stay as they
//! are. And how stored channels are read into memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDateTime;

use super::channels::Channel;
use crate::clock::Timestamp;
use crate::gateway::Gateways;
use crate::ids::Ids;
use crate::session::subnumber::bare;
use crate::store::channels::{self, ChannelRow};
use crate::store::{AnyConnection, StoreError};
use crate::survey::reply::Lexicons;

/// A channel as the configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredChannel {
    /// Its name; the key of the upsert.
    pub name: String,
    /// Off = nothing is sent and no survey starts.
    pub enabled: bool,
    /// A configured gateway.
    pub gateway: String,
    /// Sender, opaque.
    pub sender: String,
    /// `short_number` or `international`.
    pub sender_type: &'static str,
    /// A subnumber per session for the countries that its gateway gives one (P45).
    pub subnumbering: bool,
    /// Numbers to pick a subnumber from (GW54).
    pub pool_numbers: Vec<String>,
    /// Country codes; `None` = every country.
    pub allowed_countries: Option<Vec<String>>,
    /// Messages per second in millionths.
    pub throttle_micro: i64,
    /// `by_class`, `at_most_once`, `at_least_once`.
    pub on_ambiguous: &'static str,
    /// `accepted` or `delivered`: what the next message of a session waits for (RE23).
    pub wait_for: &'static str,
    /// Language of system texts.
    pub default_language: Option<String>,
    /// Skill that takes conversations.
    pub default_skill: Option<String>,
    /// `global` or `survey`.
    pub keyword_scope: &'static str,
    /// Own system texts: key, language, wording.
    pub texts: BTreeMap<String, BTreeMap<String, String>>,
    /// Own keywords as JSON, as the API shows them.
    pub keywords: serde_json::Value,
}

impl ConfiguredChannel {
    /// A stored channel in the same form.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when a list or a word of the row cannot be read.
    pub fn of(row: &ChannelRow) -> Result<Self, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("channel {}: {what}", row.name));
        let word = |words: &[&'static str], stored: &str| {
            let found = words.iter().find(|word| **word == stored).copied();
            found.ok_or_else(|| corrupt(stored))
        };
        let unreadable = |error: serde_json::Error| corrupt(&error.to_string());
        Ok(Self {
            name: row.name.clone(),
            enabled: row.enabled,
            gateway: row.gateway.clone(),
            sender: row.sender.clone(),
            sender_type: word(&["short_number", "international"], &row.sender_type)?,
            subnumbering: row.subnumbering,
            pool_numbers: serde_json::from_str(&row.pool_numbers).map_err(unreadable)?,
            allowed_countries: serde_json::from_str(&row.allowed_countries).map_err(unreadable)?,
            throttle_micro: row.throttle_micro,
            on_ambiguous: word(&["by_class", "at_most_once", "at_least_once"], &row.on_ambiguous)?,
            wait_for: word(&["accepted", "delivered"], &row.wait_for)?,
            default_language: row.default_language.clone(),
            default_skill: row.default_skill.clone(),
            keyword_scope: word(&["global", "survey"], &row.keyword_scope)?,
            texts: serde_json::from_str(&row.texts).map_err(unreadable)?,
            keywords: serde_json::from_str(&row.keywords).map_err(unreadable)?,
        })
    }

    /// Whether a text to one of these channels could be meant for the other.
    #[must_use]
    pub fn shares_number_with(&self, other: &Self) -> bool {
        let numbers = |channel: &Self| -> BTreeSet<String> {
            std::iter::once(&channel.sender).chain(&channel.pool_numbers).map(|number| bare(number)).collect()
        };
        !numbers(self).is_disjoint(&numbers(other))
    }
}

/// Writes the configured channels.
///
/// # Errors
/// [`StoreError`] of the store.
pub fn configure_channels(
    connection: &mut AnyConnection,
    configured: &[ConfiguredChannel],
    ids: &Ids,
    now: Timestamp,
) -> Result<(), StoreError> {
    let at = now.naive_utc();
    connection.change(|connection| {
        let known = channels::all(connection)?;
        for wanted in configured {
            match known.iter().find(|row| row.name == wanted.name) {
                // Nothing is told to the other nodes when nothing changed.
                Some(row) if ConfiguredChannel::of(row).is_ok_and(|known| known == *wanted) => {}
                Some(row) => {
                    channels::update(connection, &row_of(wanted, row.id.clone(), row.created_at, at)?)?;
                }
                None => channels::insert(connection, &row_of(wanted, ids.next(now), at, at)?)?,
            }
        }
        Ok(())
    })
}

/// All stored channels, whoever made them.
///
/// # Errors
/// [`StoreError`] of the query, or [`StoreError::Corrupt`] for a row that cannot be read.
pub fn read_channels(
    connection: &mut AnyConnection,
    gateways: &Gateways,
    lexicons: &Arc<Lexicons>,
) -> Result<Vec<Channel>, StoreError> {
    let rows = channels::all(connection)?.into_iter();
    rows.map(|row| read_channel(row, gateways, lexicons)).collect()
}

/// A channel of its row, with what its gateway can do.
///
/// # Errors
/// [`StoreError::Corrupt`] for a row that cannot be read.
pub(super) fn read_channel(
    row: ChannelRow,
    gateways: &Gateways,
    lexicons: &Arc<Lexicons>,
) -> Result<Channel, StoreError> {
    let gateway = gateways.get(&row.gateway);
    Channel::new(row, gateway, lexicons)
}

/// The row of a channel.
///
/// # Errors
/// [`StoreError::Corrupt`] when a list cannot be written.
pub(super) fn row_of(
    wanted: &ConfiguredChannel,
    id: String,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
) -> Result<ChannelRow, StoreError> {
    let corrupt = |error: serde_json::Error| StoreError::Corrupt(error.to_string());
    Ok(ChannelRow {
        id,
        name: wanted.name.clone(),
        kind: "sms".to_owned(),
        enabled: wanted.enabled,
        gateway: wanted.gateway.clone(),
        sender: wanted.sender.clone(),
        sender_type: wanted.sender_type.to_owned(),
        subnumbering: wanted.subnumbering,
        pool_numbers: serde_json::to_string(&wanted.pool_numbers).map_err(corrupt)?,
        allowed_countries: serde_json::to_string(&wanted.allowed_countries).map_err(corrupt)?,
        throttle_micro: wanted.throttle_micro,
        on_ambiguous: wanted.on_ambiguous.to_owned(),
        wait_for: wanted.wait_for.to_owned(),
        default_language: wanted.default_language.clone(),
        default_skill: wanted.default_skill.clone(),
        keyword_scope: wanted.keyword_scope.to_owned(),
        texts: serde_json::to_string(&wanted.texts).map_err(corrupt)?,
        keywords: wanted.keywords.to_string(),
        created_at,
        updated_at,
    })
}
