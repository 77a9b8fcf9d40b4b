//! When a start or a reminder may leave (A68, A69, GW66): starts in the survey's send window, reminders outside quiet
//! hours too. Replies to a person's own text never wait.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;

use super::engine::{Engine, Settings};
use super::moment::{Moment, message_mut};
use super::zone;
use crate::clock::Timestamp;
use crate::phone::Phone;
use crate::session::MessageState;
use crate::store::Fault;
use crate::survey::{SendWindow, Survey};

/// Why a message is held that may leave at no hour (A69).
const NO_PERMITTED_HOUR: &str = "no_permitted_hour";

/// What leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// The first SMS of a session.
    Start,
    /// A reminder of a question.
    Reminder,
}

/// When it may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permitted {
    /// At once.
    Now,
    /// Not before this instant.
    From(NaiveDateTime),
    /// At no hour that suits all zones the recipient may be in.
    Never,
}

/// When an errand of a survey may leave for a phone.
#[must_use]
pub fn permitted(
    engine: &Engine,
    survey: &Survey,
    phone: &Phone,
    errand: Errand,
    now: Timestamp,
) -> Permitted {
    let settings = &engine.settings;
    // Most surveys have no window, and most claims ask.
    let of_survey = survey.settings.send_window.as_ref();
    let windows: Vec<&SendWindow> = match errand {
        Errand::Start if settings.ignore_send_windows => Vec::new(),
        Errand::Start => of_survey.into_iter().collect(),
        Errand::Reminder => of_survey.into_iter().chain([reminder_hours(settings, phone)]).collect(),
    };
    when_open(settings, &windows, phone, now)
}

/// When something that we send of our own accord may leave: outside quiet hours, in the zones that customers of this
/// phone have named, else in those of the number (A68, A69).
#[must_use]
pub fn permitted_proactive(
    settings: &Settings,
    phone: &Phone,
    timezones: &BTreeSet<String>,
    now: Timestamp,
) -> Permitted {
    let hours = reminder_hours(settings, phone);
    let named: Vec<SendWindow> = timezones
        .iter()
        .map(|timezone| SendWindow { timezone: Some(timezone.clone()), ..hours.clone() })
        .collect();
    let windows: Vec<&SendWindow> = if named.is_empty() { vec![hours] } else { named.iter().collect() };
    when_open(settings, &windows, phone, now)
}

fn when_open(settings: &Settings, windows: &[&SendWindow], phone: &Phone, now: Timestamp) -> Permitted {
    if windows.is_empty() {
        return Permitted::Now;
    }
    match zone::next_opening(windows, phone, settings.default_timezone, now) {
        Some(opening) if opening <= now => Permitted::Now,
        Some(opening) => Permitted::From(opening.naive_utc()),
        None => Permitted::Never,
    }
}

/// The hours of the longest prefix that is set, else the usual ones (GW66).
fn reminder_hours<'a>(settings: &'a Settings, phone: &Phone) -> &'a SendWindow {
    let digits = phone.as_e164().trim_start_matches('+');
    let own = settings.reminder_hours_by_prefix.iter().filter(|(prefix, _)| digits.starts_with(*prefix));
    own.max_by_key(|(prefix, _)| prefix.len()).map_or(&settings.reminder_hours, |(_, hours)| hours)
}

/// Holds messages that may leave at no hour, until an operator lets them go or gives them up (A69).
///
/// # Errors
/// [`Fault`] when a message is not loaded.
pub fn hold(moment: &mut Moment<'_>, session_id: &str, message_ids: &[String]) -> Result<(), Fault> {
    for id in message_ids {
        hold_message(moment, id)?;
    }
    tracing::warn!(session_id, "no hour is permitted in all time zones of the number; its messages are held");
    Ok(())
}

/// Holds a message that may leave at no hour.
///
/// # Errors
/// [`Fault`] when it is not loaded.
pub fn hold_message(moment: &mut Moment<'_>, id: &str) -> Result<(), Fault> {
    if message_mut(moment.space, id)?.state == MessageState::Due {
        moment.move_message(id, MessageState::Held, Some(NO_PERMITTED_HOUR))?;
    }
    Ok(())
}
