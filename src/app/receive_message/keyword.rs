//! STOP, START and HELP, handled before any survey sees the text (A53–A58, GW60–GW62).

use chrono::Duration;

use super::find::session_of;
use super::stray::count_not_found;
use super::wording::{channel_text, survey_text};
use super::{ReceiveMessage, Verdict};
use crate::app::channels::Channel;
use crate::app::consent::{self, Change, EXPRESS, GLOBAL, STOP};
use crate::app::moment::{Moment, Queued, priority};
use crate::gateway::{Intent, OptOutHandling};
use crate::i18n::SystemText;
use crate::phone::Phone;
use crate::session::correlate::Match;
use crate::session::keywords::{Command, Stop};
use crate::session::{Inbound, MessageClass, Outcome};
use crate::store::Fault;
use crate::survey::messages::SessionText;

/// How long a confirmation may wait: the FCC asks for it within 5 minutes (GW62).
const CONFIRMATION_LIFE: Duration = Duration::minutes(5);
/// How long a help text may wait.
const HELP_LIFE: Duration = Duration::hours(1);

impl ReceiveMessage {
    /// What the text means: a keyword of ours, else what the gateway takes it for (GW64).
    pub(super) fn meant(&self, read: Option<Inbound>, is_stopped: bool) -> Option<Inbound> {
        let command = match (&read, self.message.intent) {
            (Some(Inbound::Command(_)), _) | (_, None) => return read,
            (_, Some(intent @ Intent::OptOut)) => {
                Command::Stop { kind: Stop::Phrase, word: intent.as_str().to_owned() }
            }
            (_, Some(Intent::OptIn)) if is_stopped => Command::Start,
            (_, Some(Intent::OptIn)) => return read,
            (_, Some(Intent::Help)) => Command::Help,
        };
        Some(Inbound::Command(command))
    }

    /// Carries out a keyword.
    pub(super) fn obey(
        &self,
        moment: &mut Moment<'_>,
        channel: &Channel,
        phone: &Phone,
        found: &Match,
        command: &Command,
    ) -> Result<Verdict, Fault> {
        let session_id = session_of(found).map(str::to_owned);
        let reason = match command {
            Command::Stop { word, .. } => self.stop(moment, channel, phone, found, word)?,
            Command::Start => self.start(moment, channel, phone)?,
            Command::Help => self.help(moment, channel, phone, found)?,
        };
        Ok(match session_id {
            Some(id) => Verdict::of(Outcome::Keyword, Some(reason), &id),
            None => Verdict::new(Outcome::Keyword, Some(reason)),
        })
    }

