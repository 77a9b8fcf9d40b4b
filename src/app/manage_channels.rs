//! Channels by API: made and changed (http-api.md 5.1). A channel of the configuration is written again from it
//! at the next start.

use std::collections::BTreeMap;

use serde_json::json;

use super::audit::{self, Action, Actor};
use super::channel_keywords::OwnKeywords;
use super::channels::Channel;
use super::configure_channels::{ConfiguredChannel, read_channel, row_of};
use super::engine::Engine;
use crate::clock::Timestamp;
use crate::gateway::{SenderType, SubnumberFault, SubnumberMode};
use crate::store::channels::{self, ChannelRow};
use crate::store::{AnyConnection, StoreError};

/// Messages per second when nobody says otherwise, in millionths (A73).
const THROTTLE_DEFAULT: i64 = 8_000_000;

/// What a caller wants a channel to be; `None` = as it is, or the default for a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the properties of http-api.md 5.1; an empty text takes a language or skill away"
)]
pub struct ChannelWish {
    pub name: Option<String>,
    pub enabled: Option<bool>,
    pub gateway: Option<String>,
    pub sender: Option<String>,
    pub sender_type: Option<&'static str>,
    pub subnumbering: Option<bool>,
    pub pool_numbers: Option<Vec<String>>,
    pub allowed_countries: Option<Vec<String>>,
    pub throttle_micro: Option<i64>,
    pub on_ambiguous: Option<&'static str>,
    pub wait_for: Option<&'static str>,
    pub default_language: Option<String>,
    pub default_skill: Option<String>,
    pub keyword_scope: Option<&'static str>,
    pub texts: Option<BTreeMap<String, BTreeMap<String, String>>>,
    pub keywords: Option<OwnKeywords>,
}

/// Why a channel is not made or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelRefused {
    /// No such channel.
    NotFound,
    /// No gateway has that name.
    GatewayNotFound {
        /// The name.
        gateway: String,
    },
    /// Another channel has this name.
    NameTaken,
    /// Another channel of this gateway has this sender or one of these pool numbers: inbound could not be told apart.
    SenderTaken {
        /// That channel's name.
        by: String,
    },
    /// The channel lacks something that its subnumbers need (GW50).
    NoSubnumbers(SubnumberFault),
    /// Anybody could call the gateway's webhooks (RS2).
    VerifierRequired,
}

/// Who changes channels, and with what world in mind.
#[derive(Clone, Debug)]
pub struct ChannelDesk {
    /// Shared parts of the server.
    pub engine: Engine,
    /// Gateways whose webhooks anybody may call: no channel on them is enabled (RS2).
    pub unverified_gateways: Vec<String>,
    /// Who does it.
    pub actor: Actor,
}

impl ChannelDesk {
    /// Makes a channel. The wish must name it, its gateway and its sender.
    ///
    /// # Errors
    /// [`StoreError`] of a statement.
    pub fn create(
        &self,
        connection: &mut AnyConnection,
        wish: &ChannelWish,
        now: Timestamp,
    ) -> Result<Result<Channel, ChannelRefused>, StoreError> {
        let gateway = wish.gateway.clone().unwrap_or_default();
        let mode = self.engine.gateways.get(&gateway).map(|gateway| gateway.subnumber().mode);
        let subnumbers = mode.is_some_and(|mode| mode != SubnumberMode::None);
        let blank = ConfiguredChannel {
            name: wish.name.clone().unwrap_or_default(),
            enabled: true,
            gateway,
            sender: wish.sender.clone().unwrap_or_default(),
            sender_type: "short_number",
            subnumbering: subnumbers,
            pool_numbers: Vec::new(),
            allowed_countries: Some(Vec::new()),
            throttle_micro: THROTTLE_DEFAULT,
            on_ambiguous: "by_class",
            wait_for: "accepted",
            default_language: None,
            default_skill: None,
            keyword_scope: "global",
            texts: BTreeMap::new(),
            keywords: json!({}),
        };
        let wanted = apply(blank, wish)?;
        if let Err(refused) = self.check(connection, &wanted, None)? {
            return Ok(Err(refused));
        }
        let wanted = self.with_countries(wanted);
        let at = now.naive_utc();
        let row = row_of(&wanted, self.engine.ids.next(now), at, at)?;
        channels::insert(connection, &row)?;
        let detail = json!({"name": row.name, "after": fingerprint(&wanted)});
        self.note(connection, Action::ChannelCreated, &row, &detail, now)?;
        self.read(row).map(Ok)
    }

