//! Texts that no open session takes: after the end, and from strangers. Every answer to them is capped, since
//! whoever sends them makes us pay (RF39, GW80, GW81).

use chrono::Duration;

use super::wording::{channel_text, session_text};
use super::{ReceiveMessage, Verdict};
use crate::app::channels::Channel;
use crate::app::expire_sessions::{expire, survey_of};
use crate::app::moment::{Moment, Queued, priority, session, session_mut, start_of_hour};
use crate::app::send_survey::is_expired;
use crate::i18n::SystemText;
use crate::phone::Phone;
use crate::session::correlate::Match;
use crate::session::{MessageClass, Outcome, Status};
use crate::store::Fault;
use crate::store::events::CounterRow;
use crate::survey::messages::SessionText;
use crate::survey::prompt;

/// How long such a text may wait before it makes no sense any more.
const LIFE: Duration = Duration::hours(1);

impl ReceiveMessage {
    /// The session has ended: its expired or unavailable text, three times at most, then silence; nothing is
    /// registered (P50, A29, A31, A32).
    pub(super) fn late(
        &self,
        moment: &mut Moment<'_>,
        channel: &Channel,
        phone: &Phone,
        session_id: &str,
    ) -> Result<Verdict, Fault> {
        relabel_expired(moment, session_id)?;
        let session = session(moment.space, session_id)?;
        if session.status == Status::OptedOut {
            return Ok(Verdict::of(Outcome::Late, Some("opted_out"), session_id));
        }
        let muted = session.progress().map_err(Fault::Store)?.is_some_and(|progress| progress.muted);
        if muted || session.unavailable_count >= moment.engine.settings.unavailable_max {
            return Ok(Verdict::of(Outcome::Late, Some("silence"), session_id));
        }
        let survey = survey_of(moment, session_id)?;
        let key = match session.status {
            Status::Expired => SessionText::Expired,
            Status::Pending
            | Status::Active
            | Status::Completed
            | Status::Exhausted
            | Status::Failed
            | Status::Superseded
            | Status::OptedOut
            | Status::Cancelled => SessionText::Unavailable,
        };
        let key = prompt::session_key(&survey, key);
        let at = moment.at();
        let queued = Queued {
            session_id: Some(session_id.to_owned()),
            channel_id: channel.row.id.clone(),
            phone: phone.as_e164().to_owned(),
            class: MessageClass::Notice,
            kind: key.as_str().to_owned(),
            priority: priority::REPLY,
            element_id: None,
            visit: None,
            body: session_text(moment, session_id, &survey, key)?,
            due_at: at,
            ttl_at: at + LIFE,
            inbound_id: Some(self.id.clone()),
        };
        moment.queue(queued, moment.engine.settings.element_gap(&survey))?;
        let session = session_mut(moment.space, session_id)?;
        session.unavailable_count += 1;
        session.updated_at = at;
        Ok(Verdict::of(Outcome::Late, Some(key.as_str()), session_id))
    }

    /// No session: the generic text, at most once per phone in 24 h and 100 times per channel in an hour (P49).
    pub(super) fn not_found(
        &self,
        moment: &mut Moment<'_>,
        channel: &Channel,
        phone: &Phone,
        reason: &'static str,
    ) -> Result<Verdict, Fault> {
        let verdict = Verdict::new(Outcome::Unmatched, Some(reason));
        if !channel.row.enabled || !channel.allows(phone) || moment.engine.channels.is_own(phone.as_e164()) {
            return Ok(verdict);
        }
        let at = moment.at();
        let gap = moment.engine.settings.not_found_gap;
        let last = moment.space.contacts.get(phone.as_e164()).and_then(|contact| contact.not_found_at);
        if last.is_some_and(|last| at < last + gap) || !count_not_found(moment, &channel.row.id) {
            return Ok(verdict);
        }
        if let Some(contact) = moment.space.contacts.get_mut(phone.as_e164()) {
            contact.not_found_at = Some(at);
            contact.updated_at = at;
        }
        let language = self.language(moment, phone, &Match::Nothing);
        let body = channel_text(channel, SystemText::NotFound, &language);
        self.queue_notice(moment, channel, phone, "not_found", body, LIFE)?;
        Ok(verdict)
    }
}

/// Name of a channel's counter of not-found texts.
pub(super) fn not_found_counter(channel_id: &str) -> String {
    format!("not_found:{channel_id}")
}

/// Counts one more text to a stranger in this hour; `false` when the hour is full.
pub(super) fn count_not_found(moment: &mut Moment<'_>, channel_id: &str) -> bool {
    let name = not_found_counter(channel_id);
    let hour = start_of_hour(moment.at());
    let count = match moment.space.counters.get(&name) {
        Some(row) if row.window_at == hour => row.count,
        Some(_) | None => 0,
    };
    if count >= moment.engine.settings.not_found_per_hour {
        return false;
    }
    let row = CounterRow { name: name.clone(), window_at: hour, count: count + 1 };
    moment.space.counters.put(name, row);
    true
}

/// Ends a session that was found past its expiry, before its texts are chosen.
fn relabel_expired(moment: &mut Moment<'_>, session_id: &str) -> Result<(), Fault> {
    let session = session(moment.space, session_id)?;
    if session.status.is_open() && is_expired(session, moment.now.naive_utc()) {
        expire(moment, session_id)?;
    }
    Ok(())
}
