//! What we text people of our own accord, outside any survey: triggers and campaigns. Everything that may be in the way
//! is looked at here, once when it is queued and, for consent, hours and caps, again in the claim.

use chrono::Duration;

use super::channels::Channel;
use super::consent::{self, GLOBAL};
use super::moment::{Moment, Queued, priority};
use super::permitted_hours::{self, Permitted, permitted_proactive};
use crate::closed_list::closed_list;
use crate::phone::Phone;
use crate::session::MessageClass;
use crate::session::flood::Flood;
use crate::store::feed::FloodRow;
use crate::store::{Fault, Json, Keys};
use crate::text::{self, PARTS_MAX};

/// How long such a message may wait once it is due (A85).
const LIFE: Duration = Duration::hours(24);

closed_list! {
    /// What an open session of the phone means for such a message (A61).
    pub enum AllowExistingSession {
        Closed = "closed": "none may be open",
        NonActive = "non_active": "an inactive conversation is fine, an open survey is not",
        Any = "any": "it goes all the same",
    }
}

impl AllowExistingSession {
    /// The word as stored; any other is the strictest.
    #[must_use]
    pub fn of(stored: &str) -> Self {
        Self::ALL.iter().copied().find(|known| known.as_str() == stored).unwrap_or(Self::Closed)
    }
}

closed_list! {
    /// Why a message was not attempted.
    pub enum NotAttempted {
        CustomerInactive = "customer_inactive": "the customer was deactivated",
        NoMobile = "no_mobile": "no mobile is known",
        OptedOut = "opted_out": "the phone said stop",
        ConsentMissing = "consent_missing": "the phone gave no consent",
        CountryNotAllowed = "country_not_allowed": "the channel does not text this country",
        OpenSessionExists = "open_session_exists": "a survey is open with this phone",
        MissingVariable = "missing_variable": "a variable has no value",
        ContentTooLong = "content_too_long": "it would need more than 6 SMS parts",
        DuplicateSuppressed = "duplicate_suppressed": "the same message was posted in the last 15 minutes",
        Flooded = "flooded": "the phone got 10 different messages in 5 minutes",
        Quarantined = "quarantined": "the phone got this survey lately",
        RateLimited = "rate_limited": "all surveys of the day are started",
    }
}

/// Names what must be loaded to text a phone of our own accord.
pub fn want(keys: &mut Keys, phone: &str) {
    keys.phones.insert(phone.to_owned());
    keys.floods.insert(phone.to_owned());
    keys.zones.insert(phone.to_owned());
}

/// What is in the way of texting a phone, whatever the text.
#[must_use]
pub fn obstacle(
    moment: &Moment<'_>,
    phone: &Phone,
    channel: &Channel,
    allowed: AllowExistingSession,
) -> Option<NotAttempted> {
    let e164 = phone.as_e164();
    if consent::is_stopped(moment.space, e164, None) {
        return Some(NotAttempted::OptedOut);
    }
    if !consent::is_given(moment.space, e164, GLOBAL) {
        return Some(NotAttempted::ConsentMissing);
    }
    if !channel.allows(phone) {
        return Some(NotAttempted::CountryNotAllowed);
    }
    let is_open = moment.space.sessions_of(e164).any(|session| session.status.is_open());
    (is_open && allowed != AllowExistingSession::Any).then_some(NotAttempted::OpenSessionExists)
}

/// Counts a message to a phone in, and says whether it may go (GW89).
///
/// # Errors
/// [`Fault::Invariant`] when the stored guard cannot be read.
pub fn is_flooded(moment: &mut Moment<'_>, phone: &str, fingerprint: &str) -> Result<bool, Fault> {
    let at = moment.at();
    let mut flood = match moment.space.people.floods.get(phone) {
        Some(row) => Flood {
            recent: row.recent.get().map_err(|error| Fault::Invariant(error.to_string()))?.clone(),
            is_blocked: row.is_blocked,
            last_at: row.last_at,
        },
        None => Flood::none(at),
    };
    let is_admitted = flood.admit(fingerprint, at);
    let row = FloodRow {
        phone: phone.to_owned(),
        recent: Json::of(flood.recent),
        is_blocked: flood.is_blocked,
        last_at: flood.last_at,
    };
    moment.space.people.floods.put(phone.to_owned(), row);
    Ok(!is_admitted)
}

/// A text that nothing is in the way of.
#[derive(Clone, Debug)]
pub struct Outgoing<'a> {
    /// The recipient.
    pub phone: &'a Phone,
    /// The channel it leaves by.
    pub channel: &'a Channel,
    /// The text.
    pub body: String,
    /// What it is: `trigger`, `campaign`.
    pub kind: &'a str,
}

/// Queues a text for the next permitted hour, or holds it if there is none; gives its id. Its fate is the outbox's.
///
/// # Errors
/// [`Fault`] when a row is missing.
pub fn queue(moment: &mut Moment<'_>, outgoing: Outgoing<'_>) -> Result<Result<String, NotAttempted>, Fault> {
    if text::length(&outgoing.body).segments > PARTS_MAX {
        return Ok(Err(NotAttempted::ContentTooLong));
    }
    let phone = outgoing.phone;
    let timezones = moment.space.people.timezones_of(phone.as_e164());
    let permitted = permitted_proactive(&moment.engine.settings, phone, &timezones, moment.now);
    let at = moment.at();
    let due_at = match permitted {
        Permitted::From(opening) => opening,
        Permitted::Now | Permitted::Never => at,
    };
    consent::touch_contact(moment, phone.as_e164(), None);
    let queued = Queued {
        session_id: None,
        channel_id: outgoing.channel.row.id.clone(),
        phone: phone.as_e164().to_owned(),
        class: MessageClass::Notice,
        kind: outgoing.kind.to_owned(),
        priority: priority::PROACTIVE,
        element_id: None,
        visit: None,
        body: outgoing.body,
        due_at,
        ttl_at: due_at + LIFE,
        inbound_id: None,
    };
    let id = moment.queue(queued, Duration::zero())?;
    if permitted == Permitted::Never {
        permitted_hours::hold_message(moment, &id)?;
        tracing::warn!(message_id = id, "no hour is permitted in all time zones of the number; it is held");
    }
    Ok(Ok(id))
}
