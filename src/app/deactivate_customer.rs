//! Deactivation (http-api.md 6.1): a customer is sent nothing more on his own behalf, and what waits for him is
//! cancelled. Consent and surveys of his phones are not touched; onboarding makes him active again.

use chrono::Duration;
use serde_json::json;

use super::audit::{self, Action, Actor};
use super::customers::{self, CustomerParts, CustomerRow};
use super::engine::Engine;
use super::event_kind::EventKind;
use super::moment::Moment;
use crate::clock::Timestamp;
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};

/// Messages of the feed wait for the next permitted hour, at most 8 days, and a day longer; older ones are sent or
/// given up.
const MESSAGE_LIFE: Duration = Duration::days(10);

/// One deactivation; the output is `None` for an unknown customer.
#[derive(Debug)]
pub struct DeactivateCustomer {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The customer.
    pub ccid: String,
    /// Who does it.
    pub actor: Actor,
}

impl Work for DeactivateCustomer {
    type Output = Option<Box<CustomerParts>>;

    fn lane_key(&self) -> Option<&str> {
        Some(&self.ccid)
    }

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.ccids.insert(self.ccid.clone());
        keys.want_feed_since((self.engine.clock.now() - MESSAGE_LIFE).naive_utc());
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Self::Output, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let Some(row) = moment.space.people.customers.get(&self.ccid).cloned() else {
            return Ok(None);
        };
        if row.active {
            cancel_waiting(&mut moment, &row.id)?;
            let data = json!({"customerId": row.id, "ccid": row.ccid});
            let object = format!("customer:{}", row.id);
            let at = moment.at();
            customers::put(moment.space, CustomerRow { active: false, updated_at: at, ..row })?;
            moment.record_event(EventKind::CustomerDeactivated, None, &data)?;
            audit::record(
                moment.space,
                &self.actor,
                Action::CustomerDeactivated,
                &object,
                &json!({}),
                moment.now,
            )?;
        }
        customers::parts(moment.space, &self.ccid).map(|parts| Some(Box::new(parts)))
    }
}

/// Cancels what the customer's feed still wants to send; his phones are loaded, and with them what waits for them.
fn cancel_waiting(moment: &mut Moment<'_>, customer_id: &str) -> Result<(), Fault> {
    let mut waiting = Vec::new();
    for item in moment.space.people.recent_feed(customer_id) {
        let corrupt = |error: serde_json::Error| Fault::Invariant(format!("feed item {}: {error}", item.id));
        let notifications = item.notifications.get().map_err(corrupt)?;
        waiting.extend(notifications.iter().filter_map(|one| one.message_id.clone()));
    }
    for id in waiting {
        if moment.space.messages.get(&id).is_some_and(|message| message.is_open) {
            moment.cancel_message(&id, "customer_deactivated")?;
        }
    }
    Ok(())
}
