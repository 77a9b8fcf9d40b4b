//! [`InsertAll`], [`UpdateAll`] and [`DeleteAll`]: all rows of a batch in one statement of PostgreSQL whose text never varies,
//! each column one array. It is prepared once in the life of a connection, and a batch costs one round trip a
//! table.

use std::marker::PhantomData;

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;

use super::columns::{ColumnArray, Stored, push_names};

/// `INSERT INTO table (..) SELECT * FROM UNNEST(..)`.
pub struct InsertAll<'a, R> {
    arrays: Vec<ColumnArray<'a>>,
    row: PhantomData<R>,
}

impl<'a, R: Stored> InsertAll<'a, R> {
    /// Inserts these rows.
    pub fn new(rows: &[&'a R]) -> Self {
        let mut arrays =
            Vec::with_capacity(R::KEY.len() + R::FIXED.len() + R::CHANGING.len() + R::RARE.len());
        R::key_arrays(rows, &mut arrays);
        R::fixed_arrays(rows, &mut arrays);
        R::changing_arrays(rows, &mut arrays);
        R::rare_arrays(rows, &mut arrays);
        Self { arrays, row: PhantomData }
    }
}

impl<R: Stored> QueryId for InsertAll<'_, R> {
    type QueryId = InsertAll<'static, R>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R: Stored> QueryFragment<Pg> for InsertAll<'_, R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("INSERT INTO ");
        out.push_identifier(R::TABLE)?;
        out.push_sql(" (");
        push_names(&mut out, &[R::KEY, R::FIXED, R::CHANGING, R::RARE])?;
        out.push_sql(") SELECT * FROM UNNEST(");
        push_arrays(&self.arrays, &mut out)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<R> RunQueryDsl<PgConnection> for InsertAll<'_, R> {}

/// As [`InsertAll`], but rows that are there already stay as they are.
pub struct InsertMissing<'a, R>(pub InsertAll<'a, R>);

impl<R: Stored> QueryId for InsertMissing<'_, R> {
    type QueryId = InsertMissing<'static, R>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R: Stored> QueryFragment<Pg> for InsertMissing<'_, R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" ON CONFLICT DO NOTHING");
        Ok(())
    }
}

impl<R> RunQueryDsl<PgConnection> for InsertMissing<'_, R> {}

/// `UPDATE table SET .. FROM UNNEST(..) WHERE key`.
pub struct UpdateAll<'a, R> {
    arrays: Vec<ColumnArray<'a>>,
    row: PhantomData<R>,
}

impl<'a, R: Stored> UpdateAll<'a, R> {
    /// Writes back what may change of these rows.
    pub fn new(rows: &[&'a R]) -> Self {
        let mut arrays = Vec::with_capacity(R::KEY.len() + R::CHANGING.len() + R::RARE.len());
        R::key_arrays(rows, &mut arrays);
        R::changing_arrays(rows, &mut arrays);
        R::rare_arrays(rows, &mut arrays);
        Self { arrays, row: PhantomData }
    }
}

impl<R: Stored> QueryId for UpdateAll<'_, R> {
    type QueryId = UpdateAll<'static, R>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R: Stored> QueryFragment<Pg> for UpdateAll<'_, R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        out.push_identifier(R::TABLE)?;
        out.push_sql(" SET ");
        for (place, name) in R::CHANGING.iter().chain(R::RARE).enumerate() {
            out.push_sql(if place > 0 { ", " } else { "" });
            out.push_identifier(name)?;
            out.push_sql(" = changed.");
            out.push_identifier(name)?;
        }
        out.push_sql(" FROM UNNEST(");
        push_arrays(&self.arrays, &mut out)?;
        out.push_sql(") AS changed (");
        push_names(&mut out, &[R::KEY, R::CHANGING, R::RARE])?;
        out.push_sql(")");
        push_where::<R>(&mut out)
    }
}

impl<R> RunQueryDsl<PgConnection> for UpdateAll<'_, R> {}

/// `DELETE FROM table USING UNNEST(..) WHERE key`.
pub struct DeleteAll<'a, R> {
    arrays: Vec<ColumnArray<'a>>,
    row: PhantomData<R>,
}

impl<'a, R: Stored> DeleteAll<'a, R> {
    /// Deletes the rows with these keys.
    pub fn new(rows: &[&'a R]) -> Self {
        let mut arrays = Vec::with_capacity(R::KEY.len());
        R::key_arrays(rows, &mut arrays);
        Self { arrays, row: PhantomData }
    }
}

impl<R: Stored> QueryId for DeleteAll<'_, R> {
    type QueryId = DeleteAll<'static, R>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R: Stored> QueryFragment<Pg> for DeleteAll<'_, R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("DELETE FROM ");
        out.push_identifier(R::TABLE)?;
        out.push_sql(" USING UNNEST(");
        push_arrays(&self.arrays, &mut out)?;
        out.push_sql(") AS changed (");
        push_names(&mut out, &[R::KEY])?;
        out.push_sql(")");
        push_where::<R>(&mut out)
    }
}

impl<R> RunQueryDsl<PgConnection> for DeleteAll<'_, R> {}

/// The row whose key an array gives.
fn push_where<R: Stored>(out: &mut AstPass<'_, '_, Pg>) -> QueryResult<()> {
    out.push_sql(" WHERE ");
    for (place, name) in R::KEY.iter().enumerate() {
        out.push_sql(if place > 0 { " AND " } else { "" });
        out.push_identifier(R::TABLE)?;
        out.push_sql(".");
        out.push_identifier(name)?;
        out.push_sql(" = changed.");
        out.push_identifier(name)?;
    }
    Ok(())
}

fn push_arrays<'b>(arrays: &'b [ColumnArray<'_>], out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
    for (place, array) in arrays.iter().enumerate() {
        out.push_sql(if place > 0 { ", " } else { "" });
        array.walk_ast(out.reborrow())?;
    }
    Ok(())
}
