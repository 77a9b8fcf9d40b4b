//! Decides what an inbound is, in the order of A59.

use super::find::session_of;
use super::{ReceiveMessage, Verdict};
use crate::app::consent;
use crate::app::expire_sessions::survey_of;
use crate::app::moment::Moment;
use crate::phone::Phone;
use crate::session::correlate::Match;
use crate::session::{Command, Inbound, Outcome};
use crate::store::Fault;
use crate::survey::Kind;

impl ReceiveMessage {
    /// A59: keyword, then session by thread, open session by phone, ended session, not found.
    pub(super) fn decide(&self, moment: &mut Moment<'_>) -> Result<Verdict, Fault> {
        let Some((channel, _)) = &self.receiving else {
            return Ok(Verdict {
                error: Some(format!("no channel has the number {}", self.message.to)),
                ..Verdict::new(Outcome::Dead, Some("unknown_destination"))
            });
        };
        let Some(phone) = &self.phone else {
            return Ok(Verdict::new(Outcome::Unmatched, Some("sender_cannot_be_answered")));
        };
        consent::touch_contact(moment, phone.as_e164(), None);
        let is_muted = self.is_of_machine(moment, channel, phone)?;
        let found = self.find(moment);
        let stopped = !consent::stopped_scopes(moment.space, phone.as_e164()).is_empty();
        let free_text = asks_free_text(moment, &found)?;
        match self.meant(channel.keywords.triage(&self.message.text, stopped, free_text), stopped) {
            // Whoever writes it: a stop is a stop.
            Some(Inbound::Command(command)) if !is_muted || matches!(command, Command::Stop { .. }) => {
                return self.obey(moment, channel, phone, &found, &command);
            }
            Some(Inbound::Noise(noise)) => return Ok(ignored(&found, noise.as_str())),
            Some(Inbound::Command(_)) | None => {}
        }
        if is_muted {
            return Ok(ignored(&found, "phone_muted"));
        }
        if is_silenced(moment, phone, &found) {
            return Ok(ignored(&found, "opted_out"));
        }
        match found {
            Match::Open { id, is_ambiguous, adopts_thread } => {
                if adopts_thread {
                    self.adopt_thread(moment, &id)?;
                }
                self.answer(moment, &id, phone, is_ambiguous)
            }
            Match::Ended { id } => match self.fragment(moment, phone, &id)? {
                Some(verdict) => Ok(verdict),
                None => self.late(moment, channel, phone, &id),
            },
            Match::AnotherPhone => {
                tracing::warn!(inbound_id = %self.id, "correlation_mismatch: the thread belongs to another phone");
                self.not_found(moment, channel, phone, "correlation_mismatch")
            }
            Match::StaleThread => self.not_found(moment, channel, phone, "stale_thread"),
            Match::Nothing => self.not_found(moment, channel, phone, "no_session"),
        }
    }
}

/// Whether a stop covers what this text would reach: everything for a global stop, else its survey (A58).
fn is_silenced(moment: &Moment<'_>, phone: &Phone, found: &Match) -> bool {
    let survey = session_of(found).and_then(|id| moment.space.sessions.get(id));
    consent::is_stopped(moment.space, phone.as_e164(), survey.map(|session| session.survey_id.as_str()))
}

fn ignored(found: &Match, reason: &'static str) -> Verdict {
    match session_of(found) {
        Some(id) => Verdict::of(Outcome::Ignored, Some(reason), id),
        None => Verdict::new(Outcome::Ignored, Some(reason)),
    }
}

/// Whether the open question is a free text: there a start such as "I'm driving" may be an answer (N13).
fn asks_free_text(moment: &Moment<'_>, found: &Match) -> Result<bool, Fault> {
    let Match::Open { id, .. } = found else {
        return Ok(false);
    };
    let survey = survey_of(moment, id)?;
    let current = moment.space.sessions.get(id).and_then(|session| session.current_element_id.as_deref());
    let element = current.and_then(|element| survey.element(element));
    Ok(element.is_some_and(|element| matches!(element.kind, Kind::FreeText { .. })))
}
