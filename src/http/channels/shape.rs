//! A channel as answers show it (http-api.md 5.1).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Number, Value};

use crate::app::channel_keywords::OwnKeywords;
use crate::app::channels::Channel;
use crate::i18n::SystemText;

/// Parts of one message per second in a stored rate.
const MICRO: i64 = 1_000_000;

/// A channel.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Channel)]
pub struct ChannelShape {
    /// Its id.
    pub id: String,
    /// Its name, its own among all channels.
    #[schema(example = "Nordlys 2012")]
    pub name: String,
    /// `sms`; fixed.
    #[schema(example = "sms")]
    pub kind: String,
    /// Off: nothing is sent and no survey starts.
    pub enabled: bool,
    /// The gateway it leaves by.
    pub gateway: String,
    /// Opaque text, never parsed as a phone.
    #[schema(example = "2012")]
    pub sender: String,
    /// `short_number` or `international`.
    pub sender_type: String,
    /// A subnumber per session for country code 47.
    pub subnumbering: bool,
    /// Further numbers of ours, one of which a session gets where the gateway picks from several.
    pub pool_numbers: Vec<String>,
    /// Country codes it may text; empty = none, on the simulator all.
    pub allowed_countries: Vec<String>,
    /// Messages per second.
    #[schema(value_type = f64)]
    pub throttle_per_second: Value,
    /// `by_class`, `at_most_once` or `at_least_once`.
    pub on_ambiguous: String,
    /// What the next SMS of a session waits for: `accepted` or `delivered`.
    pub wait_for: String,
    /// Language of system texts when nothing is known about the phone.
    pub default_language: Option<String>,
    /// Skill that takes conversations.
    pub default_skill: Option<String>,
    /// What STOP ends: `global` or `survey`.
    pub keyword_scope: String,
    /// Own wordings of system texts.
    pub texts: TextsShape,
    /// Own keywords by language.
    #[schema(value_type = Object)]
    pub keywords: OwnKeywords,
}

/// Own wordings of system texts, by language.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChannelTexts)]
pub struct TextsShape {
    /// A reply that belongs to no session.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_found: BTreeMap<String, String>,
    /// Confirms STOP.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub opt_out: BTreeMap<String, String>,
    /// Confirms START.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub opt_in: BTreeMap<String, String>,
    /// Answers HELP.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub help: BTreeMap<String, String>,
}

impl ChannelShape {
    /// The shape of a channel.
    #[must_use]
    pub fn of(channel: &Channel) -> Self {
        let row = &channel.row;
        Self {
            id: row.id.clone(),
            name: row.name.clone(),
            kind: row.kind.clone(),
            enabled: row.enabled,
            gateway: row.gateway.clone(),
            sender: row.sender.clone(),
            sender_type: row.sender_type.clone(),
            subnumbering: row.subnumbering,
            pool_numbers: channel.pool_numbers.clone(),
            allowed_countries: channel.allowed_countries.clone().unwrap_or_default(),
            throttle_per_second: per_second(row.throttle_micro),
            on_ambiguous: row.on_ambiguous.clone(),
            wait_for: row.wait_for.clone(),
            default_language: row.default_language.clone(),
            default_skill: row.default_skill.clone(),
            keyword_scope: row.keyword_scope.clone(),
            texts: texts(&row.texts),
            keywords: channel.own_keywords.clone(),
        }
    }
}

/// A rate as a number, whole where it is whole.
fn per_second(micro: i64) -> Value {
    if micro % MICRO == 0 {
        return Value::from(micro / MICRO);
    }
    let (whole, rest) = (micro / MICRO, micro % MICRO);
    // Six decimals are exact; the text keeps them so.
    format!("{whole}.{rest:06}")
        .parse::<f64>()
        .ok()
        .and_then(Number::from_f64)
        .map_or(Value::Null, Value::Number)
}

fn texts(stored: &str) -> TextsShape {
    let stored: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(stored).unwrap_or_default();
    let mut shape = TextsShape::default();
    for (key, wordings) in stored {
        match SystemText::parse(&key) {
            Some(SystemText::NotFound) => shape.not_found = wordings,
            Some(SystemText::OptOut) => shape.opt_out = wordings,
            Some(SystemText::OptIn) => shape.opt_in = wordings,
            Some(SystemText::Help) => shape.help = wordings,
            None => {}
        }
    }
    shape
}
