//! [`UpdateRow`]: writes a row back by a statement that the connection prepares once. diesel prepares its own
//! updates anew for each row, since it cannot know that their columns never vary; ours never do.

use std::marker::PhantomData;

use diesel::QuerySource;
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AsChangeset, AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;

/// `UPDATE table SET changes WHERE key`, known to the statement cache by the type of its row and key: for each
/// type `R` there is one set of columns that is written back.
#[derive(Debug)]
pub struct UpdateRow<R, F, C, K> {
    from: F,
    changes: C,
    key: K,
    row: PhantomData<R>,
}

/// The update of one row: `changes` are the row itself, or the columns of its type that can change.
pub fn update_row<R, T, C, K>(table: &T, key: K, changes: C) -> UpdateRow<R, T::FromClause, C::Changeset, K>
where
    T: QuerySource,
    C: AsChangeset<Target = T>,
{
    UpdateRow { from: table.from_clause(), changes: changes.as_changeset(), key, row: PhantomData }
}

impl<R: 'static, F, C, K: QueryId> QueryId for UpdateRow<R, F, C, K> {
    type QueryId = UpdateRow<R, (), (), K::QueryId>;

    const HAS_STATIC_QUERY_ID: bool = K::HAS_STATIC_QUERY_ID;
}

impl<R, F, C, K, DB> QueryFragment<DB> for UpdateRow<R, F, C, K>
where
    DB: Backend,
    F: QueryFragment<DB>,
    C: QueryFragment<DB>,
    K: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        self.from.walk_ast(out.reborrow())?;
        out.push_sql(" SET ");
        self.changes.walk_ast(out.reborrow())?;
        out.push_sql(" WHERE ");
        self.key.walk_ast(out.reborrow())
    }
}

impl<R, F, C, K, Conn> RunQueryDsl<Conn> for UpdateRow<R, F, C, K> {}
