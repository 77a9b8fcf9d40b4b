//! Rows of `customers`, `customer_phones` and `customer_terms`, and the queries that read them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::among::among;
use super::columns::stored;
use super::consents::ConsentRow;
use super::moment::At;
use super::schema::{consents, customer_phones, customer_terms, customers};
use super::{AnyConnection, Json, StoreError};

/// Named facts about a customer.
pub type Attributes = BTreeMap<String, String>;

/// A person known by the client's own id.
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 6.1")]
pub struct CustomerRow {
    pub id: String,
    pub ccid: String,
    pub first_name: String,
    pub last_name: Option<String>,
    pub language: Option<String>,
    pub timezone: Option<String>,
    pub product_group: String,
    pub active: bool,
    pub attributes: Json<Attributes>,
    pub tags: Json<Vec<String>>,
    #[diesel(deserialize_as = At)]
    pub created_at: NaiveDateTime,
    #[diesel(deserialize_as = At)]
    pub updated_at: NaiveDateTime,
}

stored!(
    CustomerRow,
    customers,
    key [id],
    fixed [ccid, created_at],
    changing [first_name, last_name, language, timezone, product_group, active, attributes, tags, updated_at],
);

/// A phone of a customer.
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 6.1")]
pub struct CustomerPhoneRow {
    pub customer_id: String,
    pub phone: String,
    pub phone_type: String,
    pub client_source: Option<String>,
    pub position: i32,
    pub active: bool,
    #[diesel(deserialize_as = At)]
    pub created_at: NaiveDateTime,
    #[diesel(deserialize_as = At)]
    pub updated_at: NaiveDateTime,
}

stored!(
    CustomerPhoneRow,
    customer_phones,
    key [customer_id, phone],
    fixed [created_at],
    changing [phone_type, client_source, position, active, updated_at],
);

/// Something a customer is looked for by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Queryable)]
#[expect(missing_docs, reason = "columns are documented in migrations")]
pub struct TermRow {
    pub field: String,
    pub value: String,
    pub customer_id: String,
}

stored!(TermRow, customer_terms, key [field, value, customer_id], fixed [], changing []);

/// A customer as he is read: with his phones in order, and the consents of those phones.
#[derive(Clone, Debug)]
pub struct CustomerParts {
    /// The customer.
    pub row: CustomerRow,
    /// His phones in the order in which the client named them.
    pub phones: Vec<CustomerPhoneRow>,
    /// Consent in the global scope, by phone.
    pub consents: BTreeMap<String, String>,
}

/// One customer.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn find(connection: &mut AnyConnection, ccid: &str) -> Result<Option<CustomerRow>, StoreError> {
    Ok(customers::table.filter(customers::ccid.eq(ccid)).first(connection).optional()?)
}

/// Whether there is such a customer.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn exists(connection: &mut AnyConnection, ccid: &str) -> Result<bool, StoreError> {
    let id = customers::table.filter(customers::ccid.eq(ccid)).select(customers::id);
    Ok(id.first::<String>(connection).optional()?.is_some())
}

/// One customer with his phones and their consents in a scope.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn find_with_phones(
    connection: &mut AnyConnection,
    ccid: &str,
    scope: &str,
) -> Result<Option<CustomerParts>, StoreError> {
    let Some(row) = find(connection, ccid)? else {
        return Ok(None);
    };
    let phones: Vec<CustomerPhoneRow> = customer_phones::table
        .filter(customer_phones::customer_id.eq(&row.id))
        .order((customer_phones::position, customer_phones::phone))
        .load(connection)?;
    let found: Vec<ConsentRow> = consents::table
        .filter(among(consents::phone, phones.iter().map(|phone| &phone.phone)))
        .filter(consents::scope.eq(scope))
        .load(connection)?;
    let consents = found.into_iter().map(|row| (row.phone, row.consent_type)).collect();
    Ok(Some(CustomerParts { row, phones, consents }))
}

/// The customers that have or had a phone, oldest first.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn of_phone(connection: &mut AnyConnection, phone: &str) -> Result<Vec<CustomerRow>, StoreError> {
    let ids: Vec<String> = customer_phones::table
        .filter(customer_phones::phone.eq(phone))
        .select(customer_phones::customer_id)
        .load(connection)?;
    Ok(customers::table.filter(among(customers::id, &ids)).order(customers::id).load(connection)?)
}

/// Takes a phone from all customers. Whoever has no other is the person himself: his name, attributes and tags are
/// overwritten (RS11); the row stays for reports.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn erase_phone(
    connection: &mut AnyConnection,
    phone: &str,
    mark: &str,
    at: NaiveDateTime,
) -> Result<(), StoreError> {
    let owners: Vec<CustomerRow> = of_phone(connection, phone)?;
    diesel::delete(customer_phones::table.filter(customer_phones::phone.eq(phone))).execute(connection)?;
    let ids: BTreeSet<&String> = owners.iter().map(|owner| &owner.id).collect();
    let reachable: Vec<String> = customer_phones::table
        .filter(among(customer_phones::customer_id, ids.iter().copied()))
        .select(customer_phones::customer_id)
        .load(connection)?;
    for id in ids.into_iter().filter(|id| !reachable.contains(id)) {
        diesel::delete(customer_terms::table.filter(customer_terms::customer_id.eq(id)))
            .execute(connection)?;
        diesel::update(customers::table.find(id))
            .set((
                customers::first_name.eq(mark),
                customers::last_name.eq(None::<String>),
                customers::timezone.eq(None::<String>),
                customers::active.eq(false),
                customers::attributes.eq("{}"),
                customers::tags.eq("[]"),
                customers::updated_at.eq(at),
            ))
            .execute(connection)?;
    }
    Ok(())
}
