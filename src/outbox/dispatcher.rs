//! [`Dispatcher`]: claims what is due, sends it, settles it. It wakes on every commit and sleeps until the next
//! message is due; each channel has its own limit of sends in flight, so a slow gateway holds up no other
//! (RF10).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::circuit::CircuitState;
use crate::app::claim_messages::{ClaimMessages, Claimed, ThreadWish};
use crate::app::degrade_gateway::degrade_gateway;
use crate::app::engine::Engine;
use crate::app::settle_message::SettleMessage;
use crate::clock::Timestamp;
use crate::gateway::{GatewaySession, SendRequest, SendResult, SenderType};
use crate::store::messages;
use crate::text::Encoding;

/// How long to wait after the database failed.
const AFTER_FAILURE: Duration = Duration::seconds(1);

/// Takes messages from the outbox to the gateways.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    engine: Engine,
    public_url: Option<Arc<reqwest::Url>>,
}

/// One send that has come back.
struct Returned {
    channel_id: String,
}

/// What may leave now.
struct Room {
    /// Sends that each channel may start.
    by_channel: BTreeMap<String, usize>,
    /// Gateways whose half-open circuit lets one send through.
    probed: BTreeSet<String>,
    /// When the first closed channel may send again.
    reopens: Option<Timestamp>,
}

impl Dispatcher {
    /// A dispatcher; `public_url` is where gateways can reach us with reports.
    #[must_use]
    pub fn new(engine: &Engine, public_url: Option<reqwest::Url>) -> Self {
        Self { engine: engine.clone(), public_url: public_url.map(Arc::new) }
    }

