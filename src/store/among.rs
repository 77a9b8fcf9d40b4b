//! [`among`]: `column IN (values)` whose text does not vary with the number of values, so that the statement stays
//! prepared: one array on PostgreSQL, one JSON list on SQLite. diesel's `eq_any` has a text of its own for each
//! number of values on SQLite, and is prepared anew each time.

use std::sync::OnceLock;

use diesel::connection::Connection;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, Bool, Text};
use diesel::sqlite::Sqlite;

use super::AnyConnection;

/// The backend behind the enum of connections.
type EitherBackend = <AnyConnection as Connection>::Backend;

/// Whether a text column is one of these values; never for NULL.
pub fn among<'v, C, V: AsRef<str> + ?Sized + 'v>(
    column: C,
    values: impl IntoIterator<Item = &'v V>,
) -> Among<'v, C> {
    Among { column, values: values.into_iter().map(AsRef::as_ref).collect(), json: OnceLock::new() }
}

/// See [`among`].
#[derive(Debug)]
pub struct Among<'v, C> {
    column: C,
    values: Vec<&'v str>,
    /// The values as SQLite takes them, made when they are bound.
    json: OnceLock<String>,
}

impl<C: Expression> Expression for Among<'_, C> {
    type SqlType = Bool;
}

impl<C: AppearsOnTable<QS>, QS> AppearsOnTable<QS> for Among<'_, C> {}

impl<C: SelectableExpression<QS>, QS> SelectableExpression<QS> for Among<'_, C> {}

impl<C> ValidGrouping<()> for Among<'_, C> {
    type IsAggregate = is_aggregate::No;
}

impl<C: QueryId> QueryId for Among<'_, C> {
    type QueryId = Among<'static, C::QueryId>;

    const HAS_STATIC_QUERY_ID: bool = C::HAS_STATIC_QUERY_ID;
}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for Among<'_, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" = ANY(");
        out.push_bind_param::<Array<Text>, _>(&self.values)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<C: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Among<'_, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" IN (SELECT value FROM json_each(");
        let json = self.json.get_or_init(|| serde_json::json!(self.values).to_string());
        out.push_bind_param::<Text, _>(json)?;
        out.push_sql("))");
        Ok(())
    }
}

impl<C> QueryFragment<EitherBackend> for Among<'_, C>
where
    Self: QueryFragment<Pg> + QueryFragment<Sqlite>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, EitherBackend>) -> QueryResult<()> {
        EitherBackend::walk_variant_ast(self, out)
    }
}
