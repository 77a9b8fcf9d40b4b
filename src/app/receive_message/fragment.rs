//! A late piece of a long answer: the free text that was the last question takes it though the session has
//! completed (N98 a). Nothing is sent for it.

use super::{ReceiveMessage, Verdict};
use crate::app::apply_turn::{Cause, apply_turn};
use crate::app::expire_sessions::survey_of;
use crate::app::moment::{Moment, priority, session};
use crate::phone::Phone;
use crate::session::Status;
use crate::store::Fault;
use crate::survey::turn;

impl ReceiveMessage {
    /// Appends the text to the last answer of a completed session; `None` when it is no fragment of it.
    pub(super) fn fragment(
        &self,
        moment: &mut Moment<'_>,
        phone: &Phone,
        session_id: &str,
    ) -> Result<Option<Verdict>, Fault> {
        let session = session(moment.space, session_id)?;
        if session.status != Status::Completed || session.appending_until.is_none() {
            return Ok(None);
        }
        let Some(progress) = session.progress().map_err(Fault::Store)? else {
            return Ok(None);
        };
        let survey = survey_of(moment, session_id)?;
        let reply = self.texted(moment, &survey, phone, session.variables().map_err(Fault::Store)?, false);
        let turn = turn::fragment(&survey, progress.clone(), &reply, moment.now)
            .map_err(|error| Fault::Invariant(error.to_string()))?;
        let Some(turn) = turn else {
            return Ok(None);
        };
        let cause = Cause { inbound_id: Some(self.id.clone()), priority: priority::REPLY, not_before: None };
        let applied = apply_turn(moment, session_id, &survey, turn, &cause)?;
        Ok(Some(Verdict::of_reply(&applied, false, session_id)))
    }
}
