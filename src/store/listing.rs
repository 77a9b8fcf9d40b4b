//! Lists of sessions, messages and inbound, page by page: ordered by (time of change, id), continued after an
//! item, never by an offset (http-api.md 1.5).

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::deliveries::WebhookAttemptRow;
use super::inbound::InboundRow;
use super::messages::MessageRow;
use super::schema::{inbound, messages, session_updates, sessions, surveys, webhook_attempts};
use super::sessions::SessionRow;
use super::{AnyConnection, StoreError};
use crate::session::{MessageClass, MessageState, Outcome, Status};

/// The backend behind the enum of connections.
type Backend = <AnyConnection as diesel::connection::Connection>::Backend;

/// Where a page starts, which way it goes, and the times it is limited to.
#[derive(Clone, Debug, Default)]
pub struct Span {
    /// Created at this time or later.
    pub from: Option<NaiveDateTime>,
    /// Created before this time.
    pub to: Option<NaiveDateTime>,
    /// Changed after this time.
    pub updated_after: Option<NaiveDateTime>,
    /// After this item.
    pub after: Option<(NaiveDateTime, String)>,
    /// Latest change first.
    pub descending: bool,
    /// Most items.
    pub limit: i64,
}

/// Which sessions.
#[derive(Clone, Debug, Default)]
pub struct SessionFilter {
    /// Of these surveys, by slug; `None` = all.
    pub survey_ids: Option<Vec<String>>,
    /// On these channels; `None` = all.
    pub channel_ids: Option<Vec<String>>,
    /// In this state.
    pub status: Option<Status>,
    /// Of this phone.
    pub phone: Option<String>,
    /// With the caller's own id.
    pub client_reference: Option<String>,
    /// Test sessions, or all others.
    pub is_test: Option<bool>,
}

/// Which messages.
#[derive(Clone, Debug, Default)]
pub struct MessageFilter {
    /// Of sessions of these surveys; `None` = all, with or without a session.
    pub survey_ids: Option<Vec<String>>,
    /// On these channels; `None` = all.
    pub channel_ids: Option<Vec<String>>,
    /// In this state.
    pub state: Option<MessageState>,
    /// Of this class.
    pub class: Option<MessageClass>,
    /// To this phone.
    pub phone: Option<String>,
    /// Of this session.
    pub session_id: Option<String>,
}

/// Which inbound.
#[derive(Clone, Debug, Default)]
pub struct InboundFilter {
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// From this gateway.
    pub gateway: Option<String>,
    /// From this phone.
    pub phone: Option<String>,
    /// Of this session.
    pub session_id: Option<String>,
    /// Dead letters already replayed or discarded, or those that still wait.
    pub is_resolved: Option<bool>,
}

/// Narrows a boxed query to a span over two columns of time and an id.
macro_rules! within {
    ($query:ident, $span:expr, $created:expr, $updated:expr, $id:expr) => {{
        let span: &Span = $span;
        if let Some(from) = span.from {
            $query = $query.filter($created.ge(from));
        }
        if let Some(to) = span.to {
            $query = $query.filter($created.lt(to));
        }
        if let Some(after) = span.updated_after {
            $query = $query.filter($updated.gt(after));
        }
        if let Some((at, id)) = span.after.clone() {
            $query = if span.descending {
                $query.filter($updated.lt(at).or($updated.eq(at).and($id.lt(id))))
            } else {
                $query.filter($updated.gt(at).or($updated.eq(at).and($id.gt(id))))
            };
        }
        $query = if span.descending {
            $query.order(($updated.desc(), $id.desc()))
        } else {
            $query.order(($updated.asc(), $id.asc()))
        };
        $query = $query.limit(span.limit);
    }};
}
pub(super) use within;

/// Sessions of a page. Each survey has its sessions in order; a page of several surveys merges theirs.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn sessions(
    connection: &mut AnyConnection,
    filter: &SessionFilter,
    span: &Span,
) -> Result<Vec<SessionRow>, StoreError> {
    let survey_ids = match filter.survey_ids.clone() {
        Some(survey_ids) => survey_ids,
        None => surveys::table.select(surveys::id).load(connection)?,
    };
    let mut found = Vec::new();
    for survey_id in BTreeSet::from_iter(survey_ids) {
        found.extend(sessions_of_survey(connection, survey_id, filter, span)?);
    }
    found.sort_by(|one, other| (one.updated_at, &one.id).cmp(&(other.updated_at, &other.id)));
    if span.descending {
        found.reverse();
    }
    found.truncate(usize::try_from(span.limit).unwrap_or(0));
    Ok(found)
}

