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
    state: State,
    /// The row as it was before a turn of this batch changed it, if its table has columns that seldom change.
    before: Option<Box<R>>,
}

/// A row to write back.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a, R> {
    /// As it is now.
    pub row: &'a R,
    /// Something that seldom changes has changed.
    pub is_rare: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    None,
    /// Not in the database, and not to be written until it is changed.
    Absent,
    Insert,
    Update,
}

impl State {
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

impl<R: Stored + Clone> Held<R> {
    fn new(row: R, state: State) -> Self {
        Self { row, state, before: None }
    }

    /// The row, about to be changed.
    fn touch(&mut self) -> &mut R {
        if self.state == State::None && (cfg!(debug_assertions) || !R::RARE.is_empty()) {
            self.before = Some(Box::new(self.row.clone()));
        }
        self.state = self.state.touched();
        &mut self.row
    }

    /// A changed row; only what its type lists as changing, or as rare, is written back.
    fn changed(&self) -> Option<Change<'_, R>> {
        let before = self.before.as_deref();
        debug_assert!(
            before.is_none_or(|before| self.row.has_fixed_of(before)),
            "a fixed column of {} was changed",
            R::TABLE
        );
        let is_rare = !R::RARE.is_empty() && before.is_none_or(|before| !self.row.has_rare_of(before));
        (self.state == State::Update).then_some(Change { row: &self.row, is_rare })
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
        self.rows.insert(key, Held::new(row, State::Insert));
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
        self.rows.insert(key, Held::new(row, State::Update));
    }

    /// Rows from a key on, in key order: whoever wants those of one owner never walks the batch.
    pub fn iter_from<'a>(&'a self, key: &K) -> impl Iterator<Item = (&'a K, &'a R)> + use<'a, K, R> {
        self.rows.range(key..).map(|(key, held)| (key, &held.row))
    }

    /// Adds a row as loaded; keeps the one already here.
    pub(super) fn load(&mut self, key: K, row: R) {
        self.rows.entry(key).or_insert_with(|| Held::new(row, State::None));
    }

    /// Adds a row that stands for something the database keeps elsewhere; keeps the one already here. It is
    /// written, as a new row, only when it is changed.
    pub(super) fn assume(&mut self, key: K, row: R) {
        self.rows.entry(key).or_insert_with(|| Held::new(row, State::Absent));
    }

    /// All rows, changed or not.
    pub(super) fn values(&self) -> impl Iterator<Item = &R> {
        self.rows.values().map(|held| &held.row)
    }

    /// Rows to insert.
    pub(super) fn inserts(&self) -> impl Iterator<Item = &R> {
        self.rows.values().filter(|held| held.state == State::Insert).map(|held| &held.row)
    }

    /// Rows to insert or to update.
    pub(super) fn to_write(&self) -> impl Iterator<Item = &R> {
        let is_written = |held: &&Held<R>| matches!(held.state, State::Insert | State::Update);
        self.rows.values().filter(is_written).map(|held| &held.row)
    }

    /// Rows to update.
    pub(super) fn updates(&self) -> impl Iterator<Item = Change<'_, R>> {
        self.rows.values().filter_map(Held::changed)
    }
}
