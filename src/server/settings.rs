//! What the rooms take, out of the configuration. Every setting that has an effect in the use cases or in the
//! store passes here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveTime;

use crate::app::channel_keywords::{KeywordWords, OwnKeywords};
use crate::app::configure_channels::ConfiguredChannel;
use crate::app::engine::Settings;
use crate::app::installation::Installation;
use crate::config::{self, Channel, Config, Countries, Durability, StopScope};
use crate::gateway::SenderType;
use crate::i18n::SystemText;
use crate::phone::PhoneRules;
use crate::session::Keywords;
use crate::session::keywords::KeywordSettings;
use crate::session::retry::Backoff;
use crate::store::disk::LowMarks;
use crate::store::{ConnectionSettings, StoreSettings};
use crate::survey::{Language, SendWindow};

/// For the store.
pub(super) fn store_settings(config: &Config) -> StoreSettings {
    let database = &config.database;
    StoreSettings {
        connection: ConnectionSettings {
            survives_power_loss: match database.durability {
                Durability::Full => true,
                Durability::Relaxed => false,
            },
            statement_timeout: database.statement_timeout,
            lock_timeout: database.lock_timeout,
            for_turns: false,
        },
        migrates: database.migrate,
        writers: database.writers,
        writer_batch: database.writer_batch,
        readers: database.readers,
        pool_wait: database.pool_wait,
    }
}

/// For the use cases.
pub(super) fn settings(config: &Config) -> Settings {
    let days = |wait: std::time::Duration| chrono::Duration::from_std(wait).unwrap_or(chrono::Duration::MAX);
    let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let budget = |number: u32| (number > 0).then(|| count(number));
    let (surveys, limits, outbox) = (&config.surveys, &config.limits, &config.outbox);
    let per_day = i32::try_from(limits.not_found_per_phone_per_day).unwrap_or(1).max(1);
    Settings {
        duplicate_window: days(surveys.duplicate_window),
        require_consent: surveys.require_consent,
        not_found_gap: chrono::Duration::hours(24) / per_day,
        not_found_per_hour: count(limits.not_found_per_channel_per_hour),
        unavailable_max: count(limits.unavailable_per_session),
        ended_memory: days(surveys.ended_session_memory),
        cross_channel_lookup: surveys.cross_channel_lookup,
        inbound_per_session: count(limits.inbound_per_session),
        quick_replies_max: count(limits.quick_replies_max),
        surveys_per_key_day: budget(limits.surveys_per_key_per_day),
        surveys_per_channel_day: budget(limits.surveys_per_channel_per_day),
        outbound_per_phone_hour: count(limits.outbound_per_phone_per_hour),
        lease: days(outbox.lease),
        attempts_max: count(outbox.attempts_max),
        proof_wait: days(outbox.unknown_proof),
        receipt_wait: days(outbox.receipt_timeout),
        default_timezone: surveys.default_timezone,
        phone_rules: PhoneRules { extra_mobile_prefixes: surveys.extra_mobile_prefixes.clone() },
        sender_name: surveys.sender_name.clone(),
        keywords: deployment_keywords(config),
        outbox_max: i64::try_from(limits.due_max).unwrap_or(i64::MAX),
        ignore_send_windows: surveys.ignore_send_windows,
        element_gap_override: outbox.element_gap_override.map(days),
        outbox_age_max: days(limits.due_age_max),
        disk_marks: LowMarks::new(limits.disk_low_mb, limits.disk_low_percent),
        reminder_hours: hours((config.consent.quiet_hours_end, config.consent.quiet_hours_start)),
        reminder_hours_by_prefix: config
            .consent
            .hours_by_prefix
            .iter()
            .map(|(prefix, from_to)| (prefix.clone(), hours(*from_to)))
            .collect(),
        idempotency_window: days(config.retention.idempotency),
        webhook_memory: days(config.retention.webhook_attempts),
        sends_per_channel: outbox.concurrency_per_channel,
        claim_batch: outbox.claim_batch,
        log_bodies: config.log.bodies,
        poll: days(outbox.poll),
        backoff: Backoff { base: days(outbox.retry_base), longest: days(outbox.retry_max) },
        language: config.texts.language.clone(),
        language_by_country: config.texts.language_by_country.clone(),
        ..Settings::default()
    }
}

/// Hours of every day in the recipient's zone.
fn hours((from, to): (NaiveTime, NaiveTime)) -> SendWindow {
    SendWindow { from, to, days: Vec::new(), timezone: None }
}

/// A channel for the upsert at start.
pub(super) fn configured(channel: &Channel, config: &Config) -> ConfiguredChannel {
    let scope = channel.keyword_scope.unwrap_or(config.consent.stop_scope);
    ConfiguredChannel {
        name: channel.name.clone(),
        enabled: channel.enabled,
        gateway: channel.gateway.clone(),
        sender: channel.sender.clone(),
        sender_type: match channel.sender_type {
            SenderType::ShortNumber => "short_number",
            SenderType::International | SenderType::Alphanumeric => "international",
        },
        subnumbering: channel.subnumbering,
        pool_numbers: channel.pool_numbers.clone(),
        allowed_countries: match &channel.allowed_countries {
            Countries::All => None,
            Countries::Only(codes) => Some(codes.iter().cloned().collect()),
        },
        throttle_micro: micro(channel.throttle_per_second),
        on_ambiguous: channel.on_ambiguous.as_str(),
        wait_for: channel.wait_for.as_str(),
        default_language: channel.default_language.as_ref().map(|language| language.code().to_owned()),
        keyword_scope: match scope {
            StopScope::Global => "global",
            StopScope::Survey => "survey",
        },
        texts: texts(channel),
        default_skill: None,
        keywords: serde_json::json!(own_keywords(channel)),
    }
}

/// The built-in keywords with the deployment's word lists.
pub(crate) fn deployment_keywords(config: &Config) -> Keywords {
    Keywords::new(&KeywordSettings::default(), Arc::clone(&config.lexicons))
}

/// What the configuration adds to the check of survey files.
pub(crate) fn installation(config: &Config) -> Installation {
    let own: Vec<OwnKeywords> = config.channels.values().map(own_keywords).collect();
    Installation::new(config.surveys.sender_name.as_deref(), &own)
}

/// The channel's own words, as the API shows them.
fn own_keywords(channel: &Channel) -> OwnKeywords {
    let words = |own: &config::Keywords| KeywordWords {
        opt_out_strong: own.opt_out_strong.clone(),
        opt_out_weak: own.opt_out_weak.clone(),
        opt_in: own.opt_in.clone(),
        help: own.help.clone(),
    };
    channel.keywords.iter().map(|(language, own)| (language.clone(), words(own))).collect()
}

/// A rate in millionths.
#[expect(clippy::cast_possible_truncation, reason = "rates are far below 2^63 millionths")]
fn micro(per_second: f64) -> i64 {
    (per_second * 1_000_000.0).round() as i64
}

/// The channel's wordings in the built-in languages and in those of its own texts.
fn texts(channel: &Channel) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut languages = BTreeSet::from([Language::en(), Language::no()]);
    languages.extend(channel.texts.languages().cloned());
    let wordings = |text: SystemText| {
        let wording = |language: &Language| {
            Some((language.code().to_owned(), channel.texts.in_language(text, language)?.to_owned()))
        };
        (text.as_str().to_owned(), languages.iter().filter_map(wording).collect())
    };
    SystemText::ALL.into_iter().map(wordings).collect()
}
