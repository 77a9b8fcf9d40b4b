//! Reads what a caller wants a channel to be (http-api.md 5.1), with every fault.

use std::collections::BTreeMap;

use crate::app::channel_keywords::{KeywordWords, OwnKeywords};
use crate::app::manage_channels::ChannelWish;
use crate::http::fields::Fields;
use crate::http::json::Json;
use crate::http::problem::FaultCode;
use crate::i18n::SystemText;
use crate::survey::Language;
use crate::text::{self, Composed};

/// Most countries of a channel: there are fewer.
const COUNTRIES_MAX: usize = 250;
/// Most numbers of a pool.
const POOL_MAX: usize = 1_000;
/// Most words of one keyword list, and most characters of a word.
const WORDS_MAX: usize = 50;
const WORD_CHARS_MAX: usize = 30;
/// Longest wording of a system text: one part is checked besides.
const TEXT_CHARS_MAX: usize = 160;

/// A channel to make or to change, as the API reference shows it.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = ChannelBody, rename_all = "camelCase")]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct ChannelBody {
    /// 1 to 100 characters; needed for a new channel.
    name: Option<String>,
    /// `sms`; fixed.
    kind: Option<String>,
    /// Default true.
    enabled: Option<bool>,
    /// A configured gateway; needed for a new channel.
    gateway: Option<String>,
    /// 1 to 20 characters; needed for a new channel.
    sender: Option<String>,
    /// `short_number` or `international`; needed for a new channel.
    sender_type: Option<String>,
    /// Default: whether the gateway has a way to give subnumbers.
    subnumbering: Option<bool>,
    /// Needed for subnumbers where the gateway picks from several numbers; each once, and not the sender.
    pool_numbers: Option<Vec<String>>,
    /// Country codes such as 47.
    allowed_countries: Option<Vec<String>>,
    /// 0.01 to 10,000; default 8.
    throttle_per_second: Option<f64>,
    /// `by_class` (default), `at_most_once`, `at_least_once`.
    on_ambiguous: Option<String>,
    /// What the next SMS of a session waits for: `accepted` (default), or `delivered`, for at most 10 s.
    wait_for: Option<String>,
    /// A language; an empty text takes it away.
    default_language: Option<String>,
    /// At most 100 characters; an empty text takes it away.
    default_skill: Option<String>,
    /// `global` (default) or `survey`.
    keyword_scope: Option<String>,
    /// `notFound`, `optOut`, `optIn`, `help`, each with wordings by language.
    #[schema(value_type = Object)]
    texts: Option<serde_json::Value>,
    /// By language: `optOutStrong`, `optOutWeak`, `optIn`, `help`.
    #[schema(value_type = Object)]
    keywords: Option<serde_json::Value>,
}

/// Reads the properties of a channel but `kind`; faults stay with the fields.
pub(super) fn read(fields: &mut Fields<'_>) -> ChannelWish {
    let owned = |text: &str| text.trim().to_owned();
    let words = ["by_class", "at_most_once", "at_least_once"].map(|word| (word, word));
    ChannelWish {
        name: fields.text("name", 1..=100).map(owned),
        enabled: fields.boolean("enabled"),
        gateway: fields.text("gateway", 1..=100).map(owned),
        sender: fields.text("sender", 1..=20).map(owned),
        sender_type: sender_type(fields),
        subnumbering: fields.boolean("subnumbering"),
        pool_numbers: pool_numbers(fields),
        allowed_countries: countries(fields),
        throttle_micro: fields.number("throttlePerSecond", 0.01..=10_000.0).map(micro),
        on_ambiguous: fields.word("onAmbiguous", &words),
        wait_for: fields.word("waitFor", &[("accepted", "accepted"), ("delivered", "delivered")]),
        default_language: language(fields),
        default_skill: fields.text("defaultSkill", 0..=100).map(owned),
        keyword_scope: fields.word("keywordScope", &[("global", "global"), ("survey", "survey")]),
        texts: texts(fields),
        keywords: keywords(fields),
    }
}

/// A rate in millionths.
#[expect(clippy::cast_possible_truncation, reason = "at most 10,000 a second is far below 2^63 millionths")]
fn micro(per_second: f64) -> i64 {
    (per_second * 1_000_000.0).round() as i64
}

