//! Webhooks: made, changed, tried, replayed, disabled, deleted (http-api.md 11). Each change is audited; none of them
//! calls anybody.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use super::audit::{self, Action, Actor};
use super::engine::Engine;
use super::event_kind::EventKind;
use super::moment::Moment;
use super::settle_delivery::DisabledReason;
use super::webhooks::{SECRET_PREFIX, Webhook};
use crate::clock::Timestamp;
use crate::ids::first_id_of;
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work, deliveries, listing, webhooks};
use crate::telemetry::Incident;

pub use crate::store::deliveries::WebhookAttemptRow;
pub use crate::store::listing::Span;
pub use crate::store::webhooks::WebhookRow;

/// Most webhooks.
pub const WEBHOOKS_MAX: usize = 100;
/// How long the secret before signs too (V1).
pub const ROTATION: TimeDelta = TimeDelta::hours(24);
/// Events that a replay looks at in one transaction.
const REPLAY_PAGE: i64 = 500;

/// What a caller wants of a webhook; what is not named stays, or has its default.
#[derive(Clone, Debug, Default)]
pub struct WebhookWish {
    /// A URL that may be called.
    pub url: Option<String>,
    /// Kinds of events; empty = all.
    pub events: Option<Vec<EventKind>>,
    /// Slugs of surveys; empty = all.
    pub survey_ids: Option<Vec<String>>,
    /// Whether it sees phones and elements marked `pii`.
    pub include_pii: Option<bool>,
    /// Whether it is told anything.
    pub enabled: Option<bool>,
}

/// Why a wish is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookRefused {
    /// There is no such webhook.
    NotFound,
    /// There are 100 already.
    TooMany,
    /// It is disabled.
    Disabled,
    /// A replay is still under way.
    Replaying,
}

type Outcome<T> = Result<Result<T, WebhookRefused>, StoreError>;

/// Who changes webhooks.
#[derive(Clone, Debug)]
pub struct WebhookDesk {
    /// Shared parts of the server.
    pub engine: Engine,
    /// For the audit log.
    pub actor: Actor,
}

impl WebhookDesk {
    /// Makes a webhook with a secret of its own. Call it in a change, as the others.
    ///
    /// # Errors
    /// [`StoreError`] of a statement; [`WebhookRefused`] inside.
    pub fn create(
        &self,
        connection: &mut AnyConnection,
        wish: &WebhookWish,
        now: Timestamp,
    ) -> Outcome<WebhookRow> {
        if webhooks::all(connection)?.len() >= WEBHOOKS_MAX {
            return Ok(Err(WebhookRefused::TooMany));
        }
        let at = now.naive_utc();
        let mut row = WebhookRow {
            id: self.engine.ids.next(now),
            url: String::new(),
            events: "[]".to_owned(),
            survey_ids: "[]".to_owned(),
            include_pii: false,
            enabled: true,
            disabled_reason: None,
            secret: self.new_secret(),
            previous_secret: None,
            previous_secret_until: None,
            failing_since: None,
            replay_after: None,
            replay_until: None,
            created_at: at,
            updated_at: at,
        };
        wish.apply(&mut row);
        webhooks::insert(connection, &row)?;
        self.record(connection, Action::WebhookCreated, &row, &audited(&row), now)?;
        Ok(Ok(row))
    }

    /// Changes what the wish names. Enabled again, it is told at once what has waited.
    ///
    /// # Errors
    /// As [`WebhookDesk::create`].
    pub fn change(
        &self,
        connection: &mut AnyConnection,
        id: &str,
        wish: &WebhookWish,
        now: Timestamp,
    ) -> Outcome<WebhookRow> {
        let Some(mut row) = webhooks::find(connection, id)? else {
            return Ok(Err(WebhookRefused::NotFound));
        };
        let was_enabled = row.enabled;
        wish.apply(&mut row);
        row.updated_at = now.naive_utc();
        webhooks::update(connection, &row)?;
        if row.enabled && !was_enabled {
            deliveries::hasten(connection, id, now.naive_utc())?;
        }
        self.record(connection, Action::WebhookChanged, &row, &audited(&row), now)?;
        Ok(Ok(row))
    }

    /// Deletes a webhook and what was to be told to it.
    ///
    /// # Errors
    /// As [`WebhookDesk::create`].
    pub fn delete(&self, connection: &mut AnyConnection, id: &str, now: Timestamp) -> Outcome<()> {
        let Some(row) = webhooks::find(connection, id)? else {
            return Ok(Err(WebhookRefused::NotFound));
        };
        webhooks::delete(connection, id)?;
        deliveries::delete_of(connection, id)?;
        self.record(connection, Action::WebhookDeleted, &row, &json!({}), now)?;
        Ok(Ok(()))
    }

