//! What SendSurvey can settle before its transaction: which survey, channel and language the call means, and
//! the faults that need them (http-api.md 2.3).

use std::sync::Arc;

use chrono::Duration;

use super::{Draft, SendSurvey};
use crate::app::channels::Channel;
use crate::app::engine::Engine;
use crate::app::warning::{Warning, WarningCode};
use crate::clock::Timestamp;
use crate::gateway::SubnumberMode;
use crate::phone::Phone;
use crate::session::subnumber;
use crate::store::surveys::SurveyRow;
use crate::survey::{Effect, Language, Survey, turn};
use crate::text::{self, Composed};

/// Expiry above which the caller is warned (P35).
const ADVISED_EXPIRY: Duration = Duration::hours(24);

/// A call with everything it names resolved.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The call.
    pub command: SendSurvey,
    /// The survey it names.
    pub survey_row: SurveyRow,
    /// The revision a session would be pinned to.
    pub revision: i32,
    /// That revision.
    pub survey: Arc<Survey>,
    /// The channel it would leave by; `None` when none is configured.
    pub channel: Option<Arc<Channel>>,
    /// The session's language (P32, A20).
    pub language: Language,
    /// What starts the session: `api`, `trigger` or `campaign` (S04).
    pub origin: &'static str,
    /// The API key of the caller, if there is one.
    pub key_id: Option<String>,
    /// Subnumbers drawn for its session, where we put digits behind our short number: the first that is free is
    /// its own (GW53).
    pub drawn: Vec<String>,
    /// Advice.
    pub warnings: Vec<Warning>,
}

/// A fault of the request that needs the survey or the channel to be seen; answered 422.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault422 {
    /// The channel may not text that country (A86).
    CountryNotAllowed {
        /// The country code, for the detail.
        country_code: String,
    },
    /// The first SMS would be longer than 6 parts (P30).
    ContentTooLong {
        /// Its parts.
        segments: usize,
    },
}

/// Why a call could not be prepared; answered 404 or 409.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unprepared {
    /// No survey has that slug or UUID.
    SurveyNotFound,
    /// The survey has no active revision (P03).
    SurveyNotActive,
    /// No channel has that id.
    ChannelNotFound,
}

impl Prepared {
    /// Days between two of these surveys to one phone (A71).
    #[must_use]
    pub fn quarantine(&self) -> Duration {
        self.survey.settings.quarantine
    }
}

/// Resolves what a call names. Its [`faults`] have been asked for before.
///
/// # Errors
/// [`Unprepared`] when the survey or the channel is unknown.
pub fn prepare(engine: &Engine, command: SendSurvey, now: Timestamp) -> Result<Prepared, Unprepared> {
    let survey_row = engine.library.find(&command.survey).ok_or(Unprepared::SurveyNotFound)?;
    if let Some(id) = &command.channel_id
        && engine.channels.get(id).is_none()
    {
        return Err(Unprepared::ChannelNotFound);
    }
    let (revision, survey) = engine.library.active(&survey_row.id).ok_or(Unprepared::SurveyNotActive)?;
    let channel = channel_of(engine, command.channel_id.as_deref());
    let language = survey.language_for(command.language.as_ref());
    let drawn = drawn(engine, channel.as_deref(), &command.identifier);
    let mut prepared = Prepared {
        command,
        survey_row,
        revision,
        survey,
        channel,
        language,
        origin: "api",
        key_id: None,
        drawn,
        warnings: Vec::new(),
    };
    prepared.warnings = advice(&prepared, now);
    Ok(prepared)
}

/// Subnumbers for a session with this phone, drawn at random; none where we put no digits behind our number.
fn drawn(engine: &Engine, channel: Option<&Channel>, phone: &Phone) -> Vec<String> {
    let Some(channel) = channel.filter(|channel| channel.subnumber_mode(phone) == SubnumberMode::OwnSuffix)
    else {
        return Vec::new();
    };
    let (sender, digits) = (&channel.row.sender, channel.subnumber.total_digits);
    let suffixes = subnumber::suffixes(sender, digits);
    let draws = if suffixes == 0 { 0 } else { subnumber::DRAWS };
    (0..draws).map(|_| subnumber::with_suffix(sender, digits, engine.ids.below(suffixes))).collect()
}