fn sessions_of_survey(
    connection: &mut AnyConnection,
    survey_id: String,
    filter: &SessionFilter,
    span: &Span,
) -> Result<Vec<SessionRow>, StoreError> {
    let in_order =
        session_updates::table.inner_join(sessions::table.on(sessions::id.eq(session_updates::session_id)));
    let mut query = in_order
        .filter(session_updates::survey_id.eq(survey_id))
        .select(sessions::all_columns)
        .into_boxed::<Backend>();
    if let Some(ids) = filter.channel_ids.clone() {
        query = query.filter(sessions::channel_id.eq_any(ids));
    }
    if let Some(status) = filter.status {
        query = query.filter(sessions::status.eq(status.as_str()));
    }
    if let Some(phone) = filter.phone.clone() {
        query = query.filter(sessions::phone.eq(phone));
    }
    if let Some(reference) = filter.client_reference.clone() {
        query = query.filter(sessions::client_reference.eq(reference));
    }
    if let Some(is_test) = filter.is_test {
        query = query.filter(sessions::is_test.eq(is_test));
    }
    within!(query, span, sessions::created_at, session_updates::updated_at, session_updates::session_id);
    Ok(query.load(connection)?)
}

/// Messages of a page.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn messages(
    connection: &mut AnyConnection,
    filter: &MessageFilter,
    span: &Span,
) -> Result<Vec<MessageRow>, StoreError> {
    let mut query = messages::table.into_boxed::<Backend>();
    if let Some(ids) = filter.survey_ids.clone() {
        let of_surveys =
            sessions::table.filter(sessions::survey_id.eq_any(ids)).select(sessions::id.nullable());
        query = query.filter(messages::session_id.eq_any(of_surveys));
    }
    if let Some(ids) = filter.channel_ids.clone() {
        query = query.filter(messages::channel_id.eq_any(ids));
    }
    if let Some(state) = filter.state {
        query = query.filter(messages::state.eq(state.as_str()));
    }
    if let Some(class) = filter.class {
        query = query.filter(messages::class.eq(class.as_str()));
    }
    if let Some(phone) = filter.phone.clone() {
        query = query.filter(messages::phone.eq(phone));
    }
    if let Some(session_id) = filter.session_id.clone() {
        query = query.filter(messages::session_id.eq(session_id));
    }
    within!(query, span, messages::created_at, messages::updated_at, messages::id);
    Ok(query.load(connection)?)
}

/// Inbound of a page; an inbound changes when it is received.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn inbound(
    connection: &mut AnyConnection,
    filter: &InboundFilter,
    span: &Span,
) -> Result<Vec<InboundRow>, StoreError> {
    let mut query = inbound::table.into_boxed::<Backend>();
    if let Some(outcome) = filter.outcome {
        query = query.filter(inbound::outcome.eq(outcome.as_str()));
    }
    if let Some(gateway) = filter.gateway.clone() {
        query = query.filter(inbound::gateway.eq(gateway));
    }
    if let Some(phone) = filter.phone.clone() {
        query = query.filter(inbound::sender.eq(phone));
    }
    if let Some(session_id) = filter.session_id.clone() {
        // They stand among what the phone of the session sent.
        let phone = sessions::table.filter(sessions::id.eq(session_id.clone())).select(sessions::phone);
        query = query.filter(inbound::sender.eq_any(phone)).filter(inbound::session_id.eq(session_id));
    }
    query = match filter.is_resolved {
        Some(true) => query.filter(inbound::resolved_at.is_not_null()),
        Some(false) => query.filter(inbound::resolved_at.is_null()),
        None => query,
    };
    within!(query, span, inbound::received_at, inbound::received_at, inbound::id);
    Ok(query.load(connection)?)
}

/// Attempts to tell a webhook; an attempt changes when it starts.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn webhook_attempts(
    connection: &mut AnyConnection,
    webhook_id: &str,
    span: &Span,
) -> Result<Vec<WebhookAttemptRow>, StoreError> {
    let mut query = webhook_attempts::table
        .into_boxed::<Backend>()
        .filter(webhook_attempts::webhook_id.eq(webhook_id.to_owned()));
    within!(query, span, webhook_attempts::started_at, webhook_attempts::started_at, webhook_attempts::id);
    Ok(query.load(connection)?)
}