    /// Gives it a new secret; the one before signs too for 24 h (V1).
    ///
    /// # Errors
    /// As [`WebhookDesk::create`].
    pub fn rotate(&self, connection: &mut AnyConnection, id: &str, now: Timestamp) -> Outcome<WebhookRow> {
        let Some(mut row) = webhooks::find(connection, id)? else {
            return Ok(Err(WebhookRefused::NotFound));
        };
        row.previous_secret = Some(std::mem::replace(&mut row.secret, self.new_secret()));
        row.previous_secret_until = Some((now + ROTATION).naive_utc());
        row.updated_at = now.naive_utc();
        webhooks::update(connection, &row)?;
        self.record(connection, Action::WebhookRotated, &row, &json!({}), now)?;
        Ok(Ok(row))
    }

    /// Has a test event told to it alone; gives the event's id.
    ///
    /// # Errors
    /// As [`WebhookDesk::create`].
    pub fn test(&self, connection: &mut AnyConnection, id: &str, now: Timestamp) -> Outcome<String> {
        let row = match enabled(connection, id)? {
            Ok(row) => row,
            Err(refused) => return Ok(Err(refused)),
        };
        let data = json!({"webhookId": row.id});
        let fact = RecordFact { engine: self.engine.clone(), kind: EventKind::WebhookTest, data };
        let event_id = self.engine.store.turn_within(connection, fact, now)?;
        deliveries::make_due(connection, id, std::slice::from_ref(&event_id), now.naive_utc())?;
        Ok(Ok(event_id))
    }

    /// Has everything since an instant told to it that its filter lets through, again or for the first time; a page
    /// at a time, in the background.
    ///
    /// # Errors
    /// As [`WebhookDesk::create`].
    pub fn replay(
        &self,
        connection: &mut AnyConnection,
        id: &str,
        from: Timestamp,
        now: Timestamp,
    ) -> Outcome<WebhookRow> {
        let mut row = match enabled(connection, id)? {
            Ok(row) => row,
            Err(refused) => return Ok(Err(refused)),
        };
        if row.replay_after.is_some() {
            return Ok(Err(WebhookRefused::Replaying));
        }
        row.replay_after = Some(first_id_of(from));
        row.replay_until = Some(self.engine.ids.next(now));
        row.updated_at = now.naive_utc();
        webhooks::update(connection, &row)?;
        self.record(connection, Action::WebhookReplayed, &row, &json!({"from": from.to_rfc3339()}), now)?;
        Ok(Ok(row))
    }

    /// Shows in memory what was changed.
    pub fn show(&self, row: &WebhookRow) {
        self.engine.webhooks.put(row);
    }

    fn new_secret(&self) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(self.engine.ids.random_bytes::<32>()))
    }

    fn record(
        &self,
        connection: &mut AnyConnection,
        action: Action,
        row: &WebhookRow,
        detail: &Json,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        audit::record(connection, &self.actor, action, &format!("webhook:{}", row.id), detail, now)
    }
}

impl WebhookWish {
    fn apply(&self, row: &mut WebhookRow) {
        if let Some(url) = &self.url {
            row.url.clone_from(url);
        }
        if let Some(events) = &self.events {
            row.events = json!(events).to_string();
        }
        if let Some(survey_ids) = &self.survey_ids {
            row.survey_ids = json!(survey_ids).to_string();
        }
        row.include_pii = self.include_pii.unwrap_or(row.include_pii);
        match self.enabled {
            Some(true) => {
                row.enabled = true;
                row.disabled_reason = None;
                row.failing_since = None;
            }
            Some(false) => disable(row, DisabledReason::Operator),
            None => {}
        }
    }
}

fn disable(row: &mut WebhookRow, reason: DisabledReason) {
    row.enabled = false;
    row.disabled_reason = Some(reason.as_str().to_owned());
}

fn enabled(connection: &mut AnyConnection, id: &str) -> Outcome<WebhookRow> {
    Ok(match webhooks::find(connection, id)? {
        None => Err(WebhookRefused::NotFound),
        Some(row) if !row.enabled => Err(WebhookRefused::Disabled),
        Some(row) => Ok(row),
    })
}

/// What the audit log says of a webhook: of its URL, which may hold a secret, a digest.
fn audited(row: &WebhookRow) -> Json {
    json!({"url": audit::digest(&row.url), "events": row.events, "surveyIds": row.survey_ids,
           "includePii": row.include_pii, "enabled": row.enabled})
}

/// A fact of no session; gives its id.
struct RecordFact {
    engine: Engine,
    kind: EventKind,
    data: Json,
}

