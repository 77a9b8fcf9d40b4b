//! Onboarding (R01–R25): the upsert of customers by the client's own id, alone or up to 100 in one transaction. What
//! the client leaves out stays as it is; the feed is never touched (R06).

use chrono::NaiveDateTime;
use serde_json::json;

use super::audit::Actor;
use super::change_consent::{self, ConsentDecision, ConsentType, ConsentWish};
use super::customers::{self, Attributes, CONNECTIONS_MAX, CustomerParts, CustomerPhoneRow, CustomerRow};
use super::engine::Engine;
use super::event_kind::EventKind;
use super::moment::Moment;
use super::post_message::{LoadedTriggers, PostRefused, Posted, TriggerCall, load_triggers, post, usable};
use super::warning::{Warning, WarningCode};
use crate::clock::Timestamp;
use crate::closed_list::closed_list;
use crate::store::{AnyConnection, Fault, Json, Keys, Space, StoreError, Work, phones_of_customers};

/// The product group of who has none (A74).
const PRODUCT_GROUP: &str = "default";

closed_list! {
    /// What kind of line a phone is.
    pub enum PhoneType {
        Mobile = "mobile": "it takes SMS",
        Landline = "landline": "it takes none",
        Unknown = "unknown": "nobody knows; nothing is sent to it",
    }
}

/// A phone of a customer as the client names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPhone {
    /// Its kind.
    pub phone_type: PhoneType,
    /// Where the client has it from.
    pub client_source: Option<String>,
    /// Its consent, with the number.
    pub consent: ConsentWish,
}

/// One customer as the client describes him; it cannot be wrong in itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onboarding {
    /// The client's own id.
    pub ccid: String,
    /// Needed each time (R03, R14).
    pub first_name: String,
    /// `None` = as it is.
    pub last_name: Option<String>,
    /// A language code; `None` = as it is.
    pub language: Option<String>,
    /// An IANA name; `None` = as it is.
    pub timezone: Option<String>,
    /// `None` = as it is, `default` at first.
    pub product_group: Option<String>,
    /// 1 to 50.
    pub phones: Vec<NewPhone>,
    /// As a whole; `None` = as they are.
    pub attributes: Option<Attributes>,
    /// As a whole; `None` = as they are.
    pub tags: Option<Vec<String>>,
    /// Phones that are not named lose their connection.
    pub deactivate_previous_connections: bool,
    /// A message to post once he is stored (R07).
    pub trigger: Option<TriggerCall>,
    /// JSON Pointer of the customer in the caller's body.
    pub place: String,
}

/// What an onboarding did.
#[derive(Clone, Debug)]
pub struct Onboarded {
    /// The customer as he is now.
    pub customer: CustomerParts,
    /// He was not known before.
    pub is_new: bool,
    /// What was posted to his feed.
    pub message: Option<Posted>,
    /// Advice on this one.
    pub warnings: Vec<Warning>,
}

/// Why a customer was not onboarded; nothing of him is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnboardRefused {
    /// The message could not be posted (R07).
    Message(PostRefused),
    /// With the phones that he has he would have more than 50.
    TooManyPhones {
        /// Pointer of the list.
        place: String,
    },
    /// The phone belongs to 50 other customers.
    TooManyCustomers {
        /// Pointer of the phone.
        place: String,
    },
}

/// Onboards customers one after the other, in one transaction.
#[derive(Debug)]
pub struct OnboardCustomers {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The customers.
    pub items: Vec<Onboarding>,
    /// Who onboards them.
    pub actor: Actor,
    /// Filled in when the keys are asked for.
    pub triggers: LoadedTriggers,
}

impl Work for OnboardCustomers {
    type Output = Vec<Result<Onboarded, OnboardRefused>>;

    fn lane_key(&self) -> Option<&str> {
        self.items.first().map(|item| item.ccid.as_str())
    }

    fn keys(&mut self, connection: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        for item in &self.items {
            keys.ccids.insert(item.ccid.clone());
            for phone in &item.phones {
                keys.phones.insert(phone.consent.phone.clone());
                keys.connections.insert(phone.consent.phone.clone());
            }
        }
        self.load_triggers(connection, keys)
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Self::Output, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        self.items.iter().map(|item| onboard(&mut moment, item, &self.actor, &self.triggers)).collect()
    }
}

impl OnboardCustomers {
    /// A turn over these customers.
    #[must_use]
    pub fn new(engine: &Engine, items: Vec<Onboarding>, actor: Actor) -> Self {
        Self { engine: engine.clone(), items, actor, triggers: LoadedTriggers::new() }
    }

    /// Messages go to the phones that are named, and to those that the customers have already.
    fn load_triggers(&mut self, connection: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        let triggered: Vec<&Onboarding> = self.items.iter().filter(|item| item.trigger.is_some()).collect();
        if triggered.is_empty() {
            return Ok(());
        }
        let mut phones = phones_of_customers(connection, triggered.iter().map(|item| item.ccid.as_str()))?;
        phones
            .extend(triggered.iter().flat_map(|item| &item.phones).map(|phone| phone.consent.phone.clone()));
        let calls = triggered.iter().filter_map(|item| item.trigger.as_ref());
        let ids: Vec<&str> = calls.map(|call| call.trigger_id.as_str()).collect();
        self.triggers = load_triggers(&self.engine, connection, keys, &ids, &phones)?;
        Ok(())
    }
}

