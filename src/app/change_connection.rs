//! One phone of a customer: connected, changed or taken away (http-api.md 6.1). Its consent belongs to the phone and
//! stays when the connection goes (A65).

use super::audit::Actor;
use super::change_consent::{self, ConsentDecision};
use super::customers::{self, CONNECTIONS_MAX, CustomerParts, CustomerPhoneRow};
use super::engine::Engine;
use super::moment::Moment;
use super::onboard_customer::{NewPhone, OnboardRefused, connect, kept_warning};
use super::warning::Warning;
use crate::clock::Timestamp;
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionChange {
    /// The phone belongs to the customer.
    Connect(NewPhone),
    /// It does not any more.
    Remove {
        /// E.164.
        phone: String,
    },
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum ConnectionChanged {
    /// The customer as he is now, and advice.
    Done(Box<CustomerParts>, Vec<Warning>),
    /// There is no such customer.
    NotFound,
    /// There would be too many connections.
    Refused(OnboardRefused),
}

/// One change of a connection.
#[derive(Debug)]
pub struct ChangeConnection {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The customer.
    pub ccid: String,
    /// What is done.
    pub change: ConnectionChange,
    /// Who does it.
    pub actor: Actor,
}

impl Work for ChangeConnection {
    type Output = ConnectionChanged;

    fn lane_key(&self) -> Option<&str> {
        Some(&self.ccid)
    }

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.ccids.insert(self.ccid.clone());
        if let ConnectionChange::Connect(phone) = &self.change {
            keys.phones.insert(phone.consent.phone.clone());
            keys.connections.insert(phone.consent.phone.clone());
        }
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<ConnectionChanged, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let Some(customer_id) = moment.space.people.customers.get(&self.ccid).map(|row| row.id.clone())
        else {
            return Ok(ConnectionChanged::NotFound);
        };
        let mut warnings = Vec::new();
        match &self.change {
            ConnectionChange::Connect(phone) => {
                if let Some(refused) = refusal(&moment, &customer_id, &phone.consent.phone) {
                    return Ok(ConnectionChanged::Refused(refused));
                }
                let position = position(&moment, &customer_id, &phone.consent.phone);
                connect(&mut moment, &customer_id, phone, position);
                let decision = change_consent::apply(&mut moment, &phone.consent, &self.actor)?;
                if decision == ConsentDecision::Kept {
                    warnings.push(kept_warning("/consentType".to_owned()));
                }
            }
            ConnectionChange::Remove { phone } => remove(&mut moment, &customer_id, phone),
        }
        let parts = customers::parts(moment.space, &self.ccid)?;
        Ok(ConnectionChanged::Done(Box::new(parts), warnings))
    }
}

fn refusal(moment: &Moment<'_>, customer_id: &str, phone: &str) -> Option<OnboardRefused> {
    let people = &moment.space.people;
    if people.phone(customer_id, phone).is_some_and(|row| row.active) {
        return None;
    }
    if people.phones_of(customer_id).iter().filter(|row| row.active).count() >= CONNECTIONS_MAX {
        return Some(OnboardRefused::TooManyPhones { place: String::new() });
    }
    let is_crowded = people.owners_of(phone) >= CONNECTIONS_MAX;
    is_crowded.then(|| OnboardRefused::TooManyCustomers { place: String::new() })
}

/// The place it has, else behind the others.
fn position(moment: &Moment<'_>, customer_id: &str, phone: &str) -> i32 {
    let people = &moment.space.people;
    let last = people.phones_of(customer_id).last().map_or(0, |row| row.position.saturating_add(1));
    people.phone(customer_id, phone).map_or(last, |row| row.position)
}

fn remove(moment: &mut Moment<'_>, customer_id: &str, phone: &str) {
    let at = moment.at();
    if let Some(row) = moment.space.people.phone(customer_id, phone).filter(|row| row.active).cloned() {
        moment.space.people.put_phone(CustomerPhoneRow { active: false, updated_at: at, ..row });
    }
}
