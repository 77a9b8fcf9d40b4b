//! Takes deliveries to webhooks that are due, so many of each webhook, oldest first. Their lease is the time of the
//! next attempt: a process that dies between claim and settle leaves them to be told again (V3).

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::store::deliveries::{DeliveryRow, SENDING};
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};

/// The turn.
#[derive(Clone, Debug)]
pub struct ClaimDeliveries {
    /// Most deliveries of each webhook.
    pub room: BTreeMap<String, i64>,
    /// How long an attempt may take before it may be made again; longer than the longest call.
    pub lease: TimeDelta,
}

impl Work for ClaimDeliveries {
    type Output = Vec<DeliveryRow>;

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        for (webhook_id, most) in &self.room {
            let wanted = keys.claim_deliveries.entry(webhook_id.clone()).or_default();
            *wanted = (*wanted).max(*most);
        }
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Self::Output, Fault> {
        let mut room = self.room.clone();
        let mut claimed = Vec::new();
        for key in space.take_due_deliveries() {
            let Some(left) = room.get_mut(&key.0).filter(|left| **left > 0) else {
                continue;
            };
            let Some(row) = space.deliveries.get_mut(&key) else {
                continue;
            };
            *left -= 1;
            SENDING.clone_into(&mut row.state);
            row.due_at = Some((now + self.lease).naive_utc());
            row.attempts += 1;
            row.tries += 1;
            claimed.push(row.clone());
        }
        Ok(claimed)
    }
}