impl Work for RecordFact {
    type Output = String;

    fn keys(&mut self, _: &mut AnyConnection, _: &mut Keys) -> Result<(), StoreError> {
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<String, Fault> {
        Moment { engine: &self.engine, space, now }.record_event(self.kind, None, &self.data)
    }
}

/// Disables a webhook that takes no more calls, and says so aloud (RE35). What waits for it stays.
pub async fn disable_webhook(engine: &Engine, id: &str, reason: DisabledReason) {
    let (working, showing, wanted) = (engine.clone(), engine.clone(), id.to_owned());
    let change = move |connection: &mut AnyConnection, now: Timestamp| {
        let Some(mut row) = webhooks::find(connection, &wanted)?.filter(|row| row.enabled) else {
            return Ok(None);
        };
        disable(&mut row, reason);
        row.updated_at = now.naive_utc();
        webhooks::update(connection, &row)?;
        let detail = json!({"webhookId": row.id, "reason": reason.as_str()});
        let object = format!("webhook:{}", row.id);
        audit::record(connection, &Actor::system(), Action::WebhookDisabled, &object, &detail, now)?;
        let fact = RecordFact { engine: working.clone(), kind: EventKind::WebhookDisabled, data: detail };
        working.store.turn_within(connection, fact, now)?;
        Ok(Some(row))
    };
    let applied = move |row: &Option<WebhookRow>| {
        if let Some(row) = row {
            showing.webhooks.put(row);
        }
    };
    match engine.store.change(change, applied).await {
        Ok(Some(_)) => {
            tracing::error!(
                webhook_id = id,
                reason = reason.as_str(),
                "the webhook is disabled: its events wait"
            );
            engine.metrics.incident(Incident::WebhookDisabled);
        }
        Ok(None) => {}
        Err(error) => tracing::error!(%error, webhook_id = id, "a webhook could not be disabled"),
    }
}

/// Takes a replay one page further; `false` when it is at its end.
///
/// # Errors
/// [`StoreError`]: nothing of the page is stored.
pub async fn step_replay(engine: &Engine, id: &str) -> Result<bool, StoreError> {
    let (showing, wanted) = (engine.clone(), id.to_owned());
    let step = move |connection: &mut AnyConnection, now: Timestamp| {
        let Some(mut row) = webhooks::find(connection, &wanted)? else {
            return Ok(None);
        };
        let Some((after, until)) = row.replay_after.take().zip(row.replay_until.take()) else {
            return Ok(Some(row));
        };
        let page = deliveries::events_between(connection, &after, &until, REPLAY_PAGE)?;
        let webhook = Webhook::of(row.clone());
        let is_wanted = |kind: &str, survey_id: Option<&str>| {
            EventKind::parse(kind).is_some_and(|kind| webhook.wants(kind, survey_id))
        };
        let wanted_ids: Vec<String> = page
            .iter()
            .filter(|(event, survey_id)| is_wanted(&event.kind, survey_id.as_deref()))
            .map(|(event, _)| event.id.clone())
            .collect();
        deliveries::make_due(connection, &row.id, &wanted_ids, now.naive_utc())?;
        let place = page.last().map(|(event, _)| event.id.clone());
        let is_end = i64::try_from(page.len()).unwrap_or(i64::MAX) < REPLAY_PAGE;
        if let Some(place) = place.filter(|_| !is_end) {
            row.replay_after = Some(place);
            row.replay_until = Some(until);
        }
        let place = row.replay_after.as_deref().zip(row.replay_until.as_deref());
        webhooks::keep_replay(connection, &row.id, place)?;
        Ok(Some(row))
    };
    let applied = move |row: &Option<WebhookRow>| {
        if let Some(row) = row {
            showing.webhooks.put(row);
        }
    };
    let row = engine.store.change(step, applied).await?;
    Ok(row.is_some_and(|row| row.replay_after.is_some()))
}

/// All webhooks, oldest first.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn list_webhooks(connection: &mut AnyConnection) -> Result<Vec<WebhookRow>, StoreError> {
    webhooks::all(connection)
}

/// One webhook, with how many deliveries wait for it.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn find_webhook(connection: &mut AnyConnection, id: &str) -> Result<Option<WebhookRow>, StoreError> {
    webhooks::find(connection, id)
}

/// Calls made to a webhook; `None` when there is no such webhook.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn list_attempts(
    connection: &mut AnyConnection,
    id: &str,
    span: &Span,
) -> Result<Option<Vec<WebhookAttemptRow>>, StoreError> {
    if webhooks::find(connection, id)?.is_none() {
        return Ok(None);
    }
    listing::webhook_attempts(connection, id, span).map(Some)
}
