//! [`Table`]: the rows of one table that a batch has loaded or made, and what must be written back.

use std::collections::BTreeMap;

use super::columns::Stored;

/// Rows in memory by key, each remembering whether it is new or changed.
#[derive(Debug)]
pub struct Table<K: Ord, R> {
    rows: BTreeMap<K, Held<R>>,
}

#[derive(Debug)]
struct Held<R> {
    row: R,
    change: Change,
    /// The row as it was before a turn of this batch changed it, to see that no fixed column was touched.
    #[cfg(debug_assertions)]
    before: Option<R>,
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

impl<R: Clone> Held<R> {
    fn new(row: R, change: Change) -> Self {
        Self {
            row,
            change,
            #[cfg(debug_assertions)]
            before: None,
        }
    }

    /// The row, about to be changed.
    fn touch(&mut self) -> &mut R {
        #[cfg(debug_assertions)]
        if self.change == Change::None {
            self.before = Some(self.row.clone());
        }
        self.change = self.change.touched();
        &mut self.row
    }
}

impl<R: Stored> Held<R> {
    /// A changed row; only what its type lists as changing is written back.
    fn changed(&self) -> Option<&R> {
        #[cfg(debug_assertions)]
        if let Some(before) = &self.before {
            assert!(self.row.has_fixed_of(before), "a fixed column of {} was changed", R::TABLE);
        }
        (self.change == Change::Update).then_some(&self.row)
    }
}

impl<K: Ord, R: Stored + Clone> Table<K, R> {
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
        self.rows.get_mut(key).map(Held::touch)
    }

    /// Adds a row that the database does not have.
    pub fn insert(&mut self, key: K, row: R) {
        self.rows.insert(key, Held::new(row, Change::Insert));
    }

    /// Replaces a row, or adds it if there is none.
    pub fn put(&mut self, key: K, row: R) {
        match self.rows.get_mut(&key) {
            Some(held) => *held.touch() = row,
            None => self.insert(key, row),
        }
    }

    /// Takes a row that is known to be in the database without having been loaded: it will be written back.
    pub fn overwrite(&mut self, key: K, row: R) {
        self.rows.insert(key, Held::new(row, Change::Update));
    }

    /// Rows from a key on, in key order: whoever wants those of one owner never walks the batch.
    pub fn iter_from<'a>(&'a self, key: &K) -> impl Iterator<Item = (&'a K, &'a R)> + use<'a, K, R> {
        self.rows.range(key..).map(|(key, held)| (key, &held.row))
    }

    /// Adds a row as loaded; keeps the one already here.
    pub(super) fn load(&mut self, key: K, row: R) {
        self.rows.entry(key).or_insert_with(|| Held::new(row, Change::None));
    }

    /// Adds a row that stands for something the database keeps elsewhere; keeps the one already here. It is
    /// written, as a new row, only when it is changed.
    pub(super) fn assume(&mut self, key: K, row: R) {
        self.rows.entry(key).or_insert_with(|| Held::new(row, Change::Absent));
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
        self.rows.values().filter_map(Held::changed)
    }
}
