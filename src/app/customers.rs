//! Customers as they are read, and what they are looked for by. Changes nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use super::consent::GLOBAL;
use super::engine::Engine;
use super::failure::Failure;
use crate::store::customers::{self, TermRow};
use crate::store::{Fault, Space};
use crate::survey::reply::{fold, plain_form};

pub use crate::store::customers::{Attributes, CustomerParts, CustomerPhoneRow, CustomerRow};

/// Most phones of a customer, and most customers of a phone (requirements.md 7.3).
pub const CONNECTIONS_MAX: usize = 50;
/// Characters of a folded value by which customers are looked for.
const TERM_CHARS_MAX: usize = 200;

/// One customer with his phones.
///
/// # Errors
/// [`Failure`] when he cannot be read.
pub async fn find(engine: &Engine, ccid: &str) -> Result<Option<CustomerParts>, Failure> {
    let ccid = ccid.to_owned();
    let found = engine.store.read(move |connection| customers::find_with_phones(connection, &ccid, GLOBAL));
    Ok(found.await?)
}

/// Whether there is such a customer (R18).
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn exists(engine: &Engine, ccid: &str) -> Result<bool, Failure> {
    let ccid = ccid.to_owned();
    Ok(engine.store.read(move |connection| customers::exists(connection, &ccid)).await?)
}

/// A loaded customer as a turn leaves him.
///
/// # Errors
/// [`Fault::Invariant`] when he is not loaded.
pub fn parts(space: &Space, ccid: &str) -> Result<CustomerParts, Fault> {
    let row = space.people.customers.get(ccid).cloned();
    let row = row.ok_or_else(|| Fault::Invariant("a customer that a turn names is not loaded".to_owned()))?;
    let phones: Vec<CustomerPhoneRow> = space.people.phones_of(&row.id).into_iter().cloned().collect();
    let consent = |phone: &CustomerPhoneRow| {
        let key = (phone.phone.clone(), GLOBAL.to_owned());
        space.consents.get(&key).map(|row| (phone.phone.clone(), row.consent_type.clone()))
    };
    let consents: BTreeMap<String, String> = phones.iter().filter_map(consent).collect();
    Ok(CustomerParts { row, phones, consents })
}

/// What a customer is looked for by: his tags, the words of his name, his product group and his attributes, each
/// folded and cut at 200 characters. Audiences search these rows, since JSON is never filtered in SQL.
///
/// # Errors
/// [`Fault::Invariant`] when the stored lists cannot be read.
pub fn terms(row: &CustomerRow) -> Result<BTreeSet<TermRow>, Fault> {
    let corrupt = |error: serde_json::Error| Fault::Invariant(format!("customer {}: {error}", row.id));
    let tags = row.tags.get().map_err(corrupt)?;
    let attributes = row.attributes.get().map_err(corrupt)?;
    let names = [Some(row.first_name.as_str()), row.last_name.as_deref()];
    let words: Vec<String> = names.into_iter().flatten().map(plain_form).collect();
    let term = |field: String, value: &str| TermRow {
        field,
        value: value.chars().take(TERM_CHARS_MAX).collect(),
        customer_id: row.id.clone(),
    };
    let mut terms = BTreeSet::new();
    terms.extend(tags.iter().map(|tag| term("tags".to_owned(), &fold(tag))));
    terms.extend(words.iter().flat_map(|name| name.split(' ')).map(|word| term("name".to_owned(), word)));
    terms.insert(term("product_group".to_owned(), &fold(&row.product_group)));
    let named = |(key, value): (&String, &String)| term(format!("attributes.{}", fold(key)), &fold(value));
    terms.extend(attributes.iter().map(named));
    terms.retain(|term| !term.value.is_empty());
    Ok(terms)
}

/// Stores a customer and brings what he is looked for by up to date.
///
/// # Errors
/// [`Fault::Invariant`] when stored lists cannot be read.
pub fn put(space: &mut Space, row: CustomerRow) -> Result<(), Fault> {
    let before = match space.people.customers.get(&row.ccid) {
        Some(known) => terms(known)?,
        None => BTreeSet::new(),
    };
    let after = terms(&row)?;
    for gone in before.difference(&after) {
        space.people.remove_term(gone.clone());
    }
    for new in after.difference(&before) {
        space.people.add_term(new.clone());
    }
    space.people.customers.put(row.ccid.clone(), row);
    Ok(())
}
