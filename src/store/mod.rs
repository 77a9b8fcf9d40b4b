//! The store: one body of queries for SQLite and PostgreSQL, a writer that commits turns in natural batches,
//! and a pool of readers. It never decides anything: rows in, rows out.

pub mod answers;
pub mod audit;
pub mod channels;
mod codec;
mod connection;
pub mod consents;
mod database;
pub mod disk;
mod error;
pub mod events;
mod flush;
pub mod inbound;
mod job;
mod json;
pub mod keys;
mod lane;
pub mod listing;
mod load;
pub mod messages;
pub mod meta;
pub mod migrate;
mod phone_hash;
pub mod phones;
mod reader;
pub mod requests;
pub mod schema;
pub mod sessions;
mod signals;
mod space;
pub mod surveys;
mod table;
mod update_row;
mod work;
mod writer;

pub use connection::{AnyConnection, DatabaseUrl};
pub use database::{Store, open_for_command};
pub use error::StoreError;
pub use json::Json;
pub use phone_hash::PhoneHasher;
pub use reader::Readers;
pub use sessions::{HandleRow, SessionRow};
pub use signals::Signals;
pub use space::{Keys, Sequence, Space, WeakMatch};
pub use table::Table;
pub use work::{Fault, Work, WriteError};
