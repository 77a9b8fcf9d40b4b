//! Rows of `feed_items` (append-only) and of `floods`.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::among::among;
use super::columns::stored;
use super::listing::Span;
use super::moment::At;
use super::schema::{feed_items, floods};
use super::{AnyConnection, Json, StoreError};

/// The backend behind the enum of connections.
type Backend = <AnyConnection as diesel::connection::Connection>::Backend;

/// What became of a feed item at one phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// E.164; none when the customer has no phone that could be texted.
    pub phone: Option<String>,
    /// `queued` or `not_attempted`.
    pub status: String,
    /// Why it was not attempted.
    pub reason: Option<String>,
    /// The message that was queued.
    pub message_id: Option<String>,
}

/// What a customer was sent, or would have been.
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 6.3")]
pub struct FeedItemRow {
    pub id: String,
    pub customer_id: String,
    pub trigger_id: Option<String>,
    pub campaign_id: Option<String>,
    pub template_id: Option<String>,
    pub survey_id: Option<String>,
    pub session_id: Option<String>,
    pub body: Option<String>,
    pub fingerprint: String,
    pub input_parameters: Json<BTreeMap<String, String>>,
    pub client_message_tag: Option<String>,
    pub launched_by_name: Option<String>,
    pub launched_by_source: Option<String>,
    pub notifications: Json<Vec<Notification>>,
    #[diesel(deserialize_as = At)]
    pub created_at: NaiveDateTime,
}

stored!(
    FeedItemRow,
    feed_items,
    key [id],
    fixed [
        customer_id, trigger_id, campaign_id, template_id, survey_id, session_id, body, fingerprint,
        input_parameters, client_message_tag, launched_by_name, launched_by_source, notifications, created_at,
    ],
    changing [],
);

/// The flood guard of a phone (GW89).
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations")]
pub struct FloodRow {
    pub phone: String,
    pub recent: Json<Vec<(String, NaiveDateTime)>>,
    pub is_blocked: bool,
    #[diesel(deserialize_as = At)]
    pub last_at: NaiveDateTime,
}

stored!(FloodRow, floods, key [phone], fixed [], changing [recent, is_blocked, last_at]);

/// A page of a customer's feed. An item never changes: its time of change is when it was posted.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn page(
    connection: &mut AnyConnection,
    customer_id: &str,
    span: &Span,
) -> Result<Vec<FeedItemRow>, StoreError> {
    let mut query =
        feed_items::table.into_boxed::<Backend>().filter(feed_items::customer_id.eq(customer_id.to_owned()));
    super::listing::within!(query, span, feed_items::created_at, feed_items::created_at, feed_items::id);
    Ok(query.load(connection)?)
}

/// Overwrites what an erased phone was sent, and its number (RS11).
///
/// # Errors
/// [`StoreError`] of a statement; [`StoreError::Corrupt`] when a list cannot be read or written.
pub fn erase_phone(
    connection: &mut AnyConnection,
    customer_ids: &[String],
    phone: &str,
    mark: &str,
) -> Result<(), StoreError> {
    let corrupt = |error: serde_json::Error| StoreError::Corrupt(format!("feed_items: {error}"));
    let items: Vec<FeedItemRow> =
        feed_items::table.filter(among(feed_items::customer_id, customer_ids)).load(connection)?;
    for item in items {
        let notifications = item.notifications.get().map_err(corrupt)?;
        if !notifications.iter().any(|one| one.phone.as_deref() == Some(phone)) {
            continue;
        }
        let erased: Vec<Notification> = notifications
            .iter()
            .cloned()
            .map(|mut one| {
                if one.phone.as_deref() == Some(phone) {
                    one.phone = Some(mark.to_owned());
                }
                one
            })
            .collect();
        diesel::update(feed_items::table.find(&item.id))
            .set((
                feed_items::notifications.eq(serde_json::to_string(&erased).map_err(corrupt)?),
                feed_items::body.eq(item.body.as_ref().map(|_| mark)),
                feed_items::input_parameters.eq("{}"),
                feed_items::launched_by_name.eq(None::<String>),
            ))
            .execute(connection)?;
    }
    diesel::delete(floods::table.find(phone)).execute(connection)?;
    Ok(())
}
