//! [`Node`]: what a YAML or JSON file says, with every scalar as it was written, so that `no` stays a word
//! and `1.0` keeps its zero (F2, F40).

use super::Place;

/// A value of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub tree: Tree,
    /// Where it stands.
    pub place: Place,
}

/// The kinds of value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// Nothing written, `~` or `null`.
    Null,
    /// One text, number or boolean, as written.
    Scalar(Scalar),
    /// Items in file order.
    List(Vec<Node>),
    /// Keys in file order.
    Map(Vec<(Key, Node)>),
}

/// A scalar as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text, without quotes, escapes resolved.
    pub text: String,
    /// Written without quotes: it may be a number or `true`.
    pub plain: bool,
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

impl Node {
    /// The kind of value in words, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.tree {
            Tree::Null => "nothing",
            Tree::Scalar(_) => "a single value",
            Tree::List(_) => "a list",
            Tree::Map(_) => "a map",
        }
    }
}