fn sender_type(fields: &mut Fields<'_>) -> Option<&'static str> {
    let types = ["short_number", "international", "alphanumeric"].map(|word| (word, word));
    let given = fields.word("senderType", &types)?;
    if given == "alphanumeric" {
        let detail = "an alphanumeric sender cannot receive replies; use short_number or international";
        fields.fault("senderType", FaultCode::SenderCannotReceive, detail);
        return None;
    }
    Some(given)
}

fn pool_numbers(fields: &mut Fields<'_>) -> Option<Vec<String>> {
    let given = fields.texts("poolNumbers", POOL_MAX, &(1..=20))?;
    Some(given.into_iter().map(|number| number.trim().to_owned()).collect())
}

fn countries(fields: &mut Fields<'_>) -> Option<Vec<String>> {
    let given = fields.texts("allowedCountries", COUNTRIES_MAX, &(1..=4))?;
    let mut codes = Vec::with_capacity(given.len());
    for (index, text) in given.into_iter().enumerate() {
        let code = text.strip_prefix('+').unwrap_or(text);
        let is_code = (1..=3).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_digit())
            && !code.starts_with('0');
        if !is_code {
            let place = format!("{}/{index}", fields.pointer("allowedCountries"));
            fields.fault_at(place, FaultCode::InvalidParam, "use a country code such as 47");
        } else if !codes.iter().any(|known| known == code) {
            codes.push(code.to_owned());
        }
    }
    Some(codes)
}

fn language(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.text("defaultLanguage", 0..=35)?;
    if text.is_empty() {
        return Some(String::new());
    }
    match Language::parse(text) {
        Ok(language) => Some(language.code().to_owned()),
        Err(fault) => {
            fields.fault("defaultLanguage", FaultCode::InvalidParam, fault.to_string());
            None
        }
    }
}

/// System texts: by name, then by language; stored under the names of the configuration.
fn texts(fields: &mut Fields<'_>) -> Option<BTreeMap<String, BTreeMap<String, String>>> {
    let names = [
        ("notFound", SystemText::NotFound),
        ("optOut", SystemText::OptOut),
        ("optIn", SystemText::OptIn),
        ("help", SystemText::Help),
    ];
    fields.object("texts", |fields| {
        let mut texts = BTreeMap::new();
        for (name, text) in names {
            if let Some(wordings) = fields.object(name, wordings)
                && !wordings.is_empty()
            {
                texts.insert(text.as_str().to_owned(), wordings);
            }
        }
        texts
    })
}

fn wordings(fields: &mut Fields<'_>) -> BTreeMap<String, String> {
    let mut wordings = BTreeMap::new();
    for (code, json) in fields.entries() {
        let place = fields.pointer(code);
        let Ok(language) = Language::parse(code) else {
            fields.fault_at(place, FaultCode::InvalidParam, "use a language code such as no");
            continue;
        };
        let is_one_part = |text: &str| {
            (1..=TEXT_CHARS_MAX).contains(&text.chars().count())
                && !text.trim().is_empty()
                && !text.contains('\0')
                && text::length(Composed::literal(text).sms()).segments == 1
        };
        match json {
            Json::Null => {}
            Json::Text(text) if is_one_part(text) => {
                wordings.insert(language.code().to_owned(), text.clone());
            }
            Json::Text(_) | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                fields.fault_at(place, FaultCode::InvalidParam, "use a text of one SMS part");
            }
        }
    }
    wordings
}

fn keywords(fields: &mut Fields<'_>) -> Option<OwnKeywords> {
    fields.object("keywords", |fields| {
        let mut keywords = OwnKeywords::new();
        for (code, json) in fields.entries().iter().filter(|(_, json)| *json != Json::Null) {
            let place = fields.pointer(code);
            let Ok(language) = Language::parse(code) else {
                fields.fault_at(place, FaultCode::InvalidParam, "use a language code such as no");
                continue;
            };
            let mut lists = Fields::at(place, json);
            let mut words = |name: &'static str| -> Vec<String> {
                let given = lists.texts(name, WORDS_MAX, &(1..=WORD_CHARS_MAX)).unwrap_or_default();
                given.into_iter().map(str::to_owned).collect()
            };
            let own = KeywordWords {
                opt_out_strong: words("optOutStrong"),
                opt_out_weak: words("optOutWeak"),
                opt_in: words("optIn"),
                help: words("help"),
            };
            keywords.insert(language, own);
            fields.absorb(lists);
        }
        keywords
    })
}