/// The faults that need the survey or the channel to be seen; what the draft does not have is passed over. A
/// survey that is not active yet, and a channel that does not exist, are answered otherwise.
#[must_use]
pub fn faults(engine: &Engine, survey_id: &str, draft: &Draft, now: Timestamp) -> Vec<Fault422> {
    let mut faults = Vec::new();
    let channel = channel_of(engine, draft.channel_id.as_deref());
    if let (Some(phone), Some(channel)) = (&draft.identifier, &channel)
        && !channel.allows(phone)
    {
        faults.push(Fault422::CountryNotAllowed { country_code: phone.country_code().to_owned() });
    }
    if let (Some(content), Some((_, survey))) = (&draft.content, engine.library.active(survey_id)) {
        let text = first_sms(&survey, draft, content, now);
        let sms =
            |text: &Composed| text::length(channel.as_ref().map_or(text.sms(), |channel| channel.sms(text)));
        let segments = text.as_ref().map_or(0, |text| sms(text).segments);
        if segments > text::PARTS_MAX {
            faults.push(Fault422::ContentTooLong { segments });
        }
    }
    faults
}

/// The languages a call may name (P33): those of the built-in system texts, of the surveys, and of the channels'
/// own system texts. A survey that lacks one answers in its default language, with a warning.
#[must_use]
pub fn languages(engine: &Engine) -> Vec<Language> {
    let mut languages = engine.library.languages();
    languages.extend([Language::en(), Language::no()]);
    languages.extend(engine.channels.all().iter().flat_map(|channel| channel.texts.languages().cloned()));
    languages.into_iter().collect()
}

/// The channel named, else the deployment's; only an enabled one.
fn channel_of(engine: &Engine, id: Option<&str>) -> Option<Arc<Channel>> {
    let channel = match id {
        Some(id) => engine.channels.get(id),
        None => engine.channels.default_channel(),
    };
    channel.filter(|channel| channel.row.enabled)
}

fn first_sms(survey: &Survey, draft: &Draft, content: &str, now: Timestamp) -> Option<Composed> {
    let begin = turn::Begin {
        language: survey.language_for(draft.language.as_ref()),
        variables: &draft.variables,
        content: Some(content),
    };
    turn::begin(survey, &begin, now).effects.into_iter().find_map(|effect| match effect {
        Effect::Send(send) => Some(send.text),
        Effect::Record(_)
        | Effect::Append { .. }
        | Effect::Reject { .. }
        | Effect::Extra { .. }
        | Effect::Tag { .. }
        | Effect::Mute
        | Effect::Muted
        | Effect::VisitLimit { .. }
        | Effect::Complete
        | Effect::Close(_) => None,
    })
}

fn advice(prepared: &Prepared, now: Timestamp) -> Vec<Warning> {
    let mut warnings = Vec::new();
    match &prepared.command.language {
        None => warnings.push(Warning::language_not_set(&prepared.language)),
        Some(wish) if *wish != prepared.language => warnings.push(Warning::new(
            WarningCode::LanguageFallback,
            "/language",
            format!("the survey has no {wish}; {} is used", prepared.language),
        )),
        Some(_) => {}
    }
    let open_for = prepared.command.expiry.map_or(prepared.survey.settings.expiry, |expiry| expiry - now);
    if open_for > ADVISED_EXPIRY {
        warnings.push(Warning::new(
            WarningCode::ExpiryOver24h,
            "/expiryTime",
            format!(
                "the session stays open for {} hours; at most 24 are advised for SMS",
                open_for.num_hours()
            ),
        ));
    }
    let life =
        prepared.channel.as_ref().and_then(|channel| channel.thread_life(&prepared.command.identifier));
    if let Some(life) = life.filter(|life| open_for > *life) {
        warnings.push(Warning::new(
            WarningCode::ExpiryOverSubnumberLife,
            "/expiryTime",
            format!("a subnumber lives for {} days after the last message", life.num_days()),
        ));
    }
    warnings
}