    /// A57: consent = stop, queued texts cancelled, sessions in scope closed, one confirmation.
    fn stop(
        &self,
        moment: &mut Moment<'_>,
        channel: &Channel,
        phone: &Phone,
        found: &Match,
        word: &str,
    ) -> Result<&'static str, Fault> {
        let survey_id = session_of(found)
            .and_then(|id| moment.space.sessions.get(id))
            .map(|session| session.survey_id.clone())
            .filter(|_| channel.row.keyword_scope == "survey");
        let was_stopped = consent::is_stopped(moment.space, phone.as_e164(), survey_id.as_deref());
        let scope = survey_id.as_deref().unwrap_or(GLOBAL);
        consent::record(moment, &self.change(phone, scope, STOP, Some(word)))?;
        consent::apply_stop(moment, phone.as_e164(), survey_id.as_deref())?;
        moment.engine.metrics.optout(if survey_id.is_some() { "survey" } else { GLOBAL });
        // Said again, or confirmed by the gateway itself (GW62), it is done: every text we send to somebody who
        // said stop is one too many.
        if !was_stopped && !Self::is_confirmed_by_gateway(moment, channel) {
            let language = self.language(moment, phone, found);
            let own = survey_text(moment, found, SessionText::OptedOut)?;
            let body = own.unwrap_or_else(|| channel_text(channel, SystemText::OptOut, &language));
            self.queue_notice(moment, channel, phone, "opted_out", body, CONFIRMATION_LIFE)?;
        }
        Ok("stop")
    }

    /// The gateway answers a STOP with a confirmation of its own (GW62).
    fn is_confirmed_by_gateway(moment: &Moment<'_>, channel: &Channel) -> bool {
        let gateway = moment.engine.gateways.get(&channel.row.gateway);
        gateway.is_some_and(|gateway| gateway.opt_out_handling() == OptOutHandling::BlocksAndReplies)
    }

    /// A55: only reached when the phone is opted out. It does not revive a session (A58).
    fn start(
        &self,
        moment: &mut Moment<'_>,
        channel: &Channel,
        phone: &Phone,
    ) -> Result<&'static str, Fault> {
        let said_by_gateway = self.message.intent.filter(|intent| *intent == Intent::OptIn);
        let word = said_by_gateway.map_or("START", Intent::as_str);
        for scope in consent::stopped_scopes(moment.space, phone.as_e164()) {
            consent::record(moment, &self.change(phone, &scope, EXPRESS, Some(word)))?;
        }
        let language = self.language(moment, phone, &Match::Nothing);
        let body = channel_text(channel, SystemText::OptIn, &language);
        self.queue_notice(moment, channel, phone, "opted_in", body, HELP_LIFE)?;
        Ok("start")
    }

    /// A56: the help text is sent, the question stays, no attempt is counted.
    fn help(
        &self,
        moment: &mut Moment<'_>,
        channel: &Channel,
        phone: &Phone,
        found: &Match,
    ) -> Result<&'static str, Fault> {
        let session_id = session_of(found);
        let survey_id = session_id.and_then(|id| moment.space.sessions.get(id)).map(|s| s.survey_id.clone());
        if consent::is_stopped(moment.space, phone.as_e164(), survey_id.as_deref()) {
            return Ok("help_opted_out");
        }
        // Strangers ask for help too; what they can make us send is capped together (GW80).
        if session_id.is_none() && !count_not_found(moment, &channel.row.id) {
            return Ok("help_capped");
        }
        let language = self.language(moment, phone, found);
        let own = survey_text(moment, found, SessionText::Help)?;
        let body = own.unwrap_or_else(|| channel_text(channel, SystemText::Help, &language));
        self.queue_notice(moment, channel, phone, "help", body, HELP_LIFE)?;
        Ok("help")
    }

    /// The person did not write the keyword; the gateway understood it so (GW64).
    fn is_said_by_gateway(&self, keyword: Option<&str>) -> bool {
        self.message.intent.is_some_and(|intent| keyword == Some(intent.as_str()))
    }

    fn change<'a>(
        &'a self,
        phone: &'a Phone,
        scope: &'a str,
        consent_type: &'a str,
        keyword: Option<&'a str>,
    ) -> Change<'a> {
        Change {
            phone: phone.as_e164(),
            scope,
            consent_type,
            source: if self.is_said_by_gateway(keyword) { "gateway" } else { "inbound" },
            obtained_at: self.received_at.naive_utc(),
            keyword,
            raw: Some(&self.message.text),
            inbound_id: Some(&self.id),
            actor: None,
            note: None,
        }
    }

    /// Queues a text that belongs to no session's sequence; none to a country that the channel does not text, nor to
    /// a number of ours, whatever was asked for (GW80, GW87).
    pub(super) fn queue_notice(
        &self,
        moment: &mut Moment<'_>,
        channel: &Channel,
        phone: &Phone,
        kind: &str,
        body: String,
        life: Duration,
    ) -> Result<(), Fault> {
        if !channel.allows(phone) || moment.engine.channels.is_own(phone.as_e164()) {
            return Ok(());
        }
        let at = moment.at();
        let queued = Queued {
            session_id: None,
            channel_id: channel.row.id.clone(),
            phone: phone.as_e164().to_owned(),
            class: MessageClass::Notice,
            kind: kind.to_owned(),
            priority: priority::REPLY,
            element_id: None,
            visit: None,
            body,
            due_at: at,
            ttl_at: at + life,
            inbound_id: Some(self.id.clone()),
        };
        moment.queue(queued, Duration::zero())?;
        Ok(())
    }
}
