//! [`Stored`]: the columns of a row, listed once for both databases. SQLite takes a row at a time (`one_row.rs`),
//! PostgreSQL all rows of a batch as one array per column (`unnest.rs`); each way is one statement for ever.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, HasSqlType};
use diesel::sqlite::Sqlite;

use super::moment::BoundAs;

/// A row that a batch writes. [`stored!`] says which columns it has; a test compares them with the schema.
pub trait Stored: Sized + 'static {
    /// Its table.
    const TABLE: &'static str;
    /// The primary key.
    const KEY: &'static [&'static str];
    /// What never changes once it is written.
    const FIXED: &'static [&'static str];
    /// What a turn may change: beside [`Self::RARE`] the only columns that are written back.
    const CHANGING: &'static [&'static str];
    /// What a turn may change but seldom does, and what stands in an index: SQLite moves a row in every index of a
    /// column that an UPDATE names, whether or not the value is another.
    const RARE: &'static [&'static str];

    /// The key of many rows, column by column.
    fn key_arrays<'a>(rows: &[&'a Self], arrays: &mut Vec<ColumnArray<'a>>);
    /// What never changes, column by column.
    fn fixed_arrays<'a>(rows: &[&'a Self], arrays: &mut Vec<ColumnArray<'a>>);
    /// What may change, column by column.
    fn changing_arrays<'a>(rows: &[&'a Self], arrays: &mut Vec<ColumnArray<'a>>);
    /// What seldom changes, column by column.
    fn rare_arrays<'a>(rows: &[&'a Self], arrays: &mut Vec<ColumnArray<'a>>);

    /// Binds the key of one row.
    ///
    /// # Errors
    /// Those of diesel.
    fn bind_key<'b>(&'b self, binds: &mut Binds<'_, '_, 'b>) -> QueryResult<()>;
    /// Binds what never changes.
    ///
    /// # Errors
    /// Those of diesel.
    fn bind_fixed<'b>(&'b self, binds: &mut Binds<'_, '_, 'b>) -> QueryResult<()>;
    /// Binds what may change.
    ///
    /// # Errors
    /// Those of diesel.
    fn bind_changing<'b>(&'b self, binds: &mut Binds<'_, '_, 'b>) -> QueryResult<()>;
    /// Binds what seldom changes.
    ///
    /// # Errors
    /// Those of diesel.
    fn bind_rare<'b>(&'b self, binds: &mut Binds<'_, '_, 'b>) -> QueryResult<()>;

    /// Whether another version of the row differs in nothing but what may change.
    fn has_fixed_of(&self, other: &Self) -> bool;
    /// Whether what seldom changes is the same in another version of the row.
    fn has_rare_of(&self, other: &Self) -> bool;
}

/// One column of many rows.
pub type ColumnArray<'a> = Box<dyn QueryFragment<Pg> + 'a>;

/// One column of many rows: one bind.
#[derive(Debug)]
pub struct Values<T, V> {
    values: Vec<V>,
    sql_type: PhantomData<T>,
}

impl<T, V> Values<T, V> {
    /// The values in the order of the rows.
    pub fn new(values: Vec<V>) -> Self {
        Self { values, sql_type: PhantomData }
    }
}

impl<T: 'static, V> QueryFragment<Pg> for Values<T, V>
where
    Pg: HasSqlType<Array<T>>,
    Vec<V>: ToSql<Array<T>, Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<Array<T>, _>(&self.values)
    }
}

/// A list of binds of one row, with commas between them.
pub struct Binds<'p, 'a, 'b> {
    out: &'p mut AstPass<'a, 'b, Sqlite>,
    has_any: bool,
}

impl<'p, 'a, 'b> Binds<'p, 'a, 'b> {
    /// An empty list.
    pub fn new(out: &'p mut AstPass<'a, 'b, Sqlite>) -> Self {
        Self { out, has_any: false }
    }