    /// Runs until `stop` turns true; then waits for the sends in flight.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut flights: JoinSet<Returned> = JoinSet::new();
        let mut in_flight: BTreeMap<String, usize> = BTreeMap::new();
        while !*stop.borrow() {
            let wake = self.engine.store.signals().outbox.clone();
            let notified = wake.notified();
            let wait_until = self.dispatch(&mut flights, &mut in_flight).await;
            tokio::select! {
                () = notified => {}
                () = self.engine.clock.sleep_until(wait_until) => {}
                Some(landed) = flights.join_next(), if !flights.is_empty() => {
                    land(landed, &mut in_flight);
                }
                _ = stop.changed() => {}
            }
            while let Some(landed) = flights.try_join_next() {
                land(landed, &mut in_flight);
            }
        }
        while flights.join_next().await.is_some() {}
    }

    /// Claims and starts whatever may leave now; gives until when there is nothing more to do.
    async fn dispatch(
        &self,
        flights: &mut JoinSet<Returned>,
        in_flight: &mut BTreeMap<String, usize>,
    ) -> Timestamp {
        loop {
            let now = self.engine.clock.now();
            let Room { by_channel, probed, reopens } = self.room(in_flight, now);
            let claim = ClaimMessages { probed, ..ClaimMessages::new(&self.engine, by_channel) };
            let claimed = match self.engine.store.write(claim).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    tracing::error!(%error, "messages could not be claimed");
                    return now + AFTER_FAILURE;
                }
            };
            let count = claimed.len();
            for one in claimed {
                *in_flight.entry(one.channel.row.id.clone()).or_default() += 1;
                flights.spawn(self.clone().fly(one));
            }
            if count < self.engine.settings.claim_batch {
                let net = now + self.engine.settings.poll;
                let next = self.next_due(now).await.map_or(net, |due| due.min(net));
                return reopens.map_or(next, |reopens| next.min(reopens));
            }
        }
    }

    async fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let now = now.naive_utc();
        match self.engine.store.read(move |connection| messages::next_due(connection, now)).await {
            Ok(due) => due.map(|due| due.and_utc()),
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read");
                Some(now.and_utc() + AFTER_FAILURE)
            }
        }
    }

    /// How many sends each channel may start now. A half-open circuit lets one through for the whole gateway, once
    /// those that began before are back.
    fn room(&self, in_flight: &BTreeMap<String, usize>, now: Timestamp) -> Room {
        let mut room = Room { by_channel: BTreeMap::new(), probed: BTreeSet::new(), reopens: None };
        let channels = self.engine.channels.all();
        let flying = |channel_id: &str| in_flight.get(channel_id).copied().unwrap_or(0);
        let is_called = |gateway: &str| {
            channels.iter().any(|channel| channel.row.gateway == gateway && flying(&channel.row.id) > 0)
        };
        for channel in &channels {
            let gateway = &channel.row.gateway;
            let health = self.engine.health.of(gateway);
            let free = match health.circuit.state(now) {
                _ if health.is_paused => 0,
                CircuitState::Closed => {
                    let sends_max = health.sends_max(self.engine.settings.sends_per_channel);
                    sends_max.saturating_sub(flying(&channel.row.id))
                }
                CircuitState::HalfOpen => {
                    room.probed.insert(gateway.clone());
                    usize::from(!is_called(gateway))
                }
                CircuitState::Open => {
                    room.reopens = [room.reopens, health.circuit.open_until()].into_iter().flatten().min();
                    0
                }
            };
            room.by_channel.insert(channel.row.id.clone(), free);
        }
        room
    }

    /// One message: send, then settle. A send that outlives its lease finds its message `unknown` and changes
    /// nothing but its attempt row.
    async fn fly(self, claimed: Claimed) -> Returned {
        let channel_id = claimed.channel.row.id.clone();
        let name = claimed.channel.row.gateway.clone();
        if self.engine.settings.log_bodies {
            tracing::trace!(message_id = %claimed.message.id, text = %claimed.message.body, "text sent");
        }
        let result = match self.engine.gateways.get(&name) {
            Some(gateway) => gateway.send(&self.request(&claimed, gateway)).await,
            None => SendResult::Retry(crate::gateway::Detail::plain("the gateway is not configured")),
        };
        let class = result.class();
        let sends_max = self.engine.settings.sends_per_channel;
        if self.engine.health.note(&name, &result, sends_max, self.engine.clock.now()) {
            let code = result.detail().and_then(|detail| detail.code.clone());
            degrade_gateway(&self.engine, &name, class, code).await;
        }
        tracing::info!(
            message_id = %claimed.message.id,
            session_id = claimed.message.session_id.as_deref(),
            gateway = %name,
            attempt = claimed.message.attempts,
            result = class.as_str(),
            "send"
        );
        let jitter = self.engine.ids.below(1000);
        let settle = SettleMessage { engine: self.engine.clone(), claimed, result, jitter };
        if let Err(error) = self.engine.store.write(settle).await {
            tracing::error!(%error, "a send could not be settled; its lease will run out");
        }
        Returned { channel_id }
    }

    fn request(&self, claimed: &Claimed, gateway: &crate::gateway::Gateway) -> SendRequest {
        let message = &claimed.message;
        let now = self.engine.clock.now().naive_utc();
        let ttl_seconds = u64::try_from((message.ttl_at - now).num_seconds()).unwrap_or(0);
        SendRequest {
            client_ref: message.client_ref.clone(),
            to: message.phone.clone(),
            from: claimed.sender.clone(),
            sender_type: match claimed.channel.row.sender_type.as_str() {
                "short_number" => SenderType::ShortNumber,
                _ => SenderType::International,
            },
            text: message.body.clone(),
            encoding: if message.encoding == Encoding::Gsm7.as_str() {
                Encoding::Gsm7
            } else {
                Encoding::Ucs2
            },
            segments: usize::try_from(message.segments).unwrap_or(1),
            session: match &claimed.thread {
                ThreadWish::Plain => GatewaySession::None,
                ThreadWish::New => GatewaySession::New,
                ThreadWish::Known(handle) => GatewaySession::Existing(handle.clone()),
            },
            status_url: self
                .public_url
                .as_deref()
                .map(|public_url| gateway.status_url(public_url, &message.client_ref)),
            ttl_seconds,
        }
    }
}

fn land(landed: Result<Returned, tokio::task::JoinError>, in_flight: &mut BTreeMap<String, usize>) {
    match landed {
        Ok(Returned { channel_id }) => {
            if let Some(count) = in_flight.get_mut(&channel_id) {
                *count = count.saturating_sub(1);
            }
        }
        Err(error) => tracing::error!(%error, "a send ended with a panic; its lease will run out"),
    }
}
