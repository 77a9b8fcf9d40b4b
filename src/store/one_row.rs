//! [`InsertRow`], [`UpdateRow`], [`UpdateOften`] and [`DeleteRow`]: one row in a statement of SQLite whose text never varies, so that it is
//! prepared once in the life of a connection. Row by row is as fast as SQLite gets: there is no round trip.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sqlite::{Sqlite, SqliteConnection};

use super::columns::{Binds, Stored, push_names};

/// `INSERT INTO table (..) VALUES (..)`.
#[derive(Debug)]
pub struct InsertRow<'a, R>(pub &'a R);

impl<R: Stored> QueryId for InsertRow<'_, R> {
    type QueryId = InsertRow<'static, R>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R: Stored> QueryFragment<Sqlite> for InsertRow<'_, R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("INSERT INTO ");
        out.push_identifier(R::TABLE)?;
        out.push_sql(" (");
        push_names(&mut out, &[R::KEY, R::FIXED, R::CHANGING, R::RARE])?;
        out.push_sql(") VALUES (");
        let mut binds = Binds::new(&mut out);
        self.0.bind_key(&mut binds)?;
        self.0.bind_fixed(&mut binds)?;
        self.0.bind_changing(&mut binds)?;
        self.0.bind_rare(&mut binds)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<R> RunQueryDsl<SqliteConnection> for InsertRow<'_, R> {}

/// `UPDATE table SET (..) = (..) WHERE (key) = (..)`, with everything that may change.
#[derive(Debug)]
pub struct UpdateRow<'a, R>(pub &'a R);

/// As [`UpdateRow`], without what seldom changes.
#[derive(Debug)]
pub struct UpdateOften<'a, R>(pub &'a R);

impl<R: Stored> QueryId for UpdateRow<'_, R> {
    type QueryId = UpdateRow<'static, R>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R: Stored> QueryFragment<Sqlite> for UpdateRow<'_, R> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        push_update(self.0, true, out)
    }
}

impl<R> RunQueryDsl<SqliteConnection> for UpdateRow<'_, R> {}

impl<R: Stored> QueryId for UpdateOften<'_, R> {
    type QueryId = UpdateOften<'static, R>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R: Stored> QueryFragment<Sqlite> for UpdateOften<'_, R> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        push_update(self.0, false, out)
    }
}

impl<R> RunQueryDsl<SqliteConnection> for UpdateOften<'_, R> {}

/// `DELETE FROM table WHERE (key) = (..)`.
#[derive(Debug)]
pub struct DeleteRow<'a, R>(pub &'a R);

impl<R: Stored> QueryId for DeleteRow<'_, R> {
    type QueryId = DeleteRow<'static, R>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R: Stored> QueryFragment<Sqlite> for DeleteRow<'_, R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("DELETE FROM ");
        out.push_identifier(R::TABLE)?;
        push_where(self.0, out)
    }
}

impl<R> RunQueryDsl<SqliteConnection> for DeleteRow<'_, R> {}

fn push_update<'b, R: Stored>(
    row: &'b R,
    with_rare: bool,
    mut out: AstPass<'_, 'b, Sqlite>,
) -> QueryResult<()> {
    out.push_sql("UPDATE ");
    out.push_identifier(R::TABLE)?;
    out.push_sql(" SET (");
    push_names(&mut out, &[R::CHANGING, if with_rare { R::RARE } else { &[] }])?;
    out.push_sql(") = (");
    let mut binds = Binds::new(&mut out);
    row.bind_changing(&mut binds)?;
    if with_rare {
        row.bind_rare(&mut binds)?;
    }
    out.push_sql(")");
    push_where(row, out)
}

fn push_where<'b, R: Stored>(row: &'b R, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
    out.push_sql(" WHERE (");
    push_names(&mut out, &[R::KEY])?;
    out.push_sql(") = (");
    row.bind_key(&mut Binds::new(&mut out))?;
    out.push_sql(")");
    Ok(())
}
