//! [`Json`]: a JSON column that is read when somebody looks and written when it is stored, each at most once.

use std::fmt;
use std::sync::OnceLock;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value kept as JSON text. Text that cannot be read harms nobody but who looks at it.
#[derive(Clone, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Json<T>(State<T>);

#[derive(Clone)]
enum State<T> {
    /// As it is in the database, and what it says once somebody has looked.
    Stored(String, OnceLock<T>),
    /// Made by a turn, and its text once it has been written.
    Made(T, OnceLock<String>),
}

impl<T> Json<T> {
    /// A value that is not in the database yet.
    #[must_use]
    pub fn of(value: T) -> Self {
        Self(State::Made(value, OnceLock::new()))
    }
}

impl<T: DeserializeOwned> Json<T> {
    /// The value.
    ///
    /// # Errors
    /// When the stored text says something else than a `T`.
    pub fn get(&self) -> Result<&T, serde_json::Error> {
        match &self.0 {
            State::Made(value, _) => Ok(value),
            State::Stored(text, known) => match known.get() {
                Some(value) => Ok(value),
                None => {
                    let read = serde_json::from_str(text)?;
                    Ok(known.get_or_init(|| read))
                }
            },
        }
    }
}

impl<T: Serialize> Json<T> {
    fn text(&self) -> Result<&str, serde_json::Error> {
        match &self.0 {
            State::Stored(text, _) => Ok(text),
            State::Made(value, written) => match written.get() {
                Some(text) => Ok(text),
                None => {
                    let text = serde_json::to_string(value)?;
                    Ok(written.get_or_init(|| text))
                }
            },
        }
    }
}

/// Equal when their texts are; one that cannot be written equals nothing.
impl<T: Serialize> PartialEq for Json<T> {
    fn eq(&self, other: &Self) -> bool {
        matches!((self.text(), other.text()), (Ok(text), Ok(other)) if text == other)
    }
}

/// What it holds may be personal: it is not shown.
impl<T> fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Json").finish_non_exhaustive()
    }
}

impl<T: Serialize, DB: Backend> ToSql<Text, DB> for Json<T>
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        <str as ToSql<Text, DB>>::to_sql(self.text()?, out)
    }
}

impl<T, DB: Backend> FromSql<Text, DB> for Json<T>
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(State::Stored(String::from_sql(bytes)?, OnceLock::new())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(text: &str) -> Json<Vec<u8>> {
        Json(State::Stored(text.to_owned(), OnceLock::new()))
    }

    #[test]
    fn what_was_made_and_what_was_stored_say_the_same() {
        assert_eq!(Json::of(vec![1, 2]).get().unwrap(), stored("[1, 2]").get().unwrap());
    }

    #[test]
    fn text_of_another_kind_is_an_error_for_who_looks() {
        let odd = stored("{}");
        assert!(odd.get().is_err() && odd.get().is_err());
        assert!(odd.clone().get().is_err());
    }
}
