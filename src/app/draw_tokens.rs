//! The rates that a claim keeps: of its channel (A73), and of the gateway itself as its profile says (`limits.rate`,
//! gateways.md 2.1). The buckets are rows, so a rate holds over restarts and between nodes.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;

use super::channels::Channel;
use super::moment::Moment;
use crate::gateway::profile::{Rate, RateScope, RateUnit};
use crate::session::pace::Bucket;
use crate::store::channels::{BucketRow, GatewayBucketRow};
use crate::store::messages::MessageRow;

/// The bucket of a gateway: its name, and our number whose rate it is; empty = the whole account.
pub type GatewayBucket = (String, String);

/// What a claim has drawn, and how many tokens those take that it has put off: they come before whoever is next.
#[derive(Debug, Default)]
pub struct Tokens {
    ahead: BTreeMap<String, i64>,
    ahead_at_gateway: BTreeMap<GatewayBucket, i64>,
}

/// What a look into a bucket found.
struct Look {
    /// Refilled, nothing taken.
    bucket: Bucket,
    /// With the tokens of the message taken, if they are there.
    taken: Option<Bucket>,
}

/// The buckets of a gateway that the numbers of a channel draw from; none where its profile names no rate.
#[must_use]
pub fn gateway_buckets(channel: &Channel) -> Vec<GatewayBucket> {
    let Some(rate) = channel.rate else {
        return Vec::new();
    };
    let numbers = std::iter::once(&channel.row.sender).chain(&channel.pool_numbers);
    numbers.map(|number| gateway_bucket(channel, rate, number)).collect()
}

/// The bucket that a number draws from. A number with a suffix is the short number in front of it.
fn gateway_bucket(channel: &Channel, rate: Rate, number: &str) -> GatewayBucket {
    let is_in_pool = channel.pool_numbers.iter().any(|known| known == number);
    let sender = match rate.scope {
        RateScope::Account => "",
        RateScope::Sender if is_in_pool => number,
        RateScope::Sender => &channel.row.sender,
    };
    (channel.row.gateway.clone(), sender.to_owned())
}

impl Tokens {
    /// Takes what a message from this number costs, from the channel and from the gateway or from neither; gives when
    /// it may try again, if it may not leave now.
    pub fn draw(
        &mut self,
        moment: &mut Moment<'_>,
        message: &MessageRow,
        channel: &Channel,
        number: &str,
    ) -> Option<NaiveDateTime> {
        let at = moment.at();
        let channel_rate = channel.row.throttle_micro;
        let stored = moment.space.buckets.get(&channel.row.id);
        let paused_until = stored.and_then(|row| row.paused_until).filter(|until| *until > at);
        let stored =
            stored.map(|row| Bucket { tokens_micro: row.tokens_micro, refilled_at: row.refilled_at });
        let mut own = Look::into(stored, channel_rate, 1, at);
        own.taken = own.taken.filter(|_| paused_until.is_none());
        let shared = channel.rate.map(|rate| {
            let count = match rate.unit {
                RateUnit::Message => 1,
                RateUnit::Part => i64::from(message.segments),
            };
            let key = gateway_bucket(channel, rate, number);
            let stored = moment.space.gateway_buckets.get(&key);
            let stored =
                stored.map(|row| Bucket { tokens_micro: row.tokens_micro, refilled_at: row.refilled_at });
            let look = Look::into(stored, rate.per_second_micro, count, at);
            (key, rate.per_second_micro, count, look)
        });
        let may_leave =
            own.taken.is_some() && shared.as_ref().is_none_or(|(_, _, _, look)| look.taken.is_some());
        let mut until = None;
        if own.taken.is_none() {
            let ahead = self.ahead.entry(channel.row.id.clone()).or_default();
            until = until.max(Some(own.bucket.available_at(channel_rate, *ahead, 1))).max(paused_until);
            *ahead += 1;
        }
        let kept = own.kept(may_leave);
        let row = BucketRow {
            channel_id: channel.row.id.clone(),
            tokens_micro: kept.tokens_micro,
            refilled_at: kept.refilled_at,
            paused_until,
        };
        moment.space.buckets.put(channel.row.id.clone(), row);
        if let Some((key, rate_micro, count, look)) = shared {
            if look.taken.is_none() {
                let ahead = self.ahead_at_gateway.entry(key.clone()).or_default();
                until = until.max(Some(look.bucket.available_at(rate_micro, *ahead, count)));
                *ahead += count;
            }
            let kept = look.kept(may_leave);
            let row = GatewayBucketRow {
                gateway: key.0.clone(),
                sender: key.1.clone(),
                tokens_micro: kept.tokens_micro,
                refilled_at: kept.refilled_at,
            };
            moment.space.gateway_buckets.put(key, row);
        }
        until
    }
}

impl Look {
    fn into(stored: Option<Bucket>, rate_micro: i64, count: i64, at: NaiveDateTime) -> Self {
        let bucket = stored.unwrap_or_else(|| Bucket::full(rate_micro, at)).refilled(rate_micro, at);
        Self { bucket, taken: bucket.taken(rate_micro, count) }
    }

    fn kept(&self, may_leave: bool) -> Bucket {
        self.taken.filter(|_| may_leave).unwrap_or(self.bucket)
    }
}
