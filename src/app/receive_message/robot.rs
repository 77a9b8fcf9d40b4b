//! A machine answers within two seconds of every SMS of ours, whatever it says: five times running, and its phone is
//! muted for a day (GW85, RF38). People are slower.

use chrono::Duration;
use serde_json::json;

use super::ReceiveMessage;
use crate::app::channels::Channel;
use crate::app::event_kind::EventKind;
use crate::app::moment::Moment;
use crate::phone::Phone;
use crate::store::Fault;
use crate::telemetry::Incident;

/// Nobody reads an SMS and answers it within this time.
const QUICK: Duration = Duration::seconds(2);
/// How long the phone is sent nothing.
const MUTE: Duration = Duration::hours(24);

impl ReceiveMessage {
    /// Counts how quickly the text came; whether the phone is muted. The simulator's phones cost nothing and are
    /// often machines.
    pub(super) fn is_of_machine(
        &self,
        moment: &mut Moment<'_>,
        channel: &Channel,
        phone: &Phone,
    ) -> Result<bool, Fault> {
        let quick_replies_max = moment.engine.settings.quick_replies_max;
        if channel.is_simulator || quick_replies_max == 0 {
            return Ok(false);
        }
        let received_at = self.received_at.naive_utc();
        let Some(contact) = moment.space.contacts.get(phone.as_e164()) else {
            return Ok(false);
        };
        if contact.muted_until.is_some_and(|until| until > received_at) {
            return Ok(true);
        }
        let is_quick = contact.sent_at.map(|sent_at| received_at - sent_at <= QUICK);
        let quick_replies = match is_quick {
            Some(true) => contact.quick_replies + 1,
            Some(false) => 0,
            // A second text after the same SMS says nothing about who writes.
            None => contact.quick_replies,
        };
        if quick_replies == contact.quick_replies {
            return Ok(false);
        }
        let is_machine = quick_replies >= quick_replies_max;
        let at = moment.at();
        if let Some(contact) = moment.space.contacts.get_mut(phone.as_e164()) {
            contact.quick_replies = if is_machine { 0 } else { quick_replies };
            contact.muted_until = is_machine.then_some(received_at + MUTE);
            contact.sent_at = None;
            contact.updated_at = at;
        }
        if is_machine {
            moment.engine.metrics.incident(Incident::PhoneMuted);
            tracing::error!(inbound_id = %self.id, "a phone answers like a machine; it is muted for 24 hours");
            moment.record_event(
                EventKind::PhoneMuted,
                None,
                &json!({"inboundId": self.id, "hours": MUTE.num_hours()}),
            )?;
        }
        Ok(is_machine)
    }
}
