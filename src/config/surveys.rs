//! `[surveys]`, `[texts]` and `[consent]`: what holds for every survey. Defaults stand in `config.default.toml`
//! alone; what a survey decides for itself stands in its file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveTime;
use chrono_tz::Tz;

use super::fault::FaultCode;
use super::reader::{DAY, Reader};
use crate::survey::Language;

/// `[surveys]`
#[derive(Clone, Debug)]
pub struct Surveys {
    /// Folder of the survey files.
    pub folder: PathBuf,
    /// Zone of times that come without one (P11, A05).
    pub default_timezone: Tz,
    /// How long an equal SendSurvey is a repeat (A03).
    pub duplicate_window: Duration,
    /// No survey without recorded consent (A09).
    pub require_consent: bool,
    /// Replies on another sender number find the session (A28).
    pub cross_channel_lookup: bool,
    /// How long an ended session still answers (A29).
    pub ended_session_memory: Duration,
    /// First SMS leave whatever the send window says; for demos and tests.
    pub ignore_send_windows: bool,
    /// Prefixes that count as mobile (A10).
    pub extra_mobile_prefixes: Vec<String>,
    /// Name the checker looks for when the survey states none (GW68).
    pub sender_name: Option<String>,
}

impl Surveys {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let prefixes = reader.list("surveys.extra_mobile_prefixes", None);
        let digits = |prefix: &String| {
            let digits = prefix.trim_start_matches('+');
            (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !prefixes.iter().all(digits) {
            let problem = "write prefixes with country code such as \"+47580\"";
            reader.fault(FaultCode::InvalidValue, "surveys.extra_mobile_prefixes", problem);
        }
        let default_timezone = reader.read("surveys.default_timezone", None, |raw| {
            let zone = raw.text().and_then(|text| text.trim().parse::<Tz>().ok());
            zone.map(Some).ok_or_else(|| "write an IANA zone such as Europe/Oslo".to_owned())
        });
        let folder = reader.optional("surveys.folder", None);
        if folder.is_none() {
            reader.fault(FaultCode::MissingKey, "surveys.folder", "name a folder such as surveys");
        }
        Self {
            folder: PathBuf::from(folder.unwrap_or_default()),
            default_timezone: default_timezone.unwrap_or(Tz::UTC),
            duplicate_window: reader.duration("surveys.duplicate_window", None, &(0..=30 * DAY)),
            require_consent: reader.flag("surveys.require_consent", None),
            cross_channel_lookup: reader.flag("surveys.cross_channel_lookup", None),
            ended_session_memory: reader.duration("surveys.ended_session_memory", None, &(0..=90 * DAY)),
            ignore_send_windows: reader.flag("surveys.ignore_send_windows", None),
            extra_mobile_prefixes: prefixes,
            sender_name: reader.optional("surveys.sender_name", None),
        }
    }
}

/// `[texts]`: which language a person gets when no session tells it (A21).
#[derive(Clone, Debug)]
pub struct Texts {
    /// When nothing is known.
    pub language: Language,
    /// By country code, without `+`.
    pub language_by_country: BTreeMap<String, Language>,
}

impl Texts {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let language = language(reader, "texts.language", None).unwrap_or_else(Language::en);
        let key = "texts.language_by_country";
        let mut language_by_country = BTreeMap::new();
        for entry in reader.list(key, None) {
            let pair = entry.split_once('=').map(|(code, language)| (code.trim(), Language::parse(language)));
            match pair {
                Some((code, Ok(language))) if is_country_code(code) => {
                    language_by_country.insert(code.to_owned(), language);
                }
                Some(_) | None => {
                    let problem = format!("`{entry}` is not a country code and a language such as 47=no");
                    reader.fault(FaultCode::InvalidValue, key, problem);
                }
            }
        }
        Self { language, language_by_country }
    }
}

/// One to three digits, no leading zero.
pub(super) fn is_country_code(code: &str) -> bool {
    let digits = code.bytes().all(|byte| byte.is_ascii_digit());
    digits && (1..=3).contains(&code.len()) && !code.starts_with('0')
}

/// A language code, or `None` when it is empty.
pub(super) fn language(reader: &mut Reader, key: &str, default: Option<&str>) -> Option<Language> {
    let code = reader.optional(key, default)?;
    match Language::parse(&code) {
        Ok(language) => Some(language),
        Err(fault) => {
            reader.fault(FaultCode::InvalidValue, key, fault.to_string());
            None
        }
    }
}

/// What STOP ends (A57).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopScope {
    /// Everything to the phone.
    Global,
    /// The survey it was said in.
    Survey,
}

/// `[consent]`
#[derive(Clone, Debug)]
pub struct Consent {
    /// What STOP ends.
    pub stop_scope: StopScope,
    /// First time of day for campaigns, triggers, reminders (A68).
    pub quiet_hours_end: NaiveTime,
    /// First time of day without them.
    pub quiet_hours_start: NaiveTime,
    /// First time of day with and first without them by the first digits of a number, without `+` (GW66).
    pub hours_by_prefix: BTreeMap<String, (NaiveTime, NaiveTime)>,
}

impl Consent {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let scopes = [("global", StopScope::Global), ("survey", StopScope::Survey)];
        let time = |reader: &mut Reader, key: &str| {
            reader.read(key, None, |raw| {
                let time = raw.text().and_then(|text| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok());
                time.ok_or_else(|| "write a time of day such as 08:00".to_owned())
            })
        };
        let quiet_hours_end = time(reader, "consent.quiet_hours_end");
        let quiet_hours_start = time(reader, "consent.quiet_hours_start");
        if quiet_hours_end >= quiet_hours_start {
            let problem = "quiet hours start after they end, on the same day: 08:00 and 21:00";
            reader.fault(FaultCode::InvalidValue, "consent.quiet_hours_start", problem);
        }
        Self {
            stop_scope: reader.word("consent.stop_scope", None, &scopes).unwrap_or(StopScope::Global),
            quiet_hours_end,
            quiet_hours_start,
            hours_by_prefix: hours_by_prefix(reader),
        }
    }
}

fn hours_by_prefix(reader: &mut Reader) -> BTreeMap<String, (NaiveTime, NaiveTime)> {
    let key = "consent.hours_by_prefix";
    let mut hours = BTreeMap::new();
    for entry in reader.list(key, None) {
        match prefix_hours(&entry) {
            Some((prefix, from_to)) => {
                hours.insert(prefix, from_to);
            }
            None => {
                let problem =
                    format!("`{entry}` is not the start of numbers and hours such as 1212=09:00-20:00");
                reader.fault(FaultCode::InvalidValue, key, problem);
            }
        }
    }
    hours
}

fn prefix_hours(entry: &str) -> Option<(String, (NaiveTime, NaiveTime))> {
    let (prefix, hours) = entry.split_once('=')?;
    let prefix = prefix.trim().trim_start_matches('+');
    let (from, to) = hours.split_once('-')?;
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    let (from, to) = (time(from)?, time(to)?);
    let is_prefix = (1..=15).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_digit());
    (is_prefix && from < to).then(|| (prefix.to_owned(), (from, to)))
}
