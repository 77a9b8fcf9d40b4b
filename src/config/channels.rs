//! `[channels.<name>]`: the sender numbers (http-api.md 5.1).

use std::collections::{BTreeMap, BTreeSet};

use super::fault::FaultCode;
use super::reader::Reader;
use super::surveys::{StopScope, is_country_code, language};
use crate::gateway::{GatewayKind, GatewaySettings, SenderType, SubnumberMode};
use crate::i18n::{SystemText, SystemTexts};
use crate::survey::Language;
use crate::text::{self, Composed};

/// A configured sender number.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its name in the configuration.
    pub name: String,
    /// Whether it is in use.
    pub enabled: bool,
    /// The gateway it sends through.
    pub gateway: String,
    /// Opaque text, never parsed as a phone (GW74).
    pub sender: String,
    /// What kind of sender it is; never alphanumeric.
    pub sender_type: SenderType,
    /// A subnumber per session for country code 47 (P45).
    pub subnumbering: bool,
    /// Further numbers of ours to pick a subnumber from, opaque (GW54).
    pub pool_numbers: Vec<String>,
    /// Who may be texted (A86).
    pub allowed_countries: Countries,
    /// SMS per second (A73).
    pub throttle_per_second: f64,
    /// What an unknown outcome means (A82).
    pub on_ambiguous: OnAmbiguous,
    /// When the next SMS of a session may leave (RE23).
    pub wait_for: WaitFor,
    /// Language of system texts when nothing is known; `None` = as `[texts]`.
    pub default_language: Option<Language>,
    /// What STOP ends here; `None` = as `[consent]`.
    pub keyword_scope: Option<StopScope>,
    /// Own wordings of system texts.
    pub texts: SystemTexts,
    /// Own words by language.
    pub keywords: BTreeMap<Language, Keywords>,
}

/// Countries that may be texted, by country code (GW73).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Countries {
    /// Every one: the simulator costs nothing.
    All,
    /// These alone; an empty set refuses all.
    Only(BTreeSet<String>),
}

impl Countries {
    /// Whether numbers with that country code may be texted.
    #[must_use]
    pub fn allow(&self, country_code: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(codes) => codes.contains(country_code),
        }
    }
}

/// What a send with unknown outcome means (RE20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnAmbiguous {
    /// A question is sent once more, a notice never.
    ByClass,
    /// Nothing is sent again.
    AtMostOnce,
    /// Notices too are sent once more.
    AtLeastOnce,
}

impl OnAmbiguous {
    /// The word used in JSON and configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ByClass => "by_class",
            Self::AtMostOnce => "at_most_once",
            Self::AtLeastOnce => "at_least_once",
        }
    }
}

/// What the next SMS of a session waits for (RE23).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitFor {
    /// The gateway took the one before.
    Accepted,
    /// The phone has it, for at most 10 s.
    Delivered,
}

impl WaitFor {
    /// The word in files and columns.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
        }
    }
}

/// A channel's own keyword lists of one language; an empty list leaves the built-in one (GW61).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keywords {
    /// Alone, or first in at most four words.
    pub opt_out_strong: Vec<String>,
    /// Alone.
    pub opt_out_weak: Vec<String>,
    /// Only when the phone is opted out.
    pub opt_in: Vec<String>,
    /// Alone.
    pub help: Vec<String>,
}

/// Reads one channel.
pub fn read(reader: &mut Reader, name: &str, gateways: &BTreeMap<String, GatewaySettings>) -> Channel {
    let key = |field: &str| format!("channels.{name}.{field}");
    let gateway = reader.text(&key("gateway"), None);
    let simulated = gateways.get(&gateway).is_some_and(is_simulator);
    let subnumber = gateways.get(&gateway).map(|gateway| &gateway.bound.subnumber);
    let can = subnumber.is_some_and(|subnumber| subnumber.mode != SubnumberMode::None);
    let on_ambiguous = [OnAmbiguous::ByClass, OnAmbiguous::AtMostOnce, OnAmbiguous::AtLeastOnce]
        .map(|policy| (policy.as_str(), policy));
    let wait_for = [WaitFor::Accepted, WaitFor::Delivered].map(|wait| (wait.as_str(), wait));
    let scopes = [("", None), ("global", Some(StopScope::Global)), ("survey", Some(StopScope::Survey))];
    let channel = Channel {
        name: name.to_owned(),
        enabled: reader.flag(&key("enabled"), Some("true")),
        sender: reader.text(&key("sender"), None).trim().to_owned(),
        sender_type: sender_type(reader, name),
        subnumbering: reader.flag(&key("subnumbering"), Some(if can { "true" } else { "false" })),
        pool_numbers: reader.list(&key("pool_numbers"), Some("")),
        allowed_countries: countries(reader, name, simulated),
        throttle_per_second: reader.number(&key("throttle_per_second"), Some("8"), &(0.01..=10_000.0)),
        on_ambiguous: reader
            .word(&key("on_ambiguous"), Some("by_class"), &on_ambiguous)
            .unwrap_or(OnAmbiguous::ByClass),
        wait_for: reader.word(&key("wait_for"), Some("accepted"), &wait_for).unwrap_or(WaitFor::Accepted),
        default_language: language(reader, &key("default_language"), Some("")),
        keyword_scope: reader.word(&key("keyword_scope"), Some(""), &scopes).flatten(),
        texts: texts(reader, name),
        keywords: keywords(reader, name),
        gateway,
    };
    if channel.sender.is_empty() || channel.sender.len() > 20 {
        let problem = "give the sender number as the gateway spells it, such as \"2012\"";
        reader.fault(FaultCode::InvalidValue, &key("sender"), problem);
    }
    if let Some(subnumber) = subnumber.filter(|_| channel.subnumbering)
        && let Err(fault) = subnumber.check(&channel.sender, channel.sender_type, &channel.pool_numbers)
    {
        let field = if fault.is_about_pool() { "pool_numbers" } else { "subnumbering" };
        reader.fault(FaultCode::Conflict, &key(field), fault.to_string());
    }
    channel
}