    /// Changes a channel.
    ///
    /// # Errors
    /// [`StoreError`] of a statement.
    pub fn change(
        &self,
        connection: &mut AnyConnection,
        id: &str,
        wish: &ChannelWish,
        now: Timestamp,
    ) -> Result<Result<Channel, ChannelRefused>, StoreError> {
        let Some(row) = channels::find(connection, id)? else {
            return Ok(Err(ChannelRefused::NotFound));
        };
        let known = ConfiguredChannel::of(&row)?;
        let wanted = apply(known.clone(), wish)?;
        if let Err(refused) = self.check(connection, &wanted, Some(id))? {
            return Ok(Err(refused));
        }
        let wanted = self.with_countries(wanted);
        if wanted == known {
            return self.read(row).map(Ok);
        }
        let changed = row_of(&wanted, row.id, row.created_at, now.naive_utc())?;
        channels::update(connection, &changed)?;
        let detail =
            json!({"name": changed.name, "before": fingerprint(&known), "after": fingerprint(&wanted)});
        self.note(connection, Action::ChannelChanged, &changed, &detail, now)?;
        self.read(changed).map(Ok)
    }

    fn check(
        &self,
        connection: &mut AnyConnection,
        wanted: &ConfiguredChannel,
        own_id: Option<&str>,
    ) -> Result<Result<(), ChannelRefused>, StoreError> {
        let Some(gateway) = self.engine.gateways.get(&wanted.gateway) else {
            return Ok(Err(ChannelRefused::GatewayNotFound { gateway: wanted.gateway.clone() }));
        };
        if wanted.enabled && self.unverified_gateways.contains(&wanted.gateway) {
            return Ok(Err(ChannelRefused::VerifierRequired));
        }
        if wanted.subnumbering {
            let sender_type = match wanted.sender_type {
                "short_number" => SenderType::ShortNumber,
                _ => SenderType::International,
            };
            let checked = gateway.subnumber().check(&wanted.sender, sender_type, &wanted.pool_numbers);
            if let Err(fault) = checked {
                return Ok(Err(ChannelRefused::NoSubnumbers(fault)));
            }
        }
        for other in channels::all(connection)?.iter().filter(|other| Some(other.id.as_str()) != own_id) {
            if other.name == wanted.name {
                return Ok(Err(ChannelRefused::NameTaken));
            }
            let shares = ConfiguredChannel::of(other)?.shares_number_with(wanted);
            if other.gateway == wanted.gateway && shares {
                return Ok(Err(ChannelRefused::SenderTaken { by: other.name.clone() }));
            }
        }
        Ok(Ok(()))
    }

    /// A86: no country means every country on the simulator, and none elsewhere.
    fn with_countries(&self, mut wanted: ConfiguredChannel) -> ConfiguredChannel {
        let is_simulated = self.engine.gateways.get(&wanted.gateway).is_some_and(|g| g.simulator().is_some());
        let listed = wanted.allowed_countries.take().unwrap_or_default();
        wanted.allowed_countries = if listed.is_empty() && is_simulated { None } else { Some(listed) };
        wanted
    }

    fn note(
        &self,
        connection: &mut AnyConnection,
        action: Action,
        row: &ChannelRow,
        detail: &serde_json::Value,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        audit::record(connection, &self.actor, action, &format!("channel:{}", row.id), detail, now)
    }

    fn read(&self, row: ChannelRow) -> Result<Channel, StoreError> {
        read_channel(row, &self.engine.gateways, self.engine.settings.keywords.lexicons())
    }
}

fn fingerprint(channel: &ConfiguredChannel) -> String {
    audit::digest(&format!("{channel:?}"))
}

/// The channel with what is wished for in place.
fn apply(mut channel: ConfiguredChannel, wish: &ChannelWish) -> Result<ConfiguredChannel, StoreError> {
    fn put<T: Clone>(place: &mut T, wished: Option<&T>) {
        if let Some(wished) = wished {
            place.clone_from(wished);
        }
    }
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    put(&mut channel.name, wish.name.as_ref());
    put(&mut channel.enabled, wish.enabled.as_ref());
    put(&mut channel.gateway, wish.gateway.as_ref());
    put(&mut channel.sender, wish.sender.as_ref());
    put(&mut channel.sender_type, wish.sender_type.as_ref());
    put(&mut channel.subnumbering, wish.subnumbering.as_ref());
    put(&mut channel.pool_numbers, wish.pool_numbers.as_ref());
    put(&mut channel.throttle_micro, wish.throttle_micro.as_ref());
    put(&mut channel.on_ambiguous, wish.on_ambiguous.as_ref());
    put(&mut channel.wait_for, wish.wait_for.as_ref());
    put(&mut channel.keyword_scope, wish.keyword_scope.as_ref());
    put(&mut channel.texts, wish.texts.as_ref());
    put(&mut channel.default_language, wish.default_language.as_ref().map(some).as_ref());
    put(&mut channel.default_skill, wish.default_skill.as_ref().map(some).as_ref());
    if let Some(countries) = &wish.allowed_countries {
        channel.allowed_countries = Some(countries.clone());
    }
    if let Some(keywords) = &wish.keywords {
        channel.keywords =
            serde_json::to_value(keywords).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    }
    Ok(channel)
}
