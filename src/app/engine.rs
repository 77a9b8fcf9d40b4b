//! [`Engine`]: what every use case needs: the store, the clock, ids, surveys, channels and settings.
//! It decides nothing itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Duration, NaiveTime};

use super::channels::Channels;
use super::export::VariableNames;
use super::gateway_health::GatewayHealth;
use super::health::GaugesLooked;
use super::heartbeat::Heartbeat;
use super::keys::Keyring;
use super::library::Library;
use super::outbox_load::OutboxLoad;
use super::webhooks::Webhooks;
use crate::clock::Clock;
use crate::gateway::Gateways;
use crate::ids::Ids;
use crate::phone::PhoneRules;
use crate::session::keywords::Keywords;
use crate::session::retry::Backoff;
use crate::store::Store;
use crate::store::disk::LowMarks;
use crate::survey::{Language, SendWindow, Survey};
use crate::telemetry::Metrics;

/// The shared parts of a running server. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The open database.
    pub store: Store,
    /// Tells the time.
    pub clock: Clock,
    /// Makes ids.
    pub ids: Ids,
    /// The surveys, checked, by revision.
    pub library: Library,
    /// The channels.
    pub channels: Channels,
    /// The gateways.
    pub gateways: Gateways,
    /// Their recent past on this node.
    pub health: GatewayHealth,
    /// Who is told of events.
    pub webhooks: Webhooks,
    /// API keys seen lately.
    pub keys: Keyring,
    /// How much waits in the outbox, looked at once a second.
    pub outbox_load: OutboxLoad,
    /// When the database was last looked at for the gauges.
    pub gauges_looked: GaugesLooked,
    /// When the background work last showed signs of life.
    pub heartbeat: Heartbeat,
    /// Settings of the deployment.
    pub settings: Arc<Settings>,
    /// Counters for `/metrics`.
    pub metrics: Metrics,
    /// Names of session variables seen by exports.
    pub variable_names: VariableNames,
    /// Random name of this process (RE29).
    pub node: Arc<str>,
}

