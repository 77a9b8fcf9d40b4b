//! [`Bed`]: a database full of people.

use super::Failure;
use super::backend::Database;
use super::template::Served;

/// A database with people, numbered from 1, each of whom has come equally far.
#[derive(Debug)]
pub struct Bed {
    /// The database.
    pub database: Database,
    /// How many they are.
    pub people: u64,
}

impl Bed {
    /// People who are there already.
    pub fn new(database: Database, people: u64) -> Self {
        Self { database, people }
    }

    /// The same people in a database of their own. Nobody may be using this one.
    pub fn copy(&self) -> Result<Self, Failure> {
        Ok(Self::new(self.database.copy()?, self.people))
    }

    /// Serves it in this process, without background work.
    pub async fn serve(&self) -> Result<Served, Failure> {
        Served::start(&self.database).await
    }

    /// Fails unless so much was done as was acknowledged.
    pub fn expect(&self, done: Done, wanted: u64) -> Result<(), Failure> {
        let from = match done {
            Done::Replies => "inbound WHERE outcome = 'applied'".to_owned(),
            Done::Starts { others } => {
                format!("messages WHERE state = 'due' AND CAST(substr(phone, 5) AS BIGINT) > {others}")
            }
        };
        let query = format!("SELECT CAST(count(*) AS TEXT) AS value FROM {from}");
        let found = self.database.number(&query)?;
        if found == wanted {
            return Ok(());
        }
        Err(format!("{wanted} turns were acknowledged, {found} are stored").into())
    }
}

/// Turns of one kind, as the database shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// A reply was applied.
    Replies,
    /// A survey was started, by somebody who comes after so many others: its first message is due.
    Starts {
        /// People who were there before.
        others: u64,
    },
}

/// Who is the next to do something: everybody once, and neighbours far apart.
pub fn person(call: u64, people: u64) -> u64 {
    1 + (call * 7919) % people.max(1)
}
