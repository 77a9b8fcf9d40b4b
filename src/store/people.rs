//! [`People`]: the customers of a batch with their phones, what they are looked for by, their recent feed and their
//! flood guards. Loaded only for turns that name customers; a turn of a survey never pays for it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::among::among;
use super::customers::{CustomerPhoneRow, CustomerRow, TermRow};
use super::feed::{FeedItemRow, FloodRow};
use super::schema::{customer_phones, customer_terms, customers, feed_items, floods};
use super::table::{SortedTable, Table};
use super::wanted::Keys;
use super::{AnyConnection, StoreError};

/// The customers of a batch.
#[derive(Debug, Default)]
pub struct People {
    /// Customers by ccid.
    pub customers: Table<String, CustomerRow>,
    /// Flood guards by phone.
    pub floods: Table<String, FloodRow>,
    phones: SortedTable<(String, String), CustomerPhoneRow>,
    /// Active connections by phone: the customers that have it.
    owners: BTreeMap<String, BTreeSet<String>>,
    feed: SortedTable<(String, String), FeedItemRow>,
    timezones: BTreeMap<String, BTreeSet<String>>,
    /// Whether a term was there before the batch, and whether it shall be after it.
    terms: BTreeMap<TermRow, (bool, bool)>,
}

impl People {
    /// The phones of a customer, active or not, in the order in which they were named.
    #[must_use]
    pub fn phones_of(&self, customer_id: &str) -> Vec<&CustomerPhoneRow> {
        let from = (customer_id.to_owned(), String::new());
        let rows = self.phones.iter_from(&from).map(|(_, row)| row);
        let mut found: Vec<_> = rows.take_while(|row| row.customer_id == customer_id).collect();
        found.sort_by_key(|row| row.position);
        found
    }

    /// A phone of a customer.
    #[must_use]
    pub fn phone(&self, customer_id: &str, phone: &str) -> Option<&CustomerPhoneRow> {
        self.phones.get(&(customer_id.to_owned(), phone.to_owned()))
    }

    /// Connects a phone with a customer, or changes the connection.
    pub fn put_phone(&mut self, row: CustomerPhoneRow) {
        let owners = self.owners.entry(row.phone.clone()).or_default();
        if row.active {
            owners.insert(row.customer_id.clone());
        } else {
            owners.remove(&row.customer_id);
        }
        self.phones.put((row.customer_id.clone(), row.phone.clone()), row);
    }

    /// Customers that have a phone that the batch named as a connection.
    #[must_use]
    pub fn owners_of(&self, phone: &str) -> usize {
        self.owners.get(phone).map_or(0, BTreeSet::len)
    }

    /// The zones that customers of a phone have named (A69).
    #[must_use]
    pub fn timezones_of(&self, phone: &str) -> BTreeSet<String> {
        self.timezones.get(phone).cloned().unwrap_or_default()
    }

    /// A customer is looked for by this from now on.
    pub fn add_term(&mut self, row: TermRow) {
        self.terms.entry(row).or_insert((false, false)).1 = true;
    }

    /// A customer is looked for by this no longer.
    pub fn remove_term(&mut self, row: TermRow) {
        self.terms.entry(row).or_insert((true, true)).1 = false;
    }

    /// Posts to the feed of a customer.
    pub fn post(&mut self, row: FeedItemRow) {
        self.feed.insert((row.customer_id.clone(), row.id.clone()), row);
    }

    /// What was posted to a customer lately, oldest first: since the time that the batch asked for.
    pub fn recent_feed<'a>(
        &'a self,
        customer_id: &'a str,
    ) -> impl Iterator<Item = &'a FeedItemRow> + use<'a> {
        let from = (customer_id.to_owned(), String::new());
        let rows = self.feed.iter_from(&from).map(|(_, row)| row);
        rows.take_while(move |row| row.customer_id == customer_id)
    }

    pub(super) fn phone_table(&self) -> &SortedTable<(String, String), CustomerPhoneRow> {
        &self.phones
    }

    pub(super) fn new_feed(&self) -> impl Iterator<Item = &FeedItemRow> {
        self.feed.inserts()
    }

    pub(super) fn new_terms(&self) -> impl Iterator<Item = &TermRow> {
        self.terms.iter().filter(|(_, (was, is))| *is && !was).map(|(row, _)| row)
    }

    fn lost_terms(&self) -> Vec<&TermRow> {
        self.terms.iter().filter(|(_, (was, is))| *was && !is).map(|(row, _)| row).collect()
    }

    fn load_phone(&mut self, row: CustomerPhoneRow) {
        if row.active {
            self.owners.entry(row.phone.clone()).or_default().insert(row.customer_id.clone());
        }
        self.phones.load((row.customer_id.clone(), row.phone.clone()), row);
    }
}

