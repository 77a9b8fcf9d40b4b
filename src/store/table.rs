//! [`Table`]: the rows of one table that a batch has loaded or made, and what must be written back.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::hash::Hash;
use std::marker::PhantomData;

use indexmap::IndexMap;

use super::columns::Stored;

/// How a table finds its rows.
pub trait Rows<K, V>: Default {
    /// The row of a key.
    fn find<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>;
    /// The row of a key, to be changed.
    fn find_mut<Q: Ord + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>;
    /// Adds a row, in place of one with the same key.
    fn put(&mut self, key: K, row: V);
    /// Adds a row unless there is one with this key.
    fn keep(&mut self, key: K, row: impl FnOnce() -> V);
    /// All rows, in no order that matters.
    fn each<'a>(&'a self) -> impl Iterator<Item = &'a V>
    where
        V: 'a;
    /// The rows to keep, in the order of their keys: what is written in order touches fewer pages.
    fn sorted(&self, keeps: impl Fn(&V) -> bool) -> Vec<&V>;
}

/// Rows found by one look: a turn asks for the same few rows again and again.
pub type Hashed<K, V> = IndexMap<K, V, foldhash::fast::RandomState>;

impl<K: Ord + Hash, V> Rows<K, V> for Hashed<K, V> {
    fn find<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.get(key)
    }

    fn find_mut<Q: Ord + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.get_mut(key)
    }

    fn put(&mut self, key: K, row: V) {
        self.insert(key, row);
    }

    fn keep(&mut self, key: K, row: impl FnOnce() -> V) {
        self.entry(key).or_insert_with(row);
    }

    fn each<'a>(&'a self) -> impl Iterator<Item = &'a V>
    where
        V: 'a,
    {
        self.values()
    }

    fn sorted(&self, keeps: impl Fn(&V) -> bool) -> Vec<&V> {
        let mut kept: Vec<(&K, &V)> = self.iter().filter(|(_, row)| keeps(row)).collect();
        kept.sort_unstable_by_key(|(key, _)| *key);
        kept.into_iter().map(|(_, row)| row).collect()
    }
}

/// Rows in the order of their keys, for those that are looked for by the first part of it.
pub type Sorted<K, V> = BTreeMap<K, V>;

impl<K: Ord, V> Rows<K, V> for Sorted<K, V> {
    fn find<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.get(key)
    }

    fn find_mut<Q: Ord + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.get_mut(key)
    }

    fn put(&mut self, key: K, row: V) {
        self.insert(key, row);
    }

    fn keep(&mut self, key: K, row: impl FnOnce() -> V) {
        self.entry(key).or_insert_with(row);
    }

    fn each<'a>(&'a self) -> impl Iterator<Item = &'a V>
    where
        V: 'a,
    {
        self.values()
    }

    fn sorted(&self, keeps: impl Fn(&V) -> bool) -> Vec<&V> {
        self.values().filter(|row| keeps(row)).collect()
    }
}

/// Rows in memory by key, each remembering whether it is new or changed.
#[derive(Debug)]
pub struct Table<K, R, M = Hashed<K, Held<R>>> {
    rows: M,
    kind: PhantomData<(K, R)>,
}

/// A table whose rows are also looked for by the first part of their key.
pub type SortedTable<K, R> = Table<K, R, Sorted<K, Held<R>>>;

/// A row and what has become of it.
#[derive(Debug)]
pub struct Held<R> {
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
    /// As the database has it, if its table has columns that seldom change.
    pub before: Option<&'a R>,
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

impl<K, R, M: Default> Default for Table<K, R, M> {
    fn default() -> Self {
        Self { rows: M::default(), kind: PhantomData }
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
        (self.state == State::Update).then_some(Change { row: &self.row, before, is_rare })
    }
}

impl<K: Ord + Hash, R: Stored + Clone, M: Rows<K, Held<R>>> Table<K, R, M> {
    /// The row of a key.
    pub fn get<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> Option<&R>
    where
        K: Borrow<Q>,
    {
        self.rows.find(key).map(|held| &held.row)
    }

    /// The row of a key, to be changed: it will be written back.
    pub fn get_mut<Q: Ord + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut R>
    where
        K: Borrow<Q>,
    {
        self.rows.find_mut(key).map(Held::touch)
    }

    /// Adds a row that the database does not have.
    pub fn insert(&mut self, key: K, row: R) {
        self.rows.put(key, Held::new(row, State::Insert));
    }

    /// Replaces a row, or adds it if there is none.
    pub fn put(&mut self, key: K, row: R) {
        match self.rows.find_mut(&key) {
            Some(held) => *held.touch() = row,
            None => self.insert(key, row),
        }
    }

    /// Takes a row that is known to be in the database without having been loaded: it will be written back.
    pub fn overwrite(&mut self, key: K, row: R) {
        self.rows.put(key, Held::new(row, State::Update));
    }

    /// Adds a row as loaded; keeps the one already here.
    pub(super) fn load(&mut self, key: K, row: R) {
        self.rows.keep(key, || Held::new(row, State::None));
    }

    /// Adds a row that stands for something the database keeps elsewhere; keeps the one already here. It is
    /// written, as a new row, only when it is changed.
    pub(super) fn assume(&mut self, key: K, row: R) {
        self.rows.keep(key, || Held::new(row, State::Absent));
    }

    /// All rows, changed or not.
    pub(super) fn values(&self) -> impl Iterator<Item = &R> {
        self.rows.each().map(|held| &held.row)
    }

    /// Rows to insert.
    pub(super) fn inserts(&self) -> impl Iterator<Item = &R> {
        self.rows.sorted(|held| held.state == State::Insert).into_iter().map(|held| &held.row)
    }

    /// Rows to insert or to update.
    pub(super) fn to_write(&self) -> impl Iterator<Item = &R> {
        let is_written = |held: &&Held<R>| matches!(held.state, State::Insert | State::Update);
        self.rows.each().filter(is_written).map(|held| &held.row)
    }

    /// Rows to update.
    pub(super) fn updates(&self) -> impl Iterator<Item = Change<'_, R>> {
        self.rows.sorted(|held| held.state == State::Update).into_iter().filter_map(Held::changed)
    }
}

impl<K: Ord + Hash, R: Stored + Clone> SortedTable<K, R> {
    /// Rows from a key on, in key order: whoever wants those of one owner never walks the batch.
    pub fn iter_from<'a>(&'a self, key: &K) -> impl Iterator<Item = (&'a K, &'a R)> + use<'a, K, R> {
        self.rows.range(key..).map(|(key, held)| (key, &held.row))
    }
}
