//! [`Notifier`]: tells webhooks what happened: claims what is due, calls, settles. It wakes on every commit that has
//! something to tell and sleeps until the next try is due; each webhook has its own limit of calls under way, so a slow
//! one holds up no other. Without webhooks it asks the database nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::app::claim_deliveries::ClaimDeliveries;
use crate::app::engine::Engine;
use crate::app::manage_webhooks::{disable_webhook, step_replay};
use crate::app::settle_delivery::SettleDelivery;
use crate::app::webhook_body::{body, read_facts};
use crate::app::webhooks::Webhook;
use crate::clock::Timestamp;
use crate::store::deliveries::{self, DeliveryRow};
use crate::webhook::{Call, WebhookClient};

/// How long to wait after the database failed, or after another node took what was due.
const AFTER_FAILURE: TimeDelta = TimeDelta::seconds(1);
/// Calls to one webhook that may be under way together.
const CALLS_PER_WEBHOOK: usize = 16;
/// What a lease is longer than the longest call.
const LEASE_MARGIN: TimeDelta = TimeDelta::seconds(30);

/// Takes events to webhooks.
#[derive(Clone, Debug)]
pub struct Notifier {
    engine: Engine,
    client: WebhookClient,
    lease: TimeDelta,
}

/// An event on its way to a webhook.
struct Parcel {
    delivery: DeliveryRow,
    webhook: Arc<Webhook>,
    kind: String,
    body: Vec<u8>,
}

impl Notifier {
    /// A notifier whose calls take at most `timeout`.
    #[must_use]
    pub fn new(engine: &Engine, client: WebhookClient, timeout: Duration) -> Self {
        let longest = TimeDelta::from_std(timeout).unwrap_or(TimeDelta::MAX);
        Self { engine: engine.clone(), client, lease: longest + LEASE_MARGIN }
    }

