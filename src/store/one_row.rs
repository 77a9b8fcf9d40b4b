//! [`InsertRow`] and [`UpdateRow`]: one row in a statement of SQLite whose text never varies, so that it is
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
        push_names(&mut out, &[R::KEY, R::FIXED, R::CHANGING])?;
        out.push_sql(") VALUES (");
        let mut binds = Binds::new(&mut out);
        self.0.bind_key(&mut binds)?;
        self.0.bind_fixed(&mut binds)?;
        self.0.bind_changing(&mut binds)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<R> RunQueryDsl<SqliteConnection> for InsertRow<'_, R> {}

/// `UPDATE table SET (..) = (..) WHERE (key) = (..)`.
#[derive(Debug)]
pub struct UpdateRow<'a, R>(pub &'a R);

impl<R: Stored> QueryId for UpdateRow<'_, R> {
    type QueryId = UpdateRow<'static, R>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R: Stored> QueryFragment<Sqlite> for UpdateRow<'_, R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        out.push_identifier(R::TABLE)?;
        out.push_sql(" SET (");
        push_names(&mut out, &[R::CHANGING])?;
        out.push_sql(") = (");
        self.0.bind_changing(&mut Binds::new(&mut out))?;
        out.push_sql(") WHERE (");
        push_names(&mut out, &[R::KEY])?;
        out.push_sql(") = (");
        self.0.bind_key(&mut Binds::new(&mut out))?;
        out.push_sql(")");
        Ok(())
    }
}

impl<R> RunQueryDsl<SqliteConnection> for UpdateRow<'_, R> {}
