//! A reply to an open session (P51–P63).

use super::{ReceiveMessage, Verdict};
use crate::app::apply_turn::{Cause, apply_turn, prove_sends};
use crate::app::expire_sessions::survey_of;
use crate::app::moment::{Moment, priority, session};
use crate::app::zone;
use crate::phone::Phone;
use crate::session::Outcome;
use crate::store::{Fault, SessionRow};
use crate::survey::{Survey, Variables, turn};

impl ReceiveMessage {
    /// A reply to an open session (P51–P63).
    pub(super) fn answer(
        &self,
        moment: &mut Moment<'_>,
        session_id: &str,
        phone: &Phone,
        is_ambiguous: bool,
    ) -> Result<Verdict, Fault> {
        let session = session(moment.space, session_id)?;
        if session.halted_at.is_some() {
            return Ok(Verdict {
                error: Some("the session is halted until an operator releases it".to_owned()),
                ..Verdict::of(Outcome::Dead, Some("halted"), session_id)
            });
        }
        if session.inbound_count >= moment.engine.settings.inbound_per_session {
            return Ok(Verdict::of(Outcome::Ignored, Some("inbound_cap"), session_id));
        }
        let survey = survey_of(moment, session_id)?;
        let progress = session
            .progress()
            .map_err(Fault::Store)?
            .ok_or_else(|| Fault::Invariant(format!("active session {session_id} has no progress")))?;
        if progress.muted {
            return Ok(Verdict::of(Outcome::Ignored, Some("muted"), session_id));
        }
        let early = !self.is_after_prompt(moment, session);
        let reply = self.texted(moment, &survey, phone, session.variables().map_err(Fault::Store)?, early);
        let turn = turn::reply(&survey, progress.clone(), &reply, moment.now)
            .map_err(|error| Fault::Invariant(error.to_string()))?;
        prove_sends(moment, session_id, self.recv_seq)?;
        let cause = Cause { inbound_id: Some(self.id.clone()), priority: priority::REPLY, not_before: None };
        let applied = apply_turn(moment, session_id, &survey, turn, &cause)?;
        Ok(Verdict::of_reply(&applied, is_ambiguous, session_id))
    }

    /// The text as the interpreter takes it.
    pub(super) fn texted<'a>(
        &'a self,
        moment: &Moment<'a>,
        survey: &Survey,
        phone: &Phone,
        variables: &'a Variables,
        early: bool,
    ) -> turn::Reply<'a> {
        let settings = &moment.engine.settings;
        // Where a person is takes longer to find than all the rest of a turn.
        let today = if survey.asks_for_dates() {
            zone::today(phone, settings.default_timezone, moment.now)
        } else {
            moment.now.date_naive()
        };
        turn::Reply {
            raw: &self.message.text,
            early,
            today,
            lexicons: settings.keywords.lexicons(),
            variables,
        }
    }

    /// RE11: only what was received after the first send of this visit's question started is an answer to it.
    fn is_after_prompt(&self, moment: &Moment<'_>, session: &SessionRow) -> bool {
        let prompt = session.prompt_id.as_ref().and_then(|id| moment.space.messages.get(id));
        prompt.and_then(|prompt| prompt.send_seq).is_some_and(|send_seq| self.recv_seq > send_seq)
    }
}