/// Phones of the customers that a batch names: they are locked with the others.
pub(super) fn phones_of(connection: &mut PgConnection, keys: &Keys) -> Result<Vec<String>, StoreError> {
    if keys.ccids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(customer_phones::table
        .inner_join(customers::table.on(customers::id.eq(customer_phones::customer_id)))
        .filter(customers::ccid.eq_any(&keys.ccids))
        .select(customer_phones::phone)
        .load(connection)?)
}

/// Loads the customers that a batch names, locks them, and adds their phones to what is loaded.
pub(super) fn load_people(
    connection: &mut AnyConnection,
    keys: &mut Keys,
    people: &mut People,
    is_write: bool,
) -> Result<(), StoreError> {
    load_floods(connection, keys, people)?;
    if keys.ccids.is_empty() {
        return Ok(());
    }
    let wanted = customers::table.filter(among(customers::ccid, &keys.ccids)).order(customers::ccid);
    let found: Vec<CustomerRow> = match (&mut *connection, is_write) {
        (AnyConnection::Postgres(postgres), true) => wanted.for_update().load(postgres)?,
        (connection, _) => wanted.load(connection)?,
    };
    let ids: Vec<String> = found.iter().map(|row| row.id.clone()).collect();
    for row in found {
        people.customers.load(row.ccid.clone(), row);
    }
    let phones: Vec<CustomerPhoneRow> =
        customer_phones::table.filter(among(customer_phones::customer_id, &ids)).load(connection)?;
    for row in phones {
        keys.phones.insert(row.phone.clone());
        people.load_phone(row);
    }
    if !keys.connections.is_empty() {
        let others: Vec<CustomerPhoneRow> = customer_phones::table
            .filter(among(customer_phones::phone, &keys.connections))
            .load(connection)?;
        for row in others {
            people.load_phone(row);
        }
    }
    if let Some(since) = keys.feed_since {
        load_feed(connection, &ids, since, people)?;
    }
    Ok(())
}

fn load_feed(
    connection: &mut AnyConnection,
    customer_ids: &[String],
    since: NaiveDateTime,
    people: &mut People,
) -> Result<(), StoreError> {
    let found: Vec<FeedItemRow> = feed_items::table
        .filter(among(feed_items::customer_id, customer_ids))
        .filter(feed_items::created_at.ge(since))
        .load(connection)?;
    for row in found {
        people.feed.load((row.customer_id.clone(), row.id.clone()), row);
    }
    Ok(())
}

fn load_floods(connection: &mut AnyConnection, keys: &Keys, people: &mut People) -> Result<(), StoreError> {
    if keys.floods.is_empty() {
        return Ok(());
    }
    let found: Vec<FloodRow> = floods::table.filter(among(floods::phone, &keys.floods)).load(connection)?;
    for row in found {
        people.floods.load(row.phone.clone(), row);
    }
    Ok(())
}

/// Loads the time zones that customers have named for phones (A69).
pub(super) fn load_zones(
    connection: &mut AnyConnection,
    keys: &Keys,
    people: &mut People,
) -> Result<(), StoreError> {
    if keys.zones.is_empty() {
        return Ok(());
    }
    let owners: Vec<(String, String)> = customer_phones::table
        .filter(among(customer_phones::phone, &keys.zones))
        .filter(customer_phones::active)
        .select((customer_phones::customer_id, customer_phones::phone))
        .load(connection)?;
    if owners.is_empty() {
        return Ok(());
    }
    let named: Vec<(String, Option<String>)> = customers::table
        .filter(among(customers::id, owners.iter().map(|(id, _)| id)))
        .filter(customers::timezone.is_not_null())
        .select((customers::id, customers::timezone))
        .load(connection)?;
    for (customer_id, timezone) in named {
        let phones = owners.iter().filter(|(id, _)| *id == customer_id).map(|(_, phone)| phone);
        for phone in phones {
            people.timezones.entry(phone.clone()).or_default().extend(timezone.clone());
        }
    }
    Ok(())
}

/// Phones of the customers with these ccids.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn phones_of_customers<'c>(
    connection: &mut AnyConnection,
    ccids: impl IntoIterator<Item = &'c str>,
) -> Result<Vec<String>, StoreError> {
    let ids: Vec<String> =
        customers::table.filter(among(customers::ccid, ccids)).select(customers::id).load(connection)?;
    Ok(customer_phones::table
        .filter(among(customer_phones::customer_id, &ids))
        .filter(customer_phones::active)
        .select(customer_phones::phone)
        .load(connection)?)
}

/// Deletes what customers are no longer looked for by. Few rows, since few facts change: one by one.
pub(super) fn delete_terms(connection: &mut AnyConnection, people: &People) -> Result<(), StoreError> {
    for row in people.lost_terms() {
        let key = (&row.field, &row.value, &row.customer_id);
        diesel::delete(customer_terms::table.find(key)).execute(connection)?;
    }
    Ok(())
}