fn is_simulator(gateway: &GatewaySettings) -> bool {
    match &gateway.kind {
        GatewayKind::Simulator(_) => true,
        GatewayKind::Http(_) => false,
    }
}

fn sender_type(reader: &mut Reader, name: &str) -> SenderType {
    let key = format!("channels.{name}.sender_type");
    let types = [SenderType::ShortNumber, SenderType::International, SenderType::Alphanumeric]
        .map(|kind| (kind.as_str(), kind));
    let kind = reader.word(&key, Some("short_number"), &types).unwrap_or(SenderType::ShortNumber);
    if kind == SenderType::Alphanumeric {
        let problem =
            "an alphanumeric sender cannot receive replies; use a short_number or international sender";
        reader.fault(FaultCode::SenderCannotReceive, &key, problem);
    }
    kind
}

fn countries(reader: &mut Reader, name: &str, simulated: bool) -> Countries {
    let key = format!("channels.{name}.allowed_countries");
    let codes = reader.list(&key, Some(""));
    let codes: BTreeSet<String> = codes.iter().map(|code| code.trim_start_matches('+').to_owned()).collect();
    if !codes.iter().all(|code| is_country_code(code)) {
        reader.fault(FaultCode::InvalidValue, &key, "write country codes such as [\"47\", \"46\"]");
    }
    if codes.is_empty() && simulated { Countries::All } else { Countries::Only(codes) }
}

fn texts(reader: &mut Reader, name: &str) -> SystemTexts {
    let prefix = format!("channels.{name}.texts");
    for known in SystemText::ALL {
        reader.know(format!("{prefix}.{}.en", known.as_str()));
    }
    let mut texts = BTreeMap::new();
    for rest in reader.below(&prefix) {
        let parts = rest.split_once('.');
        let Some((which, code)) = parts.and_then(|(which, code)| Some((SystemText::parse(which)?, code)))
        else {
            continue;
        };
        let key = format!("{prefix}.{rest}");
        let wording = reader.text(&key, None);
        match Language::parse(code) {
            Ok(_) if wording.trim().is_empty() => {
                reader.fault(FaultCode::InvalidValue, &key, "write a text, or leave the key out");
            }
            Ok(_) if text::length(Composed::literal(&wording).sms()).segments > 1 => {
                let length = text::length(Composed::literal(&wording).sms());
                let problem = format!(
                    "write one SMS part; this is {} in {}",
                    length.segments,
                    length.encoding.as_str()
                );
                reader.fault(FaultCode::InvalidValue, &key, problem);
            }
            Ok(language) => {
                texts.insert((which, language), wording);
            }
            Err(fault) => reader.fault(FaultCode::InvalidValue, &key, fault.to_string()),
        }
    }
    SystemTexts::with(texts)
}

fn keywords(reader: &mut Reader, name: &str) -> BTreeMap<Language, Keywords> {
    let prefix = format!("channels.{name}.keywords");
    for list in ["opt_out_strong", "opt_out_weak", "opt_in", "help"] {
        reader.know(format!("{prefix}.en.{list}"));
    }
    let codes: BTreeSet<String> =
        reader.below(&prefix).iter().filter_map(|rest| Some(rest.split_once('.')?.0.to_owned())).collect();
    let mut keywords = BTreeMap::new();
    for code in codes {
        let mut words = |list: &str| reader.list(&format!("{prefix}.{code}.{list}"), Some(""));
        let lists = Keywords {
            opt_out_strong: words("opt_out_strong"),
            opt_out_weak: words("opt_out_weak"),
            opt_in: words("opt_in"),
            help: words("help"),
        };
        match Language::parse(&code) {
            Ok(language) => {
                keywords.insert(language, lists);
            }
            Err(fault) => {
                reader.fault(FaultCode::InvalidValue, &format!("{prefix}.{code}"), fault.to_string());
            }
        }
    }
    keywords
}
