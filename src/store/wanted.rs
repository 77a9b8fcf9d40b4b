//! [`Keys`]: what the turns of a batch want loaded before they run.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;

/// What the turns of a batch want loaded. Whatever is named here, and belongs to it, is in the [`Space`]:
/// a phone brings its contact, consents, open and recently ended sessions and their waiting messages.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// E.164 numbers.
    pub phones: BTreeSet<String>,
    /// Session ids.
    pub sessions: BTreeSet<String>,
    /// Message ids.
    pub messages: BTreeSet<String>,
    /// Our references of messages, as gateways echo them (RE17).
    pub client_refs: BTreeSet<String>,
    /// Gateways' ids of messages.
    pub external_ids: BTreeSet<String>,
    /// Gateway and its id of an inbound.
    pub provider_ids: BTreeSet<(String, String)>,
    /// Weak keys of inbound without id (RE5).
    pub weak_keys: BTreeSet<String>,
    /// Sender and reference of a text that comes in parts.
    pub parts: BTreeSet<(String, String)>,
    /// Gateway and session handle.
    pub handles: BTreeSet<(String, String)>,
    /// Survey, phone, client reference (A03).
    pub send_requests: BTreeSet<(String, String, String)>,
    /// API key id and idempotency key.
    pub idempotency: BTreeSet<(String, String)>,
    /// Names of counters that are counted for a phone that nobody has asked anything (P49).
    pub counters: BTreeSet<String>,
    /// Names of counters that the batch counts in any case (GW88).
    pub budgets: BTreeSet<String>,
    /// Channels whose token bucket is needed.
    pub buckets: BTreeSet<String>,
    /// Gateways, and senders of theirs, whose token bucket is needed.
    pub gateway_buckets: BTreeSet<(String, String)>,
    /// Reports about parts that named messages already have are needed (GW34).
    pub part_reports: bool,
    /// Sessions whose answers are needed.
    pub answers_of: BTreeSet<String>,
    /// Ended sessions of a phone are loaded if they ended after this (A29).
    pub ended_after: Option<NaiveDateTime>,
    /// Customers by the client's own ids; their phones are loaded with them.
    pub ccids: BTreeSet<String>,
    /// Phones that get connected with a customer: the customers that have them are counted.
    pub connections: BTreeSet<String>,
    /// What was posted to the customers since then is loaded.
    pub feed_since: Option<NaiveDateTime>,
    /// Phones whose flood guard is needed (GW89).
    pub floods: BTreeSet<String>,
    /// Phones for which the time zones that customers have named are needed (A69).
    pub zones: BTreeSet<String>,
    /// Messages that are due, to be claimed.
    pub claim: Option<ClaimWish>,
    /// Webhooks, by id.
    pub webhooks: BTreeSet<String>,
    /// Webhook and event of a delivery.
    pub deliveries: BTreeSet<(String, String)>,
    /// Webhooks whose due deliveries are to be claimed, and most of each.
    pub claim_deliveries: BTreeMap<String, i64>,
}

/// What a claim wants: the messages that are due, found once the rows of the batch are locked, so that no two
/// nodes claim for one phone at the same time (RE16). They are the [`Space::candidates`].
#[derive(Clone, Debug, Default)]
pub struct ClaimWish {
    /// Channels that are passed over.
    pub closed: BTreeSet<String>,
    /// Most messages.
    pub claim_max: i64,
    /// Earlier messages of the same sessions are loaded too if the gateway took them after this and nobody has
    /// reported them (RE23).
    pub unreported_since: Option<NaiveDateTime>,
    /// Token buckets of gateways, by the channel that draws from them; most channels draw from none.
    pub gateway_buckets: BTreeMap<String, Vec<(String, String)>>,
}

impl Keys {
    /// Asks for sessions that ended after an instant; the earliest wish of a batch wins.
    pub fn want_ended_after(&mut self, instant: NaiveDateTime) {
        self.ended_after = Some(self.ended_after.map_or(instant, |known| known.min(instant)));
    }

    /// Asks for what was posted to the customers after an instant; the earliest wish of a batch wins.
    pub fn want_feed_since(&mut self, instant: NaiveDateTime) {
        self.feed_since = Some(self.feed_since.map_or(instant, |known| known.min(instant)));
    }

    /// Asks for messages to claim; with two wishes in a batch the candidates serve both.
    pub fn want_claim(&mut self, wish: ClaimWish) {
        self.claim = Some(match self.claim.take() {
            None => wish,
            Some(known) => ClaimWish {
                closed: known.closed.intersection(&wish.closed).cloned().collect(),
                claim_max: known.claim_max.max(wish.claim_max),
                unreported_since: [known.unreported_since, wish.unreported_since].into_iter().flatten().min(),
                gateway_buckets: known.gateway_buckets.into_iter().chain(wish.gateway_buckets).collect(),
            },
        });
    }
}
