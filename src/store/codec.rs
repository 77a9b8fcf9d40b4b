//! How our own enums travel as TEXT: each by its word. Reading an unknown word is an error, never a default.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;

use crate::session::{MessageClass, MessageState, Outcome, Receipt, Status};

macro_rules! text_enum {
    ($($kind:ty),+) => {$(
        impl<DB: Backend> ToSql<Text, DB> for $kind
        where
            str: ToSql<Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                <str as ToSql<Text, DB>>::to_sql(self.as_str(), out)
            }
        }

        impl<DB: Backend> FromSql<Text, DB> for $kind
        where
            String: FromSql<Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let word = String::from_sql(bytes)?;
                <$kind>::parse(&word).ok_or_else(|| format!("`{word}` is no {}", stringify!($kind)).into())
            }
        }

        impl<DB: Backend> Queryable<Text, DB> for $kind
        where
            Self: FromSql<Text, DB>,
        {
            type Row = Self;
            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }

        impl AsExpression<Text> for $kind {
            type Expression = Bound<Text, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }

        impl<'a> AsExpression<Text> for &'a $kind {
            type Expression = Bound<Text, &'a $kind>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }

        impl AsExpression<diesel::sql_types::Nullable<Text>> for $kind {
            type Expression = Bound<diesel::sql_types::Nullable<Text>, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }

        impl<'a> AsExpression<diesel::sql_types::Nullable<Text>> for &'a $kind {
            type Expression = Bound<diesel::sql_types::Nullable<Text>, &'a $kind>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }

        impl<DB: Backend> ToSql<diesel::sql_types::Nullable<Text>, DB> for $kind
        where
            Self: ToSql<Text, DB>,
            DB: diesel::sql_types::HasSqlType<Text>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                <Self as ToSql<Text, DB>>::to_sql(self, out)
            }
        }
    )+};
}

text_enum!(Status, MessageState, MessageClass, Outcome, Receipt);