    /// Appends the value of a column of SQL type `T`.
    ///
    /// # Errors
    /// Those of diesel.
    pub fn push<T: BoundAs, V: ToSql<T::Sql, Sqlite>>(&mut self, value: &'b V) -> QueryResult<()>
    where
        Sqlite: HasSqlType<T::Sql>,
    {
        if self.has_any {
            self.out.push_sql(", ");
        }
        self.has_any = true;
        self.out.push_bind_param::<T::Sql, V>(value)
    }
}

/// Appends names with commas between them.
///
/// # Errors
/// Those of diesel.
pub fn push_names<DB: Backend>(out: &mut AstPass<'_, '_, DB>, lists: &[&[&str]]) -> QueryResult<()> {
    for (place, name) in lists.iter().copied().flatten().enumerate() {
        if place > 0 {
            out.push_sql(", ");
        }
        out.push_identifier(name)?;
    }
    Ok(())
}

/// Says which columns the rows of a table have: the key, what never changes, what a turn may change, and what it may
/// but seldom does.
macro_rules! stored {
    (
        $row:ty, $table:ident,
        key [$($key:ident),+ $(,)?],
        fixed [$($fixed:ident),* $(,)?],
        changing [$($changing:ident),* $(,)?] $(,)?
    ) => {
        stored!($row, $table, key [$($key),+], fixed [$($fixed),*], changing [$($changing),*], rare []);
    };
    (
        $row:ty, $table:ident,
        key [$($key:ident),+ $(,)?],
        fixed [$($fixed:ident),* $(,)?],
        changing [$($changing:ident),* $(,)?],
        rare [$($rare:ident),* $(,)?] $(,)?
    ) => {
        impl $crate::store::columns::Stored for $row {
            const TABLE: &'static str = stringify!($table);
            const KEY: &'static [&'static str] = &[$(stringify!($key)),+];
            const FIXED: &'static [&'static str] = &[$(stringify!($fixed)),*];
            const CHANGING: &'static [&'static str] = &[$(stringify!($changing)),*];
            const RARE: &'static [&'static str] = &[$(stringify!($rare)),*];

            stored!(@arrays key_arrays, $table, $($key),+);
            stored!(@arrays fixed_arrays, $table, $($fixed),*);
            stored!(@arrays changing_arrays, $table, $($changing),*);
            stored!(@arrays rare_arrays, $table, $($rare),*);
            stored!(@binds bind_key, $table, $($key),+);
            stored!(@binds bind_fixed, $table, $($fixed),*);
            stored!(@binds bind_changing, $table, $($changing),*);
            stored!(@binds bind_rare, $table, $($rare),*);
            stored!(@same has_fixed_of, $($fixed),*);
            stored!(@same has_rare_of, $($rare),*);
        }
    };
    (@arrays $name:ident, $table:ident, $($column:ident),+) => {
        fn $name<'a>(rows: &[&'a Self], arrays: &mut Vec<$crate::store::columns::ColumnArray<'a>>) {
            $(arrays.push(Box::new(
                $crate::store::columns::Values::<<$table::$column as ::diesel::Expression>::SqlType, _>::new(
                    rows.iter().map(|row| &row.$column).collect(),
                ),
            ));)+
        }
    };
    (@arrays $name:ident, $table:ident,) => {
        fn $name<'a>(_: &[&'a Self], _: &mut Vec<$crate::store::columns::ColumnArray<'a>>) {}
    };
    (@binds $name:ident, $table:ident, $($column:ident),+) => {
        fn $name<'b>(
            &'b self,
            binds: &mut $crate::store::columns::Binds<'_, '_, 'b>,
        ) -> ::diesel::QueryResult<()> {
            $(binds.push::<<$table::$column as ::diesel::Expression>::SqlType, _>(&self.$column)?;)+
            Ok(())
        }
    };
    (@binds $name:ident, $table:ident,) => {
        fn $name<'b>(
            &'b self,
            _: &mut $crate::store::columns::Binds<'_, '_, 'b>,
        ) -> ::diesel::QueryResult<()> {
            Ok(())
        }
    };
    (@same $name:ident, $($column:ident),+) => {
        fn $name(&self, other: &Self) -> bool {
            $(self.$column == other.$column)&&+
        }
    };
    (@same $name:ident,) => {
        fn $name(&self, _: &Self) -> bool {
            true
        }
    };
}
pub(crate) use stored;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use diesel::debug_query;

    use super::*;
    use crate::store::answers::AnswerRow;
    use crate::store::audit::AuditRow;
    use crate::store::channels::{BucketRow, GatewayBucketRow};
    use crate::store::consents::{ConsentEventRow, ConsentRow, ContactRow};
    use crate::store::customers::{CustomerPhoneRow, CustomerRow, TermRow};
    use crate::store::deliveries::{DeliveryRow, WebhookAttemptRow};
    use crate::store::events::{CounterRow, EventRow};
    use crate::store::feed::{FeedItemRow, FloodRow};
    use crate::store::inbound::InboundRow;
    use crate::store::messages::{AttemptRow, MessageRow, ReportRow};
    use crate::store::parts::PartRow;
    use crate::store::requests::{IdempotencyRow, SendRequestRow};
    use crate::store::sessions::SessionUpdateRow;
    use crate::store::webhooks::WebhookRow;
    use crate::store::{HandleRow, SessionRow, schema};

    /// Refuses a row whose list of columns is not that of its table.
    fn compare<R: Stored>(table: &impl QueryFragment<Pg>) {
        let select = debug_query::<Pg, _>(table).to_string();
        let (listed, _) = select.split_once(" -- ").unwrap();
        let names = listed.rsplit('"').skip(1).step_by(2).filter(|name| *name != R::TABLE);
        let in_schema: Vec<&str> = names.collect();
        let ours: Vec<&str> = [R::KEY, R::FIXED, R::CHANGING, R::RARE].concat();
        assert_eq!(BTreeSet::from_iter(ours.clone()), BTreeSet::from_iter(in_schema), "{}", R::TABLE);
        assert_eq!(ours.len(), ours.iter().collect::<BTreeSet<_>>().len(), "{} twice", R::TABLE);
    }

    #[test]
    fn every_column_of_the_schema_is_listed_once() {
        use diesel::QueryDsl;
        macro_rules! compare_all {
            ($($row:ty: $table:ident),+ $(,)?) => {
                $(compare::<$row>(&schema::$table::table.select(schema::$table::all_columns));)+
            };
        }
        compare_all! {
            SessionRow: sessions, HandleRow: session_handles, ContactRow: contacts, ConsentRow: consents,
            ConsentEventRow: consent_events, InboundRow: inbound, AnswerRow: answers, EventRow: events,
            MessageRow: messages, AttemptRow: send_attempts, ReportRow: delivery_reports,
            BucketRow: channel_buckets, SendRequestRow: send_requests, IdempotencyRow: idempotency,
            CustomerRow: customers, CustomerPhoneRow: customer_phones, TermRow: customer_terms,
            FeedItemRow: feed_items, FloodRow: floods,
            CounterRow: counters, AuditRow: audit, PartRow: inbound_parts, SessionUpdateRow: session_updates,
            GatewayBucketRow: gateway_buckets,
            WebhookRow: webhooks, DeliveryRow: webhook_deliveries, WebhookAttemptRow: webhook_attempts,
        }
    }
}
