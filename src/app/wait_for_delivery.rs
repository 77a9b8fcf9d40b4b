//! A channel may let the next SMS of a session wait until the phone has the one before (`wait_for = delivered`,
//! RE23): where operators reorder texts, two seconds are not enough. Never waits longer than ten seconds.

use chrono::{Duration, NaiveDateTime};

use super::channels::Channel;
use super::engine::Engine;
use super::moment::Moment;
use crate::session::MessageState;
use crate::store::messages::MessageRow;

/// The word for it in the configuration, the API and the database.
const DELIVERED: &str = "delivered";

/// Longest wait for the report, from the hand-over (RE23).
const WAIT_MAX: Duration = Duration::seconds(10);

/// Messages that the gateway took after this may still be waited for, if a channel waits at all.
#[must_use]
pub fn unreported_since(engine: &Engine) -> Option<NaiveDateTime> {
    let waits = engine.channels.all().iter().any(|channel| is_waiting(channel));
    waits.then(|| engine.clock.now().naive_utc() - WAIT_MAX)
}

/// Until when a message waits for the report of the one before it; `None` when it may leave.
#[must_use]
pub fn waits_until(moment: &Moment<'_>, message: &MessageRow, channel: &Channel) -> Option<NaiveDateTime> {
    if !is_waiting(channel) {
        return None;
    }
    let session_id = message.session_id.as_ref()?;
    let earlier = moment.space.messages_of(session_id).filter(|earlier| earlier.seq < message.seq);
    earlier.filter_map(longest_wait).max().filter(|until| *until > moment.at())
}

/// The report of a message has come: what waited for it may leave, if the gap is over.
pub fn end_wait(moment: &mut Moment<'_>, reported_id: &str) {
    let at = moment.at();
    let Some(reported) = moment.space.messages.get(reported_id).cloned() else {
        return;
    };
    let (Some(session_id), Some(accepted_at)) = (&reported.session_id, reported.accepted_at) else {
        return;
    };
    let channel = moment.engine.channels.get(&reported.channel_id);
    if !channel.is_some_and(|channel| is_waiting(&channel)) {
        return;
    }
    // Nothing but this wait puts a message off to exactly this instant.
    let until = accepted_at + WAIT_MAX;
    let waiting: Vec<String> = moment
        .space
        .messages_of(session_id)
        .filter(|later| later.state == MessageState::Due && later.due_at == until)
        .map(|later| later.id.clone())
        .collect();
    for id in waiting {
        if let Some(later) = moment.space.messages.get_mut(&id) {
            later.due_at = later.due_at.min(at);
            later.updated_at = at;
        }
    }
}

fn is_waiting(channel: &Channel) -> bool {
    channel.row.wait_for == DELIVERED
}

fn longest_wait(earlier: &MessageRow) -> Option<NaiveDateTime> {
    let is_unreported = earlier.state == MessageState::Accepted && earlier.receipt.is_none();
    earlier.accepted_at.filter(|_| is_unreported).map(|accepted_at| accepted_at + WAIT_MAX)
}
