//! Rows of `templates`, `triggers` and `handoffs`: set-up, read by its keys and written alone.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::among::among;
use super::schema::{handoffs, templates, triggers};
use super::{AnyConnection, StoreError};

/// A reusable text. Lists are JSON.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = templates, treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 7.1")]
pub struct TemplateRow {
    pub id: String,
    pub name: String,
    pub language: String,
    pub category: Option<String>,
    pub channel_ids: String,
    pub body: String,
    pub quick_replies: String,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

/// A named cause of messages.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = triggers, treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 6.3")]
pub struct TriggerRow {
    pub id: String,
    pub name: String,
    pub template_id: Option<String>,
    pub survey_id: Option<String>,
    pub channel_id: Option<String>,
    pub allow_existing_session: String,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

/// A stored routing set-up. Lists are JSON.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = handoffs, treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "columns are documented in migrations and in http-api.md 7.2")]
pub struct HandoffRow {
    pub id: String,
    pub name: String,
    pub channel_ids: String,
    pub skill: String,
    pub template_id: Option<String>,
    pub lookback_seconds: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

/// The functions of a table of set-up: all, one, insert, update.
macro_rules! set_up {
    ($row:ty, $table:ident, $all:ident, $find:ident, $insert:ident, $update:ident) => {
        /// All rows, oldest first.
        ///
        /// # Errors
        /// [`StoreError`] of the query.
        pub fn $all(connection: &mut AnyConnection) -> Result<Vec<$row>, StoreError> {
            Ok($table::table.order(($table::created_at, $table::id)).load(connection)?)
        }

        /// One row.
        ///
        /// # Errors
        /// [`StoreError`] of the query.
        pub fn $find(connection: &mut AnyConnection, id: &str) -> Result<Option<$row>, StoreError> {
            Ok($table::table.find(id).first(connection).optional()?)
        }

        /// Stores a new row.
        ///
        /// # Errors
        /// [`StoreError`] of the statement.
        pub fn $insert(connection: &mut AnyConnection, row: &$row) -> Result<(), StoreError> {
            diesel::insert_into($table::table).values(row).execute(connection)?;
            Ok(())
        }

        /// Writes a row back.
        ///
        /// # Errors
        /// [`StoreError`] of the statement.
        pub fn $update(connection: &mut AnyConnection, row: &$row) -> Result<(), StoreError> {
            diesel::update($table::table.find(&row.id)).set(row).execute(connection)?;
            Ok(())
        }
    };
}

set_up!(TemplateRow, templates, all_templates, find_template, insert_template, update_template);
set_up!(TriggerRow, triggers, all_triggers, find_trigger, insert_trigger, update_trigger);
set_up!(HandoffRow, handoffs, all_handoffs, find_handoff, insert_handoff, update_handoff);

/// The template of a name.
///
/// # Errors
/// [`StoreError`] of the query.
pub fn template_named(connection: &mut AnyConnection, name: &str) -> Result<Option<TemplateRow>, StoreError> {
    Ok(templates::table.filter(templates::name.eq(name)).first(connection).optional()?)
}

/// Whether a trigger or a handoff is made of a template.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn is_template_used(connection: &mut AnyConnection, id: &str) -> Result<bool, StoreError> {
    let by_triggers = triggers::table.filter(triggers::template_id.eq(id)).select(triggers::id);
    let by_handoffs = handoffs::table.filter(handoffs::template_id.eq(id)).select(handoffs::id);
    let trigger = by_triggers.first::<String>(connection).optional()?;
    let handoff = by_handoffs.first::<String>(connection).optional()?;
    Ok(trigger.is_some() || handoff.is_some())
}

/// Deletes a template; whether there was one.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn delete_template(connection: &mut AnyConnection, id: &str) -> Result<bool, StoreError> {
    Ok(diesel::delete(templates::table.find(id)).execute(connection)? > 0)
}

/// Deletes a trigger; whether there was one.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn delete_trigger(connection: &mut AnyConnection, id: &str) -> Result<bool, StoreError> {
    Ok(diesel::delete(triggers::table.find(id)).execute(connection)? > 0)
}

/// Triggers by id, each with its template if it sends one.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn triggers_with_templates<'i>(
    connection: &mut AnyConnection,
    ids: impl IntoIterator<Item = &'i str>,
) -> Result<Vec<(TriggerRow, Option<TemplateRow>)>, StoreError> {
    let found: Vec<TriggerRow> = triggers::table.filter(among(triggers::id, ids)).load(connection)?;
    let named: Vec<&String> = found.iter().filter_map(|row| row.template_id.as_ref()).collect();
    let sent: Vec<TemplateRow> = templates::table.filter(among(templates::id, named)).load(connection)?;
    let template = |row: &TriggerRow| {
        sent.iter().find(|template| Some(&template.id) == row.template_id.as_ref()).cloned()
    };
    Ok(found.into_iter().map(|row| (row.clone(), template(&row))).collect())
}
