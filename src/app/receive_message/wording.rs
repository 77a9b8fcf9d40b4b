//! The words of texts that ask nothing: which language, whose wording (A21, §5).

use std::collections::BTreeMap;

use super::ReceiveMessage;
use super::find::session_of;
use crate::app::apply_turn::sms_for;
use crate::app::channels::Channel;
use crate::app::expire_sessions::survey_of;
use crate::app::moment::{Moment, session};
use crate::i18n::SystemText;
use crate::phone::Phone;
use crate::session::correlate::Match;
use crate::store::Fault;
use crate::survey::expr::Facts;
use crate::survey::messages::SessionText;
use crate::survey::{Language, Survey, prompt};
use crate::text::Composed;

impl ReceiveMessage {
    /// The language of the session, else of the phone's last one, else by country (A21).
    pub(super) fn language(&self, moment: &Moment<'_>, phone: &Phone, found: &Match) -> Language {
        let of_session = session_of(found)
            .and_then(|id| moment.space.sessions.get(id))
            .map(|session| session.language.clone());
        let of_phone =
            || moment.space.contacts.get(phone.as_e164()).and_then(|contact| contact.language.clone());
        let of_channel =
            || self.receiving.as_ref().and_then(|(channel, _)| channel.row.default_language.clone());
        of_session
            .or_else(of_phone)
            .or_else(of_channel)
            .and_then(|code| Language::parse(&code).ok())
            .unwrap_or_else(|| {
                let settings = &moment.engine.settings;
                let of_country = settings.language_by_country.get(phone.country_code());
                of_country.unwrap_or(&settings.language).clone()
            })
    }
}

/// A text of the survey the person is in, if the survey has its own (§5).
pub(super) fn survey_text(
    moment: &Moment<'_>,
    found: &Match,
    key: SessionText,
) -> Result<Option<String>, Fault> {
    let Some(id) = session_of(found) else {
        return Ok(None);
    };
    let survey = survey_of(moment, id)?;
    if !survey.messages.contains_key(key.as_str()) {
        return Ok(None);
    }
    session_text(moment, id, &survey, key).map(Some)
}

/// A system text: the channel's own, else the built-in one.
pub(super) fn channel_text(channel: &Channel, key: SystemText, language: &Language) -> String {
    channel.sms(&Composed::literal(channel.texts.wording(key, language))).to_owned()
}

/// A text about the session as a whole, with its placeholders filled.
pub(super) fn session_text(
    moment: &Moment<'_>,
    session_id: &str,
    survey: &Survey,
    key: SessionText,
) -> Result<String, Fault> {
    let session = session(moment.space, session_id)?;
    let variables = session.variables().map_err(Fault::Store)?;
    let language = Language::parse(&session.language).map_err(|error| Fault::Invariant(error.to_string()))?;
    let given = session.progress().map_err(Fault::Store)?.map(|progress| &progress.given);
    let nothing = BTreeMap::new();
    let facts = Facts { survey, given: given.unwrap_or(&nothing), variables, language: &language };
    Ok(sms_for(moment, &session.channel_id, &prompt::session_text(&facts, key)))
}