/// Settings that use cases read; each has a documented key in `config.default.toml`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a repeated SendSurvey is a duplicate (A03); default 24 h.
    pub duplicate_window: Duration,
    /// No record of consent is not enough (A09); default false.
    pub require_consent: bool,
    /// Between two not-found texts to a phone (P49); default 24 h.
    pub not_found_gap: Duration,
    /// Not-found texts per channel and hour (P49); default 100.
    pub not_found_per_hour: i32,
    /// Unavailable or expired texts per session (A32); default 3.
    pub unavailable_max: i32,
    /// How long an ended session answers with its texts (A29); default 30 d.
    pub ended_memory: Duration,
    /// Look for sessions on other channels too (A28); default false.
    pub cross_channel_lookup: bool,
    /// Inbound per session (GW84); default 100.
    pub inbound_per_session: i32,
    /// Texts in a row within two seconds of our SMS that mute a phone (GW85); default 5; 0 = never.
    pub quick_replies_max: i32,
    /// Surveys that one API key may start in a day (GW88); default no limit.
    pub surveys_per_key_day: Option<i32>,
    /// Surveys that may start on one channel in a day (GW88); default no limit.
    pub surveys_per_channel_day: Option<i32>,
    /// Outbound per phone and hour (GW84); default 30.
    pub outbound_per_phone_hour: i32,
    /// Sessions queued per phone and sender (A90); default 5.
    pub queue_max: usize,
    /// Hours of the recipient's day in which reminders may leave (A68); default 08:00 to 21:00.
    pub reminder_hours: SendWindow,
    /// Such hours of their own by the first digits of a number, without `+`; the longest prefix counts (GW66).
    pub reminder_hours_by_prefix: BTreeMap<String, SendWindow>,
    /// Sends in flight per channel (RF10); default 8.
    pub sends_per_channel: usize,
    /// Most messages of one claim (`outbox.claim_batch`); default 256.
    pub claim_batch: usize,
    /// Texts of messages are logged at level trace (O4); default false.
    pub log_bodies: bool,
    /// Longest sleep of the background tasks: a safety net, since commits wake them; default 5 s.
    pub poll: Duration,
    /// Waits between tries (RF11, RF12).
    pub backoff: Backoff,
    /// Language of system texts when nothing is known (A21); default English.
    pub language: Language,
    /// Language of system texts by country code (A21); default Norwegian for 47.
    pub language_by_country: BTreeMap<String, Language>,
    /// How long the answer to an `Idempotency-Key` is kept (RE25); default 7 d.
    pub idempotency_window: Duration,
    /// How long deliveries to webhooks and attempts at them are kept (V7); default 30 d.
    pub webhook_memory: Duration,
    /// Life of a lease on a send (RE16); default 90 s.
    pub lease: Duration,
    /// Tries to hand a message over (RF11); default 8.
    pub attempts_max: i32,
    /// Wait for proof of an ambiguous send (A82); default 120 s.
    pub proof_wait: Duration,
    /// Wait for a delivery report (A76); default 72 h.
    pub receipt_wait: Duration,
    /// Faulting turns that halt a session (RE9); default 3.
    pub faults_max: i32,
    /// Zone of offset-less times and of recipients without one (A05, F22); default Europe/Oslo.
    pub default_timezone: chrono_tz::Tz,
    /// Which numbers are mobiles in spite of the metadata (A10).
    pub phone_rules: PhoneRules,
    /// Name the checker looks for in first messages when a survey states none (GW68).
    pub sender_name: Option<String>,
    /// STOP, START, HELP and their like (A53–A58), and the word lists replies are read by (N6).
    pub keywords: Keywords,
    /// Between two SMS of a session in place of every survey's own gap; for demos and tests; default none.
    pub element_gap_override: Option<Duration>,
    /// First SMS leave whatever the survey's send window says; for demos and tests; default false.
    pub ignore_send_windows: bool,
    /// Messages waiting above which SendSurvey answers 429 (RE36); default 100,000.
    pub outbox_max: i64,
    /// Age of the oldest message due above which SendSurvey answers 429 (RE36); default 5 min.
    pub outbox_age_max: Duration,
    /// Free space below which the disk of the database is low (RF4); default 512 MB and 5 %.
    pub disk_marks: LowMarks,
}

impl Settings {
    /// The gap between two SMS of a session of this survey (P40).
    #[must_use]
    pub fn element_gap(&self, survey: &Survey) -> Duration {
        self.element_gap_override.unwrap_or(survey.settings.element_gap)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            duplicate_window: Duration::hours(24),
            require_consent: false,
            not_found_gap: Duration::hours(24),
            not_found_per_hour: 100,
            unavailable_max: 3,
            ended_memory: Duration::days(30),
            cross_channel_lookup: false,
            inbound_per_session: 100,
            quick_replies_max: 5,
            surveys_per_key_day: None,
            surveys_per_channel_day: None,
            outbound_per_phone_hour: 30,
            queue_max: 5,
            reminder_hours: SendWindow {
                from: NaiveTime::from_hms_opt(8, 0, 0).unwrap_or(NaiveTime::MIN),
                to: NaiveTime::from_hms_opt(21, 0, 0).unwrap_or(NaiveTime::MIN),
                days: Vec::new(),
                timezone: None,
            },
            reminder_hours_by_prefix: BTreeMap::new(),
            sends_per_channel: 8,
            claim_batch: 256,
            log_bodies: false,
            poll: Duration::seconds(5),
            backoff: Backoff::default(),
            language: Language::en(),
            language_by_country: BTreeMap::from([("47".to_owned(), Language::no())]),
            idempotency_window: Duration::days(7),
            webhook_memory: Duration::days(30),
            lease: Duration::seconds(90),
            attempts_max: 8,
            proof_wait: Duration::seconds(120),
            receipt_wait: Duration::hours(72),
            faults_max: 3,
            default_timezone: chrono_tz::Europe::Oslo,
            phone_rules: PhoneRules::default(),
            sender_name: None,
            keywords: Keywords::default(),
            element_gap_override: None,
            ignore_send_windows: false,
            outbox_max: 100_000,
            outbox_age_max: Duration::minutes(5),
            disk_marks: LowMarks::new(512, 5),
        }
    }
}