fn onboard(
    moment: &mut Moment<'_>,
    item: &Onboarding,
    actor: &Actor,
    triggers: &LoadedTriggers,
) -> Result<Result<Onboarded, OnboardRefused>, Fault> {
    let known = moment.space.people.customers.get(&item.ccid).cloned();
    if let Some(refused) = refusal(moment, item, known.as_ref()) {
        return Ok(Err(refused));
    }
    let trigger = match &item.trigger {
        Some(call) => match usable(triggers, &call.trigger_id) {
            Ok(loaded) => Some((loaded, call)),
            Err(refused) => return Ok(Err(OnboardRefused::Message(refused))),
        },
        None => None,
    };
    let is_new = known.is_none();
    let row = merged(moment, item, known);
    let customer_id = row.id.clone();
    customers::put(moment.space, row)?;
    if item.deactivate_previous_connections {
        drop_others(moment, item, &customer_id);
    }
    let mut warnings = Vec::new();
    for (index, phone) in item.phones.iter().enumerate() {
        let position = i32::try_from(index).unwrap_or(i32::MAX);
        connect(moment, &customer_id, phone, position);
        if change_consent::apply(moment, &phone.consent, actor)? == ConsentDecision::Kept {
            warnings.push(kept_warning(format!("{}/phones/{index}/consentType", item.place)));
        }
    }
    let data = json!({"customerId": customer_id, "ccid": item.ccid, "created": is_new});
    moment.record_event(EventKind::CustomerOnboarded, None, &data)?;
    let message = trigger.map(|(loaded, call)| post(moment, loaded, call)).transpose()?;
    let customer = customers::parts(moment.space, &item.ccid)?;
    Ok(Ok(Onboarded { customer, is_new, message, warnings }))
}

/// The advice that a person's own stop was kept (A64).
#[must_use]
pub fn kept_warning(pointer: String) -> Warning {
    let detail = "the person said stop; say consentObtainedAt later than that to prove that he agreed again";
    Warning::new(WarningCode::ConsentNotChanged, pointer, detail)
}

/// Looked at before anything is changed: at most 50 phones a customer, and 50 customers a phone.
fn refusal(moment: &Moment<'_>, item: &Onboarding, known: Option<&CustomerRow>) -> Option<OnboardRefused> {
    let people = &moment.space.people;
    let is_named = |phone: &str| item.phones.iter().any(|named| named.consent.phone == phone);
    let owned = known.map(|row| people.phones_of(&row.id)).unwrap_or_default();
    let kept = owned.iter().filter(|row| row.active && !is_named(&row.phone)).count();
    let kept = if item.deactivate_previous_connections { 0 } else { kept };
    if kept + item.phones.len() > CONNECTIONS_MAX {
        return Some(OnboardRefused::TooManyPhones { place: format!("{}/phones", item.place) });
    }
    let crowded = item.phones.iter().position(|named| {
        let phone = &named.consent.phone;
        let is_connected = owned.iter().any(|row| row.active && row.phone == *phone);
        !is_connected && people.owners_of(phone) >= CONNECTIONS_MAX
    });
    let place = |index| format!("{}/phones/{index}/number", item.place);
    crowded.map(|index| OnboardRefused::TooManyCustomers { place: place(index) })
}

/// The customer with what the client says in place; onboarding makes him active again.
fn merged(moment: &Moment<'_>, item: &Onboarding, known: Option<CustomerRow>) -> CustomerRow {
    let at = moment.at();
    let mut row = known.unwrap_or_else(|| CustomerRow {
        id: moment.id(),
        ccid: item.ccid.clone(),
        first_name: String::new(),
        last_name: None,
        language: None,
        timezone: None,
        product_group: PRODUCT_GROUP.to_owned(),
        active: true,
        attributes: Json::of(Attributes::new()),
        tags: Json::of(Vec::new()),
        created_at: at,
        updated_at: at,
    });
    row.first_name.clone_from(&item.first_name);
    row.last_name = item.last_name.clone().or(row.last_name);
    row.language = item.language.clone().or(row.language);
    row.timezone = item.timezone.clone().or(row.timezone);
    row.product_group = item.product_group.clone().unwrap_or(row.product_group);
    row.attributes = item.attributes.clone().map_or(row.attributes, Json::of);
    row.tags = item.tags.clone().map_or(row.tags, Json::of);
    row.active = true;
    row.updated_at = at;
    row
}

/// Connects a phone with a customer, or brings the connection up to date.
pub fn connect(moment: &mut Moment<'_>, customer_id: &str, phone: &NewPhone, position: i32) {
    let at = moment.at();
    let known = moment.space.people.phone(customer_id, &phone.consent.phone).cloned();
    let row = CustomerPhoneRow {
        customer_id: customer_id.to_owned(),
        phone: phone.consent.phone.clone(),
        phone_type: phone.phone_type.as_str().to_owned(),
        client_source: phone.client_source.clone().or_else(|| known.as_ref()?.client_source.clone()),
        position,
        active: true,
        created_at: known.map_or(at, |known| known.created_at),
        updated_at: at,
    };
    moment.space.people.put_phone(row);
}

fn drop_others(moment: &mut Moment<'_>, item: &Onboarding, customer_id: &str) {
    let at = moment.at();
    let owned: Vec<CustomerPhoneRow> =
        moment.space.people.phones_of(customer_id).into_iter().cloned().collect();
    for row in owned.into_iter().filter(|row| row.active) {
        if !item.phones.iter().any(|named| named.consent.phone == row.phone) {
            moment.space.people.put_phone(CustomerPhoneRow { active: false, updated_at: at, ..row });
        }
    }
}

/// A phone with its consent, as the API makes it.
#[must_use]
pub fn new_phone(
    phone: String,
    phone_type: PhoneType,
    consent_type: ConsentType,
    source: &str,
    obtained_at: Option<NaiveDateTime>,
    client_source: Option<String>,
) -> NewPhone {
    let consent = ConsentWish { phone, consent_type, source: source.to_owned(), obtained_at, note: None };
    NewPhone { phone_type, client_source, consent }
}