    /// Runs until `stop` turns true; then waits for the calls under way.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut flights: JoinSet<String> = JoinSet::new();
        let mut under_way: BTreeMap<String, usize> = BTreeMap::new();
        while !*stop.borrow() {
            let wake = self.engine.store.signals().webhooks.clone();
            let notified = wake.notified();
            let wait_until = self.round(&mut flights, &mut under_way).await;
            tokio::select! {
                () = notified => {}
                () = self.engine.clock.sleep_until(wait_until) => {}
                Some(landed) = flights.join_next(), if !flights.is_empty() => land(landed, &mut under_way),
                _ = stop.changed() => {}
            }
            while let Some(landed) = flights.try_join_next() {
                land(landed, &mut under_way);
            }
        }
        while flights.join_next().await.is_some() {}
    }

    /// Claims and starts whatever may be told now; gives until when there is nothing more to do.
    async fn round(
        &self,
        flights: &mut JoinSet<String>,
        under_way: &mut BTreeMap<String, usize>,
    ) -> Timestamp {
        let now = self.engine.clock.now();
        let net = now + self.engine.settings.poll;
        let webhooks = self.engine.webhooks.enabled();
        if webhooks.is_empty() {
            return net;
        }
        let is_replaying = self.replay(&webhooks).await;
        let room: BTreeMap<String, i64> =
            webhooks.iter().filter_map(|webhook| room_of(webhook, under_way)).collect();
        let ids: Vec<String> = room.keys().cloned().collect();
        let next = self.engine.store.read(move |connection| deliveries::next_due(connection, &ids)).await;
        let next = match next {
            Ok(next) => next.map(|at| at.and_utc()),
            Err(error) => {
                tracing::error!(%error, "what webhooks are to be told could not be read");
                return now + AFTER_FAILURE;
            }
        };
        if next.is_none_or(|next| next > now) {
            let next = next.map_or(net, |next| next.min(net));
            return if is_replaying { now } else { next };
        }
        let parcels = self.claim(room, &webhooks).await;
        if parcels.is_empty() {
            return now + AFTER_FAILURE;
        }
        for parcel in parcels {
            *under_way.entry(parcel.webhook.row.id.clone()).or_default() += 1;
            flights.spawn(self.clone().fly(parcel));
        }
        // There may be more; whoever has no room for it is not asked again until a call has ended.
        now
    }

    /// Takes each replay a page further; whether any goes on.
    async fn replay(&self, webhooks: &[Arc<Webhook>]) -> bool {
        let mut goes_on = false;
        for webhook in webhooks.iter().filter(|webhook| webhook.row.replay_after.is_some()) {
            match step_replay(&self.engine, &webhook.row.id).await {
                Ok(more) => goes_on |= more,
                Err(error) => tracing::error!(%error, webhook_id = webhook.row.id, "a replay waits"),
            }
        }
        goes_on
    }

    async fn claim(&self, room: BTreeMap<String, i64>, webhooks: &[Arc<Webhook>]) -> Vec<Parcel> {
        let claimed = match self.engine.store.write(ClaimDeliveries { room, lease: self.lease }).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::error!(%error, "what webhooks are to be told could not be claimed");
                return Vec::new();
            }
        };
        let event_ids: Vec<String> = claimed.iter().map(|row| row.event_id.clone()).collect();
        let facts = self.engine.store.read(move |connection| read_facts(connection, &event_ids)).await;
        let facts = match facts {
            Ok(facts) => facts,
            Err(error) => {
                tracing::error!(%error, "what webhooks are to be told could not be read; it is claimed again later");
                return Vec::new();
            }
        };
        let parcel = |delivery: DeliveryRow| {
            let webhook = webhooks.iter().find(|webhook| webhook.row.id == delivery.webhook_id)?;
            let event = facts.events.get(&delivery.event_id)?;
            Some(Parcel {
                body: body(&self.engine, webhook, event, &facts),
                webhook: Arc::clone(webhook),
                kind: event.kind.clone(),
                delivery,
            })
        };
        claimed.into_iter().filter_map(parcel).collect()
    }

    /// One call; gives the webhook's id. A call that outlives its lease finds the delivery claimed again, and changes
    /// nothing but the list of attempts.
    async fn fly(self, parcel: Parcel) -> String {
        let Parcel { delivery, webhook, kind, body } = parcel;
        let (began, started_at) = (Instant::now(), self.engine.clock.now());
        let call = Call {
            url: webhook.row.url.clone(),
            id: delivery.event_id.clone(),
            seconds: started_at.timestamp(),
            signature: webhook.signature(&delivery.event_id, &body, started_at),
            body,
        };
        let reply = self.client.call(call).await;
        let result = reply.result.as_str();
        self.engine.metrics.webhook_attempt(result);
        let webhook_id = delivery.webhook_id.clone();
        tracing::info!(
            webhook_id,
            event_id = delivery.event_id,
            attempt = delivery.attempts,
            result,
            "webhook"
        );
        let settle = SettleDelivery {
            engine: self.engine.clone(),
            claimed: delivery,
            kind,
            started_at,
            took: began.elapsed(),
            reply,
            jitter: self.engine.ids.below(1_000),
        };
        match self.engine.store.write(settle).await {
            Ok(None) => {}
            Ok(Some(reason)) => disable_webhook(&self.engine, &webhook_id, reason).await,
            Err(error) => {
                tracing::error!(%error, "a call to a webhook could not be settled; it is made again");
            }
        }
        webhook_id
    }
}

/// How many calls to a webhook may begin now, if any may.
fn room_of(webhook: &Webhook, under_way: &BTreeMap<String, usize>) -> Option<(String, i64)> {
    let id = &webhook.row.id;
    let room = CALLS_PER_WEBHOOK.saturating_sub(under_way.get(id).copied().unwrap_or(0));
    (room > 0).then(|| (id.clone(), i64::try_from(room).unwrap_or(1)))
}

fn land(landed: Result<String, tokio::task::JoinError>, under_way: &mut BTreeMap<String, usize>) {
    match landed {
        Ok(webhook_id) => {
            if let Some(count) = under_way.get_mut(&webhook_id) {
                *count = count.saturating_sub(1);
            }
        }
        Err(error) => tracing::error!(%error, "a call to a webhook ended with a panic; it is made again"),
    }
}
