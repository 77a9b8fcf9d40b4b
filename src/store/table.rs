//! [`Table`]: the rows of one table that a batch has loaded or made, and what must be written back.

use std::collections::BTreeMap;

/// Rows in memory by key, each remembering whether it is new or changed.
#[derive(Debug)]
pub struct Table<K: Ord, R> {
    rows: BTreeMap<K, Held<R>>,
}

#[derive(Debug)]
struct Held<R> {
    row: R,
    change: Change,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    None,
    /// Not in the database, and not to be written until it is changed.
    Absent,
    Insert,
    Update,
}

impl Change {
    /// What it becomes when the row is changed.
    fn touched(self) -> Self {
        match self {
            Self::None | Self::Update => Self::Update,
            Self::Absent | Self::Insert => Self::Insert,
        }
    }
}

impl<K: Ord, R> Default for Table<K, R> {
    fn default() -> Self {
        Self { rows: BTreeMap::new() }
    }
}

impl<K: Ord, R> Table<K, R> {
    /// The row of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&R>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.rows.get(key).map(|held| &held.row)
    }

    /// The row of a key, to be changed: it will be written back.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut R>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.rows.get_mut(key).map(|held| {
            held.change = held.change.touched();
            &mut held.row
        })
    }

    /// Adds a row that the database does not have.
    pub fn insert(&mut self, key: K, row: R) {
        self.rows.insert(key, Held { row, change: Change::Insert });
    }

    /// Replaces a row, or adds it if there is none.
    pub fn put(&mut self, key: K, row: R) {
        match self.rows.get_mut(&key) {
            Some(held) => {
                held.row = row;
                held.change = held.change.touched();
            }
            None => self.insert(key, row),
        }
    }

    /// Takes a row that is known to be in the database without having been loaded: it will be written back.
    pub fn overwrite(&mut self, key: K, row: R) {
        self.rows.insert(key, Held { row, change: Change::Update });
    }

    /// Rows from a key on, in key order: whoever wants those of one owner never walks the batch.
    pub fn iter_from<'a>(&'a self, key: &K) -> impl Iterator<Item = (&'a K, &'a R)> + use<'a, K, R> {
        self.rows.range(key..).map(|(key, held)| (key, &held.row))
    }

    /// Adds a row as loaded; keeps the one already here.
    pub(super) fn load(&mut self, key: K, row: R) {
        self.rows.entry(key).or_insert(Held { row, change: Change::None });
    }

    /// Adds a row that stands for something the database keeps elsewhere; keeps the one already here. It is
    /// written, as a new row, only when it is changed.
    pub(super) fn assume(&mut self, key: K, row: R) {
        self.rows.entry(key).or_insert(Held { row, change: Change::Absent });
    }

    /// All rows, changed or not.
    pub(super) fn values(&self) -> impl Iterator<Item = &R> {
        self.rows.values().map(|held| &held.row)
    }

    /// Rows to insert.
    pub(super) fn inserts(&self) -> impl Iterator<Item = &R> {
        self.rows.values().filter(|held| held.change == Change::Insert).map(|held| &held.row)
    }

    /// Rows to update.
    pub(super) fn updates(&self) -> impl Iterator<Item = &R> {
        self.rows.values().filter(|held| held.change == Change::Update).map(|held| &held.row)
    }
}
