//! Times as the database keeps them, UTC with microseconds (RP10). PostgreSQL has a type for them, which takes the
//! value as it is. SQLite keeps text, `2026-11-21 06:00:00.123456`, in the form that diesel gives it; but a turn reads
//! and writes dozens of them, and the general formatter and parser of chrono cost more than the database does with
//! them. Here are the ones that know nothing but this form: [`Moment`] for what a batch writes, [`At`] and [`AtOrNull`]
//! for the rows that it reads.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};
use diesel::backend::Backend;
use diesel::connection::Connection;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, SqlType, Text, Timestamp};
use diesel::sqlite::{Sqlite, SqliteValue};

use super::AnyConnection;

/// The SQL type of a time that is bound in a statement of SQLite; columns are of diesel's `Timestamp`.
#[derive(Clone, Copy, Debug, SqlType)]
#[diesel(sqlite_type(name = "Text"))]
pub struct Moment;

/// As what a column of this SQL type is bound on SQLite.
pub trait BoundAs {
    /// The SQL type of the bind.
    type Sql;
}

macro_rules! bound_as {
    ($($column:ty => $bind:ty),+ $(,)?) => {
        $(impl BoundAs for $column {
            type Sql = $bind;
        })+
    };
}

bound_as! {
    Text => Text, Integer => Integer, BigInt => BigInt, Bool => Bool, Timestamp => Moment,
    Nullable<Text> => Nullable<Text>, Nullable<Integer> => Nullable<Integer>, Nullable<BigInt> => Nullable<BigInt>,
    Nullable<Timestamp> => Nullable<Moment>,
}

impl ToSql<Moment, Sqlite> for NaiveDateTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(written(self));
        Ok(IsNull::No)
    }
}

/// The backend behind the enum of connections.
type Any = <AnyConnection as Connection>::Backend;

/// A time that is read from a row.
#[derive(Clone, Copy, Debug, FromSqlRow)]
pub struct At(NaiveDateTime);

/// A time that is read from a row, or none.
#[derive(Clone, Copy, Debug, FromSqlRow)]
pub struct AtOrNull(Option<NaiveDateTime>);

impl From<At> for NaiveDateTime {
    fn from(At(at): At) -> Self {
        at
    }
}

impl From<AtOrNull> for Option<NaiveDateTime> {
    fn from(AtOrNull(at): AtOrNull) -> Self {
        at
    }
}

impl FromSql<Timestamp, Pg> for At {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<Timestamp, Pg>::from_sql(bytes).map(Self)
    }
}

impl FromSql<Timestamp, Sqlite> for At {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
        read(&text).map(Self).ok_or_else(|| format!("`{text}` is no time").into())
    }
}

impl FromSql<Timestamp, Any> for At {
    fn from_sql(bytes: <Any as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        bytes.from_sql::<Self, Timestamp>()
    }
}

impl<DB: Backend> FromSql<Nullable<Timestamp>, DB> for AtOrNull
where
    At: FromSql<Timestamp, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        At::from_sql(bytes).map(|At(at)| Self(Some(at)))
    }

    fn from_nullable_sql(bytes: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
        bytes.map_or(Ok(Self(None)), Self::from_sql)
    }
}

/// As diesel writes it: three or six digits of a second, or none.
fn written(at: &NaiveDateTime) -> String {
    let mut text = String::with_capacity(26);
    push_digits(&mut text, u32::try_from(at.year()).unwrap_or(0), 4);
    for (mark, value) in
        [('-', at.month()), ('-', at.day()), (' ', at.hour()), (':', at.minute()), (':', at.second())]
    {
        text.push(mark);
        push_digits(&mut text, value, 2);
    }
    let micros = at.nanosecond() / 1_000;
    if micros > 0 {
        text.push('.');
        if micros.is_multiple_of(1_000) {
            push_digits(&mut text, micros / 1_000, 3);
        } else {
            push_digits(&mut text, micros, 6);
        }
    }
    text
}

fn push_digits(text: &mut String, value: u32, digits: u32) {
    for at in (0..digits).rev() {
        text.push(char::from_digit(value / 10_u32.pow(at) % 10, 10).unwrap_or('0'));
    }
}

/// Reads what [`written`] writes, with any number of digits of a second.
fn read(text: &str) -> Option<NaiveDateTime> {
    let (date, rest) = text.split_at_checked(10)?;
    let (mark, time) = rest.split_at_checked(1)?;
    if !matches!(mark, " " | "T") {
        return None;
    }
    let [year, month, day] = numbers(date, '-')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let [hour, minute, second] = numbers(time, ':')?;
    let mut micros = 0;
    for at in 0..6 {
        let digit = fraction.as_bytes().get(at).copied().unwrap_or(b'0');
        micros = micros * 10 + char::from(digit).to_digit(10)?;
    }
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?
        .and_hms_micro_opt(hour, minute, second, micros)
}

fn numbers(text: &str, mark: char) -> Option<[u32; 3]> {
    let mut parts = text.split(mark).map(|part| part.parse().ok());
    let found = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_is_written_as_diesel_writes_it_and_read_again(micros in 0_i64..253_402_300_799_999_999) {
            for micros in [micros, micros / 1_000 * 1_000, micros / 1_000_000 * 1_000_000] {
                let at = chrono::DateTime::from_timestamp_micros(micros).unwrap().naive_utc();
                prop_assert_eq!(written(&at), at.format("%F %T%.f").to_string());
                prop_assert_eq!(read(&written(&at)), Some(at));
            }
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "2026-11-21", "2026-11-21 06:00", "2026-13-21 06:00:00", "2026-11-21 06:00:00.x", "æøå"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
